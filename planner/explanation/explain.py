"""Why this plan: a list of named questions, asked of one engine, and sums over the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner.data.case import Case
from planner.errors import A_PLAN, refuse_other
from planner.explanation.claims import claims, lever_values
from planner.explanation.commitments import built, expected_tpa
from planner.explanation.doubts import End, doubts_of, ends_of, influences, questions_at, values_at
from planner.explanation.efficient_frontier import frontier_of
from planner.explanation.information import knowledge
from planner.explanation.near_optimal import near_optimal
from planner.explanation.odds import odds_change, other_odds
from planner.explanation.outcomes import OBJECTIVE, PlanOutcome, objectives_of, outcome_of
from planner.explanation.questions import (
    EQUAL_RATES,
    NOTHING,
    PLAN,
    SAME,
    alternative_questions,
    base_of,
    dropping_questions,
    lever_questions,
)
from planner.explanation.target_marginals import target_marginals
from planner.parallel import Workers
from planner.results.explanation import AlternativePlan, Dropping, Explanation
from planner.results.journal import Journal
from planner.results.plan import Plan, Status, no_plan, refuse_own_rules
from planner.solving.engine import Engine, Pace, Question
from planner.solving.goals import HOLD_MUSD, Progress, silent

LINEAR = "linear"
TRIED_FIRST = 4
"""Ends of doubtful figures, about, that say how long the others take."""


def explain(
    plan: Plan,
    name: str = "",
    progress: Progress = silent,
    *,
    more: bool = False,
    doubts: bool = False,
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> Explanation:
    """Why a solved plan is as it is: what else could be done, each lever alone and taken away, each plant dropped.

    All questions are changes of the plan's case, free of targets that must hold and with plants of any size.

    Parameters
    ----------
    plan
        A proven plan.
    name
        What the plan is called.
    progress
        Called with each step in words, and with about how long the rest takes.
    more
        Also what information is worth, what all near-optimal plans share, and the whole efficient frontier.
    doubts
        Also every doubtful figure of the case at both ends of its range.
    workers
        Of `planner.parallel`; this process if left out.
    journal
        Of `planner.results.journal`: has the answers about doubts of a call that was stopped, and gets these.

    Returns
    -------
    Explanation
        Claims with verdicts, alternatives, marginal values (MUSD); `.parts` names what `.table(name)` gives.

    Raises
    ------
    InfeasibleError
        For the plan of a case that has none.
    StoppedError
        Where no optimum is proven.

    Examples
    --------
    >>> why = explain(plan)
    >>> [claim.verdict for claim in why.claims if claim.lever == "stockpile"]
    ['large', 'large']
    """
    refuse_other(plan, Plan, A_PLAN)
    name = name or plan.case.name
    refuse_own_rules(plan, "explain")
    if plan.status is not Status.OPTIMAL:
        raise no_plan(plan, name)
    inquiry = _Inquiry.of(plan, workers, progress)
    ends = list(ends_of(inquiry.case, doubts_of(inquiry.case))) if doubts else []
    at_ends = inquiry.objectives_at(ends, journal)
    found = _explained(inquiry, plan, name, ends, at_ends)
    if more:
        found = _with_more(inquiry, found)
    if plan.case.lookups.targets:
        progress("targets a percentage point stricter")
        stricter = target_marginals(plan)
        found = replace(found, marginals=stricter, solves=found.solves + len(stricter))
    return found


@dataclass(kw_only=True)
class _Inquiry:
    """The engine of the case that a plan is compared with, and what it has answered, by the names of the questions."""

    engine: Engine
    progress: Progress
    alternatives: dict[str, Question]
    droppings: dict[str, Question]
    answers: dict[str, PlanOutcome]

    @classmethod
    def of(cls, plan: Plan, workers: Workers | None, progress: Progress) -> _Inquiry:
        """An inquiry into a plan, with the answers to all that is asked of every plan."""
        engine = _engine_of(plan, workers)
        case = engine.base
        alternatives = alternative_questions(case)
        progress("solving the case as it is")
        own = engine.ask({PLAN: SAME}, outcome_of)
        droppings = dropping_questions(case, own[PLAN].builds)
        questions = alternatives | lever_questions(case) | other_odds(case)
        questions |= {without(project): one for project, one in droppings.items()}
        after = {key: NOTHING for key in questions if key.startswith("alone:")}
        answers = engine.ask(questions, outcome_of, after=after, progress=progress)
        inquiry = cls(
            engine=engine,
            progress=progress,
            alternatives=alternatives,
            droppings=droppings,
            answers=answers,
        )
        inquiry.measure_at_the_rates_of_the_case()
        return inquiry

    @property
    def case(self) -> Case:
        """The case that all questions are changes of."""
        return self.engine.base

    def measure_at_the_rates_of_the_case(self) -> None:
        """Have the plan of equal rates carried out where the rates are as given; not of several paths, of which no
        decision stands for all scenarios."""
        if EQUAL_RATES not in self.alternatives:
            return
        if self.case.model.policy.investment != "committed":
            del self.alternatives[EQUAL_RATES]
            return
        found = self.answers[EQUAL_RATES]
        held = {EQUAL_RATES: Question.of(fixed=found.amounts)}
        measured = self.engine.ask(held, outcome_of)[EQUAL_RATES]
        self.answers[EQUAL_RATES] = replace(measured, public=found.public)

    def objectives_at(self, ends: Sequence[End], journal: Journal | None) -> dict[str, float]:
        """The objective (MUSD) of every question at both ends of doubts. `progress` gets the number of programs first, and
        the time that they take once a few are solved."""
        if not ends:
            return {}
        # An odd number apart, so that low and high ends are among them.
        apart = max(2, len(ends) // TRIED_FIRST) | 1
        first = ends[::apart]
        few, left = self._left_of(first, journal).total(), self._left_of(ends, journal).total()
        told = f"{len(ends)} ends of doubtful figures: {left} programs to solve"
        self.progress(f"{told}; how long that takes is told after {few} of them" if few else told)
        pace = Pace(few)
        found = self._answers_at(first, journal, pace)
        others = [end for end in ends if end not in first]
        rest = self._left_of(others, journal)
        took = self.engine.time_for(rest, pace)
        self.progress(f"{rest.total()} programs to solve, in about {took}")
        return found | self._answers_at(others, journal, pace)

    def _left_of(self, ends: Sequence[End], journal: Journal | None) -> Counter[bool]:
        """How many programs are left to solve at some ends, by kind (`Engine.left_of`)."""
        questions, after = questions_at(ends)
        return self.engine.left_of(questions, OBJECTIVE, journal, after)

    def _answers_at(
        self, ends: Sequence[End], journal: Journal | None, pace: Pace
    ) -> dict[str, float]:
        """Name of each question at some ends -> what it attains (MUSD)."""
        questions, after = questions_at(ends)
        return self.engine.ask(
            questions,
            OBJECTIVE,
            after=after,
            progress=self.progress,
            journal=journal,
            kind=float,
            pace=pace,
        )


def _engine_of(plan: Plan, workers: Workers | None) -> Engine:
    """The engine of the case that a plan is compared with; where that seeks the least risk in place of a target, with as
    much slack as the plan takes, so that all are held to the same measure."""
    case = base_of(plan.case)
    if plan.case.model.objective.goal == "target":
        least = Engine(case).solve().outcome.values["risk"]
        if least > HOLD_MUSD:
            slack = max(0.0, plan.summary["risk_musd"] / least - 1)
            case = case.changed({"objective.risk_slack": slack})
    point = plan.point if case is plan.case else None
    return Engine(case, point=point, workers=workers)


def _explained(
    inquiry: _Inquiry, plan: Plan, name: str, ends: Sequence[End], at_ends: Mapping[str, float]
) -> Explanation:
    """The sums over the answers. at_ends: what the questions at the ends of doubts attain (MUSD)."""
    case, answers = inquiry.case, inquiry.answers
    values = lever_values(case, objectives_of(answers))
    judged = claims(case, values, values_at(case, ends, at_ends))
    return Explanation(
        goal="welfare" if case.model.objective.goal == "welfare" else "risk",
        run=name,
        alternatives=_alternatives(inquiry, plan),
        values=values,
        droppings=_droppings(inquiry),
        claims=judged,
        influences=influences(ends, at_ends, given=values.everything, claims=judged),
        odds=odds_change(case, answers),
        solves=inquiry.engine.solved,
    )


def _with_more(inquiry: _Inquiry, found: Explanation) -> Explanation:
    """The explanation with what is asked on request alone."""
    engine, answers = inquiry.engine, inquiry.answers
    plan = answers[PLAN]
    inquiry.progress("the value of information")
    known = knowledge(engine, plan, inquiry.progress)
    curve = frontier_of(engine, plan, answers[NOTHING], inquiry.progress)
    inquiry.progress("near-optimal plans")
    search = partial(near_optimal, goal=found.goal)
    near = engine.ask({"near": SAME}, search)["near"]
    return replace(
        found,
        knowledge=known,
        frontier=curve,
        near_optimal=near,
        solves=engine.solved + curve.solves + near.solves,
    )


# ---- what the answers say --------------------------------------------------------------------------------------------


def _alternatives(inquiry: _Inquiry, plan: Plan) -> list[AlternativePlan]:
    """The alternatives of the plan in their order; of a plan of whole plants the linear plan is one."""
    answers, nothing = inquiry.answers, inquiry.answers[NOTHING]
    found = []
    for key, question in inquiry.alternatives.items():
        one = alternative(inquiry.case, key, answers[key], nothing)
        found.append(replace(one, changes=list(question.changes)))
    if plan.case.model.policy.whole_plants:
        linear = replace(found[-1], key=LINEAR, changes=["policy.whole_plants=false"])
        found[-1:] = [linear, _of_run(plan, found[-1], nothing)]
    return found


def alternative(case: Case, key: str, answer: PlanOutcome, nothing: PlanOutcome) -> AlternativePlan:
    """An answer as an alternative. nothing: the answer without any lever."""
    expected, cvar = answer.tails(case)
    return AlternativePlan(
        key=key,
        changes=[],
        objective=answer.objective,
        risk=answer.risk,
        cost=answer.cost,
        cost_beyond=answer.cost - nothing.cost,
        expected_loss=expected,
        cvar=cvar,
        public=answer.public,
        builds=built(case, answer.builds),
    )


def _of_run(plan: Plan, linear: AlternativePlan, nothing: PlanOutcome) -> AlternativePlan:
    """The plan of whole plants itself, by the figures of its run."""
    figures = plan.summary
    risk, cost = figures["risk_musd"], figures["cost_musd"]
    builds = {project: tpa for project, tpa in figures["new_capacity_tpa"].items() if tpa > 0}
    is_welfare = plan.case.model.objective.goal == "welfare"
    return replace(
        linear,
        key=PLAN,
        objective=risk + cost if is_welfare else risk,
        risk=risk,
        cost=cost,
        cost_beyond=cost - nothing.cost,
        expected_loss=figures["expected_loss_musd"],
        cvar=figures["cvar_musd"],
        public=figures["public_spend_musd"],
        builds=builds,
    )


def without(project: str) -> str:
    """The name of the question what the plan is without a plant."""
    return f"without:{project}"


def _droppings(inquiry: _Inquiry) -> list[Dropping]:
    """What each plant of the plan adds, the one that is missed most first."""
    case, answers = inquiry.case, inquiry.answers
    own = answers[PLAN]
    sizes = expected_tpa(own.builds)
    found = []
    for project in inquiry.droppings:
        dropped, tpa = answers[without(project)], sizes[project]
        one = Dropping(
            project=project,
            adds=dropped.objective - own.objective,
            risk=dropped.risk - own.risk,
            cost=dropped.cost - own.cost,
            tpa=tpa,
            capital=tpa * case.lookups.full_capex(project),
            public=tpa * case.lookups.public_capex(project),
        )
        found.append(one)
    return sorted(found, key=lambda one: (-one.adds, one.project))
