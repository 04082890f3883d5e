"""The exact curve of least risk against money: every point at which its slope changes.

The least risk as a function of the scale of the budgets is convex and piecewise linear, because budgets are
right-hand sides of a linear program (Gal, Postoptimal Analyses, Parametric Programming and Related Topics,
1995, ch. 4). The duals of a solve give a line that touches the curve and lies below it. Where the lines of two
solves cross, the curve is solved again: it either lies on the crossing, which is then a breakpoint and the
only one between the two, or above it, and both sides are looked at. No grid, and nothing is missed that is
further apart than the solver's own precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner.errors import StoppedError
from planner.solving.highs import Solution, Solver, Stop
from planner.solving.program import Program

PRECISION = 1e-8
"""Relative distance of the curve from the crossing of two lines that counts as none."""
NARROW = 1e-7
"""Relative width of a stretch that is not looked into any further."""


@dataclass(frozen=True)
class Tangent:
    """A point of the curve and the slope of a line that touches it there."""

    at: float
    value: float
    slope: float

    def line(self, at: float) -> float:
        """The line's value at another place."""
        return self.value + self.slope * (at - self.at)


@dataclass(frozen=True)
class Curve:
    """Breakpoints in order, ends included, and the slope of each piece between them.

    `gap`: how far the curve can lie above what is stated; 0 if every breakpoint was found.
    `solves`: programs solved.
    """

    at: tuple[float, ...]
    values: tuple[float, ...]
    slopes: tuple[float, ...]
    gap: float
    solves: int

    def __call__(self, at: float) -> float:
        """The least value at any place between the ends."""
        return float(np.interp(at, self.at, self.values))


def trace(solve: Callable[[float], Tangent], low: float, high: float, most: int) -> Curve:
    """The curve between two places by at most `most` calls of `solve`, which gives a value and a dual slope there."""
    touches = [solve(low), solve(high)]
    open_stretches = [(touches[0], touches[1])]
    gap = 0.0
    while open_stretches:
        left, right = open_stretches.pop()
        middle = _crossing(left, right)
        if middle is None:
            continue
        at, below = middle
        if len(touches) >= most:
            chord = left.value + (right.value - left.value) * (at - left.at) / (right.at - left.at)
            gap = max(gap, chord - below)
            continue
        here = solve(at)
        touches.append(here)
        if here.value - below > PRECISION * (1.0 + abs(here.value)):
            open_stretches += [(left, here), (here, right)]
    return _curve(sorted(touches, key=lambda t: t.at), gap)


def _crossing(left: Tangent, right: Tangent) -> tuple[float, float] | None:
    """Where the two lines cross, and how high; None if they are one line, or too close to tell."""
    scale = 1.0 + abs(left.value)
    if right.at - left.at <= NARROW * (1.0 + abs(right.at)):
        return None
    if right.value - left.line(right.at) <= PRECISION * scale or left.value - right.line(left.at) <= PRECISION * scale:
        return None
    at = (right.line(0.0) - left.line(0.0)) / (left.slope - right.slope)
    at = min(max(at, left.at), right.at)
    return at, max(left.line(at), right.line(at))


def _curve(touches: list[Tangent], gap: float) -> Curve:
    """Drop points on a straight stretch: only where the slope changes is a breakpoint."""
    kept = [touches[0]]
    for i in range(1, len(touches) - 1):
        before, here, after = kept[-1], touches[i], touches[i + 1]
        chord = before.value + (after.value - before.value) * (here.at - before.at) / max(after.at - before.at, 1e-300)
        if chord - here.value > PRECISION * (1.0 + abs(here.value)):
            kept.append(here)
    kept.append(touches[-1])
    pairs = pairwise(kept)
    slopes = tuple((b.value - a.value) / (b.at - a.at) if b.at > a.at else 0.0 for a, b in pairs)
    return Curve(tuple(t.at for t in kept), tuple(t.value for t in kept), slopes, gap, len(touches))


class Budgets:
    """The program with all budgets scaled, and its least risk as a function of the scale."""

    def __init__(self, program: Program, solver: Solver, column: str = "risk") -> None:
        self._program, self._solver, self._column = program, solver, column
        self._rows = np.array([i for i, (name, _) in enumerate(program.rows) if name == "account"], dtype=int)
        self._amounts = program.row_upper[self._rows].copy()

    def program(self, scale: float) -> Program:
        """The program at a scale of the budgets."""
        upper = self._program.row_upper.copy()
        upper[self._rows] = scale * self._amounts
        p = self._program
        return p.with_data(p.matrix.data, p.row_lower, upper, p.lower, p.upper)

    def minimise(self, scale: float) -> Solution:
        """Least risk at a scale. Raises StoppedError if no optimum is proven."""
        self._solver.replace(self.program(scale))
        solution = self._solver.minimise(self._program.column[self._column, None])
        if solution.stop is not Stop.OPTIMAL:
            raise StoppedError(f"no proven optimum at {scale:g} times the budgets ({solution.stop})")
        return solution

    def touch(self, scale: float) -> Tangent:
        """A point of the curve and the slope that its duals give."""
        solution = self.minimise(scale)
        value = float(solution.x[self._program.column[self._column, None]])
        return Tangent(scale, value, float(solution.duals[self._rows] @ self._amounts))
