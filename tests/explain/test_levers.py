"""What each lever reduces alone, and what is lost without it, by hand."""

from __future__ import annotations

from planner.data.case import Case
from planner.explanation.counterfactuals import Reference, solver_pool
from planner.explanation.levers import alone, lever_values
from planner.explanation.rungs import all_but_one, cumulative
from planner.results.explanation import LeverValues
from tests.cases import MUSD, budget, imports, mine, near, plant, scenarios, shock
from tests.conftest import MakeCase


def values_of(case: Case) -> LeverValues:
    reference = Reference(case)
    asked = [*cumulative(reference), *all_but_one(reference), *alone(reference)]
    with solver_pool(reference, 1) as pool:
        return lever_values(case, reference.objective, pool(asked))


def test_what_needs_the_other_is_worth_nothing_alone(make_case: MakeCase) -> None:
    """100 t wanted in each of three years; a mine and a plant of 40 t/y, of use together alone: 120 MUSD less."""
    case = make_case(
        projects=[
            mine(existing_tpa=0, max_new_tpa=40, capex_usd_per_tpa=0.1 * MUSD),
            plant(max_new_tpa=40, capex_usd_per_tpa=0.1 * MUSD),
        ],
        budgets=budget(100),
    )
    found = values_of(case)
    by_key = {value.key: value for value in found.levers}
    assert found.whole == near(120)
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
    by_key = {value.key: value for value in values_of(case).levers}
    plants, stock = by_key["separation"], by_key["stockpile"]
    assert (plants.first_in, stock.first_in) == near((100, 100))
    assert (plants.last_out, stock.last_out) == near((0, 0))
