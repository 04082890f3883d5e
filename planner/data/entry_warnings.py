"""Warnings about single entries that are probably mistyped: names, years and figures unlike the others around them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter
from statistics import median

from planner.data.case import Case
from planner.data.cells import LAST_YEAR, begin_of, look_of
from planner.data.checks import HINTS
from planner.data.rules import Finding
from planner.errors import did_you_mean
from planner.units import musd, musd_per_tonne, persons_per_tonne

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
SPAN = 1e10
"""Ratio of coefficients that endangers the numerics: solver tolerances are 1e-8."""
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


def _used(case: Case, places: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str, int]]:
    """Name, table, column and line wherever a name stands in one of the columns."""
    for table, column in places:
        for row in case.tables.rows(table):
            if name := getattr(row, column):
                yield name, table, column, row.line


def look_alikes(case: Case) -> Iterator[Finding]:
    """Ids of one table, blocs and parties that differ only in case or in letters that look the same."""
    named = (("countries", "bloc"), ("countries", "party"), ("funders", "party"))
    for places in (*((place,) for place in _IDS), named[:1], named[1:], _SELLERS):
        seen: dict[str, str] = {}
        told: set[str] = set()
        for name, table, column, line in _used(case, places):
            other = seen.setdefault(look_of(name), name)
            if other != name and name not in told:
                told.add(name)
                how = "case" if other.casefold() == name.casefold() else "letters that look the same"
                yield Finding("look-alike", table, line, column, f'"{name}" differs from "{other}" only in {how}', name)


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
    for name, table, column, line in _used(case, places) if rare else ():
        if name in rare:
            others = [other for other in (*count, *known) if _letters(other) != _letters(name)]
            near = did_you_mean(name, others) if len(count) <= HINTS else ""
            if near or (often and kind == "supplier"):
                yield Finding("rare-name", table, line, column, f'{kind} "{name}" is named once{near}', name)


def _letters(name: str) -> str:
    """A name without its digits: `mine_1` and `mine_2` are a row of names, not a slip."""
    return re.sub(r"\d+", "", name)


def repeated_labels(case: Case) -> Iterator[Finding]:
    """Things of one table that have the same name for people, so that no page tells them apart."""
    for table, column in _IDS:
        first: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for row in case.tables.rows(table):
            if label := getattr(row, "name", ""):
                first[look_of(label)].append((getattr(row, column), row.line))
        for (one, _), *others in first.values():
            for two, line in others:
                said = f'"{two}" has the same name as "{one}"'
                yield Finding("repeated-label", table, line, "name", said, two)


def odd_years(case: Case) -> Iterator[Finding]:
    """Years decades away from the others of their table, or from the horizon."""
    for table in SERIES:
        places: dict[int, list[int]] = defaultdict(list)
        for year, line in map(attrgetter("year", "line"), case.tables.rows(table)):
            places[year].append(line)
        middle = median([year for year, lines in places.items() for _ in lines]) if places else 0
        for year, lines in places.items():
            nearest = min((abs(year - other) for other in places if other != year), default=0)
            if abs(year - middle) > ODD_YEARS:
                said = f"{year} is far from the other years, around {middle:g}"
            elif not case.first_year - ODD_YEARS <= year <= case.last_year + ODD_YEARS:
                said = f"{year} is far from the horizon, {case.first_year}-{case.last_year}"
            elif len(lines) == 1 and nearest >= ALONE_YEARS:
                said = f"{year} stands alone, {nearest} years from the nearest other year"
            else:
                continue
            yield from (Finding("odd-year", table, line, "year", said, year) for line in lines)
    for table, columns in EDGES.items():
        for row in case.tables.rows(table):
            for column in columns:
                edge = getattr(row, column)
                if edge in (None, LAST_YEAR):
                    continue
                past = PAST if table == "projects" else ALONE_YEARS
                if not case.first_year - past <= begin_of(edge)[0] <= case.last_year + ODD_YEARS:
                    said = f"{edge} is far from the horizon, {case.first_year}-{case.last_year}"
                    yield Finding("odd-year", table, row.line, column, said, edge)


def numerics(case: Case) -> Iterator[Finding]:
    """Coefficients of the program that span more orders of magnitude than the solver's tolerances bear."""
    tables = case.tables
    found: list[tuple[float, str, int, str]] = []
    found += [(row.share, "feeds", row.line, "share") for row in tables.feeds]
    found += [(row.share, "ramps", row.line, "share") for row in tables.ramps]
    found += [(row.recovery, "projects", row.line, "recovery") for row in tables.projects]
    found += [(row.recovery, "recoveries", row.line, "recovery") for row in tables.recoveries]
    found += [(persons_per_tonne(r.persons_per_ktpa), "staffing", r.line, "persons_per_ktpa") for r in tables.staffing]
    found += [(musd_per_tonne(r.loss_usd_per_kg), "elements", r.line, "loss_usd_per_kg") for r in tables.elements]
    found += [(musd(r.capex_usd_per_tpa), "projects", r.line, "capex_usd_per_tpa") for r in tables.projects]
    found += [
        (musd_per_tonne(r.purchase_usd_per_kg), "stockpiles", r.line, "purchase_usd_per_kg") for r in tables.stockpiles
    ]
    found += [(musd(r.cost_per_trainee_usd), "training", r.line, "cost_per_trainee_usd") for r in tables.training]
    positive = [entry for entry in found if entry[0] > 0]
    if not positive:
        return
    low, high = min(positive), max(positive)
    if high[0] / low[0] > SPAN:
        odd, other = (low, high) if abs(math.log10(low[0]) + 3) > abs(math.log10(high[0])) else (high, low)
        said = (
            f"makes a coefficient of {odd[0]:.3g}, and {other[1]} line {other[2]} ({other[3]}) one of {other[0]:.3g}: "
            "more than the solver can tell apart"
        )
        yield Finding("numerics", odd[1], odd[2], odd[3], said, f"{odd[0]:.3g}")
