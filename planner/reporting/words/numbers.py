"""Numbers as people read them: thousands separators, whole from 100 on, a true minus sign; the same figure has the same
digits in sentences, tables and charts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from planner.results.figures.plants import Counted

NOTHING = "–"
MINUS = "−"
SLIGHT = 0.05
"""Below this an amount of MUSD, tonnes or persons is not told by its digits."""
LEAST_CHANGE = 5e-3
BILLION = 999.5
"""MUSD from which amounts are told in billions."""
UNIT = re.compile(r"(?<=\d) (?:%|(?:bn USD|MUSD|t/y|t|kg)\b)")


def number(value: float | None) -> str:
    """A number: whole from 100 on, else three significant digits; a dash if there is none."""
    if value is None or math.isnan(value):
        return NOTHING
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.0005:
        return "<0.001" if value > 0 else f">{MINUS}0.001"
    if size >= 99.95:
        digits = 0
    elif size >= 9.995:
        digits = 1
    else:
        digits = 2 if size >= 0.9995 else 3
    return _minus(f"{value:,.{digits}f}")


def money(musd: float | None) -> str:
    """An amount of MUSD for a sentence, with its unit: billions from a thousand on."""
    if musd is None or math.isnan(musd):
        return NOTHING
    unit, per = unit_of_money(musd)
    return f"{number(musd / per)} {unit}"


def unit_of_money(largest: float) -> tuple[str, float]:
    """The unit of amounts of which the largest is given (MUSD), and MUSD per unit: billions from a thousand on."""
    return ("bn USD", 1000.0) if abs(largest) >= BILLION else ("MUSD", 1.0)


def rounded_money(musd: float, low: float | None = None, high: float | None = None) -> str:
    """An amount of MUSD with the digits that its interval supports, or two without an interval.

    >>> rounded_money(28054.0, 26365.0, 29953.0), rounded_money(1501.7), rounded_money(12.34)
    ('28 bn USD', '1.5 bn USD', '12 MUSD')
    """
    unit, per = unit_of_money(musd)
    return f"{_to_digits(musd / per, _digits(musd / per, low, high, per))} {unit}"


def rounded_interval(musd: float, low: float, high: float) -> str:
    """The ends of an interval of an amount of MUSD, in the digits of `rounded_money`, without unit.

    >>> rounded_interval(28054.0, 26365.0, 29953.0)
    '26 to 30'
    """
    _, per = unit_of_money(musd)
    digits = _digits(musd / per, low, high, per)
    return f"{_to_digits(low / per, digits)} to {_to_digits(high / per, digits)}"


def _digits(amount: float, low: float | None, high: float | None, per: float) -> int:
    """Decimals of an amount: to the order of half its interval, else to two significant digits."""
    if low is not None and high is not None and high > low:
        return -math.floor(math.log10((high - low) / 2 / per))
    return 1 - math.floor(math.log10(abs(amount))) if amount else 0


def _to_digits(amount: float, digits: int) -> str:
    return _minus(f"{round(amount, digits) + 0.0:,.{max(digits, 0)}f}")


def amount(value: float | None) -> str:
    """A number of MUSD, tonnes or persons for a table, where less than a twentieth of one says nothing."""
    return "<0.05" if value is not None and 0 < value < SLIGHT else number(value)


def persons_of(value: float | None) -> str:
    """Persons, of whom there are no parts.

    >>> persons_of(0.07), persons_of(10.7), persons_of(0.0)
    ('<1', '11', '0')
    """
    if value is not None and 0 < value < 1:
        return "<1"
    return number(value) if value is None or math.isnan(value) else f"{round(value):,}"


def cents(value: float | None) -> str:
    """An amount of a table that foots: two decimals, whatever its size."""
    if value is None or math.isnan(value):
        return NOTHING
    return _minus(f"{round(value, 2) + 0.0:,.2f}")


def tenths(value: float | None) -> str:
    """An amount to a tenth, whatever its size."""
    if value is None or math.isnan(value):
        return NOTHING
    return _minus(f"{round(value, 1) + 0.0:,.1f}")


def unbroken(value: Any) -> Any:
    """A plain text whose figures stay on one line with their units; anything else as it is."""
    if type(value) is not str:
        return value
    return UNIT.sub(lambda found: found[0].replace(" ", "\xa0"), value)


def percent(share: float | None) -> str:
    """A share as per cent."""
    if share is None or math.isnan(share):
        return NOTHING
    points = 100.0 * share
    if 0 < abs(points) < 0.05:
        return "<0.1 %"
    if 99.95 <= points < 100 - 1e-9:
        return ">99.9 %"
    return _points(points)


def _points(points: float, sign: str = "") -> str:
    """Points of a hundred, whole where they are or where there are so many; sign: `+` for that of a change."""
    whole = abs(points) >= 99.95 or abs(points - round(points)) < 1e-9
    return _minus(f"{points:{sign},.{0 if whole else 1}f} %")


def signed(value: float | None) -> str:
    """A change with its sign; '0' if it is slighter than half a hundredth."""
    if value is None:
        return NOTHING
    if abs(value) < LEAST_CHANGE:
        return "0"
    return ("+" if value > 0 else "") + number(value)


def change(before: float, after: float) -> str:
    """The relative change from one value to another with its sign, or '' if there was nothing before.

    >>> change(42.2, 84.39), change(3402.0, 3401.9), change(110.0, 99.4), change(0.0, 1.0)
    ('+100 %', '<0.1 %', '−9.6 %', '')
    """
    if before <= 0:
        return ""
    points = 100.0 * (after / before - 1.0)
    if abs(points) < 0.05:
        return "<0.1 %"
    return _points(points, "+")


def as_year(value: float | None) -> str:
    """A year, without separators."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.0f}"


def count(amount: int, one: str, many: str = "") -> str:
    """'1 plant', '3 plants'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def kinds(there: Counted) -> str:
    """'24 plants and 29 savings measures'; a kind of which there is none is left out beside the other."""
    told = []
    if there.plants or not there.measures:
        told.append(count(there.plants, "plant"))
    if there.measures:
        told.append(count(there.measures, "savings measure"))
    return listed(told)


def listed(words: Iterable[str]) -> str:
    """'a, b and c'."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def span(first: float, last: float) -> str:
    """'2027', '2027–2029'."""
    return as_year(first) if first == last else f"{as_year(first)}–{as_year(last)}"


def period(years: Sequence[int]) -> str:
    """'in 2027', 'from 2027 to 2029'; years in order."""
    return f"in {years[0]}" if years[0] == years[-1] else f"from {years[0]} to {years[-1]}"


def spans(years: Iterable[int]) -> str:
    """'2027–2029, 2031'."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if not runs or year != runs[-1][-1] + 1:
            runs.append([])
        runs[-1].append(year)
    return ", ".join(span(run[0], run[-1]) for run in runs)


def _minus(text: str) -> str:
    return text.replace("-", MINUS)
