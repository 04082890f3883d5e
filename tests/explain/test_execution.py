"""What goes wrong in carrying a plan out, by hand. A tonne short is 1 MUSD."""

from __future__ import annotations

from typing import Any

import pytest

import planner
from planner.explanation.counterfactuals import Reference
from planner.explanation.mishaps import decisions_of, execution
from planner.results.decision import Execution, Merit
from tests.cases import MUSD, budget, demand, mine, near, plant, scenarios, shock
from tests.conftest import MakeCase

THREE: dict[str, Any] = {
    "demand": demand(100, 2026, 2029),
    "projects": [
        mine(),
        *(
            plant(project=p, max_new_tpa=20, capex_usd_per_tpa=MUSD, lead_time_years=1, feeds="ore")
            for p in ("one", "two", "three", "four")
        ),
    ],
}


def of(plan: planner.Plan, *worth: str) -> dict[str, Execution]:
    """By key. worth: projects, the one of most worth first."""
    merit = [
        Merit(
            p,
            "separation",
            "AAA",
            1.0,
            0.0,
            0.0,
            20.0,
            20.0,
            float(len(worth) - i),
            20.0,
            last_hundredth=False,
        )
        for i, p in enumerate(worth)
    ]
    found = execution(plan, Reference(plan.case), merit)
    assert [row.key for row in found] == ["planned", "late", "late_three", "permits", "overrun"]
    return {row.key: row for row in found}


def test_plants_that_are_late_miss_a_year(make_case: MakeCase) -> None:
    # 80 t/y are made from 2027 on: 100 + 3 * 20 short. A year without 80, or without 60 of them, costs as much.
    plan = planner.solve(make_case(**THREE, budgets=budget(1000)), baseline=False)
    found = of(plan, "four", "two", "three", "one")
    assert {key: (row.held_risk, row.held_cost) for key, row in found.items()} == {
        "planned": near((160, 80)),
        "late": near((240, 80)),
        "late_three": near((220, 80)),
        "permits": near((240, 80)),
        "overrun": near((160, 104)),
    }
    assert {key: row.risk for key, row in found.items()} == {
        key: near(risk) for key, risk in {key: row.held_risk for key, row in found.items()}.items()
    }
    assert found["late_three"].projects == ["four", "two", "three"]
    assert found["late"].projects == ["four", "one", "three", "two"]


def test_what_the_budget_does_not_pay_for_cannot_be_held(make_case: MakeCase) -> None:
    # 80 are there for 80 t/y, or for 61.5 at 1.3 each: 100 + 3 * 38.46 short.
    plan = planner.solve(make_case(**THREE, budgets=budget(80)), baseline=False)
    row = of(plan, "one")["overrun"]
    assert (row.held_risk, row.held_cost) == (None, None)
    assert (row.risk, row.cost) == near((100 + 3 * (100 - 80 / 1.3), 80))


def test_a_plan_that_answers_is_held_history_by_history(make_case: MakeCase) -> None:
    # Only the boom in 2027 is worth a plant, which is begun once it shows and serves 2028 and 2029.
    new = plant(project="new", max_new_tpa=50, capex_usd_per_tpa=1000, lead_time_years=1)
    plan = planner.solve(
        make_case(
            {"policy.investment": "adaptive"},
            projects=[mine(), plant(existing_tpa=100), new],
            demand=demand(100, 2026, 2029),
            scenarios=scenarios(boom=0.5, calm=0.5),
            shocks=[shock("boom", "demand", 1.5, 2027)],
            budgets=budget(1, 1, 1, 1),
        ),
        baseline=False,
    )
    decided = decisions_of(plan, Reference(plan.case))
    assert sum(amount for (name, _), amount in decided.items() if name == "build") == pytest.approx(
        50, abs=1e-3
    )
