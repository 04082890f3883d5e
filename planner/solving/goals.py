"""The lexicographic order of each goal: one objective after the other, each held while the next is minimised.

Ehrgott, Multicriteria Optimization (2005), ch. 5. Each objective is one column of the program (risk, cost,
welfare, expected_loss), so holding one is an upper bound on a column and the next solve starts from the last basis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.config.model_file import Objective
from planner.solving.highs import Solution, Solver, Stop
from planner.solving.program import Program

HOLD_SHARE, HOLD_MUSD = 1e-6, 1e-6
Progress = Callable[[str], None]
"""Told each step in words."""


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Phase:
    """One objective: the column it minimises, the share by which it may worsen in later phases, its own name where a
    column is minimised twice."""

    column: str
    slack: float = HOLD_SHARE
    called: str = ""

    @property
    def name(self) -> str:
        """What its solution and value are found by."""
        return self.called or self.column


RISK_AT_COST = Phase("risk", called="risk_at_cost")
"""Once more the least risk, at the cost found: the cheapest plan may leave risk that costs nothing to take away."""


@dataclass(frozen=True)
class Outcome:
    """Why it stopped, and each phase's solution and least value (MUSD) by its name."""

    stop: Stop
    phases: dict[str, Solution]
    values: dict[str, float]

    def bounds(self) -> dict[str, dict[str, float]]:
        """What is known of the least value of each objective that was begun: `at_least`, `at_most` (MUSD).

        Those before a stop are known exactly; of the one that was stopped, what its run had found.
        """
        return {
            name: {"at_least": self.values[name], "at_most": self.values[name]}
            if name in self.values
            else solution.bounds.as_json()
            for name, solution in self.phases.items()
        }

    @property
    def last(self) -> Solution:
        """The solution that is reported."""
        return list(self.phases.values())[-1]


def phases_of(objective: Objective) -> list[Phase]:
    """The order of objectives of a goal."""
    last = [Phase("expected_loss")] if _expected_loss_is_free(objective) else []
    if objective.goal == "risk":
        return [Phase("risk", objective.risk_slack), Phase("cost"), RISK_AT_COST, *last]
    if objective.goal == "target":
        return [Phase("cost"), Phase("risk"), *last]
    return [Phase("welfare"), *last]


def solve_phases(
    program: Program, objective: Objective, solver: Solver, progress: Progress, phases_wanted: list[Phase] | None = None
) -> Outcome:
    """Solve all phases of the goal, or those given. Stops at the first that has no proven optimum."""
    phases: dict[str, Solution] = {}
    values: dict[str, float] = {}
    if objective.risk_limit is not None:
        solver.bound(program.column["risk", None], objective.risk_limit)
    for phase in phases_of(objective) if phases_wanted is None else phases_wanted:
        progress(phase.name)
        column = program.column[phase.column, None]
        solution = solver.minimise(column, phase=phase.name)
        phases[phase.name] = solution
        if solution.stop is not Stop.OPTIMAL:
            return Outcome(solution.stop, phases, values)
        values[phase.name] = value = float(solution.x[column])
        held = value * (1 + phase.slack) + HOLD_MUSD
        solver.bound(column, min(held, solver.upper[column]))
    return Outcome(Stop.OPTIMAL, phases, values)


def _expected_loss_is_free(objective: Objective) -> bool:
    # With tail 0 CVaR is the expected loss, so it does carry weight.
    return objective.risk_aversion == 1.0 and objective.tail > 0.0
