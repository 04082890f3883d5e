"""How much hangs on the odds: the plan by the given odds beside that by the worst, and which odds turn a claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner.data.case import Case
from planner.data.change import change_of
from planner.data.odds import are_bounded, odds_of
from planner.explanation.claims import lever_values, shares_of, takes_something
from planner.explanation.commitments import expected_tpa
from planner.explanation.outcomes import PlanOutcome, objectives_of
from planner.explanation.questions import PLAN
from planner.results.explanation import OddsChange, OddsTrial, PlanUnderOdds, judged
from planner.results.losses import risk_under
from planner.results.odds import worst_odds
from planner.solving.engine import Question

OTHER = "other odds"


def other_odds(case: Case) -> dict[str, Question]:
    """The plan by the odds that the run does not go by, where bounds of probabilities are given."""
    if not are_bounded(case):
        return {}
    return {OTHER: Question.of(change_of("objective.odds", _other(case)))}


def _other(case: Case) -> str:
    return "given" if case.model.objective.odds == "worst" else "worst"


def odds_change(case: Case, answers: Mapping[str, PlanOutcome]) -> OddsChange | None:
    """The change of plan and risk from the given odds to the worst; None where no bounds are given.

    answers: to lever questions and to `other_odds`.
    """
    if OTHER not in answers:
        return None
    own, another = _under(case, answers[PLAN]), _under(case, answers[OTHER])
    given, worst = (own, another) if _other(case) == "worst" else (another, own)
    return OddsChange(
        given=given,
        worst=worst,
        changed_share=_changed(case, given, worst),
        other=_other(case),
        trials=list(_turning(case, answers)),
    )


def _under(case: Case, plan: PlanOutcome) -> PlanUnderOdds:
    """A plan under the given and under the worst odds, its losses as they are."""
    losses = plan.losses
    return PlanUnderOdds(
        cost=plan.cost,
        risk_given=risk_under(case, losses, case.scenarios),
        risk_worst=risk_under(case, losses, worst_odds(case, dict(losses))),
        new_capacity=expected_tpa(plan.builds),
    )


def _changed(case: Case, one: PlanUnderOdds, other: PlanUnderOdds) -> float:
    """Share of the capital of both plans that only one of them spends, project by project."""
    apart = both = 0.0
    for project in {*one.new_capacity, *other.new_capacity}:
        capex = case.lookups.full_capex(project)
        first = one.new_capacity.get(project, 0.0)
        second = other.new_capacity.get(project, 0.0)
        apart += capex * abs(first - second)
        both += capex * max(first, second)
    return apart / both if both > 0 else 0.0


def _turning(case: Case, answers: Mapping[str, PlanOutcome]) -> Iterator[OddsTrial]:
    """Claims that turn with the probability of a storyline at an end of its range, plans fixed, others in proportion."""
    values = lever_values(case, objectives_of(answers))
    if not takes_something(values):
        return
    as_given = {(lever, basis): judged(share, share) for lever, basis, share in shares_of(values)}
    for storyline, probability, chances in _moved_odds(case):
        moved = {key: _objective_by(case, plan, chances) for key, plan in answers.items()}
        there = lever_values(case, moved)
        if not takes_something(there):
            continue
        for lever, basis, share in shares_of(there):
            verdict = judged(share, share)
            if verdict != as_given[lever, basis]:
                yield OddsTrial(
                    lever=lever,
                    basis=basis,
                    storyline=storyline,
                    probability=probability,
                    share=share,
                    verdict=verdict,
                )


def _objective_by(case: Case, plan: PlanOutcome, chances: Mapping[str, float]) -> float:
    """The objective (MUSD) of a plan as it is, by other odds."""
    cost = plan.cost if case.model.objective.goal == "welfare" else 0.0
    return risk_under(case, plan.losses, chances) + cost


def _moved_odds(case: Case) -> Iterator[tuple[str, float, dict[str, float]]]:
    """Storyline, its probability at an end of its range, and the probabilities of all scenarios then."""
    storylines = odds_of(case)
    for name, storyline in storylines.items():
        for probability in sorted({storyline.low, storyline.high} - {storyline.probability}):
            left = 1.0 - storyline.probability
            rest = (1.0 - probability) / left if left > 0 else 0.0
            chances = {}
            for other, one in storylines.items():
                moved = probability if other == name else one.probability * rest
                for scenario, share in one.shares.items():
                    chances[scenario] = share * moved
            yield name, probability, chances
