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
from itertools import pairwise
from math import inf

from planner.data.change import Change, cells_changed, change_of

PRECISION = 1e-8
"""Relative distance of the curve from the crossing of two lines that counts as none."""
NARROW = 1e-7
"""Relative width of a stretch that is not looked into any further."""

LEAST_RISK = (
    change_of("objective.goal", "risk"),
    change_of("objective.risk_limit", None),
    change_of("objective.risk_slack", 0.0),
)
"""The changes to the cheapest plan of least risk."""


@dataclass(frozen=True)
class Tangent:
    """A point of a convex curve and the slope of a line that touches it there."""

    at: float
    value: float
    slope: float

    def line(self, at: float) -> float:
        """The line's value at another place."""
        return self.value + self.slope * (at - self.at)


def weighing(weight: float) -> list[Change]:
    """The change to the least cost * weight + risk: losses weigh less by as much. Without levers where cost weighs
    infinitely more, so that nothing new is done."""
    changes = [change_of("objective.goal", "welfare"), change_of("objective.risk_limit", None)]
    if weight == inf:
        return [*changes, change_of("levers", [])]
    return [*changes, cells_changed("countries", {}, "weight", f"x{1 / weight!r}")]


def risk_of(value: float, weight: float) -> float:
    """The risk (MUSD) of a plan whose case of such a weight has a risk of `value`."""
    return value if weight == inf else value * weight


def trace(
    touches: Callable[[Sequence[float]], Sequence[Tangent]],
    known: Sequence[Tangent],
    *,
    most: float,
    precision: float = PRECISION,
) -> float:
    """Touch a convex curve wherever it bends between touches that are known, round by round, at no more than `most`
    places: how far the curve can lie below the chords between all touches, 0 if none is missing.

    touches: called with the places of a round. known: from left to right. precision: relative distance of the curve
    from a crossing up to which a stretch is not looked into.
    """
    stretches, gap = list(pairwise(known)), 0.0
    while stretches:
        crossed = []
        for stretch in stretches:
            bend = crossing(*stretch)
            if bend is not None:
                crossed.append((stretch, *bend))
        asked, left_out = crossed, []
        if len(crossed) > most:
            asked, left_out = crossed[: int(most)], crossed[int(most) :]
        for stretch, at, below in left_out:
            gap = max(gap, _chord(*stretch, at) - below)
        most -= len(asked)
        stretches = []
        found = touches([at for _, at, _ in asked]) if asked else []
        for ((left, right), _, below), here in zip(asked, found, strict=True):
            apart, scale = here.value - below, 1.0 + abs(here.value)
            if apart > precision * scale:
                stretches += [(left, here), (here, right)]
            elif apart > PRECISION * scale:
                gap = max(gap, apart)
    return gap


def breakpoints(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the points, in order of place, at which the slope of a convex curve changes, both ends included."""
    kept: list[int] = []
    for position, after in enumerate(points):
        while len(kept) > 1 and not _is_bend(points[kept[-2]], points[kept[-1]], after):
            kept.pop()
        kept.append(position)
    return kept


def crossing(left: Tangent, right: Tangent) -> tuple[float, float] | None:
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
