"""Figures of people and of stock: training, hires, purchases."""

from __future__ import annotations

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.sums import WITHOUT, by_year, expected_sums
from planner.results.figures.unmet import short_by_scenario
from planner.results.plan import Plan
from planner.thresholds import TOLERATED

SLIGHT_STOCK_T = 0.001
"""Purchases of a year (t) up to which nothing is told."""


TEAM = ["country", "skill"]
GOOD = ["country", "element", "form"]
"""Columns that name a team, and a good."""


def people_decisions(plan: Plan) -> pd.DataFrame:
    """Expected intakes, new seats and hires (persons) by country, skill: totals and the years they span."""
    keys = [*TEAM, "year"]
    training = plan.tables["training"]
    persons = training[["intake", "new_seats"]].mul(training["probability"], axis=0)
    taught = training[keys].join(persons)
    hired = expected_sums(plan, by_year(plan, "workforce"), keys, ["hired"])
    hired = hired[hired["hired"] > TOLERATED]
    decided = pd.concat([taught, hired]).fillna(0.0)
    return decided.groupby(TEAM, as_index=False).agg(
        intake=("intake", "sum"),
        new_seats=("new_seats", "sum"),
        hired=("hired", "sum"),
        first=("year", "min"),
        last=("year", "max"),
    )


@kept
def purchases_by_year(plan: Plan) -> pd.DataFrame:
    """Stock purchases by element, form, country and year: `tonnes` and `musd` (not discounted), as scheduled where there
    is a schedule, else expected over the scenarios."""
    keys = [*GOOD, "year"]
    if "purchases" in plan.tables:
        rows = plan.tables["purchases"]
        expected = rows[["tonnes", "musd"]].mul(rows["probability"], axis=0)
        found = rows[keys].join(expected).groupby(keys, as_index=False).sum()
    else:
        found = expected_sums(plan, by_year(plan, "stocks"), keys, ["bought_t"])
        found = found.rename(columns={"bought_t": "tonnes"})
        stockpiles = plan.case.lookups.stockpiles
        goods = zip(found["country"], found["element"], found["form"], strict=True)
        prices = [stockpiles[good].purchase_usd_per_kg for good in goods]
        found["musd"] = found["tonnes"] * pd.Series(prices, index=found.index, dtype=float) / 1000
    order = ["element", "form", "country", "year"]
    return found[found["tonnes"] > SLIGHT_STOCK_T].sort_values(order, ignore_index=True)


@kept
def use_of_stock(plan: Plan) -> pd.DataFrame:
    """By element of which stock is bought, over all years (t, expected): what is `ordered`, `delivered`, `released` with
    what is in store today, and still in store at the end, `kept`; `needed`: the most of the released that can have met
    demand which would be unmet without the plan, the `scenario` with most of it, and the `most`; where the plan is compared
    with none, all that is released and no scenario."""
    keys = ["scenario", "element", "year"]
    rows = by_year(plan, "stocks")
    amounts = ["bought_t", "released_t", "stock_t"]
    sums = rows.groupby(keys, as_index=False)[amounts].sum()
    sums["stock_t"] = sums["stock_t"].where(sums["year"] == plan.years[-1], 0.0)
    if plan.compared:
        sums = sums.merge(short_by_scenario(plan), on=keys, how="left")
        less_short = (sums[WITHOUT] - sums["tonnes"]).clip(lower=0.0)
        sums["needed"] = less_short.clip(upper=sums["released_t"]).fillna(0.0)
        amounts.append("needed")
    names = {"bought_t": "delivered", "released_t": "released", "stock_t": "kept"}
    found = (
        expected_sums(plan, sums, ["element"], amounts).set_index("element").rename(columns=names)
    )
    ordered = purchases_by_year(plan).groupby("element")["tonnes"].sum()
    found = found.assign(ordered=ordered).loc[ordered.index]
    if plan.compared:
        by_scenario = sums.groupby(["element", "scenario"])["needed"].sum().unstack("scenario")
        by_scenario = by_scenario.reindex(found.index)
        return found.assign(scenario=by_scenario.idxmax(axis=1), most=by_scenario.max(axis=1))
    return found.assign(needed=found["released"], scenario="", most=0.0)
