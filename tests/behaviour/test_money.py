"""Budgets, funders, capex, opex and cost. A plant of 1 MUSD per t/y; 100 t of demand a year."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import MUSD, budget, demand, imports, mine, near, plant, scenarios, shock, total
from tests.conftest import SolveCase

ONE_YEAR = demand(last=2026)


def works(**columns: Any) -> list[dict[str, Any]]:
    """The mine and a plant of at most 100 t/y for 1 MUSD each."""
    return [mine(), plant(max_new_tpa=100, capex_usd_per_tpa=MUSD, **columns)]


# 60 MUSD of the funder BBB for a plant in AAA.
@pytest.mark.parametrize(
    ("funders", "built"),
    [
        (None, 0),  # without a row it pays only in the country of its own name
        ("funder, countries\nBBB, *", 60),
        ("funder, countries\nBBB, AAA;BBB", 60),
        ("funder, countries\nBBB, BBB", 0),
    ],
)
def test_a_funder_pays_only_where_it_may(
    solve: SolveCase, funders: str | None, built: float
) -> None:
    plan = solve(
        countries="country\nAAA\nBBB",
        demand=ONE_YEAR,
        projects=works(),
        budgets=budget(60, funder="BBB"),
        funders=funders,
    )
    assert plan.summary["risk_musd"] == near(100 - built)


def test_a_row_of_funders_may_take_a_country_away_from_its_own_funder(solve: SolveCase) -> None:
    plan = solve(
        countries="country\nAAA\nBBB",
        demand=ONE_YEAR,
        projects=works(),
        budgets=budget(60),
        funders="funder, countries\nAAA, BBB",
    )
    assert plan.summary["risk_musd"] == near(100)


def test_funders_add_up_and_each_stays_within_its_budget(solve: SolveCase) -> None:
    plan = solve(
        demand=ONE_YEAR,
        projects=works(),
        budgets=[*budget(30), *budget(50, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert plan.summary["risk_musd"] == near(20)
    assert total(plan, "spending", "musd", funder="AAA") == near(30)
    assert total(plan, "spending", "musd", funder="BANK") == near(50)


# 30 MUSD in each of 2026 and 2027; the plant can be committed from 2027.
@pytest.mark.parametrize(("carry_over", "built"), [(True, 60), (False, 30)])
def test_unspent_budget_moves_to_the_next_year_if_it_may(
    solve: SolveCase, carry_over: bool, built: float
) -> None:
    plan = solve(
        {"policy.budget_carry_over": carry_over},
        demand=demand(last=2027),
        projects=works(earliest_year=2027),
        budgets=budget(30, 30),
    )
    assert plan.summary["risk_musd"] == near(100 + 100 - built)


def test_a_later_budget_pays_for_nothing_earlier_and_one_before_the_horizon_for_nothing(
    solve: SolveCase,
) -> None:
    plan = solve(
        demand=demand(last=2027),
        projects=works(),
        budgets=[*budget(50, first=2025), *budget(10, 60)],
    )
    # 2026: 10 t/y. 2027: 70 t/y.
    assert plan.summary["risk_musd"] == near(90 + 30)


# Budgets of 10, 20, 30 MUSD in 2026, 2027, 2028, not carried over.
@pytest.mark.parametrize(
    ("lead", "by_year", "risk"),
    [
        # Paid at once: 10, 20, 30 t/y, each used from its own year: short 90, 70, 40.
        (0, {2026: 10, 2027: 20, 2028: 30}, 200),
        # One part: the same money, a year later (a build of 2028 would be late): short 100, 90, 70.
        (1, {2026: 10, 2027: 20}, 260),
        # Two halves: 20 t/y for 10 MUSD in 2026 and 10 in 2027. The other 10 of 2027 would need a start after 2028.
        (2, {2026: 10, 2027: 10}, 280),
    ],
)
def test_capex_is_paid_in_equal_parts_over_the_lead_time(
    solve: SolveCase, lead: int, by_year: dict[int, float], risk: float
) -> None:
    plan = solve(
        {"policy.budget_carry_over": False},
        projects=works(lead_time_years=lead),
        budgets=budget(10, 20, 30),
    )
    assert plan.summary["risk_musd"] == near(risk)
    spent = plan.table("spending").groupby("year")["musd"].sum().to_dict()
    assert spent == near(by_year)


@pytest.mark.parametrize(
    ("public_share", "cost_index", "built"),
    [(1, 1, 10), (0.25, 1, 40), (1, 2, 5), (0.25, 2, 20), (0, 2, 100)],
)
def test_budgets_pay_the_public_share_and_cost_counts_all_of_it(
    solve: SolveCase, public_share: float, cost_index: float, built: float
) -> None:
    # 10 MUSD of budget; capex 1 MUSD * cost_index, of which public_share is public.
    plan = solve(
        countries=f"country, cost_index\nAAA, {cost_index}",
        demand=ONE_YEAR,
        projects=works(public_share=public_share),
        budgets=budget(10),
    )
    assert plan.summary["risk_musd"] == near(100 - built)
    assert plan.summary["cost_musd"] == near(built * cost_index)
    assert plan.summary["public_spend_musd"] == near(built * cost_index * public_share)
    assert total(plan, "investments", "capex_musd") == near(built * cost_index)


def test_cost_is_discounted_by_the_year_it_is_paid(solve: SolveCase) -> None:
    # 20 t/y for 10 MUSD in 2026 and in 2027; from 2028 on 20 * 0.05 of fixed and 20 * 0.1 of variable opex.
    # Rate 0.25: 10 + 8, (1 + 2) * 0.64 in 2028 and * 0.512 in 2029.
    plan = solve(
        {"discount_rate": 0.25},
        demand=demand(last=2029),
        budgets=budget(10, 10),
        projects=works(
            lead_time_years=2,
            fixed_opex_usd_per_tpa=0.05 * MUSD,
            variable_opex_usd_per_t=0.1 * MUSD,
        ),
    )
    assert plan.summary["risk_musd"] == near(360)
    assert plan.summary["cost_musd"] == near(18 + 3 * (0.64 + 0.512))


def test_fixed_opex_is_that_of_new_nameplate_only_and_variable_opex_that_of_all_throughput(
    solve: SolveCase,
) -> None:
    # 40 t/y exist, 10 are added in 2026: fixed 0.1 * 10 a year for three years; variable 0.01 * 50 a year; capex 10.
    plan = solve(
        budgets=budget(10),
        projects=[
            mine(),
            plant(
                existing_tpa=40,
                max_new_tpa=10,
                capex_usd_per_tpa=MUSD,
                fixed_opex_usd_per_tpa=0.1 * MUSD,
                variable_opex_usd_per_t=0.01 * MUSD,
            ),
        ],
    )
    assert plan.summary["cost_musd"] == near(10 + 3 + 1.5)


def test_operating_costs_need_no_budget(solve: SolveCase) -> None:
    plan = solve(
        demand=ONE_YEAR,
        projects=[
            mine(variable_opex_usd_per_t=MUSD),
            plant(max_new_tpa=100, variable_opex_usd_per_t=MUSD, fixed_opex_usd_per_tpa=MUSD),
        ],
    )
    assert plan.summary["risk_musd"] == near(0)
    assert plan.summary["cost_musd"] == near(300)
    assert plan.summary["public_spend_musd"] == near(0)


def test_cost_is_an_expectation(solve: SolveCase) -> None:
    # Imports are free, own output costs 1 MUSD/t and is needed only when imports are cut (p = 0.3).
    plan = solve(
        demand=ONE_YEAR,
        imports=[imports(100)],
        projects=[mine(), plant(existing_tpa=100, variable_opex_usd_per_t=MUSD)],
        scenarios=scenarios(calm=0.7, cut=0.3),
        shocks=[shock("cut", "import", 0)],
    )
    assert plan.summary["cost_musd"] == near(30)


def test_what_is_spent_in_the_table_is_what_is_bought(solve: SolveCase) -> None:
    """Money set aside without need is not reported as spent."""
    plan = solve(
        demand=ONE_YEAR,
        projects=works(),
        budgets=[*budget(1000), *budget(1000, funder="BANK")],
        funders="funder, countries\nBANK, *",
    )
    assert total(plan, "spending", "musd") == near(100)
    assert total(plan, "spending", "expected", item="capex separation") == near(100)


def test_funders_with_the_same_reach_share_what_they_pay_in_proportion_to_what_each_has(
    solve: SolveCase,
) -> None:
    # 10 of AAA and 30 of BBB, both may pay everywhere; the plant is limited to 20 t/y, so 20 MUSD are paid: 5 and 15.
    plan = solve(
        countries="country\nAAA\nBBB",
        demand=ONE_YEAR,
        projects=[mine(), plant(max_new_tpa=20, capex_usd_per_tpa=MUSD)],
        budgets=[*budget(10), *budget(30, funder="BBB")],
        funders="funder, countries\nAAA, *\nBBB, AAA;BBB",
    )
    assert plan.table("spending").groupby("funder")["musd"].sum().to_dict() == near(
        {"AAA": 5, "BBB": 15}
    )
