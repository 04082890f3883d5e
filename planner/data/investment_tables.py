"""Tables of investment cases: contracts, price deck, terms of finance, by-products. No plan reads them.

A term of finance is declared here once, with its unit, its value and range where a case states none, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from planner.data.cells import Flag, Id, Name, Number, Row, Whole, Wildcard, col, edge, positive, share

Form = Literal["oxide", "metal", "magnet"]


@dataclass(frozen=True)
class Item:
    """A term of finance: value and range where the case states none. whole: years, in which nothing lies between."""

    meaning: str
    unit: str
    value: float
    low: float
    high: float
    source: str = "judged"
    whole: bool = False


_RATE, _SHARE, _YEARS, _FACTOR, _CAPEX = "a year, real", "share", "years", "factor", "share of capital"
ITEMS: Mapping[str, Item] = {
    "tax_rate": Item("tax on profit", _SHARE, 0.25, 0.15, 0.34),
    "depreciation_years": Item("straight-line depreciation from the first output", _YEARS, 8, 1, 15, whole=True),
    "wacc": Item("weighted cost of capital after tax", _RATE, 0.08, 0.065, 0.1),
    "equity_rate": Item("what owners ask after tax", _RATE, 0.125, 0.11, 0.155),
    "debt_rate": Item("interest of lenders", _RATE, 0.06, 0.04, 0.08),
    "debt_share": Item("most that lenders give, interest until repayment on top", _CAPEX, 0.6, 0.45, 0.8),
    "debt_years": Item("years of a loan, grace included", _YEARS, 14, 12, 16, whole=True),
    "grace_years": Item("years of grace, interest added", _YEARS, 3, 2, 4, whole=True),
    "dscr": Item("cover of debt service (DSCR)", _FACTOR, 1.4, 1.25, 1.6),
    "dscr_low": Item("cover at low prices and of public loans", _FACTOR, 1.1, 1.05, 1.2),
    "public_rate": Item("rate of public money", _RATE, 0.03, 0.02, 0.07),
    "public_loan_rate": Item("interest of a public loan", _RATE, 0.036, 0.031, 0.041),
    "reserve_months": Item("reserve account, of debt service to come", "months", 6, 0, 12, whole=True),
    "inflation": Item("inflation", "a year", 0.025, 0.02, 0.03),
    "contingency": Item("contingency on capital", _CAPEX, 0.15, 0.0, 0.63),
    "sustaining": Item("replacements in a year of running", _CAPEX, 0.01, 0.0, 0.03),
    "closure": Item("cost of closing", _CAPEX, 0.1, 0.05, 0.2),
    "residual": Item("residual value", _CAPEX, 0.0, 0.0, 0.1),
    "working_days": Item("sales tied up in stock and bills", "days of sales", 90, 45, 180),
    "life_years": Item("years of output", _YEARS, 20, 15, 25, whole=True),
    "payable": Item("what a concentrate earns of its oxides", _SHARE, 0.7, 0.4, 0.85),
    "metal_premium": Item("premium of metal over oxide", _SHARE, 0.15, 0.05, 0.3),
    "magnet_premium": Item("premium of magnets over metal", _SHARE, 0.1, 0.0, 0.3),
    "price_factor": Item("factor on all prices", _FACTOR, 1.0, 0.7, 1.3),
    "volume": Item("factor on volume made", _FACTOR, 1.0, 0.5, 1.0),
    "market_share": Item("most it sells of what the alliance wants in a year", _SHARE, 1.0, 0.5, 1.0),
    "delay_years": Item("delay of output (its years stay)", _YEARS, 0, 0, 4, whole=True),
    "capital_factor": Item("factor on capital cost", _FACTOR, 1.0, 0.8, 1.4),
    "fixed_factor": Item("factor on fixed running cost", _FACTOR, 1.0, 0.7, 1.3),
    "variable_factor": Item("factor on running cost by tonne", _FACTOR, 1.0, 0.7, 1.5),
    "recovery_factor": Item("factor on recovery", _FACTOR, 1.0, 0.92, 1.04),
    "local_share": Item("costs in local money", _SHARE, 0.6, 0.4, 0.8),
    "currency_factor": Item("factor on the value of local money in USD", _FACTOR, 1.0, 0.85, 1.15),
}


LONGEST = 100
"""Most years of a term in years."""


def fault_of_term(name: str, value: float) -> tuple[str, str]:
    """Which rule a value of a term breaks, and how; ('', '') if none."""
    if ITEMS[name].whole and not value.is_integer():
        return "not-whole", f"{value:g}: {name} is in whole years"
    if not 0 <= value <= (LONGEST if ITEMS[name].whole else 1e6):
        return "range", f"{value:g} is out of bounds"
    return ("range", "0: debt would have no end") if value == 0 and name.startswith("dscr") else ("", "")


class Contract(Row):
    """Who buys or delivers what at which price."""

    contract: Id = col("contract", min_length=1)
    project: Wildcard = col("plant; blank = every plant", default="")
    kind: Literal["offtake", "feed"] = col("what the plant sells, or what it takes in")
    party: Name = col("buyer, or who delivers", default="")
    element: Wildcard = col("element or by-product; blank = all", default="")
    covers: Number = share("of what the plant makes or takes in of it", 1.0)
    tonnes: Number | None = positive("most in a year; blank = no limit", "t/y of oxide", None)
    price_usd_per_kg: Number | None = positive("fixed price; blank = market", "USD/kg", None)
    price_share: Number = positive("of the market price, where none is fixed", "share", 1.0)
    floor_usd_per_kg: Number | None = positive("least price, the buyer pays up to it; offtake", "USD/kg", None)
    cap_usd_per_kg: Number | None = positive("highest price, what is above is paid back; offtake", "USD/kg", None)
    upside_from_usd_per_kg: Number | None = positive("price from which a part is paid back; offtake", "USD/kg", None)
    upside_share: Number = share("of what is above it that is paid back", 0.0)
    upside_most_musd: Number | None = positive("most that is paid back of it in a year", "MUSD/y", None)
    first_year: Whole | None = edge("first year; blank = from the start")
    last_year: Whole | None = edge("last year; blank = to the end")
    public: Flag = col("whether floor, cap and upside are public money", default=True)
    real: Flag = col("whether its prices rise with inflation", default=False)


class DeckPrice(Row):
    """A price of a deck."""

    element: Id = col("element or by-product", min_length=1)
    form: Form = col("form", default="oxide")
    market: Id = col("market or deck, e.g. china, outside", min_length=1)
    year: Whole | None = col(
        "year; linear between years given, constant outside; blank = all", "year", None, ge=1900, le=2200
    )
    future: Id = col("scenario, or what its samples are called before the number; blank = all others", default="")
    price_usd_per_kg: Number = positive("price", "USD/kg of oxide contained")
    low: Number | None = positive("lowest it may be instead", "USD/kg", None)
    high: Number | None = positive("highest it may be instead", "USD/kg", None)
    real: Flag = col("money of the base year; false: of its year", default=True)


class Finance(Row):
    """A term of finance."""

    country: Wildcard = col("country; blank = all others", default="")
    item: Id = col(
        "one of: " + ", ".join(f"`{name}` ({i.meaning}; {i.unit})" for name, i in ITEMS.items()), min_length=1
    )
    value: Number = positive("value", "unit of the item")
    low: Number | None = positive("lowest it may be", "unit of the item", None)
    high: Number | None = positive("highest it may be", "unit of the item", None)


class ByProduct(Row):
    """What a plant sells besides the elements counted; what is in its feed is paid for as the elements are."""

    project: Id = col("plant", min_length=1)
    product: Id = col("by-product, whose price is in `prices`", min_length=1)
    tonnes_per_t: Number = positive("made for each tonne of capacity in use", "t/t")
    variable_opex_usd_per_t: Number = positive(
        "running cost it carries, for each tonne of capacity in use; metal and magnets: with their material",
        "USD/t",
        0.0,
    )
