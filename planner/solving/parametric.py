"""A least value as a function of one parameter that is convex and piecewise linear: every point at which it bends.

So is the least value of a linear program in the scale of a right-hand side, and the greatest in a weight of its
objective (Gal, Postoptimal Analyses, Parametric Programming and Related Topics, 1995, ch. 4; in a weight: Cohon,
Multiobjective Programming and Planning, 1978, ch. 6). A solve gives a line that touches the curve and lies below it.
Where the lines of two solves cross, the curve is solved again: it either lies on the crossing, which is then a
breakpoint and the only one between the two, or above it, and both sides are looked at. No grid, and nothing is missed
that is further apart than the solver's own precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.solving.highs import Solver
from planner.solving.program import Program
from planner.solving.solution import Stop

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


def between(
    solve: Callable[[float], Tangent],
    left: Tangent,
    right: Tangent,
    most: float,
    precision: float = PRECISION,
) -> tuple[list[Tangent], float]:
    """Touches between two, found by at most `most` calls of `solve`, those on the right first; and how far the curve
    can lie below the chords between them all, 0 if none is missing.

    precision: relative distance of the curve from a crossing up to which a stretch is not looked into.
    """
    touches: list[Tangent] = []
    open_stretches, gap = [(left, right)], 0.0
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
        apart, scale = here.value - below, 1.0 + abs(here.value)
        if apart > precision * scale:
            open_stretches += [(left, here), (here, right)]
        elif apart > PRECISION * scale:
            gap = max(gap, apart)
    return touches, gap


def _crossing(left: Tangent, right: Tangent) -> tuple[float, float] | None:
    """Where the two lines cross, and how high; None if they are one line, or too close to tell."""
    scale = 1.0 + abs(left.value)
    if right.at - left.at <= NARROW * (1.0 + abs(right.at)):
        return None
    if (
        right.value - left.line(right.at) <= PRECISION * scale
        or left.value - right.line(left.at) <= PRECISION * scale
    ):
        return None
    at = (right.line(0.0) - left.line(0.0)) / (left.slope - right.slope)
    at = min(max(at, left.at), right.at)
    return at, max(left.line(at), right.line(at))


def weighted(program: Program, weight: float) -> Program:
    """The program whose welfare is risk plus cost times a weight."""
    row, cost = program.row["welfare_definition", None], program.column["cost", None]
    span = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
    data = program.matrix.data.copy()
    data[span][program.matrix.indices[span] == cost] *= weight
    return program.with_data(
        data, program.row_lower, program.row_upper, program.lower, program.upper
    )


SHORT_WAY = 0.08
"""How far the next point of the curve may be, as a share of the rows: some 2 s where a whole solve takes 25."""
BESIDE = {"welfare": (2.0, 0.5)}
"""Weights of cost at which the plans beside that of a goal lie; next to a plan of little risk, (0.5, 1)."""


def beside(program: Program, solver: Solver, phase: str, goal: str) -> dict[str, dict[str, float]]:
    """Plans beside the one that a solver found last, in `phase`: weight of cost -> cost and risk (MUSD). Each is solved
    on from the plan; one that is too far is left out."""
    out, start = dict[str, dict[str, float]](), solver.kept
    for weight in BESIDE.get(goal, (0.5, 1.0)):
        here = weighted(program, weight)
        near = Solver(here, longest_way=SHORT_WAY)
        near.begin_like(start)
        found = near.minimise(here.column["welfare", None], ("again",), phase)
        if found.stop is Stop.OPTIMAL:
            cost, risk = (float(found.x[here.column[name, None]]) for name in ("cost", "risk"))
            out[f"{weight:g}"] = {"cost_musd": cost, "risk_musd": risk}
    return out
