"""Losses that no criterion weighs, as small as the plan allows: else a future of probability 0 could be short for nothing.

A scenario of probability 0 weighs nothing, nor does under `objective.odds = "worst"` one whose weight is 0 under the
worst odds. After all phases the sum of these losses is minimised, cost, risk and decisions fixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECISIONS
from planner.results.losses import risk_under, weights_in_risk
from planner.results.odds import worst_odds
from planner.solving.goals import Outcome, limit_of, phases_of
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.solution import Stop

FIXED = frozenset((*DECISIONS, "units", "bought"))
"""Variables of decisions: plants, seats, intakes, hires and purchases."""
MEASURES = ("risk", "cost", "welfare", "expected_loss")
PHASE = "unweighed_losses"
NO_WEIGHT = 1e-12
"""Weight that rounding leaves of none."""
TIED = 1e-9
"""Share of one plus a loss by which two losses, or two risks, may differ and be the same."""
FALL = 1e-3
"""Share of one plus a loss by which it is lowered to see whether the risk falls with it."""
ORDER = ("again", "primal", "dual", "ipm")


def unweighed(case: Case, losses: Mapping[str, float]) -> frozenset[str]:
    """Scenarios whose loss (MUSD, by scenario) carries no weight in any criterion."""
    objective = case.model.objective
    impossible = frozenset(w for w, chance in case.scenarios.items() if chance == 0)
    if objective.odds == "given":
        return impossible
    without = set()
    for w, weight in weights_in_risk(case, losses).items():
        if weight <= NO_WEIGHT or _may_fall(case, losses, w):
            without.add(w)
    by_expectation = any(phase.column == "expected_loss" for phase in phases_of(objective))
    return impossible.intersection(without) if by_expectation else frozenset(without)


def _may_fall(case: Case, losses: Mapping[str, float], scenario: str) -> bool:
    """True where other odds are as bad, in which this loss weighs nothing: it could fall, and the risk would not."""
    loss = losses[scenario]
    room = TIED * (1.0 + abs(loss))
    if not any(w != scenario and abs(other - loss) <= room for w, other in losses.items()):
        return False
    less = {**losses, scenario: loss - FALL * (1.0 + abs(loss))}
    risk = risk_under(case, losses, worst_odds(case, losses))
    return risk_under(case, less, worst_odds(case, less)) >= risk - TIED * (1.0 + abs(risk))


def with_least_losses(scope: Scope, program: Program, solver: Solver, outcome: Outcome) -> Outcome:
    """The outcome with the losses that nothing weighs as small as they can be, all else as it is.

    The point of the last phase alone changes; it stays as it was where the solver finds no optimum.
    """
    if outcome.stop is not Stop.OPTIMAL or not outcome.has_plan:
        return outcome
    x, leaves = outcome.last.x, scope.tree.leaves
    names = unweighed(scope.case, program.losses(leaves, x))
    cost = np.zeros(len(program.columns))
    for w in names:
        cost[program.column["loss_to_date", leaves[w]]] += 1.0
    if not np.any(cost):
        return outcome
    _hold(program, solver, x)
    found = solver.minimise_sum(cost, ORDER, PHASE)
    if found.stop is not Stop.OPTIMAL:
        return outcome
    last = list(outcome.phases)[-1]
    better = replace(outcome.last, x=found.x)
    return replace(outcome, phases=outcome.phases | {last: better})


def _hold(program: Program, solver: Solver, x: Vector) -> None:
    """Hold decisions as they are at a point, and the measures at no more than there."""
    places = np.array(program.columns_of(*FIXED), dtype=np.int32)
    at = np.clip(x[places], solver.lower[places], solver.upper[places])
    solver.hold(places, at, at)
    for name in MEASURES:
        column = program.column.get((name, None))
        if column is not None:
            most = limit_of(float(x[column]), 0.0)
            solver.bound(column, min(most, float(solver.upper[column])))
