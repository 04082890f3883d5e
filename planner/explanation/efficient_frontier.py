"""The efficient frontier of cost and risk, and the plans on it that have a name.

The least of risk + weight * cost is asked at one weight after the other: a change of the case, in which losses weigh less
by as much. From the core, the plan of least cost plus risk, the weights fall step by step to the least risk, and rise
until as much risk is left as without a plan; where the lines of two answers cross, the curve is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from planner.data.case import Case
from planner.errors import A_CASE, refuse_other
from planner.explanation.commitments import built
from planner.explanation.outcomes import PlanOutcome, outcome_of
from planner.explanation.questions import NOTHING, PLAN, SAME, base_of, pulling
from planner.results.decision import HUNDREDTH, Corner, Frontier, NamedPlan
from planner.results.figures.decided import Build
from planner.results.losses import weighed
from planner.solving.engine import Engine, Question
from planner.solving.frontier import LEAST_RISK, PRECISION, Tangent, breakpoints, trace, weighing
from planner.solving.goals import HOLD_MUSD, Progress, silent

STEP, FIRST, LAST = 1.4, -21, 40
"""Weights looked at are powers of `STEP`, from `FIRST` (1e-3) up to 1 and on, at most to `LAST` (700,000)."""
CHAIN = 8
"""Weights that are solved one after the other, each from the plan of the one before."""
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


def frontier(case: Case, progress: Progress = silent) -> Frontier:
    """The efficient frontier of cost and risk, every plan at which it bends, and its plans that have a name.

    Of the case free of targets that must hold, with plants of any size, as `explain` asks all its questions.

    Parameters
    ----------
    case
        A case.
    progress
        Called with each step in words.

    Returns
    -------
    Frontier
        `table("corners")` has a row for each plan at which the curve bends: `cost`, `risk` (MUSD), and `weight`, by how much
        one more MUSD reduces the risk on the way to it. `table("plans")` has the named plans.

    Raises
    ------
    StoppedError
        If an optimum is not proven.

    Examples
    --------
    >>> frontier(case).table("corners")["cost"].is_monotonic_increasing
    True
    """
    refuse_other(case, Case, A_CASE)
    base = base_of(case)
    engine = Engine(base)
    asked = {PLAN: SAME, NOTHING: Question.of(*pulling(base, ()))}
    answers = engine.ask(asked, outcome_of)
    return frontier_of(engine, answers[PLAN], answers[NOTHING], progress)


def frontier_of(
    engine: Engine, plan: PlanOutcome, nothing: PlanOutcome, progress: Progress
) -> Frontier:
    """The curve from as much risk as no plan leaves to the least, and its named plans. plan, nothing: of the case."""
    case = engine.base
    curve = _Curve(engine, progress)
    least = engine.ask({"least": Question.of(*LEAST_RISK)}, outcome_of)["least"]
    end = _Point.of(least, 1.0)
    known = [Tangent(0.0, -end.risk, -end.cost)]
    known += curve.touches([STEP**power for power in range(FIRST, 1)])
    known += _rising(curve, nothing.risk)
    gap = trace(curve.touches, known, most=inf, precision=COARSE)
    points = [*curve.points.values(), end]
    bends = _corners(_falling(points, end), nothing.risk)
    named = {
        "nothing": _Point.of(nothing, 1.0),
        "core": curve.points[1.0],
        "chosen": _Point.of(plan, 1.0),
        "near": _at_risk(bends, end.risk * (1 + HUNDREDTH) + HOLD_MUSD),
        "least": end,
    }
    return Frontier(
        corners=_weighed(bends),
        plans=[point.named(key, case) for key, point in named.items()],
        gap=gap,
        solves=len(points),
    )


class _Curve:
    """The plans of a case at weights of cost that were asked."""

    def __init__(self, engine: Engine, progress: Progress) -> None:
        self._engine, self._progress = engine, progress
        self.points: dict[float, _Point] = {}

    def touches(self, weights: Sequence[float]) -> list[Tangent]:
        """The curve at some weights in their order: a few near ones are solved one after the other."""
        chains = [weights[first : first + CHAIN] for first in range(0, len(weights), CHAIN)]
        asked = [[Question.of(*weighing(weight)) for weight in chain] for chain in chains]
        for number, answers in self._engine.answered(asked, outcome_of):
            for weight, answer in zip(chains[number], answers, strict=True):
                outcome = answer.get(f"the efficient frontier at {weight:g} times the cost")
                self.points[weight] = _Point.of(outcome, weight)
            self._progress(f"the efficient frontier: {len(self.points)} plans")
        return [self.points[weight].tangent(weight) for weight in weights]


def _rising(curve: _Curve, enough: float) -> Iterator[Tangent]:
    """The curve from the core on, up to the weight at which `enough` risk (MUSD) is left."""
    reached = curve.points[1.0].risk
    for first in range(1, LAST, CHAIN):
        weights = [STEP**power for power in range(first, first + CHAIN)]
        for weight, touch in zip(weights, curve.touches(weights), strict=True):
            if reached >= enough:
                return
            reached = curve.points[weight].risk
            yield touch


def _corners(falling: Sequence[_Point], enough: float) -> list[_Point]:
    """The points at which the curve bends, the cheapest first, from the one that leaves `enough` risk (MUSD) on."""
    places = [(point.cost, point.risk) for point in falling]
    bends = [falling[position] for position in breakpoints(places)]
    for place, point in enumerate(bends):
        if point.risk > enough:
            continue
        before = bends[place - 1]
        if place == 0 or point.risk >= enough * (1 - PRECISION):
            return bends[place:]
        part = (before.risk - enough) / (before.risk - point.risk)
        return [before.toward(point, part), *bends[place:]]
    return bends[-1:]


def _falling(points: Sequence[_Point], end: _Point) -> list[_Point]:
    """The plans up to that of least risk, the cheapest first, each with less risk than the one before; of two that cost
    the same the last."""
    falling: list[_Point] = []
    for point in sorted(points, key=lambda point: (point.cost, point.risk)):
        if point.cost > end.cost or (falling and point.risk >= falling[-1].risk):
            continue
        if falling and point.cost - falling[-1].cost <= PRECISION * (1 + point.cost):
            falling.pop()
        falling.append(point)
    return falling


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
