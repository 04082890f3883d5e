"""Staff: leavers, trainees, seats, mentors, hires, secondment. One person per tonne, 100 t of demand, ample plants."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import MUSD, ONE_PER_TONNE, budget, demand, mine, near, plant, total
from tests.conftest import SolveCase

WORK: dict[str, Any] = {
    "projects": [mine(), plant(existing_tpa=100)],
    "staffing": f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}",
    "skills": "skill, attrition\nchemist, 0.1",
    "workforce": "country, skill, initial\nAAA, chemist, 50",
    "budgets": budget(100),
}


def school(**columns: Any) -> list[dict[str, Any]]:
    """A programme for chemists of AAA: 2 years, 10 seats, no fee."""
    return [
        {
            "programme": "school",
            "country": "AAA",
            "skill": "chemist",
            "duration_years": 2,
            "seats": 10,
            "cost_per_trainee_usd": 0,
        }
        | columns
    ]


def made(plan: Any) -> list[float]:
    """Tonnes made by year: staff, as long as it is what binds."""
    table = plan.table("shortfall")
    return (table["demand_t"] - table["tonnes"]).tolist()


def test_staff_leaves_at_the_rate_of_attrition(solve: SolveCase) -> None:
    plan = solve(**WORK)
    assert made(plan) == near([50, 45, 40.5])
    assert plan.table("workforce")["staff"].tolist() == near([50, 45, 40.5])


@pytest.mark.parametrize(
    ("changes", "staff"),
    [
        # Intakes of 2026 and 2027 join in 2028 and 2029, 10 each: 40.5 + 10, then 0.9 * 50.5 + 10.
        ({}, [50, 45, 50.5, 55.45]),
        # 80 % complete: 40.5 + 8, then 0.9 * 48.5 + 8.
        ({"completion_rate": 0.8}, [50, 45, 48.5, 51.65]),
        # One year: 45 + 10, 0.9 * 55 + 10, 0.9 * 59.5 + 10.
        ({"duration_years": 1}, [50, 55, 59.5, 63.55]),
        # Four years: nobody finishes within the horizon.
        ({"duration_years": 4}, [50, 45, 40.5, 36.45]),
        # Five more seats, added in 2026, used from 2027, joining in 2029: 0.9 * 50.5 + 15.
        ({"max_new_seats": 5}, [50, 45, 50.5, 60.45]),
    ],
)
def test_trainees_join_after_the_duration(
    solve: SolveCase, changes: dict[str, float], staff: list[float]
) -> None:
    plan = solve(demand=demand(last=2029), training=school(**changes), **WORK)
    assert made(plan) == near(staff)


def test_fees_are_paid_at_intake_and_seats_when_added(solve: SolveCase) -> None:
    # 10 trainees in 2026 and 15 in 2027 at 0.1 MUSD; 5 seats in 2026 at 0.2 MUSD. Later intakes would come too late.
    plan = solve(
        demand=demand(last=2029),
        training=school(
            max_new_seats=5, cost_per_trainee_usd=0.1 * MUSD, cost_per_seat_usd=0.2 * MUSD
        ),
        **WORK,
    )
    assert total(plan, "spending", "musd", item="training fees", year=2026) == near(1)
    assert total(plan, "spending", "musd", item="training fees", year=2027) == near(1.5)
    assert total(plan, "spending", "musd", item="training seats", year=2026) == near(1)
    assert plan.summary["cost_musd"] == near(3.5)
    assert plan.summary["trained"] == near({"chemist": 25})


def test_seats_without_the_lever_are_those_that_exist(solve: SolveCase) -> None:
    levers = ["mine", "separation", "metal", "hiring", "stockpile"]
    plan = solve(
        {"levers": levers}, demand=demand(last=2029), training=school(max_new_seats=5), **WORK
    )
    assert made(plan) == near([50, 45, 50.5, 55.45])


def test_money_bounds_training(solve: SolveCase) -> None:
    # 0.5 MUSD pays for five trainees; those of 2026 serve two years, so all start then.
    work = WORK | {"budgets": budget(0.5)}
    plan = solve(demand=demand(last=2029), training=school(cost_per_trainee_usd=0.1 * MUSD), **work)
    assert made(plan) == near([50, 45, 45.5, 40.95])


@pytest.mark.parametrize(
    ("duration", "staff"),
    [
        # Two years: those of 2026 are still there in 2027, when 45 staff can carry 4.5 in all. They serve
        # longest, so all start in 2026: 40.5 + 4.5 in 2028.
        (2, [50, 45, 45, 40.5]),
        # One year: 5 join in 2027 (50), 5 in 2028 (0.9 * 50 + 5 = 50), 5 in 2029.
        (1, [50, 50, 50, 50]),
    ],
)
def test_mentors_bound_all_trainees_under_way(
    solve: SolveCase, duration: int, staff: list[float]
) -> None:
    work = WORK | {"skills": "skill, attrition, mentor_ratio\nchemist, 0.1, 0.1"}
    plan = solve(demand=demand(last=2029), training=school(duration_years=duration), **work)
    assert made(plan) == near(staff)


@pytest.mark.parametrize(
    ("ratio", "staff"), [(0, [50, 45, 40.5, 36.45]), ("", [50, 45, 50.5, 55.45])]
)
def test_a_mentor_ratio_of_zero_means_nobody_and_a_blank_one_no_limit(
    solve: SolveCase, ratio: object, staff: list[float]
) -> None:
    work = WORK | {"skills": f"skill, attrition, mentor_ratio\nchemist, 0.1, {ratio}"}
    assert made(solve(demand=demand(last=2029), training=school(), **work)) == near(staff)


def test_two_programmes_share_the_mentors(solve: SolveCase) -> None:
    # Ten in all at a time, although there are 20 seats: 45 + 5 in 2027, ...
    work = WORK | {"skills": "skill, attrition, mentor_ratio\nchemist, 0.1, 0.1"}
    schools = [*school(duration_years=1), *school(programme="college", duration_years=1)]
    assert made(solve(demand=demand(last=2029), training=schools, **work)) == near([50, 50, 50, 50])


def test_hires_come_from_the_second_year_on(solve: SolveCase) -> None:
    # 10 a year at 0.1 MUSD: 0.9 * 50 + 10, 0.9 * 55 + 10.
    work = WORK | {
        "workforce": f"country, skill, initial, hires_per_year, hire_cost_usd\nAAA, chemist, 50, 10, {0.1 * MUSD}"
    }
    plan = solve(**work)
    assert made(plan) == near([50, 55, 59.5])
    assert plan.summary["cost_musd"] == near(2)
    assert total(plan, "spending", "musd", item="hiring", year=2027) == near(1)
    assert made(solve({"levers": ["training"]}, **work)) == near([50, 45, 40.5])


def test_hires_are_paid_from_the_budget_of_their_year(solve: SolveCase) -> None:
    work = WORK | {
        "workforce": f"country, skill, initial, hires_per_year, hire_cost_usd\nAAA, chemist, 50, 10, {0.1 * MUSD}",
        "budgets": budget(0, 0.3),
    }
    assert made(solve(**work)) == near([50, 48, 43.2])


# ---- secondment: AAA has 50 chemists and no plant, BBB a plant and 20 chemists -------------------------

ABROAD: dict[str, Any] = {
    "countries": "country, bloc\nAAA, west\nBBB, west\nCCC, east",
    "demand": demand(last=2026, country="BBB"),
    "projects": [mine(), plant(country="BBB", existing_tpa=100)],
    "workforce": "country, skill, initial\nAAA, chemist, 50\nBBB, chemist, 20\nCCC, chemist, 10",
}


@pytest.mark.parametrize(
    ("share", "coordination", "people"),
    [
        (0, "allied", 20),
        (0.4, "allied", 20 + 20 + 4),  # 40 % of 50 and of 10
        (1, "allied", 80),
        (0.4, "blocs", 20 + 20),
    ],
)
def test_a_share_of_the_staff_may_work_in_another_country_of_the_group(
    solve: SolveCase, share: float, coordination: str, people: float
) -> None:
    plan = solve(
        {"policy.secondment_share": share, "policy.coordination": coordination}, **WORK | ABROAD
    )
    assert plan.summary["risk_musd"] == near(100 - people)
    assert total(plan, "workforce", "lent") == near(total(plan, "workforce", "borrowed"))


def test_each_country_runs_its_plants_with_its_own_people(solve: SolveCase) -> None:
    # AAA has 50 chemists, BBB 20, a plant of 100 t/y each; together they serve AAA's 100 t: 70.
    plants = [
        mine(),
        plant(existing_tpa=100),
        plant(project="plant_b", country="BBB", existing_tpa=100),
    ]
    plan = solve(**WORK | ABROAD | {"projects": plants, "demand": demand(last=2026)})
    assert plan.summary["risk_musd"] == near(30)


def test_national_staff_stays_at_home(solve: SolveCase) -> None:
    projects = [mine(country="BBB"), plant(country="BBB", existing_tpa=100)]
    plan = solve(
        {"policy.secondment_share": 1.0, "policy.coordination": "national"},
        **WORK | ABROAD | {"projects": projects},
    )
    assert plan.summary["risk_musd"] == near(80)


def test_a_country_without_a_workforce_row_borrows_nobody(solve: SolveCase) -> None:
    plan = solve(
        {"policy.secondment_share": 1.0},
        **WORK | ABROAD | {"workforce": "country, skill, initial\nAAA, chemist, 50"},
    )
    assert plan.summary["risk_musd"] == near(100)


def test_skills_are_not_exchanged_for_each_other(solve: SolveCase) -> None:
    # BBB lacks operators; AAA can lend chemists only.
    plan = solve(
        {"policy.secondment_share": 1.0},
        **WORK
        | ABROAD
        | {
            "skills": "skill, attrition\nchemist, 0\noperator, 0",
            "staffing": "stage, skill, persons_per_ktpa\nseparation, chemist, 1000\nseparation, operator, 1000",
            "workforce": "country, skill, initial\n"
            "AAA, chemist, 50\nBBB, chemist, 20\nBBB, operator, 30\nAAA, operator, 0",
        },
    )
    assert plan.summary["risk_musd"] == near(70)


def test_lent_practitioners_mentor_where_they_work(solve: SolveCase) -> None:
    # One practitioner carries one trainee. BBB has nobody and can borrow all 5 of AAA in 2026, so 5 are trained
    # there (of 9 seats) and work in 2027: 5 of their own and 5 borrowed. Without lending, BBB could train nobody.
    case = (
        WORK
        | ABROAD
        | {
            "demand": demand(last=2027, country="BBB"),
            "skills": "skill, attrition, mentor_ratio\nchemist, 0, 1",
            "workforce": "country, skill, initial\nAAA, chemist, 5\nBBB, chemist, 0",
            "training": school(country="BBB", duration_years=1, seats=9),
        }
    )
    assert made(solve({"policy.secondment_share": 1.0}, **case)) == near([5, 10])
    assert made(solve(**case)) == near([0, 0])
