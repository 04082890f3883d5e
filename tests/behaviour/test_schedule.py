"""Scheduled purchases: decided once, delivered as far as trade goes on, paid as delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner
from tests.cases import budget, demand, imports, load_case, near, scenarios, shock, total
from tests.conftest import MakeCase, SolveCase

SCHEDULED = {"policy.stock": "scheduled"}
PILE = {"country": "AAA", "element": "Dy", "form": "oxide", "initial_t": 0}
CUT = shock("cut", "import", 0, 2028, 2028)
TOLD = shock("cut", "import", 1.001, 2026, 2026)


def piles(max_t: float | str = "", usd_per_kg: float = 100) -> list[dict[str, Any]]:
    """A stock that is empty; 100 USD per kg are 0.1 MUSD per tonne."""
    return [{**PILE, "max_t": max_t, "purchase_usd_per_kg": usd_per_kg}]


def buyer(**tables: Any) -> dict[str, Any]:
    """100 t a year, imports of 130, which are cut wholly in 2028 with a chance of a half."""
    case = {
        "demand": demand(100),
        "imports": [imports(130)],
        "stockpiles": piles(),
        "budgets": budget(100),
        "scenarios": scenarios(calm=0.5, cut=0.5),
        "shocks": [CUT],
    }
    return case | tables


# A shock of 2026 that hurts nobody tells the history of the cut from the calm one. By recourse the calm one buys nothing
# then; scheduled, the 30 t of 2027 arrive in both.
@pytest.mark.parametrize(("stock", "in_calm"), [("recourse", 0), ("scheduled", 30)])
def test_what_is_scheduled_is_bought_whether_or_not_hindsight_needs_it(
    solve: SolveCase, stock: str, in_calm: float
) -> None:
    plan = solve({"policy.stock": stock}, **buyer(shocks=[TOLD, CUT]))
    assert total(plan, "stocks", "bought_t", scenario="cut", year=2027) == near(30)
    assert total(plan, "stocks", "bought_t", scenario="calm", year=2027) == near(in_calm)
    assert ("purchases" in plan.tables) == (stock == "scheduled")


# 30 t a year can be bought beside demand in 2026 and 2027: 60 t against 100 that are cut, a tail of 40.
# What is scheduled for 2028 arrives in the calm history alone, so nothing is.
def test_what_is_scheduled_is_delivered_in_calm_years_and_stopped_by_a_cut(
    solve: SolveCase,
) -> None:
    plan = solve(SCHEDULED, **buyer())
    assert plan.summary["cvar_musd"] == near(40)
    purchases = plan.table("purchases")
    assert list(purchases.columns[:6]) == ["country", "element", "form", "year", "tonnes", "musd"]
    assert total(plan, "purchases", "tonnes", year=2026) == near(30)
    assert total(plan, "purchases", "tonnes", year=2027) == near(30)
    assert total(plan, "purchases", "musd") == near(6)
    assert total(plan, "stocks", "bought_t", scenario="cut", year=2028) == near(0)


# 12 of the 30 t that could be spared are on offer in each of 2026 and 2027: 24 t against 100 that are cut, a tail of 76.
def test_no_more_is_scheduled_in_a_year_than_is_on_offer(solve: SolveCase) -> None:
    offered = [row | {"purchase_t_per_year": 12} for row in piles()]
    plan = solve(SCHEDULED, **buyer(stockpiles=offered))
    assert plan.summary["cvar_musd"] == near(76)
    assert total(plan, "purchases", "tonnes", year=2026) == near(12)
    assert total(plan, "purchases", "tonnes", year=2027) == near(12)


# 12 t a year are 3 t in the first quarter of 2027, in which 475 t could be spared for the second, which is cut.
def test_a_quarter_has_its_part_of_what_is_on_offer_in_a_year(solve: SolveCase) -> None:
    case = buyer(
        imports=[imports(100), imports(2000) | {"year": 2027}],
        shocks=[shock("cut", "import", 0, "2027Q2", "2027Q2")],
        stockpiles=[row | {"purchase_t_per_year": 12} for row in piles()],
    )
    plan = solve({"policy.stock": "recourse"}, **case)
    assert total(plan, "stocks", "bought_t", scenario="cut", year=2027, quarter=1) == near(3)


def test_a_partial_cut_stops_its_part_of_each_delivery(solve: SolveCase) -> None:
    # In 2027 a fifth of the imports is left of 2,000 t: nothing is short then, and a fifth of the schedule arrives.
    shocks = [shock("cut", "import", 0.2, 2027, 2027), shock("cut", "import", 0, 2028, 2028)]
    case = buyer(imports=[imports(2000)], stockpiles=piles(100), shocks=shocks)
    plan = solve({**SCHEDULED, "policy.first_decision_year": 2027}, **case)
    # To have 100 t in the store after the cut of 2027, 500 t a year would be scheduled, of which 100 fit in calm.
    assert plan.summary["risk_musd"] == near(0)
    assert total(plan, "purchases", "tonnes", year=2027) == near(500)
    assert total(plan, "stocks", "bought_t", scenario="cut", year=2027) == near(100)
    # What does not fit is bought and released at once.
    assert total(plan, "stocks", "bought_t", scenario="calm", year=2027) == near(500)
    assert total(plan, "stocks", "stock_t", scenario="calm", year=2027) <= 100 + 1e-6


def test_what_is_left_of_trade_is_weighed_by_what_suppliers_sell(solve: SolveCase) -> None:
    # One of two suppliers is cut off in 2026: 120 of 160 t are left, so three quarters of each tonne arrive; a doubled
    # supplier adds nothing to what was scheduled.
    both = [imports(120, supplier="AUS"), imports(40)]
    shocks = [
        shock("all", "import", 0, 2026, 2026, supplier="CHN"),
        shock("all", "import", 2, 2026, 2026, supplier="AUS"),
        shock("all", "import", 0, 2027, 2028),
    ]
    case = buyer(imports=both, scenarios=scenarios(all=1.0), shocks=shocks, stockpiles=piles(60))
    plan = solve(SCHEDULED, **case)
    assert total(plan, "stocks", "bought_t", year=2026) == near(60)
    assert total(plan, "purchases", "tonnes", year=2026) == near(80)


def test_without_a_supplier_everything_scheduled_arrives(solve: SolveCase) -> None:
    # A plant of 120 t a year fills the store; no import limit, so nothing stops the delivery but the plant itself.
    case = buyer(
        imports=None,
        projects=[
            {"project": "mine", "country": "AAA", "stage": "mine", "feeds": "ore", "existing_tpa": 120},
            {"project": "plant", "country": "AAA", "stage": "separation", "feeds": "ore", "existing_tpa": 120},
        ],
        shocks=[shock("cut", "capacity", 0, 2028, 2028, project="plant")],
    )  # fmt: skip
    plan = solve(SCHEDULED, **case)
    assert total(plan, "stocks", "bought_t", scenario="cut") == near(40)
    assert plan.summary["cvar_musd"] == near(60)


def test_a_year_in_quarters_delivers_by_quarter(solve: SolveCase) -> None:
    # Cut from the third quarter of 2027 on: half a year of what is scheduled for 2027 arrives.
    shocks = [shock("cut", "import", 0, "2027Q3", 2028)]
    plan = solve(SCHEDULED, **buyer(shocks=shocks))
    bought = plan.table("stocks").query("scenario == 'cut' and year == 2027")
    scheduled = total(plan, "purchases", "tonnes", year=2027)
    assert scheduled == near(30)
    assert bought["bought_t"].tolist() == near([7.5, 7.5, 0, 0])


def test_a_schedule_is_payable_on_every_node(solve: SolveCase) -> None:
    # 2 MUSD buy 20 t, whatever history: calm ones pay for all three years.
    plan = solve(SCHEDULED, **buyer(budgets=budget(2)))
    assert total(plan, "purchases", "tonnes") == near(20)
    assert plan.summary["public_spend_musd"] == near(2)


@pytest.mark.parametrize("investment", ["adaptive", "staged"])
def test_where_decisions_answer_what_has_shown_itself_so_does_the_schedule(
    solve: SolveCase, investment: str
) -> None:
    # The shock of 2026 has told the history of the cut from the calm one, in which nothing has to be bought after it.
    plan = solve({**SCHEDULED, "policy.investment": investment}, **buyer(shocks=[TOLD, CUT]))
    purchases = plan.table("purchases").query("year == 2027")
    assert purchases["scenarios"].tolist() == ["cut"]
    assert purchases["tonnes"].tolist() == near([30])


@pytest.mark.parametrize("stock", ["recourse", "scheduled"])
def test_with_one_scenario_and_no_shock_both_are_the_same(solve: SolveCase, stock: str) -> None:
    plan = solve(
        {"policy.stock": stock},
        demand=[*demand(100, last=2026), *demand(160, first=2028, last=2028)],
        imports=[imports(150)],
        stockpiles=piles(40),
        budgets=budget(100),
    )
    # 160 t in 2028 against 150 of imports: 10 t from stock, at 0.1 MUSD a tonne.
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == near((0, 1))


def test_a_stress_test_gets_what_one_path_has_scheduled(solve: SolveCase) -> None:
    # The cut has no chance, and a target that must be met there: the schedule is made for it.
    targets = [
        {"target": "served", "kind": "served", "scenario": "cut", "first_year": 2028, "share": 0.5}
    ]
    plan = solve(SCHEDULED, **buyer(scenarios=scenarios(calm=1, cut=0), targets=targets))
    assert total(plan, "purchases", "tonnes") == near(50)
    assert total(plan, "shortfall", "tonnes", scenario="cut", year=2028) == near(50)


def test_where_a_stress_test_is_known_by_itself_only_a_schedule_passes_it(
    make_case: MakeCase,
) -> None:
    # A shock of 2026 tells the cut, which has no chance, from the calm history: purchases that answer it buy nothing there.
    targets = [
        {"target": "served", "kind": "served", "scenario": "cut", "first_year": 2028, "share": 0.5}
    ]
    case = buyer(scenarios=scenarios(calm=1, cut=0), shocks=[TOLD, CUT], targets=targets)
    status = {
        (stock, investment): planner.solve(
            make_case({"policy.stock": stock, "policy.investment": investment}, **case),
            baseline=False,
        ).status.value
        for stock in ("recourse", "scheduled")
        for investment in ("committed", "adaptive")
    }
    assert status == {
        ("recourse", "committed"): "infeasible",
        ("recourse", "adaptive"): "infeasible",
        ("scheduled", "committed"): "optimal",
        ("scheduled", "adaptive"): "infeasible",
    }


def test_decisions_held_in_other_scenarios_hold_the_schedule(
    solve: SolveCase, tmp_path: Path
) -> None:
    # 60 t are in store when trade stops in 2028. Where it stops in 2027, 30 t, and 70 and 100 are short.
    plan = solve(SCHEDULED, **buyer())
    own = planner.evaluate(plan)
    assert own.plan.foreseen is not None
    assert own.plan.policy["cvar_musd"].value == near(40)
    assert own.plan.foreseen["cvar_musd"].value == near(40)
    assert own.plan.purchases == near(6)
    earlier = buyer(shocks=[shock("cut", "import", 0, 2027, 2028)])
    other = planner.evaluate(plan, register=load_case(tmp_path, **earlier))
    assert other.plan.foreseen is not None
    assert other.plan.foreseen["cvar_musd"].value == near(170)
    assert other.plan.policy["cvar_musd"].value == near(170)
    assert other.plan.purchases == near(0.5 * 6 + 0.5 * 3)


def test_what_is_scheduled_comes_before_demand_where_imports_do_not_cover_both(
    solve: SolveCase,
) -> None:
    """Imports of 100 t are what a year needs. Those short are worth 1 MUSD a tonne before 2028 and 5 in it: 60 t that are
    scheduled leave 60 t short in 2026 and 2027 together, and 40 in 2028."""
    tiers = [
        {"element": "Dy", "up_to_share": 0.4, "loss_usd_per_kg": 1000},
        {"element": "Dy", "up_to_share": 1, "loss_usd_per_kg": 5000},
    ]
    case = buyer(
        imports=[imports(100)], scenarios=scenarios(cut=1), loss_tiers=tiers, stockpiles=piles(60)
    )
    plan = solve(SCHEDULED, **case)
    # Each of 60 t spares 5 MUSD in 2028 and costs 1 before; the first 40 t short in 2028 cost 1 as well.
    assert total(plan, "purchases", "tonnes") == near(60)
    assert total(plan, "shortfall", "tonnes", year=2028) == near(40)
    before = [total(plan, "shortfall", "tonnes", year=year) for year in (2026, 2027)]
    assert sum(before) == near(60)
    assert plan.summary["risk_musd"] == near(60 + 40)
