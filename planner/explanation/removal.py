"""Plants taken out of a plan: the loss of the alliance without them, all else planned anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.data.case import Case
from planner.explanation.commitments import expected_tpa
from planner.explanation.outcomes import PlanOutcome, outcome_of
from planner.explanation.questions import SAME, base_of, without_new
from planner.results.business_case import Removal
from planner.results.plan import Plan
from planner.solving.engine import Engine, Solved

NOTICED = 0.1
"""Tonnes from which another plan builds or buys more."""
Shortfall = Mapping[str, Mapping[str, float]]
"""Tonnes over the horizon by scenario and element."""


@dataclass(frozen=True, kw_only=True)
class _Tonnes:
    """A plan with what stays short, and what it buys of each element, expected (t)."""

    plan: PlanOutcome
    short: Shortfall
    bought: Mapping[str, float]


def removed(plan: Plan, projects: Sequence[str]) -> Removal:
    """The loss of the alliance without the plants: solved with and without them. Raises StoppedError."""
    case = base_of(plan.case)
    engine = Engine(case, point=plan.point if case is plan.case else None)
    answers = engine.ask({"with": SAME, "without": without_new(*projects)}, _tonnes)
    whole, none = answers["with"], answers["without"]
    is_risk = case.model.objective.goal != "welfare"
    more_risk = none.plan.risk - whole.plan.risk
    saved = {}
    for scenario, loss in whole.plan.losses.items():
        saved[scenario] = none.plan.losses[scenario] - loss
    return Removal(
        worth=more_risk + none.plan.cost - whole.plan.cost,
        risk=none.plan.objective - whole.plan.objective if is_risk else more_risk,
        shortfall_t=_avoided(case, whole.short, none.short),
        saved=saved,
        instead=_instead(whole, none, projects),
    )


def _tonnes(solved: Solved) -> _Tonnes:
    """The measure: figures of a plan, its shortfalls and purchases."""
    case, nodes = solved.scope.case, solved.scope.tree.nodes
    short = {scenario: dict.fromkeys(case.elements, 0.0) for scenario in case.scenarios}
    bought: dict[str, float] = {}
    for (name, index), tonnes in zip(solved.program.columns, solved.point.tolist(), strict=True):
        if name == "shortfall":
            for scenario in nodes[index[3]].scenarios:
                short[scenario][index[1]] += tonnes
        elif name == "bought":
            expected = tonnes * nodes[index[-1]].probability
            bought[index[1]] = bought.get(index[1], 0.0) + expected
    return _Tonnes(plan=outcome_of(solved), short=short, bought=bought)


def _avoided(case: Case, before: Shortfall, after: Shortfall) -> dict[str, float]:
    """Shortfall of each element that the plants avoid, expected (t)."""
    avoided = {}
    for element in sorted(case.elements):
        total = 0.0
        for scenario, chance in case.scenarios.items():
            total += chance * (after[scenario][element] - before[scenario][element])
        avoided[element] = total
    return avoided


def _instead(whole: _Tonnes, none: _Tonnes, projects: Sequence[str]) -> dict[str, float]:
    """Plants built (t/y) and elements bought (t) more without the plants, expected."""
    before = {**expected_tpa(whole.plan.builds), **whole.bought}
    after = {**expected_tpa(none.plan.builds), **none.bought}
    more = {}
    for what, amount in after.items():
        rise = amount - before.get(what, 0.0)
        if what not in projects and rise > NOTICED:
            more[what] = rise
    return more
