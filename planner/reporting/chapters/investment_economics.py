"""Tables of the economic section of an investment case: unit costs, break-even, NPV at other rates, prices and capital
costs, sales by product."""

from __future__ import annotations

from collections.abc import Mapping

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


class StudyTable(DeclaredTable):
    """A row a step."""

    title = "From the NPV of the sponsor's study to this one"

    step = text("what differs")
    unit = text()
    theirs = figures("study")
    ours = figures("here")
    change = in_musd("changes the NPV by")
    npv = in_musd("NPV then")


STUDY_STEPS = {
    "npv": ("NPV after tax as the study says", "MUSD"),
    "unexplained": (
        "what the study has besides, as ramp, replacements, royalties, working capital",
        "",
    ),
    "tonnes": ("capacity in use at full operation", "t/y"),
    "capital": ("capital, contingency included", "MUSD"),
    "running": ("running cost at full operation, without feed", "MUSD a year"),
    "gross": ("prices: value of all that is made at full operation", "MUSD a year"),
    "net": ("separation discount and feed: what of it is left", "MUSD a year"),
    "life": ("years of output", "years"),
    "market": ("what the alliance wants of it limits sales", ""),
    "tax": ("tax on profit", "share"),
    "rate": ("discount rate, real", "a year"),
    "plan": ("run as the plan runs it, of the size that it builds", ""),
}
"""Steps from the NPV of a study to that of the case, in words, with their units."""


SPLIT = ("dy", "tb", "ndpr")
"""Elements, in small letters, whose part of what is made is told by itself; all others together."""


def _split(parts: Mapping[str, float], names: Names) -> list[TableRow]:
    """What is made here at full prices, by element."""
    told: dict[str, float] = {}
    for element, musd in parts.items():
        name = names.element(element) if element.lower() in SPLIT else "others"
        told[name] = told.get(name, 0.0) + musd
    rows: list[TableRow] = []
    for name in sorted(told, key=lambda one: (one == "others", -told[one])):
        rows.append({"step": f"of it here: {name}", "unit": "MUSD a year", "ours": told[name]})
    return rows


def study(found: BusinessCase, names: Names) -> list[Part]:
    """From the NPV of the sponsor's study to that of the case; nothing where the case has none of a study."""
    rows: list[TableRow] = []
    npv = 0.0
    for one in found.study:
        npv += one.change
        step, unit = STUDY_STEPS[one.what]
        rows.append(vars(one) | {"step": step, "unit": unit, "npv": npv})
        rows += _split(one.parts, names)
    note = say("study", source=found.study_source)
    return [StudyTable.from_rows(rows, note=note)] if rows else []


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
    tables = [unit_costs(found), npv_at_rates(found), two_way(found), products(found, names)]
    return [*study(found, names), *tables]
