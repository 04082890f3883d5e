"""Plants in whole units: each phase as a mixed-integer program with a proven bound, then with its plants held.

A phase is solved as a linear program, plants in fractions: a first bound. From there a dive leads to a plan: the number
that is nearest to a whole one is held at it, the linear program solved again, until all are whole. If that plan is
not within the gap HiGHS branches from it. Last a linear program again, with the whole numbers found held: that is
the solution, with certificate and shadow prices. Wolsey, Integer Programming (2020), ch. 7 and 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
WHOLE = 1e-6
"""Distance from a whole number up to which a number is one."""
AT_ONCE = 10
"""Of so many numbers that are not whole a dive holds one at a step, of more as large a part."""
BOUND_KEYS = {
    "risk": "least_risk_bound_musd",
    "cost": "cost_bound_musd",
    "welfare": "welfare_bound_musd",
}
LAST_CHOICES = ("cost", "welfare")
"""Phases whose whole numbers are held by those after them."""
Counts = NDArray[np.float64]
"""Whole plants of each project and decision node, in the order of the program's columns."""
Places = NDArray[np.intp]
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


def _enough(bound: float, gap: float) -> float:
    """The largest value that is within a gap of its lower bound."""
    return max(bound + gap, bound / (1.0 - gap))


def _next_holds(numbers: Counts) -> list[tuple[Places, Counts]]:
    """What a dive may hold next, in the order in which it is tried: places of numbers and a whole number of each.

    Those nearest to whole numbers; if no plan has these, the nearest alone; if none has that, at the other side.
    """
    apart = np.abs(numbers - np.round(numbers))
    broken = np.flatnonzero(apart > WHOLE)
    if not len(broken):
        return []
    nearest = broken[np.argsort(apart[broken], kind="stable")]
    several = nearest[: math.ceil(len(broken) / AT_ONCE)]
    first = nearest[:1]
    near_side = np.round(numbers[first])
    other_side = np.floor(numbers[first]) + np.ceil(numbers[first]) - near_side
    return [(several, np.round(numbers[several])), (first, near_side), (first, other_side)]


def _within(value: float, bound: float, gap: float) -> bool:
    return relative_gap(value, bound) <= gap + TOLERANCE


@dataclass(frozen=True, kw_only=True)
class Units:
    """The numbers of whole plants in a program: the column of each, that of the new nameplate, and the size of one (t/y)."""

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

    def minimise(
        self, column: int, *, phase: str, following: int | None = None, limited: int | None = None
    ) -> Solution:
        """Minimise one column, whatever is following. The `bounds` of the solution are proven over all plans with whole plants.

        It is optimal if they are within `objective.gap`; else the best plan found in time, with its point, if any.
        """
        if self._fixed and self._found is not None:
            return self._with(self._found, column, phase)
        self._release()
        relaxed = self._solver.minimise(column, phase=phase, limited=limited)
        if relaxed.stop is not Stop.OPTIMAL:
            return relaxed
        target = min(self._gap, RISK_GAP) if phase == "risk" else self._gap
        at_least, stop = self._solver.proven(column, relaxed.duals), Stop.OPTIMAL
        best = self._start(relaxed, column, phase, _enough(at_least, target))
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

    def _start(self, relaxed: Solution, column: int, phase: str, enough: float) -> Solution | None:
        """The better plan of the plants of the phase before and of a dive from a linear program; the first if its value is
        `enough` or less."""
        best: Solution | None = None
        if self._found is not None:
            best = self._better(best, self._with(self._found, column, phase), column)
        if best is None or best.x[column] > enough:
            counts = self._dive(relaxed, column, phase)
            if counts is not None:
                best = self._better(best, self._with(counts, column, phase), column)
        return best if best is None or self._holds(best.x) else None

    def _dive(self, relaxed: Solution, column: int, phase: str) -> Counts | None:
        """Whole numbers near a linear program, held one after the other, each time those nearest to whole numbers of
        what is then the least value; None where that leads nowhere."""
        self._release()
        lower = self._solver.lower[self._units].copy()
        upper = self._solver.upper[self._units].copy()
        numbers = relaxed.x[self._units]
        while True:
            holds = _next_holds(numbers)
            if not holds:
                return np.round(numbers)
            for places, whole in holds:
                before = lower[places], upper[places]
                lower[places] = upper[places] = whole
                self._solver.hold(self._units, lower, upper)
                solution = self._solver.minimise(column, phase=phase)
                if solution.stop is not Stop.INFEASIBLE:
                    break
                lower[places], upper[places] = before
            if solution.stop is not Stop.OPTIMAL:
                return None
            numbers = solution.x[self._units]

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
