"""Targets that bind, a percentage point stricter: solved again with all targets in force.

A shadow price is a one-sided derivative; the difference of two optima says what a whole point costs.
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.case import Case
from planner.results.explanation import Marginal
from planner.results.plan import Plan
from planner.solving.engine import Engine
from planner.solving.target_prices import POINT, UNIT, criterion

MOST = 5
"""Targets that are solved again, those with the highest prices first."""


def target_marginals(plan: Plan) -> list[Marginal]:
    """For each target that binds: its price, and what a share a percentage point stricter adds, in MUSD.

    A target that cannot be met a point stricter, or whose share has no point left, is left out.
    """
    return list(_solved_again(plan))


def _solved_again(plan: Plan) -> Iterator[Marginal]:
    """Marginal values of the dearest targets, each solved again at a share that is a little stricter."""
    table = plan.tables["shadow_prices"]
    found = table[table["scarce"] == "target"].nlargest(MOST, "musd_per_unit")
    prices = dict(zip(found["item"], found["musd_per_unit"].tolist(), strict=True))
    if not prices:
        return
    engine = Engine(plan.case)
    before = engine.solve()
    for target, price in prices.items():
        share = stricter(plan.case, target)
        if not 0.0 <= share <= 1.0:
            continue
        after = engine.solve(plan.case.with_settings({f"targets.{target}.share": share}))
        name = criterion(after.scope, target)
        if after.is_optimal:
            # What a criterion reached in its own phase.
            grows = after.outcome.values[name] - before.outcome.values[name]
            yield Marginal(scarce="target", item=target, unit=UNIT, price=price, resolved=grows)


def stricter(case: Case, target: str) -> float:
    """The share of a target a percentage point stricter."""
    row = case.targets[target]
    return row.share - POINT if row.kind == "origin_share" else row.share + POINT
