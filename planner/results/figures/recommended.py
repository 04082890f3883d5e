"""Figures of the plants that a plan builds: funders, first output, use of capacity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.money import spent, spent_on
from planner.results.figures.plants import built, decisions
from planner.results.figures.sums import by_year, chances, undone_column
from planner.results.figures.unmet import SEEN
from planner.results.plan import Plan
from planner.thresholds import SHOWN_MUSD


@kept
def calm_years(plan: Plan) -> pd.Series[bool]:
    """(scenario, year) -> demand is met without a plan; in a run without comparison, with it."""
    short = by_year(plan, "shortfall")
    column = undone_column(plan)
    sums = short.groupby(["scenario", "year"])[[column, "demand_t"]].sum()
    return sums[column] <= SEEN * sums["demand_t"]


@kept
def use_of_plants(plan: Plan) -> pd.DataFrame:
    """Expected throughput over usable capacity of plants with new capacity, in `calm` years and in `cuts`."""
    rows = by_year(plan, "capacity")
    rows = rows[rows["new_tpa"] > 0]
    years = pd.MultiIndex.from_frame(rows[["scenario", "year"]])
    is_calm = pd.Series(calm_years(plan).reindex(years).to_numpy(bool), index=rows.index)
    amounts = rows[["usable_tpa", "throughput_t"]].mul(chances(plan, rows), axis=0)
    when = is_calm.map({True: "calm", False: "cuts"}).rename("when")
    sums = amounts.groupby([rows["project"], when]).sum()
    share = sums["throughput_t"] / sums["usable_tpa"].where(sums["usable_tpa"] > 0)
    return share.unstack("when").reindex(columns=["calm", "cuts"])


@kept
def first_outputs(plan: Plan) -> pd.DataFrame:
    """Year of first output by plant: `planned` by lead time, `expected` over the scenarios, probability of being `late`.

    A plant without output within the horizon counts from the year after it.
    """
    planned = decisions(plan).groupby("project")["first_output"].min()
    rows = by_year(plan, "capacity")
    gives = rows[(rows["new_tpa"] > 0) & (rows["usable_tpa"] > 0)]
    first = gives.groupby(["project", "scenario"])["year"].min().unstack("scenario")
    after = plan.years[-1] + 1
    first = first.reindex(index=planned.index, columns=list(plan.weights)).fillna(after)
    weights = pd.Series(dict(plan.weights))
    late = first.gt(planned.clip(upper=after), axis=0)
    return pd.DataFrame(
        {
            "planned": planned,
            "expected": first.mul(weights).sum(axis=1),
            "late": late.mul(weights).sum(axis=1),
        }
    )


def with_delays(plan: Plan) -> pd.DataFrame:
    """Return `decisions` with first and full output moved by the expected delay of the plant."""
    rows, outputs = decisions(plan), first_outputs(plan)
    later = (outputs["expected"] - outputs["planned"].clip(upper=plan.years[-1] + 1)).round()
    delay = rows["project"].map(later).astype(float)
    return rows.assign(
        first_output=rows["first_output"] + delay, full_output=rows["full_output"] + delay
    )


@kept
def payers_of_plants(plan: Plan) -> pd.DataFrame:
    """Share of the public money for the plants of a country and stage by funder, the largest first."""
    paid = spent(plan, "item", "country", "funder").reset_index()
    paid = paid.assign(stage=paid["item"].map(spent_on))
    sums = paid.groupby(["country", "stage", "funder"])["expected"].sum()
    shares = sums / sums.groupby(["country", "stage"]).transform("sum")
    shown = shares[sums > SHOWN_MUSD].sort_values(ascending=False, kind="stable")
    return shown.rename("share").reset_index()


@kept
def recommended(plan: Plan) -> pd.DataFrame:
    """Return `built` with `first_outputs` and `use_of_plants`, the most capital first."""
    rows = built(plan).join(first_outputs(plan)).join(use_of_plants(plan))
    order = ["capex_musd", "project"]
    return rows.reset_index().sort_values(order, ascending=[False, True], ignore_index=True)


def left_open(summary: Mapping[str, Any], goal: str, value: float) -> float:
    """The proven optimality gap of a figure (MUSD) for a goal; 0 for another goal."""
    gaps: Mapping[str, float] = summary.get("gap", {})
    return max(0.0, gaps.get(goal, 0.0)) * max(1.0, abs(value))
