"""A plan for more scenarios than one program can hold, and a proof of how far it is from the best.

Every goal is a list of phases (`planner.solving.goals`): a measure is minimised, then held while the next is. For each:

Lower bound. A master program (`master`) that knows less of each loss and cost than is true, and more
after each round: its optimum is at most the true one.

Upper bound. Keep what the master decides and does along the reference; let each scenario operate as well as it can from
where it leaves the reference (`subproblem`). That is a plan of the whole case. The duals of these operations
are the cuts of the next round.

Branches are asked for the losses that the master wants: at its optimum while the lower bound rises, else by turns at a
mean of its optima and at the last one, which may be an extreme plan where it knows little; their mean is not. The best
plan is the best mean of all plans found; a mean of plans is a plan, the program being convex.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.data.odds import odds_of
from planner.decomposition.master import Master
from planner.decomposition.subproblem import BranchResult, Question
from planner.decomposition.worker_pool import WorkerPool
from planner.formulation.linear_expressions import Relation, Term, quicksum
from planner.formulation.odds import mean_and_tail, risk_under_worst_odds, with_room
from planner.results.losses import weighed, weights_in_risk
from planner.solving.goals import RISK_AT_COST, Phase, Progress, held, phases_of
from planner.solving.highs import TOLERANCE, Solver
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Bounds, Solution, Stop
from planner.solving.whole_plants import RISK_GAP, relative_gap

RISES = 0.3
"""Share of the distance of the bounds by which the lower one must have risen for the next step to be like the last."""
MOST_IDLE = 3
"""Rounds without a cut after which nothing more will come: one at a mean of optima, one at the last optimum, one with
the losses found there, which matter where several scenarios share a branch."""
BEYOND = 1e-8
"""Part of 1 + a limit by which a plan may be beyond it."""
MOST_PLANS = 30
"""Plans of which means are made, the latest."""
MOST_IMPOSSIBLE = 500
"""Points in all at which some branch may lack something, before the search is given up."""
MOST_ROUNDS = 100
"""Rounds of a phase at the most."""
STEP = 0.25
"""Part of the gap that is asked for of a step towards whole plants."""
HELD = ", plants held"
REACH = Phase("risk", called="reach")
"""Less and less risk until the limit of goal `target` is reached."""


@dataclass(frozen=True)
class Round:
    """Bounds (MUSD) of the least value of a phase after a round."""

    phase: str
    lower: float
    upper: float


@dataclass(frozen=True)
class Candidate:
    """A plan: the master's columns; the loss of each scenario and the operating cost of each branch; cost, expected
    loss and risk (MUSD)."""

    x: Vector
    losses: Mapping[str, float]
    costs: Mapping[str, float]
    cost: float
    expected_loss: float
    risk: float

    def value(self, measure: str) -> float:
        """`risk`, `cost`, `expected_loss` or `welfare`, which is cost + risk."""
        return self.cost + self.risk if measure == "welfare" else float(getattr(self, measure))


@dataclass
class Search:
    """Rounds of master and branches, phase by phase.

    seconds: for each phase. stop: why it ended. sought: the phase that goes on. By phase, optima: the last of the
    master, with so many cuts; upper: value of the best plan found. limits: of measures held. impossible: points at which
    some branch lacked something."""

    case: Case
    master: Master
    pool: WorkerPool
    say: Progress
    seconds: float = math.inf
    most: int = MOST_ROUNDS
    part: float = 1.0
    rounds: list[Round] = field(default_factory=list)
    stop: Stop = Stop.OPTIMAL
    sought: str = ""
    best: Candidate | None = None
    latest: Candidate | None = None
    plans: list[Candidate] = field(default_factory=list)
    optima: dict[str, Solution] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    upper: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    impossible: int = 0

    def run(self) -> None:
        """All phases of the goal; `best` is the plan, if there is one."""
        objective = self.case.model.objective
        if objective.risk_limit is not None:
            self.best = self._least(REACH, enough=objective.risk_limit)
            if (
                self.best is None
                or self.best.risk > objective.risk_limit * (1 + TOLERANCE) + TOLERANCE
            ):
                out_of_reach = self.master.lower.get(REACH.name, 0.0) > objective.risk_limit
                if self.stop is Stop.OPTIMAL:
                    self.stop = Stop.INFEASIBLE if out_of_reach else Stop.UNPROVEN
                self.best = None
                return
            self._hold("risk", objective.risk_limit)
        before: Phase | None = None
        for phase in phases_of(objective):
            if (
                before is not None and phase is RISK_AT_COST
            ):  # the others are minimised for their prices too
                self.master.learn(before, phase)
            before, self.best = phase, self._least(phase)
            if self.best is None or self.stop is not Stop.OPTIMAL:
                return
            # By what the solver tolerates a plan may be better than any can be, and the master would have none as good.
            least = max(self.best.value(phase.column), self.master.lower[phase.name])
            self._hold(phase.column, held(least, phase.slack))

    def target(self, phase: Phase) -> float:
        """The gap at which a phase stops; a part of it where plants of any size are a step to whole ones."""
        gap, whole = self.case.model.objective.gap, self.case.model.policy.whole_plants
        return self.part * (
            gap if whole and phase.column in ("cost", "welfare") else min(gap, RISK_GAP)
        )

    def _least(self, phase: Phase, enough: float = -math.inf) -> Candidate | None:
        """The best plan found of a phase, with whole plants where they must be."""
        self.sought = phase.name
        if not self.master.whole:
            return self.minimise(phase, enough)
        target, self.part = self.target(phase), STEP
        best = self._least_whole(phase, target, enough)
        self.part = 1.0
        if best is not None and phase.column != "risk":
            self.master.hold(self.master.counts(best.x))
        return best

    def _least_whole(self, phase: Phase, target: float, enough: float) -> Candidate | None:
        """First plants of any size, for the cuts; then those of the master, and the best plan with each.

        What is held of the plants in a step is let go after it, so that every cut and bound holds for all plans.
        """
        best, before = None, self.best
        any_size = self.minimise(phase)
        self.upper.pop(phase.name, None)  # of plants of any size
        if any_size is None or self._has_stopped():
            return None
        counts, tried = None if before is None else self.master.counts(before.x), set[bytes]()
        while True:
            if counts is None:
                found = self.master.search(phase, target * STEP)
                if not len(found.x):
                    self.stop = found.stop if best is None else self.stop
                    return best
                counts = self.master.counts(found.x)
            cuts, again = len(self.master.cuts), counts.tobytes() in tried
            tried.add(counts.tobytes())
            self.master.hold(counts)
            other = self._with_plants(phase, before)
            self.master.hold(None)
            if other is not None and (
                best is None or other.value(phase.column) < best.value(phase.column)
            ):
                best, held = other, phase.name + HELD
                self.optima[phase.name], self.cuts[phase.name] = self.optima[held], self.cuts[held]
                self.upper[phase.name] = best.value(phase.column)
            if self._has_stopped() or (again and len(self.master.cuts) == cuts):
                return best
            if best is not None and self._are_near(phase, best.value(phase.column), enough, target):
                return best
            counts = None

    def _has_stopped(self) -> bool:
        return self.stop is not Stop.OPTIMAL

    def _with_plants(self, phase: Phase, before: Candidate | None) -> Candidate | None:
        """The best plan with the plants that are held; None if none is within the limits."""
        held, limits = Phase(phase.column, called=phase.name + HELD), self.limits
        for name in (held.name, REACH.name + HELD):
            self.master.lower.pop(name, None)
        self.best = None
        if limits and before is not None and self.master.holds(before.x):
            self.best = before
        elif limits:
            self.limits = {}
            self.best = self.minimise(
                Phase("risk", called=REACH.name + HELD), enough=limits["risk"]
            )
            self.limits = limits
            if self.best is None or not self._keeps(self.best):
                self.stop = Stop.OPTIMAL if self.stop is Stop.INFEASIBLE else self.stop
                return None
        return self.minimise(held)

    def bounds(self, name: str) -> tuple[float, float]:
        """What is proven of the least value of a phase, and its value in the plan found."""
        return min(self.master.lower.get(name, 0.0), self.upper[name]), self.upper[name]

    def known(self) -> str:
        """The bounds of the phase that goes on; '' while it has none."""
        return str(Bounds(*self.bounds(self.sought))) if self.sought in self.upper else ""

    def _hold(self, column: str, upper: float) -> None:
        self.limits[column] = min(upper, self.limits.get(column, math.inf))
        self.master.limit(column, self.limits[column])

    def minimise(self, phase: Phase, enough: float = -math.inf) -> Candidate | None:
        """The best plan found within the limits; `enough`: no better one is wanted. None if there is none."""
        best, step, started = self.best, StepRule(), perf_counter()
        afresh = best is not None
        while not self._proven(phase, best, enough):
            found = self.master.minimise(phase)
            if found.stop is not Stop.OPTIMAL:
                self.stop = found.stop
                return best
            self.optima[phase.name], self.cuts[phase.name] = found, len(self.master.cuts)
            if self._proven(phase, best, enough):
                return best
            if (
                best is not None and afresh
            ):  # what the new measure asks of the branches of the plan that there is
                x, losses, costs = best.x, best.losses, best.costs
            else:
                x = step.next(found.x)
                losses, costs = self.master.losses(x), self.master.costs(x)
            afresh = False
            question = self._question(phase, losses, costs, step.idle > 0)
            results = self.pool.results(self.master.links(x), question)
            if not all(one.feasible for one in results):
                if self._is_out_of_reach(results, x):
                    return best
                continue
            best = self._with(phase, best, self.point(x, results))
            if self._enough(phase, enough):
                return best
            if step.stuck(
                self.master.lower[phase.name], self.upper[phase.name], self.master.add(results, x)
            ):
                return best
            if perf_counter() - started > self.seconds:
                self.stop = Stop.TIME_LIMIT
                return best
        return best

    def _is_out_of_reach(self, results: Sequence[BranchResult], x: Vector) -> bool:
        """Have the master leave out a point at which some branch lacks something; whether it does not get away."""
        cuts = self.master.add(results, x)
        self.impossible += 1
        if not cuts or self.impossible > MOST_IMPOSSIBLE:
            self.stop = Stop.UNPROVEN
        return self.stop is Stop.UNPROVEN

    def _proven(self, phase: Phase, best: Candidate | None, enough: float) -> bool:
        """Whether what is known is enough already."""
        if best is None or phase.name not in self.master.lower:
            return False
        if not self._are_near(phase, best.value(phase.column), enough, self.target(phase)):
            return False
        self.upper[phase.name] = best.value(phase.column)
        return self._enough(phase, enough)

    def _are_near(self, phase: Phase, upper: float, enough: float, target: float) -> bool:
        """Whether the bounds are as near as asked, and on one side of what is to be reached, if something is."""
        lower = min(self.master.lower[phase.name], upper)
        apart = relative_gap(upper, lower)
        return (
            upper <= enough
            or apart <= min(target, TOLERANCE)
            or (apart <= target and not lower <= enough)
        )

    def last_question(self, best: Candidate) -> Question:
        """Least loss of every scenario with no more cost of any branch and no more loss of any scenario."""
        weights = self.weights(best)
        every = {w: weights[w] + chance for w, chance in self.case.scenarios.items()}
        # What weighs nothing is to be short of nothing for no reason either.
        least = min(weight for weight in every.values() if weight > 0)
        every = {w: max(weight, least) for w, weight in every.items()}
        return Question(every, losses=best.losses, costs=best.costs)

    def _question(
        self, phase: Phase, losses: Mapping[str, float], costs: Mapping[str, float], idle: bool
    ) -> Question:
        """losses, costs: as they are wanted. idle: no cut came of weights alone."""
        limits = costs if not self.limits.keys().isdisjoint({"cost", "welfare"}) else None
        weights = (
            self.case.scenarios if phase.column == "expected_loss" else self.weights(self.latest)
        )
        wanted = (
            losses if self.limits or idle or phase.column in ("cost", "expected_loss") else None
        )
        return Question(weights, phase.column in ("cost", "welfare"), wanted, limits)

    def weights(self, plan: Candidate | None) -> Mapping[str, float]:
        """What the loss of each scenario weighs in the risk of a plan; its probability if there is none yet."""
        if plan is None:
            return self.case.scenarios
        return weights_in_risk(self.case, plan.losses)

    def point(self, x: Vector, results: Sequence[BranchResult]) -> Candidate:
        """The plan of a point and of how the branches fare there."""
        losses, costs = self.master.losses(x), {one.branch: one.cost for one in results}
        for one in results:
            losses |= one.losses
        return self._candidate(x, losses, costs, self.master.shared_cost(x) + sum(costs.values()))

    def _candidate(
        self, x: Vector, losses: Mapping[str, float], costs: Mapping[str, float], cost: float
    ) -> Candidate:
        risk = weighed(self.case, losses)
        return Candidate(x, losses, costs, cost, risk.expected, risk.risk)

    def _keeps(self, point: Candidate) -> bool:
        return all(
            point.value(name) <= limit + BEYOND * (1 + limit) for name, limit in self.limits.items()
        )

    def _with(self, phase: Phase, best: Candidate | None, point: Candidate) -> Candidate:
        """The best mean of the plans so far and a new one; the new one where none is within the limits."""
        self.latest = point
        self.plans = [*self.plans[-MOST_PLANS:], point]
        known = [
            one
            for one in (*self.plans, *([best] if best is not None else []))
            if self.master.allows(one.x)
        ]
        limits = {name: limit + BEYOND / 2 * (1 + limit) for name, limit in self.limits.items()}
        shares = best_mixture(self.case, known, phase.column, limits)
        if shares is not None:
            mean = self._mean(known, shares)
            if self._keeps(mean) and (
                best is None or mean.value(phase.column) < best.value(phase.column)
            ):
                best = mean
        best = point if best is None else best
        self.upper[phase.name] = best.value(phase.column)
        return best

    def _mean(self, plans: Sequence[Candidate], shares: Vector) -> Candidate:
        """A mean of plans, which is a plan: no loss of it, and not its cost, is more than the mean of theirs."""
        used = [
            (share, one) for share, one in zip(shares.tolist(), plans, strict=True) if share > 0
        ]
        first = used[0][1]
        return self._candidate(
            np.asarray(sum(share * one.x for share, one in used)),
            {w: sum(share * one.losses[w] for share, one in used) for w in first.losses},
            {b: sum(share * one.costs[b] for share, one in used) for b in first.costs},
            sum(share * one.cost for share, one in used),
        )

    def _enough(self, phase: Phase, enough: float) -> bool:
        lower, upper = self.bounds(phase.name)
        self.rounds.append(Round(phase.name, self.master.lower[phase.name], upper))
        count, apart = (
            sum(one.phase == phase.name for one in self.rounds),
            relative_gap(upper, lower),
        )
        measure = phase.column.replace("_", " ")
        self.say(
            f"round {count}: least {measure} between {lower:,.1f} and {upper:,.1f} MUSD, {100 * apart:.2g} % apart"
        )
        return self._are_near(phase, upper, enough, self.target(phase)) or count == self.most


def best_mixture(
    case: Case, plans: Sequence[Candidate], column: str, limits: Mapping[str, float]
) -> Vector | None:
    """Shares of plans (k) whose mean is least in a measure within limits of others; None if no mean is.

    column, keys of limits: `risk`, `cost`, `expected_loss` or `welfare`, which is cost + risk (MUSD).
    """
    program = _Mixture(case, plans).program(column, limits)
    found = Solver(program).minimise_sum(program.goal, ("dual", "ipm"), column)
    if found.stop is not Stop.OPTIMAL:
        return None
    shares = np.maximum(found.x[: len(plans)], 0.0)
    return np.asarray(shares / np.sum(shares))


class _Mixture:
    """The linear program of a mean of plans: how much of each, and the risk of the mean of their losses."""

    def __init__(self, case: Case, plans: Sequence[Candidate]) -> None:
        self._case = case
        self._columns: list[Key] = []
        self._rows: list[tuple[Key, Relation]] = []
        self._shares = [self._variable("share", i) for i in range(len(plans))]
        self._add("whole", quicksum(self._shares) == 1.0)
        losses = {w: self._mean([one.losses[w] for one in plans]) for w in case.scenarios}
        expected = quicksum(chance * losses[w] for w, chance in case.scenarios.items())
        cost = self._mean([one.cost for one in plans])
        risk = self._risk(losses, expected)
        for name, measure in (
            ("expected_loss", expected),
            ("cost", cost),
            ("risk", risk),
            ("welfare", cost + risk),
        ):
            self._add(name, self._variable(name, None) - measure == 0.0)

    def program(self, column: str, limits: Mapping[str, float]) -> Program:
        """The program that minimises a measure within limits of others (MUSD)."""
        width = len(self._columns)
        goal, upper = np.zeros(width), np.full(width, np.inf)
        goal[self._columns.index((column, None))] = 1.0
        for name, most in limits.items():
            upper[self._columns.index((name, None))] = most
        terms = [relation.body.terms for _, relation in self._rows]
        row = np.repeat(np.arange(len(terms)), [len(one) for one in terms])
        place = [j for one in terms for j in one]
        value = [factor for one in terms for factor in one.values()]
        low = [-np.inf if one.lower is None else one.lower for _, one in self._rows]
        high = [np.inf if one.upper is None else one.upper for _, one in self._rows]
        return Program(
            matrix=csr_array((value, (row, place)), shape=(len(terms), width)),
            row_lower=np.array(low, dtype=float),
            row_upper=np.array(high, dtype=float),
            lower=np.zeros(width),
            upper=upper,
            columns=tuple(self._columns),
            rows=tuple(key for key, _ in self._rows),
            goal=goal,
        )

    def _mean(self, amounts: Sequence[float]) -> Any:
        """What plans have of something, weighted by their shares."""
        return quicksum(amount * share for amount, share in zip(amounts, self._shares, strict=True))

    def _risk(self, losses: Mapping[str, Any], expected: Any) -> Any:
        """Risk of the mean of losses, by the odds of the objective."""
        objective, chances = self._case.model.objective, self._case.scenarios
        quantile = self._variable("value_at_risk", None)
        excess = {w: self._variable("excess", w) for w in losses}
        for w, loss in losses.items():
            self._add(f"excess of {w}", excess[w] - loss + quantile >= 0.0)
        if objective.odds == "given":
            tail = quicksum(chances[w] / (1 - objective.tail) * excess[w] for w in losses)
            mean = (1 - objective.risk_aversion) * expected
            return mean + objective.risk_aversion * (quantile + tail)
        odds = odds_of(self._case)
        of_all = SimpleNamespace(
            value_at_risk=quantile,
            odds_level=self._variable("odds_level", None),
            risk_of_storyline={name: self._variable("risk_of_storyline", name) for name in odds},
            odds_excess={name: self._variable("odds_excess", name) for name in with_room(odds)},
        )
        for name, one in odds.items():
            own = mean_and_tail(objective, one.shares, losses, excess)
            self._add(f"risk of {name}", of_all.risk_of_storyline[name] - own == 0.0)
        for name, above in of_all.odds_excess.items():
            level = of_all.risk_of_storyline[name] - of_all.odds_level
            self._add(f"odds of {name}", above - level >= 0.0)
        return risk_under_worst_odds(of_all, odds, objective.risk_aversion)

    def _variable(self, name: str, index: Any) -> Term:
        self._columns.append((name, index))
        return Term(len(self._columns) - 1)

    def _add(self, name: str, relation: Relation) -> None:
        self._rows.append(((name, None), relation))


@dataclass
class StepRule:
    """Where the next round looks: at the master's optimum while the lower bound rises; else by turns at a mean of its
    optima, the latest weighing most, and at the last one."""

    at_centre: bool = False
    lower: float = 0.0
    upper: float = float("inf")
    idle: int = 0
    centre: Vector | None = None

    def next(self, x: Vector) -> Vector:
        """The point to look at, x being the master's optimum."""
        self.centre = x if self.centre is None else (self.centre + x) / 2
        return self.centre if self.at_centre else x

    def stuck(self, lower: float, upper: float, cuts: int) -> bool:
        """Take note of the bounds and cuts of a round; whether nothing more will come."""
        rises = lower - self.lower > RISES * (self.upper - self.lower)
        self.idle = 0 if cuts else self.idle + 1
        self.at_centre = not (rises or self.at_centre or self.idle)
        self.lower, self.upper = lower, upper
        return self.idle == MOST_IDLE
