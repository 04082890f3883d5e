"""Contracts for differences and fixed prices: what they bring in, and what they cost the public.

A floor costs nothing above it; a cap pays back what lies above; an upside share pays back a part of what lies above
its threshold, at most so much in a year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.investment_tables import Contract
from planner.finance.yearly_rows import Array, larger, row, smaller, where

OPEN: Mapping[str, float] = {
    "tonnes": 1e12,
    "price_usd_per_kg": -1.0,
    "floor_usd_per_kg": 0.0,
    "cap_usd_per_kg": 1e12,
    "upside_from_usd_per_kg": 1e12,
    "upside_most_musd": 1e12,
    "first_year": 0.0,
    "last_year": 1e4,
}
"""Term -> figure that stands for it where a contract leaves it open; a price below 0 is none."""
TERMS = ("covers", *OPEN, "price_share", "upside_share", "real")


MARKET_TERMS: Mapping[str, float | None] = {
    "price_usd_per_kg": None,
    "price_share": 1.0,
    "floor_usd_per_kg": None,
    "cap_usd_per_kg": None,
    "upside_from_usd_per_kg": None,
}
"""Terms of a contract that says of volume alone."""


@dataclass(frozen=True)
class Deal:
    """A contract, and its terms as the figures that are computed with."""

    contract: Contract
    terms: Mapping[str, Array]

    @staticmethod
    def of(contract: Contract) -> Deal:
        """The terms as the contract states them."""
        terms = {}
        for name in TERMS:
            value = getattr(contract, name)
            terms[name] = np.asarray(OPEN[name] if value is None else value, dtype=float)
        return Deal(contract, terms)

    def applies(self, project: str, element: str, kind: str) -> bool:
        """The contract is about the sales or the intake of a plant of an element."""
        c = self.contract
        return c.kind == kind and c.project in ("", project) and c.element in ("", element)

    def at_market(self) -> Deal:
        """A deal of the same volume at market prices."""
        return Deal.of(self.contract.model_copy(update=MARKET_TERMS))

    def in_force(self, year: Array) -> Array:
        """1 in its years, else 0."""
        name, t = self.contract.contract, self.terms
        force = where((year >= t["first_year"]) & (year <= t["last_year"]), 1.0, 0.0)
        return row(force, "Contracts", f"{name}, in force", "flag")

    def worth(self, index: Array) -> Array:
        """Its prices in money of the base year: those that do not rise with inflation lose by it."""
        worth = where(self.terms["real"] > 0, 1.0, 1.0 / index)
        return row(worth, "Contracts", f"{self.contract.contract}, worth of its prices", "of base")


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """The settlement of a contract by year (MUSD): sales at its own price basis, topped up, paid back."""

    contract: Contract
    covered: Array
    basis: Array
    top_up: Array
    paid_back: Array

    @property
    def change(self) -> Array:
        """Money over sales at the market."""
        return self.basis + self.top_up - self.paid_back


@dataclass(frozen=True, kw_only=True)
class Trade:
    """A material sold or taken in by year: market price (MUSD/t, real), tonnes; money of the year over that of the base
    year; MUSD/t of one USD/kg. label: of its rows."""

    price: Array
    tonnes: Array
    year: Array
    index: Array
    per_kg: Array
    label: str = ""


def settle(deal: Deal, trade: Trade) -> Settlement:
    """An offtake contract over sales at the market."""
    t = deal.terms
    label = f"{trade.label}, {deal.contract.contract}"
    worth = deal.worth(trade.index)
    per_usd = worth * trade.per_kg
    covered = smaller(trade.tonnes * t["covers"], t["tonnes"]) * deal.in_force(trade.year)
    covered = row(covered, "Revenue", f"{label}, covered", "t")
    basis = _own_price(deal, trade, t["price_usd_per_kg"] * per_usd)
    basis = row(basis, "Revenue", f"{label}, its price", "MUSD/t")
    threshold = t["upside_from_usd_per_kg"] * per_usd
    shared = t["upside_share"] * larger(basis - threshold, 0.0) * covered
    shared = smaller(shared, t["upside_most_musd"] * worth)
    cap = t["cap_usd_per_kg"] * per_usd
    floor = t["floor_usd_per_kg"] * per_usd
    shared = row(shared, "Revenue", f"{label}, share of what is above its threshold", "MUSD")
    above = larger(basis - cap, 0.0)
    below = larger(floor - basis, 0.0)

    def money(amounts: Array, what: str) -> Array:
        return row(amounts, "Revenue", f"{label}, {what}", "MUSD")

    own = money((basis - trade.price) * covered, "by its own price")
    top_up = money(below * covered, "topped up")
    paid_back = money(above * covered + shared, "paid back")
    return Settlement(
        contract=deal.contract, covered=covered, basis=own, top_up=top_up, paid_back=paid_back
    )


def _own_price(deal: Deal, trade: Trade, fixed: Array) -> Array:
    """The price that a contract fixes, or its share of that of the market (MUSD/t)."""
    t = deal.terms
    return where(t["price_usd_per_kg"] >= 0, fixed, trade.price * t["price_share"])


def feed_price(deals: Sequence[Deal], trade: Trade, payable: Array | float) -> Array:
    """The price paid for a material taken in (MUSD/t): the payable share of its market price, or that of contracts."""
    price = trade.price
    paid = 0.0 * price
    left = 1.0 + 0.0 * price
    for deal in deals:
        covered = smaller(deal.terms["covers"] * deal.in_force(trade.year), left)
        covered = row(covered, "Costs", f"{trade.label}, {deal.contract.contract}", "share")
        fixed = deal.terms["price_usd_per_kg"] * deal.worth(trade.index) * trade.per_kg
        own = _own_price(deal, trade, fixed)
        paid = paid + own * covered
        left = left - covered
    return row(paid + price * payable * left, "Costs", f"{trade.label}, paid", "MUSD/t")
