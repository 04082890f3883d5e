"""Warnings about single entries that are probably mistyped: names and years unlike the others around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from planner.data.case import Case
from planner.data.cells import LAST_YEAR, Row, begin_of, grouped_by, look_of
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
ColumnPlaces = Sequence[tuple[str, str]]
"""Tables and columns in which names of one kind stand."""
_IDS = (
    ("countries", "country"),
    ("elements", "element"),
    ("projects", "project"),
    ("scenarios", "scenario"),
    ("skills", "skill"),
    ("suppliers", "supplier"),
)
_BLOCS = (("countries", "bloc"),)
_PARTIES = (("countries", "party"), ("funders", "party"))
_SELLERS = (
    ("imports", "supplier"),
    ("resale", "supplier"),
    ("shocks", "supplier"),
    ("hazards", "supplier"),
)


def _used(case: Case, places: ColumnPlaces) -> Iterator[tuple[str, Row, str]]:
    """Name, row and column wherever a name stands in one of the columns."""
    for table, column in places:
        for row in case.tables.rows(table):
            name = getattr(row, column)
            if name:
                yield name, row, column


def look_alikes(case: Case) -> Iterator[Finding]:
    """Ids of one table, blocs and parties that differ only in case or in letters that look the same."""
    kinds: list[ColumnPlaces] = [[place] for place in _IDS]
    kinds += [_BLOCS, _PARTIES, _SELLERS]
    for places in kinds:
        seen: dict[str, str] = {}
        told: set[str] = set()
        for name, row, column in _used(case, places):
            other = seen.setdefault(look_of(name), name)
            if other != name and name not in told:
                told.add(name)
                same_letters = other.casefold() == name.casefold()
                how = "case" if same_letters else "letters that look the same"
                yield found(row, column, "look-alike", other=other, how=how)


def rare_names(case: Case) -> Iterator[Finding]:
    """Names that no table confirms, used once: suppliers among others, blocs and parties near another one."""
    if not case.tables.suppliers:
        yield from _named_once(case, "supplier", _SELLERS)
    yield from _named_once(case, "bloc", _BLOCS)
    yield from _named_once(case, "party", _PARTIES, known=tuple(case.countries))


def _named_once(
    case: Case, kind: str, places: ColumnPlaces, known: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """Findings about names of a kind that stand in one row only and look like a slip of another one."""
    count = Counter(name for name, _, _ in _used(case, places))
    rare = {name for name, times in count.items() if times == 1 and name not in known}
    is_odd_alone = kind == "supplier" and len(count) > len(rare)
    for name, row, column in _used(case, places):
        if name not in rare:
            continue
        near = ""
        if len(count) <= HINTS:
            letters = _letters(name)
            others = [other for other in (*count, *known) if _letters(other) != letters]
            near = did_you_mean(name, others)
        if near or is_odd_alone:
            yield found(row, column, "rare-name", kind=kind, near=near)


def _letters(name: str) -> str:
    """A name without its digits: `mine_1` and `mine_2` are a row of names, not a slip."""
    return re.sub(r"\d+", "", name)


def repeated_labels(case: Case) -> Iterator[Finding]:
    """Things of one table that have the same name for people, so that no page tells them apart."""
    for table, column in _IDS:
        first: dict[str, str] = {}
        for row in case.tables.rows(table):
            label = getattr(row, "name", "")
            if not label:
                continue
            name = getattr(row, column)
            other = first.setdefault(look_of(label), name)
            if other != name:
                said = f'"{name}" has the same name as "{other}"'
                yield found(row, "name", "repeated-label", said)


def odd_years(case: Case) -> Iterator[Finding]:
    """Years decades away from the others of their table, or from the horizon."""
    for table in SERIES:
        all_rows: Sequence[Any] = case.tables.rows(table)
        by_year = grouped_by(all_rows, "year")
        middle = median(row.year for row in all_rows) if all_rows else 0
        for year, rows in by_year.items():
            far = _how_far(case, year, middle, by_year)
            if far:
                for row in rows:
                    yield found(row, "year", "odd-year", far=far)
    latest = case.last_year + ODD_YEARS
    for table, columns in EDGES.items():
        earliest = case.first_year - (PAST if table == "projects" else ALONE_YEARS)
        for row in case.tables.rows(table):
            for column in columns:
                edge = getattr(row, column)
                if edge in (None, LAST_YEAR):
                    continue
                year, _ = begin_of(edge)
                if not earliest <= year <= latest:
                    yield found(row, column, "odd-year", far=_far_from_horizon(case))


def _how_far(case: Case, year: int, middle: float, by_year: Mapping[int, Sequence[Row]]) -> str:
    """Words for a year that is far from those of the other rows or from the horizon; '' for any other."""
    if abs(year - middle) > ODD_YEARS:
        return f"far from the other years, around {middle:g}"
    if not case.first_year - ODD_YEARS <= year <= case.last_year + ODD_YEARS:
        return _far_from_horizon(case)
    others = by_year.keys() - {year}
    nearest = min((abs(year - other) for other in others), default=0)
    if len(by_year[year]) == 1 and nearest >= ALONE_YEARS:
        return f"alone, {nearest} years from the nearest other year"
    return ""


def _far_from_horizon(case: Case) -> str:
    return f"far from the horizon, {case.first_year}-{case.last_year}"
