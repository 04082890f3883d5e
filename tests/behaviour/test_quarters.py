"""Quarters: a shock that begins or ends inside a year divides it, and shows itself in its quarter."""

from __future__ import annotations

from typing import Any

import pytest

from planner.data.case import Case
from planner.data.scenario_tree import scenario_tree
from planner.data.shock_effects import periods_of
from planner.results.plan import Plan
from tests.cases import (
    MUSD,
    ONE_PER_TONNE,
    budget,
    demand,
    imports,
    mine,
    near,
    plant,
    scenarios,
    shock,
    total,
)
from tests.conftest import MakeCase, SolveCase

ONE_CUT: dict[str, Any] = {
    "demand": demand(last=2027),
    "imports": [imports(100)],
    "scenarios": scenarios(cut=1),
    "shocks": [shock("cut", "import", 0, "2027Q2", "2027Q3")],
}
"""100 t a year, all of it bought; nothing can be bought in two quarters of 2027: 50 t are short."""


def spoken(case: Case) -> list[str]:
    """The periods of a case as text."""
    return [str(period) for period in periods_of(case)]


def test_a_cut_of_two_quarters_is_half_a_year(solve: SolveCase) -> None:
    plan = solve(**ONE_CUT)
    assert plan.summary["risk_musd"] == near(50)
    short = plan.tables["shortfall"]
    assert short.query("year == 2027")["quarter"].tolist() == [1, 2, 3, 4]
    assert short.query("year == 2027")["tonnes"].tolist() == near([0, 25, 25, 0])
    assert short.query("year == 2027")["demand_t"].tolist() == near([25] * 4)
    assert short.query("year == 2026")["quarter"].isna().all()


def test_stock_for_one_of_two_quarters_leaves_the_other(solve: SolveCase) -> None:
    stock = "country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, 25, 25, 1"
    plan = solve(stockpiles=stock, **ONE_CUT)
    assert plan.summary["risk_musd"] == near(25)
    assert total(plan, "stocks", "released_t") == near(25)
    assert total(plan, "stocks", "stock_t", year=2027, quarter=4) == near(0)


def test_a_loss_in_steps_goes_by_the_demand_of_the_quarter(solve: SolveCase) -> None:
    """Of the 25 t of each quarter the first 5 cost 1 MUSD each, the other 20 3 MUSD: 2 * 65."""
    tiers = "element, up_to_share, loss_usd_per_kg\nDy, 0.2, 1000\nDy, 1, 3000"
    assert solve(loss_tiers=tiers, **ONE_CUT).summary["risk_musd"] == near(130)


def test_capacity_and_people_are_those_of_a_quarter(solve: SolveCase) -> None:
    """40 t/y make 10 t in a quarter; with a person per t/y and 28 persons 7 t: of 50 t 30 are short, then 36."""
    makes = ONE_CUT | {"projects": [mine(), plant(existing_tpa=40)]}
    assert solve(**makes).summary["risk_musd"] == near(30)
    people = {
        "skills": "skill, attrition\nchemist, 0",
        "staffing": f"stage, skill, persons_per_ktpa\nseparation, chemist, {ONE_PER_TONNE}",
        "workforce": "country, skill, initial\nAAA, chemist, 28",
    }
    plan = solve(**makes, **people)
    assert plan.summary["risk_musd"] == near(36)
    assert total(plan, "capacity", "usable_tpa", project="plant", quarter=2) == near(40)
    assert total(plan, "capacity", "throughput_t", project="plant", quarter=2) == near(7)
    assert total(plan, "workforce", "needed", quarter=2) == near(28)


ANSWER = {
    "demand": demand(last=2028),
    "imports": [imports(100)],
    "scenarios": scenarios(calm=0.5, cut=0.5),
    "projects": [mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.01 * MUSD)],
    "budgets": budget(0, 1, 1),
}
ADAPTIVE = {"policy.investment": "adaptive"}


def builds(plan: Plan, scenario: str, year: int) -> float:
    """New capacity (t/y) that a scenario commits in a year."""
    return sum(
        total(plan, "investments", "tpa", year=year, scenarios=who) for who in ("all", scenario)
    )


def test_a_cut_that_shows_itself_in_a_second_quarter_is_not_answered_by_the_builds_of_its_year(
    solve: SolveCase,
) -> None:
    """Builds of 2027 are of one mind, so all histories pay for them; in 2028 the one that is cut off builds alone."""
    plan = solve(ADAPTIVE, **ANSWER, shocks=[shock("cut", "import", 0, "2027Q2")])
    assert builds(plan, "calm", 2027) == near(builds(plan, "cut", 2027)) == near(100)
    # From the first quarter on it shows itself in time: only the history that is cut off builds.
    early = solve(ADAPTIVE, **ANSWER, shocks=[shock("cut", "import", 0, "2027Q1", "2028Q3")])
    assert (builds(early, "calm", 2027), builds(early, "cut", 2027)) == (near(0), near(100))


def test_a_decision_up_to_a_year_is_one_path_and_later_ones_answer(solve: SolveCase) -> None:
    cut = {"shocks": [shock("cut", "import", 0, 2027)]}
    free = solve(ADAPTIVE, **ANSWER, **cut)
    assert (builds(free, "calm", 2027), builds(free, "cut", 2027)) == (near(0), near(100))
    bound = solve(ADAPTIVE | {"policy.committed_through": 2027}, **ANSWER, **cut)
    assert builds(bound, "calm", 2027) == builds(bound, "cut", 2027) == near(100)
    # With no money for 2027 the answer comes in 2028, in the one history that needs it.
    late = ANSWER | {"budgets": budget(0, 0, 1)}
    later = solve(ADAPTIVE | {"policy.committed_through": 2027}, **late, **cut)
    assert (builds(later, "calm", 2028), builds(later, "cut", 2028)) == (near(0), near(100))
    never = solve(ADAPTIVE | {"policy.committed_through": 2030}, **late, **cut)
    assert builds(never, "calm", 2028) == near(100)


def test_money_moves_on_within_a_year_even_where_years_keep_theirs(solve: SolveCase) -> None:
    """10 t may be bought for stock in the first quarter of 2027 with what 2027 has; nothing of 2026 is left then."""
    stock = "country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, 0, 50, 1000"
    model = {"policy.budget_carry_over": False}
    tables = ONE_CUT | {"demand": demand(last=2027), "imports": [imports(120)], "stockpiles": stock}
    waits = tables | {
        "shocks": [
            shock("cut", "import", 0, "2027Q3", "2027Q4"),
            shock("cut", "import", 0, 2026, 2026),
        ]
    }
    plan = solve(model, **waits, budgets=budget(0, 10))
    # 2026 is cut off whole; half of 2027 is short but for the 10 t bought in one of its first quarters, 5 t in each.
    assert plan.summary["risk_musd"] == near(100 + 50 - 10)
    assert total(plan, "spending", "musd", item="stock purchases") == near(10)
    assert set(plan.tables["spending"]["quarter"]) <= {1, 2}
    assert solve(model, **waits, budgets=budget(10, 0)).summary["risk_musd"] == near(150)


def test_holding_costs_count_on_the_stock_at_the_end_of_the_year_alone(solve: SolveCase) -> None:
    """20 t are held at the end of 2026, at 1 MUSD/t, and are gone before 2027 ends."""
    stock = "country, element, initial_t, max_t, purchase_usd_per_kg, holding_usd_per_kg_year\nAAA, Dy, 20, 20, 1, 1000"
    plan = solve({"levers": []}, stockpiles=stock, **ONE_CUT)
    assert plan.summary["risk_musd"] == near(30)
    assert plan.summary["cost_musd"] == near(20)


@pytest.mark.parametrize(
    ("start", "end", "kind", "divided"),
    [
        ("2027Q2", "2027Q3", "import", {"2027"}),
        ("2026Q3", "2028Q1", "import", {"2026", "2028"}),
        ("2027Q1", "2027Q4", "import", set()),  # a whole year in other words
        ("2026Q1", "2027", "import", set()),
        ("2027Q2", "", "capacity", set()),  # touches nothing: there is no plant
        ("2029Q2", "2029Q3", "import", set()),  # after the horizon
    ],
)
def test_a_year_is_divided_where_a_shock_that_touches_something_begins_or_ends_inside(
    make_case: MakeCase, start: str, end: str, kind: str, divided: set[str]
) -> None:
    case = make_case(
        imports=[imports(100)],
        scenarios=scenarios(cut=1),
        shocks=[shock("cut", kind, 0.5, start, end)],
    )
    assert {period[:4] for period in spoken(case) if "Q" in period} == divided
    assert len(scenario_tree(case).nodes) == 3 + 3 * len(divided)


def test_all_histories_are_divided_and_part_in_the_quarter_of_the_shock(
    make_case: MakeCase,
) -> None:
    case = make_case(**ONE_CUT | {"scenarios": scenarios(calm=0.5, cut=0.5)})
    histories = [(str(node.period), node.scenarios) for node in scenario_tree(case).nodes]
    assert histories[:2] == [("2026", ("calm", "cut")), ("2027Q1", ("calm", "cut"))]
    assert [who for period, who in histories if period == "2027Q2"] == [("calm",), ("cut",)]


def test_a_year_divided_without_a_shock_inside_changes_nothing(solve: SolveCase) -> None:
    """Demand is doubled in two quarters and halved in each of them, which leaves it as it is."""
    tables = ANSWER | {
        "shocks": [shock("cut", "import", 0.5, 2027)],
        "stockpiles": "country, element, initial_t, max_t, purchase_usd_per_kg, holding_usd_per_kg_year\n"
        "AAA, Dy, 5, 30, 3, 1",
    }
    undone = [
        shock("calm", "demand", factor, f"{year}Q{start}", f"{year}Q{end}")
        for year in (2026, 2027, 2028)
        for factor, start, end in ((2, 1, 2), (0.5, 1, 1), (0.5, 2, 2))
    ]
    for model in ({}, ADAPTIVE, {"policy.budget_carry_over": False}):
        whole = solve(model, **tables)
        divided = solve(model, **tables | {"shocks": [*tables["shocks"], *undone]})
        assert divided.summary["model"]["nodes"] > whole.summary["model"]["nodes"]
        for key in (
            "least_risk_musd",
            "risk_musd",
            "cost_musd",
            "expected_loss_musd",
            "public_spend_musd",
        ):
            assert divided.summary[key] == pytest.approx(whole.summary[key], rel=1e-9, abs=1e-9), (
                key
            )
