"""Figures of the economic section of a study, by hand and recomputed in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from planner.finance.cashflow import cash_flows
from planner.finance.economics import CAPITAL, PRICES, RATES, economics, turning_prices
from planner.finance.plant_flows import Investment
from planner.finance.returns import returns_of
from planner.finance.sensitivity import base_levels, drawn
from tests.finance.by_hand import recomputed
from tests.finance.plants import WHOLE, plain_terms, separation
from tests.finance.test_recomputed import CASES, budget, stated, tranches_of

EXACT: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}


def figures(case: str) -> Any:
    found = separation(tranches=tranches_of(case))
    return economics(found, base_levels(found, plain_terms(**CASES[case])), WHOLE)


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
    (product,) = found.products
    assert product.tonnes == pytest.approx([0, 0, 4, 8, 8, 0], **EXACT)
    assert product.revenue.sum() == pytest.approx(120, **EXACT)
    assert product.price == pytest.approx(6000, **EXACT)


@pytest.mark.parametrize("case", CASES)
def test_npv_at_rates_and_at_other_prices_and_capital(case: str) -> None:
    found = figures(case)
    for rate in RATES:
        hand = recomputed({**stated(case), "wacc": rate}, None)["npv_after_tax"]
        assert found.npv_at[rate] == pytest.approx(hand, **EXACT)
    for row, capital in zip(found.two_way, CAPITAL, strict=True):
        for value, price in zip(row, PRICES, strict=True):
            terms = stated(case)
            terms["capital_factor"] *= capital
            assert value == pytest.approx(recomputed(terms, None, price)["npv_after_tax"], **EXACT)


@pytest.mark.parametrize("case", CASES)
def test_at_the_break_even_price_nothing_is_gained(case: str) -> None:
    found = figures(case)
    for factor, npv in (
        (found.break_even, "npv_after_tax"),
        (found.break_even_owners, "npv_owners"),
    ):
        if factor is None:
            assert recomputed(stated(case), None, 0.0, budget=budget(case))[npv] >= 0
        else:
            hand = recomputed(stated(case), None, factor, budget=budget(case))
            assert hand[npv] == pytest.approx(0, abs=1e-9)


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


def test_payback_counts_from_completion() -> None:
    """-20, -20, then what the plant earns: completion is after two years."""
    found = separation()
    x = base_levels(found, plain_terms())
    whole = returns_of(cash_flows(found, x, WHOLE), x, cash_flows(found, x, WHOLE)).payback
    assert whole is not None and figures("bare").payback == pytest.approx(whole - 2, **EXACT)


def two_elements() -> Investment:
    """The plant with a second good whose price has a range as wide as the first."""
    found = separation()
    (quote,) = found.quotes
    first = type(quote)(**{**vars(quote), "low": 0.5, "high": 1.5})
    second = type(quote)(**{**vars(first), "element": "Tb"})
    return type(found)(**{**vars(found), "quotes": (first, second)})


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_prices_of_elements_are_drawn_as_correlated_as_stated(correlation: float) -> None:
    found, terms = two_elements(), plain_terms(price_correlation=correlation)
    x = drawn(found, terms, {"as is": 1.0}, [np.ones((1, 6))], draws=4000).x
    one, other = x["price:Dy"][:, 0], x["price:Tb"][:, 0]
    found_rank = spearmanr(one, other).statistic
    assert found_rank == pytest.approx(6 / np.pi * np.arcsin(correlation / 2), abs=0.04)
    assert np.quantile(one, 0.5) == pytest.approx(1.0, abs=0.02)


def test_draws_of_prices_recomputed() -> None:
    """The same draws: the generator's numbers, joined by a Gaussian copula of one factor."""
    found, terms = two_elements(), plain_terms(price_correlation=0.3)
    x = drawn(found, terms, {"as is": 1.0}, [np.ones((1, 6))], draws=20).x
    rng = np.random.default_rng(1)
    rng.choice(1, size=20, p=[1.0])
    own, other, common = (rng.random((20, 1)) for _ in range(3))
    for name, share in (("price:Dy", own), ("price:Tb", other)):
        joined = norm.cdf(np.sqrt(0.3) * norm.ppf(common) + np.sqrt(0.7) * norm.ppf(share))
        rising, falling = 0.5 + np.sqrt(joined * 0.5), 1.5 - np.sqrt((1 - joined) * 0.5)
        assert x[name] == pytest.approx(np.where(joined <= 0.5, rising, falling), **EXACT)


def test_a_break_even_is_found_where_the_npv_falls_with_prices() -> None:
    """A converter with its margin guaranteed gains nothing of dear prices, but holds dearer stock."""
    deck = {"price_factor": np.asarray(1.0)}
    assert turning_prices(deck, lambda x: 1.5 - float(x["price_factor"])) == pytest.approx(1.5)
    assert turning_prices(deck, lambda x: float(x["price_factor"]) - 0.5) == pytest.approx(0.5)
    assert turning_prices(deck, lambda _: 1.0) is None
