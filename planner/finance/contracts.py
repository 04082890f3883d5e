"""Contracts for differences and fixed prices: what they bring in, and what they cost the public.

A floor costs nothing above it; a cap pays back what lies above; an upside share pays back a part of what lies above
its threshold, at most so much in a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.data.investment_tables import Contract
from planner.finance.deck import Array
from planner.units import musd_per_tonne


@dataclass(frozen=True)
class Settlement:
    """What a contract does to sales by year (MUSD): at its own price basis, topped up, paid back."""

    covered: Array
    basis: Array
    top_up: Array
    paid_back: Array

    @property
    def change(self) -> Array:
        """Money over sales at the market."""
        return self.basis + self.top_up - self.paid_back


def applies(row: Contract, project: str, element: str, kind: str) -> bool:
    """Whether a contract is about what a plant sells or takes in of an element."""
    return row.kind == kind and row.project in ("", project) and row.element in ("", element)


def in_force(row: Contract, years: Sequence[int]) -> Array:
    """1 in years of the contract, else 0."""
    at = np.array(years)
    first, last = row.first_year or at[0], row.last_year or at[-1]
    return np.asarray((at >= first) & (at <= last), float)


def settle(row: Contract, price: Array, tonnes: Array, years: Sequence[int], index: Array) -> Settlement:
    """An offtake contract over sales of `tonnes` at the market `price` (MUSD/t, real).

    index: money of the day over that of the base year; prices of contracts that do not rise with it lose by it.
    """
    covered = tonnes * row.covers if row.tonnes is None else np.minimum(tonnes * row.covers, row.tonnes)
    covered = covered * in_force(row, years)
    worth = 1.0 if row.real else 1.0 / index

    def stated(usd: float | None) -> Array | None:
        return None if usd is None else np.asarray(musd_per_tonne(usd) * worth)

    fixed, floor, cap = stated(row.price_usd_per_kg), stated(row.floor_usd_per_kg), stated(row.cap_usd_per_kg)
    basis = price * row.price_share if fixed is None else np.broadcast_to(fixed, price.shape)
    up = np.zeros_like(covered * basis) if floor is None else np.maximum(floor - basis, 0.0) * covered
    back = np.zeros_like(up) if cap is None else np.maximum(basis - cap, 0.0) * covered
    if (above := stated(row.upside_from_usd_per_kg)) is not None:
        part = row.upside_share * np.maximum(basis - above, 0.0) * covered
        back = back + (part if row.upside_most_musd is None else np.minimum(part, row.upside_most_musd * worth))
    return Settlement(covered, (basis - price) * covered, up, back)


def feed_price(rows: Sequence[Contract], price: Array, payable: Array, years: Sequence[int], index: Array) -> Array:
    """What is paid for a material taken in (MUSD/t): the payable share of its price, or what contracts say of it."""
    paid, left = np.zeros_like(price * payable), np.ones(len(years))
    for row in rows:
        covered = np.minimum(row.covers * in_force(row, years), left)
        fixed = None if row.price_usd_per_kg is None else musd_per_tonne(row.price_usd_per_kg)
        own = price * row.price_share if fixed is None else fixed * (1.0 if row.real else 1.0 / index)
        paid, left = paid + own * covered, left - covered
    return np.asarray(paid + price * payable * left)
