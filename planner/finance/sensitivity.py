"""What moves an investment: every term and price at both ends of its range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.stages import MAGNET
from planner.finance.cashflow import UNITS, cash_flows
from planner.finance.plant_flows import Investment
from planner.finance.project_facts import (
    PREMIUMS,
    UNSOURCED,
    FinanceTerm,
    Levels,
    Quote,
    price_name,
)
from planner.finance.returns import worth
from planner.finance.yearly_rows import Array

LOW, HIGH = "low", "high"
"""Ends of a range."""


@dataclass(frozen=True, kw_only=True)
class Swing:
    """One bar of the tornado: NPV after tax of all capital (MUSD) with one term low and high."""

    term: FinanceTerm
    npv_low: float
    npv_high: float

    @property
    def width(self) -> float:
        """The distance (MUSD) by which the NPV moves."""
        return abs(self.npv_high - self.npv_low)


def price_terms(found: Investment) -> list[FinanceTerm]:
    """The price of each element as a term: a factor on the deck."""
    seen = {quote.element: quote for quote in reversed(found.quotes)}
    return [_price_term(quote) for _, quote in sorted(seen.items())]


def _price_term(quote: Quote) -> FinanceTerm:
    """The price of an element as a term: a factor on the deck."""
    return FinanceTerm(
        name=price_name(quote.element),
        meaning=f"price of {quote.name}",
        unit="factor",
        value=1.0,
        low=quote.low,
        high=quote.high,
        source=quote.source or UNSOURCED,
        confidence=quote.confidence,
        judged=False,
    )


def base_levels(found: Investment, terms: Mapping[str, FinanceTerm]) -> dict[str, Array]:
    """All levels that `cash_flows` needs."""
    levels = {**UNITS}
    levels["year"] = np.asarray(found.years, float)
    levels["base_year"] = np.asarray(found.base_year, float)
    levels["first_year"] = np.asarray(found.years[0], float)
    budget = terms["capital_factor"].value * (1.0 + terms["contingency"].value)
    levels["budget"] = np.asarray(budget, float)
    for term in (*terms.values(), *price_terms(found)):
        levels[term.name] = np.asarray(term.value, float)
    return levels


def adverse_ends(found: Investment) -> dict[str, str]:
    """Prices and premiums that hurt, each with the end of its range: low prices; of plants that all buy what they convert,
    dear feed and low premiums."""
    prices = [term.name for term in price_terms(found)]
    if any(not plant.converts for plant in found.plants):
        return dict.fromkeys(prices, LOW)
    return dict.fromkeys(PREMIUMS[MAGNET], LOW) | dict.fromkeys(prices, HIGH)


def at_ends(
    found: Investment, terms: Mapping[str, FinanceTerm], ends: Mapping[str, str]
) -> dict[str, Array]:
    """Terms and prices at an end of their range, as levels."""
    by_name = {term.name: term for term in (*terms.values(), *price_terms(found))}
    return {name: np.asarray(getattr(by_name[name], end)) for name, end in ends.items()}


def adverse(found: Investment, terms: Mapping[str, FinanceTerm]) -> Levels:
    """Prices that hurt, as levels."""
    return at_ends(found, terms, adverse_ends(found))


def tornado(
    found: Investment,
    terms: Mapping[str, FinanceTerm],
    use: Sequence[Array],
    given: Levels | None = None,
) -> list[Swing]:
    """Every term low and high, the others as they are; the widest first. given: levels that hold, as of support."""
    moved = [*terms.values(), *price_terms(found)]
    x = base_levels(found, terms)
    for place, term in enumerate(moved):
        levels = np.full((2 * len(moved), 1), term.value)
        levels[2 * place : 2 * place + 2, 0] = term.low, term.high
        x[term.name] = levels
    x |= given or {}
    by_level = worth(cash_flows(found, x, use), x).reshape(-1, 2).tolist()
    swings = []
    for term, (low, high) in zip(moved, by_level, strict=True):
        swings.append(Swing(term=term, npv_low=low, npv_high=high))
    return sorted(swings, key=lambda swing: (-swing.width, swing.term.name))
