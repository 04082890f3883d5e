"""Figures of the economic section of a study: unit costs, break-even price, NPV at several rates and at other prices and
capital costs, payback from completion, revenue by product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from planner.finance.cashflow import CashFlows, cash_flows
from planner.finance.plant_flows import Investment, Product
from planner.finance.project_facts import Levels
from planner.finance.returns import npv, payback, real, worth
from planner.finance.yearly_rows import Array, added, before

RATES = (0.05, 0.08, 0.10, 0.12, 0.15)
"""Real rates at which studies state an NPV."""
PRICES = (0.6, 0.8, 1.0, 1.2, 1.4)
CAPITAL = (0.8, 1.0, 1.2, 1.4)
"""Factors on all prices and on the capital cost of the two-way table."""
HIGHEST_PRICE = 50.0
"""Largest factor on all prices that is tried for a break-even."""


@dataclass(frozen=True, kw_only=True)
class UnitCosts:
    """Present values at the cost of capital over that of the tonnes sold, real USD per kg, whoever pays.

    c1: running cost and feed. sustaining: replacements; closure: less residual value; working: money tied up in sales; tax:
    before credits. sales: at the market and by private contracts; public: all that the public pays of it, on sales, on
    capital and as availability. Sales and public money less all in is the NPV after tax per kg.
    """

    c1: float
    royalty: float
    sustaining: float
    closure: float
    working: float
    capital: float
    tax: float
    sales: float
    public: float

    @property
    def all_in(self) -> float:
        """All costs."""
        costs = self.c1 + self.royalty + self.sustaining + self.closure
        return costs + self.working + self.capital + self.tax

    @property
    def margin(self) -> float:
        """What is gained of a kg."""
        return self.sales + self.public - self.all_in


@dataclass(frozen=True, kw_only=True)
class ProductSales:
    """One product of all plants: tonnes sold and real revenue (MUSD) by year, contracts and guarantees included."""

    good: Product
    tonnes: Array
    revenue: Array

    @property
    def price(self) -> float:
        """Mean of what it brings in, USD/kg."""
        return 1000 * float(self.revenue.sum()) / float(self.tonnes.sum())


@dataclass(frozen=True, kw_only=True)
class Economics:
    """Figures of one answer to what is sold. unit_costs, break-even factors on all prices: None where nothing is sold, or
    no factor up to 50 suffices. npv_at: real rate -> NPV after tax (MUSD). two_way: the same at the cost of capital, a row
    for each factor of `CAPITAL` on capital, a column for each of `PRICES` on all prices. payback: years from completion,
    None for never."""

    unit_costs: UnitCosts | None
    break_even: float | None
    break_even_owners: float | None
    npv_at: dict[float, float]
    two_way: tuple[tuple[float, ...], ...]
    payback: float | None
    products: tuple[ProductSales, ...]


def economics(found: Investment, x: Levels, use: Sequence[Array]) -> Economics:
    """Figures of an investment at its levels, worked as `use` says."""
    flows = cash_flows(found, x, use)
    after_tax = np.array(real(flows.after_tax, flows))
    return Economics(
        unit_costs=unit_costs(flows, x),
        break_even=break_even(found, x, use, "after_tax"),
        break_even_owners=break_even(found, x, use, "owners"),
        npv_at={rate: float(npv(rate, after_tax)) for rate in RATES},
        two_way=two_way(found, x, use),
        payback=payback_from_completion(flows),
        products=tuple(products(flows)),
    )


def products(flows: CashFlows) -> list[ProductSales]:
    """Sales of all plants by product, in order of their names."""
    tonnes: dict[Product, list[Array]] = {}
    revenue: dict[Product, list[Array]] = {}
    for plant in flows.plants:
        for sale in plant.sales:
            tonnes.setdefault(sale.material.good, []).append(sale.tonnes + sale.stocked)
            revenue.setdefault(sale.material.good, []).append(sale.received)
    sold = []
    for good in sorted(tonnes):
        of_all = added(tonnes[good], flows.index)
        if of_all.sum() > 0:
            money = added(revenue[good], flows.index)
            sold.append(ProductSales(good=good, tonnes=of_all, revenue=money))
    return sold


def unit_costs(flows: CashFlows, x: Levels) -> UnitCosts | None:
    """Costs per kg of all that is sold, one by one on the same basis; None where nothing is."""
    tonnes = np.zeros_like(flows.index)
    for one in products(flows):
        tonnes = tonnes + one.tonnes
    sold = 1000 * float(npv(x["wacc"], tonnes))
    if sold <= 0:
        return None

    def per_kg(nominal: Array) -> float:
        return 1e6 * float(npv(x["wacc"], nominal / flows.index)) / sold

    sustaining = added([plant.sustaining for plant in flows.plants], flows.index) * flows.index
    on_sales = [sale.by_the_public for plant in flows.plants for sale in plant.sales]
    public_sales = added(on_sales, flows.index) * flows.index
    public = public_sales + flows.availability + flows.grant + flows.credit
    return UnitCosts(
        c1=per_kg(flows.costs),
        royalty=per_kg(flows.royalty),
        sustaining=per_kg(sustaining),
        closure=per_kg(flows.late - sustaining),
        working=per_kg(flows.working - before(flows.working)),
        capital=per_kg(flows.capital),
        tax=per_kg(flows.tax),
        sales=per_kg(flows.sales - public_sales),
        public=per_kg(public),
    )


def break_even(found: Investment, x: Levels, use: Sequence[Array], to: str) -> float | None:
    """The factor on all prices, those of feed included, at which the NPV is nought, whether it rises or falls
    with them; None if there is none up to `HIGHEST_PRICE`. to: of all capital `after_tax`, or of the `owners`."""

    def gain(levels: Levels) -> float:
        return float(worth(cash_flows(found, levels, use), levels, to))

    return turning_prices(x, gain)


def turning_prices(x: Levels, gain: Callable[[Levels], float]) -> float | None:
    """The factor on all prices at which a gain at such levels becomes nought, from below or above; None where it has the same
    sign without prices and at `HIGHEST_PRICE`."""
    at = _at_prices(x, gain)
    if (at(0.0) >= 0) == (at(HIGHEST_PRICE) >= 0):
        return None
    return _nought(at)


def least_prices(x: Levels, gain: Callable[[Levels], float]) -> float | None:
    """The factor on all prices, those of feed included, from which on a gain at such levels is not below nought: 0 where it
    never is, None where no factor up to `HIGHEST_PRICE` suffices."""
    at = _at_prices(x, gain)
    if at(0.0) >= 0:
        return 0.0
    if at(HIGHEST_PRICE) < 0:
        return None
    return _nought(at)


def _at_prices(x: Levels, gain: Callable[[Levels], float]) -> Callable[[float], float]:
    """A gain at a factor on all prices."""

    def at(factor: float) -> float:
        return gain({**x, "price_factor": x["price_factor"] * factor})

    return at


def _nought(at: Callable[[float], float]) -> float:
    """The factor between nought and `HIGHEST_PRICE` at which a gain changes its sign."""
    return float(brentq(at, 0.0, HIGHEST_PRICE, xtol=1e-12, rtol=1e-12))


def two_way(found: Investment, x: Levels, use: Sequence[Array]) -> tuple[tuple[float, ...], ...]:
    """NPV after tax (MUSD) at factors on capital (rows) and on all prices (columns)."""
    capital, prices = np.meshgrid(CAPITAL, PRICES, indexing="ij")
    levels = dict(x)
    levels["capital_factor"] = x["capital_factor"] * capital.reshape(-1, 1)
    levels["price_factor"] = x["price_factor"] * prices.reshape(-1, 1)
    flows = cash_flows(found, levels, use)
    values = worth(flows, levels).reshape(capital.shape)
    return tuple(map(tuple, values.tolist()))


def payback_from_completion(flows: CashFlows) -> float | None:
    """Years from the last payment of capital until what was spent has come back, real, undiscounted, after tax."""
    years = payback(real(flows.after_tax, flows))
    if years is None:
        return None
    paid = np.flatnonzero(np.asarray(flows.capital) > 0)
    return max(years - float(paid[-1] + 1), 0.0)
