"""Cover of loans, downside cases and sales under contract, recomputed in plain numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planner.data.investment_tables import Contract
from planner.finance.cashflow import cash_flows, funding, starting_up
from planner.finance.credit import (
    GEARING,
    INTEREST,
    LENDERS,
    PUBLIC_LOAN,
    Credit,
    credit,
    discount_case,
    downside_flows,
    lending,
)
from planner.finance.loans import OVERRUN
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import FinanceTerm, Levels
from planner.finance.returns import returns_of
from planner.finance.sensitivity import base_levels
from tests.finance.by_hand import recomputed
from tests.finance.plants import WHOLE, plain_terms, separation
from tests.finance.test_recomputed import BUDGETS, CASES, stated

EXACT: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}
LENT = ["bare", "fees", "public loan", "overrun facility", "all"]


def case_of(name: str) -> tuple[Investment, dict[str, FinanceTerm]]:
    """The plant, and the terms of a case."""
    found = separation()
    (quote,) = found.quotes
    return replace(found, quotes=(replace(quote, low=0.8),)), plain_terms(**CASES[name])


def judged(found: Investment, x: Levels, terms: dict[str, FinanceTerm]) -> Credit:
    """Debt of the plant at full use."""
    return credit(found, downside_flows(found, x, WHOLE, terms), x, WHOLE, terms)


def present(rate: float, amounts: Any) -> float:
    """At the start of the first year of the amounts."""
    return sum(float(amount) / (1 + rate) ** (n + 1) for n, amount in enumerate(amounts))


@pytest.mark.parametrize("name", LENT)
def test_cover_of_each_loan(name: str) -> None:
    """DSCR, PLCR and, of loans paid in equal sums, LLCR, from the cash and debt of the recomputation."""
    found, terms = case_of(name)
    t = stated(name)
    budget = BUDGETS.get(name, t["capital_factor"] * (1 + t["contingency"]))
    hand = recomputed(t, None, budget=budget)
    x = base_levels(found, terms) | {"budget": np.asarray(budget)}
    told = judged(found, x, terms)
    cash = np.maximum(hand["cfads"], 0.0)
    senior = hand["senior"], hand["owed"] + hand["standby"]["owed"]
    behind = senior[0] + hand["public_paid"], senior[1] + hand["public_owed"]
    lent = {
        LENDERS: (hand["paid"], *senior, t["debt_rate"]),
        OVERRUN: (hand["standby"]["paid"], *senior, t["debt_rate"]),
        PUBLIC_LOAN: (hand["public_paid"], *behind, t["public_loan_rate"]),
    }
    assert {d.name for d in told.debts} == {d for d, rows in lent.items() if rows[0].any()}
    for debt in told.debts:
        own, ranks, owed, real = lent[debt.name]
        paying = [n for n in range(6) if own[n] > 1e-9]
        covers = [cash[n] / ranks[n] for n in paying]
        assert debt.least == pytest.approx(min(covers), **EXACT)
        assert debt.average == pytest.approx(sum(covers) / len(covers), **EXACT)
        assert (debt.first, debt.last) == (2026 + paying[0], 2026 + paying[-1])
        start, end = paying[0], paying[-1]
        rate = (1 + real) * (1 + t["inflation"]) - 1
        then = owed[start - 1]
        to_the_end = present(rate, hand["cfads"][start:]) / then
        assert debt.plcr == pytest.approx(to_the_end, **EXACT)
        until = int(t["debt_years"]) if debt.name == LENDERS else end + 1
        life = present(rate, hand["cfads"][start:until]) / then
        assert debt.llcr == pytest.approx(life, **EXACT)
        tonnes = np.array([0, 0, 4, 8, 8, 0.0])
        assert debt.tail == pytest.approx(tonnes[end + 1 :].sum() / 20, **EXACT)


def test_years_of_loss_count_in_the_cover_of_the_life() -> None:
    """A loan that the first year of output pays back, since the last one agreed is one of loss."""
    found = separation()
    (quote,) = found.quotes
    low = replace(quote, price=np.array([6.0, 6.0, 6.0, 0.01, 6.0, 6.0]))
    found, terms = replace(found, quotes=(low,)), plain_terms(debt_years=4, grace_years=0)
    x = base_levels(found, terms)
    (own,) = judged(found, x, terms).debts
    cash = cash_flows(found, x, WHOLE).cfads
    assert cash[2] > 0 and cash[3] < 0 and cash[4] > 0
    assert own.first == own.last == 2028
    owed = own.owed[1]
    assert own.llcr == pytest.approx(present(0.1, cash[2:4]) / owed, **EXACT)
    assert own.plcr == pytest.approx(present(0.1, cash[2:]) / owed, **EXACT)
    returns = returns_of(cash_flows(found, x, WHOLE), x, cash_flows(found, x, WHOLE))
    assert returns.llcr == own.llcr


def test_cover_of_the_loan_is_that_of_returns() -> None:
    """Without a facility that is drawn both sculpt to the same: cover of every year that pays and of the loan's life."""
    found, terms = case_of("bare")
    x = base_levels(found, terms)
    (own,) = judged(found, x, terms).debts
    flows = cash_flows(found, x, WHOLE)
    returns = returns_of(flows, x, flows)
    assert own.least == pytest.approx(returns.dscr, **EXACT)
    assert own.llcr == pytest.approx(own.least, **EXACT)
    assert own.llcr == pytest.approx(returns.llcr, **EXACT) and own.tail == 0


@pytest.mark.parametrize("name", ["bare", "all"])
def test_downside_cases(name: str) -> None:
    """One term at its bad end, the debt service of the base."""
    found, terms = case_of(name)
    terms["volume"] = replace(terms["volume"], low=0.6)
    terms["payable"] = replace(terms["payable"], high=0.5)
    told = judged(found, base_levels(found, terms), terms)
    by_name = {one.what: one for one in told.downsides}
    t = stated(name)
    base = recomputed(t, None)
    paid = base["senior"]
    paying = [n for n in range(6) if paid[n] > 1e-9]
    for what, changes, price in (
        ("base", {}, 1.0),
        ("adverse prices", {}, 0.8),
        ("all prices high", {}, 2.0),
        ("volume low", {"volume": 0.6}, 1.0),
        ("separation discount", {"payable": 0.5}, 1.0),
        ("all of these together", {"volume": 0.6, "payable": 0.5}, 0.8),
    ):
        hand = recomputed({**t, **changes}, None, price)
        covers = [max(hand["cfads"][n], 0.0) / paid[n] for n in paying]
        one = by_name[what]
        assert one.least == pytest.approx(min(covers), **EXACT)
        assert one.npv == pytest.approx(hand["npv_after_tax"], **EXACT)
        gained = (
            hand["owners"] if what == "base" else base["owners"] + hand["after"] - base["after"]
        )
        rate, index = t["equity_rate"], (1 + t["inflation"]) ** np.arange(6)
        assert one.owners == pytest.approx(present(rate, gained / index), **EXACT)
        assert one.short == sum(cover < 1 - 1e-12 for cover in covers)


def test_the_separation_discount_hurts_who_sells_a_concentrate_where_it_is_large() -> None:
    """Highest share of the price where a concentrate is feed, lowest where it is sold; none where neither is, or both."""
    found, _ = case_of("bare")
    (plant,) = found.plants
    fed = tuple(replace(one, payable=True) for one in plant.taken)
    sold = tuple(replace(one, payable=True) for one in plant.made)
    assert fed and sold
    for made, taken, end in (
        (plant.made, fed, {"payable": "high"}),
        (sold, (), {"payable": "low"}),
        (sold, fed, None),
        (plant.made, (), None),
    ):
        other = replace(found, plants=(replace(plant, made=made, taken=taken),))
        assert discount_case(other).get("separation discount") == end


def test_lenders_give_the_part_that_passes_their_test() -> None:
    """One rule: as agreed where cash flow at adverse prices covers it as they ask then; less of it, just covered, where it does
    not; nothing where no cash is left; and with more grace where its service would be missed."""
    found, terms = case_of("bare")
    x = base_levels(found, terms)
    same, whole = lending(found, x, WHOLE, terms)
    assert (
        not whole.is_cut
        and whole.given == whole.sized
        and not whole.missed
        and same == x
        and whole.cover is not None
    )
    asked = 2 * whole.cover
    strict = {**x, "dscr_low": np.asarray(asked)}
    less, part = lending(found, strict, WHOLE, terms)
    assert part.sized == whole.sized and part.given == pytest.approx(0.5 * whole.sized)
    cash = recomputed(stated("bare"), None, 0.8)["cfads"]
    paid = cash_flows(found, less, WHOLE).loan.senior
    assert min(cash[n] / paid[n] for n in range(6) if paid[n] > 1e-9) == pytest.approx(asked)
    (quote,) = found.quotes
    worthless = replace(found, quotes=(replace(quote, low=0.01),))
    none, refused = lending(worthless, x, WHOLE, terms)
    assert refused.given == 0 < refused.sized == whole.sized
    assert not cash_flows(worthless, none, WHOLE).owed().any()
    late = {**x, "receivable_days": np.asarray(365.0), "dscr_low": np.asarray(0.01)}
    graced, longer = lending(found, late, WHOLE, terms)
    assert longer.missed == (2028, 2029) and longer.grace == 2 and longer.given > 0
    assert not cash_flows(found, graced, WHOLE).loan.missed.any()


def test_a_default_has_no_covers() -> None:
    """LLCR and DSCR of later years would be those of a loan that is not served."""
    found, terms = case_of("bare")
    x = {**base_levels(found, terms), "receivable_days": np.asarray(365.0)}
    flows = cash_flows(found, x, WHOLE)
    returns = returns_of(flows, x, flows)
    assert returns.missed == 2 and returns.senior
    assert returns.dscr is returns.llcr is returns.dscr_low is None
    (own,) = judged(found, x, terms).debts
    assert own.least is own.average is own.llcr is own.plcr is None


def test_guaranteed_prices_cover_debt_at_any_price() -> None:
    found, terms = case_of("all")
    told = judged(found, base_levels(found, terms), terms)
    assert told.least_prices == 0
    cash = recomputed(stated("all"), None, 0.0)
    assert (cash["cfads"][2:5] >= cash["senior"][2:5]).all()


@pytest.mark.parametrize("name", ["bare", "fees", "guarantee"])
def test_at_the_least_prices_the_tightest_year_just_serves_senior_debt(name: str) -> None:
    found, terms = case_of(name)
    told = judged(found, base_levels(found, terms), terms)
    t = stated(name)
    paid = recomputed(t, None)["senior"]
    assert told.least_prices is not None and 0 < told.least_prices < 1
    cash = recomputed(t, None, told.least_prices)["cfads"]
    spare = [cash[n] - paid[n] for n in range(6) if paid[n] > 1e-9]
    assert min(spare) == pytest.approx(0, abs=1e-9)


def test_sales_under_contract() -> None:
    """4, 8 and 8 t sold from 2028 to 2030, 40 % with a floor until 2029, 20 % at market prices, at most 1 t a year; debt is
    owed as 2028 and 2029 begin, and is repaid before 2030."""
    floor = {"contract": "f", "kind": "offtake", "element": "Dy", "covers": 0.4, "last_year": 2029}
    deals = (
        Contract(**floor, floor_usd_per_kg=10),
        Contract(contract="v", kind="offtake", covers=0.2, tonnes=1),
    )
    found = separation(deals)
    terms = plain_terms(debt_share=0.5, debt_years=4)
    x = base_levels(found, terms)
    flows = cash_flows(found, x, WHOLE)
    assert flows.loan.owed[2] > 0 and flows.loan.owed[3] == 0
    held = judged(found, x, terms).security
    assert held.contracted == pytest.approx((0.4 * 12 + 0.8 + 1) / 12, **EXACT)


def test_interest_of_a_poor_year_binds_the_loan() -> None:
    """An eighth of the output in 2028: half of its cash flow pays the interest of what is owed and no more, so lenders could
    not give more, though later years and their share of the capital would bear it."""
    found = separation()
    slow = replace(found, plants=(replace(found.plants[0], ramp=(0.12, 1.0)),))
    terms = plain_terms(tax_rate=0, debt_share=1.0, dscr=2)
    told = judged(slow, base_levels(slow, terms), terms)
    assert told.binds == INTEREST
    free = plain_terms(tax_rate=0, debt_share=0.1, dscr=2)
    assert judged(slow, base_levels(slow, free), free).binds == GEARING


def test_sources_and_uses_run_to_the_end_of_the_ramp() -> None:
    """Half of the output in 2028, all from 2029 on: debt is served from 2028, owners are paid before the ramp ends."""
    found = separation()
    x = base_levels(found, plain_terms(receivable_days=73))
    flows = cash_flows(found, x, WHOLE)
    early = starting_up(flows, x)
    assert early.tolist() == [1, 1, 1, 1, 0, 0]
    sources, uses = (
        {k: float(v.sum()) for k, v in side.items()} for side in funding(flows, x, early)
    )
    assert uses["debt service meanwhile"] == pytest.approx(flows.loan.service[2:4].sum(), **EXACT)
    assert uses["working capital"] == pytest.approx(48 / 5, **EXACT)
    paid = np.maximum(flows.owners[:4], 0.0).sum()
    assert paid > 0 and uses["paid to owners meanwhile"] == pytest.approx(paid, **EXACT)
    assert sum(sources.values()) == pytest.approx(sum(uses.values()), **EXACT)


def test_interest_added_to_every_loan_is_a_source_and_a_use() -> None:
    """That of the public loan and of the overrun facility too: until grace ends it is lent on top of what is drawn."""
    found, terms = case_of("all")
    lent = {"grace_years": 1.0, "overrun": 0.2, "capital_factor": 1.3, "public_loan": 5.0}
    terms = {name: replace(one, value=lent.get(name, one.value)) for name, one in terms.items()}
    x = base_levels(found, terms) | {"budget": np.asarray(1.15)}
    flows = cash_flows(found, x, WHOLE)
    sources, uses = funding(flows, x, starting_up(flows, x))
    for what, loan in {"public loan": flows.public, OVERRUN: flows.standby}.items():
        grown = loan.owed[2] - loan.draws.sum()
        assert grown > 0.4
        for side in (sources, uses):
            assert side[f"interest added to the {what}"].sum() == pytest.approx(grown, **EXACT)


def test_sources_and_uses_run_until_owners_have_most_in() -> None:
    """Bills of a year tie up what the full output of 2029 earns: owners pay more then than they got in 2028."""
    found = separation()
    (quote,) = found.quotes
    dear = replace(quote, price=np.array([6.0, 6.0, 6.0, 6.0, 15.0, 6.0]))
    found = replace(found, quotes=(dear,))
    x = base_levels(found, plain_terms(receivable_days=365, debt_share=0))
    flows = cash_flows(found, x, WHOLE)
    net = np.cumsum(flows.owners)
    assert int(net.argmin()) == 4 and net[-1] > 0
    assert starting_up(flows, x).tolist() == [1, 1, 1, 1, 1, 0]
    losing = base_levels(found, plain_terms(receivable_days=365, debt_share=0, fixed_factor=20))
    flows = cash_flows(found, losing, WHOLE)
    assert flows.owners.sum() < 0
    assert starting_up(flows, losing).tolist() == [1, 1, 1, 1, 0, 0], "to the end of the ramp"


def test_at_a_turning_level_the_tightest_year_just_serves_senior_debt() -> None:
    """Running cost, volume and recovery, each alone, by the cash of the recomputation; none that serves it to its bad end."""
    found, terms = case_of("bare")
    terms["volume"] = replace(terms["volume"], low=0.2)
    terms["variable_factor"] = replace(terms["variable_factor"], high=8.0)
    told = judged(found, base_levels(found, terms), terms).turning
    assert set(told) == {"volume", "variable_factor"}
    t = stated("bare")
    paid = recomputed(t, None)["senior"]
    cash = recomputed({**t, "volume": told["volume"]}, None)["cfads"]
    spare = [cash[n] - paid[n] for n in range(6) if paid[n] > 1e-9]
    assert min(spare) == pytest.approx(0, abs=1e-6)
    assert 0.2 < told["volume"] < 1 < told["variable_factor"] < 8
