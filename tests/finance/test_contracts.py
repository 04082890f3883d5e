"""Contracts worked out by hand: what each kind brings in and costs the public, above and below its prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planner.data.investment_tables import Contract
from planner.finance.contracts import Deal, Settlement, Trade, feed_price, settle

YEARS = np.arange(2026.0, 2029)
PER_KG = np.array(0.001)
FLAT = np.ones(3)


def deal(**columns: Any) -> Deal:
    return Deal.of(
        Contract(
            contract="c",
            kind=columns.pop("kind", "offtake"),
            real=columns.pop("real", True),
            **columns,
        )
    )


def settled(
    usd: float, sold: float = 100.0, index: np.ndarray = FLAT, **columns: Any
) -> Settlement:
    """Sales of so many tonnes a year at a market price in USD/kg."""
    return settle(deal(**columns), trade(FLAT * usd / 1000, FLAT * sold, index))


def trade(price: np.ndarray, tonnes: np.ndarray = FLAT, index: np.ndarray = FLAT) -> Trade:
    return Trade(price=price, tonnes=tonnes, year=YEARS, index=index, per_kg=PER_KG)


def test_an_upside_share_binds_where_its_limit_says() -> None:
    # 30 % above 150 USD/kg of 5,000 t is 1.5 MUSD for each USD/kg: 10 MUSD are reached at 150 + 10/1.5 = 156.67.
    terms = {"upside_from_usd_per_kg": 150, "upside_share": 0.3, "upside_most_musd": 10}
    assert settled(150, 5000, **terms).paid_back[0] == 0
    assert settled(156, 5000, **terms).paid_back[0] == pytest.approx(9.0)
    assert settled(150 + 10 / 1.5, 5000, **terms).paid_back[0] == pytest.approx(10.0)
    assert settled(200, 5000, **terms).paid_back[0] == pytest.approx(10.0)


def test_a_collar_gives_below_and_takes_above() -> None:
    collar = {"floor_usd_per_kg": 110, "cap_usd_per_kg": 150}
    assert settled(100, **collar).change[0] == pytest.approx(1.0)
    assert settled(130, **collar).change[0] == 0
    assert settled(170, **collar).change[0] == pytest.approx(-2.0)


def test_a_contract_covers_its_share_up_to_its_tonnes_in_its_years() -> None:
    found = settled(
        100, floor_usd_per_kg=110, covers=0.5, tonnes=30, first_year=2027, last_year=2027
    )
    assert found.covered == pytest.approx([0, 30, 0]) and found.top_up == pytest.approx([0, 0.3, 0])
    assert deal(last_year=2026).in_force(YEARS) == pytest.approx([1, 0, 0])


def test_a_fixed_price_and_a_share_of_the_market() -> None:
    assert settled(100, price_usd_per_kg=120).basis[0] == pytest.approx(2.0)
    assert settled(100, price_share=0.9).basis[0] == pytest.approx(-1.0)


def test_a_price_that_does_not_rise_is_worth_less_each_year() -> None:
    index = np.array(
        [1.0, 1.1, 1.21]
    )  # 110 in money of the day is 100 and 90.9 in that of the base year
    assert settled(95, 100, index, floor_usd_per_kg=110, real=False).top_up == pytest.approx(
        [1.5, 0.5, 0.0]
    )


def test_feed_is_paid_by_contract_first_then_at_its_payable_share() -> None:
    rows = [
        deal(kind="feed", covers=0.4, price_share=0.5),
        deal(kind="feed", covers=0.8, price_usd_per_kg=30),
    ]
    # 0.4 at half of 100, 0.6 (all that is left of 0.8) at 30: 20 + 18 USD/kg.
    assert feed_price(rows, trade(FLAT * 0.1), np.array(0.7))[0] == pytest.approx(0.038)
    assert feed_price(rows[:1], trade(FLAT * 0.1), np.array(0.7))[0] == pytest.approx(
        0.02 + 0.6 * 0.07
    )


def test_whom_a_contract_is_about() -> None:
    row = deal(project="p", element="Dy")
    assert row.applies("p", "Dy", "offtake")
    assert not any(
        [
            row.applies("q", "Dy", "offtake"),
            row.applies("p", "Tb", "offtake"),
            row.applies("p", "Dy", "feed"),
        ]
    )
    assert deal().applies("p", "Dy", "offtake")
