"""Plants, people and public money over time, and the parts of the cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from planner.data.stages import stages_told
from planner.reporting.values.run_view import RunView, rows_of
from planner.reporting.values.wording import SLIGHT, STAGES, STAGES_MANY
from planner.units import musd, musd_per_tonne

UNITS = {
    "treo": "t TREO",
    "heavy": "t heavy oxides",
    "oxide": "t oxide",
    "metal": "t oxide in metal",
    "saving": "t of throughput",
}


def measure(run: RunView, project: str) -> str:
    """What the plant's tonnes count: TREO, heavy oxides, oxide or metal taken in, or what a saving defines."""
    stage = run.case.stage_of(project)
    if stage.converts:
        return stage.takes
    if stage.saves:
        return "saving"
    return run.case.projects[project].basis if stage.separates else "treo"


def decisions(run: RunView) -> pd.DataFrame:
    """One row per commitment: what is built where and when, what it costs, when it first produces."""
    rows = run.tables["investments"].copy()
    plants = rows["project"].map(run.case.projects)
    rows["name"] = rows["project"].map(run.names.project)
    rows["label"] = [
        run.names.project_and_place(p, c)
        for p, c in zip(rows["project"], rows["country"], strict=True)
    ]
    rows["place"] = rows["country"].map(run.names.country)
    rows["unit"] = [UNITS[measure(run, p)] + "/y" for p in rows["project"]]
    rows["public_musd"] = rows["capex_musd"] * [float(p.public_share) for p in plants]
    rows["first_output"] = rows["year"] + [int(p.lead_time_years) for p in plants]
    rows["full_output"] = rows["first_output"] + [_ramp_years(run, p) for p in rows["project"]]
    stages = list(STAGES)
    rows["order"] = [stages.index(stage) for stage in rows["stage"]]
    return rows.sort_values(
        ["order", "year", "capex_musd", "project"],
        ascending=[True, True, False, True],
        ignore_index=True,
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
    pairs = {
        (run.case.projects[p].stage, measure(run, p))
        for p in run.by_year["capacity"]["project"].unique()
    }
    stages = list(STAGES)
    return sorted(pairs, key=lambda pair: (stages.index(pair[0]), list(UNITS).index(pair[1])))


def capacity(run: RunView, group: tuple[str, str]) -> pd.DataFrame:
    """Rows of the capacity table of one stage and measure."""
    rows = run.by_year["capacity"]
    measures = rows["project"].map({p: measure(run, p) for p in rows["project"].unique()})
    return rows[(rows["stage"] == group[0]) & (measures == group[1])]


def staff(run: RunView) -> pd.DataFrame:
    """Expected staff and need by country, skill, year, and the tightest use over the scenarios: `use`."""
    people = run.tables["workforce"]
    keys = ["country", "skill", "year"]
    sums = run.expected(run.by_year["workforce"], keys, ["staff", "available", "needed"])
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
    hired = run.expected(run.by_year["workforce"], ["country", "skill", "year"], ["hired"])
    both = pd.concat([weighted, hired[hired["hired"] > 1e-6]]).fillna(0.0)
    return both.groupby(["country", "skill"], as_index=False).agg(
        intake=("intake", "sum"),
        new_seats=("new_seats", "sum"),
        hired=("hired", "sum"),
        first=("year", "min"),
        last=("year", "max"),
    )


def stock_held(run: RunView) -> dict[int, float]:
    """Expected stock (t) of all goods at the end of each year; empty if none is ever held."""
    sums = run.expected(run.by_year["stocks"], ["year"], ["stock_t"])
    held = {int(year): float(t) for year, t in zip(sums["year"], sums["stock_t"], strict=True)}
    return held if any(t >= SLIGHT for t in held.values()) else {}


def tightest_team(run: RunView) -> dict[int, tuple[float, str]]:
    """Year -> largest share of its staff that any team needs in any scenario, and which team; empty without teams."""
    rows = teams_at_work(staff(run))
    rows = rows.sort_values(["use", "needed"], ascending=False, kind="stable").drop_duplicates(
        "year"
    )
    return {
        int(r.year): (float(r.use), f"{run.names.skill(r.skill)}, {run.names.country(r.country)}")
        for r in rows_of(rows.sort_values("year"))
    }


def training_begins(run: RunView, project: str, first_output: int) -> int | None:
    """The year in which the plan first teaches those who run a plant; None if it teaches nobody before it opens."""
    country, skills = run.case.projects[project].country, run.case.staffing.get(project, {})
    rows = run.tables["training"]
    taught = rows[
        (rows["country"] == country)
        & rows["skill"].isin(list(skills))
        & (rows["year"] <= first_output)
    ]
    return int(taught["year"].min()) if len(taught) else None


def purchases(run: RunView) -> pd.DataFrame:
    """Expected stock purchases (t) by country, element, form: the first and the last year, and in how many `scenarios`,
    of which `probability`."""
    stocks, good = run.by_year["stocks"], ["country", "element", "form"]
    stocks = stocks[stocks["bought_t"] > 1e-9]
    rows = run.expected(stocks, [*good, "year"], ["bought_t"])
    out = rows.groupby(good, as_index=False).agg(
        bought_t=("bought_t", "sum"), first=("year", "min"), last=("year", "max")
    )
    where = stocks[[*good, "scenario"]].drop_duplicates()
    where = where.assign(probability=where["scenario"].map(run.weights).astype(float))
    out = out.merge(
        where.groupby(good, as_index=False).agg(
            scenarios=("scenario", "size"), probability=("probability", "sum")
        ),
        on=good,
    )
    return out.sort_values(["element", "bought_t"], ascending=[True, False], ignore_index=True)


ITEM_NAMES = {f"capex {stage}": plural for stage, plural in STAGES_MANY.items()} | {
    "training fees": "Training fees",
    "training seats": "Training seats",
    "hiring": "Hiring",
    "stock purchases": "Stock purchases",
}


def spent(run: RunView, by: str) -> pd.DataFrame:
    """Expected public money (MUSD) by year and `funder` or `item`: year, kind, amount."""
    rows = run.tables["spending"].groupby(["year", by], as_index=False)["expected"].sum()
    namer = run.names.party if by == "funder" else lambda item: ITEM_NAMES.get(item, item)
    return pd.DataFrame(
        {"year": rows["year"], "kind": rows[by].map(namer), "amount": rows["expected"]}
    )


def largest_first(rows: pd.DataFrame) -> list[str]:
    """Kinds by their total, the largest first."""
    sums = rows.groupby("kind")["amount"].sum()
    return sorted(sums.index, key=lambda kind: (-sums[kind], kind))


def pivot(rows: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """kind x year, zero where nothing is spent; all years from the first to the last with any amount."""
    table = rows.pivot_table(
        index="kind", columns="year", values="amount", aggfunc="sum", fill_value=0.0
    )
    spent_in = [y for y in years if y in table.columns]
    span = [y for y in years if spent_in and spent_in[0] <= y <= spent_in[-1]]
    return table.reindex(columns=span, fill_value=0.0).reindex(largest_first(rows))


PEOPLE, STOCK = ("training fees", "training seats", "hiring"), ("stock purchases",)


@dataclass(frozen=True)
class Begun:
    """What is begun in one year: decisions, the costliest first; expected public money (MUSD) for stock and for people,
    and the expected tonnes of stock by element, each where it would be printed as anything."""

    year: int
    projects: pd.DataFrame
    stock: float
    people: float
    bought: dict[str, float]
    last: int
    """The last year of the row: after the last plant the years stand together."""


SLIGHT_T = 0.5
"""Below this many tonnes of a purchase are not named."""


def begun(run: RunView) -> list[Begun]:
    """What is begun in each year in which anything is."""
    rows, paid = decisions(run), run.tables["spending"]
    rows = rows.sort_values(["capex_musd", "project"], ascending=[False, True])
    stock, people = (
        paid[paid["item"].isin(of)].groupby("year")["expected"].sum() for of in (STOCK, PEOPLE)
    )
    stock, people = (sums[sums >= SLIGHT] for sums in (stock, people))
    bought = run.expected(run.by_year["stocks"], ["year", "element"], ["bought_t"]).set_index(
        ["year", "element"]
    )
    tonnes = bought["bought_t"].to_dict()
    begins = sorted({*map(int, rows["year"]), *map(int, stock.index), *map(int, people.index)})
    alone = int(rows["year"].max()) if len(rows) else run.years[0] + 1
    single, together = [[y] for y in begins if y <= alone], [y for y in begins if y > alone]
    out = []
    for years in [*single, *([together] if together else [])]:
        sums = {e: sum(tonnes.get((y, e), 0.0) for y in years) for e in run.elements}
        kept = sorted((e for e, t in sums.items() if t >= SLIGHT_T), key=lambda e: -sums[e])
        for_stock, for_people = (
            sum(float(of.get(y, 0.0)) for y in years) for of in (stock, people)
        )
        plants, bought_then = rows[rows["year"] == years[0]], {e: sums[e] for e in kept}
        out.append(Begun(years[0], plants, for_stock, for_people, bought_then, years[-1]))
    return out


SMALLEST_MUSD = 5e-4
FIXED, NEW, OLD, HELD = (
    *(
        "Fixed cost of new plants",
        "Running of new capacity",
        "Running of existing capacity",
        "Holding of stock",
    ),
)


def cost_parts(run: RunView) -> pd.DataFrame:
    """The parts of the cost (MUSD, expected), from public budgets and from others, and their present values, which add
    up to it: part, public, others, present."""
    present = {row.stage for row in run.case.projects.values()}
    stages = {stage.name for stage in stages_told(present)}
    names = {
        item: f"Capital: {name.lower()}" if item.startswith("capex") else name
        for item, name in ITEM_NAMES.items()
        if not item.startswith("capex") or item.split()[1] in stages
    }
    paid = run.tables["spending"].rename(columns={"expected": "public"})[["item", "year", "public"]]
    rows = pd.concat(
        [paid, pd.DataFrame([*_private(run), *_running(run)], columns=["item", "year", "others"])]
    )
    rows = rows.fillna({"public": 0.0, "others": 0.0})
    worth = rows["year"].map(run.case.cost_discount).astype(float) * (
        rows["public"] + rows["others"]
    )
    sums = rows.assign(present=worth).groupby("item")[["public", "others", "present"]].sum()
    table = sums.reindex([*names, FIXED, NEW, OLD, HELD], fill_value=0.0).reset_index(names="part")
    return table.assign(part=table["part"].replace(names))


def _private(run: RunView) -> Iterator[tuple[str, int, float]]:
    """Capital that no budget pays: item, year, expected MUSD."""
    for row in rows_of(run.tables["investments"]):
        years = run.case.payment_years(row.project, int(row.year))
        private = (
            row.capex_musd
            * row.probability
            * (1.0 - run.case.projects[row.project].public_share)
            / len(years)
        )
        yield from ((f"capex {row.stage}", year, private) for year in years)


def _running(run: RunView) -> Iterator[tuple[str, int, float]]:
    """Fixed cost of new plants, variable cost of new and of existing plants, and holding of stock. New and existing
    capacity of one project are used alike."""
    case = run.case
    for row in rows_of(run.tables["investments"]):
        project = case.projects[row.project]
        amount = musd(project.fixed_opex_usd_per_tpa) * row.tpa * row.probability
        yield from (
            (FIXED, t, amount)
            for t in range(int(row.year) + project.lead_time_years, case.last_year + 1)
        )
    rows = run.by_year["capacity"]
    whole = (rows["existing_tpa"] + rows["new_tpa"]).where(lambda tpa: tpa > 0, 1.0)
    rows = rows.assign(new=rows["throughput_t"] * rows["new_tpa"] / whole)
    for row in rows_of(run.expected(rows, ["project", "year"], ["throughput_t", "new"])):
        per = musd(case.projects[row.project].variable_opex_usd_per_t)
        yield NEW, int(row.year), per * row.new
        yield OLD, int(row.year), per * (row.throughput_t - row.new)
    for row in rows_of(
        run.expected(run.by_year["stocks"], ["country", "element", "form", "year"], ["stock_t"])
    ):
        price = case.stockpiles[row.country, row.element, row.form].holding_usd_per_kg_year
        yield HELD, int(row.year), musd_per_tonne(price) * row.stock_t
