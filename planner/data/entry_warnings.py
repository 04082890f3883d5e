"""Warnings about single entries that are probably mistyped: names, years and figures unlike the others around them."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter
from statistics import median
from typing import Any

from planner.data.case import Case
from planner.data.cells import LAST_YEAR, Row, begin_of, look_of
from planner.data.checks import HINTS
from planner.data.findings import Finding, found
from planner.errors import did_you_mean

ODD_YEARS = 40
"""Years between a row and the middle of its table, or the horizon."""
ALONE_YEARS = 10
"""Years between a year of one row alone and all others; and before the horizon in which a shock may have begun."""
PAST = 80
"""Years before the horizon in which what still stands may have begun."""
EDGES: dict[str, tuple[str, ...]] = {
    "projects": ("online_year", "retire_year", "earliest_year"),
    "shocks": ("start_year", "end_year"),
    "hazards": ("first", "last"),
    "draws": ("start", "end"),
}
"""Years with which something begins or ends."""
SERIES = ("demand", "imports", "budgets")
"""Tables of figures over the years."""
_IDS = (
    ("countries", "country"),
    ("elements", "element"),
    ("projects", "project"),
    ("scenarios", "scenario"),
    ("skills", "skill"),
    ("suppliers", "supplier"),
)
_SELLERS = (("imports", "supplier"), ("resale", "supplier"), ("shocks", "supplier"), ("hazards", "supplier"))


def _used(case: Case, places: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Row, str]]:
    """Name, row and column wherever a name stands in one of the columns."""
    for table, column in places:
        yield from ((name, row, column) for row in case.tables.rows(table) if (name := getattr(row, column)))


def look_alikes(case: Case) -> Iterator[Finding]:
    """Ids of one table, blocs and parties that differ only in case or in letters that look the same."""
    named = (("countries", "bloc"), ("countries", "party"), ("funders", "party"))
    for places in (*((place,) for place in _IDS), named[:1], named[1:], _SELLERS):
        seen: dict[str, str] = {}
        told: set[str] = set()
        for name, row, column in _used(case, places):
            other = seen.setdefault(look_of(name), name)
            if other != name and name not in told:
                told.add(name)
                how = "case" if other.casefold() == name.casefold() else "letters that look the same"
                yield found(row, column, "look-alike", other=other, how=how)


def rare_names(case: Case) -> Iterator[Finding]:
    """Names that no table confirms, used once: suppliers among others, blocs and parties near another one."""
    parties, known = (("countries", "party"), ("funders", "party")), tuple(case.countries)
    if not case.tables.suppliers:
        yield from _named_once(case, "supplier", _SELLERS, ())
    yield from _named_once(case, "bloc", (("countries", "bloc"),), ())
    yield from _named_once(case, "party", parties, known)


def _named_once(
    case: Case, kind: str, places: tuple[tuple[str, str], ...], known: tuple[str, ...]
) -> Iterator[Finding]:
    count = Counter(name for name, *_ in _used(case, places))
    rare = {name for name, times in count.items() if times == 1 and name not in known}
    often = len(count) > len(rare)
    for name, row, column in _used(case, places) if rare else ():
        if name in rare:
            others = [other for other in (*count, *known) if _letters(other) != _letters(name)]
            near = did_you_mean(name, others) if len(count) <= HINTS else ""
            if near or (often and kind == "supplier"):
                yield found(row, column, "rare-name", kind=kind, near=near)


def _letters(name: str) -> str:
    """A name without its digits: `mine_1` and `mine_2` are a row of names, not a slip."""
    return re.sub(r"\d+", "", name)


def repeated_labels(case: Case) -> Iterator[Finding]:
    """Things of one table that have the same name for people, so that no page tells them apart."""
    for table, column in _IDS:
        first: dict[str, str] = {}
        for row in case.tables.rows(table):
            label, name = getattr(row, "name", ""), getattr(row, column)
            if label and (one := first.setdefault(look_of(label), name)) != name:
                yield found(row, "name", "repeated-label", f'"{name}" has the same name as "{one}"')


def odd_years(case: Case) -> Iterator[Finding]:
    """Years decades away from the others of their table, or from the horizon."""
    for table in SERIES:
        rows: dict[int, list[Any]] = defaultdict(list)
        for year, row in zip(map(attrgetter("year"), case.tables.rows(table)), case.tables.rows(table), strict=True):
            rows[year].append(row)
        middle = median([year for year, those in rows.items() for _ in those]) if rows else 0
        for year, those in rows.items():
            nearest = min((abs(year - other) for other in rows if other != year), default=0)
            if abs(year - middle) > ODD_YEARS:
                far = f"far from the other years, around {middle:g}"
            elif not case.first_year - ODD_YEARS <= year <= case.last_year + ODD_YEARS:
                far = f"far from the horizon, {case.first_year}-{case.last_year}"
            elif len(those) == 1 and nearest >= ALONE_YEARS:
                far = f"alone, {nearest} years from the nearest other year"
            else:
                continue
            yield from (found(row, "year", "odd-year", far=far) for row in those)
    for table, columns in EDGES.items():
        past = PAST if table == "projects" else ALONE_YEARS
        for row, column in itertools.product(case.tables.rows(table), columns):
            edge = getattr(row, column)
            if edge in (None, LAST_YEAR):
                continue
            if not case.first_year - past <= begin_of(edge)[0] <= case.last_year + ODD_YEARS:
                yield found(row, column, "odd-year", far=f"far from the horizon, {case.first_year}-{case.last_year}")
