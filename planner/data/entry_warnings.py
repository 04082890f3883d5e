"""Warnings about single entries that are probably mistyped: names, years and figures unlike the others around them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from statistics import median

from planner.data.case import Case
from planner.data.cells import LAST_YEAR, begin_of, look_of
from planner.data.checks import HINTS
from planner.data.rules import Finding
from planner.data.schema import TABLES
from planner.errors import did_you_mean, nearest
from planner.units import musd, musd_per_tonne, persons_per_tonne

ODD_YEARS = 40
"""Years between a row and the middle of its table, or the horizon."""
PAST = 80
"""Years before the horizon in which what still stands may have begun."""
EDGES: dict[str, tuple[str, ...]] = {
    "projects": ("online_year", "retire_year", "earliest_year"),
    "shocks": ("start_year", "end_year"),
    "hazards": ("first", "last"),
    "draws": ("start", "end"),
}
"""Years with which something begins or ends."""
FACTOR, GAP = 100.0, 20.0
"""A figure stands out if it is this far from the median of its peers, and this far from the nearest of them."""
SPAN = 1e10
"""Ratio of coefficients that endangers the numerics: solver tolerances are 1e-8."""
PEERS: dict[str, tuple[str, ...]] = {
    "demand": ("country", "element", "form"),
    "imports": ("supplier", "country", "element", "form"),
    "budgets": ("funder",),
    "feeds": ("element",),
    "projects": ("stage", "basis"),
    "staffing": ("stage", "skill"),
}
"""Columns within whose equal values figures are peers; other tables are compared as a whole."""
SMALLEST_GROUP = 4
SERIES = ("demand", "imports", "budgets")
"""Tables whose peers are one series over the years, in which two figures can already disagree."""
NO_MEASURES = ("year", "year_after_start", "duration_years", "lead_time_years", "probability", "factor", "up_to_share")
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
    """Suppliers that no table confirms and that are used once among others; blocs and parties near another one."""
    if not case.tables.suppliers:
        used = list(_used(case, _SELLERS))
        count = Counter(name for name, *_ in used)
        others = [name for name, times in count.items() if times > 1]
        for name, table, column, line in used:
            if count[name] == 1 and others:
                near = did_you_mean(name, others) if len(count) <= HINTS else ""
                yield Finding("rare-name", table, line, column, f'supplier "{name}" is named once{near}', name)
    parties = (("countries", "party"), ("funders", "party"))
    for kind, places, known in (("bloc", (("countries", "bloc"),), ()), ("party", parties, tuple(case.countries))):
        used = list(_used(case, places))
        count = Counter(name for name, *_ in used)
        others = [*(name for name, times in count.items() if times > 1), *known]
        for name, table, column, line in used:
            if count[name] == 1 and name not in known and (near := nearest(name, others)):
                said = f'{kind} "{name}" is named once (did you mean "{near}"?)'
                yield Finding("rare-name", table, line, column, said, name)


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
        rows = case.tables.rows(table)
        if not rows:
            continue
        middle = median(getattr(row, "year") for row in rows)  # noqa: B009 - not every row type has a year
        for row in rows:
            year = getattr(row, "year")  # noqa: B009
            if abs(year - middle) > ODD_YEARS:
                said = f"{year} is far from the other years, around {middle:g}"
                yield Finding("odd-year", table, row.line, "year", said, year)
            elif not case.first_year - ODD_YEARS <= year <= case.last_year + ODD_YEARS:
                said = f"{year} is far from the horizon, {case.first_year}-{case.last_year}"
                yield Finding("odd-year", table, row.line, "year", said, year)
    for table, columns in EDGES.items():
        for row in case.tables.rows(table):
            for column in columns:
                edge = getattr(row, column)
                if edge in (None, LAST_YEAR):
                    continue
                if not case.first_year - PAST <= begin_of(edge)[0] <= case.last_year + ODD_YEARS:
                    said = f"{edge} is far from the horizon, {case.first_year}-{case.last_year}"
                    yield Finding("odd-year", table, row.line, column, said, edge)


def far_off(case: Case) -> Iterator[Finding]:
    """Figures orders of magnitude off their peers in the same column."""
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if len(rows) < SMALLEST_GROUP:
            continue
        by = PEERS.get(table.name, ())
        for column in table.row.columns():
            if column in NO_MEASURES or column.endswith("_year") or not isinstance(getattr(rows[0], column), float):
                continue
            groups: dict[tuple[object, ...], list[tuple[float, int]]] = defaultdict(list)
            for row in rows:
                value = getattr(row, column)
                if value:
                    groups[tuple(getattr(row, name) for name in by)].append((value, row.line))
            usual = median(math.log10(value) for group in groups.values() for value, _ in group) if groups else 0.0
            for group in groups.values():
                for value, line, typical in (*_outliers(group), *_odd_one(group, usual, table.name in SERIES)):
                    said = f"{value:g} is {_times(value, typical)} the usual {typical:g} of its peers"
                    yield Finding("far-off", table.name, line, column, said, f"{value:g}")
    yield from _lonely(case)


def _lonely(case: Case) -> Iterator[Finding]:
    """A series of one figure that is far from every one of the same element and form, in demand and imports."""
    series: dict[tuple[object, ...], list[tuple[float, int]]] = defaultdict(list)
    for table in ("demand", "imports"):
        for row in case.tables.rows(table):
            if row.tonnes > 0:  # type: ignore[attr-defined]
                series[table, *(getattr(row, name) for name in PEERS[table])].append((row.tonnes, row.line))  # type: ignore[attr-defined]
    peers: dict[tuple[object, ...], list[tuple[tuple[object, ...], float]]] = defaultdict(list)
    for key, entries in series.items():
        peers[key[-2:]] += [(key, value) for value, _ in entries]
    for key, entries in series.items():
        others = [value for other, value in peers[key[-2:]] if other != key]
        if len(entries) > 1 or not others:
            continue
        (value, line), table = entries[0], str(key[0])
        nearest = min(others, key=lambda other: abs(math.log10(other / value)))
        # Users of an element differ by much; only what is above all of them by far stands out.
        if value / nearest >= FACTOR:
            said = f"{value:g} is {_times(value, nearest)} the nearest figure for {key[-2]}, {nearest:g}"
            yield Finding("far-off", table, line, "tonnes", said, f"{value:g}")


def _outliers(group: list[tuple[float, int]]) -> Iterator[tuple[float, int, float]]:
    if len(group) < SMALLEST_GROUP:
        return
    logs = sorted(math.log10(value) for value, _ in group)
    middle = median(logs)
    if max(logs[-1] - middle, middle - logs[0]) < math.log10(FACTOR):
        return
    for value, line in group:
        here = math.log10(value)
        nearest = min((abs(here - other) for other in logs if other != here), default=0.0)
        if abs(here - middle) >= math.log10(FACTOR) and nearest >= math.log10(GAP) and logs.count(here) == 1:
            yield value, line, 10**middle


def _odd_one(group: list[tuple[float, int]], usual: float, is_series: bool) -> Iterator[tuple[float, int, float]]:
    """Of two or three figures of one series, the one that is far from the others and from the whole column."""
    if not is_series or not 2 <= len(group) < SMALLEST_GROUP:
        return
    odd = max(group, key=lambda entry: abs(math.log10(entry[0]) - usual))
    nearest = min((value for value, line in group if line != odd[1]), key=lambda v: abs(math.log10(v / odd[0])))
    if abs(math.log10(nearest / odd[0])) >= math.log10(FACTOR):
        yield odd[0], odd[1], nearest


def _times(value: float, typical: float) -> str:
    ratio = value / typical
    return f"{ratio:,.0f} times" if ratio > 1 else f"1/{1 / ratio:,.0f} of"


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
