"""Tables of the economic section of an investment case: unit costs, break-even, NPV at other rates, prices and capital
costs, sales by product."""

from __future__ import annotations

from planner.finance.economics import CAPITAL, PRICES, ProductSales
from planner.reporting.parts import (
    DeclaredTable,
    Part,
    ReportTable,
    TableRow,
    called,
    figures,
    in_musd,
    per_cent,
    text,
)
from planner.reporting.words.names import Names
from planner.reporting.words.numbers import percent
from planner.reporting.words.sentences import Passages
from planner.results.business_case import BusinessCase

say = Passages("investment_tables.j2")


def _told(found: BusinessCase) -> str:
    """The answer to what is sold that the figures are for."""
    return found.told(found.shown)


UNIT_COSTS = {
    "c1": "C1: running cost and feed",
    "royalty": "and royalty",
    "sustaining": "and replacements",
    "closure": "and closure, less residual value",
    "working": "and money tied up in sales",
    "capital": "and capital",
    "tax": "and tax",
    "all_in": "all in",
    "sales": "sales, at the market and by private contracts",
    "public": "public money",
    "margin": "gain: sales and public money less all in",
}


class UnitCostsTable(DeclaredTable):
    """A row a figure."""

    title = "Costs per kg on one basis, and break-even"

    figure = text()
    unit = text()
    value = figures("value")


def unit_costs(found: BusinessCase) -> ReportTable:
    """Costs per kg of what is sold, what sales bring, and the prices at which nothing is gained."""
    economics = found.shown.economics
    costs = economics.unit_costs
    rows: list[TableRow] = []

    def add(figure: str, unit: str, value: float | None) -> None:
        if value is not None:
            rows.append({"figure": figure, "unit": unit, "value": value})

    if costs is not None:
        for field, label in UNIT_COSTS.items():
            add(label, "USD/kg", getattr(costs, field))
    add("break-even of all prices, NPV after tax", "of the deck", economics.break_even)
    add("break-even of all prices, owners", "of the deck", economics.break_even_owners)
    add("payback from completion, real", "years", economics.payback)
    return UnitCostsTable.from_rows(rows, note=say("economics", told=_told(found)))


class AtRates(DeclaredTable):
    """A row a rate."""

    title = "NPV after tax at other rates"

    rate = per_cent("rate", "a year, real")
    npv = in_musd("NPV after tax")


def npv_at_rates(found: BusinessCase) -> ReportTable:
    """NPV after tax at the rates that studies state."""
    rows = list(found.shown.economics.npv_at.items())
    return AtRates.from_rows(rows, note=f"{_told(found)}.")


class TwoWay(DeclaredTable):
    """A row a factor on capital, a column a factor on all prices."""

    title = "NPV after tax by price and capital cost"

    capital = text("capital cost")


def two_way(found: BusinessCase) -> ReportTable:
    """NPV after tax at other prices and capital costs."""
    prices = [f"prices {percent(factor)}" for factor in PRICES]
    rows = []
    for factor, values in zip(CAPITAL, found.shown.economics.two_way, strict=True):
        row: TableRow = {"capital": percent(factor)}
        rows.append(row | dict(zip(prices, values, strict=True)))
    columns = TwoWay.all()
    columns += [called(price, "MUSD") for price in prices]
    return TwoWay.from_rows(rows, columns, note=say("two_way", told=_told(found)))


class Products(DeclaredTable):
    """A row a product of all plants, over all years."""

    title = "Sales by product"
    sum_row = "All"

    product = text()
    tonnes = figures("sold", "t", summed=True)
    revenue = figures("sales", "MUSD, real", summed=True)
    share = per_cent("of all sales")
    price = figures("on average", "USD/kg")


def _name(product: ProductSales, names: Names) -> str:
    element, form = product.good
    return f"{names.element(element)} {form}"


def products(found: BusinessCase, names: Names) -> ReportTable:
    """Tonnes and revenue of each product over all years."""
    sold = found.shown.economics.products
    whole = sum(float(product.revenue.sum()) for product in sold)
    rows = []
    for product in sold:
        revenue = float(product.revenue.sum())
        row = {
            "product": _name(product, names),
            "tonnes": float(product.tonnes.sum()),
            "revenue": revenue,
            "share": revenue / whole if whole else None,
            "price": product.price,
        }
        rows.append(row)
    return Products.from_rows(rows, note=say("products", told=_told(found)))


def of_case(found: BusinessCase, names: Names) -> list[Part]:
    """All of them, in order."""
    return [unit_costs(found), npv_at_rates(found), two_way(found), products(found, names)]
