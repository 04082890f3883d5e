"""More scenarios than one program can hold: a plan, and a proof of how far it is from the best.

First the least risk, then the least cost of a plan whose risk is within `risk_slack` of the least that was found.

Lower bound. A master program (`master`) that knows less of each loss and cost than is true, and more
after each round: its optimum is at most the true one.

Upper bound. Keep what the master decides and does along the reference; let each scenario operate as well as it can from
where it leaves the reference (`subproblem`). That is a plan of the whole case. The duals of these operations
are the cuts of the next round.

Each round tries the point half way between the best plan so far and the master's optimum: plans for cuts alone swing
from one end to the other (in-out separation: Ben-Ameur and Neto, Acceleration of cutting-plane and column generation
algorithms, Networks 49, 2007). A mean of two plans is a plan, the program being convex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.effects import Effects, effects_by_scenario, periods_of
from planner.decomposition.aggregation import group, risk_weights
from planner.decomposition.master import Master
from planner.decomposition.subproblem import BranchResult
from planner.decomposition.worker_pool import WorkerPool
from planner.errors import Fault, InputError
from planner.host import cores
from planner.parallel import Here, local
from planner.results.losses import weighed
from planner.solving.goals import Progress, silent
from planner.solving.highs import TOLERANCE
from planner.solving.program import Vector

HALF_WAY = 0.5
RISES = 0.1
"""Share of the distance of the bounds by which the lower one must have risen for the next step to be half way."""
MOST_IDLE = 3
"""Rounds without a cut after which nothing more will come: one half way, one at the optimum of the master, one with
the weights of the losses found there, which matter where several scenarios share a branch."""


@dataclass(frozen=True)
class Round:
    """Bounds of the least `measure` (risk or cost, MUSD) after a round, and the cuts that the master had by then."""

    measure: str
    lower: float
    upper: float
    cuts: int


@dataclass(frozen=True)
class Candidate:
    """A plan: the master's columns, the loss of each scenario, their risk, and the cost (MUSD; nan if not known)."""

    x: Vector
    losses: Mapping[str, float]
    risk: float
    cost: float = float("nan")


@dataclass(frozen=True)
class Approximation:
    """Bounds (MUSD) of the least risk and, of the plans whose risk is at most `limit`, of the least cost; the cheapest
    such plan found: its risk and cost, decisions by (variable, index), and losses by scenario.

    alone: scenarios that the master holds.
    """

    risk_lower: float
    risk_upper: float
    limit: float
    cost_lower: float
    risk: float
    cost: float
    decided: Mapping[tuple[str, Any], float]
    losses: Mapping[str, float]
    alone: tuple[str, ...]
    rounds: tuple[Round, ...]

    @property
    def risk_gap(self) -> float:
        """Relative distance of the bounds of the least risk."""
        return distance(self.risk_lower, self.risk_upper)

    @property
    def cost_gap(self) -> float:
        """Relative distance of the bounds of the least cost."""
        return distance(self.cost_lower, self.cost)


def distance(lower: float, upper: float) -> float:
    """(upper - lower) / upper; 0 if there is nothing."""
    return max(0.0, upper - lower) / upper if upper > 0 else 0.0


def approximate(
    case: Case,
    *,
    alone: int = 10,
    gap: float = 0.001,
    rounds: int = 100,
    workers: int | None = None,
    progress: Progress = silent,
) -> Approximation:
    """A plan and bounds, closer each round until they are within `gap`, first of the risk, then of the cost.

    alone: scenarios whose operations the master holds. rounds: at the most, each time. workers: processes that solve,
    one per core if left out; with more than one a script calls this under `if __name__ == "__main__"`. Raises
    InputError where the proof does not hold: investment that answers to what happens, a goal other than risk,
    whole plants, quarters, resale. Raises StoppedError if a part has no proven optimum.
    """
    effects = effects_by_scenario(case)
    _refuse(case, effects)
    grouping = group(case, effects, alone)
    progress(f"{len(case.scenarios)} scenarios: what follows when each shows itself")
    team = Here if (workers or cores()) == 1 else local(workers or cores())
    with WorkerPool(case, grouping.reference, team) as pool:
        progress(f"the plan for {len(grouping.alone)} scenarios and the mean of {len(grouping.rest)}")
        master = Master(case, effects, grouping, pool.names, pool.links)
        search = Search(case, master, pool, gap, rounds, progress)
        safest = search.least_risk()
        limit = safest.risk * (1 + case.model.objective.risk_slack)
        best = search.least_cost(safest, limit)
        return Approximation(
            master.lower["risk"],
            safest.risk,
            limit,
            master.lower["cost"],
            best.risk,
            best.cost,
            master.decided(best.x),
            best.losses,
            grouping.alone,
            tuple(search.rounds),
        )


def close(gap: float) -> str:
    """A relative distance in per cent, however small."""
    return f"{100 * gap:.2g} %"


def _refuse(case: Case, effects: Mapping[str, Effects]) -> None:
    quarters = any(isinstance(period, Quarter) for period in periods_of(case))
    faults = [
        Fault(place, 0, key, told)
        for place, key, told, wrong in (
            ("model", "policy.investment", "must be committed: scenarios must share their decisions",
             case.model.policy.investment != "committed"),
            ("model", "policy.whole_plants", "must be false: a scenario by itself has no whole numbers to share",
             case.model.policy.whole_plants),
            ("model", "objective.goal", "must be risk", case.model.objective.goal != "risk"),
            ("shocks", "start_year", "must begin and end with years: scenarios are taken apart by year", quarters),
            ("resale", "share", "must be 0: what is sold on is no mean of what single scenarios sell on",
             any(one.leaks for one in effects.values())),
        )
        if wrong
    ]  # fmt: skip
    if faults:
        raise InputError(faults)


@dataclass
class Search:
    """Rounds of master and branches."""

    case: Case
    master: Master
    pool: WorkerPool
    gap: float
    most: int
    say: Progress
    rounds: list[Round] = field(default_factory=list)

    def least_risk(self) -> Candidate:
        """The plan of least risk found."""
        best, weights = None, dict(self.case.scenarios)
        step = StepRule()
        while True:
            x = self.master.solve("risk")
            tried = between(best.x, x) if best and step.half_way else x
            results = self.pool.results(self.master.links(tried), weights)
            point = self._point(tried, results)
            weights = risk_weights(self.case.model.objective, self.case.scenarios, point.losses)
            if best is None or point.risk < best.risk:
                best = point
            if self._enough("risk", best.risk):
                return best
            if step.stuck(self.master.lower["risk"], best.risk, self.master.add(results, x)):
                return best

    def least_cost(self, start: Candidate, limit: float) -> Candidate:
        """The cheapest plan found with a risk of at most `limit`, which that of `start` is."""
        self.master.limit_risk(limit)
        best, step = start, StepRule()
        while True:
            x = self.master.solve("cost")
            theirs = {w: self.master.loss(w, x) for w in self.case.scenarios}
            if isnan(best.cost):
                tried, allowed = best.x, dict(best.losses)
            elif step.half_way:
                tried = between(best.x, x)
                allowed = {w: HALF_WAY * best.losses[w] + (1 - HALF_WAY) * loss for w, loss in theirs.items()}
            else:
                tried, allowed = x, theirs
            results = self.pool.results(self.master.links(tried), self.case.scenarios, allowed)
            point = self._point(tried, results)
            if isnan(best.cost):
                best = start = point
            point = self._within(limit, start, point)
            if point.cost < best.cost:
                best = point
            if self._enough("cost", best.cost):
                return best
            if step.stuck(self.master.lower["cost"], best.cost, self.master.add(results, x)):
                return best

    def _point(self, x: Vector, results: Sequence[BranchResult]) -> Candidate:
        losses = {w: self.master.loss(w, x) for w in self.case.scenarios}
        for one in results:
            losses |= one.losses
        cost = self.master.shared_cost(x) + sum(one.cost for one in results)
        return Candidate(x, losses, weighed(self.case, losses).risk, cost)

    def _within(self, limit: float, safe: Candidate, point: Candidate) -> Candidate:
        """The point, or if its risk is above the limit, a mean of it and a safe one, which is a plan within the limit:
        no loss of it, and not its cost, is more than the mean of theirs."""
        if point.risk <= limit * (1 + TOLERANCE):
            return point
        share = max(0.0, limit - safe.risk) / (point.risk - safe.risk)

        def mean(one: float, other: float) -> float:
            return (1 - share) * one + share * other

        losses = {w: mean(loss, point.losses[w]) for w, loss in safe.losses.items()}
        x = np.asarray((1 - share) * safe.x + share * point.x)
        return Candidate(x, losses, weighed(self.case, losses).risk, mean(safe.cost, point.cost))

    def _enough(self, measure: str, upper: float) -> bool:
        lower = self.master.lower[measure]
        self.rounds.append(Round(measure, lower, upper, self.master.cuts))
        count = sum(one.measure == measure for one in self.rounds)
        apart = distance(lower, upper)
        self.say(f"round {count}: least {measure} between {lower:,.1f} and {upper:,.1f} MUSD, {close(apart)} apart")
        return apart <= self.gap or count == self.most


@dataclass
class StepRule:
    """Where the next round looks: half way to the optimum of the master, or at it."""

    half_way: bool = False
    lower: float = 0.0
    upper: float = float("inf")
    idle: int = 0

    def stuck(self, lower: float, upper: float, cuts: int) -> bool:
        """Take note of the bounds and cuts of a round; whether nothing more will come.

        As long as the lower bound rises or the master's own optimum is no better plan, half way is the place to learn;
        then all that is left is to see that the optimum is as good as the master believes.
        """
        rises = lower - self.lower > RISES * (self.upper - self.lower)
        vain = not self.half_way and not upper < self.upper
        self.half_way, self.lower, self.upper = rises or vain, lower, upper
        self.idle = 0 if cuts else self.idle + 1
        return self.idle == MOST_IDLE


def between(one: Vector, other: Vector) -> Vector:
    """A point between two."""
    return np.asarray(HALF_WAY * one + (1 - HALF_WAY) * other)
