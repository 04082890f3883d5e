"""Cash by year of all plants together: sales, costs, capital, tax with losses carried forward, working capital, debt,
and what is left for the owners.

No figure needs another that needs it: debt is sized on the cash flow after the tax of a plant without debt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from planner.finance.loans import (
    OVERRUN,
    PAID,
    LevelLoan,
    Loan,
    guaranteed,
    line,
    overrun_facility,
    public_loan,
    sculpted_loan,
)
from planner.finance.plant_flows import (
    Investment,
    PlantFlows,
    Prices,
    Product,
    Setting,
    all_plants,
    received,
    tonnes_sold,
)
from planner.finance.project_facts import Levels, levels_of, price_name
from planner.finance.yearly_rows import (
    Array,
    added,
    before,
    carried,
    highest,
    larger,
    over_years,
    row,
    single,
    smaller,
    to_date,
    where,
)

UNITS: Levels = {"days": np.float64(365.0), "per_kg": np.float64(0.001)}  # type: ignore[dict-item]
"""Days in a year; MUSD/t of one USD/kg."""


@dataclass(frozen=True, kw_only=True)
class FlowsBeforeDebt:
    """Some plants by year before debt, nominal MUSD: what adds up over countries.

    late: sustaining capital and closure less residual value. credit: tax credits, those on capital and all. before_tax,
    after_tax: of all capital. receivables, stock, payables: at the end of the year; working: receivables and stock less
    payables.
    """

    sales: Array
    costs: Array
    royalty: Array
    availability: Array
    ebitda: Array
    capital: Array
    grant: Array
    late: Array
    depreciation: Array
    taxable: Array
    tax: Array
    credit_on_capital: Array
    credit: Array
    receivables: Array
    stock: Array
    payables: Array
    working: Array
    before_tax: Array
    after_tax: Array


@dataclass(frozen=True, kw_only=True)
class CashFlows(FlowsBeforeDebt):
    """All plants together by year, nominal MUSD: those of each country, added up, and the debt of all.

    owners: what is left for them after debt, reserve account and tax, and after what lenders have kept from them; kept: that
    account at the end of the year. cfads: cash flow that can serve debt. index: money of the year over that of the base
    year. completed: 1 from the year on in which the completion test is passed. standby: the overrun facility.
    """

    plants: tuple[PlantFlows, ...]
    countries: tuple[CountryFlows, ...]
    index: Array
    completed: Array
    cfads: Array
    loan: Loan
    standby: LevelLoan
    public: LevelLoan
    tax_with_debt: Array
    kept: Array
    owners: Array

    def cover(self) -> Array:
        """Cash flow over senior debt service by year, 0 without any."""
        paid = self.loan.senior > PAID
        cover = where(paid, self.cfads / larger(self.loan.senior, PAID), 0.0)
        return line(cover, "cover of debt service (DSCR), 0 without any", "times")

    def owed(self) -> Array:
        """Owed to lenders at the end of each year, on the overrun facility too."""
        return line(self.loan.owed + self.standby.owed, "owed to lenders, end of the year")

    def left(self) -> Array:
        """Capital of each year that neither a grant, a tax credit nor a public loan pays."""
        return self.capital - self.grant - self.credit_on_capital - self.public.draws

    def debt_share(self) -> Array:
        """All that lenders give over the capital that is left to them and the owners."""
        whole = line(over_years(self.left()), "capital of lenders and owners, in all")
        drawn = line(over_years(self.loan.draws + self.standby.draws), "drawn from lenders, in all")
        share = where(whole > PAID, drawn / larger(whole, PAID), 0.0)
        return line(single(share), "debt drawn over the capital", "share")


@dataclass(frozen=True, kw_only=True)
class CountryFlows(FlowsBeforeDebt):
    """The plants of one country by year before debt, nominal MUSD.

    rate, limit: by which its profit is taxed. wacc: the cost of capital there. share: of all capital, which interest and
    availability payments are spread by.
    """

    country: str
    rate: Array
    limit: Array
    wacc: Array
    share: Array | float

    def due(self, financing: Array, whose: str) -> Array:
        """Tax by year, with its part of interest and fees of all plants."""
        label = f"taxable, {self.country}, {whose}"
        taxed = row(self.taxable - financing * self.share, "Tax", label, "MUSD")
        return tax_due(taxed, self.rate, self.limit, f"{self.country}, {whose}")


BALANCES = ("receivables", "stock", "payables", "working")
"""Of these what stands at the end of a year."""


def tax_due(taxable: Array, rate: Array, limit: Array, whose: str = "") -> Array:
    """Tax by year on profits; losses are carried forward without end, and offset at most a part `limit` of a profit."""
    label = f"losses carried forward, {whose}"
    losses = carried(taxable, _losses, (limit,), sheet="Tax", label=label, unit="MUSD")
    profit = larger(taxable, 0.0)
    offset = smaller(before(losses), limit * profit)
    return row(rate * (profit - offset), "Tax", f"tax, {whose}", "MUSD")


def _losses(last: Array, taxable: Array, limit: Array) -> Array:
    offset = smaller(last, limit * larger(taxable, 0.0))
    return last - offset + larger(0.0 - taxable, 0.0)


def cash_flows(
    found: Investment, x: Levels, use: Sequence[Array], prices: Prices | None = None
) -> CashFlows:
    """All flows of an investment. x: levels of terms, of prices and of support; use: for each plant the share of what
    its ramp allows that is worked, by year; prices: MUSD/t by good before premiums, in place of those of the deck."""
    plants, countries, index = _before_debt(found, x, use, prices or found.prices())
    flows = _added_up(countries)
    flows["completed"] = _completed(plants, x)
    with_debt = _with_debt(flows, x, plants=plants, countries=countries)
    return CashFlows(plants=plants, countries=countries, index=index, **flows, **with_debt)


def cash_for_debt(found: Investment, x: Levels, use: Sequence[Array]) -> Array:
    """The `cfads` of `cash_flows`, for which no debt needs to be sized."""
    _, countries, _ = _before_debt(found, x, use, found.prices())
    flows = _added_up(countries)
    return _can_serve(flows, _to_finance(flows))


def _before_debt(
    found: Investment, x: Levels, use: Sequence[Array], prices: Prices
) -> tuple[tuple[PlantFlows, ...], tuple[CountryFlows, ...], Array]:
    """Flows of plants and countries before debt, and money of each year over that of the base year."""
    index = (1.0 + x["inflation"]) ** (x["year"] - x["base_year"])
    index = row(index, "Time", "money of the year", "of base")
    setting = Setting(found=found, x=x, prices=_prices(found, x, prices), index=index)
    plants = all_plants(setting, use)
    return plants, _by_country(plants, x, index), index


def _to_finance(flows: Mapping[str, Any]) -> Array:
    """Capital that no grant or tax credit pays."""
    capital: Array = flows["capital"] - flows["grant"] - flows["credit_on_capital"]
    return capital


def _can_serve(flows: Mapping[str, Any], capital: Array) -> Array:
    """Cash flow after tax before the capital that is to be financed."""
    return line(flows["after_tax"] + capital, "cash flow after tax that can serve debt")


def _prices(found: Investment, x: Levels, prices: Prices) -> dict[Product, Array]:
    """MUSD/t by good, as it is sold at."""
    at = {}
    for quote in found.quotes:
        price = prices[quote.element, quote.form] * x["price_factor"] * x[price_name(quote.element)]
        for premium in quote.premiums:
            price = price * (1.0 + x[premium])
        at[quote.element, quote.form] = row(price, "Prices", f"{quote.label}, in use", "MUSD/t")
    return at


def _by_country(plants: Sequence[PlantFlows], x: Levels, index: Array) -> tuple[CountryFlows, ...]:
    """Flows before debt of the plants of each country, by its own terms."""
    supported = added([plant.supported for plant in plants], index)
    paid = x["availability"] * smaller(supported, 1.0) * index
    paid = row(paid, "Tax", "availability payment", "MUSD")
    whole = added([plant.capital for plant in plants], index)
    countries = list(dict.fromkeys(plant.country for plant in plants))
    out = []
    for country in countries:
        own = [plant for plant in plants if plant.country == country]
        share: Array | float = 1.0
        if len(countries) > 1:
            capital = added([plant.capital for plant in own], index)
            share = over_years(capital * index) / larger(over_years(whole * index), PAID)
            share = row(share, "Tax", f"{country}: share of the capital", "share")
        whose = f"{country}: " if len(countries) > 1 else ""
        at_home = levels_of(x, country)
        one = _in_country(
            country, own, at_home, index=index, availability=paid * share, share=share, whose=whose
        )
        out.append(one)
    return tuple(out)


def _in_country(
    country: str,
    own: Sequence[PlantFlows],
    x: Levels,
    *,
    index: Array,
    availability: Array,
    share: Array | float,
    whose: str,
) -> CountryFlows:
    """Flows before debt of plants of one country together. x: its levels; whose: stands before the labels of its rows."""

    def line_of(amounts: Array, label: str) -> Array:
        return row(amounts, "Tax", f"{whose}{label}", "MUSD")

    earned = [row(received(p.sales, index), "Revenue", "all sales of a plant", "MUSD") for p in own]
    spent = [plant.fixed + plant.variable + plant.feed for plant in own]
    capital = line_of(added([plant.capital for plant in own], index) * index, "capital")
    late = added([plant.late for plant in own], index) * index
    late = line_of(late, "sustaining and closure, less residual")
    sales = line_of(added(earned, index) * index, "sales")
    costs = line_of(added(spent, index) * index, "running cost and feed")
    royalty = line_of(x["royalty"] * sales, "royalty")
    ebitda = line_of(sales - costs - royalty + availability, "EBITDA")
    grant = line_of(x["grant"] * capital, "grant")
    depreciation = line_of(added([plant.depreciation for plant in own], index), "depreciation")
    taxable = line_of(ebitda - depreciation - late, "taxable without debt")
    tax = tax_due(taxable, x["tax_rate"], x["loss_limit"], f"{country}, without debt")
    on_capital = line_of(x["tax_credit"] * capital, "tax credit on capital")
    on_output = x["tax_credit_per_kg"] * x["per_kg"] * tonnes_sold(own, index)
    credit = on_capital + line_of(on_output * index, "tax credit on output")
    balances = _balances(sales, costs, x, line_of)
    working = balances["working"]
    operations = ebitda - (working - before(working)) - late
    before_tax = line_of(operations - capital + grant, "before tax, all capital")
    return CountryFlows(
        country=country,
        rate=x["tax_rate"],
        limit=x["loss_limit"],
        wacc=x["wacc"],
        share=share,
        sales=sales,
        costs=costs,
        royalty=royalty,
        availability=availability,
        ebitda=ebitda,
        capital=capital,
        grant=grant,
        late=late,
        depreciation=depreciation,
        taxable=taxable,
        tax=tax,
        credit_on_capital=on_capital,
        credit=credit,
        before_tax=before_tax,
        after_tax=line_of(before_tax - tax + credit, "after tax, all capital"),
        **balances,
    )


def _balances(
    sales: Array, costs: Array, x: Levels, line_of: Callable[[Array, str], Array]
) -> dict[str, Array]:
    """What sales and costs tie up, at the end of each year, by field of `FlowsBeforeDebt`."""

    def of_days(term: str, amounts: Array, label: str) -> Array:
        return line_of(x[term] / x["days"] * amounts, f"{label}, end of the year")

    receivables = of_days("receivable_days", sales, "receivables")
    stock = of_days("stock_days", costs, "stock")
    payables = of_days("payable_days", costs, "payables")
    working = line_of(receivables + stock - payables, "working capital, end of the year")
    return dict(zip(BALANCES, (receivables, stock, payables, working), strict=True))


def _added_up(countries: Sequence[CountryFlows]) -> dict[str, Any]:
    """Flows of all countries, by field of `CashFlows`."""
    flows = {}
    for name in (field.name for field in fields(FlowsBeforeDebt)):
        first, *others = [getattr(one, name) for one in countries]
        flows[name] = first
        if others:
            unit = "MUSD, end of the year" if name in BALANCES else "MUSD"
            label = f"all countries: {name.replace('_', ' ')}"
            flows[name] = row(sum(others, first), "Tax", label, unit)
    return flows


def _completed(plants: Sequence[PlantFlows], x: Levels) -> Array:
    """1 from the year on in which every plant can make the share of its output that the completion test asks."""
    passed: Any = 1.0
    for plant in plants:
        reaches = where(plant.usable * x["volume"] >= x["completion"] * plant.top, 1.0, 0.0)
        passed = smaller(passed, reaches)
    passed = line(passed, "completion test is passed in the year", "flag")
    label = "completion test has been passed, end of the year"
    return carried(passed, larger, (), sheet="Debt", label=label, unit="flag")


def _with_debt(
    flows: Mapping[str, Any],
    x: Levels,
    *,
    plants: Sequence[PlantFlows],
    countries: Sequence[CountryFlows],
) -> dict[str, Any]:
    """Flows that follow from debt, by field of `CashFlows`."""
    capital = _to_finance(flows)
    cfads = _can_serve(flows, capital)
    number = row(x["year"] - x["first_year"] + 1.0, "Time", "number of the year", "")
    capital = line(capital, "capital less grant and tax credit")
    public = public_loan(capital, number, x)
    capital = line(larger(capital - public.draws, 0.0), "capital of lenders and owners")
    running = added([plant.running for plant in plants], number)
    latest = line(highest((running > 0) * number), "number of the last year of output", "")
    standby = overrun_facility(capital, number, x=x, latest=latest)
    capital = line(capital - standby.draws, f"capital that the {OVERRUN} leaves")
    loan = sculpted_loan(capital, cfads, number=number, x=guaranteed(x), standby=standby)
    financing = loan.interest + loan.fees + public.interest + standby.interest + standby.fees
    financing = line(financing, "interest and fees of all debt")
    due = [one.due(financing, "with debt") for one in countries]
    tax = row(added(due, financing), "Tax", "tax with debt", "MUSD")
    reserved = loan.reserve - before(loan.reserve)
    paid = loan.service + loan.fees + public.service
    lent = loan.draws + public.draws - paid + standby.draws - standby.service - standby.fees
    free = flows["before_tax"] - tax + flows["credit"] + lent - reserved
    free = line(free, "left after debt, reserve and tax")
    tested = where(number > latest, 1.0, flows["completed"])
    locked = _locked(cfads, loan, (public, standby), tested=tested, x=x)
    label = "kept from the owners, end of the year"
    kept = carried(free, _kept, (locked,), sheet="Debt", label=label, unit="MUSD")
    owners = free + before(kept) - kept
    return {
        "cfads": cfads,
        "loan": loan,
        "standby": standby,
        "public": public,
        "tax_with_debt": tax,
        "kept": kept,
        "owners": line(owners, "owners, after debt, reserve and tax"),
    }


def _locked(
    cfads: Array, loan: Loan, others: Sequence[LevelLoan], *, tested: Array, x: Levels
) -> Array:
    """1 in years in which owners are paid nothing: the completion test has not been passed, whether or not there is debt;
    debt is owed and not yet repaid; or cash flow covers debt service less than is asked for that. tested: 1 once the test
    is passed, and when nothing runs any more."""
    service = loan.service
    owes = before(loan.owed) + loan.draws
    for one in others:
        service = service + one.service
        owes = owes + before(one.owed) + one.draws
    service = line(service, "scheduled service of all debt")
    owes = line(owes, "owed on all debt in the year")
    is_tight = where(cfads < x["lock_up"] * service, 1.0, where(service <= PAID, 1.0, 0.0))
    is_tight = where(owes > PAID, is_tight, 0.0)
    return line(where(tested > 0, is_tight, 1.0), "owners are paid nothing", "flag")


def _kept(last: Array, free: Array, locked: Array) -> Array:
    return where(locked > 0, larger(last + free, 0.0), 0.0)


def starting_up(flows: CashFlows, x: Levels) -> Array:
    """1 until capital is paid, output of every plant is full, the first repayment is due and, where owners get back more than
    they pay, they have most of their money in, by year."""
    number = x["year"] - x["first_year"] + 1.0
    in_full: Any = 1.0
    for plant in flows.plants:
        in_full = smaller(in_full, where(plant.usable >= plant.top, 1.0, 0.0))
    in_full = line(in_full, "output is full in the year", "flag")
    net = carried(flows.owners, to_date, (), sheet="Debt", label="owners, to date", unit="MUSD")
    most_in = line(highest(0.0 - net), "most that owners have in, to date")
    deepest = where(net <= PAID - most_in, 1.0, 0.0)
    deepest = line(deepest, "owners have most in, end of the year", "flag")
    still_paying = where(
        over_years(flows.owners) > 0, _not_yet(deepest, "owners have had most in"), 0.0
    )
    waiting = larger(_not_yet(in_full, "output has been full"), still_paying)
    waiting = line(waiting, "output is not full yet, or owners pay in", "flag")
    early = where(number <= flows.loan.begun, 1.0, where(flows.capital > 0, 1.0, waiting))
    return line(early, "starting up", "flag")


def _not_yet(reached: Array, label: str) -> Array:
    """1 up to the first year in which something is reached. label: that it has been."""
    label = f"{label}, end of the year"
    reached = carried(reached, larger, (), sheet="Debt", label=label, unit="flag")
    return where(before(reached) > 0, 0.0, 1.0)


def funding(flows: CashFlows, x: Levels, early: Array) -> tuple[dict[str, Array], dict[str, Array]]:
    """Sources and uses of money while a project starts up, by year (nominal MUSD); owners pay what others do not. early: 1 in
    these years."""
    loan, public = flows.loan, flows.public
    earned = flows.ebitda - flows.late - flows.tax_with_debt + flows.credit
    earned = earned - flows.credit_on_capital
    spare = flows.capital * x["contingency"] / (1.0 + x["contingency"])
    bound = flows.working - before(flows.working)
    interest_added = {
        "interest added to the loan": loan.added,
        "interest added to the public loan": public.added,
        f"interest added to the {OVERRUN}": flows.standby.added,
    }
    uses = {
        "capital at the estimate": flows.capital - spare,
        "contingency": spare,
        "working capital": bound * early,
        "losses while it starts up": larger(0.0 - earned, 0.0) * early,
        **interest_added,
        "fees of lenders": (loan.fees + flows.standby.fees) * early,
        "debt service meanwhile": (loan.senior + public.service) * early,
        "reserve account": (loan.reserve - before(loan.reserve)) * early,
        "kept from owners": (flows.kept - before(flows.kept)) * early,
        "paid to owners meanwhile": larger(flows.owners, 0.0) * early,
    }
    sources = {
        "grant": flows.grant,
        "tax credit on capital": flows.credit_on_capital,
        "public loan": public.draws,
        "loan drawn": loan.draws,
        f"{OVERRUN} drawn": flows.standby.draws,
        **interest_added,
        "cash earned meanwhile": larger(earned, 0.0) * early,
        "owners": larger(0.0 - flows.owners, 0.0) * early,
    }
    return _named("source", sources), _named("use", uses)


def _named(side: str, amounts: dict[str, Array]) -> dict[str, Array]:
    return {what: line(by_year, f"{side}: {what}") for what, by_year in amounts.items()}
