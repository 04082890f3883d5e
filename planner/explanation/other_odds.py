"""How much hangs on the odds: the plan by the given odds beside that by the worst, and which odds turn a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from planner.data.case import Case
from planner.data.odds import are_bounded, odds_of
from planner.explanation.claims import Asked, Sides, as_given, speaking
from planner.explanation.commitments import expected_tpa, of_optimum
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference
from planner.explanation.levers import key_of
from planner.results.explanation import OddsChange, OddsTrial, PlanUnderOdds
from planner.results.figures.decided import Build
from planner.results.losses import risk_under
from planner.results.odds import worst_odds
from planner.results.plan import Plan

KEY = "odds"


def other_odds(reference: Reference, full: bool) -> list[Counterfactual]:
    """The plan by the other odds, where bounds of probabilities are given. full: all that the claims ask by them too."""
    if not are_bounded(reference.case):
        return []
    other = reference.other_odds
    found = [Counterfactual(KEY, lambda: other.program, at=other, with_cost=True)]
    if full:
        for asked in claims_by_other_odds(reference):
            found += asked.all()
    return found


def claims_by_other_odds(reference: Reference) -> list[Asked]:
    """The counterfactuals that each claim is measured by under the other odds."""
    other = reference.other_odds
    found = []
    for claim in speaking(reference.case):
        asked = as_given(other, claim)
        found.append(
            Asked(
                claim=claim,
                with_it=_renamed(asked.with_it, other),
                without_it=_renamed(asked.without_it, other),
                nothing=_renamed(asked.nothing, other),
                everything=_renamed(asked.everything, other),
            )
        )
    return found


def _renamed(asked: Counterfactual, other: Reference) -> Counterfactual:
    return replace(asked, key=f"{KEY}:{asked.key}", at=asked.at or other)


def odds_change(
    plan: Plan, reference: Reference, found: Mapping[str, Optimum], builds: Sequence[Build]
) -> OddsChange | None:
    """The change of plan and risk from the given odds to the worst; None where no bounds are given.

    builds: those of the plan.
    """
    if KEY not in found:
        return None
    case, other, summary = plan.case, found[KEY], plan.summary
    own = _under(case, summary["scenario_loss_musd"], summary["cost_musd"], builds)
    another = _under(case, other.losses, other.cost, of_optimum(other))
    worst_is_own = case.model.objective.odds == "worst"
    given, worst = (another, own) if worst_is_own else (own, another)
    measures = {}
    if f"{KEY}:{key_of([])}" in found:
        for asked in claims_by_other_odds(reference):
            measures[asked.claim.key] = asked.sides(found).measure
    return OddsChange(
        given=given,
        worst=worst,
        changed_share=_changed(case, given, worst),
        other=_other(case),
        measures=measures,
        trials=list(odds_trials(reference, found)),
    )


def _under(
    case: Case, losses: Mapping[str, float], cost: float | None, builds: Sequence[Build]
) -> PlanUnderOdds:
    """A plan by its losses (by scenario, MUSD), under the given and under the worst odds."""
    return PlanUnderOdds(
        cost=cost,
        risk_given=risk_under(case, losses, case.scenarios),
        risk_worst=risk_under(case, losses, worst_odds(case, losses)),
        new_capacity=dict(expected_tpa(builds)),
    )


def _changed(case: Case, one: PlanUnderOdds, other: PlanUnderOdds) -> float:
    """Share of the capital of both plans that only one of them spends, project by project."""
    apart = both = 0.0
    for project in {*one.new_capacity, *other.new_capacity}:
        capex = case.full_capex(project)
        first = one.new_capacity.get(project, 0.0)
        second = other.new_capacity.get(project, 0.0)
        apart += capex * abs(first - second)
        both += capex * max(first, second)
    return apart / both if both > 0 else 0.0


def _other(case: Case) -> str:
    """The odds that the run does not go by."""
    return "given" if case.model.objective.odds == "worst" else "worst"


# ---- which odds turn a verdict ---------------------------------------------------------------------------------------


def odds_trials(reference: Reference, found: Mapping[str, Optimum]) -> Iterator[OddsTrial]:
    """Each claim with the probability of each storyline at an end of its range, plans fixed, others in proportion."""
    case = reference.case
    moved = list(_moved_odds(case))
    for claim in speaking(case):
        asked = as_given(reference, claim)
        given = asked.sides(found).measure
        for storyline, probability, chances in moved:
            measure = _sides_under(reference, asked, found, chances).measure
            yield OddsTrial(
                claim=claim.key,
                storyline=storyline,
                probability=probability,
                measure=measure,
                flips=claim.says(measure) != claim.says(given),
            )


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


def _sides_under(
    reference: Reference, asked: Asked, found: Mapping[str, Optimum], chances: Mapping[str, float]
) -> Sides:
    """The objectives of the sides of a claim under other probabilities, plans as they are."""

    def objective(one: Counterfactual) -> float:
        best = found[one.key]
        cost = (best.cost or 0.0) if reference.goal == "welfare" else 0.0
        return risk_under(reference.case, best.losses, chances) + cost

    return Sides(
        with_it=objective(asked.with_it),
        without_it=objective(asked.without_it),
        nothing=objective(asked.nothing),
        everything=objective(asked.everything),
    )
