"""Figures of the economic section of a study: costs per kg on one basis, and the prices at which nothing is gained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from scipy.optimize import brentq

from planner.finance.cashflow import CashFlows, CountryFlows, cash_flows
from planner.finance.plant_flows import Investment, PlantFlows, tonnes_sold
from planner.finance.project_facts import Levels
from planner.finance.returns import npv, worth
from planner.finance.yearly_rows import Array, added, before

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
class Economics:
    """Figures of one answer to what is sold. unit_costs, break-even factor on all prices: None where nothing is sold, or
    no factor up to 50 suffices."""

    unit_costs: UnitCosts | None
    break_even: float | None


def unit_costs(flows: CashFlows) -> UnitCosts | None:
    """Costs per kg of all that is sold, one by one on the same basis; None where nothing is."""
    worth = dict.fromkeys((*PARTS, "tonnes"), 0.0)
    for one in flows.countries:
        plants = [plant for plant in flows.plants if plant.country == one.country]
        for part, by_year in _parts(one, plants, flows.index).items():
            worth[part] += float(npv(one.wacc, by_year))
    if worth["tonnes"] <= 0:
        return None
    return UnitCosts(**{part: 1000 * worth[part] / worth["tonnes"] for part in PARTS})


PARTS = tuple(f.name for f in fields(UnitCosts))


def _parts(one: CountryFlows, plants: Sequence[PlantFlows], index: Array) -> dict[str, Array]:
    """Tonnes sold by the plants of a country, and what they cost and bring in (MUSD, real), by year."""
    sales = [sale for plant in plants for sale in plant.sales]
    sustaining = added([plant.sustaining for plant in plants], index)
    public_sales = added([sale.by_the_public for sale in sales], index)
    public = one.availability + one.grant + one.credit
    return {
        "tonnes": tonnes_sold(plants, index),
        "c1": one.costs / index,
        "royalty": one.royalty / index,
        "sustaining": sustaining,
        "closure": one.late / index - sustaining,
        "working": (one.working - before(one.working)) / index,
        "capital": one.capital / index,
        "tax": one.tax / index,
        "sales": one.sales / index - public_sales,
        "public": public / index + public_sales,
    }


def break_even(found: Investment, x: Levels, use: Sequence[Array]) -> float | None:
    """The factor on all prices, those of feed included, at which the NPV after tax is nought, whether it rises or falls
    with them; None if there is none up to `HIGHEST_PRICE`."""

    def gain(levels: Levels) -> float:
        return float(worth(cash_flows(found, levels, use), levels))

    return turning_prices(x, gain)


def turning_prices(x: Levels, gain: Callable[[Levels], float]) -> float | None:
    """The factor on all prices, those of feed included, at which a gain at such levels becomes nought, from below or above;
    None where it has the same sign without prices and at `HIGHEST_PRICE`."""

    def at(factor: float) -> float:
        return gain({**x, "price_factor": x["price_factor"] * factor})

    if (at(0.0) >= 0) == (at(HIGHEST_PRICE) >= 0):
        return None
    return float(brentq(at, 0.0, HIGHEST_PRICE, xtol=1e-12, rtol=1e-12))
