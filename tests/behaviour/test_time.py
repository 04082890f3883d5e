"""When capacity comes: lead times, ramps, delays, existing capacity, disturbed years."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases import (
    MUSD,
    ONE_PER_TONNE,
    budget,
    demand,
    mine,
    near,
    plant,
    scenarios,
    shock,
    total,
)
from tests.conftest import SolveCase


@pytest.mark.parametrize(
    ("lead", "risk"), [(0, 0), (1, 100), (2, 200), (3, 300), (4, 400), (9, 400)]
)
def test_each_year_of_lead_time_costs_a_year_of_demand(
    solve: SolveCase, lead: int, risk: float
) -> None:
    # Four years of 100 t; a build of 2026 serves from 2026 + lead, and none is made that starts after 2029.
    plan = solve(
        demand=demand(last=2029), projects=[mine(), plant(max_new_tpa=100, lead_time_years=lead)]
    )
    assert plan.summary["risk_musd"] == near(risk)
    assert total(plan, "investments", "tpa") == near(100 if lead <= 3 else 0)


@pytest.mark.parametrize(
    ("earliest", "risk"), [(2025, 100), (2026, 100), (2027, 200), (2028, 300), (2029, 300)]
)
def test_nothing_is_committed_before_the_earliest_year(
    solve: SolveCase, earliest: int, risk: float
) -> None:
    # Three years of 100 t, lead time 1: usable from max(earliest, 2026) + 1.
    plan = solve(
        projects=[mine(), plant(max_new_tpa=100, earliest_year=earliest, lead_time_years=1)]
    )
    assert plan.summary["risk_musd"] == near(risk)


def test_a_ramp_opens_new_capacity_step_by_step_and_stays_at_its_last_row(solve: SolveCase) -> None:
    # 100 t/y from 2026 at 25, 50, 100, 100 %: short 75 + 50.
    plan = solve(
        demand=demand(last=2029),
        projects=[mine(), plant(max_new_tpa=100, ramp="slow")],
        ramps="ramp, year_after_start, share\nslow, 1, 0.5\nslow, 0, 0.25\nslow, 2, 1",
    )
    assert plan.table("shortfall")["tonnes"].tolist() == near([75, 50, 0, 0])


def test_a_ramp_starts_when_the_lead_time_ends(solve: SolveCase) -> None:
    # Lead time 1: 0, 50, 100 t in 2026, 2027, 2028. A ramp below 1 stays there: 80 % at last.
    plan = solve(
        projects=[mine(), plant(max_new_tpa=100, ramp="slow", lead_time_years=1)],
        ramps="ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 0.8",
    )
    assert plan.table("shortfall")["tonnes"].tolist() == near([100, 50, 20])


def test_existing_capacity_counts_from_online_year_to_the_year_before_retirement_without_ramp(
    solve: SolveCase,
) -> None:
    plan = solve(
        demand=demand(last=2029),
        ramps="ramp, year_after_start, share\nslow, 0, 0.5",
        projects=[mine(), plant(existing_tpa=70, online_year=2027, retire_year=2029, ramp="slow")],
    )
    assert plan.table("shortfall")["tonnes"].tolist() == near([100, 30, 30, 100])


def test_a_capacity_shock_multiplies_and_overlapping_ones_multiply(solve: SolveCase) -> None:
    # 100 t/y at 60 % in 2026, at 60 % of 50 % = 30 % in 2027, whole in 2028. The mine is not hit.
    plan = solve(
        projects=[mine(existing_tpa=100), plant(existing_tpa=100)],
        scenarios=scenarios(strike=1),
        shocks=[
            shock("strike", "capacity", 0.6, "", 2027, stage="separation"),
            shock("strike", "capacity", 0.5, 2027, 2027, project="plant"),
        ],
    )
    assert plan.table("shortfall")["tonnes"].tolist() == near([40, 70, 0])


def test_a_capacity_shock_hits_new_capacity_too(solve: SolveCase) -> None:
    plan = solve(
        demand=demand(last=2026),
        projects=[mine(), plant(existing_tpa=20, max_new_tpa=60)],
        scenarios=scenarios(strike=1),
        shocks=[shock("strike", "capacity", 0.5, country="AAA", stage="separation")],
    )
    assert plan.summary["risk_musd"] == near(100 - 0.5 * 80)


@pytest.mark.parametrize(("factor", "risk"), [(0, 0), (0.5, 150), (1, 300), (1.5, 450)])
def test_a_demand_shock_multiplies_demand(solve: SolveCase, factor: float, risk: float) -> None:
    plan = solve(scenarios=scenarios(only=1), shocks=[shock("only", "demand", factor)])
    assert plan.summary["risk_musd"] == near(risk)


@pytest.mark.parametrize(
    "where",
    [
        {"supplier": "CHN"},
        {"element": "Dy"},
        {"form": "oxide"},
        {"country": "AAA"},
        {"supplier": "*"},
    ],
)
def test_an_import_shock_hits_what_it_names(solve: SolveCase, where: dict[str, str]) -> None:
    # Two suppliers of 40 t each, to two countries; a cut in 2027 of what `where` names.
    plan = solve(
        countries="country\nAAA\nBBB",
        demand=[*demand(80, last=2027), *demand(80, last=2027, country="BBB")],
        imports=[
            {"supplier": s, "country": c, "element": "Dy", "year": 2026, "tonnes": 40}
            for s in ("CHN", "MYS")
            for c in ("AAA", "BBB")
        ],
        scenarios=scenarios(cut=1),
        shocks=[shock("cut", "import", 0, 2027, 2027, **where)],
    )
    risk = (
        {"supplier": 80, "country": 80}.get(next(iter(where)), 160)
        if "*" not in where.values()
        else 160
    )
    assert plan.summary["risk_musd"] == near(risk)


def late(factor: int, start: int = 2027, end: int = 2027, **where: str) -> dict[str, Any]:
    """One scenario, always late."""
    return {
        "scenarios": scenarios(late=1),
        "shocks": [shock("late", "delay", factor, start, end, **where)],
    }


# 100 t/y can be paid in 2026 only, due in 2027; four years of demand.
ONCE: dict[str, Any] = {
    "demand": demand(last=2029),
    "budgets": budget(100),
    "projects": [
        mine(),
        plant(
            max_new_tpa=100,
            lead_time_years=1,
            capex_usd_per_tpa=MUSD,
            fixed_opex_usd_per_tpa=0.1 * MUSD,
        ),
    ],
}


@pytest.mark.parametrize(("years", "risk"), [(0, 100), (1, 200), (2, 300)])
def test_a_delay_moves_the_start_and_nothing_else(
    solve: SolveCase, years: int, risk: float
) -> None:
    plan = solve({"policy.budget_carry_over": False}, **ONCE, **late(years))
    assert plan.summary["risk_musd"] == near(risk)
    # Capex 100 and fixed opex of 0.1 * 100 in each of 2027, 2028, 2029, from the planned start.
    assert plan.summary["cost_musd"] == near(130)


def test_a_delay_beyond_the_horizon_leaves_nothing_worth_building(solve: SolveCase) -> None:
    plan = solve({"policy.budget_carry_over": False}, **ONCE, **late(3))
    assert plan.summary["risk_musd"] == near(400)
    assert plan.summary["cost_musd"] == near(0)


def test_delays_add_up(solve: SolveCase) -> None:
    case = ONCE | {
        "scenarios": scenarios(late=1),
        "shocks": [
            shock("late", "delay", 1, 2027, 2027),
            shock("late", "delay", 1, 2026, 2028, stage="separation"),
        ],
    }
    assert solve({"policy.budget_carry_over": False}, **case).summary["risk_musd"] == near(300)


@pytest.mark.parametrize(
    "missed",
    [
        {"start": 2026, "end": 2026},
        {"start": 2028, "end": 2029},
        {"stage": "mine"},
        {"project": "mine"},
        {"country": "BBB"},
    ],
)
def test_a_delay_of_other_builds_changes_nothing(solve: SolveCase, missed: dict[str, Any]) -> None:
    """The planned start, 2027, must lie in the window; stage, project and country must match."""
    plan = solve(
        {"policy.budget_carry_over": False},
        countries="country\nAAA\nBBB",
        **ONCE,
        **late(2, **missed),
    )
    assert plan.summary["risk_musd"] == near(100)


def test_a_delay_window_is_compared_with_the_planned_start(solve: SolveCase) -> None:
    # With money in 2027 too, a build of 2027 is due in 2028, outside the window, so 2 years of delay cost one year.
    plan = solve(**ONCE, **late(2))
    assert plan.summary["risk_musd"] == near(200)


def test_a_delayed_build_ramps_from_its_late_start(solve: SolveCase) -> None:
    # Committed in 2026, due in 2027, starts in 2028: 50 % in 2028, all in 2029.
    case = ONCE | {"ramps": "ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 1"}
    case["projects"] = [mine(), ONCE["projects"][1] | {"ramp": "slow"}]
    plan = solve({"policy.budget_carry_over": False}, **case, **late(1))
    assert plan.table("shortfall")["tonnes"].tolist() == near([100, 100, 50, 0])


# Imports of 150 t in 2026, none in 2027; the plant of 100 t/y is due in 2027, a year late with probability 1/2.
# Stock of 2026 (50 t, 1 MUSD/t) saves 50 t in `late`; in `calm` it is not needed.
@pytest.mark.parametrize(
    ("reveal", "stock_when_calm", "cost"),
    [
        (2027, 50, 50),  # in 2026 nobody knows, so it is bought in both
        (2026, 0, 25),  # known in 2026: bought only where it is needed, at probability 1/2
    ],
)
@pytest.mark.parametrize("investment", ["committed", "adaptive"])
def test_a_delay_shows_itself_in_its_start_year_and_not_before(
    solve: SolveCase, reveal: int, stock_when_calm: float, cost: float, investment: str
) -> None:
    plan = solve(
        {"policy.investment": investment},
        demand=demand(last=2027),
        imports="supplier, country, element, year, tonnes\nCHN, AAA, Dy, 2026, 150\nCHN, AAA, Dy, 2027, 0",
        projects=[mine(), plant(max_new_tpa=100, lead_time_years=1)],
        budgets=budget(50),
        stockpiles=f"country, element, initial_t, purchase_usd_per_kg\nAAA, Dy, 0, {ONE_PER_TONNE}",
        scenarios=scenarios(calm=0.5, late=0.5),
        shocks=[shock("late", "delay", 1, reveal, 2027)],
    )
    assert plan.summary["scenario_loss_musd"] == near({"calm": 0, "late": 50})
    assert total(plan, "stocks", "bought_t", scenario="calm") == near(stock_when_calm)
    assert plan.summary["cost_musd"] == near(cost)
    assert plan.summary["model"]["nodes"] == (3 if reveal == 2027 else 4)


# ---- the tree: what counts as a difference --------------------------------------------------------------


# "Felt" speaks of the case, "what is so"; levers are of the model, "what the planner chooses" (contract, 1 and 2): what is
# known does not hang on what may be done about it, and the case without a plan has the tree of the plan.
@pytest.mark.parametrize("kind", ["delay", "capacity"])
def test_whether_a_shock_is_felt_does_not_hang_on_the_levers(solve: SolveCase, kind: str) -> None:
    for levers in (["separation"], []):
        plan = solve(
            {"levers": levers},
            projects=[mine(), plant(max_new_tpa=10, lead_time_years=1)],
            scenarios=scenarios(one=0.5, two=0.5),
            shocks=[shock("two", kind, 2, 2028, 2028, project="plant")],
        )
        assert plan.summary["model"]["nodes"] == 4


@pytest.mark.parametrize(
    ("shocks", "nodes", "why"),
    [
        ([], 3, "equal histories: one node per year"),
        ([shock("two", "import", 0, 2027)], 5, "2026 is shared, then two of each"),
        ([shock("two", "import", 1, 2027)], 3, "a factor of 1 is no difference"),
        ([shock("two", "import", 0, 2030, 2031)], 3, "after the horizon"),
        ([shock("two", "import", 0, element="Tb")], 3, "nobody sells Tb"),
        (
            [shock("two", "import", 0.5, 2027), shock("two", "import", 2, 2027, 2028)],
            3,
            "half of double is 1",
        ),
        ([shock("one", "import", 0, 2028), shock("two", "import", 0, 2028)], 3, "the same in both"),
        (
            [shock("two", "capacity", 0, 2028, project="plant")],
            3,
            "there is no capacity before 2029",
        ),
        ([shock("two", "capacity", 0, 2028, project="mine")], 4, "felt in 2028"),
        (
            [shock("two", "delay", 1, 2027, 2028, project="plant")],
            3,
            "no build of the plant is due by 2028",
        ),
        ([shock("two", "delay", 0, 2026, 2028, project="works")], 3, "a delay of no years"),
        (
            [shock("two", "delay", 1, 2028, 2028, project="works")],
            4,
            "builds of the works are due in 2028",
        ),
        (
            [shock("two", "import", 0, 2027, 2027)],
            5,
            "a history that differed once stays another one",
        ),
    ],
)
def test_scenarios_share_a_node_until_their_shocks_differ_in_effect(
    solve: SolveCase, shocks: list[dict[str, object]], nodes: int, why: str
) -> None:
    plan = solve(
        elements="element, heavy, loss_usd_per_kg\nDy, true, 1000\nTb, true, 1000",
        imports="supplier, country, element, year, tonnes\nCHN, AAA, Dy, 2026, 50",
        projects=[
            mine(),
            plant(max_new_tpa=10, lead_time_years=3),
            plant(project="works", max_new_tpa=10, lead_time_years=1),
        ],
        scenarios=scenarios(one=0.5, two=0.5),
        shocks=shocks or None,
    )
    assert plan.summary["model"]["nodes"] == nodes, why
