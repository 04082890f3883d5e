"""Figures of people and of stock: training, hires, purchases."""

from __future__ import annotations

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.sums import by_year, expected_sums
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
