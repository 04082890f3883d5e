"""Figures of what a plan gains: on the basis of its cost, by storyline, in the worst cases, and by party."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.data.case import Case
from planner.data.kept import kept
from planner.results.figures.decision import cost_increment
from planner.results.figures.evaluated import FIGURES, out_of_sample
from planner.results.figures.money import by_party
from planner.results.figures.plants import are_measures
from planner.results.figures.recommended import RUNS_FROM, recommended
from planner.results.figures.sums import WITHOUT, losses_of
from planner.results.plan import Plan

FEW = 3
"""Scenarios that are told where they make up half of the mean loss of the worst cases."""
MEAN_LOSS = FIGURES[0]
SALES, USERS, NOBODY = "sales", "users", "nobody"
"""What repays the owners of a plant."""
SMALLEST_MUSD = 5e-4
"""MUSD up to which nothing is paid: a table would print nothing."""


@kept
def fall_at_the_rate_of_costs(plan: Plan) -> pd.Series[float]:
    """Scenario of the plan -> by how much users lose less than without a plan (MUSD), discounted as costs are; empty where
    nothing is compared."""
    if not plan.compared:
        return pd.Series(dtype=float)
    rows, lookups = plan.tables["shortfall"], plan.case.lookups
    fall = losses_of(plan.case, rows, WITHOUT) - losses_of(plan.case, rows)
    rates = {year: lookups.cost_discount(year) / lookups.risk_discount(year) for year in plan.years}
    sums = (fall * rows["year"].map(rates)).groupby(rows["scenario"]).sum()
    return sums.reindex(list(plan.weights), fill_value=0.0)


def expected(case: Case, by_scenario: pd.Series[float]) -> float:
    """The mean over the scenarios of a case."""
    return float(by_scenario.mul(pd.Series(dict(case.scenarios))).sum())


def gain_and_payment(plan: Plan) -> pd.DataFrame:
    """The rows of `by_party`; where the plan is compared with none, with what each party loses less, its `gain` (MUSD),
    and its shares of all payments and of the gain of all."""
    rows = by_party(plan)
    if not plan.compared:
        return rows
    gain = rows["without"] - rows["loss"]
    return rows.assign(gain=gain, gain_share=_shares(gain), paid_share=_shares(rows["paid"]))


def _shares(amounts: pd.Series[float]) -> pd.Series[float]:
    """The part of each in their sum, 0 where that is nothing."""
    whole = amounts.sum()
    return amounts / whole if whole > 0 else amounts * 0.0


@kept
def owned(plan: Plan) -> pd.DataFrame:
    """A row a plant or measure of which owners pay a part: `pays` (MUSD, not discounted), `calm`, the share of it that runs
    in calm years, and what repays the owners: a key."""
    rows = recommended(plan)
    rows = rows.assign(pays=rows["capex_musd"] - rows["public_musd"])
    rows = rows[rows["pays"] > SMALLEST_MUSD]
    repaid = (rows["calm"] >= RUNS_FROM).map({True: SALES, False: NOBODY})
    return rows.assign(repaid=repaid.mask(are_measures(plan, rows["project"]), USERS))


def fresh_share(plan: Plan) -> float:
    """The fall of expected loss in fresh scenarios over that in those of the plan; 1 where it was not evaluated in any, or
    nothing falls."""
    fresh = out_of_sample(plan, MEAN_LOSS, "difference")
    own = plan.without.get(MEAN_LOSS, 0.0) - plan.summary[MEAN_LOSS]
    return fresh.value / own if fresh is not None and own > 0 else 1.0


@dataclass(frozen=True)
class BreakEven:
    """The part of every loss per kg `at` which the fall of expected loss, decisions and operations as they are, just covers
    the cost, and the `lowest` part that the case holds possible for one, if it says."""

    at: float
    lowest: float | None


def break_even(plan: Plan) -> BreakEven | None:
    """On the basis of the cost, as much smaller as losses fall less in fresh scenarios; None where nothing is compared, or
    nothing falls or costs more."""
    fall = expected(plan.case, fall_at_the_rate_of_costs(plan)) * fresh_share(plan)
    rise = cost_increment(plan)
    if rise is None or rise <= 0 or fall <= 0:
        return None
    doubts = [row.low for row in plan.case.tables.uncertainties if row.column == "loss_usd_per_kg"]
    return BreakEven(rise / fall, min(doubts, default=None))
