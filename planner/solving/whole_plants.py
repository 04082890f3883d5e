"""Plants in whole units: each phase as a mixed-integer program with a proven bound, then with its plants held.

A phase is solved three times. As a linear program, plants in fractions: a first bound, and a plan to round. As a
mixed-integer program, from the best rounded plan. As a linear program again, with the whole numbers found held: that
is the solution, with certificate and shadow prices. Wolsey, Integer Programming (2020), ch. 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.solving.goals import Outcome
from planner.solving.highs import TOLERANCE, Columns, Solver
from planner.solving.program import Program, Vector
from planner.solving.solution import Bounds, Solution, Stop

RISK_GAP = 0.001
"""The phase of least risk goes at least this far: its value is the limit of the next one."""
THRESHOLDS = (0.05, 0.5, 0.95)
"""Fractions from which on a plant of the linear program is rounded up."""
BOUND_KEYS = {
    "risk": "least_risk_bound_musd",
    "cost": "cost_bound_musd",
    "welfare": "welfare_bound_musd",
}
LAST_CHOICES = ("cost", "welfare")
"""Phases whose whole numbers are held by those after them."""
Counts = NDArray[np.float64]
"""Whole plants of each project and decision node, in the order of the program's columns."""
Holds = Callable[[Vector], bool]


def relative_gap(value: float, bound: float) -> float:
    """The distance of a value from its lower bound, over max(1, |value|), as the summary states it."""
    return (value - bound) / max(1.0, abs(value))


def proven(outcome: Outcome) -> dict[str, Any]:
    """Keys of the summary about the phases that were searched: `least_risk_bound_musd`, `cost_bound_musd` (no plan
    within the limit of that phase is cheaper) or `welfare_bound_musd`, and `gap`, relative to max(1, |value|)."""
    bounds: dict[str, Any] = {}
    gaps: dict[str, float] = {}
    for name, solution in outcome.phases.items():
        known = solution.bounds
        if math.isfinite(known.at_most):
            bounds[BOUND_KEYS[name]] = known.at_least
            gaps[name] = relative_gap(known.at_most, known.at_least)
    return bounds | {"gap": gaps}


def _within(value: float, bound: float, gap: float) -> bool:
    return relative_gap(value, bound) <= gap + TOLERANCE


@dataclass(frozen=True, kw_only=True)
class Units:
    """The numbers of whole plants in a program: project and decision of each, its column, that of the new nameplate, and
    the size of one (t/y)."""

    indices: Sequence[tuple[str, int]]
    columns: Columns
    builds: Columns
    sizes: Vector

    @classmethod
    def of(cls, case: Case, program: Program) -> Units:
        """Those of a program, in order of projects and decisions."""
        indices = sorted(index for name, index in program.columns if name == "units")
        columns: list[int] = []
        builds: list[int] = []
        sizes: list[float | None] = []
        for project, decision in indices:
            columns.append(program.column["units", (project, decision)])
            builds.append(program.column["build", (project, decision)])
            sizes.append(case.projects[project].unit_tpa)
        return cls(
            indices=indices,
            columns=np.array(columns, dtype=np.int32),
            builds=np.array(builds, dtype=np.int32),
            sizes=np.array(sizes, dtype=float),
        )

    def put(self, x: Vector, counts: Counts) -> None:
        """Put numbers of plants into a point (n), with new nameplates that are exact multiples of their size."""
        x[self.columns] = counts
        x[self.builds] = self.sizes * counts


class WholePlants:
    """Minimises like the solver it is given, over plans whose plants are whole.

    After the phase that minimises cost, or cost and risk, its whole numbers are held. `holds` says whether a point
    meets every row; one that does not is neither reported nor begun with.
    """

    def __init__(self, scope: Scope, solver: Solver, holds: Holds) -> None:
        self._solver = solver
        self._holds = holds
        self._gap = scope.case.model.objective.gap
        self._plants = Units.of(scope.case, solver.program)
        self._units = self._plants.columns
        place = {index: position for position, index in enumerate(self._plants.indices)}
        self._earlier: list[list[int]] = []
        """Of each whole number, those of the same project that come before it in its history."""
        for project, decision in self._plants.indices:
            before = scope.decision_tree.paths[decision][:-1]
            earlier = [(project, node) for node in before]
            self._earlier.append([place[index] for index in earlier if index in place])
        self._found: Counts | None = None
        """Plants of the phase before."""
        self._fixed = False

    @property
    def upper(self) -> Vector:
        """Present upper bounds of the columns (n)."""
        return self._solver.upper

    def bound(self, column: int, upper: float) -> None:
        """Set the upper bound of a column."""
        self._solver.bound(column, upper)

    def minimise(self, column: int, *, phase: str, following: int | None = None) -> Solution:
        """Minimise one column, whatever is following. The `bounds` of the solution are proven over all plans with whole plants.

        It is optimal if they are within `objective.gap`; else the best plan found in time, with its point, if any.
        """
        if self._fixed and self._found is not None:
            return self._with(self._found, column, phase)
        self._release()
        relaxed = self._solver.minimise(column, phase=phase)
        if relaxed.stop is not Stop.OPTIMAL:
            return relaxed
        target = min(self._gap, RISK_GAP) if phase == "risk" else self._gap
        at_least, stop = self._solver.proven(column, relaxed.duals), Stop.OPTIMAL
        best = self._start(relaxed.x, column, phase, at_least + target)
        # A second time without a start: HiGHS 1.16 may take the value of one for better than it is, and end too early.
        for start in (None,) if best is None else (best.x, None):
            near = best is not None and _within(best.x[column], at_least, target)
            if stop is not Stop.OPTIMAL or near:
                break
            self._release()
            found = self._solver.search(column, self._units, target, start)
            stop = found.stop
            if stop is not Stop.INFEASIBLE:
                at_least = max(at_least, found.at_least)
            if len(found.x):
                counts = np.round(found.x[self._units])
                best = self._better(best, self._with(counts, column, phase), column)
        if best is None:
            stop = Stop.UNPROVEN if stop is Stop.OPTIMAL else stop
            return Solution(stop, np.empty(0), np.empty(0), None, bounds=Bounds(at_least))
        return self._keep(best, stop=stop, at_least=at_least, column=column, phase=phase)

    def _start(self, x: Vector, column: int, phase: str, enough: float) -> Solution | None:
        """The best plan made of the plants of the phase before, or of those of a linear program, rounded."""
        best: Solution | None = None
        for counts in self._candidates(x):
            best = self._better(best, self._with(counts, column, phase), column)
            if best is not None and best.x[column] <= enough:
                break
        return best if best is None or self._holds(best.x) else None

    def _candidates(self, x: Vector) -> Iterator[Counts]:
        """Numbers of whole plants near a point: those found before, then roundings at each threshold, within what may
        be built."""
        if self._found is not None:
            yield self._found
        for threshold in THRESHOLDS:
            counts = np.zeros(len(self._units))
            for place, unit in enumerate(self._units):
                earlier = self._earlier[place]
                built = counts[earlier].sum()
                whole = x[unit] + x[self._units[earlier]].sum()
                wanted = np.floor(whole + 1 - threshold)
                counts[place] = np.clip(wanted, built, self._solver.program.upper[unit]) - built
            yield counts

    def _with(self, counts: Counts, column: int, phase: str) -> Solution:
        """The least value with these plants, the new nameplates exact multiples of their units."""
        self._hold(counts)
        solution = self._solver.minimise(column, phase=phase)
        if solution.stop is Stop.OPTIMAL:
            self._plants.put(solution.x, counts)
        return solution

    def _hold(self, counts: Counts) -> None:
        lower, upper = self._solver.lower[self._units], self._solver.upper[self._units]
        # To hold them again would cost the basis.
        if not (np.array_equal(lower, counts) and np.array_equal(upper, counts)):
            self._solver.hold(self._units, counts, counts)

    def _release(self) -> None:
        program = self._solver.program
        self._solver.hold(self._units, program.lower[self._units], program.upper[self._units])

    @staticmethod
    def _better(best: Solution | None, other: Solution, column: int) -> Solution | None:
        if other.stop is not Stop.OPTIMAL:
            return best
        if best is not None and best.x[column] <= other.x[column]:
            return best
        return other

    def _keep(
        self, best: Solution, *, stop: Stop, at_least: float, column: int, phase: str
    ) -> Solution:
        """The solution of a phase, and its plants for the phases after it."""
        value = float(best.x[column])
        bounds = Bounds(min(at_least, value), value)
        if _within(value, bounds.at_least, self._gap):
            stop = Stop.OPTIMAL
        elif stop is Stop.OPTIMAL:
            stop = Stop.UNPROVEN  # the point that ended the search is none when its plants are held
        if relative_gap(value, at_least) < -TOLERANCE or not self._holds(best.x):
            stop = Stop.UNPROVEN
        self._found = best.x[self._units]
        self._fixed = phase in LAST_CHOICES
        self._hold(self._found)
        return replace(best, stop=stop, bounds=bounds)
