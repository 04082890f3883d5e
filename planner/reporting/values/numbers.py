"""Numbers as people read them: thousands separators, whole from 100 on, a true minus sign. The same figure has the
same digits in sentences and in tables."""

from __future__ import annotations

import math

NOTHING = "–"
MINUS = "−"
SLIGHT = 0.05
"""Below this an amount of MUSD, tonnes or persons is not told by its digits."""


def number(value: float | None) -> str:
    """A number: whole from 100 on, else three significant digits; a dash if there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.0005:
        return "<0.001" if value > 0 else f">{MINUS}0.001"
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return _signed(f"{value:,.{digits}f}")


def amount(value: float | None) -> str:
    """A number of MUSD, tonnes or persons for a table, where less than a twentieth of one says nothing."""
    return "<0.05" if value is not None and 0 < value < SLIGHT else number(value)


def percent(share: float | None) -> str:
    """A share as per cent."""
    if share is None or math.isnan(share):
        return NOTHING
    points = 100.0 * share
    if 0 < abs(points) < 0.05:
        return "<0.1 %"
    if 99.95 <= points < 100 - 1e-9:
        return ">99.9 %"
    digits = 0 if abs(points) >= 99.95 or abs(points - round(points)) < 1e-9 else 1
    return _signed(f"{points:,.{digits}f} %")


def change(before: float, after: float) -> str:
    """The relative change from one value to another, or '' if there was nothing before."""
    return percent(after / before - 1.0) if before > 0 else ""


def as_year(value: float | None) -> str:
    """A year, without separators."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.0f}"


def count(amount: int, one: str, many: str = "") -> str:
    """'1 plant', '3 plants'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """'a, b and c'."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
