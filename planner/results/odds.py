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


@dataclass(frozen=True)
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
        self._aversion, self._beyond = objective.risk_aversion, 1.0 - objective.tail
        odds = odds_of(case)
        self._given = np.array([one.probability for one in odds.values()])
        self._low = np.array([one.low for one in odds.values()])
        self._high = np.array([one.high for one in odds.values()])
        self._names = [scenario for one in odds.values() for scenario in one.shares]
        self._share = np.array([share for one in odds.values() for share in one.shares.values()])
        self._storyline = np.repeat(
            np.arange(len(odds)), [len(one.shares) for one in odds.values()]
        )
        self.losses = np.array([losses[name] for name in self._names])

    def worst(self, at: float) -> _Tangent:
        """Where the value at risk is `at`, the odds that give most."""
        return self._tangent(at, 1.0)

    def best(self, at: float) -> _Tangent:
        """Where the value at risk is `at`, the odds that give least."""
        return self._tangent(at, -1.0)

    def _tangent(self, at: float, sign: float) -> _Tangent:
        tail = np.maximum(self.losses - at, 0.0) / self._beyond
        weighted = (1.0 - self._aversion) * self.losses + self._aversion * tail
        by_storyline = self._by_storyline(weighted)
        odds = _shifted(sign * by_storyline, self._given, self._low, self._high)
        above = self._by_storyline(np.where(self.losses > at, 1.0, 0.0))
        value = self._aversion * at + float(odds @ by_storyline)
        slope = self._aversion * (1.0 - float(odds @ above) / self._beyond)
        return _Tangent(at, odds, value, slope)

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
        at = (right.slope * right.at - left.slope * left.at + left.value - right.value) / (
            right.slope - left.slope
        )
        reached = left.value + left.slope * (at - left.at)
        here = weighing.worst(at)
        if here.value <= reached + NEAR * (1.0 + abs(reached)):
            break
        if here.slope < 0.0:
            left = here
        else:
            right = here
    part = right.slope / (right.slope - left.slope)
    return weighing.chances(part * left.odds + (1.0 - part) * right.odds)


def least_risk(case: Case, losses: Mapping[str, float]) -> float:
    """The least risk (MUSD) that losses by scenario have under any odds within the bounds of the case."""
    weighing = _Weighing(case, losses)
    return min(weighing.best(at).value for at in np.unique(weighing.losses).tolist())


def _shifted(worth: Vector, given: Vector, low: Vector, high: Vector) -> Vector:
    """Odds that give most: probability moved, as far as bounds allow, from where it is worth least to where most."""
    odds = given.copy()
    order: NDArray[np.intp] = np.argsort(worth, kind="stable")
    least, most = 0, len(order) - 1
    while least < most and worth[order[least]] < worth[order[most]]:
        giver, taker = order[least], order[most]
        spare, room = odds[giver] - low[giver], high[taker] - odds[taker]
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
