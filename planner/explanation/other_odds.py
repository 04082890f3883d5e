"""How much of the plan hangs on the odds: the plan by the given odds beside that by the worst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from planner.data.case import Case
from planner.data.odds import are_bounded
from planner.explanation.commitments import Build, expected_tpa, of_optimum
from planner.explanation.counterfactuals import Counterfactual, Optimum, Reference
from planner.results.explanation import OddsChange, PlanUnderOdds
from planner.results.losses import risk_under
from planner.results.odds import worst_odds
from planner.results.plan import PlanValues
from planner.results.verify_resources import full_capex

KEY = "odds"


def other_odds(reference: Reference) -> Iterator[Counterfactual]:
    """The plan by the other odds, where bounds of probabilities are given."""
    case = reference.case
    if are_bounded(case):
        other = "given" if case.model.objective.odds == "worst" else "worst"
        yield Counterfactual(KEY, partial(with_odds, case, other), with_cost=True)


def with_odds(case: Case, odds: str) -> Case:
    """The case whose risk goes by the given odds, or by the worst."""
    return case.with_settings({"objective.odds": odds})


def odds_change(
    plan: PlanValues, found: Mapping[str, Optimum], builds: Sequence[Build]
) -> OddsChange | None:
    """What changes from the given odds to the worst; None where no bounds are given.

    builds: those of the plan.
    """
    if KEY not in found:
        return None
    case, other, summary = plan.case, found[KEY], plan.summary
    own = _under(case, summary["scenario_loss_musd"], summary["cost_musd"], builds)
    another = _under(case, other.losses, other.cost, of_optimum(other))
    worst_is_own = case.model.objective.odds == "worst"
    given, worst = (another, own) if worst_is_own else (own, another)
    return OddsChange(given=given, worst=worst, changed_share=_changed(case, given, worst))


def _under(
    case: Case, losses: Mapping[str, float], cost: float | None, builds: Sequence[Build]
) -> PlanUnderOdds:
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
        capex = full_capex(case, project)
        first = one.new_capacity.get(project, 0.0)
        second = other.new_capacity.get(project, 0.0)
        apart += capex * abs(first - second)
        both += capex * max(first, second)
    return apart / both if both > 0 else 0.0
