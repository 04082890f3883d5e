"""Terms of finance and the price deck of an investment case: values with ranges and sources, from the case's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.case import Case
from planner.data.investment_checks import stem
from planner.data.investment_tables import ITEMS, DeckPrice, fault_of_term
from planner.data.lookups import OXIDE
from planner.errors import Fault, InputError, did_you_mean
from planner.finance.plants import PREMIUMS
from planner.finance.rows import Array
from planner.units import musd_per_tonne

Levels = Mapping[str, Array]
"""FinanceTerm, or `price:ELEMENT`, -> its level in each case: arrays of shape (cases, 1), or single figures."""
CASE_MARKET = "case"
"""The deck that is the prices of the table `elements`."""


@dataclass(frozen=True)
class FinanceTerm:
    """A figure of the case with its range, and where it comes from. judged: nobody stated it."""

    name: str
    meaning: str
    unit: str
    value: float
    low: float
    high: float
    source: str
    confidence: str
    judged: bool
    whole: bool = False


@dataclass(frozen=True)
class Quote:
    """Prices of one good by year (MUSD/t, real), without and by future. premiums: terms that come on top of them."""

    element: str
    form: str
    price: Array
    low: float
    high: float
    by_future: Mapping[str, Array]
    premiums: tuple[str, ...]
    source: str
    confidence: str

    @property
    def label(self) -> str:
        """In words."""
        return f"{self.element} {self.form}"

    def at(self, future: str) -> Array:
        """Prices in a future."""
        return self.by_future.get(future, self.by_future.get(stem(future), self.price))


def terms_of(case: Case, country: str, changes: Mapping[str, float]) -> dict[str, FinanceTerm]:
    """Every term as the case states it for the country, else for all, else as declared; `changes` come first.

    Raises InputError for a change of what is no term, or out of its bounds.
    """
    for name, value in changes.items():
        if name not in ITEMS:
            said = f'unknown term "{name}"{did_you_mean(name, ITEMS)}; known: {", ".join(ITEMS)}'
            raise InputError([Fault("--with", 0, "", said)])
        if said := fault_of_term(name, value)[1]:
            raise InputError([Fault("--with", 0, name, said)])
    stated = {(r.country, r.item): r for r in case.tables.finance}
    out = {}
    for name, item in ITEMS.items():
        row = stated.get((country, name)) or stated.get(("", name))
        value, low, high, source, confidence = item.value, item.low, item.high, item.source, ""
        if row is not None:
            value, source, confidence = row.value, row.source, row.confidence
            low, high = (value if end is None else end for end in (row.low, row.high))
        if name in changes:
            value, source = changes[name], "as asked"
            low, high = min(low, value), max(high, value)
        judged = source in ("", "judged") or confidence == "estimate"
        out[name] = FinanceTerm(name, item.meaning, item.unit, value, low, high, source, confidence, judged, item.whole)
    return out


def quotes(
    case: Case, wanted: Sequence[tuple[str, str]], market: str, years: Sequence[int], inflation: float
) -> list[Quote]:
    """Prices of goods (element, form) in a market. Raises InputError for a market of which the case has no price."""
    markets = {r.market for r in case.tables.prices}
    if market != CASE_MARKET and market not in markets:
        known = ", ".join([CASE_MARKET, *sorted(markets)])
        said = f'unknown market "{market}"{did_you_mean(market, markets)}; known: {known}'
        raise InputError([Fault("--market", 0, "", said)])
    return [_quote(case, element, form, market, np.array(years, float), inflation) for element, form in wanted]


def _quote(case: Case, element: str, form: str, market: str, years: Array, inflation: float) -> Quote:
    rows = [r for r in case.tables.prices if r.market == market and r.element == element]
    exact = [r for r in rows if r.form == form]
    used, premiums = (exact, ()) if exact else ([r for r in rows if r.form == OXIDE], PREMIUMS[form])
    if element not in case.elements and market == CASE_MARKET:  # of a by-product any price is better than none
        others = [r for r in case.tables.prices if r.element == element]
        used = [r for r in others if r.market == min(o.market for o in others)]
    plain = [r for r in used if not r.future]
    if not plain:
        row = case.elements.get(element)
        usd = row.price_usd_per_kg or 0.0 if row else 0.0
        flat = np.full(len(years), musd_per_tonne(usd))
        said = (row.source, row.confidence) if row else ("", "")
        return Quote(element, form, flat, 0.7, 1.3, {}, PREMIUMS[form], *said)
    first, futures = plain[0], sorted({r.future for r in used if r.future})
    base = first.price_usd_per_kg or 1.0
    low, high = (1.0 if end is None else end / base for end in (first.low, first.high))
    line = {f: _line([r for r in used if r.future == f], years, inflation, case.first_year) for f in ("", *futures)}
    price = line.pop("")
    return Quote(element, form, price, low, high, line, premiums, first.source, first.confidence)


def _line(rows: Sequence[DeckPrice], years: Array, inflation: float, base: int) -> Array:
    given = sorted((r.year or 0, r.price_usd_per_kg, r.real) for r in rows)
    at, usd = [y for y, _, _ in given], [p for _, p, _ in given]
    nominal = not given[0][2]
    price = np.interp(years, at, usd) / ((1 + inflation) ** (years - base) if nominal else 1.0)
    return np.asarray(price * musd_per_tonne(1.0))
