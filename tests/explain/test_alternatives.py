"""What else could be done: each alternative is the case with the change that stands beside it, solved by itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import planner
from planner.data.case import Case
from planner.data.load import checked_case
from planner.explanation.explain import explain
from planner.explanation.questions import later_year, steps
from planner.planning import solve_case
from planner.reporting.pages.run import render_page, report_of
from planner.results.explanation import Explanation
from planner.results.plan import Plan
from tests.cases import MUSD, budget, imports, mine, near, plant, scenarios, shock
from tests.conftest import MakeCase
from tests.reporting.conftest import read_page

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


@pytest.fixture(scope="module")
def case() -> Case:
    return planner.load(STARTER)


@pytest.fixture(scope="module")
def plan(case: Case) -> Plan:
    return solve_case(case)


@pytest.fixture(scope="module")
def found(plan: Plan) -> Explanation:
    return explain(plan, "starter", more=True)


def test_every_alternative_is_the_case_with_its_change(found: Explanation, case: Case) -> None:
    keys = [one.key for one in found.alternatives]
    assert keys[0] == "nothing" and keys[-1] == "plan"
    assert {"stock", "no_new_mines", "later", "national", "own_money", "staged"} <= set(keys)
    for one in found.alternatives:
        if one.key == "equal_rates":
            continue
        solved = solve_case(case.changed(*one.changes), baseline=False).summary
        assert one.objective == near(solved["least_risk_musd"]), one.key
        assert one.risk == near(solved["risk_musd"]), one.key
        assert one.cost == pytest.approx(solved["cost_musd"], rel=1e-5), one.key
        assert one.expected_loss == pytest.approx(solved["expected_loss_musd"], rel=1e-3)
        assert one.public == pytest.approx(solved["public_spend_musd"], rel=1e-3), one.key


def test_cost_is_told_beyond_no_plan_and_nothing_is_the_run_without_a_plan(
    found: Explanation, plan: Plan
) -> None:
    nothing, own = found.alternative("nothing"), found.own
    assert nothing is not None
    assert nothing.risk == near(plan.without["risk_musd"])
    assert nothing.cost == near(plan.without["cost_musd"])
    assert own.cost_beyond == near(plan.summary["cost_musd"] - plan.without["cost_musd"])
    assert own.builds == near(plan.summary["new_capacity_tpa"] | own.builds)


def test_nothing_taken_away_or_put_off_helps(found: Explanation) -> None:
    by_key = {one.key: one.objective for one in found.alternatives}
    freer = {"staged", "equal_rates"}
    for key, objective in by_key.items():
        if key not in freer:
            assert objective >= by_key["plan"] * (1 - 1e-7), key
    assert by_key["staged"] <= by_key["plan"] * (1 + 1e-7)


def test_everything_later_begins_two_years_after_the_first_chance(case: Case) -> None:
    starts = [years.start for years in map(case.lookups.commitment_years, case.projects) if years]
    assert later_year(case) == 2 + min(starts)
    waits = case.changed({"policy.first_decision_year": case.first_year + 2})
    assert later_year(waits) == case.first_year + 4


def test_equal_rates_change_the_plan_and_not_the_measure(make_case: MakeCase) -> None:
    """100 t are short in 2028 without a plant of 78 MUSD, which is not worth it where their loss counts 75.6 (at 15 % a
    year); at no discount it is built, and then costs 78 and leaves nothing."""
    case = make_case(
        {"objective.goal": "welfare", "risk_discount_rate": 0.15},
        demand="country, element, year, tonnes\nAAA, Dy, 2026, 0\nAAA, Dy, 2027, 0\nAAA, Dy, 2028, 100",
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.78 * MUSD)],
        budgets=budget(100),
    )
    found = explain(solve_case(case), "run")
    loss = 100 / 1.15**2
    assert (found.own.risk, found.own.cost) == near((loss, 0))
    equal = found.alternative("equal_rates")
    assert equal is not None and equal.changes == ["risk_discount_rate=0"]
    assert (equal.risk, equal.cost, equal.objective) == near((0, 78, 78))


def test_whole_plants_stand_beside_the_linear_plan(make_case: MakeCase) -> None:
    """A plant of 40 t/y at a time, for 15 MUSD: two of them are paid for by 30, the linear plan takes 100 of 37.5."""
    case = make_case(
        {"policy.whole_plants": True},
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.375 * MUSD, unit_tpa=40)],
        budgets=budget(100),
    )
    plan = solve_case(case)
    found = explain(plan, "run")
    keys = [one.key for one in found.alternatives]
    assert keys[-2:] == ["linear", "plan"]
    linear, whole = found.alternatives[-2:]
    assert linear.builds == near({"plant": 100})
    assert whole == found.own and whole.builds == near({"plant": 80})
    assert (whole.risk, whole.cost) == near((plan.summary["risk_musd"], plan.summary["cost_musd"]))


# ---- plants dropped --------------------------------------------------------------------------------------------------


def test_what_dropping_a_plant_adds_is_the_case_without_anything_new_of_it(
    found: Explanation, case: Case, plan: Plan
) -> None:
    built = {name for name, tpa in plan.summary["new_capacity_tpa"].items() if tpa > 0}
    assert {one.project for one in found.droppings} <= built and len(found.droppings) == 3
    adds = [one.adds for one in found.droppings]
    assert adds == sorted(adds, reverse=True) and adds[0] > 100
    for one in found.droppings:
        changed = case.changed(f"projects.{one.project}.max_new_tpa=0")
        without = solve_case(changed, baseline=False).summary
        assert one.adds == near(without["least_risk_musd"] - plan.summary["least_risk_musd"])
        assert one.capital == pytest.approx(one.tpa * case.lookups.full_capex(one.project))


# ---- levers ----------------------------------------------------------------------------------------------------------


def test_every_lever_that_a_case_has_is_asked_about() -> None:
    workshop = planner.load(STARTER.parent / "workshop")
    assert "saving" in [step.key for step in steps(workshop)]
    assert "saving" not in [step.key for step in steps(planner.load(STARTER))]


def test_what_needs_the_other_is_worth_nothing_alone(make_case: MakeCase) -> None:
    """100 t wanted in each of three years; a mine and a plant of 40 t/y, of use together alone: 120 MUSD less."""
    case = make_case(
        projects=[
            mine(existing_tpa=0, max_new_tpa=40, capex_usd_per_tpa=0.1 * MUSD),
            plant(max_new_tpa=40, capex_usd_per_tpa=0.1 * MUSD),
        ],
        budgets=budget(100),
    )
    values = explain(solve_case(case)).values
    by_key = {value.key: value for value in values.levers}
    assert values.whole == near(120)
    assert (by_key["mine"].first_in, by_key["mine"].last_out) == near((0, 120))
    assert (by_key["people"].first_in, by_key["people"].last_out) == near((0, 0))


def test_what_does_the_same_is_missed_by_nobody(make_case: MakeCase) -> None:
    """Stock, bought in the years before, covers what a plant would: either alone does all that both do."""
    case = make_case(
        imports=[imports(200)],
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.01 * MUSD)],
        budgets=budget(1000),
        scenarios=scenarios(cut=1),
        shocks=[shock("cut", "import", 0, 2028, 2028)],
        stockpiles="country, element, form, initial_t, max_t, purchase_usd_per_kg\n"
        "AAA, Dy, oxide, 0, 100, 1",
    )
    by_key = {value.key: value for value in explain(solve_case(case)).values.levers}
    plants, stock = by_key["separation"], by_key["stockpile"]
    assert (plants.first_in, stock.first_in) == near((100, 100))
    assert (plants.last_out, stock.last_out) == near((0, 0))


# ---- near-optimal plans, and how it is told --------------------------------------------------------------------------


def test_near_optimal_ranges_contain_the_plan(found: Explanation, plan: Plan) -> None:
    assert found.near_optimal is not None and found.ranges
    for one in found.ranges:
        built = plan.summary["new_capacity_tpa"].get(one.project, 0.0)
        assert one.least - 1e-4 <= built <= one.most + 1e-4
        assert one.most <= one.limit * (1 + 1e-6)


def test_only_what_was_asked_is_solved(plan: Plan, found: Explanation) -> None:
    short = explain(plan, "starter")
    assert short.near_optimal is None and short.frontier is None and short.knowledge is None
    assert short.solves < found.solves / 2
    assert short.alternatives == found.alternatives and short.droppings == found.droppings


@pytest.mark.parametrize("goal", [{"policy.investment": "adaptive"}, {"levers": []}])
def test_other_models_are_explained_too(goal: dict[str, object]) -> None:
    plan = solve_case(checked_case(STARTER, changes=goal))
    page = read_page(
        render_page(report_of(dataclasses.replace(plan, explanation=explain(plan, "run"))))
    )
    assert "nan" not in page.text.lower().split()
