"""Cover of tranches of debt, downside cases and sales under contract, recomputed in plain numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planner.data.investment_tables import Contract
from planner.finance.cashflow import cash_flows
from planner.finance.contract_cover import under_contract
from planner.finance.credit import LENDERS, PUBLIC_LOAN, credit
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import FinanceTerm
from planner.finance.returns import returns_of
from planner.finance.sensitivity import base_levels
from tests.finance.plants import WHOLE, plain_terms, separation
from tests.finance.test_recomputed import CASES, names_of_tranches, recomputed, stated

EXACT: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}
LENT = ["bare", "fees", "export credit", "subordinated", "all", "all, and three tranches"]


def case_of(name: str) -> tuple[Investment, dict[str, FinanceTerm]]:
    """The plant with the tranches of a case, and its terms."""
    found = separation(tranches=tuple(names_of_tranches(CASES[name])))
    (quote,) = found.quotes
    return replace(found, quotes=(replace(quote, low=0.8),)), plain_terms(**CASES[name])


def present(rate: float, amounts: Any) -> float:
    """At the start of the first year of the amounts."""
    return sum(float(amount) / (1 + rate) ** (n + 1) for n, amount in enumerate(amounts))


@pytest.mark.parametrize("name", LENT)
def test_cover_of_each_tranche(name: str) -> None:
    """DSCR, PLCR and, of tranches paid in equal sums, LLCR, from the cash and debt of the recomputation."""
    found, terms = case_of(name)
    t = stated(name)
    hand = recomputed(t, None)
    told = credit(found, base_levels(found, terms), WHOLE, terms=terms)
    cash = np.maximum(hand["cfads"], 0.0)
    behind = {one: t[f"{one}.subordinated"] for one in hand["tranches"]}
    senior, owed_senior = hand["paid"].copy(), hand["owed"].copy()
    for one, rows in hand["tranches"].items():
        if not behind[one]:
            senior, owed_senior = senior + rows["paid"], owed_senior + rows["owed"]
    below, owed_below = senior.copy(), owed_senior.copy()
    for one, rows in hand["tranches"].items():
        if behind[one]:
            below, owed_below = below + rows["paid"], owed_below + rows["owed"]
    assert {d.name for d in told.debts} >= {LENDERS, *hand["tranches"]}
    for debt in told.debts:
        if debt.name == PUBLIC_LOAN:
            continue
        own = hand["tranches"].get(debt.name, {"paid": hand["paid"]})
        ranks, owed = (below, owed_below) if behind.get(debt.name) else (senior, owed_senior)
        paying = [n for n in range(6) if own["paid"][n] > 1e-9]
        covers = [cash[n] / ranks[n] for n in paying]
        assert debt.least == pytest.approx(min(covers), **EXACT)
        assert debt.average == pytest.approx(sum(covers) / len(covers), **EXACT)
        assert (debt.first, debt.last) == (2026 + paying[0], 2026 + paying[-1])
        start, end = paying[0], paying[-1]
        real = t.get(f"{debt.name}.debt_rate", t["debt_rate"])
        rate = (1 + real) * (1 + t["inflation"]) - 1
        then = owed[start - 1]
        assert debt.plcr == pytest.approx(present(rate, cash[start:]) / then, **EXACT)
        if debt.name != LENDERS:
            life = present(rate, cash[start : end + 1]) / then
            assert debt.llcr == pytest.approx(life, **EXACT)
        tonnes = np.array([0, 0, 4, 8, 8, 0.0])
        assert debt.tail == pytest.approx(tonnes[end + 1 :].sum() / 20, **EXACT)


def test_cover_of_the_loan_is_that_of_returns() -> None:
    """Without tranches both sculpt to the same: cover of every year that pays and of the loan's life."""
    found, terms = case_of("bare")
    x = base_levels(found, terms)
    (own,) = credit(found, x, WHOLE, terms=terms).debts
    flows = cash_flows(found, x, WHOLE)
    returns = returns_of(flows, x, flows)
    assert own.least == pytest.approx(returns.dscr, **EXACT)
    assert own.llcr == pytest.approx(own.least, **EXACT)
    assert own.llcr == pytest.approx(returns.llcr, **EXACT) and own.tail == 0


@pytest.mark.parametrize("name", ["bare", "all, and three tranches"])
def test_downside_cases(name: str) -> None:
    """One term at its bad end, the debt service of the base."""
    found, terms = case_of(name)
    terms["volume"] = replace(terms["volume"], low=0.6)
    told = credit(found, base_levels(found, terms), WHOLE, terms=terms)
    by_name = {one.what: one for one in told.downsides}
    t = stated(name)
    paid = recomputed(t, None)["senior"]
    paying = [n for n in range(6) if paid[n] > 1e-9]
    for what, changes, price in (
        ("base", {}, 1.0),
        ("adverse prices", {}, 0.8),
        ("all prices high", {}, 2.0),
        ("volume low", {"volume": 0.6}, 1.0),
        ("all of these together", {"volume": 0.6}, 0.8),
    ):
        hand = recomputed({**t, **changes}, None, price)
        covers = [max(hand["cfads"][n], 0.0) / paid[n] for n in paying]
        one = by_name[what]
        assert one.least == pytest.approx(min(covers), **EXACT)
        assert one.average == pytest.approx(sum(covers) / len(covers), **EXACT)
        assert one.npv == pytest.approx(hand["npv_after_tax"], **EXACT)
        assert one.short == sum(cover < 1 - 1e-12 for cover in covers)


def test_guaranteed_prices_cover_debt_at_any_price() -> None:
    found, terms = case_of("all, and three tranches")
    told = credit(found, base_levels(found, terms), WHOLE, terms=terms)
    assert told.least_prices == 0
    cash = recomputed(stated("all, and three tranches"), None, 0.0)
    assert (cash["cfads"][2:5] >= cash["senior"][2:5]).all()


@pytest.mark.parametrize("name", ["bare", "export credit", "subordinated"])
def test_at_the_least_prices_the_tightest_year_just_serves_senior_debt(name: str) -> None:
    found, terms = case_of(name)
    told = credit(found, base_levels(found, terms), WHOLE, terms=terms)
    t = stated(name)
    paid = recomputed(t, None)["senior"]
    assert told.least_prices is not None and 0 < told.least_prices < 1
    cash = recomputed(t, None, told.least_prices)["cfads"]
    spare = [cash[n] - paid[n] for n in range(6) if paid[n] > 1e-9]
    assert min(spare) == pytest.approx(0, abs=1e-9)


def test_sales_under_contract() -> None:
    """4, 8 and 8 t sold from 2028 to 2030, 40 % with a floor until 2029, 20 % at market prices, at most 1 t a year; debt is
    owed as 2028 begins, and as 2029 does, where a sweep of all cash repays what is left before 2030."""
    floor = {"contract": "f", "kind": "offtake", "element": "Dy", "covers": 0.4, "last_year": 2029}
    deals = (
        Contract(**floor, floor_usd_per_kg=10),
        Contract(contract="v", kind="offtake", covers=0.2, tonnes=1),
    )
    found = separation(deals)
    terms = plain_terms(cash_sweep=1.0, debt_share=0.5)
    x = base_levels(found, terms)
    flows = cash_flows(found, x, WHOLE)
    assert flows.loan.owed[2] > 0 and flows.loan.owed[3] == 0
    (one,) = under_contract(flows, x)
    assert one.with_debt == pytest.approx((0.4 * 12 + 0.8 + 1) / 12, **EXACT)
    assert one.priced_with_debt == pytest.approx(0.4, **EXACT)
    assert one.later == pytest.approx(1 / 8, **EXACT)
    assert one.last == 2030 and one.good == ("Dy", "oxide")
