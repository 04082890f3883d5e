"""The lexicographic order of each goal: one objective after the other, each limited while the next is minimised.

Ehrgott, Multicriteria Optimization (2005), ch. 5. Each objective is one column of the program (risk, cost,
welfare, expected_loss), so holding one is an upper bound on a column and the next solve starts from the last basis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from planner.config import Objective
from planner.solving.program import Program, Vector
from planner.solving.solution import Solution, Stop

HOLD_SHARE, HOLD_MUSD = 1e-6, 1e-6
LAST_SHARE = 1e-8
"""Share by which the objective before the expected loss may worsen: the expected loss has no weight in it."""
HOLD_LEAST = 1e-9
"""MUSD that an objective may always worsen by, and its share where that is more: a solver has a tolerance too."""
Progress = Callable[[str], None]
"""Told each step in words."""


def silent(_: str) -> None:
    """Say nothing."""


class Minimiser(Protocol):
    """Minimises one column of a program after the other, each within the bounds that are set meanwhile."""

    @property
    def upper(self) -> Vector:
        """Present upper bounds of the columns (n)."""

    def bound(self, column: int, upper: float) -> None:
        """Set the upper bound of a column."""

    def minimise(
        self, column: int, *, phase: str, following: int | None = None, limited: int | None = None
    ) -> Solution:
        """Minimise one column; the name of the phase is that under which a start may be kept, `following` the column
        that is minimised next, if it is known, `limited` one whose limit may be out of reach."""


def limit_of(value: float, share: float = HOLD_SHARE) -> float:
    """Largest value (MUSD) that later phases may leave of an objective that reached a value, and may worsen by a share.

    In a case of small amounts a millionth of a MUSD buys more of the next objective than it is of this one.
    """
    return value * (1 + share) + min(HOLD_MUSD, HOLD_LEAST * max(value, 1.0))


@dataclass(frozen=True)
class Phase:
    """One objective: the column it minimises, the share by which it may worsen in later phases, its own name where a
    column is minimised twice."""

    column: str
    slack: float = HOLD_SHARE
    called: str = ""

    @property
    def name(self) -> str:
        """The name by which its solution and value are found."""
        return self.called or self.column


RISK_AT_COST = Phase("risk", called="risk_at_cost")
"""Once more the least risk, at the cost found: the cheapest plan may leave risk that costs nothing to take away."""


@dataclass(frozen=True)
class Outcome:
    """The end of a solve: its reason, and each phase's solution and value (MUSD) by name.

    There is a plan if all phases have a point.

    With whole plants a phase may stop before its optimum and hand on the best plan that it found: `stop` says so.
    """

    stop: Stop
    phases: dict[str, Solution]
    values: dict[str, float]

    def bounds(self) -> dict[str, dict[str, float]]:
        """Objective that was begun -> bounds of its least value: `at_least`, `at_most` (MUSD).

        Those of phases that ended are known exactly; of the one that was stopped, what the phases before say.
        """
        bounds: dict[str, dict[str, float]] = {}
        for name, solution in self.phases.items():
            bounds[name] = solution.bounds.as_json()
            if name in self.values and math.isinf(solution.bounds.at_most):
                bounds[name] = {"at_least": self.values[name], "at_most": self.values[name]}
        return bounds

    @property
    def has_plan(self) -> bool:
        """Every phase ended with a point."""
        return self.phases.keys() == self.values.keys()

    @property
    def last(self) -> Solution:
        """The solution that is reported."""
        return list(self.phases.values())[-1]


def phases_of(objective: Objective) -> list[Phase]:
    """The order of objectives of a goal."""
    if objective.goal == "risk":
        phases = [Phase("risk", objective.risk_slack), Phase("cost"), RISK_AT_COST]
    elif objective.goal == "target":
        phases = [Phase("cost"), Phase("risk")]
    else:
        phases = [Phase("welfare")]
    if _expected_loss_is_free(objective):
        *first, before = phases
        phases = [*first, replace(before, slack=LAST_SHARE), Phase("expected_loss")]
    return phases


def solve_phases(
    program: Program,
    objective: Objective,
    solver: Minimiser,
    *,
    progress: Progress = silent,
    phases: list[Phase] | None = None,
) -> Outcome:
    """Solve all phases of the goal, or those given. Ends with the first that has nothing to go on with."""
    stop = Stop.OPTIMAL
    solved: dict[str, Solution] = {}
    values: dict[str, float] = {}
    limited = None
    if objective.limit is not None:
        limited = program.column["risk", None]
        solver.bound(limited, objective.limit)
    wanted = phases_of(objective) if phases is None else phases
    columns = [program.column[phase.column, None] for phase in wanted]
    following = columns[1] if len(columns) > 1 else None
    for phase, column in zip(wanted, columns, strict=True):
        progress(phase.name)
        solution = solver.minimise(column, phase=phase.name, following=following, limited=limited)
        following = limited = None  # a later phase begins at the optimum of the one before
        if solved and not len(solution.x):  # the point of the phase before meets all limits
            last = list(solved.values())[-1]
            most = min(solution.bounds.at_most, float(last.x[column]))
            solution = replace(solution, bounds=replace(solution.bounds, at_most=most))
        solved[phase.name] = solution
        if solution.stop is not Stop.OPTIMAL:
            stop = solution.stop
            if stop is Stop.UNPROVEN or not len(solution.x):
                break
        values[phase.name] = value = float(solution.x[column])
        solver.bound(column, min(limit_of(value, phase.slack), solver.upper[column]))
    return Outcome(stop, solved, values)


def _expected_loss_is_free(objective: Objective) -> bool:
    # With tail 0 CVaR is the expected loss, so it does carry weight.
    return objective.risk_aversion == 1.0 and objective.tail > 0.0
