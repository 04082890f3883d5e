"""Cases with instruments in use, recomputed year by year in plain numpy: nothing of the package's own arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from planner.data.investment_tables import Contract
from planner.finance.cashflow import cash_flows, funding, starting_up
from planner.finance.plant_flows import Investment
from planner.finance.returns import returns_of
from planner.finance.sensitivity import adverse, base_levels, tornado
from planner.finance.statements import statements
from tests.finance.by_hand import ALONE, Plant, recomputed
from tests.finance.plants import WHOLE, plain_terms, separation

YEARS = np.arange(2026, 2032)
EXACT = {"rel": 1e-9, "abs": 1e-9}
CONTRACT = Contract(
    contract="c",
    kind="offtake",
    element="Dy",
    covers=0.5,
    tonnes=3,
    floor_usd_per_kg=6500,
    cap_usd_per_kg=9000,
    real=False,
)
CASES: dict[str, dict[str, float]] = {
    "bare": {},
    "grant": {"grant": 0.3, "contingency": 0.1},
    "public loan": {"public_loan": 12.0, "public_loan_rate": 0.02, "inflation": 0.03},
    "floor": {"floor": 0.95, "inflation": 0.02},
    "difference": {"cfd": 1.1, "floor": 0.5},
    "low volume": {"volume": 0.9, "recovery_factor": 1.0, "fixed_factor": 1.0, "inflation": 0.01},
    "reserve": {"reserve_months": 6.0, "debt_years": 6},
    "dear interest": {"debt_rate": 0.14, "debt_share": 0.9, "dscr": 1.2, "inflation": 0.02},
    "grant and credit above the capital": {"grant": 0.7, "tax_credit": 0.5, "debt_share": 0.6},
    "public loan of all": {"public_loan": 60.0, "public_loan_rate": 0.04, "grace_years": 1},
    "royalty": {"royalty": 0.07, "sustaining": 0.01, "closure": 0.1, "residual": 0.02},
    "tax credit": {"tax_credit": 0.2, "tax_credit_per_kg": 150.0},
    "availability": {"availability": 3.0, "receivable_days": 60.0},
    "fees": {"upfront_fee": 0.02, "commitment_fee": 0.01, "inflation": 0.02, "dscr": 1.3},
    "guarantee": {"guarantee": 0.6, "inflation": 0.02, "debt_share": 0.8, "dscr": 1.5},
    "lock-up": {"lock_up": 2.5, "grace_years": 1, "debt_years": 5, "inflation": 0.02},
    "losses offset in part": {"loss_limit": 0.3, "depreciation_years": 1, "tax_rate": 0.4},
    "support for two years": {"floor": 1.2, "availability": 2.0, "support_years": 2},
    "stock, bills and debts to suppliers": {
        "receivable_days": 45.0,
        "stock_days": 120.0,
        "payable_days": 30.0,
        "inflation": 0.02,
    },
    "completion test": {"completion": 0.8, "debt_years": 5, "inflation": 0.02},
    "completion test without debt": {"completion": 0.8, "debt_share": 0.0, "inflation": 0.02},
    "completion test that is never passed": {"completion": 0.9, "volume": 0.8, "debt_share": 0.0},
    "overrun facility, all of it": {"capital_factor": 1.5, "overrun": 0.1, "grace_years": 1},
    "overrun facility not drawn": {"overrun": 0.2, "upfront_fee": 0.02, "commitment_fee": 0.01},
    "overrun facility": {
        "capital_factor": 1.2,
        "overrun": 0.15,
        "upfront_fee": 0.02,
        "commitment_fee": 0.01,
        "inflation": 0.02,
        "debt_share": 0.8,
        "dscr": 1.5,
    },
    "public stock": {"public_stock": 0.6, "inflation": 0.02},
    "difference for a year": {"cfd": 1.2, "support_years": 1, "inflation": 0.02},
    "grant, public loan and floor": {"grant": 0.3, "public_loan": 10.0, "floor": 0.8},
    "all": {
        "grant": 0.1,
        "public_loan": 5.0,
        "public_loan_rate": 0.03,
        "floor": 0.7,
        "cfd": 0.9,
        "availability": 1.0,
        "royalty": 0.03,
        "tax_credit": 0.1,
        "tax_credit_per_kg": 20.0,
        "inflation": 0.025,
        "contingency": 0.15,
        "receivable_days": 45.0,
        "stock_days": 60.0,
        "payable_days": 20.0,
        "debt_share": 0.8,
        "dscr": 1.4,
        "reserve_months": 6.0,
        "upfront_fee": 0.015,
        "commitment_fee": 0.005,
    },
}
BUDGETS = {"overrun facility": 1.1, "overrun facility, all of it": 1.0}
"""Capital of the base over the estimate, in cases whose capital is above it."""


def budget(case: str) -> float:
    """Capital of the base over the estimate."""
    terms = stated(case)
    return terms["capital_factor"] * (1 + terms["contingency"])


def stated(case: str) -> dict[str, float]:
    return {name: term.value for name, term in plain_terms(**CASES[case]).items()}


def held(
    case: str, found: Investment, deal: Contract | None = None, plants: Sequence[Plant] = ALONE
) -> None:
    """All that the recomputation has of a case is as in `planner.finance`."""
    x = base_levels(found, plain_terms(**CASES[case]))
    for plant in plants:
        for term, own in (("tax_rate", plant.tax), ("wacc", plant.wacc)):
            if own is not None:
                x[f"{plant.country}:{term}"] = np.asarray(own)
    x["budget"] = np.asarray(BUDGETS.get(case, float(x["budget"])))
    flows = cash_flows(found, x, [0.7 * WHOLE[0]] * len(plants))
    hand = recomputed(stated(case), deal, use=0.7, budget=float(x["budget"]), plants=plants)
    assert flows.cfads == pytest.approx(hand["cfads"], **EXACT)
    assert flows.loan.owed == pytest.approx(hand["owed"], **EXACT)
    assert flows.loan.service == pytest.approx(hand["paid"], **EXACT)
    assert flows.loan.fees == pytest.approx(hand["fees"], **EXACT)
    assert flows.loan.senior == pytest.approx(hand["senior"], **EXACT)
    assert flows.standby.owed == pytest.approx(hand["standby"]["owed"], **EXACT)
    assert flows.standby.service == pytest.approx(hand["standby"]["paid"], **EXACT)
    assert flows.standby.fees == pytest.approx(hand["standby"]["fees"], **EXACT)
    sources, uses = funding(flows, x, starting_up(flows, x))
    paid_for = sum(float(amounts.sum()) for amounts in uses.values())
    assert sum(float(amounts.sum()) for amounts in sources.values()) == pytest.approx(paid_for)
    assert flows.public.owed == pytest.approx(hand["public_owed"], **EXACT)
    assert flows.owners == pytest.approx(hand["owners"], **EXACT)
    told = statements(flows)
    assert told.gap == pytest.approx(np.zeros(6), **EXACT)
    assert told.cash["to owners"] == pytest.approx(hand["owners"], **EXACT)
    bills = told.balance["receivables"] + told.balance["stock"] - told.balance["payables"]
    assert bills == pytest.approx(hand["working"], **EXACT)
    earned = told.income["profit"] - hand["owners"]
    assert told.balance["equity"] == pytest.approx(np.cumsum(earned), **EXACT)
    returns = returns_of(flows, x, flows)
    assert returns.npv_before_tax == pytest.approx(hand["npv_before_tax"], **EXACT)
    assert returns.npv_after_tax == pytest.approx(hand["npv_after_tax"], **EXACT)
    assert returns.npv_owners == pytest.approx(hand["npv_owners"], **EXACT)


@pytest.mark.parametrize("deal", [None, CONTRACT], ids=["market", "contract"])
@pytest.mark.parametrize("case", CASES)
def test_cases_with_instruments(case: str, deal: Contract | None) -> None:
    held(case, separation(() if deal is None else (deal,)), deal)


LATER = Plant(commit=1, size=10, capex=3.0, fixed=0.05, variable=0.4, gives=0.3, takes=0.2)
BESIDE = Plant(size=5, capex=1.0, fixed=0.2, variable=0.1, gives=0.2, takes=0.1)
TOGETHER: dict[str, tuple[Plant, ...]] = {
    "bare": (Plant(), BESIDE),
    "grant, public loan and floor": (Plant(), LATER),
    "overrun facility": (Plant(), BESIDE, LATER),
    "completion test": (BESIDE, LATER),
    "losses offset in part": (Plant(tax=0.1), replace(LATER, tax=0.4), BESIDE),
    "all": (Plant(), replace(BESIDE, tax=0.05, wacc=0.2)),
    "fees": (Plant(wacc=0.06), replace(LATER, wacc=0.15), BESIDE),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_plants_as_one(case: str) -> None:
    """Plants that are built and begin in the same year, and a year later; in one country, and in several."""
    alone = separation()
    (whole,) = alone.plants
    plants = []
    for place, one in enumerate(TOGETHER[case]):
        plant = replace(
            whole,
            project=f"plant {place}",
            name=f"plant {place}",
            country=str(one.country),
            commit=2026 + one.commit,
            size=one.size,
            capex=one.capex,
            fixed=one.fixed,
            variable=one.variable,
            made=(replace(whole.made[0], per_tonne=one.gives),),
            taken=(replace(whole.taken[0], per_tonne=one.takes),),
        )
        plants.append(plant)
    held(case, replace(alone, plants=tuple(plants)), plants=TOGETHER[case])


@pytest.mark.parametrize("case", ["bare", "all"])
def test_both_ends_of_the_price(case: str) -> None:
    found, terms = separation(), plain_terms(**CASES[case])
    (price,) = [s for s in tornado(found, terms, WHOLE) if s.term.name == "price:Dy"]
    (quote,) = found.quotes
    for npv, level in ((price.npv_low, quote.low), (price.npv_high, quote.high)):
        at_end = recomputed(stated(case), None, level)
        assert npv == pytest.approx(at_end["npv_after_tax"], **EXACT)


def test_adverse_cover() -> None:
    """The least cover at the low price, over the service that was agreed."""
    found, terms = separation(), plain_terms(**CASES["all"])
    x = base_levels(found, terms)
    flows = cash_flows(found, x, WHOLE)
    bad = cash_flows(found, {**x, **adverse(found, terms)}, WHOLE)
    (quote,) = found.quotes
    cash = recomputed(stated("all"), None, quote.low)["cfads"]
    paid = recomputed(stated("all"), None)["paid"]
    least = min(cash[n] / paid[n] for n in range(6) if paid[n] > 1e-9)
    assert returns_of(flows, x, bad).dscr_low == pytest.approx(max(least, 0.0), **EXACT)
