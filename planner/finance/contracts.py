"""Contracts for differences and fixed prices: what they bring in, and what they cost the public.

A floor costs nothing above it; a cap pays back what lies above; an upside share pays back a part of what lies above
its threshold, at most so much in a year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.investment_tables import Contract
from planner.finance.yearly_rows import Array, row

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
"""What stands for a term that a contract leaves open; a price below 0 is none."""
TERMS = ("covers", *OPEN, "price_share", "upside_share", "real")


@dataclass(frozen=True)
class Deal:
    """A contract, and its terms as the figures that are computed with."""

    contract: Contract
    terms: Mapping[str, Array]

    @staticmethod
    def of(contract: Contract) -> Deal:
        """The terms as the contract states them."""
        stated = {name: getattr(contract, name) for name in TERMS}
        terms = {name: OPEN[name] if value is None else value for name, value in stated.items()}
        return Deal(
            contract, {name: np.asarray(value, dtype=float) for name, value in terms.items()}
        )

    def applies(self, project: str, element: str, kind: str) -> bool:
        """Whether it is about what a plant sells or takes in of an element."""
        c = self.contract
        return c.kind == kind and c.project in ("", project) and c.element in ("", element)

    def in_force(self, year: Array) -> Array:
        """1 in its years, else 0."""
        name, t = self.contract.contract, self.terms
        return row(
            np.where((year >= t["first_year"]) & (year <= t["last_year"]), 1.0, 0.0),
            *("Contracts", f"{name}, in force", "flag"),
        )

    def worth(self, index: Array) -> Array:
        """Its prices in money of the base year: those that do not rise with inflation lose by it."""
        worth = np.where(self.terms["real"] > 0, 1.0, 1.0 / index)
        return row(worth, "Contracts", f"{self.contract.contract}, worth of its prices", "of base")


@dataclass(frozen=True)
class Settlement:
    """What a contract does to sales by year (MUSD): at its own price basis, topped up, paid back."""

    contract: Contract
    covered: Array
    basis: Array
    top_up: Array
    paid_back: Array

    @property
    def change(self) -> Array:
        """Money over sales at the market."""
        return self.basis + self.top_up - self.paid_back


def settle(
    deal: Deal,
    price: Array,
    tonnes: Array,
    year: Array,
    index: Array,
    per_kg: Array,
    label: str = "",
) -> Settlement:
    """An offtake contract over sales of `tonnes` at the market `price` (MUSD/t, real).

    index: money of the day over that of the base year. per_kg: MUSD/t of one USD/kg. label: of its rows.
    """
    t, worth, named = deal.terms, deal.worth(index) * per_kg, f"{label}, {deal.contract.contract}"
    covered = row(
        np.minimum(tonnes * t["covers"], t["tonnes"]) * deal.in_force(year),
        "Revenue",
        f"{named}, covered",
        "t",
    )
    basis = np.where(
        t["price_usd_per_kg"] >= 0, t["price_usd_per_kg"] * worth, price * t["price_share"]
    )
    basis = row(basis, "Revenue", f"{named}, its price", "MUSD/t")
    up = np.maximum(t["floor_usd_per_kg"] * worth - basis, 0.0) * covered
    above = (
        t["upside_share"] * np.maximum(basis - t["upside_from_usd_per_kg"] * worth, 0.0) * covered
    )
    most = t["upside_most_musd"] * deal.worth(index)
    back = np.maximum(basis - t["cap_usd_per_kg"] * worth, 0.0) * covered + np.minimum(above, most)
    return Settlement(
        deal.contract,
        covered,
        row((basis - price) * covered, "Revenue", f"{named}, by its own price", "MUSD"),
        row(up, "Revenue", f"{named}, topped up", "MUSD"),
        row(back, "Revenue", f"{named}, paid back", "MUSD"),
    )


def feed_price(
    deals: Sequence[Deal],
    price: Array,
    payable: Array | float,
    year: Array,
    index: Array,
    per_kg: Array,
    label: str = "",
) -> Array:
    """What is paid for a material taken in (MUSD/t): the payable share of its price, or what contracts say of it."""
    paid, left = 0.0 * price, 1.0 + 0.0 * price
    for deal in deals:
        t = deal.terms
        covered = row(
            np.minimum(t["covers"] * deal.in_force(year), left),
            "Costs",
            f"{label}, {deal.contract.contract}",
            "share",
        )
        fixed = t["price_usd_per_kg"] * deal.worth(index) * per_kg
        own = np.where(t["price_usd_per_kg"] >= 0, fixed, price * t["price_share"])
        paid, left = paid + own * covered, left - covered
    return row(paid + price * payable * left, "Costs", f"{label}, paid", "MUSD/t")
