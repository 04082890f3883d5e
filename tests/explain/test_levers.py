"""First in, last out and Shapley shares of levers: by hand, and against the orders they are the mean of."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

import planner
from planner.data.case import Case
from planner.explanation.counterfactuals import Reference, solver_pool
from planner.explanation.levers import (
    Subset,
    all_subsets,
    along_orders,
    ends_of,
    exact_share,
    lever_values,
    sampled_orders,
    sampled_share,
)
from planner.results.explanation import LeverValues
from tests.cases import MUSD, budget, imports, mine, near, plant
from tests.conftest import MakeCase

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


def values_of(case: Case, most: int = 128) -> LeverValues:
    reference = Reference(case)
    with solver_pool(reference, 1) as pool:
        return lever_values(reference, reference.objective, pool, most)


def gloves() -> dict[Subset, float]:
    """Two left gloves (0, 1) and a right one (2): a pair brings 60 down to 0."""
    objective = {}
    for bits in range(8):
        subset = frozenset(place for place in range(3) if bits >> place & 1)
        objective[subset] = 0.0 if 2 in subset and len(subset) > 1 else 60.0
    return objective


def test_shares_of_the_glove_game() -> None:
    """Of six orders each left glove completes a pair in one, the right one in four."""
    assert [exact_share(place, gloves(), 3) for place in range(3)] == near([10, 10, 40])
    assert ends_of(0, gloves(), 3) == near((0, 0))
    assert ends_of(2, gloves(), 3) == near((0, 60))


def test_all_orders_give_the_exact_shares() -> None:
    orders = [order for order in permutations(range(3)) if order < order[::-1]]
    paired = [one for order in orders for one in (order, order[::-1])]
    for place in range(3):
        share, doubt = sampled_share(place, gloves(), paired)
        assert share == near(exact_share(place, gloves(), 3))
        assert doubt > 0


def test_a_subset_goes_on_from_one_with_one_lever_more() -> None:
    orders = sampled_orders(8, 64)
    for tree, size in ((all_subsets(6), 63), (along_orders(orders, 8), 63)):
        assert len(tree) <= size
        before = [subset for subset, _ in tree]
        for place, (subset, start) in enumerate(tree):
            if start is not None:
                assert len(start - subset) == 1 and subset < start
                assert start in before[:place]


def test_what_needs_the_other_is_worth_half(make_case: MakeCase) -> None:
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
    assert by_key["mine"].shapley == by_key["separation"].shapley == near(60)
    assert by_key["people"].shapley == near(0)


def test_what_does_the_same_is_worth_half_and_missed_by_nobody(make_case: MakeCase) -> None:
    """Stock, bought in the years before, covers what a plant would: either alone does all that both do."""
    case = make_case(
        imports=[imports(200)],
        projects=[mine(), plant(max_new_tpa=100, capex_usd_per_tpa=0.01 * MUSD)],
        budgets=budget(1000),
        scenarios=[{"scenario": "cut", "probability": 1}],
        shocks=[
            {"scenario": "cut", "kind": "import", "start_year": 2028, "end_year": 2028, "factor": 0}
        ],
        stockpiles=[
            {
                "country": "AAA",
                "element": "Dy",
                "form": "oxide",
                "initial_t": 0,
                "max_t": 100,
                "purchase_usd_per_kg": 1,
            }
        ],
    )
    by_key = {value.key: value for value in values_of(case).levers}
    plants, stock = by_key["separation"], by_key["stockpile"]
    assert (plants.first_in, stock.first_in) == near((100, 100))
    assert (plants.last_out, stock.last_out) == near((0, 0))
    assert (plants.shapley, stock.shapley) == near((50, 50))


@pytest.mark.parametrize("goal", ["risk", "welfare"])
def test_shares_sum_to_the_whole(goal: str) -> None:
    case = planner.load(STARTER, overrides={"objective.goal": goal})
    exact, sampled = values_of(case), values_of(case, most=30)
    for found in (exact, sampled):
        assert sum(value.shapley for value in found.levers) == near(found.whole)
    assert (exact.orders, exact.subsets) == (0, 2 ** len(exact.levers))
    assert sampled.orders > 0 and sampled.subsets < exact.subsets
    for one, other in zip(exact.levers, sampled.levers, strict=True):
        assert (one.first_in, one.last_out) == near((other.first_in, other.last_out))
        assert one.doubt == 0.0
        assert abs(one.shapley - other.shapley) <= 4 * other.doubt + 0.05 * exact.whole
