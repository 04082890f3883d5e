"""Targets that bind, a percentage point stricter: solved again with all targets in force.

A shadow price is a one-sided derivative; the difference of two optima says what a whole point costs.
"""

from __future__ import annotations

from planner.data.case import Case
from planner.data.change import change_of
from planner.explanation.questions import SAME
from planner.results.explanation import Marginal
from planner.results.plan import Plan
from planner.solving.engine import Engine, Question, Solved
from planner.solving.target_prices import POINT, UNIT, criterion

MOST = 5
"""Targets that are solved again, those with the highest prices first."""


def target_marginals(plan: Plan) -> list[Marginal]:
    """For each target that binds: its price, and what a share a percentage point stricter adds, in MUSD.

    A target that cannot be met a point stricter, or whose share has no point left, is left out.
    """
    table = plan.tables["shadow_prices"]
    found = table[table["scarce"] == "target"].nlargest(MOST, "musd_per_unit")
    prices = dict(zip(found["item"], found["musd_per_unit"].tolist(), strict=True))
    targets, asked = [], [SAME]
    for target in prices:
        share = stricter(plan.case, target)
        if 0.0 <= share <= 1.0:
            targets.append(target)
            asked.append(Question.of(change_of(f"targets.{target}.share", share)))
    if not targets:
        return []
    engine = Engine(plan.case, point=plan.point)
    answers = {}
    for number, (answer,) in engine.answered([[one] for one in asked], reached):
        answers[number] = answer.value
    before = answers[0] or {}
    out = []
    for number, target in enumerate(targets, start=1):
        after = answers[number]
        if after is not None:
            grows = after[target] - before[target]
            price = prices[target]
            out.append(
                Marginal(scarce="target", item=target, unit=UNIT, price=price, resolved=grows)
            )
    return out


def reached(solved: Solved) -> dict[str, float]:
    """The measure: what the criterion of each target reached in its own phase (MUSD)."""
    values = solved.outcome.values
    return {
        target: values[criterion(solved.scope, target)]
        for target in solved.scope.case.lookups.targets
    }


def stricter(case: Case, target: str) -> float:
    """The share of a target a percentage point stricter."""
    row = case.lookups.targets[target]
    return row.share - POINT if row.kind == "origin_share" else row.share + POINT
