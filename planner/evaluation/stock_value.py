"""The value of stock purchases to a plan where nobody foresees what comes."""

from __future__ import annotations

from planner.config import Lever
from planner.data.case import Case
from planner.errors import InputError
from planner.evaluation.decisions import FixedDecisions, fixed_decisions
from planner.evaluation.simulator import Futures, Simulator, futures_of
from planner.results.explanation import StockValue
from planner.results.plan import Plan

STOCKPILE: Lever = "stockpile"


def stock_value(plan: Plan) -> StockValue | None:
    """The reduction of risk by stock purchases under the myopic policy, decisions fixed, in the plan's own scenarios.

    None for a plan that may buy no stock, or whose decisions differ between histories. Raises StoppedError.
    """
    case = plan.case
    if not case.has_lever(STOCKPILE) or not case.stockpiles:
        return None
    try:
        decisions = fixed_decisions(plan)
    except InputError:
        return None
    given = futures_of([case])
    return StockValue(
        with_purchases=_least_risk(case, decisions, given),
        without_purchases=_least_risk(_without_purchases(case), decisions, given),
    )


def _without_purchases(case: Case) -> Case:
    levers = tuple(lever for lever in case.model.levers if lever != STOCKPILE)
    return case.with_model(case.model.model_copy(update={"levers": levers}))


def _least_risk(case: Case, decisions: FixedDecisions, given: Futures) -> float:
    """The risk (MUSD) of the myopic policy with the worth of stock that is best for these scenarios."""
    with Simulator(case, decisions) as simulator:
        return min(simulator.risks_by_worth(given).values())
