"""Figures of demand that is met and not met, and of where goods come from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.data.kept import kept
from planner.results.figures.sums import (
    WITHOUT,
    costliest_first,
    expected_losses,
    expected_sums,
    losses_of,
)
from planner.results.plan import Plan
from planner.results.reader import rows_of

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


WORSE, MOST_WORSE = 1.0, 3
"""From how many t or MUSD a year is told that is worse with the plan, and how many of them."""


@dataclass(frozen=True)
class WorseYear:
    """A year in which more of an element is unmet (t), or more is lost in a country (MUSD), with the plan than without."""

    kind: str
    key: str
    year: int
    more: float


def worse_with_the_plan(plan: Plan) -> list[WorseYear]:
    """Elements and countries with a year in which the plan is worse than none, expected, the most first."""
    if not plan.compared:
        return []
    missed = []
    for row in rows_of(short_expected(plan)):
        more = row.tonnes - row.without_plan_t
        missed.append(WorseYear("element", row.element, row.year, more))
    lost = (
        expected_losses(plan)
        .groupby(["country", "year"], as_index=False)[["musd", "without_musd"]]
        .sum()
    )
    dearer = []
    for row in rows_of(lost):
        dearer.append(WorseYear("country", row.country, row.year, row.musd - row.without_musd))
    found = []
    for rows in (missed, dearer):
        most = sorted(rows, key=lambda row: -row.more)[:MOST_WORSE]
        found += [row for row in most if row.more > WORSE]
    return found
