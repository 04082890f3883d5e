"""The first year of decisions, and funders that pay at home alone."""

from __future__ import annotations

import pytest

from tests.cases import MUSD, budget, demand, imports, mine, near, plant, total
from tests.conftest import SolveCase


# The plant takes a year and 1 MUSD per t/y: usable from the year after the first decision on.
@pytest.mark.parametrize(("first", "risk"), [(None, 100), (2026, 100), (2027, 200), (2028, 300)])
def test_nothing_is_built_before_the_first_year_of_decisions(
    solve: SolveCase, first: int | None, risk: float
) -> None:
    plan = solve(
        {"policy.first_decision_year": first} if first else {},
        projects=[mine(), plant(max_new_tpa=100, lead_time_years=1, capex_usd_per_tpa=MUSD)],
        budgets=budget(100),
    )
    assert plan.summary["risk_musd"] == near(risk)


def test_beyond_the_horizon_nothing_is_decided(solve: SolveCase) -> None:
    plan = solve(
        {"policy.first_decision_year": 2100},
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD)],
        stockpiles="country, element, form, initial_t, purchase_usd_per_kg\nAAA, Dy, oxide, 0, 1",
        imports=[imports(500)],
        budgets=budget(500),
        demand=demand(600),
    )
    assert plan.summary["risk_musd"] == near(300)
    assert plan.summary["public_spend_musd"] == near(0)


def test_hires_and_new_seats_wait_but_intake_into_seats_stays_free(solve: SolveCase) -> None:
    """Ten trainees may start in 2026 and run 10 t in 2027; hires come from 2028 on alone."""
    plan = solve(
        {"policy.first_decision_year": 2028},
        projects=[mine(), plant(existing_tpa=100)],
        skills="skill, attrition\nchemist, 0",
        workforce="country, skill, initial, hires_per_year\nAAA, chemist, 0, 30",
        training="programme, country, skill, duration_years, seats, max_new_seats, cost_per_trainee_usd\n"
        "school, AAA, chemist, 1, 10, 50, 0",
        staffing="stage, skill, persons_per_ktpa\nseparation, chemist, 1000",
        budgets=budget(100),
    )
    made = {year: total(plan, "operations", "tonnes", item="made", year=year) for year in (2026, 2027, 2028)}  # fmt: skip
    # 2028: twenty trained and thirty hired.
    assert made == near({2026: 0, 2027: 10, 2028: 50})


TWO = "country, party\nAAA,\nBBB, union\nCCC, union"


# 60 MUSD of BBB, which funders let pay everywhere, and a plant of 1 MUSD per t/y in each of three countries.
@pytest.mark.parametrize(
    ("funding", "built"), [("reach", {"AAA", "BBB", "CCC"}), ("home", {"BBB", "CCC"})]
)
def test_funders_that_pay_at_home_pay_for_their_own_party(
    solve: SolveCase, funding: str, built: set[str]
) -> None:
    plants = [
        plant(project=f"plant_{c}", country=c, max_new_tpa=20, capex_usd_per_tpa=MUSD)
        for c in ("AAA", "BBB", "CCC")
    ]
    plan = solve(
        {"policy.funding": funding},
        countries=TWO,
        demand=demand(100, last=2026),
        projects=[mine(), *plants],
        budgets=budget(60, funder="BBB"),
        funders="funder, countries\nBBB, *",
    )
    assert set(plan.table("investments")["country"]) == built


def test_a_funder_without_a_row_pays_in_its_own_country_either_way(solve: SolveCase) -> None:
    plan = solve(
        {"policy.funding": "home"},
        demand=demand(100, last=2026),
        projects=[mine(), plant(max_new_tpa=40, capex_usd_per_tpa=MUSD)],
        budgets=budget(40),
    )
    assert plan.summary["risk_musd"] == near(60)
