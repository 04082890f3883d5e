"""Cash by year: sales, contracts, costs, capital, tax, working capital, debt and what is left for the owners.

No figure needs another that needs it: debt is sized on the cash flow after the tax of a plant without debt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.investment_tables import Contract
from planner.finance.contracts import Settlement, applies, feed_price, settle
from planner.finance.debt import Loan, sculpted_loan, tax_due
from planner.finance.deck import Array, Levels, Quote
from planner.finance.plants import Material, PlantFacts

NO_SUPPORT: Levels = {name: np.float64(0.0) for name in ("grant_share", "floor_factor", "availability")}  # type: ignore[misc]
"""Support as further levels: grant over capital, guaranteed price over that of the deck, MUSD a year of running."""
DAYS = 365.0
Prices = Mapping[tuple[str, str], Array]


@dataclass(frozen=True)
class Investment:
    """What is judged: plants as one, over the same years, on one deck and under some contracts."""

    years: tuple[int, ...]
    base_year: int
    plants: tuple[PlantFacts, ...]
    quotes: tuple[Quote, ...]
    contracts: tuple[Contract, ...]

    def prices(self, future: str = "") -> dict[tuple[str, str], Array]:
        """MUSD/t by good and year, before premiums."""
        return {(q.element, q.form): q.at(future) for q in self.quotes}

    def price_level(self, good: Material, x: Levels) -> Array:
        """What prices of the deck are multiplied by: premiums of a form, and the levels of prices."""
        quote = next(q for q in self.quotes if (q.element, q.form) == (good.element, good.form))
        level = x["price_factor"] * x[f"price:{good.element}"]
        for premium in quote.premiums:
            level = level * (1 + x[premium])
        return level


@dataclass(frozen=True)
class Sale:
    """One product of one plant by year: tonnes, price (MUSD/t), money at the market and by contracts; real."""

    plant: int
    material: Material
    tonnes: Array
    price: Array
    market: Array
    settled: tuple[tuple[Contract, Settlement], ...]
    floored: Array


@dataclass(frozen=True)
class PlantFlows:
    """One plant by year: capacity in use (t), money of the base year (MUSD, costs positive)."""

    tonnes: Array
    running: Array
    capital: Array
    fixed: Array
    variable: Array
    feed: Array
    sustaining: Array
    closure: Array
    residual: Array
    sales: tuple[Sale, ...]

    @property
    def margin(self) -> Array:
        """Sales with contracts and guaranteed prices, less running cost."""
        return received(self.sales) - self.fixed - self.variable - self.feed


@dataclass(frozen=True)
class CashFlows:
    """All plants together by year, nominal MUSD. owners: what is left for them after debt and tax.

    before_tax, after_tax: of all capital, without debt. cfads: cash flow that can serve debt. index: money of the year
    over that of the base year.
    """

    plants: tuple[PlantFlows, ...]
    index: Array
    ebitda: Array
    availability: Array
    capital: Array
    grant: Array
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


def received(sales: Sequence[Sale]) -> Array:
    """Money for sales (real): market, contracts, guaranteed price."""
    zero: Array = np.zeros(1)
    return sum((s.market + s.floored + sum((c.change for _, c in s.settled), zero) for s in sales), zero)


def plant_flows(
    found: Investment, place: int, x: Levels, use: Array, prices: Prices, *, index: Array | None = None
) -> PlantFlows:
    """Flows of one plant. use: share of what its ramp allows that is sold, by year."""
    plant, years = found.plants[place], np.array(found.years)
    index = found_index(found, x) if index is None else index
    age = years - plant.start - x["delay_years"]
    running = np.asarray((age >= 0) & (age < x["life_years"]), float)
    ramp = np.array(plant.ramp)[np.clip(age, 0, len(plant.ramp) - 1).astype(int)]
    tonnes = plant.size * ramp * use * x["volume"] * running
    local = 1 + x["local_share"] * (x["currency_factor"] - 1)
    paid = np.isin(years, plant.pay_years) / len(plant.pay_years)
    cost = plant.size * plant.capex * x["capital_factor"] * (1 + x["contingency"]) * local
    ready = np.asarray((years >= plant.start) & (age < x["life_years"]), float)
    last = np.asarray(age == x["life_years"] - 1, float)
    zero = np.zeros_like(tonnes)
    return PlantFlows(
        tonnes,
        running + zero,
        cost * paid + zero,
        plant.size * plant.fixed * x["fixed_factor"] * local * ready + zero,
        plant.variable * x["variable_factor"] * local * tonnes,
        sum((_bought(found, plant, m, x, prices, index) * tonnes for m in plant.taken), zero),
        x["sustaining"] * cost * running + zero,
        x["closure"] * cost * last + zero,
        x["residual"] * cost * last + zero,
        tuple(_sale(found, place, m, x, tonnes, prices, index) for m in plant.made),
    )


def _bought(found: Investment, plant: PlantFacts, m: Material, x: Levels, prices: Prices, index: Array) -> Array:
    price = prices[m.element, m.form] * found.price_level(m, x)
    rows = [row for row in found.contracts if applies(row, plant.project, m.element, "feed")]
    payable = x["payable"] if m.payable else np.ones(1)
    return m.per_tonne * feed_price(rows, price, payable, found.years, index)


def _sale(found: Investment, place: int, m: Material, x: Levels, plant_t: Array, prices: Prices, index: Array) -> Sale:
    tonnes = plant_t * m.per_tonne * x["recovery_factor"]
    paid = x["payable"] if m.payable else np.ones(1)  # a concentrate earns this share of what its oxides are worth
    price = prices[m.element, m.form] * found.price_level(m, x)
    project = found.plants[place].project
    rows = [row for row in found.contracts if applies(row, project, m.element, "offtake")]
    settled = tuple((row, settle(row, price, tonnes * paid, found.years, index)) for row in rows)
    quote = next(q for q in found.quotes if (q.element, q.form) == (m.element, m.form))
    floor = x["floor_factor"] * quote.price
    for premium in quote.premiums:
        floor = floor * (1 + x[premium])
    floored = np.maximum(floor - price, 0.0) * tonnes * paid
    return Sale(place, m, tonnes, price + np.zeros_like(tonnes), price * tonnes * paid, settled, floored)


def found_index(found: Investment, x: Levels) -> Array:
    """Money of each year over that of the base year."""
    return np.asarray((1 + x["inflation"]) ** (np.array(found.years) - found.base_year))


def cash_flows(found: Investment, x: Levels, use: Sequence[Array], prices: Prices | None = None) -> CashFlows:
    """All flows of an investment. x: levels of terms, of prices and of support; use: for each plant, by year."""
    prices = found.prices() if prices is None else prices
    index = found_index(found, x)
    plants = tuple(plant_flows(found, place, x, use[place], prices, index=index) for place in range(len(found.plants)))
    zero: Array = np.zeros_like(index)
    margin = sum((p.margin for p in plants), zero) * index
    capital = sum((p.capital for p in plants), zero) * index
    availability = x["availability"] * np.maximum.reduce([p.running for p in plants]) * index
    ebitda, grant = margin + availability, x["grant_share"] * capital
    late = sum((p.sustaining + p.closure - p.residual for p in plants), zero) * index
    depreciation = sum((_depreciation(p, x, index) for p in plants), zero)
    taxable = ebitda - depreciation - late
    tax = tax_due(taxable, x["tax_rate"])
    working = x["working_days"] / DAYS * sum((received(p.sales) for p in plants), zero) * index
    before = ebitda - np.diff(working, prepend=0.0, axis=-1) - late - capital + grant
    after = before - tax
    cfads = after + capital - grant
    loan = sculpted_loan(capital - grant, cfads, x)
    with_debt = tax_due(taxable - loan.interest, x["tax_rate"])
    owners = before - with_debt + loan.draws - loan.service
    return CashFlows(
        *(plants, index, ebitda, availability, capital, grant, depreciation, taxable, tax, working),
        *(before, after, cfads, loan, with_debt, owners),
    )


def _depreciation(p: PlantFlows, x: Levels, index: Array) -> Array:
    """Straight-line from the first year of running, of capital less the grant."""
    years = np.cumsum(np.cumsum(p.running, axis=-1) > 0, axis=-1)
    base = (p.capital * index).sum(axis=-1, keepdims=True) * (1 - x["grant_share"])
    return np.asarray(np.where((years > 0) & (years <= x["depreciation_years"]), base / x["depreciation_years"], 0.0))
