"""The program of a whole scenario tree with the decisions of a plan fixed: operations know what a history shows."""

from __future__ import annotations

from planner.data.case import Case, without_targets
from planner.errors import StoppedError
from planner.solving.engine import Engine, FixedAmounts, Solved
from planner.solving.goals import Phase


def solve_fixed(case: Case, amounts: FixedAmounts, phases: list[Phase]) -> Solved:
    """The optimum of operations in a case with decisions fixed; targets that must hold are not enforced then. Raises
    StoppedError if no optimum is proven, InputError if the case does not know a thing decided on."""
    engine = Engine(without_targets(case, hard_only=True))
    solved = engine.solve(fixed=amounts, phases=phases)
    if not solved.is_optimal:
        stop = solved.outcome.stop
        raise StoppedError(f"the fixed plan has no proven optimum in these scenarios ({stop})")
    return solved
