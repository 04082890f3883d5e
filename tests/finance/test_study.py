"""From the NPV of a sponsor's study to that of the case, each step recomputed in plain numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from planner.data.investment_tables import STUDY_ITEMS, StudyFigure
from planner.finance.cashflow import cash_flows
from planner.finance.returns import worth
from planner.finance.sensitivity import base_levels
from planner.finance.study import study_steps
from tests.finance.by_hand import Plant, recomputed
from tests.finance.plants import WHOLE, plain_terms, separation

EXACT: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}
STUDY = {
    "npv": 45.0,
    "rate": 0.05,
    "tonnes": 16.0,
    "capital": 24.0,
    "running": 3.2,
    "gross": 48.0,
    "net": 36.0,
    "tax": 0.1,
}
PRICES = {"npv": 45.0, "gross": 50.0, "Dy": 7500.0}
TERMS = {"contingency": 0.2, "inflation": 0.02, "receivable_days": 30.0}


def rows(study: Mapping[str, float]) -> list[StudyFigure]:
    """Figures of a study as rows of the table; what is no figure is an element, with its price."""
    found = []
    for item, value in study.items():
        named = {"item": item} if item in STUDY_ITEMS else {"item": "price", "element": item}
        found.append(StudyFigure.model_validate({"project": "plant", "value": value, **named}))
    return found


def by_hand(plant: Plant, price: float = 1.0, **terms: float) -> float:
    stated = {name: term.value for name, term in plain_terms(**TERMS).items()} | terms
    return float(recomputed(stated, None, price, plants=(plant,))["npv_after_tax"])


def test_each_figure_of_a_study_is_replaced_in_turn() -> None:
    """16 t that make 6.4 t at 7.5 MUSD, 1.25 times the deck; 8 t of feed take 12 of these 48 MUSD, a fifth of its price of
    60; 0.2 MUSD a tonne to run and nothing fixed; 24 MUSD of capital with all contingency."""
    found = separation()
    x = base_levels(found, plain_terms(**TERMS))
    steps = study_steps(found, x, rows(STUDY), planned=-7.0)
    steps = [one for one in steps if one.change is not None]
    after = dict(
        zip([one.what for one in steps], np.cumsum([one.change for one in steps]), strict=True)
    )
    theirs = {"wacc": 0.05, "tax_rate": 0.1, "payable": 0.2, "contingency": 0.0}
    size = {"fixed": 0.0, "variable": 0.2}
    hand = {
        "npv": 45.0,
        "unexplained": by_hand(Plant(size=16, capex=1.5, **size), 1.25, **theirs),
        "tonnes": by_hand(Plant(size=20, capex=1.2, **size), 1.25, **theirs),
        "capital": by_hand(Plant(**size), 1.25, **theirs | {"contingency": 0.2}),
        "running": by_hand(Plant(), 1.25, wacc=0.05, tax_rate=0.1, payable=0.2),
        "gross": by_hand(Plant(), wacc=0.05, tax_rate=0.1, payable=0.2),
        "net": by_hand(Plant(), wacc=0.05, tax_rate=0.1),
        "market": by_hand(Plant(), wacc=0.05, tax_rate=0.1),
        "tax": by_hand(Plant(), wacc=0.05),
        "rate": by_hand(Plant()),
        "plan": -7.0,
    }
    assert list(after) == list(hand)
    for what, npv in hand.items():
        assert after[what] == pytest.approx(npv, **EXACT), what
    assert after["rate"] == pytest.approx(float(worth(cash_flows(found, x, WHOLE), x)), **EXACT)
    ours = {one.what: one.ours for one in steps if one.ours is not None}
    assert ours == pytest.approx(
        {
            "tonnes": 20,
            "capital": 48,
            "running": 6,
            "gross": 48,
            "net": 48 - 15,
            "tax": 0.25,
            "rate": 0.1,
        },
        **EXACT,
    )


def test_a_study_without_an_npv_leads_nowhere() -> None:
    found = separation()
    x = base_levels(found, plain_terms())
    assert study_steps(found, x, rows({"capital": 24.0})) == ()


def test_prices_by_element_split_what_prices_change() -> None:
    """A price of 7,500 USD/kg, 1.25 times the deck, on 8 t that go by it make 60 MUSD; the study has 50 of all: prices of the
    deck leave 50 / 60 of it to what is no price of an element, which is replaced last. Without the price of the study that of
    the deck stands alone, and changes nothing."""
    found = separation()
    x = base_levels(found, plain_terms(**TERMS))
    steps = {one.what: one for one in study_steps(found, x, rows(PRICES))}
    assert list(steps) == ["npv", "unexplained", "price:Dy", "gross", "market"]
    price = steps["price:Dy"]
    assert (price.theirs, price.ours) == (7500, pytest.approx(6000, **EXACT))
    after_price = by_hand(Plant(), 50 / 60)
    assert price.change == pytest.approx(after_price - by_hand(Plant(), 1.25 * 50 / 60), **EXACT)
    assert steps["gross"].change == pytest.approx(by_hand(Plant()) - after_price, **EXACT)
    unsplit = {one.what: one for one in study_steps(found, x, rows({"npv": 45.0, "gross": 50.0}))}
    price = unsplit["price:Dy"]
    assert (price.theirs, price.change) == (None, None)
    whole = by_hand(Plant()) - by_hand(Plant(), 50 / 48)
    assert unsplit["gross"].change == pytest.approx(whole, **EXACT)
