"""The support of least public cost, held to a search over a grid that is recomputed year by year in plain numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from planner.finance.cashflow import cash_flows
from planner.finance.project_facts import Levels
from planner.finance.sensitivity import base_levels
from planner.finance.support import (
    PublicMoney,
    SupportSearch,
    Volumes,
    least_support,
    paid_by_the_public,
    public_money,
)
from tests.cases import more
from tests.finance.by_hand import recomputed
from tests.finance.plants import WHOLE, plain_terms, separation

LOW = 0.7
"""Prices at the low end, of the deck."""
FUTURES = {"as is": 1.0}


def search(use: float = 1.0, **terms: float) -> SupportSearch:
    """The plant, whose prices may be 0.7 of the deck. A public loan costs the public something. use: of its capacity."""
    found = separation()
    found = replace(found, quotes=tuple(replace(q, low=LOW, high=1.3) for q in found.quotes))
    stated = plain_terms(**{"public_rate": 0.06, "public_loan_rate": 0.03, **terms})
    x = base_levels(found, stated)
    every = [np.full((1, 6), use)]
    volumes = Volumes(found=found, use=[use * WHOLE[0]], use_in=every)
    low = {"price:Dy": np.asarray(LOW)}
    return SupportSearch(
        volumes=volumes, x=x, adverse=low, futures=FUTURES, lent=stated["debt_share"].value
    )


def spent(one: SupportSearch, levels: Levels) -> list[PublicMoney]:
    return public_money(one.volumes, one.x, levels, adverse=one.adverse, futures=FUTURES)


def judged(one: SupportSearch, support: Mapping[str, float]) -> tuple[float, float]:
    """By hand: public cost of a support, and the least of what it must not leave below nought."""
    t = {name: float(level) for name, level in one.x.items() if np.ndim(level) == 0} | dict(support)
    use = float(one.volumes.use[0][0])
    base, bad = recomputed(t, None, use=use), recomputed(t, None, LOW, use)
    factor = 1 / (1 + t["public_rate"]) ** np.arange(1, 7)
    capital = np.array([20.0, 20, 0, 0, 0, 0])
    paid = t["grant"] * capital + t["availability"] * np.array([0, 0, 1, 1, 1, 0])
    lent = np.append(0.0, base["public_owed"][:-1])
    loan = base["public_drawn"] - base["public_paid"] + t["guarantee_loss"] * lent
    owed = np.append(0.0, base["owed"][:-1])
    guarantee = t["guarantee"] * t["guarantee_loss"] * owed - base["for_guarantee"]
    idle = (1 - use) * np.array([0, 0, 10, 20, 20, 0])
    paid = paid + (1 - t["stock_worth"]) * t["public_stock"] * 0.4 * 6 * idle
    cost = float(paid @ factor) + max(float(loan @ factor), 0.0)
    cost += max(float(guarantee @ factor), 0.0)
    service = t["dscr_low"] * base["senior"] + base["public_paid"]
    served = np.where(service > 1e-9, bad["cfads"] - service, 0.0)
    return cost, min(base["npv_owners"], float(base["owners"].sum()), float(served.min()))


@pytest.mark.parametrize(
    "terms",
    [
        {"equity_rate": 0.4, "tax_rate": 0.4, "dscr": 1.5},
        {"equity_rate": 0.45, "grant": 0.2, "dscr": 1.4, "inflation": 0.0},
        {"use": 0.5, "equity_rate": 0.2, "stock_worth": 0.8},
        *more(
            [
                {"equity_rate": 0.5, "debt_share": 0.0},
                {"use": 0.4, "equity_rate": 0.15, "stock_worth": 0.3, "payable": 0.1},
            ]
        ),
    ],
)
def test_no_support_of_a_grid_costs_less(terms: dict[str, float]) -> None:
    """Grant, availability payment, public loan, guarantee, lenders' share and public stock, in steps; without a contract for difference,
    which the grid does not hold. The support found is enough by the recomputation, and what it is said to cost."""
    one = search(**terms)
    package = least_support(one)
    assert package is not None and package.amounts
    if "cfd" not in package.amounts:
        cost, least = judged(one, package.amounts)
        assert least >= -1e-3
        levels = {**one.x, **{name: np.asarray(v) for name, v in package.amounts.items()}}
        money = spent(one, levels)
        assert sum(row.cost for row in money) == pytest.approx(cost, abs=1e-6)
    else:
        levels = {**one.x, **{name: np.asarray(v) for name, v in package.amounts.items()}}
        cost = sum(row.cost for row in spent(one, levels))
    stated = float(one.x["grant"])
    is_idle = float(one.volumes.use[0][0]) < 1
    fewer = 2 if is_idle else 0
    grid: Any = product(
        np.linspace(stated, 1.0, 7 - fewer),
        np.linspace(0.0, 12.0, 5),
        np.linspace(0.0, 40.0, 5 - fewer),
        (0.0, 1.0),
        np.linspace(0.0, float(one.x["debt_share"]), 3),
        np.linspace(0.0, 1.0, 4) if is_idle else (0.0,),
    )
    names = ("grant", "availability", "public_loan", "guarantee", "debt_share", "public_stock")
    for point in grid:
        of_grid, least = judged(one, dict(zip(names, map(float, point), strict=True)))
        assert least < 0 or of_grid >= cost - 0.1, point


def test_the_largest_year_at_adverse_prices_and_the_greatest_exposure() -> None:
    """A contract for difference at the deck pays nothing in the base, and 0.3 of the value of what is sold at prices of 0.7; a
    guarantee of half of the loan and a public loan are exposed by what is owed."""
    one = search(debt_share=0.5, dscr=1.0)
    stated = {"cfd": 1.0, "guarantee": 0.5, "public_loan": 6.0}
    levels = {**one.x, **{name: np.asarray(level) for name, level in stated.items()}}
    flows = cash_flows(one.volumes.found, levels, one.volumes.use)
    (sale,) = flows.plants[0].sales
    rows = {row.kind: row for row in spent(one, levels)}
    assert rows["cfd"].most == pytest.approx(0, abs=1e-9) and rows["cfd"].exposed is None
    assert rows["cfd"].most_adverse == pytest.approx(0.3 * float(sale.market.max()))
    assert rows["guarantee"].exposed == pytest.approx(0.5 * float(flows.loan.owed.max()))
    assert rows["public_loan"].exposed == pytest.approx(float(flows.public.owed.max()))
    paid = paid_by_the_public(flows, levels)["guarantee"]
    assert rows["guarantee"].most_adverse == pytest.approx(float(paid.max())), (
        "the loan of the base"
    )
    assert min(rows["guarantee"].exposed, rows["public_loan"].exposed) > 1


def test_what_is_bankable_needs_nothing() -> None:
    package = least_support(search(equity_rate=0.0, debt_share=0.0))
    assert package is not None and package.amounts == {}
