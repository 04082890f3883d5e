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

import numpy as np

from planner.formulation.objective import loss_per_tonne
from planner.formulation.variable_trees import OperationNode
from planner.solving.node_values import AtNodes
from planner.thresholds import ROUNDING

DIGITS = 9
"""Decimals to which the cost of a tonne short is the same (MUSD per t)."""
HALVINGS = 60
"""Steps of the search for a share."""

GoodAt = tuple[str, str, str, int]
"""(country, element, form, node)."""


@dataclass(frozen=True, kw_only=True)
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


def spread_shortages(at: AtNodes) -> None:
    """Make the shortages of a solution even where that costs nothing, and what is delivered with them."""
    scope = at.scope
    short: dict[tuple[str, str], set[int]] = defaultdict(set)
    for index in at.indices("shortfall"):
        _, element, form, _ = index
        short[element, form].update(np.flatnonzero(at.vector("shortfall", *index)).tolist())
    for (_, element, form), countries in scope.traded.items():
        for node in sorted(short[element, form]):
            if (element, form, node) not in scope.target_places:
                goods = [(country, element, form, node) for country in countries]
                _spread(at, goods)


def _spread(at: AtNodes, goods: Sequence[GoodAt]) -> None:
    """Spread the shortages of a group at a node over those that lose the same by a tonne, from the cheapest on."""
    ends = _all_ends(at, goods)
    for cost in sorted({cost for cost, _ in ends}):
        steps = [step for same, step in ends if same == cost]
        if _share(at, goods[0], steps):
            ends = _all_ends(at, goods)


def _all_ends(at: AtNodes, goods: Sequence[GoodAt]) -> list[tuple[float, _Step]]:
    """Where the shortages of all countries end; see `_ends`."""
    ends: list[tuple[float, _Step]] = []
    for good in goods:
        ends += _ends(at, good)
    return ends


def _ends(at: AtNodes, good: GoodAt) -> list[tuple[float, _Step]]:
    """The step in which a country's shortage ends, and what a tonne in it costs; at the border of two both. Nothing if
    it has no demand."""
    scope = at.scope
    country, element, form, node = good
    demand = scope.demanded.get(good, 0.0)
    ends: list[tuple[float, _Step]] = []
    if demand <= 0.0:
        return ends
    savings = scope.savings_of.get(good, ())
    saved = sum(at.vector("saved", project, element, form)[node] for project in savings)
    below = 0.0
    for number, loss in enumerate(scope.case.lookups.loss_steps((country, element, form))):
        width = loss.width * demand
        tonnes = float(at.vector("shortfall", *good[:3], number)[node])
        if at.vector("shortfall", *good[:3], number + 1)[node] <= ROUNDING:
            place = (country, element, form, OperationNode(node))
            cost = round(loss_per_tonne(scope, *place, number), DIGITS)
            room = tonnes + float(at.vector("delivered", *good[:3])[node])
            most = min(width, room, max(tonnes, demand - saved - below))
            step = _Step(
                country=country, step=number, below=below, short=tonnes, most=most, demand=demand
            )
            ends.append((cost, step))
        if tonnes < width - ROUNDING:
            break
        below += width
    return ends


def _share(at: AtNodes, good: GoodAt, steps: Sequence[_Step]) -> bool:
    """Give each of some countries the same share of demand missing, as far as it can be, with the same sum; true if
    that was asked for at all."""
    _, element, form, node = good
    total = sum(step.short for step in steps)
    if len(steps) < 2 or total <= ROUNDING:
        return False
    share = _share_of(steps, total)
    for step in steps:
        tonnes = step.at(share)
        shortfall = at.vector("shortfall", step.country, element, form, step.step)
        delivered = at.vector("delivered", step.country, element, form)
        left = delivered[node] + step.short - tonnes
        shortfall[node] = tonnes if tonnes > ROUNDING else 0.0
        delivered[node] = left if abs(left) > ROUNDING else 0.0
    return True


def _share_of(steps: Sequence[_Step], total: float) -> float:
    """The least share of demand missing with which so many tonnes are short, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if sum(step.at(middle) for step in steps) < total:
            low = middle
        else:
            high = middle
    return high
