"""Figures of plants: what is committed when, capacity and the use that is made of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.data.stages import STAGES
from planner.results.figures.run import RunFigures
from planner.results.ledger import rows_of

ORDER = {name: place for place, name in enumerate(STAGES)}
"""Place of each stage in the chain."""
UNITS = {
    "treo": "t TREO",
    "heavy": "t heavy oxides",
    "oxide": "t oxide",
    "metal": "t oxide in metal",
    "saving": "t of throughput",
}
"""What the tonnes of a plant count, in words, by measure."""
SLIGHT_TPA = 1e-6
"""New capacity (t/y) up to which a plant counts as not there."""


def measure(run: RunFigures, project: str) -> str:
    """The key of `UNITS` that says what the tonnes of a plant count."""
    stage = run.case.stage_of(project)
    if stage.converts:
        return stage.takes
    if stage.saves:
        return "saving"
    return run.case.projects[project].basis if stage.separates else "treo"


def decisions(run: RunFigures) -> pd.DataFrame:
    """One row per commitment: project, country, stage, year, `tpa` (t/y) and its `unit`, `capex_musd` and the part of it
    that is public, `public_musd` (not discounted), the years of first and of full output, probability, scenarios."""
    rows = run.tables["investments"].copy()
    first, full, public, units = [], [], [], []
    for row in rows_of(rows):
        project = run.case.projects[row.project]
        first.append(int(row.year) + int(project.lead_time_years))
        full.append(first[-1] + _ramp_years(run, row.project))
        public.append(row.capex_musd * float(project.public_share))
        units.append(UNITS[measure(run, row.project)] + "/y")
    rows["first_output"] = pd.Series(first, index=rows.index, dtype=int)
    rows["full_output"] = pd.Series(full, index=rows.index, dtype=int)
    rows["public_musd"] = pd.Series(public, index=rows.index, dtype=float)
    rows["unit"] = pd.Series(units, index=rows.index, dtype=object)
    rows["order"] = rows["stage"].map(ORDER)
    return rows.sort_values(
        ["order", "year", "capex_musd", "project"],
        ascending=[True, True, False, True],
        ignore_index=True,
    )


def _ramp_years(run: RunFigures, project: str) -> int:
    """Years from first output until the usable share no longer changes."""
    shares = [run.case.ramp_share(project, year) for year in range(len(run.years) + 1)]
    return shares.index(shares[-1])


def everywhere(table: pd.DataFrame) -> bool:
    """Whether every decision holds in all scenarios."""
    return bool((table["scenarios"] == "all").all())


def expected_sum(table: pd.DataFrame, column: str) -> float:
    """Sum over decisions, weighted by the probability that they are taken."""
    return float((table[column] * table["probability"]).sum())


def capacity_groups(run: RunFigures) -> list[tuple[str, str]]:
    """Pairs (stage, measure) that occur; tonnes are added up only within one."""
    pairs = set()
    for project in run.by_year["capacity"]["project"].unique():
        pairs.add((run.case.projects[project].stage, measure(run, project)))

    def in_order(pair: tuple[str, str]) -> tuple[int, int]:
        return ORDER[pair[0]], list(UNITS).index(pair[1])

    return sorted(pairs, key=in_order)


def capacity_by_year(run: RunFigures, stage: str, kind: str) -> pd.DataFrame:
    """Capacity of one stage and measure by year: `existing_tpa`, `new_tpa` (t/y) and `throughput_t`, expected, and
    `worst_t`, the throughput in the scenario with the largest loss."""
    rows = run.by_year["capacity"]
    measures = rows["project"].map({p: measure(run, p) for p in rows["project"].unique()})
    rows = rows[(rows["stage"] == stage) & (measures == kind)]
    sums = run.expected(rows, ["year"], ["existing_tpa", "new_tpa", "throughput_t"])
    worst = run.within(rows, run.worst, ["year"], ["throughput_t"])
    return sums.merge(worst.rename(columns={"throughput_t": "worst_t"}), on="year", how="left")


@dataclass(frozen=True, kw_only=True)
class PlantCount:
    """How many plants have capacity in a year, without the plan and with it, and how many of those with it produce:
    the fewest and the most over the scenarios, and expected."""

    year: int
    without: int
    with_plan: int
    fewest: int
    most: int
    expected: float


def plant_count(run: RunFigures, year: int) -> PlantCount:
    """Plants in a year. Plants that save demand count as plants."""
    rows = run.by_year["capacity"]
    rows = rows[rows["year"] == year]
    existing = set(rows.loc[rows["existing_tpa"] > SLIGHT_TPA, "project"])
    new = set(rows.loc[rows["new_tpa"] > SLIGHT_TPA, "project"])
    at_work = rows[rows["throughput_t"] > SLIGHT_TPA].groupby("scenario")["project"].nunique()
    counts = at_work.reindex(list(run.weights), fill_value=0)
    weights = pd.Series(run.weights, dtype=float)
    return PlantCount(
        year=year,
        without=len(existing),
        with_plan=len(existing | new),
        fewest=int(counts.min()),
        most=int(counts.max()),
        expected=float((counts * weights).sum()),
    )


def use_by_stage(run: RunFigures) -> pd.DataFrame:
    """Share of usable capacity that is used over the horizon, expected, by stage: `new` and `existing` (throughput of a
    plant is split in proportion to its capacity). As `utilisation` of the summary, whose figures go first."""
    told = run.summary.get("utilisation")
    if told:
        found = []
        for stage in STAGES:
            if stage in told:
                found.append({"stage": stage, **told[stage]})
        return pd.DataFrame(found, columns=["stage", "new", "new_undisturbed", "existing"])
    rows = run.by_year["capacity"]
    whole = (rows["existing_tpa"] + rows["new_tpa"]).where(lambda tpa: tpa > 0, 1.0)
    weight = rows["scenario"].map(run.weights).astype(float)
    parts = pd.DataFrame({"stage": rows["stage"]})
    for kind in ("new", "existing"):
        parts[kind] = rows[f"{kind}_tpa"] * weight
        parts[f"{kind}_used"] = rows["throughput_t"] * rows[f"{kind}_tpa"] / whole * weight
    sums = parts.groupby("stage").sum()
    share = pd.DataFrame({"stage": sums.index})
    for kind in ("new", "existing"):
        there = sums[kind].where(sums[kind] > SLIGHT_TPA)
        share[kind] = (sums[f"{kind}_used"] / there).to_numpy()
    share["new_undisturbed"] = float("nan")
    order = share["stage"].map(ORDER)
    return share.assign(order=order).sort_values("order", ignore_index=True).drop(columns="order")


def use_of_new_plants(run: RunFigures) -> pd.DataFrame:
    """Use of each new plant in each scenario: project, stage, scenario, `share` of its usable capacity from its first
    output on that is used, existing and new alike; and `tpa`, its new capacity in the last year (t/y)."""
    built = run.tables["investments"]["project"].unique()
    rows = run.by_year["capacity"]
    rows = rows[rows["project"].isin(built) & (rows["new_tpa"] > SLIGHT_TPA)]
    there = rows["existing_tpa"] + rows["new_tpa"]
    keys = ["project", "stage", "scenario"]
    sums = rows.assign(there=there).groupby(keys, as_index=False)
    out = sums.agg(used=("throughput_t", "sum"), there=("there", "sum"), tpa=("new_tpa", "max"))
    return out.assign(share=out["used"] / out["there"]).drop(columns=["used", "there"])


@dataclass(frozen=True, kw_only=True)
class SeldomUsed:
    """New plants that produce only in scenarios of a small total probability, their capital (MUSD, expected) and that of
    all new plants, and the least and the largest of those probabilities."""

    projects: list[str]
    capital: float
    of_capital: float
    least: float
    most: float


SELDOM, AT_WORK = 1 / 3, 0.01
"""Total probability of the scenarios in which a plant is used up to which it is used seldom, and the share of its
capacity from which on it counts as used."""


def seldom_used(run: RunFigures) -> SeldomUsed:
    """New plants that are used in scenarios of together at most a third of all probability."""
    use = use_of_new_plants(run)
    weight = use["scenario"].map(run.weights).astype(float)
    likely = (weight * (use["share"] > AT_WORK)).groupby(use["project"]).sum()
    seldom = likely[likely <= SELDOM + 1e-9]
    built = decisions(run)
    capital = (built["capex_musd"] * built["probability"]).groupby(built["project"]).sum()
    projects = sorted(map(str, seldom.index), key=lambda project: (-capital[project], project))
    return SeldomUsed(
        projects=projects,
        capital=float(capital.reindex(projects).sum()),
        of_capital=float(capital.sum()),
        least=float(seldom.min()) if projects else 0.0,
        most=float(seldom.max()) if projects else 0.0,
    )
