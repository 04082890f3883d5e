"""The efficient frontier of cost and risk, and the plans on it that have a name.

The least of risk + weight * cost is asked at one weight after the other: a change of the case, in which losses weigh less
by as much. From the core, the plan of least cost plus risk, the weight falls step by step to the least risk, and rises
until as much risk is left as without a plan; where the lines of two answers cross, the curve is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from planner.data.case import Case
from planner.data.change import Change, change_of
from planner.explanation.commitments import built
from planner.explanation.outcomes import PlanOutcome, outcome_of
from planner.explanation.questions import pulling
from planner.results.decision import HUNDREDTH, Corner, Frontier, NamedPlan
from planner.results.figures.decided import Build
from planner.results.losses import weighed
from planner.solving.engine import Engine
from planner.solving.frontier import PRECISION, Tangent, breakpoints, trace, weighing
from planner.solving.goals import HOLD_MUSD, Progress

STEP, FIRST, LAST = 1.4, -21, 40
"""Weights looked at are powers of `STEP`, from `FIRST` (1e-3) up to 1 and on, at most to `LAST` (700,000)."""
COARSE = 1e-3
"""Relative distance of the curve from its chords that is near enough for a page."""


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A plan on the curve (MUSD)."""

    cost: float
    risk: float
    losses: Mapping[str, float]
    public: float
    builds: Sequence[Build]

    @classmethod
    def of(cls, answer: PlanOutcome, weight: float) -> _Point:
        """An answer at a weight of cost, by which its losses were divided."""
        return cls(
            cost=answer.cost,
            risk=answer.risk * weight,
            losses={scenario: loss * weight for scenario, loss in answer.losses.items()},
            public=answer.public,
            builds=answer.builds,
        )

    def tangent(self, weight: float) -> Tangent:
        """The point on the curve of least risk + weight * cost, which upside down is convex in the weight."""
        return Tangent(weight, -(self.risk + weight * self.cost), -self.cost)

    def toward(self, other: _Point, part: float) -> _Point:
        """A plan between two: mixed, all of it is."""

        def mixed(one: float, two: float) -> float:
            return one + part * (two - one)

        losses = {w: mixed(loss, other.losses[w]) for w, loss in self.losses.items()}
        own = [replace(build, tpa=build.tpa * (1 - part)) for build in self.builds]
        others = [replace(build, tpa=build.tpa * part) for build in other.builds]
        return _Point(
            cost=mixed(self.cost, other.cost),
            risk=mixed(self.risk, other.risk),
            losses=losses,
            public=mixed(self.public, other.public),
            builds=[*own, *others],
        )

    def named(self, key: str, case: Case) -> NamedPlan:
        """The point as a plan with a name."""
        losses = weighed(case, self.losses)
        return NamedPlan(
            key=key,
            risk=losses.risk,
            expected_loss=losses.expected,
            cvar=losses.cvar,
            cost=self.cost,
            public=self.public,
            builds=built(case, self.builds),
        )


def frontier(
    engine: Engine, plan: PlanOutcome, nothing: PlanOutcome, progress: Progress
) -> Frontier:
    """The curve from as much risk as no plan leaves to the least, and its named plans. plan, nothing: of the case."""
    case = engine.base
    walk = _Walk(engine, progress)
    bends = _corners(walk, nothing.risk)
    near = _at_risk(bends, walk.end.risk * (1 + HUNDREDTH) + HOLD_MUSD)
    named = {
        "nothing": _Point.of(nothing, 1.0),
        "core": walk.core,
        "chosen": _Point.of(plan, 1.0),
        "near": near,
        "least": walk.end,
    }
    return Frontier(
        corners=_weighed(bends),
        plans=[point.named(key, case) for key, point in named.items()],
        gap=walk.gap,
        solves=walk.solves,
    )


class _Walk:
    """The curve of a case, each point solved from the nearest before it. core, end: the plan of least cost plus risk, and
    the cheapest of least risk."""

    def __init__(self, engine: Engine, progress: Progress) -> None:
        self._engine, self._progress = engine, progress
        self._case = engine.base
        self.points: list[_Point] = []
        self.gap = 0.0
        middle = self._touch(1.0)
        self.core = self.points[-1]
        enough = self._asked(pulling(self._case, ()), 1.0).risk
        right = middle
        for power in range(-1, FIRST - 1, -1):
            left = self._touch(STEP**power)
            self._look_between(left, right)
            right = left
        self.end = self._asked(
            [
                change_of("objective.goal", "risk"),
                change_of("objective.risk_limit", None),
                change_of("objective.risk_slack", 0.0),
            ],
            1.0,
        )
        self.points.append(self.end)
        self._look_between(Tangent(0.0, -self.end.risk, -self.end.cost), right)
        left, reached, power = middle, self.core.risk, 0
        while reached < enough and power < LAST:
            power += 1
            right = self._touch(STEP**power)
            reached = self.points[-1].risk
            self._look_between(left, right)
            left = right

    @property
    def solves(self) -> int:
        """Number of programs solved."""
        return len(self.points)

    def _look_between(self, left: Tangent, right: Tangent) -> None:
        """Look at the curve between two touches."""
        gap = trace(self._touches, left, right, most=inf, precision=COARSE)
        self.gap = max(self.gap, gap)

    def _touches(self, weights: Sequence[float]) -> list[Tangent]:
        return [self._touch(weight) for weight in weights]

    def _touch(self, weight: float) -> Tangent:
        self._progress(f"the efficient frontier: plan {len(self.points) + 1}")
        self.points.append(self._asked(weighing(weight), weight))
        return self.points[-1].tangent(weight)

    def _asked(self, changes: Sequence[Change], weight: float) -> _Point:
        """The plan of a changed case, solved from what was solved last."""
        solved = self._engine.solve(changes)
        return _Point.of(outcome_of(solved), weight)


def _corners(walk: _Walk, enough: float) -> list[_Point]:
    """The points at which the curve bends, the cheapest first, from the one that leaves `enough` risk (MUSD) on."""
    falling = list(_falling(walk))
    places = [(point.cost, point.risk) for point in falling]
    bends = [falling[position] for position in breakpoints(places)]
    for place, point in enumerate(bends):
        if point.risk > enough:
            continue
        before = bends[place - 1]
        if place == 0 or point.risk >= enough:
            return bends[place:]
        part = (before.risk - enough) / (before.risk - point.risk)
        return [before.toward(point, part), *bends[place:]]
    return bends[-1:]


def _falling(walk: _Walk) -> Iterator[_Point]:
    """The plans met on the way, the cheapest first, each with less risk than the one before; of two that cost the same
    the last."""
    falling: list[_Point] = []
    for point in sorted(walk.points, key=lambda point: (point.cost, point.risk)):
        if point.cost > walk.end.cost or (falling and point.risk >= falling[-1].risk):
            continue
        if falling and point.cost - falling[-1].cost <= PRECISION * (1 + point.cost):
            falling.pop()
        falling.append(point)
    yield from falling


def _weighed(bends: Sequence[_Point]) -> list[Corner]:
    """The corners with the reduction of risk that a MUSD buys on the way to each; the first has none before it."""
    found = [Corner(None, bends[0].cost, bends[0].risk)]
    for before, after in pairwise(bends):
        weight = (before.risk - after.risk) / (after.cost - before.cost)
        found.append(Corner(weight, after.cost, after.risk))
    return found


def _at_risk(bends: Sequence[_Point], risk: float) -> _Point:
    """The first plan of the curve, a mixture of those at two corners, with a risk (MUSD); the end that is nearest if
    none has it."""
    for before, after in pairwise(bends):
        part = (risk - before.risk) / (after.risk - before.risk)
        if part <= 1.0:
            return before.toward(after, max(part, 0.0))
    return bends[-1]
