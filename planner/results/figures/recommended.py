"""Figures of what a plan recommends: who pays for a plant, when it can be expected, how much it runs, what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
LEFT_OPEN = "no insurance"
"""The shelf of a plant without which risk is lower, and cost plus risk higher by less than the optimality gap."""
OTHER_SIZE = "not judged"
"""The shelf of a plant of which another size was dropped than the plan builds."""
HARDLY = "hardly used"
"""The shelf of a plant that all but rests in calm years and in cuts, whatever dropping it adds."""
HARDLY_UP_TO = 0.01
"""Share of what is usable up to which a plant is hardly used."""
SAME_SIZE = 0.1
"""Share of its size by which the plant that was dropped may be larger or smaller and still be told as this one."""
RUNS_FROM = 0.5
"""Share of what is usable that a plant uses in calm years, from which it runs anyway."""
CHEAP_FROM = 2.0
"""What dropping a plant adds, over the part of its capital that stands idle in calm years, from which it is cheap."""


def is_scheduled(plan: Plan) -> bool:
    """The plan has a schedule of stock purchases."""
    return bool((plan.rows("purchases")["tonnes"] > 0).any())


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


NO_OWNER = "nobody"
"""The first word of the owner of a plant that has none."""


def builders(plan: Plan) -> dict[str, Any]:
    """The number of `plants`; of those whose owner the case states the capital `by_owner` (MUSD, not discounted), the most
    first, and how many are `ideas` or `nobody`'s; the `first` and `last` year in which one is expected to give anything."""
    rows = new_plants(plan)
    stated = {row.project: row for row in plan.case.tables.owners}
    rows = rows.assign(stated=rows["project"].map(stated.get))
    owned = rows[rows["stated"].notna()]
    owner = owned["stated"].map(lambda row: row.owner)
    is_nobody = owner.str.casefold().str.startswith(NO_OWNER)
    by_owner = owned[~is_nobody].groupby(owner[~is_nobody])["capex_musd"].sum()
    return {
        "plants": len(rows),
        "by_owner": by_owner.sort_values(ascending=False, kind="stable"),
        "nobody": int(is_nobody.sum()),
        "ideas": sum(row.status == "idea" for row in owned["stated"]),
        "first": rows["expected"].min(),
        "last": rows["expected"].max(),
    }


def share_of_calm(plan: Plan) -> dict[str, float]:
    """The `share` of years that are calm, by probability, from the `first` on in which a plant is expected to give
    anything."""
    first = min(round(builders(plan)["first"]), plan.years[-1])
    rows = calm_years(plan).rename("calm").reset_index()
    rows = rows[rows["year"] >= first]
    chance = chances(plan, rows)
    return {"first": first, "share": float(chance[rows["calm"]].sum() / chance.sum())}


# ---- shelves ---------------------------------------------------------------------------------------------------------


def left_open(summary: Mapping[str, Any], goal: str, value: float) -> float:
    """What a figure of a plan is at most above the least (MUSD), as the solver proved it for a goal; 0 where that was no
    goal."""
    gaps: Mapping[str, float] = summary.get("gap", {})
    return max(0.0, gaps.get(goal, 0.0)) * max(1.0, abs(value))


def welfare_left_open(plan: Plan) -> float:
    """What cost plus risk of the plan are at most above the least (MUSD)."""
    summary = plan.summary
    return left_open(summary, "welfare", summary["cost_musd"] + summary["risk_musd"])


def is_used(plant: Any) -> Any:
    """More than hardly, in `calm` years or in `cuts`; of one plant, or row for row of several."""
    return (plant.calm > HARDLY_UP_TO) | (plant.cuts > HARDLY_UP_TO)


def is_same_size(dropped: Any, tpa: Any) -> Any:
    """The plant that was dropped is as large as that of the plan, or nearly so; of one, or row for row of several."""
    return abs(dropped - tpa) <= SAME_SIZE * tpa


def hardly_used(plan: Plan) -> pd.DataFrame:
    """The rows of `new_plants` that are all but never used."""
    rows = new_plants(plan)
    used: pd.Series[bool] = is_used(rows)
    return rows[~used]


def shelf_of(plant: Any, gap: float = 0.0) -> str:
    """The shelf of a plant by its use in `calm` years and in `cuts`, its size `tpa` and the one `dropped`, what that `adds`
    to cost plus risk, to `risk` and to `cost`, the part of the dropped capital that is `idle` in calm years, and what the
    solver left open (MUSD)."""
    if not is_used(plant):
        return HARDLY
    if not is_same_size(plant.dropped, plant.tpa):
        return OTHER_SIZE
    if plant.cost >= 0 and plant.calm >= RUNS_FROM:
        return RUNS
    if plant.risk < 0 and plant.adds < gap:
        return LEFT_OPEN
    return CHEAP if plant.adds >= CHEAP_FROM * plant.idle else DEAR


# ---- in scenarios that the plan was not made for ---------------------------------------------------------------------


@dataclass(frozen=True)
class Deviation:
    """The risk with the plan (MUSD) where one thing is otherwise, from `low` to `high`; about: a key."""

    about: str
    low: float
    high: float


@kept
def risk_ranges(plan: Plan) -> list[Deviation]:
    """How far the risk with the plan in fresh scenarios may be off: by the sample, the odds, and the losses per kg; the
    widest first."""
    risk, stated = out_of_sample(plan), plan.evaluation or {}
    if risk is None:
        return []
    found = []
    if risk.low is not None and risk.high is not None:
        found.append(Deviation("sample", risk.low, risk.high))
    for about, ends in (stated.get("ranges") or {}).items():
        if ends is not None:
            found.append(Deviation(about, ends["low"], ends["high"]))
    return sorted(found, key=lambda one: one.low - one.high)


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
