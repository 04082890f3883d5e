"""Why this plan: all counterfactuals of a run, solved, and what follows from them: which lever takes what off the risk,
who must act together, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner.errors import A_PLAN, StoppedError, refuse_other
from planner.evaluation.stock_value import stock_value
from planner.explanation import claims
from planner.explanation.alternatives import alternatives, with_planned
from planner.explanation.bottleneck import links
from planner.explanation.commitments import capital_by_stage
from planner.explanation.counterfactuals import (
    Counterfactual,
    Optimum,
    Reference,
    SolverPool,
    solver_pool,
)
from planner.explanation.decision import frontier
from planner.explanation.frontier_walk import COARSE, Walk
from planner.explanation.levers import alone, key_of, lever_values, steps
from planner.explanation.other_odds import odds_change, other_odds
from planner.explanation.other_rules import RuleQuestion, compared, timing, together
from planner.explanation.rungs import all_but_one, cumulative, ladder, left_out, own_rung
from planner.explanation.target_marginals import target_marginals
from planner.explanation.unsure_inputs import InputEnd, at_ends, influences
from planner.explanation.value_of_information import knowing, knowledge
from planner.planning import solve_case
from planner.results.decision import Decision, Shares
from planner.results.explanation import Explanation
from planner.results.figures.decided import builds
from planner.results.plan import Plan, Status
from planner.solving.frontier import PRECISION
from planner.solving.game import Game
from planner.solving.goals import Progress, silent
from planner.solving.shares import charged

FULL = 100_000
"""Nonzeros of a program up to which everything is asked; of a larger one what the decision page needs."""


def explain(
    plan: Plan,
    name: str = "",
    progress: Progress = silent,
    *,
    thorough: bool = False,
    as_given: bool = False,
    workers: int | None = None,
) -> Explanation:
    """Why a solved plan is as it is: counterfactuals, claims, bottlenecks, information, alternatives.

    name: what the plan is called. progress: called with each step in words.
    thorough: where the program is large, all that is left out else: every unsure input on every claim, what information
    is worth, and what all good plans share. as_given: unsure inputs are as given in every answer.
    Variants are not held to targets that must hold, nor is the plan that they are compared with, which is solved anew.
    workers: how many programs are solved at once (None: as many as help).
    Raises StoppedError where no optimum is proven.

    >>> why = explain(plan, workers=1)
    >>> [verdict.claim for verdict in why.verdicts][:1]
    ['mining']
    """
    refuse_other(plan, Plan, A_PLAN)
    name = name or plan.case.name
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"{name}: holds no proven plan ({plan.status})")
    asked, free = plan, plan.case.without_targets(hard_only=True)
    if free is not plan.case:
        progress("the plan without targets that must hold, to compare with")
        plan = solve_case(free, baseline="without_plan" in plan.summary)
    progress("building the program")
    reference = Reference(plan.case, plan.point)
    if plan.case.model.objective.goal == "target":
        reference.slacken(plan.summary["risk_musd"])
    full = thorough or reference.program.matrix.nnz <= FULL
    questions = _questions(plan, reference, full=full, as_given=as_given)
    with solver_pool(reference, workers, progress) as pool:
        found = _explain(
            plan, name=name, questions=questions, pool=pool, progress=progress, thorough=thorough
        )
    if not asked.case.targets:
        return found
    progress("targets a percentage point stricter")
    stricter = target_marginals(asked)
    return replace(found, marginals=stricter, solves=found.solves + len(stricter))


@dataclass(frozen=True, kw_only=True)
class Questions:
    """All that is asked about a run. full: nothing is left out because the program is large."""

    reference: Reference
    full: bool
    partners: Sequence[RuleQuestion]
    times: Sequence[RuleQuestion]
    ends: Sequence[InputEnd]
    trials: Sequence[claims.AskedAtEnd]
    losses: Mapping[str, float]

    def counterfactuals(self) -> list[Counterfactual]:
        """All that is solved for them, without the last rung of the ladder, which is the run itself."""
        reference = self.reference
        found = [*cumulative(reference)[1:], *all_but_one(reference), *alone(reference)]
        for question in [*self.times, *self.partners]:
            if question.asked is not None:
                found.append(question.asked)
        found += other_odds(reference, self.full)
        found += [end.plan for end in self.ends]
        if self.full:
            found += knowing(reference, self.losses)
        return found + claims.counterfactuals_of(reference, self.trials)


def _questions(plan: Plan, reference: Reference, *, full: bool, as_given: bool) -> Questions:
    """The questions about a plan. full: as `Questions` has it; as_given: no unsure input is tried."""
    return Questions(
        reference=reference,
        full=full,
        partners=together(reference),
        times=timing(reference),
        ends=[] if as_given else at_ends(reference),
        trials=[] if as_given else claims.trials_of(reference, every_pair=full),
        losses=plan.summary["scenario_loss_musd"],
    )


def _explain(
    plan: Plan,
    *,
    name: str,
    questions: Questions,
    pool: SolverPool,
    progress: Progress,
    thorough: bool,
) -> Explanation:
    """Ask all questions of a run and put the answers together, the solver working on the next while one is read."""
    reference, full = questions.reference, questions.full
    case = reference.case
    progress("counterfactuals: levers, partners, time, information, unsure inputs")
    pool.know(_known(plan, reference))
    near = None
    if full:
        near = pool.begin(partial(alternatives, reference, plan.summary["cost_musd"]))
    found = pool(questions.counterfactuals())
    nothing = found[key_of([])]
    decided = pool.begin(partial(_decision, plan, reference, nothing, full=full, thorough=thorough))
    shared = pool.begin(partial(_shares, reference))
    progress("verdicts, the frontier, who pays")
    verdicts = claims.verdicts(reference, questions.trials, pool)
    own = own_rung(plan, reference)
    committed = builds(plan)
    rungs = ladder(case, found, plan.summary.get("without_plan", {}))
    rungs[-1] = replace(rungs[-1], capital=capital_by_stage(case, committed))
    _, solved = reference.best()
    decision = replace(decided.result(), shares=shared.result())
    solves = pool.solved + 1 + decision.frontier.solves
    others = known = None
    if near is not None:
        others = with_planned(near.result(), case, committed)
        solves += 1 + others.solves
        known = knowledge(reference, questions.losses, own.objective, found)
    moved = influences(
        case, objective=own.objective, verdicts=verdicts, ends=questions.ends, found=found
    )
    return Explanation(
        goal=reference.goal,
        run=name,
        own=own,
        ladder=rungs,
        left_out=left_out(case, found, own),
        together=compared(case, questions.partners, found, own),
        timing=compared(case, questions.times, found, own),
        knowledge=known,
        links=links(reference, solved.x, solved.duals),
        marginals=[],
        verdicts=verdicts,
        influences=moved,
        solves=solves,
        alternatives=others,
        decision=decision,
        stock=stock_value(plan),
        odds=odds_change(plan, reference, found, committed),
        values=lever_values(case, reference.objective, found),
    )


def _known(plan: Plan, reference: Reference) -> Optimum:
    """The run itself, as the counterfactual in which all levers are pulled."""
    summary = plan.summary
    return Optimum(
        key=key_of(steps(reference.case)),
        objective=reference.objective,
        risk=summary["risk_musd"],
        cost=summary["cost_musd"],
        losses=summary["scenario_loss_musd"],
        decisions={},
        nodes=(),
    )


def _decision(
    plan: Plan, reference: Reference, nothing: Optimum, *, full: bool, thorough: bool
) -> Decision:
    """The curve of risk and cost to the last corner if thorough."""
    walk = Walk(reference, nothing.risk, PRECISION if thorough else COARSE, quick=not full)
    curve, merit = frontier(walk, plan, nothing)
    return Decision(curve, merit)


def _shares(reference: Reference) -> Shares | None:
    """Who carries what so that nobody leaves; not asked where the allies do not act as one group.

    Shares go by the given odds, without targets, and by plants of any size; the program of the reference serves where
    it does too.
    """
    case = reference.case
    if case.model.policy.coordination != "allied":
        return None
    model = case.model
    if model.policy.whole_plants or model.objective.odds == "worst" or case.target_rows:
        return charged(Game(case), "alone")
    return charged(Game(case, reference.live, reference.best()[0]), "alone")
