"""Cash by year: sales, contracts, costs, capital, tax with losses carried forward, working capital, debt sculpted to
cash flow, and what is left for the owners.

No figure needs another that needs it: debt is sized on the cash flow after the tax of a plant without debt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from planner.finance.contracts import Deal, Settlement, feed_price, settle
from planner.finance.project_facts import Levels, Material, PlantFacts, Quote
from planner.finance.yearly_rows import Array, added, after, before, carried, carried_back, row

LEAST_RATE = 1e-9
"""Interest below which a debt cannot rise."""
PAID = 1e-9
"""Debt service (MUSD a year) below which there is none."""


@dataclass(frozen=True)
class Loan:
    """Debt by year (nominal MUSD): drawn, interest, paid (interest and repayment), owed at the end of the year.

    added: interest until the first repayment, which the loan grows by. missed: 1 in years after the grace agreed, up to
    the last of the loan, in which nothing is paid on what is owed. reserve: months of the largest service, filled once,
    held while debt is owed. begun: years until the first repayment, the grace agreed or longer where cash comes later.
    share: debt over capital that is not a grant. cover: present value of cash flow over debt at the first repayment; as
    service follows cash flow it is that of every year that pays.
    """

    draws: Array
    interest: Array
    added: Array
    service: Array
    owed: Array
    missed: Array
    reserve: Array
    begun: Array
    share: Array
    cover: Array


def tax_due(taxable: Array, rate: Array, whose: str = "") -> Array:
    """Tax by year on profits; losses are carried forward without end."""
    losses = carried(taxable, _losses, (), "Tax", f"losses carried forward, {whose}", "MUSD")
    return row(rate * np.maximum(taxable - before(losses), 0.0), "Tax", f"tax, {whose}", "MUSD")


def _losses(last: Array, taxable: Array) -> Array:
    return np.maximum(last - taxable, 0.0)


def line(amounts: Array, label: str, unit: str = "MUSD") -> Array:
    """A row of the sheet of debt."""
    return row(amounts, "Debt", label, unit)


def _opening(after: Array, paid: Array, rate: Array) -> Array:
    """Debt that a year can open with: served whole in it and later, and not rising in it."""
    repaid = (after + paid) / (1.0 + rate)
    without_rise = paid / np.maximum(rate, LEAST_RATE)
    return np.minimum(repaid, without_rise)


def _owed(
    last: Array, draws: Array, sculpted: Array, bears: Array, repays: Array, rate: Array
) -> Array:
    """Debt at the end of a year: it grows until the first repayment, then follows cash flow and never rises."""
    grown = last * (1.0 + rate) + draws
    most = np.minimum(last, bears)
    repaid = np.minimum(np.maximum(grown - sculpted, 0.0), most)
    owed = np.where(repays > 0, repaid, grown)
    return np.where(owed > PAID, owed, 0.0)


@dataclass(frozen=True, kw_only=True)
class Repayment:
    """What cash flow bears of a loan. rate: nominal. begun: years until the first repayment. serves: cash flow in the
    years of the loan, by year. bears: debt at the end of each year that is served after it and does not rise. most:
    of it that at the first repayment. sculpted: debt then, were every year to serve cash flow over `dscr`."""

    rate: Array
    begun: Array
    missable: Array
    serves: Array
    bears: Array
    most: Array
    sculpted: Array


def _repayment(capital: Array, cfads: Array, number: Array, x: Levels) -> Repayment:
    rate = line((1 + x["debt_rate"]) * (1 + x["inflation"]) - 1, "interest, nominal", "a year")
    built = ((capital > 0) * number).max(axis=-1, keepdims=True)
    grace = line(
        built + x["grace_years"], "years until grace ends, counted from completion", "years"
    )
    in_term = (number > grace) & (number <= x["debt_years"])
    paying = line(np.where(in_term, 1.0, 0.0), "years of repayment", "flag")
    serves = line(paying * np.maximum(cfads, 0.0), "cash flow in years of repayment")
    left = ((serves > PAID) * (x["debt_years"] + 1.0 - number)).max(axis=-1, keepdims=True)
    begun = np.where(left > 0, x["debt_years"] - left, grace)
    begun = line(begun, "years until the first repayment", "years")
    opening = carried_back(
        serves / x["dscr"], _opening, (rate,), "Debt", "debt that a year can open with", "MUSD"
    )
    bears = line(after(opening), "debt that later cash flow bears, end of the year")
    first = np.where(number == begun + 1.0, opening, 0.0)
    most = line(first.sum(axis=-1, keepdims=True), "debt that cash flow bears then")
    weight = (1 + rate) ** (begun - number)
    sculpted = (serves * weight).sum(axis=-1, keepdims=True) / x["dscr"]
    sculpted = line(sculpted, "worth of service then, were every year to pay cash flow over cover")
    return Repayment(
        rate=rate,
        begun=begun,
        missable=paying,
        serves=serves,
        bears=bears,
        most=most,
        sculpted=sculpted,
    )


def sculpted_loan(capital: Array, cfads: Array, number: Array, x: Levels) -> Loan:
    """A loan drawn with the capital, interest added until the first repayment, then paid as cash flow comes in.

    It is as large as cash flow over `dscr` can serve in its years without ever rising, but at most `debt_share` of the
    capital. number: of each year, from 1.
    """
    found = _repayment(capital, cfads, number, x)
    rate, begun = found.rate, found.begun
    weight = line((1 + rate) ** (begun - number), "worth at the first repayment", "factor")
    whole = (capital * weight).sum(axis=-1, keepdims=True)
    whole = line(whole, "capital less grant, with interest, then")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, np.minimum(x["debt_share"], found.most / whole), 0.0)
        share = line(share, "debt drawn over capital less grant", "share")
        part = np.where(found.sculpted > 0, share * whole / found.sculpted, 0.0)
        part = line(part, "debt over that worth", "share")
        cover = np.where(part > 0, x["dscr"] / part, np.nan)
    draws = line(share * capital, "drawn")
    sculpted = line(found.serves / x["dscr"] * part, "service that follows cash flow")
    repays = line(np.where(number > begun, 1.0, 0.0), "years from the first repayment", "flag")
    others = (sculpted, found.bears, repays, rate)
    owed = carried(draws, _owed, others, "Debt", "owed at the end of the year", "MUSD")
    interest = line(before(owed) * rate, "interest")
    service = line(before(owed) + interest + draws - owed, "debt service")
    service = line(np.where(repays > 0, service, 0.0), "debt service")
    added = line(
        np.where(number <= begun, interest, 0.0),
        "of it until the first repayment, added to the loan",
    )
    missed = found.missable * (before(owed) > PAID) * (service <= PAID)
    missed = line(missed, "service missed: debt is owed and nothing is paid", "flag")
    held = x["reserve_months"] / 12.0 * service.max(axis=-1, keepdims=True)
    reserve = np.where((number >= begun) & (owed > 0), held, 0.0)
    reserve = line(reserve, "reserve account at the end of the year")
    return Loan(
        draws, interest, added, service, owed, missed, reserve, begun, share[..., 0], cover[..., 0]
    )


NO_SUPPORT: Levels = {
    name: np.zeros(()) for name in ("grant_share", "floor_factor", "availability")
}
"""Support as further levels: grant over capital; guaranteed price over the deck, of metal and magnets the margin over
their feed; MUSD a year of running."""
UNITS: Levels = {"days": np.float64(365.0), "per_kg": np.float64(0.001)}  # type: ignore[dict-item]
"""Days in a year; MUSD/t of one USD/kg."""
LEAST_T = 1e-9
Product = tuple[str, str]
Prices = Mapping[Product, Array]


@dataclass(frozen=True)
class Investment:
    """What is judged: plants as one, over the same years, on one deck and under some contracts.

    wanted: of each good that has a market, tonnes by year that the alliance wants in its form or made of it.
    """

    years: tuple[int, ...]
    base_year: int
    plants: tuple[PlantFacts, ...]
    quotes: tuple[Quote, ...]
    deals: tuple[Deal, ...]
    wanted: Mapping[Product, Array]

    def prices(self, future: str = "") -> dict[Product, Array]:
        """MUSD/t by good and year, before premiums."""
        return {(q.element, q.form): q.at(future) for q in self.quotes}

    def by_future(self, futures: Sequence[str]) -> dict[Product, Array]:
        """The same, a row for each future."""
        return {
            (q.element, q.form): np.array([q.at(future) for future in futures]) for q in self.quotes
        }


@dataclass(frozen=True)
class Sale:
    """One product of one plant by year: tonnes, money at the market, by contracts and guaranteed prices; real."""

    material: Material
    tonnes: Array
    market: Array
    settled: tuple[Settlement, ...]
    floored: Array


@dataclass(frozen=True)
class PlantFlows:
    """One plant by year: capacity in use (t), whether it runs, share of its capacity that is usable then; money of the
    base year (MUSD, costs positive); depreciation nominal."""

    tonnes: Array
    running: Array
    usable: Array
    capital: Array
    fixed: Array
    variable: Array
    feed: Array
    late: Array
    depreciation: Array
    sales: tuple[Sale, ...]


@dataclass(frozen=True)
class CashFlows:
    """All plants together by year, nominal MUSD. owners: what is left for them after debt, reserve account and tax.

    late: sustaining capital and closure less residual value. before_tax, after_tax: of all capital, without debt.
    cfads: cash flow that can serve debt. index: money of the year over that of the base year.
    """

    plants: tuple[PlantFlows, ...]
    index: Array
    ebitda: Array
    availability: Array
    capital: Array
    grant: Array
    late: Array
    depreciation: Array
    taxable: Array
    tax: Array
    working: Array
    before_tax: Array
    after_tax: Array
    cfads: Array
    loan: Loan
    tax_with_debt: Array
    owners: Array

    def cover(self) -> Array:
        """Cash flow over debt service by year, 0 without any."""
        paid = self.loan.service > PAID
        with np.errstate(divide="ignore", invalid="ignore"):
            cover = np.where(paid, self.cfads / self.loan.service, 0.0)
        return row(cover, "Debt", "cover of debt service (DSCR), 0 without any", "times")


def received(sales: Sequence[Sale], like: Array) -> Array:
    """Money for sales (real): market, contracts, guaranteed price."""
    return added(
        [part for s in sales for part in (s.market, s.floored, *(c.change for c in s.settled))],
        like,
    )


def cash_flows(
    found: Investment, x: Levels, use: Sequence[Array], prices: Prices | None = None
) -> CashFlows:
    """All flows of an investment. x: levels of terms, of prices and of support; use: for each plant the share of what
    its ramp allows that is worked, by year; prices: MUSD/t by good before premiums, in place of those of the deck."""
    year = x["year"]
    index = row(
        (1.0 + x["inflation"]) ** (year - x["base_year"]), "Time", "money of the year", "of base"
    )
    at = _prices(found, x, prices or found.prices())
    works = [_work(plant, x, share) for plant, share in zip(found.plants, use, strict=True)]
    makes = [
        [
            (
                m,
                row(
                    able * m.per_tonne * x["recovery_factor"],
                    "Operations",
                    f"{p.name}, could make {m.label}",
                    "t",
                ),
            )
            for m in p.made
        ]
        for p, (_, able, _, _) in zip(found.plants, works, strict=True)
    ]
    taken = {
        good: _taken(good, found, x, [t for part in makes for m, t in part if m.good == good])
        for good in found.wanted
    }
    plants = []
    for plant, (age, able, running, usable), could in zip(found.plants, works, makes, strict=True):
        shares = [taken.get(m.good, 1.0) for m, _ in could]
        worked = (
            able * reduce(np.maximum, shares) if all(m.good in taken for m, _ in could) else able
        )
        tonnes = row(worked, "Operations", f"{plant.name}, capacity in use", "t")
        sales = tuple(
            _sale(found, plant, m, x, t * share, at, index)
            for (m, t), share in zip(could, shares, strict=True)
        )
        plants.append(
            _plant_flows(found, plant, x, age, (tonnes, running, usable), sales, at, index)
        )
    return _together(tuple(plants), x, year, index)


def _together(plants: tuple[PlantFlows, ...], x: Levels, year: Array, index: Array) -> CashFlows:
    def whole(label: str, rows: Sequence[Array]) -> Array:
        return row(added(rows, index) * index, "Tax", label, "MUSD")

    sales = row(
        added([received(p.sales, index) for p in plants], index), "Revenue", "all sales", "MUSD"
    )
    costs = added([p.fixed + p.variable + p.feed for p in plants], index)
    runs = np.minimum(added([p.running for p in plants], index), 1.0)
    availability = whole("availability payment", [x["availability"] * runs])
    ebitda = row((sales - costs) * index + availability, "Tax", "EBITDA", "MUSD")
    capital = whole("capital", [p.capital for p in plants])
    grant = row(x["grant_share"] * capital, "Tax", "grant", "MUSD")
    late = whole("sustaining and closure, less residual", [p.late for p in plants])
    depreciation = row(
        added([p.depreciation for p in plants], index), "Tax", "depreciation", "MUSD"
    )
    taxable = row(ebitda - depreciation - late, "Tax", "taxable without debt", "MUSD")
    tax = tax_due(taxable, x["tax_rate"], "without debt")
    working = row(
        x["working_days"] / x["days"] * sales * index,
        "Tax",
        "working capital, end of the year",
        "MUSD",
    )
    before_tax = ebitda - (working - before(working)) - late - capital + grant
    before_tax = row(before_tax, "Tax", "before tax, all capital", "MUSD")
    after_tax = row(before_tax - tax, "Tax", "after tax, all capital", "MUSD")
    cfads = row(
        after_tax + capital - grant, "Debt", "cash flow after tax that can serve debt", "MUSD"
    )
    lent_on = row(capital - grant, "Debt", "capital less grant", "MUSD")
    number = row(year - x["first_year"] + 1.0, "Time", "number of the year", "")
    loan = sculpted_loan(lent_on, cfads, number, x)
    taxed = row(taxable - loan.interest, "Tax", "taxable with debt", "MUSD")
    with_debt = tax_due(taxed, x["tax_rate"], "with debt")
    kept = loan.reserve - before(loan.reserve)
    owners = row(
        before_tax - with_debt + loan.draws - loan.service - kept,
        "Debt",
        "owners, after debt, reserve and tax",
        "MUSD",
    )
    return CashFlows(
        *(
            plants,
            index,
            ebitda,
            availability,
            capital,
            grant,
            late,
            depreciation,
            taxable,
            tax,
            working,
        ),
        *(before_tax, after_tax, cfads, loan, with_debt, owners),
    )


def _prices(found: Investment, x: Levels, prices: Prices) -> dict[Product, Array]:
    """MUSD/t by good, as it is sold at."""
    at = {}
    for quote in found.quotes:
        price = prices[quote.element, quote.form] * x["price_factor"] * x[f"price:{quote.element}"]
        for premium in quote.premiums:
            price = price * (1.0 + x[premium])
        at[quote.element, quote.form] = row(price, "Prices", f"{quote.label}, in use", "MUSD/t")
    return at


def _work(plant: PlantFacts, x: Levels, use: Array) -> tuple[Array, Array, Array, Array]:
    """Years since the first output, capacity that could be in use (t), whether it runs, share of capacity usable."""
    age = row(
        x["year"] - plant.start - x["delay_years"],
        "Time",
        f"{plant.name}, years since first output",
        "years",
    )
    runs = np.where((age >= 0) & (age < x["life_years"]), 1.0, 0.0)
    running = row(runs, "Time", f"{plant.name}, runs", "flag")
    *growing, full = plant.ramp
    shares = [share * (age == n) for n, share in enumerate(growing)]
    usable = (added(shares, age) + full * (age >= len(growing))) * running
    usable = row(usable, "Time", f"{plant.name}, share of capacity usable", "share")
    able = plant.size * usable * use * x["volume"]
    return (
        age,
        row(able, "Operations", f"{plant.name}, capacity that could be in use", "t"),
        running,
        usable,
    )


def _taken(good: Product, found: Investment, x: Levels, could: Sequence[Array]) -> Array:
    """The share of what could be made that the market takes: at most so much of all that is wanted."""
    wanted = found.wanted[good]
    share = np.minimum(1.0, x["market_share"] * wanted / np.maximum(added(could, wanted), LEAST_T))
    return row(share, "Operations", f"{' '.join(good)}, share that the market takes", "share")


def _sale(
    found: Investment,
    plant: PlantFacts,
    m: Material,
    x: Levels,
    tonnes: Array,
    at: Prices,
    index: Array,
) -> Sale:
    label, price = f"{plant.name}, {m.label}", at[m.good]
    tonnes = row(tonnes, "Revenue", f"{label}, sold", "t")
    paid = (
        x["payable"] if m.payable else 1.0
    )  # a concentrate earns this share of what its oxides are worth
    market = row(tonnes * price * paid, "Revenue", f"{label}, at the market", "MUSD")
    deals = [deal for deal in found.deals if deal.applies(plant.project, m.element, "offtake")]
    settled = tuple(
        settle(deal, price, tonnes * paid, x["year"], index, x["per_kg"], label) for deal in deals
    )
    deck, earned = found.prices()[m.good], price
    for feed in plant.feed_of(m):  # a floor under the price alone would fail when feed is dear
        margin = price - at[feed.good] * (feed.per_tonne / m.per_tonne)
        earned = row(margin, "Revenue", f"{label}, price less that of its feed", "MUSD/t")
    short = np.maximum(x["floor_factor"] * deck - earned, 0.0)
    floored = np.where(x["floor_factor"] > 0, short, 0.0) * tonnes * paid
    return Sale(
        m, tonnes, market, settled, row(floored, "Revenue", f"{label}, guaranteed price", "MUSD")
    )


def _plant_flows(
    found: Investment,
    plant: PlantFacts,
    x: Levels,
    age: Array,
    work: tuple[Array, Array, Array],
    sales: tuple[Sale, ...],
    at: Prices,
    index: Array,
) -> PlantFlows:
    def cost(label: str, amounts: Array) -> Array:
        return row(amounts, "Costs", f"{plant.name}, {label}", "MUSD")

    year, life, (tonnes, running, _) = x["year"], x["life_years"], work
    local = row(
        1.0 + x["local_share"] * (x["currency_factor"] - 1.0),
        "Costs",
        "costs by local money",
        "factor",
    )
    over = np.maximum(plant.lead, 1.0)
    pays = np.where((year >= plant.commit) & (year < plant.commit + over), 1.0 / over, 0.0)
    ready = np.where((year >= plant.start) & (age < life), 1.0, 0.0)
    last = np.where(age == life - 1.0, 1.0, 0.0)
    whole = plant.size * plant.capex * x["capital_factor"] * (1.0 + x["contingency"]) * local
    whole = row(whole, "Costs", f"{plant.name}, capital with contingency", "MUSD")
    bought: list[Array] = []
    for m in plant.taken:
        deals = [deal for deal in found.deals if deal.applies(plant.project, m.element, "feed")]
        payable: Array | float = x["payable"] if m.payable else 1.0
        label = f"{plant.name}, {m.label} taken in"
        bought.append(
            feed_price(deals, at[m.good], payable, year, index, x["per_kg"], label) * m.per_tonne
        )
    capital = cost("capital", whole * pays)
    spent = (
        (capital * index).sum(axis=-1, keepdims=True)
        * (1.0 - x["grant_share"])
        / x["depreciation_years"]
    )
    wears = np.where((age >= 0) & (age < x["depreciation_years"]), spent, 0.0)
    return PlantFlows(
        *work,
        capital,
        cost("fixed cost", plant.size * plant.fixed * x["fixed_factor"] * local * ready),
        cost("running cost", plant.variable * x["variable_factor"] * local * tonnes),
        cost("feed", added(bought, tonnes) * tonnes),
        cost(
            "sustaining and closure, less residual",
            x["sustaining"] * whole * running + (x["closure"] - x["residual"]) * whole * last,
        ),
        row(wears, "Tax", f"{plant.name}, depreciation", "MUSD"),
        sales,
    )


def funding(flows: CashFlows, x: Levels) -> tuple[dict[str, Array], dict[str, Array]]:
    """Sources and uses of money until the first repayment, by year (nominal MUSD); owners pay what others do not."""
    early = np.where(x["year"] - x["first_year"] + 1.0 <= flows.loan.begun, 1.0, 0.0)
    earned = flows.ebitda - flows.late - flows.tax_with_debt
    spare = flows.capital * x["contingency"] / (1.0 + x["contingency"])
    uses = {
        "capital at the estimate": flows.capital - spare,
        "contingency": spare,
        "working capital": (flows.working - before(flows.working)) * early,
        "losses while it starts up": np.maximum(0.0 - earned, 0.0) * early,
        "interest added to the loan": flows.loan.added,
        "reserve account": flows.loan.reserve * early,
    }
    sources = {
        "grant": flows.grant,
        "loan drawn": flows.loan.draws,
        "interest added to the loan": flows.loan.added,
        "cash earned meanwhile": np.maximum(earned, 0.0) * early,
        "owners": (0.0 - flows.owners) * early,
    }
    named = (
        {w: row(a, "Debt", f"{side}: {w}", "MUSD") for w, a in amounts.items()}
        for side, amounts in (("source", sources), ("use", uses))
    )
    return next(named), next(named)
