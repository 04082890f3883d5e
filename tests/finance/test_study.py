"""From the NPV of a sponsor's study to that of the case, each step recomputed in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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
TERMS = {"contingency": 0.2, "inflation": 0.02, "receivable_days": 30.0}


def by_hand(plant: Plant, price: float = 1.0, **terms: float) -> float:
    stated = {name: term.value for name, term in plain_terms(**TERMS).items()} | terms
    return float(recomputed(stated, None, price, plants=(plant,))["npv_after_tax"])


def test_each_figure_of_a_study_is_replaced_in_turn() -> None:
    """16 t that make 6.4 t at 7.5 MUSD, 1.25 times the deck; 8 t of feed take 12 of these 48 MUSD, a fifth of its price of
    60; 0.2 MUSD a tonne to run and nothing fixed; 24 MUSD of capital with all contingency."""
    found = separation()
    x = base_levels(found, plain_terms(**TERMS))
    steps = study_steps(found, x, STUDY, planned=-7.0)
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
    assert study_steps(found, x, {"capital": 24.0}) == ()
