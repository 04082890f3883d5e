"""Targets in explanations: hard ones bind the plan and no variant, binding ones are solved again a point stricter."""

from __future__ import annotations

import pytest

import planner
from planner.explanation.target_marginals import target_marginals
from tests.cases import demand, imports, mine, plant
from tests.conftest import MakeCase

HALF = {"target": "half", "kind": "origin_share", "form": "oxide", "share": 0.5}
TABLES = {
    "demand": demand(last=2026),
    "imports": [imports(80)],
    "projects": [mine(), plant(existing_tpa=40)],
}
"""40 t are made, so that s / (1 - s) * 40 t may come from CHN."""


def test_a_binding_target_is_solved_again_a_point_stricter(make_case: MakeCase) -> None:
    """At 0.49 CHN may sell 0.49 / 0.51 * 40 t in place of 40: that much more is short; the price says 1.6."""
    plan = planner.solve(make_case(**TABLES, targets=[HALF]), baseline=False)
    (found,) = target_marginals(plan)
    assert (found.scarce, found.item) == ("target", "half")
    assert found.price == pytest.approx(1.6)
    assert found.resolved == pytest.approx(40 - 40 * 0.49 / 0.51)


def test_variants_are_compared_with_a_plan_that_is_not_held_to_targets(make_case: MakeCase) -> None:
    """20 t are short with the target, none without it, whatever the levers."""
    plan = planner.solve(make_case(**TABLES, targets=[HALF]))
    found = planner.explain(plan)
    assert plan.summary["risk_musd"] == pytest.approx(20)
    assert found.own.risk == pytest.approx(0)
    assert all(one.risk == pytest.approx(0) for one in found.alternatives)
    assert [m.item for m in found.marginals if m.scarce == "target"] == ["half"]
