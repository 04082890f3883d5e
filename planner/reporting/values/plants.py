"""Plants and people over time: tables behind the pages on the decision, capacity and staff."""

from __future__ import annotations

import pandas as pd

from planner.reporting.values.names import STAGES
from planner.reporting.values.view import RunView, records

UNITS = {"treo": "t TREO", "heavy": "t heavy oxides", "oxide": "t oxide"}


def measure(run: RunView, project: str) -> str:
    """What the plant's tonnes count: TREO, heavy oxides, or oxide taken in (metal)."""
    row = run.case.projects[project]
    if row.stage == "metal":
        return "oxide"
    return row.basis if row.stage == "separation" else "treo"


def decisions(run: RunView) -> pd.DataFrame:
    """One row per commitment: what is built where and when, what it costs, when it first produces."""
    rows = run.tables["investments"].copy()
    plants = rows["project"].map(run.case.projects)
    rows["name"] = rows["project"].map(run.names.project)
    rows["label"] = [run.names.project_and_place(p, c) for p, c in zip(rows["project"], rows["country"], strict=True)]
    rows["place"] = rows["country"].map(run.names.country)
    rows["unit"] = [UNITS[measure(run, p)] + "/y" for p in rows["project"]]
    rows["public_musd"] = rows["capex_musd"] * [float(p.public_share) for p in plants]
    rows["first_output"] = rows["year"] + [int(p.lead_time_years) for p in plants]
    rows["full_output"] = rows["first_output"] + [_ramp_years(run, p) for p in rows["project"]]
    stages = list(STAGES)
    rows["order"] = [stages.index(stage) for stage in rows["stage"]]
    return rows.sort_values(
        ["order", "year", "capex_musd", "project"], ascending=[True, True, False, True], ignore_index=True
    )


def _ramp_years(run: RunView, project: str) -> int:
    """Years from first output until the usable share no longer changes."""
    shares = [run.case.ramp_share(project, year) for year in range(len(run.years) + 1)]
    return next((year for year, share in enumerate(shares) if share == shares[-1]), 0)


def everywhere(table: pd.DataFrame) -> bool:
    """Whether every decision holds in all scenarios."""
    return bool((table["scenarios"] == "all").all())


def expected_sum(table: pd.DataFrame, column: str) -> float:
    """Sum over decisions, weighted by the probability that they are taken."""
    return float((table[column] * table["probability"]).sum())


def capacity_groups(run: RunView) -> list[tuple[str, str]]:
    """Pairs (stage, measure) that occur; tonnes are added up only within one."""
    pairs = {(run.case.projects[p].stage, measure(run, p)) for p in run.tables["capacity"]["project"].unique()}
    stages = list(STAGES)
    return sorted(pairs, key=lambda pair: (stages.index(pair[0]), list(UNITS).index(pair[1])))


def capacity(run: RunView, group: tuple[str, str]) -> pd.DataFrame:
    """Rows of the capacity table of one stage and measure."""
    rows = run.tables["capacity"]
    measures = rows["project"].map({p: measure(run, p) for p in rows["project"].unique()})
    return rows[(rows["stage"] == group[0]) & (measures == group[1])]


def staff(run: RunView) -> pd.DataFrame:
    """Expected staff and need by country, skill, year, and the tightest use over the scenarios: `use`."""
    people = run.tables["workforce"]
    keys = ["country", "skill", "year"]
    sums = run.expected(people, keys, ["staff", "available", "needed"])
    share = (people["needed"] / people["available"].where(people["available"] > 0)).fillna(0.0)
    tightest = people[keys].assign(use=share.clip(upper=1.0)).groupby(keys, as_index=False).max()
    return sums.merge(tightest, on=keys)


def teams_at_work(rows: pd.DataFrame) -> pd.DataFrame:
    """Only the countries and skills that some plant ever needs in the plan."""
    needed = rows.groupby(["country", "skill"])["needed"].transform("sum")
    return rows[needed > 1e-6]


def people_decisions(run: RunView) -> pd.DataFrame:
    """Expected intakes, new seats and hires by country, skill: totals and the years they span."""
    training = run.tables["training"]
    weighted = training[["country", "skill", "year"]].join(
        training[["intake", "new_seats"]].mul(training["probability"], axis=0)
    )
    hired = run.expected(run.tables["workforce"], ["country", "skill", "year"], ["hired"])
    both = pd.concat([weighted, hired[hired["hired"] > 1e-6]]).fillna(0.0)
    return both.groupby(["country", "skill"], as_index=False).agg(
        intake=("intake", "sum"),
        new_seats=("new_seats", "sum"),
        hired=("hired", "sum"),
        first=("year", "min"),
        last=("year", "max"),
    )


def pyramid(run: RunView) -> pd.DataFrame:
    """Persons by skill and year, all countries, expected: `training` (under way), `staff`, `available`, `needed`; and
    `peak`: needed in the scenario that needs most."""
    people, keys = run.tables["workforce"], ["skill", "year"]
    out = run.expected(people, keys, ["staff", "available", "needed"])
    peak = people.groupby(["scenario", *keys], as_index=False)["needed"].sum().groupby(keys)["needed"].max()
    out = out.join(peak.rename("peak"), on=keys)
    under_way: dict[tuple[str, int], float] = {}
    lasts = {programme.programme: int(programme.duration_years) for programme in run.case.tables.training}
    for row in records(run.tables["training"]):
        for year in range(row["year"], row["year"] + lasts[row["programme"]]):
            at = (row["skill"], year)
            under_way[at] = under_way.get(at, 0.0) + row["intake"] * row["probability"]
    out["training"] = [under_way.get((k, y), 0.0) for k, y in zip(out["skill"], out["year"], strict=True)]
    return out


def purchases(run: RunView) -> pd.DataFrame:
    """Expected stock purchases (t) by country, element, form: the first and the last year, and in how many `scenarios`,
    of which `probability`."""
    stocks, good = run.tables["stocks"], ["country", "element", "form"]
    stocks = stocks[stocks["bought_t"] > 1e-9]
    rows = run.expected(stocks, [*good, "year"], ["bought_t"])
    out = rows.groupby(good, as_index=False).agg(
        bought_t=("bought_t", "sum"), first=("year", "min"), last=("year", "max")
    )
    where = stocks[[*good, "scenario"]].drop_duplicates()
    where = where.assign(probability=where["scenario"].map(run.weights).astype(float))
    out = out.merge(
        where.groupby(good, as_index=False).agg(scenarios=("scenario", "size"), probability=("probability", "sum")),
        on=good,
    )
    return out.sort_values(["element", "bought_t"], ascending=[True, False], ignore_index=True)
