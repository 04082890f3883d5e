"""The efficient frontier of cost and risk: exact points by parametric steps, a proven bound between them.

The least of risk + weight * cost is a concave, piecewise linear function of the weight, and the least risk a convex one
of the scale of the budgets: the least value of a linear program in a weight of its objective (Cohon, Multiobjective
Programming and Planning, 1978, ch. 6), or in the scale of a right-hand side (Gal, Postoptimal Analyses, Parametric
Programming and Related Topics, 1995, ch. 4). A solve gives a point and a line that touches the curve and lies below it.
Where the lines of two solves cross, the curve is solved again: it either lies on the crossing, which is then a
breakpoint and the only one between the two, or above it, and both sides are looked at. No grid, and nothing is missed
that is further apart than the solver's own precision; where solves are left out, the lines still bound the curve.

All curves of cost and risk are traced here: that of a study in the budgets, that of the decision page from end to end,
and the plans that the workbench solves one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from planner.data.case import Case
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.solution import Solution

PRECISION = 1e-8
"""Relative distance of the curve from the crossing of two lines that counts as none."""
NARROW = 1e-7
"""Relative width of a stretch that is not looked into any further."""


@dataclass(frozen=True)
class Tangent:
    """A point of a convex curve and the slope of a line that touches it there."""

    at: float
    value: float
    slope: float

    def line(self, at: float) -> float:
        """The line's value at another place."""
        return self.value + self.slope * (at - self.at)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrontierPoint:
    """A plan of least risk + weight * cost, or an end of the curve: cost and risk (MUSD), all columns (n)."""

    cost: float
    risk: float
    x: Vector

    def tangent(self, weight: float) -> Tangent:
        """The point on the curve of least risk + weight * cost, which upside down is convex in the weight."""
        return Tangent(weight, -(self.risk + weight * self.cost), -self.cost)


class FrontierSolver:
    """One program at weights of cost one after the other, each solved on from the one before.

    phase: the name under which bases are kept. order: of algorithms, as in `Solver.minimise`.
    """

    def __init__(
        self, program: Program, *, phase: str, order: Sequence[str], longest_way: float = 1.0
    ) -> None:
        self.program, self._phase, self._order = program, phase, order
        self.solver = Solver(program, longest_way=longest_way)

    def at(self, weight: float) -> Solution:
        """The plan of least risk + weight * cost."""
        self.solver.replace(weighted(self.program, weight))
        return self.least("welfare")

    def least(self, column: str) -> Solution:
        """The least of a column of the program as it is."""
        at = self.program.column[column, None]
        return self.solver.minimise(at, self._order, phase=self._phase)

    def point(self, x: Vector) -> FrontierPoint:
        """A point of the program (n) as one of the frontier."""
        program = self.program
        return FrontierPoint(cost=program.measure("cost", x), risk=program.measure("risk", x), x=x)


def weighted(program: Program, weight: float) -> Program:
    """The program whose welfare is risk plus cost times a weight."""
    row, cost = program.row["welfare_definition", None], program.column["cost", None]
    span = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
    data = program.matrix.data.copy()
    data[span][program.matrix.indices[span] == cost] *= weight
    return program.with_data(data=data)


def weighted_case(case: Case, weight: float) -> Case:
    """The case of least cost * weight + risk, for whoever keeps its program with others: one whose losses weigh less by
    as much. Without levers where cost weighs infinitely more, so that nothing new is done."""
    goal = {"objective.goal": "welfare", "objective.risk_limit": None}
    if weight == inf:
        return case.with_settings({"levers": (), **goal})
    countries = []
    for row in case.tables.countries:
        countries.append(row.model_copy(update={"weight": row.weight / weight}))
    return case.with_settings(goal).with_tables(countries=tuple(countries))


def risk_of(value: float, weight: float) -> float:
    """The risk (MUSD) of a plan whose case of such a weight has a risk of `value`."""
    return value if weight == inf else value * weight


def trace(
    touch: Callable[[float], Tangent],
    left: Tangent,
    right: Tangent,
    *,
    most: float,
    precision: float = PRECISION,
) -> tuple[list[Tangent], float]:
    """Touches of a convex curve between two, found by at most `most` calls of `touch`, those on the right first; and
    how far the curve can lie below the chords between them all, 0 if none is missing.

    precision: relative distance of the curve from a crossing up to which a stretch is not looked into.
    """
    touches: list[Tangent] = []
    open_stretches, gap = [(left, right)], 0.0
    while open_stretches:
        left, right = open_stretches.pop()
        crossing = _crossing(left, right)
        if crossing is None:
            continue
        at, below = crossing
        if len(touches) >= most:
            gap = max(gap, _chord(left, right, at) - below)
            continue
        here = touch(at)
        touches.append(here)
        apart, scale = here.value - below, 1.0 + abs(here.value)
        if apart > precision * scale:
            open_stretches += [(left, here), (here, right)]
        elif apart > PRECISION * scale:
            gap = max(gap, apart)
    return touches, gap


def breakpoints(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the points, in order of place, at which the slope of a convex curve changes, both ends included."""
    kept: list[int] = []
    for position, after in enumerate(points):
        while len(kept) > 1 and not _is_bend(points[kept[-2]], points[kept[-1]], after):
            kept.pop()
        kept.append(position)
    return kept


def _crossing(left: Tangent, right: Tangent) -> tuple[float, float] | None:
    """The point (abscissa, height) at which two lines cross; None if they are one line, or too close to tell."""
    near = PRECISION * (1.0 + abs(left.value))
    if right.at - left.at <= NARROW * (1.0 + abs(right.at)):
        return None
    if right.value - left.line(right.at) <= near or left.value - right.line(left.at) <= near:
        return None
    at = (right.line(0.0) - left.line(0.0)) / (left.slope - right.slope)
    at = min(max(at, left.at), right.at)
    return at, max(left.line(at), right.line(at))


def _chord(left: Tangent, right: Tangent, at: float) -> float:
    rise = (right.value - left.value) * (at - left.at)
    return left.value + rise / (right.at - left.at)


def _is_bend(
    before: tuple[float, float], here: tuple[float, float], after: tuple[float, float]
) -> bool:
    start, begin = before
    at, value = here
    end, last = after
    chord = begin + (last - begin) * (at - start) / max(end - start, 1e-300)
    return chord - value > PRECISION * (1.0 + abs(value))
