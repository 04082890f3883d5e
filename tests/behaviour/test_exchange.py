"""Who shares with whom: coordination, and what may be passed on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import (
    MUSD,
    ONE_PER_TONNE,
    budget,
    demand,
    imports,
    mine,
    near,
    plant,
    shock,
    smelter,
    total,
)
from tests.conftest import SolveCase

THREE = "country, bloc\nAAA, west\nBBB, west\nCCC, east"


# AAA makes 60 t and needs none; BBB, of its bloc, needs 30 t; CCC needs 50 t.
@pytest.mark.parametrize(
    ("coordination", "risk"),
    [
        ("national", 80),
        ("blocs", 50),  # BBB is served
        ("allied", 20),  # 60 of 80 t
    ],
)
def test_products_are_shared_within_a_group(
    solve: SolveCase, coordination: str, risk: float
) -> None:
    plan = solve(
        {"policy.coordination": coordination},
        countries=THREE,
        demand=[*demand(30, last=2026, country="BBB"), *demand(50, last=2026, country="CCC")],
        projects=[mine(), plant(existing_tpa=60)],
    )
    assert plan.summary["risk_musd"] == near(risk)


def test_who_is_short_is_even_where_that_is_free(solve: SolveCase) -> None:
    # 60 t for 30 + 50 t wanted: whoever is short loses the same, so both miss a quarter.
    case: dict[str, Any] = {"countries": THREE, "projects": [mine(), plant(existing_tpa=60)]}
    wanted = [*demand(30, last=2026, country="BBB"), *demand(50, last=2026, country="CCC")]
    plan = solve(demand=wanted, **case)
    assert plan.summary["risk_musd"] == near(20)
    short = plan.tables["shortfall"].set_index("country")["tonnes"].to_dict()
    assert short == {"BBB": near(7.5), "CCC": near(12.5)}
    # A country that imports 45 of its 50 t has no more than 5 t that could go to others.
    plan = solve(
        demand=wanted,
        imports=[imports(45, country="CCC")],
        **(case | {"projects": [mine(), plant(existing_tpa=20)]}),
    )
    short = plan.tables["shortfall"].set_index("country")["tonnes"].to_dict()
    assert (plan.summary["risk_musd"], short) == (near(15), {"BBB": near(10), "CCC": near(5)})
    # Where a tonne short costs one of them twice as much, it is served first.
    dear = {"countries": "country, weight\nAAA, 1\nBBB, 2\nCCC, 1"}
    plan = solve(demand=wanted, **(case | dear))
    assert plan.tables["shortfall"].set_index("country")["tonnes"].to_dict() == {
        "BBB": 0.0,
        "CCC": near(20),
    }


# The mine is in AAA, the plant in BBB (same bloc), or in CCC (another).
@pytest.mark.parametrize(
    ("coordination", "in_bloc", "outside"),
    [("national", 100, 100), ("blocs", 0, 100), ("allied", 0, 0)],
)
def test_feeds_are_shared_within_a_group(
    solve: SolveCase, coordination: str, in_bloc: float, outside: float
) -> None:
    for country, risk in (("BBB", in_bloc), ("CCC", outside)):
        plan = solve(
            {"policy.coordination": coordination},
            countries=THREE,
            demand=demand(last=2026, country=country),
            projects=[mine(), plant(country=country, existing_tpa=100)],
        )
        assert plan.summary["risk_musd"] == near(risk)


def test_ore_of_one_group_does_not_feed_the_plants_of_another(solve: SolveCase) -> None:
    # Each country has a mine and a plant; AAA mines 10 t, BBB 500 t. Alone, AAA makes 10 t.
    plan = solve(
        {"policy.coordination": "national"},
        countries=THREE,
        demand=[*demand(last=2026), *demand(last=2026, country="BBB")],
        projects=[
            mine(existing_tpa=10),
            plant(existing_tpa=100),
            mine(project="mine_b", country="BBB", existing_tpa=500),
            plant(project="plant_b", country="BBB", existing_tpa=100),
        ],
    )
    assert plan.summary["risk_musd"] == near(90)


def test_a_country_without_a_bloc_is_a_bloc_of_its_own(solve: SolveCase) -> None:
    plan = solve(
        {"policy.coordination": "blocs"},
        countries="country, bloc\nAAA,\nBBB,",
        demand=demand(last=2026, country="BBB"),
        projects=[mine(), plant(existing_tpa=100)],
    )
    assert plan.summary["risk_musd"] == near(100)


@pytest.mark.parametrize(
    "source",
    [
        {"imports": [imports(100)]},
        {"stockpiles": "country, element, initial_t, purchase_usd_per_kg\nAAA, Dy, 100, 1"},
    ],
)
def test_imports_and_stocks_are_not_passed_on(solve: SolveCase, source: dict[str, Any]) -> None:
    # AAA has 100 t, needs none, and makes a little, so that exchange exists at all: only that reaches BBB.
    plan = solve(
        countries=THREE,
        demand=demand(last=2026, country="BBB"),
        projects=[mine(), plant(existing_tpa=5)],
        **source,
    )
    assert plan.summary["risk_musd"] == near(95)


def test_imports_free_the_own_output_of_a_country_for_others(solve: SolveCase) -> None:
    # AAA needs 40 t, makes 40 t and can import 30 t. It gives 30 t of what it makes and keeps 10 t: BBB lacks 70 t.
    # (AAA counts double, or it would not matter who goes short.)
    plan = solve(
        countries="country, weight\nAAA, 2\nBBB, 1",
        demand=[*demand(40, last=2026), *demand(last=2026, country="BBB")],
        imports=[imports(30)],
        projects=[mine(), plant(existing_tpa=40)],
    )
    assert plan.summary["risk_musd"] == near(70)
    assert total(plan, "operations", "tonnes", item="received", country="BBB") == near(30)


def test_what_is_received_can_be_turned_into_metal_and_given_on_as_metal(solve: SolveCase) -> None:
    # Oxide of AAA, smelter in BBB at 0.5, metal used in CCC: 60 t of oxide make 30 t of metal.
    plan = solve(
        countries=THREE,
        demand=demand(last=2026, country="CCC", form="metal"),
        projects=[
            mine(),
            plant(existing_tpa=60),
            smelter(country="BBB", existing_tpa=100, recovery=0.5),
        ],
    )
    assert plan.summary["risk_musd"] == near(70)


def test_metal_made_of_imported_oxide_may_be_given(solve: SolveCase) -> None:
    """The metal is the country's own make, although the oxide is not."""
    plan = solve(
        countries=THREE,
        demand=demand(last=2026, country="CCC", form="metal"),
        imports=[imports(40)],
        projects=[smelter(existing_tpa=100)],
    )
    assert plan.summary["risk_musd"] == near(60)


# ---- stock --------------------------------------------------------------------------------------


def falling(*tonnes: float) -> list[dict[str, Any]]:
    """Imports of consecutive years from 2026."""
    return [imports(t) | {"year": 2026 + i} for i, t in enumerate(tonnes)]


def stockpile(**columns: Any) -> list[dict[str, Any]]:
    """A stockpile of Dy oxide in AAA at 1 MUSD/t."""
    return [
        {"country": "AAA", "element": "Dy", "initial_t": 0, "purchase_usd_per_kg": ONE_PER_TONNE}
        | columns
    ]


# Imports 130, 100, 60 t for 100 t a year: the 30 t to spare in 2026 cover 30 of the 40 t that lack in 2028.
@pytest.mark.parametrize(
    ("stock", "money", "levers", "risk", "cost"),
    [
        ({}, 1000, ["stockpile"], 10, 30),  # more cannot be bought than there is to spare
        ({"max_t": 20}, 1000, ["stockpile"], 20, 20),  # max_t
        ({"max_t": 0}, 1000, ["stockpile"], 40, 0),
        (
            {"purchase_t_per_year": 12},
            1000,
            ["stockpile"],
            28,
            12,
        ),  # on offer in 2026; nothing is to spare in 2027
        ({"purchase_t_per_year": 0}, 1000, ["stockpile"], 40, 0),
        ({}, 12, ["stockpile"], 28, 12),  # the budget: 12 MUSD buy 12 t
        ({}, 1000, [], 40, 0),  # the lever
        ({"initial_t": 5}, 1000, [], 35, 0),  # what is there is used without the lever
        ({"initial_t": 5, "max_t": 20}, 1000, ["stockpile"], 20, 15),
        ({"initial_t": 45}, 0, [], 0, 0),
        # Held at the ends of 2026 and 2027, 30 t each, at 0.1 MUSD per tonne: 6 more, in cost but not from the budget.
        ({"holding_usd_per_kg_year": 100}, 30, ["stockpile"], 10, 36),
    ],
)
def test_a_stock_is_bought_from_what_can_be_spared_and_bridges_a_gap(
    solve: SolveCase,
    stock: dict[str, float],
    money: float,
    levers: list[str],
    risk: float,
    cost: float,
) -> None:
    plan = solve(
        {"levers": levers},
        imports=falling(130, 100, 60),
        stockpiles=stockpile(**stock),
        budgets=budget(money),
    )
    assert plan.summary["risk_musd"] == near(risk)
    assert plan.summary["cost_musd"] == near(cost)
    assert plan.summary["public_spend_musd"] == near(
        min(cost, 30 if "holding_usd_per_kg_year" in stock else cost)
    )


def test_holding_costs_are_discounted_and_counted_on_the_year_end_stock(solve: SolveCase) -> None:
    # 40 t are there and lack in 2028 only: held at the ends of 2026 and 2027. 0.1 * 40 * (1 + 1/1.25).
    plan = solve(
        {"discount_rate": 0.25},
        imports=falling(100, 100, 60),
        stockpiles=stockpile(initial_t=40, holding_usd_per_kg_year=100),
    )
    assert plan.summary["risk_musd"] == near(0)
    assert plan.summary["cost_musd"] == near(4 * 1.8)
    assert plan.table("stocks")["stock_t"].tolist() == near([40, 40, 0])


def test_a_stock_nobody_needs_is_given_up_rather_than_held(solve: SolveCase) -> None:
    plan = solve(
        imports=[imports(100)], stockpiles=stockpile(initial_t=40, holding_usd_per_kg_year=100)
    )
    assert plan.summary["cost_musd"] == near(0)


def test_own_output_and_what_is_received_can_be_put_in_stock(solve: SolveCase) -> None:
    # AAA makes 150 t a year until it retires in 2027; BBB needs 100 t a year and stocks 50 t of what it receives.
    plan = solve(
        countries="country\nAAA\nBBB",
        demand=demand(last=2027, country="BBB"),
        projects=[mine(), plant(existing_tpa=150, retire_year=2027)],
        stockpiles=stockpile(country="BBB"),
        budgets=budget(100, funder="BBB"),
    )
    assert plan.summary["risk_musd"] == near(50)


def test_a_metal_stock_serves_metal(solve: SolveCase) -> None:
    plan = solve(
        demand=demand(last=2026, form="metal"), stockpiles=stockpile(form="metal", initial_t=30)
    )
    assert plan.summary["risk_musd"] == near(70)


def test_an_oxide_stock_feeds_metal_plants(solve: SolveCase) -> None:
    plan = solve(
        demand=demand(last=2026, form="metal"),
        stockpiles=stockpile(initial_t=30),
        projects=[smelter(existing_tpa=100, recovery=0.5)],
    )
    assert plan.summary["risk_musd"] == near(85)


def test_stock_purchases_answer_to_what_has_shown_itself(solve: SolveCase) -> None:
    """Purchases live on histories, also where investment is committed: from 2027 on only `cut` buys."""
    # Both can spare 50 t in 2026 and 2027. In `cut` 2027 shows itself (2 % less supply), and 2028 lacks 100 t.
    plan = solve(
        imports=falling(100, 150, 100),
        stockpiles=stockpile(max_t=50),
        budgets=budget(100),
        scenarios="scenario, probability\ncalm, 0.5\ncut, 0.5",
        shocks=[shock("cut", "import", 0.98, 2027, 2027), shock("cut", "import", 0, 2028)],
    )
    # cut: imports 147 t in 2027, so 47 t are put aside: short 53 t in 2028.
    assert plan.summary["scenario_loss_musd"] == near({"calm": 0, "cut": 53})
    # The least risk at that cost may spend what the cost is held with: 1e-6 of 23.5 MUSD, a tonne a MUSD.
    assert total(plan, "stocks", "bought_t", scenario="calm") == pytest.approx(0, abs=1e-4)
    assert total(plan, "stocks", "bought_t", scenario="cut") == near(47)


def test_a_purchase_at_no_price_still_needs_the_goods(solve: SolveCase) -> None:
    plan = solve(
        imports=falling(100, 100, 60),
        stockpiles=stockpile(purchase_usd_per_kg=0),
        budgets=budget(1000),
        projects=[mine(capex_usd_per_tpa=MUSD)],
    )
    assert plan.summary["risk_musd"] == near(40)
