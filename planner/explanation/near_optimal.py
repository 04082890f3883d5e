"""How little and how much of each project the plans hold that are nearly as good: must, may, never.

All plans whose objective is within a share of this plan's are alternatives to it; over them the new
capacity of each project is made as small and as large as possible.
Brill, Chang and Hopkins, Modeling to generate alternatives, Management Science 28 (1982); Neumann and Brown, The
near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from planner.explanation.commitments import SLIGHT
from planner.results.explanation import NearOptimal, Range
from planner.solving.engine import Solved
from planner.solving.goals import HOLD_MUSD
from planner.solving.highs import Solver
from planner.solving.program import Vector
from planner.solving.solution import Stop

NEAR: Mapping[str, Mapping[str, float]] = {
    "risk": {"risk": 0.02, "cost": 0.05},
    "welfare": {"welfare": 0.01},
}
"""By how much a plan that is nearly as good may be worse: shares of the least risk and of the plan's cost, or of the
least cost plus risk."""
REACHED = 1e-9
"""Relative distance from a bound at which it counts as reached."""
MOST_TPA = 1e9
"""Size (t/y) that no plant has."""


def near_optimal(solved: Solved, goal: str) -> NearOptimal:
    """Ranges over all plans that are nearly as good as an optimum, which the solver stands at. goal: of the case."""
    program, near = solved.program, NEAR[goal]
    solver = Solver(program, longest_way=1.0)
    for phase, basis in solved.solver.last_bases.items():
        solver.begin_from(phase, basis)
    for name, share in near.items():
        least = solved.value("cost") if name == "cost" else solved.outcome.values[name]
        solver.bound(program.column[name, None], least * (1 + share) + HOLD_MUSD)
    capacity = _new_capacity(solved)
    projects = solved.scope.case.projects
    limits = [projects[project].max_new_tpa for project in capacity]
    sums = np.array(list(capacity.values())).reshape(len(capacity), len(solved.point))
    search = _Search(solver, sums, limits=limits, x=solved.point, phase=goal)
    for place in range(len(capacity)):
        search.least(place)
    for place in range(len(capacity)):
        search.most(place)
    lowest = np.maximum(search.low, 0.0) + 0.0
    ranges = []
    for place, project in enumerate(capacity):
        low, high, limit = float(lowest[place]), float(search.high[place]), limits[place]
        told = word(low, high, limit)
        ranges.append(Range(project=project, least=low, most=high, limit=limit, word=told))
    return NearOptimal(near, ranges, search.solves)


def word(least: float, most: float, limit: float) -> str:
    """must: in every good plan; never: in none; may: in some. By a hundredth of the largest possible amount."""
    line = SLIGHT * (limit or 1.0)
    if least > line:
        return "must"
    return "never" if most <= line else "may"


def _new_capacity(solved: Solved) -> dict[str, Vector]:
    """Project that may grow -> the weights of the columns (n) in its new capacity, expected (t/y)."""
    capacity: dict[str, Vector] = {}
    for column, (name, index) in enumerate(solved.program.columns):
        if name == "build":
            project, node = index
            chance = float(solved.scope.decision_tree.nodes[node].probability)
            weights = capacity.setdefault(project, np.zeros(len(solved.point)))
            weights[column] = chance
    return dict(sorted(capacity.items()))


class _Search:
    """Least and most of sums of columns (k x n). A bound that some plan found on the way reaches already is not solved for.

    limits: the most that each could be. x: the optimum, whose basis the solver keeps under `phase`.
    """

    def __init__(
        self,
        solver: Solver,
        sums: NDArray[np.float64],
        *,
        limits: Sequence[float],
        x: Vector,
        phase: str,
    ) -> None:
        self._solver, self._sums, self._limits, self._phase = solver, sums, limits, phase
        self.low = self.high = sums @ x
        self.solves = 0

    def least(self, place: int) -> None:
        """The least of a sum."""
        if self.low[place] > REACHED * max(min(self._limits[place], MOST_TPA), 1.0):
            self._solve(self._sums[place])

    def most(self, place: int) -> None:
        """The most of a sum."""
        if self.high[place] < self._limits[place] * (1 - REACHED):
            self._solve(-self._sums[place])

    def _solve(self, weights: Vector) -> None:
        order = ("primal" if self.solves else "again", "ipm", "dual")
        found = self._solver.minimise_sum(weights, order, self._phase)
        self.solves += 1
        if found.stop is Stop.OPTIMAL:
            reached = self._sums @ found.x
            self.low = np.minimum(self.low, reached)
            self.high = np.maximum(self.high, reached)
