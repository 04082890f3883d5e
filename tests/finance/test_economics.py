"""Figures of the economic section of a study, by hand and recomputed in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planner.finance.cashflow import cash_flows
from planner.finance.economics import Economics, break_even, turning_prices, unit_costs
from planner.finance.sensitivity import base_levels
from tests.finance.by_hand import recomputed
from tests.finance.plants import WHOLE, plain_terms, separation
from tests.finance.test_recomputed import CASES, budget, stated

EXACT: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}


def figures(case: str) -> Any:
    found = separation()
    x = base_levels(found, plain_terms(**CASES[case]))
    costs = unit_costs(cash_flows(found, x, WHOLE))
    return Economics(unit_costs=costs, break_even=break_even(found, x, WHOLE))


def test_the_plain_plant_by_hand() -> None:
    """4, 8 and 8 t sold at 6 MUSD/t; each tonne of capacity in use costs 0.2 and takes feed at 0.75 MUSD; 2 MUSD fixed a
    year; 40 MUSD of capital in two years; all discounted at 10 %."""
    found = figures("bare")
    tonnes = sum(t / 1.1**n for n, t in ((3, 4), (4, 8), (5, 8)))
    running = sum((2 + 0.95 * t) / 1.1**n for n, t in ((3, 10), (4, 20), (5, 20)))
    assert found.unit_costs.c1 == pytest.approx(1e3 * running / tonnes, **EXACT)
    capital = 20 / 1.1 + 20 / 1.1**2
    assert found.unit_costs.capital == pytest.approx(1e3 * capital / tonnes, **EXACT)
    assert found.unit_costs.sales == pytest.approx(6000, **EXACT)


@pytest.mark.parametrize("case", CASES)
def test_at_the_break_even_price_nothing_is_gained(case: str) -> None:
    factor = figures(case).break_even
    hand = recomputed(stated(case), None, factor or 0.0, budget=budget(case))["npv_after_tax"]
    assert hand >= 0 if factor is None else hand == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_costs_per_kg_are_one_waterfall(case: str) -> None:
    """Sales and public money less all in, over what is sold, is the NPV, whoever pays; all in is never below C1, and its
    parts are those of the recomputation at the cost of capital."""
    terms = plain_terms(**CASES[case])
    costs = figures(case).unit_costs
    tonnes = np.array([0, 0, 4, 8, 8, 0]) * float(terms["volume"].value)
    discounted = float(tonnes @ (1 / 1.1 ** np.arange(1, 7)))
    hand = recomputed(stated(case), None)
    assert costs.margin * discounted / 1000 == pytest.approx(hand["npv_after_tax"], **EXACT)
    assert costs.all_in >= costs.c1 > 0 and costs.capital > 0 and costs.tax >= 0
    for part, by_year in hand["per_kg"].items():
        present = float(by_year @ (1 / 1.1 ** np.arange(1, 7)))
        assert getattr(costs, part) == pytest.approx(1000 * present / discounted, **EXACT), part


def test_a_break_even_is_found_where_the_npv_falls_with_prices() -> None:
    """A converter with its margin guaranteed gains nothing of dear prices, but holds dearer stock."""
    deck = {"price_factor": np.asarray(1.0)}
    assert turning_prices(deck, lambda x: 1.5 - float(x["price_factor"])) == pytest.approx(1.5)
    assert turning_prices(deck, lambda x: float(x["price_factor"]) - 0.5) == pytest.approx(0.5)
    assert turning_prices(deck, lambda _: 1.0) is None
