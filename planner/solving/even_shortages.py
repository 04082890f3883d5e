"""Shortages spread evenly where that is free: of equally good plans one in which no ally is short for no reason.

What a group shares may go to any of its countries. Where a tonne short costs two of them the same, who is short is
left open by the program, and its solution names one of them. What is delivered is moved between such countries until
the share of demand that is missing is the same, or one of them has nothing left to give. Losses, costs and stocks stay
what they are. Where a target speaks of the good, who is short may count, and is left as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from planner.formulation.index_sets import Scope
from planner.formulation.objective import loss_per_tonne
from planner.formulation.variable_trees import OperationNode
from planner.solving.program import ZERO
from planner.solving.variable_values import Values

DIGITS = 9
"""Decimals to which the cost of a tonne short is the same (MUSD per t)."""


@dataclass(frozen=True)
class _Step:
    """The step of the loss in which a country's shortage of a good ends: tonnes short in the steps below and in it, the
    most that may be in it, and the demand (t)."""

    country: str
    step: int
    below: float
    short: float
    most: float
    demand: float

    def at(self, share: float) -> float:
        """Tonnes in the step where a share of demand is missing."""
        return min(max(share * self.demand - self.below, 0.0), self.most)


def spread_shortages(scope: Scope, values: Values) -> None:
    """Make the shortages of a solution even where that costs nothing, and what is delivered with them."""
    short = defaultdict[tuple[str, str], set[int]](set)
    for (_, e, o, _), found in values.rows("shortfall"):
        short[e, o] |= found.keys()
    for (_, e, o), countries in scope.traded.items():
        for n in sorted(n for n in short[e, o] if (e, o, n) not in scope.asked_at):
            for cost in sorted(
                {cost for c in countries for cost, _ in _ends(scope, values, (c, e, o, n))}
            ):
                ends = (end for c in countries for end in _ends(scope, values, (c, e, o, n)))
                _share(values, (e, o, n), [step for same, step in ends if same == cost])


def _ends(
    scope: Scope, values: Values, good: tuple[str, str, str, int]
) -> list[tuple[float, _Step]]:
    """The step in which a country's shortage ends, and what a tonne in it costs; at the border of two both. Nothing if
    it has no demand."""
    c, e, o, n = good
    demand, below, out = scope.demanded.get(good, 0.0), 0.0, list[tuple[float, _Step]]()
    if demand <= 0.0:
        return out
    saved = sum(values("saved", p, e, o, n) for p in scope.savings_of.get(good, ()))
    for j, step in enumerate(scope.case.loss_steps((c, e, o))):
        width, tonnes = step.width * demand, values("shortfall", c, e, o, n, j)
        more = values("shortfall", c, e, o, n, j + 1)
        if more <= ZERO:
            room = values("delivered", *good)
            cost = round(loss_per_tonne(scope, c, e, o, OperationNode(n), j), DIGITS)
            most = min(width, tonnes + room, max(tonnes, demand - saved - below))
            out.append((cost, _Step(c, j, below, tonnes, most, demand)))
        if tonnes < width - ZERO:
            break
        below += width
    return out


def _share(values: Values, good: tuple[str, str, int], steps: Sequence[_Step]) -> None:
    """Give each of some countries the same share of demand missing, as far as it can be, with the same sum."""
    e, o, n = good
    total = sum(step.short for step in steps)
    if len(steps) < 2 or total <= ZERO:
        return
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if sum(step.at(middle) for step in steps) < total else (low, middle)
        )
    for step in steps:
        tonnes = step.at(high)
        values.put("shortfall", n, (step.country, e, o, step.step), tonnes)
        left = values("delivered", step.country, e, o, n) + step.short - tonnes
        values.put("delivered", n, (step.country, e, o), left)
