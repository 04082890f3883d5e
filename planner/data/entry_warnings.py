"""Warnings about single entries that are probably mistyped: names, years and figures unlike the others around them."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from statistics import median

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import LAST_YEAR, Row, begin_of, look_of
from planner.data.checks import HINTS
from planner.data.rules import Finding
from planner.data.schema import TABLES
from planner.data.tree import Vector
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
FACTOR, GAP = 100.0, 20.0
"""A figure stands out if it is this far from the median of its peers, and this far from the nearest of them."""
FAR_FACTOR = 1000.0
"""The same for two or three figures that are not of one series."""
FROM_PRICE = 30.0
"""The same for what is paid for a stock, from the price of the element."""
MOST_LATE = 15.0
"""Years that a shock of kind delay adds, beyond which it is none."""
_SHARES = (0.01, 1.0)
USUAL: dict[str, dict[str, tuple[float, float]]] = {
    "elements": {"loss_usd_per_kg": (0.1, 1e6), "price_usd_per_kg": (0.01, 1e5)},
    "loss_tiers": {"up_to_share": _SHARES, "loss_usd_per_kg": (0.1, 1e6)},
    "countries": {"weight": (0.01, 100), "cost_index": (0.1, 10)},
    "projects": {
        "capex_usd_per_tpa": (500, 1e7),
        "fixed_opex_usd_per_tpa": (1, 1e6),
        "variable_opex_usd_per_t": (1, 1e6),
        "public_share": _SHARES,
        "recovery": (0.05, 1),
        "lead_time_years": (1, 25),
    },
    "recoveries": {"recovery": (0.05, 1)},
    "ramps": {"share": _SHARES},
    "skills": {"attrition": (0.001, 0.5), "mentor_ratio": (0.1, 100)},
    "workforce": {"hire_cost_usd": (1e3, 1e7)},
    "training": {
        "duration_years": (1, 10),
        "cost_per_trainee_usd": (100, 1e7),
        "cost_per_seat_usd": (100, 1e8),
        "completion_rate": (0.05, 1),
    },
    "staffing": {"persons_per_ktpa": (0.01, 2e4)},
    "budgets": {"musd": (0.01, 1e5)},
    "shocks": {"factor": (0.01, 10)},
    "hazards": {"factor_high": (0.01, 10), "probability": (0.001, 1), "quarters_high": (1, 60), "years_high": (1, 15)},
    "stockpiles": {"holding_usd_per_kg_year": (0.001, 1e4)},
}
"""Between which figures lie that are not 0, in any case of this kind: a unit was mistaken outside of them."""
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


def far_off(case: Case) -> Iterator[Finding]:
    """Figures orders of magnitude off their peers in the same column."""
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if len(rows) < 2:
            continue
        peers = _peers(rows, PEERS.get(table.name, ()))
        for column in table.row.columns():
            if column in NO_MEASURES or column.endswith("_year") or not isinstance(getattr(rows[0], column), float):
                continue
            values = np.array([value or 0.0 for value in map(attrgetter(column), rows)], dtype=float)
            usual = float(np.median(np.log10(values[values > 0]))) if values.any() else 0.0
            for group in _spread(values, peers):
                entries = [(float(values[i]), rows[i].line) for i in group]
                for value, line, typical in (*_outliers(entries), *_odd_one(entries, usual, table.name in SERIES)):
                    said = f"{value:g} is {_times(value, typical)} the usual {typical:g} of its peers"
                    yield Finding("far-off", table.name, line, column, said, f"{value:g}")
    yield from _lonely(case)
    yield from _odd_rates(case)
    yield from _unusual(case)


def _peers(rows: Sequence[Row], columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Number of the group of peers of each row."""
    if not columns:
        return np.zeros(len(rows), dtype=np.int64)
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in map(attrgetter(*columns), rows)], dtype=np.int64)


def _spread(values: Vector, peers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Positions of the positive values of each group that spans more than FACTOR; others hold nothing odd."""
    positive = np.flatnonzero(values > 0)
    order = positive[np.lexsort((values[positive], peers[positive]))]
    starts = np.flatnonzero(np.diff(peers[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    wide = values[order[ends - 1]] >= FACTOR * values[order[starts]] if len(order) else np.array([], dtype=bool)
    for start, end in zip(starts[wide], ends[wide], strict=True):
        yield np.sort(order[start:end])


def _lonely(case: Case) -> Iterator[Finding]:
    """Demand or imports of one figure that is far above every other of the same element and form."""
    entries: dict[tuple[object, ...], list[tuple[float, int, int, str]]] = defaultdict(list)
    first = 0
    for table in ("demand", "imports"):
        rows = [row for row in case.tables.rows(table) if row.tonnes > 0]  # type: ignore[attr-defined]
        series = _peers(rows, PEERS[table]) + first
        first = int(series.max(initial=first)) + 1
        size = np.bincount(series, minlength=first)
        for row, number in zip(rows, series.tolist(), strict=True):
            alone = row.line if size[number] == 1 else 0
            entries[row.element, row.form].append((row.tonnes, number, alone, table))  # type: ignore[attr-defined]
    for (element, form), found in entries.items():
        found.sort()
        for (below, other, _, _), (value, number, line, table) in itertools.pairwise(found):
            # Users of an element differ by much; only what is above all of them by far stands out.
            if line and number != other and value / below >= FACTOR and value == found[-1][0]:
                said = f"{value:g} is {_times(value, below)} the nearest figure for {element} ({form}), {below:g}"
                yield Finding("far-off", table, line, "tonnes", said, f"{value:g}")


def _unusual(case: Case) -> Iterator[Finding]:
    """Figures outside of what such figures are anywhere; prices and losses of an element that do not fit together."""
    for table, columns in USUAL.items():
        for row in case.tables.rows(table):
            for column, (low, high) in columns.items():
                value, delay = getattr(row, column), getattr(row, "kind", "") == "delay"
                if value and not low <= value <= (MOST_LATE if delay else high):
                    said = f"{value:g} is not between {low:g} and {high:g}, where such figures are"
                    yield Finding("far-off", table, row.line, column, said, f"{value:g}")
    for element in case.elements.values():
        if (element.price_usd_per_kg or 0) > element.loss_usd_per_kg > 0:
            said = f"{element.loss_usd_per_kg:g} is less than the price, {element.price_usd_per_kg:g}"
            yield Finding("far-off", "elements", element.line, "loss_usd_per_kg", said, f"{element.loss_usd_per_kg:g}")
    for stock in case.tables.stockpiles:
        paid, price = stock.purchase_usd_per_kg, case.elements[stock.element].price_usd_per_kg or 0.0
        if paid and price and not price / FROM_PRICE <= paid <= price * FROM_PRICE:
            said = f"{paid:g} is {_times(paid, price)} the price of {stock.element}, {price:g}"
            yield Finding("far-off", "stockpiles", stock.line, "purchase_usd_per_kg", said, f"{paid:g}")


def _odd_rates(case: Case) -> Iterator[Finding]:
    """Rates of the model file that were probably meant in per cent."""
    for key, most in (("discount_rate", 0.25), ("risk_discount_rate", 0.25), ("objective.risk_slack", 0.5)):
        if (value := float(str(case.model.flat()[key]))) > most:
            said = f"{value:g} is {value:.0%}"
            yield Finding("far-off", "model", 0, key, said, f"{value:g}")


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
    """Of two or three figures, the one that is far from the others and from the whole column; farther if they are not
    of one series."""
    if not 2 <= len(group) < SMALLEST_GROUP:
        return
    odd = max(group, key=lambda entry: abs(math.log10(entry[0]) - usual))
    nearest = min((value for value, line in group if line != odd[1]), key=lambda v: abs(math.log10(v / odd[0])))
    if abs(math.log10(nearest / odd[0])) >= math.log10(FACTOR if is_series else FAR_FACTOR):
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
