"""The risk of given losses under odds that are not known: which odds are worst, and how little it could be.

The risk under odds p is the least over v of v * lambda + sum of p[w] g[w](v), where
g[w](v) = (1 - lambda) Z[w] + lambda max(Z[w] - v, 0) / (1 - alpha). For one v the worst odds move probability from
where g is small to where it is large. What that gives is convex in v, so the worst odds are a mean of those on both
sides of its minimum. The least risk is the least over the odds and over v, which is a loss of some scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.odds import odds_of
from planner.data.scenario_tree import Vector

NEAR = 1e-13
"""Relative distance from its tangents at which the minimum counts as reached."""
MOST_STEPS = 1000
Chances = dict[str, float]
"""Scenario -> probability."""


@dataclass(frozen=True, kw_only=True)
class _Tangent:
    """At a value at risk: the worst odds by storyline, what they give (MUSD), and the slope."""

    at: float
    odds: Vector
    value: float
    slope: float


class _Weighing:
    """Losses of the scenarios of a case, and what each storyline's probability may be. Vectors are by scenario or by
    storyline."""

    def __init__(self, case: Case, losses: Mapping[str, float]) -> None:
        objective = case.model.objective
        self._aversion = objective.risk_aversion
        self._beyond = 1.0 - objective.tail
        storylines = list(odds_of(case).values())
        self._given = np.array([storyline.probability for storyline in storylines])
        self._low = np.array([storyline.low for storyline in storylines])
        self._high = np.array([storyline.high for storyline in storylines])
        self._names: list[str] = []
        shares: list[float] = []
        of_storyline: list[int] = []
        for place, storyline in enumerate(storylines):
            self._names += storyline.shares
            shares += storyline.shares.values()
            of_storyline += [place] * len(storyline.shares)
        self._share = np.array(shares)
        self._storyline = np.array(of_storyline)
        self.losses = np.array([losses[name] for name in self._names])

    def worst(self, at: float) -> _Tangent:
        """The odds that give most where the value at risk is `at`."""
        return self._tangent(at, 1.0)

    def best(self, at: float) -> _Tangent:
        """The odds that give least where the value at risk is `at`."""
        return self._tangent(at, -1.0)

    def _tangent(self, at: float, sign: float) -> _Tangent:
        """The odds that give most (sign 1) or least (sign -1) of the risk at a value at risk, and the slope of that in
        it."""
        tail = np.maximum(self.losses - at, 0.0) / self._beyond
        weighted = (1.0 - self._aversion) * self.losses + self._aversion * tail
        by_storyline = self._by_storyline(weighted)
        odds = _shifted(sign * by_storyline, self._given, self._low, self._high)
        above = self._by_storyline(np.where(self.losses > at, 1.0, 0.0))
        value = self._aversion * at + float(odds @ by_storyline)
        slope = self._aversion * (1.0 - float(odds @ above) / self._beyond)
        return _Tangent(at=at, odds=odds, value=value, slope=slope)

    def _by_storyline(self, amounts: Vector) -> Vector:
        sums = np.bincount(self._storyline, self._share * amounts, minlength=len(self._given))
        return sums.astype(float)

    def chances(self, odds: Vector) -> Chances:
        """Probabilities of the scenarios under odds of the storylines."""
        probabilities = odds[self._storyline] * self._share
        return dict(sorted(zip(self._names, probabilities.tolist(), strict=True)))


def worst_odds(case: Case, losses: Mapping[str, float]) -> Chances:
    """Probabilities within the bounds of the case under which the risk of losses (MUSD by scenario) is largest.

    Where others are as bad, those nearest to the given ones.
    """
    weighing = _Weighing(case, losses)
    left = weighing.worst(float(np.min(weighing.losses)) - 1.0)
    right = weighing.worst(float(np.max(weighing.losses)))
    if left.slope >= 0.0:
        return weighing.chances(left.odds)
    for _ in range(MOST_STEPS):
        if right.slope <= 0.0:
            return weighing.chances(right.odds)
        here = weighing.worst(_meeting(left, right))
        reached = left.value + left.slope * (here.at - left.at)
        if here.value <= reached + NEAR * (1.0 + abs(reached)):
            break
        if here.slope < 0.0:
            left = here
        else:
            right = here
    part = right.slope / (right.slope - left.slope)
    return weighing.chances(part * left.odds + (1.0 - part) * right.odds)


def _meeting(left: _Tangent, right: _Tangent) -> float:
    """The value at risk at which two tangents meet."""
    rise = right.slope * right.at - left.slope * left.at + left.value - right.value
    return rise / (right.slope - left.slope)


def least_risk(case: Case, losses: Mapping[str, float]) -> float:
    """The least risk (MUSD) that losses by scenario have under any odds within the bounds of the case."""
    weighing = _Weighing(case, losses)
    return min(weighing.best(at).value for at in np.unique(weighing.losses).tolist())


def _shifted(worth: Vector, given: Vector, low: Vector, high: Vector) -> Vector:
    """Odds that give most: probability moved, as far as bounds allow, from where it is worth least to where most."""
    odds = given.copy()
    order: NDArray[np.intp] = np.argsort(worth, kind="stable")
    least = 0
    most = len(order) - 1
    while least < most and worth[order[least]] < worth[order[most]]:
        giver = order[least]
        taker = order[most]
        spare = odds[giver] - low[giver]
        room = high[taker] - odds[taker]
        moved = min(spare, room)
        odds[giver] -= moved
        odds[taker] += moved
        if spare <= room:
            odds[giver] = low[giver]
            least += 1
        if room <= spare:
            odds[taker] = high[taker]
            most -= 1
    return odds
