"""The three goals and the order of their criteria; committed and adaptive investment; levers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import planner
from tests.cases import MUSD, budget, demand, imports, mine, near, plant, scenarios, shock, total
from tests.conftest import MakeCase, SolveCase

ONE_YEAR = demand(last=2026)
# 30 t/y at 0.6 MUSD each, 30 t/y at 1.5 MUSD each; a tonne short costs 1 MUSD.
TWO_PLANTS: dict[str, Any] = {
    "demand": ONE_YEAR,
    "budgets": budget(1000),
    "projects": [
        mine(),
        plant(max_new_tpa=30, capex_usd_per_tpa=0.6 * MUSD),
        plant(project="dear", max_new_tpa=30, capex_usd_per_tpa=1.5 * MUSD),
    ],
}


def test_goal_risk_is_least_risk_then_least_cost(solve: SolveCase) -> None:
    # All 60 t/y: 30 * 0.6 + 30 * 1.5.
    plan = solve(**TWO_PLANTS)
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == (near(40), near(63))
    assert plan.summary["least_risk_musd"] == near(40)


def test_the_slack_lets_the_dearest_part_go(solve: SolveCase) -> None:
    # Risk up to 40 * 1.25 = 50: 10 t/y of the dear plant are not built, 48 MUSD remain.
    plan = solve({"objective.risk_slack": 0.25}, **TWO_PLANTS)
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == (near(50), near(48))
    assert plan.summary["least_risk_musd"] == near(40)


@pytest.mark.parametrize(
    ("limit", "cost"),
    [
        (100, 0),
        (80, 12),  # 20 t/y of the cheap plant
        (60, 18 + 15),  # all 30 of it and 10 t/y of the dear one
        (40, 63),
    ],
)
def test_goal_target_is_least_cost_within_the_limit(
    solve: SolveCase, limit: float, cost: float
) -> None:
    plan = solve({"objective.goal": "target", "objective.risk_limit": limit}, **TWO_PLANTS)
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == (near(limit), near(cost))


def test_a_limit_has_no_effect_on_another_goal_and_an_empty_value_resets_a_key(
    make_case: MakeCase,
) -> None:
    # Limit 80: 20 t/y of the cheap plant for 12 MUSD. Least risk: both plants for 63 MUSD.
    limited = make_case(
        {"objective.goal": "target", "objective.risk_limit": 80, "objective.tail": 0.5},
        **TWO_PLANTS,
    )
    assert planner.solve(limited).summary["cost_musd"] == near(12)
    assert planner.solve(limited.changed("objective.goal=risk")).summary["cost_musd"] == near(63)
    assert planner.solve(limited.changed("objective.goal=")).summary["cost_musd"] == near(63)
    reset = limited.changed(["objective.goal=", "objective.risk_limit=", "objective.tail="])
    objective = reset.model.objective
    assert (objective.goal, objective.risk_limit, objective.tail) == ("risk", None, 0.9)
    assert limited.changed({"objective.tail": ""}).model.objective.tail == 0.9


def test_goal_target_takes_less_risk_where_it_costs_nothing(solve: SolveCase) -> None:
    # A free plant of 30 t/y: with a limit of 90, cost is 0 either way, and risk is then 70.
    plan = solve(
        {"objective.goal": "target", "objective.risk_limit": 90},
        demand=ONE_YEAR,
        projects=[mine(), plant(max_new_tpa=30)],
    )
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == (near(70), near(0))


def test_an_unreachable_target_is_infeasible_and_says_what_can_be_reached(solve: SolveCase) -> None:
    plan = solve({"objective.goal": "target", "objective.risk_limit": 35}, **TWO_PLANTS)
    assert plan.status.value == plan.summary["status"] == "infeasible"
    assert plan.status.exit_code == 3
    assert plan.tables == {}
    assert "35 MUSD" in plan.summary["reasons"][0]
    assert (
        "least attainable" in plan.summary["reasons"][0] and "40 MUSD" in plan.summary["reasons"][0]
    )


def test_goal_welfare_builds_what_costs_less_than_it_saves(solve: SolveCase) -> None:
    # 0.6 < 1 < 1.5 MUSD/t: only the cheap plant; 18 + 70.
    plan = solve({"objective.goal": "welfare"}, **TWO_PLANTS)
    assert (plan.summary["risk_musd"], plan.summary["cost_musd"]) == (near(70), near(18))


CHEMISTS: dict[str, Any] = {
    "projects": [mine(), plant(existing_tpa=100)],
    "skills": "skill, attrition\nchemist, 0",
    "staffing": "stage, skill, persons_per_ktpa\nseparation, chemist, 1000",
    "budgets": budget(1000),
}
SCHOOL = "programme, country, skill, duration_years, seats, max_new_seats, cost_per_trainee_usd, cost_per_seat_usd\n"
GAP = "supplier, country, element, year, tonnes\nCHN, AAA, Dy, 2026, 200\nCHN, AAA, Dy, 2027, 100\nCHN, AAA, Dy, 2028, 0"
STOCK = "country, element, initial_t, purchase_usd_per_kg, holding_usd_per_kg_year\n"


def only(**columns: float) -> dict[str, Any]:
    """The mine and a plant of at most 100 t/y, with money for it."""
    return {"projects": [mine(), plant(max_new_tpa=100, **columns)], "budgets": budget(1000)}


# item: (tables for an item that costs x MUSD, x at which it costs what it saves, expected loss without it and with it).
# The rate of cost is 25 % a year (1, 0.8, 0.64), losses are not discounted; a tonne saves 1 MUSD.
TIPPING: dict[str, tuple[Callable[[float], dict[str, Any]], float, float, float]] = {
    # One t/y from 2028, paid by halves in 2026 and 2027: 0.5 + 0.4 = 0.9 x.
    "public capex": (
        lambda x: only(lead_time_years=2, capex_usd_per_tpa=x * MUSD),
        1 / 0.9,
        300,
        200,
    ),
    "private capex": (
        lambda x: only(lead_time_years=2, capex_usd_per_tpa=x * MUSD, public_share=0),
        1 / 0.9,
        300,
        200,
    ),
    # From the planned start to 2028. Committed in 2027: 0.64 x for a tonne; in 2026: 0.8 x more for one more tonne.
    "fixed opex": (
        lambda x: only(lead_time_years=1, fixed_opex_usd_per_tpa=x * MUSD),
        1 / 0.8,
        200,
        100,
    ),
    # One year (2026), in the history that needs it (p = 0.3): 0.3 x for 0.3 t.
    "variable opex": (
        lambda x: {
            "demand": ONE_YEAR,
            "imports": [imports(100)],
            "projects": [mine(), plant(existing_tpa=100, variable_opex_usd_per_t=x * MUSD)],
            "scenarios": scenarios(calm=0.7, cut=0.3),
            "shocks": [shock("cut", "import", 0)],
        },
        1,
        30,
        0,
    ),
    # A trainee of 2026 works in 2027.
    "training": (
        lambda x: (
            CHEMISTS
            | {
                "demand": demand(last=2027),
                "workforce": "country, skill, initial\nAAA, chemist, 50",
                "training": f"{SCHOOL}school, AAA, chemist, 1, 10, 0, {x * MUSD}, 0",
            }
        ),
        1,
        100,
        90,
    ),
    # A seat of 2026 is used in 2027 for somebody who works in 2028.
    "new seats": (
        lambda x: (
            CHEMISTS
            | {
                "workforce": "country, skill, initial\nAAA, chemist, 50",
                "training": f"{SCHOOL}school, AAA, chemist, 1, 0, 10, 0, {x * MUSD}",
            }
        ),
        1,
        150,
        140,
    ),
    # A hire of 2027 costs 0.8 x and works in 2027, the last year.
    "hiring": (
        lambda x: (
            CHEMISTS
            | {
                "demand": demand(last=2027),
                "workforce": "country, skill, initial, hires_per_year, hire_cost_usd\n"
                f"AAA, chemist, 50, 10, {x * MUSD}",
            }
        ),
        1 / 0.8,
        100,
        90,
    ),
    # 100 t to spare in 2026 and 100 t that lack in 2028: bought at x.
    "stock purchases": (
        lambda x: {
            "imports": GAP,
            "stockpiles": f"{STOCK}AAA, Dy, 0, {1000 * x}, 0",
            "budgets": budget(1000),
        },
        1,
        100,
        0,
    ),
    # The same free to buy, held at the ends of 2026 and 2027: 1.8 x.
    "holding": (
        lambda x: {
            "imports": GAP,
            "stockpiles": f"{STOCK}AAA, Dy, 100, 0, {1000 * x}",
            "budgets": budget(1000),
        },
        1 / 1.8,
        100,
        0,
    ),
}


@pytest.mark.parametrize("item", TIPPING)
def test_every_item_of_cost_tips_the_balance_where_it_costs_what_it_saves(
    solve: SolveCase, item: str
) -> None:
    """The order of criteria sees cost as the program has it, so a wrong item there would show in what is done."""
    tables, even, without, with_it = TIPPING[item]
    model = {"objective.goal": "welfare", "objective.risk_aversion": 0.0, "discount_rate": 0.25}
    cheap, dear = (
        solve(model, **tables(factor * even)).summary["expected_loss_musd"]
        for factor in (0.98, 1.02)
    )
    assert (cheap, dear) == (near(with_it), near(without))


def test_with_full_aversion_cost_comes_before_expected_loss(solve: SolveCase) -> None:
    # CVaR sees `cut` only (100 forced). In `calm` 100 t could be made at 0.1 MUSD/t: that costs, so it is not done.
    plan = solve(
        {"objective.risk_aversion": 1.0},
        demand=ONE_YEAR,
        projects=[mine(), plant(existing_tpa=100, variable_opex_usd_per_t=0.1 * MUSD)],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "capacity", 0, stage="separation")],
    )
    assert plan.summary["cost_musd"] == near(0)
    assert plan.summary["expected_loss_musd"] == near(100)


def test_the_expected_loss_raises_cost_and_risk_by_a_hundred_millionth_at_most(
    solve: SolveCase,
) -> None:
    # CVaR is the cut: 1e6 MUSD. A millionth of it would buy 20 t of the undisturbed scenario at 0.1 MUSD/t.
    plan = solve(
        {"objective.risk_aversion": 1.0, "objective.tail": 0.5, "objective.goal": "welfare"},
        demand=demand(1e6, last=2026),
        projects=[
            mine(existing_tpa=1e6),
            plant(existing_tpa=100, variable_opex_usd_per_t=0.1 * MUSD),
        ],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "capacity", 0, stage="separation")],
    )
    assert plan.summary["cost_musd"] <= 0.011


@pytest.mark.parametrize(
    "goal",
    [{"objective.goal": "welfare"}, {"objective.goal": "target", "objective.risk_limit": 100}, {}],
)
def test_the_third_criterion_leaves_no_shortfall_that_could_be_avoided_for_nothing(
    solve: SolveCase, goal: dict[str, Any]
) -> None:
    plan = solve(
        {"objective.risk_aversion": 1.0, **goal},
        demand=ONE_YEAR,
        projects=[mine(), plant(existing_tpa=100)],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "capacity", 0, stage="separation")],
    )
    assert plan.summary["scenario_loss_musd"] == near({"calm": 0, "cut": 100})


# ---- committed and adaptive ------------------------------------------------------------------------

# 50 MUSD in 2027, when either Dy or Tb is cut off (p = 1/2 each, 100 t, 1 MUSD/t); plants cost 1 MUSD per t/y, no lead.
EITHER: dict[str, Any] = {
    "elements": "element, heavy, loss_usd_per_kg\nDy, true, 1000\nTb, true, 1000",
    "demand": [*demand(last=2027), *demand(last=2027, element="Tb")],
    "imports": [imports(100), imports(100, element="Tb")],
    "feeds": "feed, element, share\nore, Dy, 1\ngem, Tb, 1",
    "projects": [
        mine(),
        mine(project="gem_mine", feeds="gem"),
        plant(max_new_tpa=100, capex_usd_per_tpa=MUSD),
        plant(project="gem_plant", feeds="gem", max_new_tpa=100, capex_usd_per_tpa=MUSD),
    ],
    "budgets": budget(50, first=2027),
    "scenarios": scenarios(no_dy=0.5, no_tb=0.5),
    "shocks": [
        shock("no_dy", "import", 0, 2027, element="Dy"),
        shock("no_tb", "import", 0, 2027, element="Tb"),
    ],
}


@pytest.mark.parametrize(
    ("investment", "aversion", "expected", "cvar"),
    [
        # d + t = 50 for both: losses 100 - d and 100 - t, 75 on average however it is split.
        ("committed", 0.0, 75, None),
        ("committed", 0.5, 75, 75),  # and 25 each is best for the worst case
        # The plant for what turned out to lack: 50 t short in either.
        ("adaptive", 0.0, 50, 50),
        ("adaptive", 1.0, 50, 50),
    ],
)
def test_adaptive_investment_answers_what_has_shown_itself(
    solve: SolveCase, investment: str, aversion: float, expected: float, cvar: float | None
) -> None:
    plan = solve({"policy.investment": investment, "objective.risk_aversion": aversion}, **EITHER)
    assert plan.summary["expected_loss_musd"] == near(expected)
    if cvar is not None:
        assert plan.summary["cvar_musd"] == near(cvar)
    # Expected spending is 50 either way: in one history or the other, or split.
    assert plan.summary["public_spend_musd"] == near(50)


def test_an_adaptive_plan_is_reported_with_its_scenarios(solve: SolveCase) -> None:
    table = solve({"policy.investment": "adaptive"}, **EITHER).table("investments")
    assert table[["project", "tpa", "probability", "scenarios"]].to_numpy().tolist() == [
        ["gem_plant", near(50), 0.5, "no_tb"],
        ["plant", near(50), 0.5, "no_dy"],
    ]


def test_adaptive_investment_does_not_answer_what_has_not_shown_itself(solve: SolveCase) -> None:
    # Lead time 1: what serves in 2027 is committed in 2026, when nothing is known.
    late = [
        row | ({"lead_time_years": 1} if row["stage"] == "separation" else {})
        for row in EITHER["projects"]
    ]
    plan = solve(
        {"policy.investment": "adaptive"}, **EITHER | {"projects": late, "budgets": budget(50)}
    )
    assert plan.summary["expected_loss_musd"] == near(75)


def test_adaptive_training_and_hiring_answer_too(solve: SolveCase) -> None:
    # Chemists run the Dy plant, miners the Tb mine; 10 hires of each would cost 2 MUSD and 1 is there in 2027.
    people: dict[str, Any] = {
        "projects": [
            mine(),
            mine(project="gem_mine", feeds="gem"),
            plant(existing_tpa=100),
            plant(project="gem_plant", feeds="gem", existing_tpa=100),
        ],
        "skills": "skill, attrition\nchemist, 0\nminer, 0",
        "staffing": "stage, project, skill, persons_per_ktpa\n"
        "separation, plant, chemist, 1000\nmine, gem_mine, miner, 1000",
        "workforce": "country, skill, initial, hires_per_year, hire_cost_usd\n"
        "AAA, chemist, 0, 10, 100000\nAAA, miner, 0, 10, 100000",
        "budgets": budget(1, first=2027),
    }
    losses = [
        solve({"policy.investment": how}, **EITHER | people).summary["expected_loss_musd"]
        for how in ("committed", "adaptive")
    ]
    assert losses == near([95, 90])  # c + m = 10 hires for both, or 10 for each


# ---- never worse than nothing ----------------------------------------------------------------------


def test_free_imports_are_used_whatever_the_slack_allows(solve: SolveCase) -> None:
    # One country, no projects: 53 of 132 t are imported for nothing, so 79 t are short with or without a plan.
    # Within a slack of 5 % the least cost, 0, would let the imports be left.
    plan = solve(
        {"objective.risk_slack": 0.05}, demand=demand(132, last=2026), imports=[imports(53)]
    )
    assert plan.summary["cost_musd"] == near(0)
    assert plan.summary["risk_musd"] == near(79)


def test_free_imports_are_used_where_only_the_tail_counts(solve: SolveCase) -> None:
    # lambda = 1: the worst half is the cut, 132 t short; the calm future, which carries no weight, still imports.
    plan = solve(
        {"objective.risk_aversion": 1.0, "objective.tail": 0.5, "objective.risk_slack": 0.05},
        demand=demand(132, last=2026),
        imports=[imports(53)],
        scenarios=scenarios(calm=0.5, cut=0.5),
        shocks=[shock("cut", "import", 0)],
    )
    assert plan.summary["scenario_loss_musd"] == near({"calm": 79, "cut": 132})


def test_lambda_one_without_a_tail_is_expected_loss_and_no_worse_than_nothing(
    solve: SolveCase,
) -> None:
    model = {"objective.risk_aversion": 1.0, "objective.tail": 0.0, "objective.risk_slack": 0.05}
    plan = solve(model, demand=demand(132, last=2026), imports=[imports(53)])
    assert plan.summary["risk_musd"] == near(79)


def test_the_risk_is_least_at_the_cost_of_the_plan(solve: SolveCase) -> None:
    # 40 t of risk are the least; with a slack of 10 % the dear plant is 4 t smaller, no more: 44, and not more than 44.
    plan = solve({"objective.risk_slack": 0.1}, **TWO_PLANTS)
    assert plan.summary["least_risk_musd"] == near(40)
    assert plan.summary["risk_musd"] == near(44)


# ---- levers and the baseline -----------------------------------------------------------------------


def test_without_levers_what_exists_keeps_running(solve: SolveCase) -> None:
    # 30 t made, 20 t in stock; staff and seats as they are. 100 - 50, then 70.
    plan = solve(
        {"levers": []},
        demand=demand(last=2027),
        projects=[mine(), plant(existing_tpa=30, max_new_tpa=100)],
        stockpiles="country, element, initial_t, purchase_usd_per_kg\nAAA, Dy, 20, 1",
    )
    assert plan.summary["risk_musd"] == near(200 - 60 - 20)
    assert plan.summary["cost_musd"] == near(0)


def test_the_baseline_is_the_case_without_levers(make_case: MakeCase) -> None:
    plan = planner.solve(make_case(**TWO_PLANTS))
    assert plan.summary["without_plan"]["risk_musd"] == near(100)
    assert plan.summary["risk_musd"] == near(40)
    assert plan.table("shortfall")["without_plan_t"].tolist() == near([100])


def test_service_and_shortfall_are_expected_shares_of_demand(solve: SolveCase) -> None:
    # 100 t, or 200 t with probability 0.25; 50 t of supply: short 50 or 150, 75 of 125 expected tonnes.
    plan = solve(
        demand=ONE_YEAR,
        imports=[imports(50)],
        scenarios=scenarios(calm=0.75, boom=0.25),
        shocks=[shock("boom", "demand", 2)],
    )
    assert plan.summary["expected_shortfall_t"] == near({"Dy": 75})
    assert plan.summary["service_level"] == near({"Dy": 50 / 125})


def test_new_capacity_is_named_in_the_summary(solve: SolveCase) -> None:
    plan = solve(**TWO_PLANTS)
    assert plan.summary["new_capacity_tpa"] == near({"dear": 30, "plant": 30})
    assert total(plan, "capacity", "usable_tpa", stage="separation") == near(60)
