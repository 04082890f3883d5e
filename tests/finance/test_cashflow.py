"""Cash, tax, debt and returns of one plant worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.finance.cashflow import CashFlows, cash_flows, funding, starting_up, tax_due
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import Material
from planner.finance.returns import irr, npv, payback, returns_of
from planner.finance.sensitivity import base_levels, tornado
from tests.cases import near
from tests.finance.plants import WHOLE, plain_terms, separation


def flows(**changes: float) -> CashFlows:
    found = separation()
    return cash_flows(found, base_levels(found, plain_terms(**changes)), WHOLE)


def test_npv_irr_payback_by_hand() -> None:
    assert npv(0.1, np.array([-100.0, 60, 60])) == pytest.approx(
        -90.9090909 + 49.5867769 + 45.0788881
    )
    assert irr([-100, 0, 121]) == pytest.approx(0.10)
    assert irr([-1, 2]) == pytest.approx(1.0)
    assert irr([5, 5]) is None and irr([-5, -5]) is None
    assert (
        irr([-100, 40, 40]) is None and irr([-100, 99, -0.5]) is None
    )  # less comes back than was spent
    # Three rates would do, 5.4, 90 and 205 %: to date it is in the red again. A closing that leaves a gain is no matter.
    twice = np.array([-10.0, 60, -110, 61])
    assert npv(0.0, twice) > 0 > npv(0.5, twice) and npv(1.5, twice) > 0 > npv(3.0, twice)
    assert irr(twice.tolist()) is None
    assert irr([-100, 80, 80, -10]) == pytest.approx(0.34097, abs=1e-5)
    # 100 spent in year 1; 40 a year after it: 120 after the fourth, so half of that year.
    assert payback([-100, 40, 40, 40]) == pytest.approx(3.5)
    assert payback([-100, 40]) is None and payback([10, 10]) is None


def test_the_case_of_a_textbook() -> None:
    """The Baldwin Company of Ross, Westerfield and Jaffe, Corporate Finance: sales, costs, depreciation, tax at 34 %,
    machine, warehouse and working capital by year as printed (thousand USD), and its NPV at five rates. It is a worked
    case of a textbook, not a study of a plant."""
    sales, costs = (
        np.array([100, 163.2, 249.72, 212.2, 129.9]),
        np.array([50, 88, 145.2, 133.1, 87.84]),
    )
    taxable = sales - costs - np.array([20, 32, 19.2, 11.52, 11.52])
    tax = tax_due(taxable, np.array(0.34), np.array(1.0))
    assert tax == pytest.approx([10.2, 14.69, 29.01, 22.98, 10.38], abs=0.005)
    flows = sales - costs - tax + np.array([0, -6.32, -8.65, 3.75, 192.98])
    for rate, printed in ((0.04, 123.641), (0.1, 51.588), (0.15, 5.472), (0.2, -31.351)):
        assert npv(rate, flows) - 260 == pytest.approx(printed, rel=0.001, abs=0.01)
    assert irr([-260, *flows.tolist()]) == pytest.approx(0.1567, abs=0.0001)


def test_a_delay_keeps_the_years_of_output() -> None:
    late = flows(delay_years=1)
    assert late.plants[0].tonnes == near([0, 0, 0, 10, 20, 20])
    assert late.plants[0].fixed == near([0, 0, 2, 2, 2, 2])
    assert late.plants[0].capital == near([20, 20, 0, 0, 0, 0])
    x = base_levels(separation(), plain_terms())
    assert npv(x["wacc"], late.after_tax) < npv(x["wacc"], flows().after_tax)


def test_returns_by_hand() -> None:
    found = separation()
    x = base_levels(found, plain_terms())
    one = cash_flows(found, x, WHOLE)
    r = returns_of(one, x, one)
    assert (r.capital, r.debt) == near((40, 20))
    assert r.payback == pytest.approx(payback(one.after_tax.tolist()))


def test_tornado_moves_one_term_at_a_time() -> None:
    found, terms = separation(), plain_terms()
    terms["payable"] = replace(terms["payable"], low=0.2, high=0.3)
    swings = {s.term.name: s for s in tornado(found, terms, WHOLE)}
    assert next(iter(swings)) == "price:Dy" and len(swings) == len(terms) + 1
    for name, value in (("npv_low", 0.2), ("npv_high", 0.3)):
        moved = base_levels(found, plain_terms(payable=value))
        assert getattr(swings["payable"], name) == near(
            npv(moved["wacc"], cash_flows(found, moved, WHOLE).after_tax)
        )
    assert swings["tax_rate"].width == 0
    granted = {s.term.name: s for s in tornado(found, terms, WHOLE, {"grant": np.array(0.5)})}
    # half of 40 MUSD more at 10 %, less tax saved by its depreciation, which was a quarter of it over three years
    more = 10 / 1.1 + 10 / 1.1**2
    assert 0 < granted["payable"].npv_high - swings["payable"].npv_high < more


def test_money_of_the_country_moves_costs_alone() -> None:
    dear = flows(currency_factor=1.1, local_share=0.5)
    assert dear.capital == near(1.05 * flows().capital)
    assert dear.ebitda == near(flows().ebitda - 0.05 * np.array([0, 0, 4, 6, 6, 0]))


def test_a_year_without_cash_for_debt_is_missed_and_its_interest_is_a_use_of_money() -> None:
    """Working capital of a year's sales takes all cash of 2028: the first repayment is in 2029, where grace of two
    years was agreed. What was lent grows by 10 % a year, half of each draw from midyear on; what ties up money is a use,
    cash earned a source."""
    found = separation()
    x = base_levels(found, plain_terms(receivable_days=365, tax_rate=0, dscr=1, debt_share=0.5))
    one = cash_flows(found, x, WHOLE)
    assert one.cfads == near([0, 0, 12.5 - 24, 27 - 24, 27, 48])
    assert one.loan.missed == near([0, 0, 1, 0, 0, 0]) and one.loan.begun == near([3])
    early = 5 * 1.1**0.5 + 5  # of 10 drawn in a year, half at midyear
    assert one.loan.owed[:3] == near([early, 2.1 * early, 2.31 * early])
    added = [early - 10, 1.1 * early - 10, 0.21 * early, 0]
    assert one.loan.added[:4] == near(added)
    sources, uses = (
        {k: v.sum() for k, v in side.items()} for side in funding(one, x, starting_up(one, x))
    )
    assert uses["interest added to the loan"] == near(sum(added))
    # Until 2029, when output is full: the debt takes what is left then, and what cover is too little to pay out is kept.
    served = uses["debt service meanwhile"]
    assert served == near(one.loan.service[3])
    assert uses["working capital"] == near(48) and served + uses["kept from owners"] == near(3)
    assert sources["cash earned meanwhile"] == near(12.5 + 27)
    assert sources["owners"] == near(20 + 24 - 12.5)
    assert sum(sources.values()) == near(sum(uses.values()))
    r = returns_of(one, x, one)
    assert r.missed == 1 and r.dscr is None and r.llcr is None and one.loan.owed[5] == 0


def converter() -> Investment:
    """20 t/y of metal; a tonne in use makes 0.8 t at 6 MUSD times 1.5 and takes in 1 t of oxide at 6: earns 1.2 MUSD,
    1.5 for each tonne of metal."""
    oxide = separation()
    made, taken = (Material("Dy", "metal", 0.8),), (Material("Dy", "oxide", 1.0),)
    plant = replace(oxide.plants[0], stage="metal", made=made, taken=taken)
    metal = replace(oxide.quotes[0], form="metal", premiums=("metal_premium",))
    return replace(oxide, plants=(plant,), quotes=(*oxide.quotes, metal))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_converter_is_guaranteed_its_margin_at_any_price(factor: float) -> None:
    """Half of the deck's 6 MUSD over its feed: 3 MUSD for each tonne of metal, whatever oxide costs. A floor under the
    price of metal would leave it 0.8 * 9 - 12 at twice the price."""
    found = converter()
    x = base_levels(found, plain_terms(metal_premium=0.5)) | {"price_factor": np.array(factor)}
    plain, helped = (
        cash_flows(found, x, WHOLE),
        cash_flows(found, {**x, "floor": np.array(0.5)}, WHOLE),
    )
    (bare,), (sale,) = plain.plants[0].sales, helped.plants[0].sales
    assert bare.floored == near(np.zeros(6))
    assert bare.market - plain.plants[0].feed == near(
        1.2 * factor * np.array([0, 0, 10, 20, 20, 0])
    )
    assert sale.market + sale.floored - helped.plants[0].feed == near(
        0.8 * max(3, 1.5 * factor) * plain.plants[0].tonnes
    )


def test_the_market_takes_no_more_than_is_wanted() -> None:
    """6 t a year are wanted, of the 4, 8 and 8 t that it could make: it works 10, 15 and 15 t, for 36 MUSD of sales,
    11.25 of feed, 3 of running and 2 of fixed cost; the cap may be lifted."""
    found = separation(wanted={("Dy", "oxide"): np.full(6, 6.0)})
    terms = plain_terms()
    capped = cash_flows(found, base_levels(found, terms), WHOLE)
    assert capped.plants[0].sales[0].tonnes == near([0, 0, 4, 6, 6, 0])
    assert capped.ebitda == near([0, 0, 12.5, 19.75, 19.75, 0])
    lifted = cash_flows(found, base_levels(found, plain_terms(market_share=2)), WHOLE)
    assert lifted.ebitda == near(flows().ebitda)
    two = replace(found, plants=found.plants * 2)
    both = cash_flows(two, base_levels(two, terms), WHOLE * 2)
    assert sum(p.sales[0].tonnes for p in both.plants) == near([0, 0, 6, 6, 6, 0])


def test_debt_never_rises_after_the_first_repayment() -> None:
    """Nothing but 1.48 MUSD is left in 2028: half of it pays the interest of 7.4 MUSD at 10 %, so no more may be owed then,
    though later years would bear more. Below the cap each year pays half of its cash or what keeps debt from rising."""
    found = separation()
    slow = replace(found, plants=(replace(found.plants[0], ramp=(0.12, 1.0)),))
    for share in (1.0, 0.1):
        x = base_levels(slow, plain_terms(tax_rate=0, debt_share=share, dscr=2))
        one = cash_flows(slow, x, WHOLE)
        first = one.cfads[2]
        assert first == near(0.12 * (48 - 15 - 4) - 2)
        begun = int(one.loan.begun.item())
        assert begun == 2
        most = first / 2 / 0.1
        assert one.loan.owed[1] == near(min(most, share * 21 * (1 + 1.1**0.5)))
        assert (np.diff(one.loan.owed[1:]) <= 1e-9).all() and one.loan.owed[4] == near(0)
        assert (one.loan.service <= np.maximum(one.cfads, 0) / 2 + 1e-9).all()


def test_grace_counts_from_completion() -> None:
    """Paid for until 2027; a year of grace is 2028, whose interest is added, and 2029 pays first."""
    found = separation()
    one = cash_flows(found, base_levels(found, plain_terms(grace_years=1)), WHOLE)
    assert one.loan.begun == near([3]) and one.loan.service[2] == 0 and one.loan.service[3] > 0
    assert one.loan.owed[2] == near(1.1 * one.loan.owed[1]) and one.loan.missed.sum() == 0
