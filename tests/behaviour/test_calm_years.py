"""Prices, output that rises, saving, scrap and returns, with answers worked out beside each number.

100 t of Dy are used a year in 2026-2028; a tonne missing costs 1 MUSD.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import (
    MUSD,
    Row,
    budget,
    demand,
    imports,
    mine,
    near,
    plant,
    scenarios,
    shock,
    smelter,
)
from tests.conftest import SolveCase

BASE = "scenario, probability\nbase, 1"
SLOW = "ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 1"


def rising(*shocks: Row, **columns: Any) -> dict[str, Any]:
    """One plant whose output may rise by a tenth of its capacity a year, and what befalls it."""
    row = plant(**{"existing_tpa": 80, "rise": 0.1} | columns)
    return {
        "projects": [mine(), row],
        "scenarios": BASE,
        "shocks": list(shocks) or None,
        "ramps": SLOW,
    }


def half(*years: int | str, factor: float = 0.25) -> Row:
    """Some of the capacity of the plant works from a year to another."""
    return shock("base", "capacity", factor, years[0], years[-1], project="plant")


def test_output_rises_by_a_share_of_capacity_from_year_to_year(solve: SolveCase) -> None:
    """A quarter works in 2026: 20 t; then 20 + 8, 28 + 8: 80 + 72 + 64 are missing."""
    plan = solve(**rising(half(2026)))
    assert plan.summary["risk_musd"] == near(216)


def test_output_of_a_quarter_rises_against_the_whole_year_before(solve: SolveCase) -> None:
    """20 t in 2026; in 2027 (20 + 8) / 4 a quarter, but 80 * 0.25 / 4 = 5 in the second: 26; in 2028 26 + 8 = 34."""
    plan = solve(**rising(half(2026), half("2027Q2", "2027Q2")))
    assert plan.summary["risk_musd"] == near(80 + 74 + 66)


def test_the_first_year_is_free_and_what_newly_starts_is_on_top(solve: SolveCase) -> None:
    """60 are built in 2026: half starts at once, half in 2027, when 30 + 6 + 30 would be allowed: 70 + 40 + 40."""
    columns = {"existing_tpa": 0, "max_new_tpa": 60, "ramp": "slow"}
    assert solve(**rising(**columns)).summary["risk_musd"] == near(150)


def test_a_plant_that_was_shut_as_it_started_has_only_what_starts_later(solve: SolveCase) -> None:
    """Built in 2026, when money is there. Nothing works then; in 2027 0 + 6 + 30 = 36, in 2028 36 + 6 = 42:
    100 + 64 + 58."""
    columns = {"existing_tpa": 0, "max_new_tpa": 60, "ramp": "slow", "capex_usd_per_tpa": 10_000}
    case = rising(half(2026, factor=0), **columns) | {"budgets": budget(0.6)}
    plan = solve({"policy.budget_carry_over": False}, **case)
    assert plan.summary["risk_musd"] == near(222)


def test_existing_capacity_starts_whole_as_it_comes_online(solve: SolveCase) -> None:
    """80 t from 2027 on: 100 + 20 + 20."""
    assert solve(**rising(online_year=2027)).summary["risk_musd"] == near(140)


@pytest.mark.parametrize(("first", "missing"), [(0, 100 + 100 + 20), (0.1, 92 + 100 + 92)])
def test_existing_capacity_that_was_shut_wholly_since_it_came_starts_whole(
    solve: SolveCase, first: float, missing: float
) -> None:
    """Shut in 2026 and 2027 all 80 start in 2028; if a tenth worked in 2026, 0 + 8 are allowed."""
    shocks = (half(2026, factor=first), half(2027, factor=0))
    assert solve(**rising(*shocks)).summary["risk_musd"] == near(missing)


def test_output_that_never_rises_stays_as_it_was(solve: SolveCase) -> None:
    """A quarter works in 2026, and nothing starts later: 20 t in each year, 3 * 80 are missing."""
    plan = solve(**rising(half(2026), rise=0))
    assert plan.summary["risk_musd"] == near(240)


def test_output_that_never_rises_grows_by_what_newly_starts(solve: SolveCase) -> None:
    """60 are built in 2026, which are shut then; in 2027 the second half starts, 30, and stays: 100 + 70 + 70."""
    columns = {"existing_tpa": 0, "max_new_tpa": 60, "ramp": "slow", "capex_usd_per_tpa": 10_000}
    case = rising(half(2026, factor=0), rise=0, **columns) | {"budgets": budget(0.6)}
    plan = solve({"policy.budget_carry_over": False}, **case)
    assert plan.summary["risk_musd"] == near(240)


def test_output_may_rise_by_more_than_the_capacity(solve: SolveCase) -> None:
    """A quarter works in 2026; then all of it does: 80 + 20 + 20."""
    plan = solve(**rising(half(2026), rise=1.5))
    assert plan.summary["risk_musd"] == near(120)


def flooded(factor: float, rise: float) -> dict[str, Any]:
    """A plant at 0.03 MUSD/t beside imports at 0.05, of which the price falls in 2027 in every other history."""
    row = plant(existing_tpa=100, variable_opex_usd_per_t=0.03 * MUSD, rise=rise)
    return {
        "projects": [mine(), row],
        "imports": [imports(100) | {"price_usd_per_kg": 50}],
        "scenarios": scenarios(calm=0.5, flood=0.5),
        "shocks": [shock("flood", "price", factor, 2027, 2027)],
    }


@pytest.mark.parametrize(
    ("factor", "rise", "cost", "runs"),
    [
        (0.2, 1, 3 + 0.5 * (3 + 3) + 0.5 * (1 + 3), 0),
        (0.4, 0.1, 3 + 0.5 * (3 + 3) + 0.5 * (2.7 + 0.2 + 3), 90),
        (0.1, 0.1, 3 + 0.5 * (3 + 3) + 0.5 * (0.5 + 0.3 + 4.5), 0),
    ],
)
def test_a_flood_of_cheap_imports_stops_a_plant_unless_it_must_stay_warm(
    solve: SolveCase, factor: float, rise: float, cost: float, runs: float
) -> None:
    """100 t cost 3 made, 5 imported. At 0.01 a tonne the plant stops in 2027. If it then may make 10 t in 2028, running
    90 t in 2027 costs 0.03 less the price each and saves 0.02: it pays at 0.02 a tonne, not at 0.005."""
    plan = solve(**flooded(factor, rise))
    assert plan.summary["cost_musd"] == near(cost)
    loads = plan.tables["capacity"].query(
        "project == 'plant' and scenario == 'flood' and year == 2027"
    )
    assert loads["throughput_t"].sum() == near(runs)


def saving(**columns: Any) -> Row:
    """A saving of the country."""
    return {"project": "thrift", "country": "AAA", "stage": "saving"} | columns


def test_what_is_saved_is_a_share_of_demand_after_shocks(solve: SolveCase) -> None:
    """30 t/y replace 2 t each, at most 0.4 of demand: 40 of 100, 60 of 150: 60 + 90 + 60 are missing."""
    plan = solve(
        projects=[saving(existing_tpa=30, variable_opex_usd_per_t=1000)],
        savings="project, element, form, tonnes, max_share\nthrift, Dy, oxide, 2, 0.4",
        scenarios=BASE,
        shocks=[shock("base", "demand", 1.5, 2027, 2027)],
    )
    assert plan.summary["risk_musd"] == near(210)
    assert plan.summary["utilisation"]["saving"]["existing"] == near((20 + 30 + 20) / 90)


def test_steps_of_the_loss_go_by_the_demand_before_saving(solve: SolveCase) -> None:
    """60 t are missing: 50 in the first half of 100 t at 0.5, 10 at 1."""
    plan = solve(
        demand=demand(last=2026),
        projects=[saving(existing_tpa=40)],
        savings="project, element, form, tonnes\nthrift, Dy, oxide, 1",
        loss_tiers="element, up_to_share, loss_usd_per_kg\nDy, 0.5, 500\nDy, 1, 1000",
    )
    assert plan.summary["risk_musd"] == near(35)


def test_a_saving_is_built_with_its_lever_alone(solve: SolveCase) -> None:
    """40 t/y from 2027 on for 4 MUSD, or nothing."""
    case = {
        "projects": [saving(max_new_tpa=40, lead_time_years=1, capex_usd_per_tpa=0.1 * MUSD)],
        "savings": "project, element, form, tonnes\nthrift, Dy, oxide, 1",
        "budgets": budget(4),
    }
    plan = solve(**case)
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == (near(220), near(4))
    assert solve({"levers": ["mine"]}, **case).summary["risk_musd"] == near(300)


def test_scrap_is_limited_between_the_years_that_are_told(solve: SolveCase) -> None:
    """20, 40, 60 t."""
    plan = solve(
        projects=[mine(), plant(existing_tpa=100)],
        availability="project, year, tonnes\nmine, 2026, 20\nmine, 2028, 60",
    )
    assert plan.summary["risk_musd"] == near(80 + 60 + 40)


@pytest.mark.parametrize(("coordination", "missing"), [("allied", 100), ("national", 110)])
def test_what_returns_stays_within_its_group(
    solve: SolveCase, coordination: str, missing: float
) -> None:
    """A fifth of the oxide returns, in AAA alone a plant wins it back. Alone AAA turns 50 / 0.8 = 62.5 t into 50 of metal,
    BBB 50 into 40; together they turn 100 / 0.8 = 125 into 100."""
    plan = solve(
        {"policy.coordination": coordination},
        countries="country\nAAA\nBBB",
        demand=[*demand(last=2026, form="metal"), *demand(last=2026, country="BBB", form="metal")],
        imports=[imports(50), imports(50, country="BBB")],
        feeds="feed, element, share\nswarf, Dy, 1",
        projects=[
            plant(existing_tpa=100, feeds="swarf"),
            smelter(existing_tpa=100, recovery=0.8),
            smelter(project="other", country="BBB", existing_tpa=100, recovery=0.8),
        ],
        returns="stage, element, feed, share\nmetal, Dy, swarf, 0.2",
    )
    assert plan.summary["risk_musd"] == near(missing)


@pytest.mark.parametrize(("price", "counted"), [(4, 0.18), (12, 0.0)])
def test_purchases_count_less_the_import_price_and_never_below_nothing(
    solve: SolveCase, price: float, counted: float
) -> None:
    """30 t at 0.01 MUSD are bought in 2026 for the cut; the budget pays them whole: 0.3."""
    plan = solve(
        demand=demand(last=2027),
        imports=[imports(150) | {"price_usd_per_kg": price}],
        scenarios=BASE,
        shocks=[shock("base", "import", 0, 2027)],
        stockpiles="country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, 0, 30, 10",
        budgets=budget(1),
    )
    parts = plan.summary["cost_parts_musd"]
    assert parts["imports"] == near(130 * price / 1000)
    assert parts["stock_purchases"] == near(counted)
    assert plan.summary["public_spend_musd"] == near(0.3)
