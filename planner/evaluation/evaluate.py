"""A plan in scenarios that it was not made for: given ones, or samples of a register; and the same without a plan."""

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
from planner.results.plan import Plan, Status, no_plan
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
    """The risk of a plan in scenarios that it was not made for: decisions fixed, operations by a policy; and without a plan.

    Parameters
    ----------
    plan
        A plan whose decisions are the same in all histories, or answer storylines alone (`staged`).
    register
        A case from whose hazards the scenarios are drawn; of one without hazards its scenarios as they are. Left
        out: the plan's own.
    draws, samples
        Scenarios in all, and in how many samples, with the seeds seed + 1, seed + 2, ..: of each half by
        probability and half evenly over its storylines, weighed by probability.
    seed
        The same one draws the same scenarios.
    foreseen
        Also compute the lower bound, as if each scenario were known from its start.
    workers
        Processes; with more than one a script calls this under `if __name__ == "__main__"`. Or those of a scheduler
        (`planner.on_scheduler`).
    gap
        With a register: replications of the optimality gap, how much more the plan costs than the best one in fresh
        samples.
    progress
        Called with each step in words.

    Returns
    -------
    Evaluation
        Losses and risks in MUSD, with 95 % intervals where there are several samples.

    Raises
    ------
    InputError
        For a plan whose decisions differ between histories, for one that keeps rules of its own on operation, and for a
        `gap` without a register.
    InfeasibleError
        For the plan of a case that has none.
    StoppedError
        Where an optimum is not proven.

    Examples
    --------
    >>> found = evaluate(plan, foreseen=False)
    >>> found.plan.policy["risk_musd"].value > 0
    True
    """
    refuse_other(plan, Plan, A_PLAN)
    if not plan.tables:
        raise no_plan(plan, plan.case.name)
    _refuse_own_rules(plan)
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


def _refuse_own_rules(plan: Plan) -> None:
    rules = plan.summary.get("own_rules")
    if rules:
        message = "keeps rules of its own on stock or operation, which would be forgotten where it is operated anew"
        remedy = "evaluate a plan without them, or one whose rules are on what is decided alone"
        raise InputError([Fault("RUN", 0, ", ".join(rules), message, remedy=remedy)])


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The way in which a plan is evaluated."""

    foreseen: bool
    workers: int | Workers
    progress: Progress
    seed: int


@dataclass(frozen=True, kw_only=True)
class _Outcomes:
    """Outcomes of all scenarios under each policy: of a plan, or without one. foreseen: None if not asked for."""

    policy: list[FutureOutcome]
    foreseen: list[FutureOutcome] | None


Compared = tuple[Estimates, Estimates, Estimates]
"""Figures with the plan, without one, and their differences."""


def _in_samples(
    plan: Plan, settings: _Settings, register: Case, *, draws: int, samples: int
) -> Evaluation:
    """The plan in samples of a register, drawn apart; of one without hazards in its scenarios as they are."""
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
    """True where some scenario of the cases is, in effect, none of those of a known case."""
    every = futures_of([own, *cases])
    seen: list[Effects] = []
    for future, number in zip(every.futures, every.sample, strict=True):
        if number == 1:
            seen.append(future.effects)
        elif future.effects not in seen:
            return True
    return False


def _split(futures: Futures, losses: Vector) -> list[Sample]:
    """Losses by sample, with the probabilities that scenarios have in their sample."""
    samples: list[Sample] = []
    for number in np.unique(futures.sample):
        own = futures.sample == number
        samples.append(Sample(losses=losses[own], probabilities=futures.probabilities[own]))
    return samples


def _compared(futures: Futures, carried: Vector, bare: Vector, objective: Objective) -> Compared:
    """Figures of the losses (n, MUSD) with the plan and without."""
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
    """All scenarios carried with the plan and without, and the figures compared. cases: each a sample of scenarios."""
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
    """What is decided in a case without a plan, one path: who is trained for seats that exist, which plants are warm."""
    trains = any(row.seats > 0 for row in bare.lookups.programmes.values())
    if not trains and not any(map(bare.lookups.has_rise, bare.projects)):
        return NO_DECISIONS
    one_path = with_choices(bare, policy={"investment": "committed"})
    plan = solve_case(one_path, baseline=False)
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"without a plan no optimum is proven ({plan.status})")
    return fixed_decisions(plan)


def _by_loss(plan: Plan, settings: _Settings, futures: Futures, own: Futures) -> RiskRange | None:
    """The risk (MUSD) of the policy with every loss per kg at the low and at the high end of its doubt; None without
    one. given: scenarios of the evaluation. own: those that the plan was made for."""
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
    """Outcomes of the scenarios with some decisions. own: scenarios that the plan was made for."""
    with Simulator(case, decisions, settings.workers) as simulator:
        settings.progress(f"{len(futures.futures)} scenarios {words}, policy {POLICY}")
        choice = simulator.trained(own)
        by_policy = simulator.outcomes(choice, futures)
        foreseen = None
        if settings.foreseen:
            settings.progress(
                f"{len(futures.futures)} scenarios {words}, each known from its start"
            )
            foreseen = simulator.outcomes(PolicyChoice(name="foreseen"), futures)
    return _Outcomes(policy=by_policy, foreseen=foreseen)


def _losses(outcomes: Sequence[FutureOutcome]) -> Vector:
    return np.array([outcome.loss for outcome in outcomes])


def _purchases(case: Case, futures: Futures, outcomes: Sequence[FutureOutcome]) -> float:
    """Expected stock purchases, MUSD, discounted as costs are."""
    discount = np.array([case.lookups.cost_discount(year_of(period)) for period in futures.periods])
    paid = np.zeros(len(outcomes))
    for place, outcome in enumerate(outcomes):
        paid[place] = np.sum(outcome.purchases * discount)
    return max(0.0, float(np.sum(paid * futures.weights)))


def _table(futures: Futures, carried: _Outcomes, nothing: _Outcomes) -> pd.DataFrame:
    """A row for each scenario, with its loss in each way."""
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
