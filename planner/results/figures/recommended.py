"""Figures of what a plan recommends: who pays for a plant, when it can be expected, how much it runs, what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.decision import cost_increment
from planner.results.figures.evaluated import out_of_sample
from planner.results.figures.money import STOCK, spent, spent_on
from planner.results.figures.plants import are_measures, built, decisions
from planner.results.figures.sums import by_year, chances, undone_column
from planner.results.figures.unmet import SEEN
from planner.results.plan import Plan
from planner.thresholds import SHOWN_MUSD

RUNS, CHEAP, DEAR = "runs anyway", "cheap insurance", "dear insurance"
HARDLY = "hardly used"
"""The shelf of a plant that all but rests in calm years and in cuts, whatever dropping it adds."""
HARDLY_UP_TO = 0.01
"""Share of what is usable up to which a plant is hardly used."""
RUNS_FROM = 0.5
"""Share of what is usable that a plant uses in calm years, from which it runs anyway."""


@kept
def calm_years(plan: Plan) -> pd.Series[bool]:
    """(scenario, year) -> nobody is short without the plan; where nothing is compared, with it."""
    short = by_year(plan, "shortfall")
    column = undone_column(plan)
    sums = short.groupby(["scenario", "year"])[[column, "demand_t"]].sum()
    return sums[column] <= SEEN * sums["demand_t"]


@kept
def use_of_plants(plan: Plan) -> pd.DataFrame:
    """By plant that is enlarged or built: the share of its usable capacity that is used, expected, in `calm` years and in
    `cuts`, the other years; usable is what shocks leave of it."""
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
    """By plant: the year of its first output as `planned`, by its lead time; the `expected` one, the mean over the
    scenarios, in whose shocks plants are late; and the probability that it is `late`. A plant that gives nothing before
    the plan ends counts from the year after."""
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
    """The rows of `decisions`, the first and the full output of each as much later as its plant is expected to be."""
    rows, outputs = decisions(plan), first_outputs(plan)
    later = (outputs["expected"] - outputs["planned"].clip(upper=plan.years[-1] + 1)).round()
    delay = rows["project"].map(later).astype(float)
    return rows.assign(
        first_output=rows["first_output"] + delay, full_output=rows["full_output"] + delay
    )


@kept
def payers_of_plants(plan: Plan) -> pd.DataFrame:
    """By country, stage and funder the `share` of the public money for such plants there that it pays, who pays most first;
    not those who pay less than a page shows."""
    paid = spent(plan, "item", "country", "funder").reset_index()
    paid = paid.assign(stage=paid["item"].map(spent_on))
    sums = paid.groupby(["country", "stage", "funder"])["expected"].sum()
    shares = sums / sums.groupby(["country", "stage"]).transform("sum")
    shown = shares[sums > SHOWN_MUSD].sort_values(ascending=False, kind="stable")
    return shown.rename("share").reset_index()


@kept
def recommended(plan: Plan) -> pd.DataFrame:
    """A row a plant or measure that is built, that of the most capital first: what `built` says of it, with `planned`,
    `expected` and `late` of its first output and its use in `calm` years and in `cuts`."""
    rows = built(plan).join(first_outputs(plan)).join(use_of_plants(plan))
    order = ["capex_musd", "project"]
    return rows.reset_index().sort_values(order, ascending=[False, True], ignore_index=True)


def new_plants(plan: Plan) -> pd.DataFrame:
    """The rows of `recommended` that are plants."""
    rows = recommended(plan)
    return rows[~are_measures(plan, rows["project"])]


# ---- shelves ---------------------------------------------------------------------------------------------------------


def left_open(summary: Mapping[str, Any], goal: str, value: float) -> float:
    """What a figure of a plan is at most above the least (MUSD), as the solver proved it for a goal; 0 where that was no
    goal."""
    gaps: Mapping[str, float] = summary.get("gap", {})
    return max(0.0, gaps.get(goal, 0.0)) * max(1.0, abs(value))


def is_used(plant: Any) -> Any:
    """More than hardly, in `calm` years or in `cuts`; of one plant, or row for row of several."""
    return (plant.calm > HARDLY_UP_TO) | (plant.cuts > HARDLY_UP_TO)


# ---- in scenarios that the plan was not made for ---------------------------------------------------------------------


@kept
def cost_beyond(plan: Plan) -> float | None:
    """The cost beyond that of no plan (MUSD, present value); where the plan was evaluated in fresh scenarios with the stock
    that its policy buys there in place of its own. None where the cost of no plan is not known."""
    increment = cost_increment(plan)
    policy = (plan.evaluation or {}).get("stock_purchases_musd")
    if increment is None or policy is None or out_of_sample(plan) is None:
        return increment
    bought = spent(plan, "item", "year")
    own = bought[bought.index.isin(STOCK, level="item")].groupby("year").sum()
    own_present = float((own * own.index.map(plan.case.lookups.cost_discount)).sum())
    policy_present = float(policy["plan"] - policy.get("without_plan", 0.0))
    return increment + policy_present - own_present
