"""Figures of demand that is met and not met, and of where goods come from."""

from __future__ import annotations

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.sums import WITHOUT, costliest_first, expected_sums, losses_of
from planner.results.plan import Plan

SMALLEST_T = 5e-4
"""Tonnes below which nothing is unmet: a table would print nothing."""
SEEN = 1e-4
"""Share of a year's demand up to which nothing counts as unmet."""


KEYS = ["country", "element", "form", "year"]


def short_columns(plan: Plan) -> list[str]:
    """The columns of tonnes of the table `shortfall`."""
    return ["tonnes", "demand_t", WITHOUT] if plan.compared else ["tonnes", "demand_t"]


@kept
def short_by_scenario(plan: Plan) -> pd.DataFrame:
    """Unmet demand `tonnes`, `demand_t` and, if compared, `without_plan_t` (t) by scenario, element and year."""
    keys = ["scenario", "element", "year"]
    return plan.tables["shortfall"].groupby(keys, as_index=False)[short_columns(plan)].sum()


@kept
def short_expected(plan: Plan) -> pd.DataFrame:
    """The same expected, by element and year."""
    short = plan.tables["shortfall"]
    return expected_sums(plan, short, ["element", "year"], short_columns(plan))


@kept
def unmet_by_element(plan: Plan) -> pd.DataFrame:
    """Expected unmet demand `tonnes`, `demand_t` and, if compared, `without_plan_t` (t) over all years, by element."""
    amounts = short_columns(plan)
    return short_expected(plan).groupby("element")[amounts].sum()


def missing(plan: Plan) -> pd.DataFrame:
    """Expected unmet demand with the plan by country, element, form, year: `tonnes`, `demand_t`, and the loss `musd`."""
    every = plan.tables["shortfall"]
    rows = every[every["tonnes"] > 0]
    lost = rows.assign(musd=losses_of(plan.case, rows))
    unmet = expected_sums(plan, lost, KEYS, ["tonnes", "musd"])
    wanted = expected_sums(plan, every, KEYS, ["demand_t"])
    return unmet[unmet["tonnes"] >= SMALLEST_T].merge(wanted, on=KEYS)


def most_unmet(plan: Plan) -> pd.DataFrame:
    """Of each element that is ever short with the plan the scenario and year in which the largest `share` of its demand is
    unmet, all countries together."""
    sums = short_by_scenario(plan)
    shares = sums.assign(share=sums["tonnes"] / sums["demand_t"].where(sums["demand_t"] > 0))
    order = ["share", "scenario", "year"]
    rows = shares[shares["share"] > SEEN].sort_values(order, ascending=[False, True, True])
    return costliest_first(plan, rows.drop_duplicates("element"))
