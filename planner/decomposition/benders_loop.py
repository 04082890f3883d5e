"""Benders decomposition over scenarios: a plan with lower and upper bounds.

Each goal is a list of phases (`planner.solving.goals`). Every phase takes rounds of:

Lower bound. The master program (`master`) underestimates losses and costs, less so after each cut.

Upper bound. The subproblems (`subproblem`) operate each scenario from where it leaves the reference, with the decisions
of the master. That is a plan of the whole case. The duals give the cuts of the next round.

The next point is the optimum of the master while the lower bound rises, else by turns a mean of its optima. The best
plan is the best mean of all plans: the program is convex.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.odds import odds_of
from planner.decomposition.master import Master
from planner.decomposition.subproblem import BranchQuestion, BranchResult
from planner.decomposition.worker_pool import WorkerPool
from planner.formulation.linear_expressions import quicksum
from planner.formulation.odds import risk_of_scenarios, rows_of_storylines, with_room
from planner.results.losses import weighed, weights_in_risk
from planner.solving.goals import Phase, Progress, limit_of, phases_of
from planner.solving.highs import TOLERANCE, Solver
from planner.solving.program import Program, Vector
from planner.solving.small_programs import SmallProgram
from planner.solving.solution import Bounds, Solution, Stop
from planner.solving.whole_plants import RISK_GAP, relative_gap

RISES = 0.3
"""Rise of the lower bound, as a share of the gap, after which the step rule stays."""
MOST_IDLE = 3
"""Rounds without a cut before a phase ends: at a mean of optima, at the last optimum, and with the losses there."""
BEYOND = 1e-8
"""Relative violation of a limit that a plan may have."""
MOST_PLANS = 30
"""Latest plans in a mean."""
MOST_IMPOSSIBLE = 500
"""Infeasible points before the search gives up."""
MOST_ROUNDS = 100
"""Most rounds of a phase."""
REACH = Phase("risk", called="reach")
"""Phase that searches for the risk limit of goal `target`."""


@dataclass(frozen=True)
class Round:
    """Bounds (MUSD) of the least value of a phase after a round."""

    phase: str
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A plan: columns of the master, losses by scenario, operating costs by branch, and its measures (MUSD)."""

    x: Vector
    losses: Mapping[str, float]
    costs: Mapping[str, float]
    cost: float
    expected_loss: float
    risk: float

    def value(self, measure: str) -> float:
        """A measure: `risk`, `cost`, `expected_loss` or `welfare`, which is cost + risk."""
        return self.cost + self.risk if measure == "welfare" else float(getattr(self, measure))


@dataclass
class Search:
    """Rounds of master and branches, phase by phase.

    seconds: per phase. stop: why the search ended. phase: the current one. optima, cuts, upper: last optimum of the
    master, its number of cuts, and value of the best plan, by phase. limits: of earlier measures. impossible: number of
    infeasible points.
    """

    case: Case
    master: Master
    pool: WorkerPool
    progress: Progress
    seconds: float = math.inf
    most_rounds: int = MOST_ROUNDS
    rounds: list[Round] = field(default_factory=list)
    stop: Stop = Stop.OPTIMAL
    phase: str = ""
    best: Candidate | None = None
    latest: Candidate | None = None
    plans: list[Candidate] = field(default_factory=list)
    optima: dict[str, Solution] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    upper: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    impossible: int = 0

    def run(self) -> None:
        """Run all phases of the goal; `best` is then the plan, if there is one."""
        self._run_phases()
        if self.best is None and not self._has_stopped():
            self.stop = Stop.UNPROVEN

    def _run_phases(self) -> None:
        objective = self.case.model.objective
        if objective.limit is not None and not self._reach(objective.limit):
            self.best = None
            return
        for phase in phases_of(objective):
            self.best = self.minimise(phase)
            if self.best is None or self._has_stopped():
                return
            # By what the solver tolerates a plan may be better than any can be, and the master would have none as good.
            least = max(self.best.value(phase.column), self.master.lower[phase.name])
            self._hold(phase.column, limit_of(least, phase.slack))

    def _reach(self, limit: float) -> bool:
        """Search for a plan within the risk limit (MUSD), and limit the risk if there is one."""
        self.best = self.minimise(REACH, enough=limit)
        if self.best is not None and self.best.risk <= limit * (1 + TOLERANCE) + TOLERANCE:
            self._hold("risk", limit)
            return True
        if not self._has_stopped():
            out_of_reach = self.master.lower.get(REACH.name, 0.0) > limit
            self.stop = Stop.INFEASIBLE if out_of_reach else Stop.UNPROVEN
        return False

    @property
    def target(self) -> float:
        """The relative gap at which a phase stops."""
        return min(self.case.model.objective.gap, RISK_GAP)

    def _has_stopped(self) -> bool:
        return self.stop is not Stop.OPTIMAL

    def bounds(self, name: str) -> tuple[float, float]:
        """Proven lower bound and value of the best plan (MUSD) of a phase. Raises KeyError before there is a plan."""
        upper = self.upper[name]
        return min(self.master.lower.get(name, 0.0), upper), upper

    def bounds_in_words(self) -> str:
        """Bounds of the current phase in words; '' without any."""
        return str(Bounds(*self.bounds(self.phase))) if self.phase in self.upper else ""

    def _hold(self, column: str, upper: float) -> None:
        self.limits[column] = min(upper, self.limits.get(column, math.inf))
        self.master.limit(column, self.limits[column])

    def minimise(self, phase: Phase, enough: float = -math.inf) -> Candidate | None:
        """Best plan of a phase within the limits; None without any. enough: value (MUSD) at which the search stops."""
        self.phase = phase.name
        best = self.best
        step = StepRule()
        started = perf_counter()
        # The first question of a phase is about the plan of the one before.
        plan = best
        while not self._proven(phase, best, enough):
            optimum = self.master.minimise(phase)
            if optimum.stop is not Stop.OPTIMAL:
                self.stop = optimum.stop
                return best
            self.optima[phase.name] = optimum
            self.cuts[phase.name] = len(self.master.cuts)
            if self._proven(phase, best, enough):
                return best
            x = step.next(optimum.x) if plan is None else plan.x
            results = self._ask(phase, x, plan, step.idle > 0)
            plan = None
            lacking = [one for one in results if not one.feasible]
            if lacking:
                if self._is_out_of_reach(step, results, x) or self._is_time_up(started):
                    return best
                continue
            best = self._with(phase, best, self.point(x, results))
            if self._enough(phase, enough):
                return best
            cuts = self.master.add(results, x)
            if step.stuck(self.master.lower[phase.name], self.upper[phase.name], cuts):
                return best
            if self._is_time_up(started):
                return best
        return best

    def _is_time_up(self, started: float) -> bool:
        """Check the time limit of a phase, and set `stop`."""
        if perf_counter() - started > self.seconds:
            self.stop = Stop.TIME_LIMIT
        return self.stop is Stop.TIME_LIMIT

    def _ask(
        self, phase: Phase, x: Vector, plan: Candidate | None, idle: bool
    ) -> list[BranchResult]:
        """Losses, costs and cuts of every branch at x (columns of the master). idle: the rounds before gave no cut."""
        losses = self.master.losses(x) if plan is None else plan.losses
        costs = self.master.costs(x) if plan is None else plan.costs
        question = self._question(phase, losses, costs, idle)
        return self.pool.results(self.master.links(x), question)

    def _is_out_of_reach(self, step: StepRule, results: Sequence[BranchResult], x: Vector) -> bool:
        """Add feasibility cuts at an infeasible point; true if the search gives up."""
        cuts = self.master.add(results, x)
        self.impossible += 1
        if step.stuck(step.lower, step.upper, cuts) or self.impossible > MOST_IMPOSSIBLE:
            self.stop = Stop.UNPROVEN
        return self.stop is Stop.UNPROVEN

    def _proven(self, phase: Phase, best: Candidate | None, enough: float) -> bool:
        """The bounds already prove the best plan; its value is then noted."""
        if best is None or phase.name not in self.master.lower:
            return False
        if not self._are_near(phase, best.value(phase.column), enough):
            return False
        self.upper[phase.name] = best.value(phase.column)
        return self._enough(phase, enough)

    def _are_near(self, phase: Phase, upper: float, enough: float) -> bool:
        """The bounds lie within the relative gap, and on the same side of `enough` (MUSD)."""
        lower = min(self.master.lower[phase.name], upper)
        gap = relative_gap(upper, lower)
        if upper <= enough or gap <= min(self.target, TOLERANCE):
            return True
        return gap <= self.target and not lower <= enough

    def last_question(self, best: Candidate) -> BranchQuestion:
        """The least losses of all scenarios with the costs and losses of a plan as limits."""
        in_risk = self.weights(best)
        weights = {w: in_risk[w] + chance for w, chance in self.case.scenarios.items()}
        # What weighs nothing is to be short of nothing for no reason either.
        positive = [weight for weight in weights.values() if weight > 0]
        least = min(positive)
        for scenario, weight in weights.items():
            weights[scenario] = max(weight, least)
        return BranchQuestion(weights, losses=best.losses, costs=best.costs)

    def _question(
        self, phase: Phase, losses: Mapping[str, float], costs: Mapping[str, float], idle: bool
    ) -> BranchQuestion:
        weights = self.weights(self.latest)
        if phase.column == "expected_loss":
            weights = self.case.scenarios
        by_losses = bool(self.limits) or idle or phase.column in ("cost", "expected_loss")
        cost_is_limited = "cost" in self.limits or "welfare" in self.limits
        return BranchQuestion(
            weights,
            with_cost=phase.column in ("cost", "welfare"),
            losses=losses if by_losses else None,
            costs=costs if cost_is_limited else None,
        )

    def weights(self, plan: Candidate | None) -> Mapping[str, float]:
        """Weight of each scenario's loss in the risk of a plan; its probability without a plan."""
        if plan is None:
            return self.case.scenarios
        return weights_in_risk(self.case, plan.losses)

    def point(self, x: Vector, results: Sequence[BranchResult]) -> Candidate:
        """The plan at x with the results of the branches."""
        losses = self.master.losses(x)
        costs = {}
        for one in results:
            losses |= one.losses
            costs[one.branch] = one.cost
        cost = self.master.shared_cost(x) + sum(costs.values())
        return self._candidate(x, losses, costs, cost)

    def _candidate(
        self, x: Vector, losses: Mapping[str, float], costs: Mapping[str, float], cost: float
    ) -> Candidate:
        measured = weighed(self.case, losses)
        return Candidate(
            x=x,
            losses=losses,
            costs=costs,
            cost=cost,
            expected_loss=measured.expected,
            risk=measured.risk,
        )

    def _keeps(self, point: Candidate) -> bool:
        """A plan meets the limits (MUSD), up to rounding."""
        for name, limit in self.limits.items():
            if point.value(name) > limit + BEYOND * (1 + limit):
                return False
        return True

    def _with(self, phase: Phase, best: Candidate | None, point: Candidate) -> Candidate:
        """The best mean of all plans with a new one; the new one if no mean meets the limits."""
        self.latest = point
        self.plans = [*self.plans[-MOST_PLANS:], point]
        plans = self.plans if best is None else [*self.plans, best]
        limits: dict[str, float] = {}
        for name, limit in self.limits.items():
            limits[name] = limit + BEYOND / 2 * (1 + limit)
        shares = best_mixture(self.case, plans, phase.column, limits)
        if shares is not None:
            mean = self._mean(plans, shares)
            is_better = best is None or mean.value(phase.column) < best.value(phase.column)
            if is_better and self._keeps(mean):
                best = mean
        best = point if best is None else best
        self.upper[phase.name] = best.value(phase.column)
        return best

    def _mean(self, plans: Sequence[Candidate], shares: Vector) -> Candidate:
        """The mean of some plans. Its losses and cost are at most the means of theirs."""
        x = np.zeros(len(plans[0].x))
        losses = dict.fromkeys(plans[0].losses, 0.0)
        costs = dict.fromkeys(plans[0].costs, 0.0)
        cost = 0.0
        for plan, share in zip(plans, shares.tolist(), strict=True):
            if share > 0:
                x += share * plan.x
                cost += share * plan.cost
                for scenario in losses:
                    losses[scenario] += share * plan.losses[scenario]
                for branch in costs:
                    costs[branch] += share * plan.costs[branch]
        return self._candidate(x, losses, costs, cost)

    def _enough(self, phase: Phase, enough: float) -> bool:
        """Record and report a round; true if it is the last."""
        lower, upper = self.bounds(phase.name)
        self.rounds.append(Round(phase.name, self.master.lower[phase.name], upper))
        count = [one.phase for one in self.rounds].count(phase.name)
        measure = phase.column.replace("_", " ")
        between = f"between {lower:,.1f} and {upper:,.1f} MUSD"
        gap = 100 * relative_gap(upper, lower)
        self.progress(f"round {count}: least {measure} {between}, {gap:.2g} % apart")
        return count == self.most_rounds or self._are_near(phase, upper, enough)


def best_mixture(
    case: Case, plans: Sequence[Candidate], column: str, limits: Mapping[str, float]
) -> Vector | None:
    """Shares of plans (k) whose mean has the least of a measure within limits of others (MUSD); None without any."""
    program = _means(case, plans, limits)
    cost = program.unit_cost(program.column[column, None])
    optimum = Solver(program).minimise_sum(cost, ("dual", "ipm"), column)
    if optimum.stop is not Stop.OPTIMAL:
        return None
    shares = np.maximum(optimum.x[: len(plans)], 0.0)
    return np.asarray(shares / np.sum(shares))


def _means(case: Case, plans: Sequence[Candidate], limits: Mapping[str, float]) -> Program:
    """Program of the means of plans: shares, measures (MUSD), and their limits."""
    small = SmallProgram()
    shares = small.variables("share", range(len(plans)))
    small.add("whole", quicksum(shares.values()) == 1.0)

    def mean(amounts: Iterable[float]) -> Any:
        return quicksum(amount * shares[place] for place, amount in enumerate(amounts))

    losses = {w: mean(plan.losses[w] for plan in plans) for w in case.scenarios}
    expected = quicksum(chance * losses[w] for w, chance in case.scenarios.items())
    model = SimpleNamespace(
        value_at_risk=small.variable("value_at_risk"),
        scenario_excess=small.variables("excess", losses),
    )
    for w, loss in losses.items():
        small.add("excess_limit", model.scenario_excess[w] >= loss - model.value_at_risk, w)
    if case.model.objective.odds == "worst":
        odds = odds_of(case)
        model.odds_level = small.variable("odds_level")
        model.risk_of_storyline = small.variables("risk_of_storyline", odds)
        model.odds_excess = small.variables("odds_excess", with_room(odds))
    for name, index, row in rows_of_storylines(model, case, losses):
        small.add(name, row, index)
    cost, risk = mean(plan.cost for plan in plans), risk_of_scenarios(model, case, expected)
    measures = {"expected_loss": expected, "cost": cost, "risk": risk, "welfare": cost + risk}
    for name, measure in measures.items():
        most = limits.get(name, math.inf)
        small.add(name, small.variable(name, upper=most) - measure == 0.0)
    return small.program()


@dataclass
class StepRule:
    """Rule for the point of the next round: the optimum of the master while the lower bound rises, else by turns a mean.

    at_centre: the mean is next. lower, upper: bounds of the last round (MUSD). idle: rounds in a row without a cut.
    """

    at_centre: bool = False
    lower: float = 0.0
    upper: float = float("inf")
    idle: int = 0
    centre: Vector | None = None

    def next(self, x: Vector) -> Vector:
        """The next point, x being the last optimum of the master."""
        self.centre = x if self.centre is None else (self.centre + x) / 2
        return self.centre if self.at_centre else x

    def stuck(self, lower: float, upper: float, cuts: int) -> bool:
        """Record bounds (MUSD) and number of cuts of a round; true if no more cuts will come."""
        rises = lower - self.lower > RISES * (self.upper - self.lower)
        self.idle = 0 if cuts else self.idle + 1
        self.at_centre = not (rises or self.at_centre or self.idle)
        self.lower = lower
        self.upper = upper
        return self.idle == MOST_IDLE
