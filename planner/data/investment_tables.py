"""Tables of investment cases: contracts, price deck, terms of finance, by-products. No plan reads them.

A term of finance is declared once, in finance_terms.csv: its unit, and its value and range, judged, where a case states
none.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from planner.cells import (
    Flag,
    Id,
    Name,
    Number,
    Row,
    Whole,
    Wildcard,
    col,
    edge,
    identifier,
    positive,
    share,
)
from planner.data.stages import Form


@dataclass(frozen=True)
class Item:
    """A term of finance: value and range where the case states none.

    whole: years, in which nothing lies between. most: the largest value that makes sense in its unit.
    """

    meaning: str
    unit: str
    value: float
    low: float
    high: float
    whole: bool
    most: float


def _declared_items() -> dict[str, Item]:
    """Every term of finance, as finance_terms.csv declares it."""
    text = files("planner.data").joinpath("finance_terms.csv").read_text(encoding="utf-8")
    items: dict[str, Item] = {}
    for line in csv.DictReader(text.splitlines()):
        items[line["name"]] = Item(
            meaning=line["meaning"],
            unit=line["unit"],
            value=float(line["value"]),
            low=float(line["low"]),
            high=float(line["high"]),
            whole=bool(line["whole"]),
            most=float(line["most"]),
        )
    return items


ITEMS: Mapping[str, Item] = _declared_items()


def fault_of_term(name: str, value: float) -> tuple[str, str]:
    """The rule that a value of a term breaks, and in which way; ('', '') if none."""
    item = ITEMS[name]
    if item.whole and not value.is_integer():
        return "not-whole", f"{value:g}: {name} is in whole years"
    if not 0 <= value <= item.most:
        said = f"{value:g} is out of bounds: {name} ({item.unit}) is 0 to {item.most:g}"
        if 1 < value <= 100 and item.most <= 2:
            said += f"; {value:g} % is {value / 100:g}"
        return "range", said
    if value == 0 and name.startswith("dscr"):
        return "range", "0: debt would have no end"
    return "", ""


class Contract(Row):
    """Who buys or delivers what at which price."""

    contract: Id = identifier("contract")
    project: Wildcard = col("plant; blank = every plant", default="")
    kind: Literal["offtake", "feed"] = col("what the plant sells, or what it takes in")
    party: Name = col("buyer, or who delivers", default="")
    element: Wildcard = col("element or by-product; blank = all", default="")
    covers: Number = share("of what the plant makes or takes in of it", 1.0)
    tonnes: Number | None = positive("most in a year; blank = no limit", "t/y of oxide", None)
    price_usd_per_kg: Number | None = positive("fixed price; blank = market", "USD/kg", None)
    price_share: Number = col(
        "of the market price, where none is fixed; for feed of the full price of the oxides in it",
        "share",
        1.0,
        ge=0,
        le=5,
        allow_inf_nan=False,
    )
    floor_usd_per_kg: Number | None = positive(
        "least price, the buyer pays up to it; offtake", "USD/kg", None
    )
    cap_usd_per_kg: Number | None = positive(
        "highest price, what is above is paid back; offtake", "USD/kg", None
    )
    upside_from_usd_per_kg: Number | None = positive(
        "price from which a part is paid back; offtake", "USD/kg", None
    )
    upside_share: Number = share("of what is above it that is paid back", 0.0)
    upside_most_musd: Number | None = positive(
        "most that is paid back of it in a year", "MUSD/y", None
    )
    first_year: Whole | None = edge("first year; blank = from the start")
    last_year: Whole | None = edge("last year; blank = to the end")
    public: Flag = col("whether floor, cap and upside are public money", default=True)
    real: Flag = col("whether its prices rise with inflation", default=False)


class DeckPrice(Row):
    """A price of a deck."""

    element: Id = identifier("element or by-product")
    form: Form = col("form", default="oxide")
    market: Id = identifier("market or deck, e.g. china, outside")
    year: Whole | None = col(
        "year; linear between years given, constant outside; blank = all",
        "year",
        None,
        ge=1900,
        le=2200,
    )
    future: Id = col(
        "scenario, or what its samples are called before the number; blank = all others", default=""
    )
    price_usd_per_kg: Number = positive("price", "USD/kg of oxide contained")
    low: Number | None = positive("lowest it may be instead", "USD/kg", None)
    high: Number | None = positive("highest it may be instead", "USD/kg", None)
    real: Flag = col("money of the base year; false: of its year", default=True)


def _listed(items: Mapping[str, Item]) -> str:
    """Terms with what they mean and their units."""
    told = [f"`{name}` ({item.meaning}; {item.unit})" for name, item in items.items()]
    return ", ".join(told)


class Finance(Row):
    """A term of finance."""

    country: Wildcard = col("country; blank = all others", default="")
    item: Id = col("one of: " + _listed(ITEMS), min_length=1)
    value: Number = positive("value", "unit of the item")
    low: Number | None = positive("lowest it may be", "unit of the item", None)
    high: Number | None = positive("highest it may be", "unit of the item", None)


STUDY_ITEMS: Mapping[str, str] = {
    "npv": "NPV after tax, MUSD",
    "rate": "real discount rate of it, a year",
    "tonnes": "capacity in use at full operation, t/y",
    "capital": "capital until the first output, contingency included, MUSD",
    "running": "running cost at full operation, without feed, MUSD a year",
    "gross": "value of all that is made at full operation, at full prices, MUSD a year",
    "net": "what of it is left after payables, fees of separation or the cost of feed, MUSD a year",
    "life": "years of output",
    "tax": "tax on profit, share",
    "price": "price of an element at full operation, USD per kg, before any separation discount",
}
"""Figures of a sponsor's study, and what they mean."""
StudyItem = Literal[
    "npv", "rate", "tonnes", "capital", "running", "gross", "net", "life", "tax", "price"
]


class StudyFigure(Row):
    """A figure of the study of a plant's sponsor."""

    project: Id = identifier("plant")
    item: StudyItem = col(
        "; ".join(f"`{item}`: {meaning}" for item, meaning in STUDY_ITEMS.items())
    )
    element: Id = col("element or by-product of a `price`; blank of all others", default="")
    value: Number = col("value", "unit of the item", ge=-1e9, le=1e9, allow_inf_nan=False)


class ByProduct(Row):
    """Goods that a plant sells besides the elements counted; what is in its feed is paid for as the elements are."""

    project: Id = identifier("plant")
    product: Id = identifier("by-product, whose price is in `prices`")
    tonnes_per_t: Number = positive("made for each tonne of capacity in use", "t/t")
    variable_opex_usd_per_t: Number = positive(
        "running cost it carries, for each tonne of capacity in use; metal and magnets: with their material",
        "USD/t",
        0.0,
    )
