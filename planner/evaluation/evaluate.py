"""Out-of-sample risk of a plan, and of the case without a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.config import Objective
from planner.data.case import Case, with_choices, with_other_scenarios
from planner.data.shock_effects import Effects, year_of
from planner.errors import A_PLAN, Fault, InputError, StoppedError, refuse_other
from planner.evaluation.decisions import NO_DECISIONS, FixedDecisions, fixed_decisions
from planner.evaluation.intervals import METHOD, Sample, of_pairs, of_samples
from planner.evaluation.optimality_gap import optimality_gap
from planner.evaluation.outcome import FutureOutcome
from planner.evaluation.policies import POLICIES
from planner.evaluation.ranges import ends_of_losses, risk_by_odds
from planner.evaluation.simulator import Futures, PolicyChoice, Simulator, futures_of
from planner.parallel import Workers
from planner.planning import solve_case
from planner.results.evaluation import Estimates, Evaluation, PolicyFigures, RiskRange, RiskRanges
from planner.results.losses import measures_of
from planner.results.plan import Plan, Status, no_plan, refuse_own_rules
from planner.sampling.samples import sample
from planner.solving.goals import Progress, silent
from planner.solving.program import Vector

POLICY = "myopic"


def evaluate(
    plan: Plan,
    *,
    register: Case | None = None,
    draws: int = 720,
    samples: int = 30,
    seed: int = 0,
    foreseen: bool = True,
    workers: int | Workers = 1,
    gap: int | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Return the risk of a plan in other scenarios, and without a plan: decisions fixed, operations by a policy.

    Parameters
    ----------
    plan
        A plan whose decisions are the same in all histories, or answer storylines alone (`staged`).
    register
        A case with hazards, of which samples are drawn; without hazards, its scenarios. Left out: the plan's own
        scenarios.
    draws, samples
        Number of scenarios in all, and of samples, with the seeds seed + 1, seed + 2, .. Half of a sample is drawn by
        probability, half evenly over the storylines, weighted by probability.
    seed
        Equal seeds give equal scenarios.
    foreseen
        Also compute the lower bound, with each scenario foreseen.
    workers
        Processes, or those of a scheduler (`planner.on_scheduler`). With several processes call this under
        `if __name__ == "__main__"`.
    gap
        Replications of the optimality gap: the cost of the plan beyond the optimum in fresh samples of the register.
    progress
        Called with each step in words.

    Returns
    -------
    Evaluation
        Losses and risks in MUSD, with 95 % intervals for several samples.

    Raises
    ------
    InputError
        For a plan whose decisions differ between histories, for a plan with own rules on operation, and for a `gap` without
        a register.
    InfeasibleError
        For an infeasible case.
    StoppedError
        Where an optimum is not proven.

    Examples
    --------
    >>> evaluation = evaluate(plan, foreseen=False)
    >>> evaluation.plan.policy["risk_musd"].value > 0
    True
    """
    refuse_other(plan, Plan, A_PLAN)
    if not plan.tables:
        raise no_plan(plan, plan.case.name)
    refuse_own_rules(plan, "evaluate", fixed=True)
    if gap:
        refuse_own_rules(plan, "the optimality gap")
    settings = _Settings(foreseen=foreseen, workers=workers, progress=progress, seed=seed)
    if register is None:
        if gap:
            message = "needs hazards to draw fresh samples from"
            raise InputError([Fault("gap", 0, str(gap), message, remedy="name a register")])
        return _evaluation(plan, settings, [plan.case], samples=0, out_of_sample=False)
    evaluation = _in_samples(plan, settings, register, draws=draws, samples=samples)
    if not gap:
        return evaluation
    if not register.tables.hazards:
        message = "needs a register with hazards"
        raise InputError([Fault("gap", 0, str(gap), message, remedy="name a case with hazards")])
    fresh = seed + samples + 1
    return replace(evaluation, gap=optimality_gap(plan, register, gap, fresh, progress))


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """Settings of an evaluation."""

    foreseen: bool
    workers: int | Workers
    progress: Progress
    seed: int


@dataclass(frozen=True, kw_only=True)
class _Outcomes:
    """Outcomes of all scenarios under each policy. foreseen: None without a lower bound."""

    policy: list[FutureOutcome]
    foreseen: list[FutureOutcome] | None


Compared = tuple[Estimates, Estimates, Estimates]
"""Figures with the plan, without one, and their differences."""


def _in_samples(
    plan: Plan, settings: _Settings, register: Case, *, draws: int, samples: int
) -> Evaluation:
    if samples < 1:
        raise InputError([Fault("samples", 0, str(samples), "must be at least 1")])
    drawn = [register.tables]
    if register.tables.hazards:
        each = max(1, round(draws / samples))
        settings.progress(f"drawing {samples} samples of {each} scenarios")
        seeds = range(settings.seed + 1, settings.seed + samples + 1)
        drawn = [sample(register, each, seed, even=True).tables for seed in seeds]
    cases: list[Case] = []
    for tables in drawn:
        other = with_other_scenarios(plan.case, tables.scenarios, tables.shocks, tables.draws)
        cases.append(other.checked())
    are_fresh = bool(register.tables.hazards) or are_others(plan.case, cases)
    return _evaluation(plan, settings, cases, samples=len(cases), out_of_sample=are_fresh)


def are_others(own: Case, cases: Sequence[Case]) -> bool:
    """Some scenario of the cases differs in effect from all those of the first case."""
    every = futures_of([own, *cases])
    seen: list[Effects] = []
    for future, number in zip(every.futures, every.sample, strict=True):
        if number == 1:
            seen.append(future.effects)
        elif future.effects not in seen:
            return True
    return False


def _split(futures: Futures, losses: Vector) -> list[Sample]:
    """Losses and probabilities by sample."""
    samples: list[Sample] = []
    for number in np.unique(futures.sample):
        own = futures.sample == number
        samples.append(Sample(losses=losses[own], probabilities=futures.probabilities[own]))
    return samples


def _compared(futures: Futures, carried: Vector, bare: Vector, objective: Objective) -> Compared:
    """Figures with the plan and without, and their differences, from losses (n, MUSD)."""
    ours = _split(futures, carried)
    theirs = _split(futures, bare)
    return (
        of_samples(ours, objective),
        of_samples(theirs, objective),
        of_pairs(theirs, ours, objective),
    )


def _evaluation(
    plan: Plan, settings: _Settings, cases: Sequence[Case], *, samples: int, out_of_sample: bool
) -> Evaluation:
    """Simulate all scenarios with the plan and without. cases: one for each sample."""
    case = plan.case
    futures = futures_of(cases)
    objective = case.model.objective
    own = futures_of([case])
    words = "with the plan"
    carried = _outcomes(
        settings, case, fixed_decisions(plan), futures=futures, own=own, words=words
    )
    settings.progress("what would be decided without a plan")
    bare = case.without_plan()
    words = "without a plan"
    nothing = _outcomes(
        settings, bare, _decided_without(bare), futures=futures, own=own, words=words
    )
    losses = _losses(carried.policy)
    names = [future.name for future in futures.futures]
    by_odds = risk_by_odds(case, cases, dict(zip(names, losses.tolist(), strict=True)))
    by_loss = _by_loss(plan, settings, futures, own)
    policy = _compared(futures, losses, _losses(nothing.policy), objective)
    foreseen: Compared | tuple[None, None, None] = (None, None, None)
    if carried.foreseen is not None and nothing.foreseen is not None:
        foreseen = _compared(
            futures, _losses(carried.foreseen), _losses(nothing.foreseen), objective
        )
    paid = [_purchases(case, futures, ways.policy) for ways in (carried, nothing)]
    with_plan, without, difference = map(PolicyFigures, policy, foreseen, (*paid, 0.0))
    before = plan.summary.get("without_plan", {}).get("risk_musd")
    in_sample = {"plan": float(plan.summary["risk_musd"]), "without_plan": before}
    return Evaluation(
        policy=POLICY,
        how=POLICIES[POLICY],
        out_of_sample=out_of_sample,
        futures=len(futures.futures),
        samples=samples,
        seed=settings.seed,
        method=METHOD,
        plan=with_plan,
        without_plan=without,
        difference=difference,
        in_sample=in_sample,
        ranges=RiskRanges(odds=by_odds, losses=by_loss),
        table=_table(futures, carried, nothing),
    )


def _decided_without(bare: Case) -> FixedDecisions:
    """Decisions without a plan: intake into existing seats, and runs of plants with `rise`."""
    trains = any(row.seats > 0 for row in bare.lookups.programmes.values())
    if not trains and not any(map(bare.lookups.has_rise, bare.projects)):
        return NO_DECISIONS
    one_path = with_choices(bare, policy={"investment": "committed"})
    plan = solve_case(one_path, baseline=False)
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"without a plan no optimum is proven ({plan.status})")
    return fixed_decisions(plan)


def _by_loss(plan: Plan, settings: _Settings, futures: Futures, own: Futures) -> RiskRange | None:
    """Risk (MUSD) with every loss per kg at the low and the high end of its range; None without ranges."""
    ends = ends_of_losses(plan.case)
    if ends is None:
        return None
    risks: list[float] = []
    decisions = fixed_decisions(plan)
    for words, case in zip(("low", "high"), ends, strict=True):
        words_of_end = f"with the plan, losses per kg {words}"
        once = replace(settings, foreseen=False)
        ways = _outcomes(once, case, decisions, futures=futures, own=own, words=words_of_end)
        losses, weights = _losses(ways.policy).tolist(), futures.weights.tolist()
        risks.append(measures_of(losses, weights, case.model.objective).risk)
    return RiskRange(low=risks[0], high=risks[1])


def _outcomes(
    settings: _Settings,
    case: Case,
    decisions: FixedDecisions,
    *,
    futures: Futures,
    own: Futures,
    words: str,
) -> _Outcomes:
    """Outcomes of scenarios with some decisions. own: scenarios of the plan, for the choice of the policy."""
    with Simulator(case, decisions, settings.workers) as simulator:
        settings.progress(f"{len(futures.futures)} scenarios {words}, policy {POLICY}")
        choice = simulator.trained(own)
        by_policy = simulator.outcomes(choice, futures)
        foreseen = None
        if settings.foreseen:
            settings.progress(f"{len(futures.futures)} scenarios {words}, each foreseen")
            foreseen = simulator.outcomes(PolicyChoice(name="foreseen"), futures)
    return _Outcomes(policy=by_policy, foreseen=foreseen)


def _losses(outcomes: Sequence[FutureOutcome]) -> Vector:
    return np.array([outcome.loss for outcome in outcomes])


def _purchases(case: Case, futures: Futures, outcomes: Sequence[FutureOutcome]) -> float:
    """Expected stock purchases (MUSD, discounted)."""
    discount = np.array([case.lookups.cost_discount(year_of(period)) for period in futures.periods])
    paid = np.zeros(len(outcomes))
    for place, outcome in enumerate(outcomes):
        paid[place] = np.sum(outcome.purchases * discount)
    return max(0.0, float(np.sum(paid * futures.weights)))


def _table(futures: Futures, carried: _Outcomes, nothing: _Outcomes) -> pd.DataFrame:
    """One row for each scenario."""
    columns: dict[str, object] = {
        "sample": futures.sample,
        "scenario": [future.name.partition(":")[2] for future in futures.futures],
        "probability": futures.probabilities,
        "loss_musd": _losses(carried.policy),
        "without_plan_loss_musd": _losses(nothing.policy),
    }
    for name, ways in (("foreseen", carried), ("without_plan_foreseen", nothing)):
        if ways.foreseen is not None:
            columns[f"{name}_loss_musd"] = _losses(ways.foreseen)
    return pd.DataFrame(columns)
