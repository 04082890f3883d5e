"""Conversions between the units of the tables and those of the program.

The program counts money in MUSD, mass in tonnes, capacity in tonnes per year and people in persons.
Nobody writes 1000 or 1e6 elsewhere.
"""

from __future__ import annotations

KG_PER_TONNE = 1000.0
TONNES_PER_KILOTONNE = 1000.0
USD_PER_MUSD = 1e6


def musd(usd: float) -> float:
    """USD -> MUSD; also USD per unit -> MUSD per unit."""
    return usd / USD_PER_MUSD


def musd_per_tonne(usd_per_kg: float) -> float:
    """USD per kg -> MUSD per tonne."""
    return usd_per_kg * KG_PER_TONNE / USD_PER_MUSD


def persons_per_tonne(persons_per_ktpa: float) -> float:
    """Persons per 1,000 t/y -> persons per t/y."""
    return persons_per_ktpa / TONNES_PER_KILOTONNE


def discount_factor(rate: float, year: int, first_year: int) -> float:
    """Present value in `first_year` of one unit paid in `year` at `rate` per year."""
    return float((1.0 + rate) ** -(year - first_year))
