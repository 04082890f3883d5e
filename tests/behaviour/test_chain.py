"""Mine - plant - people: the weakest link decides, and only relaxing it lowers the risk."""

from __future__ import annotations

import pytest

from tests.cases import MUSD, ONE_PER_TONNE, budget, demand, mine, near, plant, total
from tests.conftest import SolveCase

STAFFING = f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}"
SKILLS = "skill, attrition\nchemist, 0"


# Demand 100 t in one year; supply is min(mine, plant, people at one person per tonne).
@pytest.mark.parametrize(
    ("ore", "capacity", "people", "risk"),
    [
        (30, 50, 70, 70),  # the mine binds
        (30, 90, 70, 70),  # a larger plant does not help
        (30, 50, 99, 70),  # nor do more people
        (60, 50, 70, 50),  # a larger mine does, until the plant binds
        (60, 50, 99, 50),
        (80, 60, 70, 40),
        (80, 90, 70, 30),  # now people bind
        (95, 90, 70, 30),
        (95, 90, 85, 15),
        (200, 200, 200, 0),
    ],
)
def test_the_weakest_link_decides(
    solve: SolveCase, ore: float, capacity: float, people: float, risk: float
) -> None:
    plan = solve(
        demand=demand(last=2026),
        projects=[mine(existing_tpa=ore), plant(existing_tpa=capacity)],
        skills=SKILLS,
        staffing=STAFFING,
        workforce=f"country, skill, initial\nAAA, chemist, {people}",
    )
    assert plan.summary["risk_musd"] == near(risk)


# Each link alone leaves the second year 100 t short, each pair too; all three lift the supply to 100 t.
@pytest.mark.parametrize(
    ("levers", "risk"),
    [
        ([], 200),
        (["mine"], 200),
        (["separation"], 200),
        (["training"], 200),
        (["hiring"], 200),
        (["mine", "separation"], 200),
        (["mine", "hiring"], 200),
        (["separation", "hiring"], 200),
        (["mine", "separation", "hiring"], 100),
        (
            ["mine", "separation", "training"],
            200,
        ),  # trainees of 2026 join in 2028, after the horizon
    ],
)
def test_a_lever_helps_only_with_the_others(
    solve: SolveCase, levers: list[str], risk: float
) -> None:
    plan = solve(
        {"levers": levers},
        demand=demand(last=2027),
        projects=[mine(existing_tpa=0, max_new_tpa=100), plant(max_new_tpa=100)],
        skills=SKILLS,
        staffing=STAFFING,
        workforce="country, skill, initial, hires_per_year\nAAA, chemist, 0, 100",
        training="programme, country, skill, duration_years, seats, max_new_seats, cost_per_trainee_usd\n"
        "school, AAA, chemist, 2, 0, 100, 0",
    )
    assert plan.summary["risk_musd"] == near(risk)


def test_only_the_throughput_that_is_needed_is_built(solve: SolveCase) -> None:
    # The mine gives 30 t, so 30 t/y of plant are bought although 100 are allowed and paid for.
    plan = solve(
        demand=demand(last=2026),
        projects=[mine(existing_tpa=30), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD)],
        budgets=budget(100),
    )
    assert plan.summary["risk_musd"] == near(70)
    assert total(plan, "investments", "tpa") == near(30)


# Capex 1 MUSD per t/y, at most 60 t/y, demand 100 t: money helps up to 60 MUSD.
@pytest.mark.parametrize(
    ("money", "risk", "spent"),
    [(0, 100, 0), (20, 80, 20), (60, 40, 60), (61, 40, 60), (1000, 40, 60)],
)
def test_more_money_helps_until_something_else_binds(
    solve: SolveCase, money: float, risk: float, spent: float
) -> None:
    plan = solve(
        demand=demand(last=2026),
        projects=[mine(), plant(max_new_tpa=60, capex_usd_per_tpa=MUSD)],
        budgets=budget(money),
    )
    assert plan.summary["risk_musd"] == near(risk)
    assert plan.summary["public_spend_musd"] == near(spent)


def test_people_of_nowhere_do_not_run_a_plant(solve: SolveCase) -> None:
    """A country and skill without a `workforce` row has nobody."""
    plan = solve(
        demand=demand(last=2026),
        projects=[mine(), plant(existing_tpa=100)],
        skills=SKILLS,
        staffing=STAFFING,
    )
    assert plan.summary["risk_musd"] == near(100)


def test_a_project_row_of_staffing_overrides_the_stage(solve: SolveCase) -> None:
    # 50 people run 50 t at one person per tonne, and 100 t at half a person per tonne.
    people = {
        "skills": SKILLS,
        "workforce": "country, skill, initial\nAAA, chemist, 50",
        "demand": demand(last=2026),
    }
    plants = [mine(), plant(existing_tpa=100)]
    stage = solve(projects=plants, staffing=STAFFING, **people)
    own = solve(
        projects=plants,
        staffing="stage, project, skill, persons_per_ktpa\n"
        "separation, , chemist, 1000\nseparation, plant, chemist, 500",
        **people,
    )
    assert (stage.summary["risk_musd"], own.summary["risk_musd"]) == (near(50), near(0))


def test_all_plants_of_a_country_share_its_people(solve: SolveCase) -> None:
    # 60 chemists: one per tonne in the plant, half a one per tonne of ore: x + x / 2 <= 60, so 40 t.
    plan = solve(
        demand=demand(last=2026),
        projects=[mine(), plant(existing_tpa=100)],
        skills=SKILLS,
        staffing="stage, skill, persons_per_ktpa\nseparation, chemist, 1000\nmine, chemist, 500",
        workforce="country, skill, initial\nAAA, chemist, 60",
    )
    assert plan.summary["risk_musd"] == near(60)
