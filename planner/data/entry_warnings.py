"""Warnings about single entries that are probably mistyped: names, years and figures unlike the others around them.

measures.csv says of a column of figures which rows are alike, what a figure is a multiple of, and between what such
multiples lie in any case of this kind. Ranges are those of projects, people and prices of record, with room of two to
three on either side.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from operator import attrgetter
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import LAST_YEAR, Row, begin_of, conditions, look_of, matching
from planner.data.checks import HINTS
from planner.data.findings import Finding, found
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.data.stages import FORMS, MAGNET, METAL, STAGES
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
_SELLERS = (
    ("imports", "supplier"),
    ("resale", "supplier"),
    ("shocks", "supplier"),
    ("hazards", "supplier"),
)
LEAST = {1: 100.0, 2: 20.0}
"""How far a figure is from the nearest of so many others if it stands out; of more, FAR. So it is from their spread."""
FAR = 5.0
PEAK, STEP = 4.0, 7.0
"""The same of a figure within a series over the years, from both its neighbours, and of the first and the last one."""
TOGETHER = 1.2
"""Figures of one year that are off by the same, within this factor, are meant: two slips are not alike."""


def _used(case: Case, places: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Row, str]]:
    """Name, row and column wherever a name stands in one of the columns."""
    for table, column in places:
        yield from (
            (name, row, column) for row in case.tables.rows(table) if (name := getattr(row, column))
        )


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
                how = (
                    "case" if other.casefold() == name.casefold() else "letters that look the same"
                )
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
        for year, row in zip(
            map(attrgetter("year"), case.tables.rows(table)), case.tables.rows(table), strict=True
        ):
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
                yield found(
                    row,
                    column,
                    "odd-year",
                    far=f"far from the horizon, {case.first_year}-{case.last_year}",
                )


class Known:
    """What figures are multiples of."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._own: dict[Good, float] = defaultdict(float)
        """Most that a country uses of a good in a year (t)."""
        by_year: dict[tuple[str, str, int], float] = defaultdict(float)
        for (country, element, form, year), tonnes in case.demand.items():
            self._own[country, element, form] = max(self._own[country, element, form], tonnes)
            by_year[element, form, year] += tonnes
        self._all: dict[tuple[str, str], float] = defaultdict(float)
        """Element, form -> most that all use of it in a year (t)."""
        for (element, form, _), tonnes in by_year.items():
            self._all[element, form] = max(self._all[element, form], tonnes)

    @cached_property
    def needed(self) -> dict[tuple[str, str], float]:
        """Country, skill -> persons that all plants there would need, built as large as they may be."""
        out: dict[tuple[str, str], float] = defaultdict(float)
        for name, row in self.case.projects.items():
            for skill, persons in self.case.staffing[name].items():
                out[row.country, skill] += persons * (row.existing_tpa + row.max_new_tpa)
        return out

    def dysprosium(self, row: Any) -> float:
        """Share of it in a feed: of two neighbours among the elements the one of even number is the more common."""
        return sum(
            share for e, share in self.case.feed_shares[row.feed].items() if e.casefold() == "dy"
        )

    def price(self, row: Any) -> float:
        """Of the element (USD/kg)."""
        return self.case.elements[row.element].price_usd_per_kg or 0.0

    def use(self, row: Any) -> float:
        """What a country uses in a year of a good, and of what is made of it (t)."""
        return sum(
            self._own[row.country, row.element, form] for form in FORMS[FORMS.index(row.form) :]
        )

    def posts(self, row: Any) -> float:
        """Persons of a skill that a country could need."""
        return self.needed[row.country, row.skill]

    def full(self, row: Any) -> float:
        """Tonnes of throughput with which a plant alone would supply all use of one of its elements, the last such."""
        elements = self.case.elements
        if row.stage == MAGNET or not row.feeds:
            forms = (MAGNET,) if row.stage == MAGNET else (METAL, MAGNET)
            return sum(self._all[e, form] for e in elements for form in forms)
        needed = [
            sum(self._all[e, form] for form in FORMS)
            / share
            * (self.case.capacity_use(row.project, feed) if STAGES[row.stage].separates else 1.0)
            for feed in row.feeds
            for e, share in self.case.feed_shares.get(feed, {}).items()
            if share > 0
        ]
        return max(needed, default=0.0)


PER = {
    "dysprosium": "the dysprosium in it, and terbium is always rarer",
    "price": "the price of its element",
    "use": "a year's use there",
    "posts": "all posts there could be",
    "full": "the use of all",
}
"""What figures may be multiples of besides another column of their row, as Known finds it, and what it is called."""


@dataclass(frozen=True)
class Measure:
    """What the figures of a column are, a line of measures.csv.

    where: the rows that are meant, as in a study file. low, high: of the figure, or of its multiple of `per`: a name of
    PER, or another column. like: columns within whose equal values rows are compared, over the years where there are
    years; None: not at all. zero: a blank or 0 is as odd as too small a figure, where others have one.
    """

    table: str
    where: Mapping[str, str]
    column: str
    low: float
    high: float
    per: str
    like: tuple[str, ...] | None
    zero: bool
    rule: str

    def sizes(self, known: Known, rows: Sequence[Any]) -> Vector:
        """What the figures of some rows are multiples of."""
        if not self.per:
            return np.ones(len(rows))
        if self.per in PER:
            return np.array([getattr(known, self.per)(row) for row in rows])
        return np.array([getattr(row, self.per) or 0.0 for row in rows], dtype=float)


def _measures() -> Iterator[Measure]:
    lines = files("planner.data").joinpath("measures.csv").read_text(encoding="utf-8").splitlines()
    for line in csv.DictReader(lines):
        like = (
            tuple(filter(None, line["like"].replace("*", "").split(";"))) if line["like"] else None
        )
        limits = {"low": float(line["low"] or 0), "high": float(line["high"] or math.inf)}
        rule, where, zero = line["rule"] or "far-off", conditions(line["where"]), bool(line["zero"])
        cells: dict[str, Any] = {
            **line,
            **limits,
            "rule": rule,
            "where": where,
            "zero": zero,
            "like": like,
        }
        yield Measure(**cells)


MEASURES = tuple(_measures())


def far_off(case: Case) -> Iterator[Finding]:
    """Figures far from what such figures are, or from all of their like; each is told once."""
    known, told = Known(case), set[tuple[str, int, str]]()
    for measure in MEASURES:
        rows: Sequence[Row] = case.tables.rows(measure.table)
        if measure.where:
            rows = [rows[i] for i in matching(rows, measure.where)]
        if not rows:
            continue
        values = np.array([getattr(row, measure.column) or 0.0 for row in rows], dtype=float)
        sizes = measure.sizes(known, rows)
        ratios = np.divide(values, sizes, out=np.zeros(len(rows)), where=sizes > 0)
        for i, said in (*_outside(measure, values, ratios, sizes), *_unlike(measure, rows, ratios)):
            place = (measure.table, rows[i].line, measure.column)
            if place not in told:
                told.add(place)
                yield Finding(measure.rule, *place, said, f"{values[i]:g}")
    yield from _odd_rates(case)


def _outside(
    measure: Measure, values: Vector, ratios: Vector, sizes: Vector
) -> Iterator[tuple[int, str]]:
    """Positions of figures that are not between low and high."""
    odd = ((ratios < measure.low * (1 - 1e-9)) | (ratios > measure.high * (1 + 1e-9))) & (sizes > 0)
    if not (measure.zero and values.any()):
        odd &= values > 0
    for i in np.flatnonzero(odd).tolist():
        said = f"{values[i]:g} is not between {measure.low:g} and {measure.high:g}, where such figures are"
        if measure.per:
            times = f"{ratios[i]:,.0f}" if ratios[i] >= 10 else f"{ratios[i]:.2g}"
            what = PER.get(measure.per, measure.per)
            said = f"{values[i]:g} is {times} times {what}; usual is {measure.low:g} to {measure.high:g} times"
        yield i, said


def _unlike(measure: Measure, rows: Sequence[Any], ratios: Vector) -> Iterator[tuple[int, str]]:
    """Positions of figures that are far from all of their like, with what they are."""
    if measure.like is None:
        return
    peers = _peers(rows, measure.like)
    off = (
        _peaks(rows, ratios, peers) if hasattr(rows[0], "year") else dict(_isolated(ratios, peers))
    )
    for i, away in off.items():
        times = f"{10**away:,.0f} times" if away > 0 else f"1/{10**-away:,.0f} of"
        yield i, f"{getattr(rows[i], measure.column):g} is {times} what is nearest among its like"


def _isolated(ratios: Vector, peers: NDArray[np.int64]) -> Iterator[tuple[int, float]]:
    """Largest and smallest of a group that are farther from the next one than all others are from each other."""
    usual = float(np.median(np.log10(ratios[ratios > 0]))) if ratios.any() else 0.0
    for group in _wide(ratios, peers):
        logs = np.log10(ratios[group])
        for at, next_one in ((0, 1), (-1, -2)):
            others = np.delete(logs, at)
            away = float(logs[at] - logs[next_one])
            least = math.log10(LEAST.get(len(others), FAR))
            other_is_odd = len(others) == 1 and abs(logs[at] - usual) < abs(others[0] - usual) + at
            if abs(away) >= max(least, float(np.ptp(others))) and not other_is_odd:
                yield int(group[at]), away


def _peaks(rows: Sequence[Any], ratios: Vector, peers: NDArray[np.int64]) -> dict[int, float]:
    """Figures far above or below those of the years beside them, alone in their year."""
    years = np.array([row.year for row in rows])
    order = np.flatnonzero(ratios > 0)
    order = order[np.lexsort((years[order], peers[order]))]
    if len(order) < 2:
        return {}
    steps = np.diff(np.log10(ratios[order]))
    steps[np.diff(peers[order]) != 0] = np.nan
    before, after = np.append(np.nan, steps), -np.append(steps, np.nan)
    within = np.sign(before) * np.sign(after) * np.minimum(
        np.abs(before), np.abs(after)
    ) >= math.log10(PEAK)
    at_end = np.isnan(before) != np.isnan(after)
    at_end &= np.nan_to_num(np.fmax(np.abs(before), np.abs(after))) >= math.log10(STEP)
    off = {
        int(order[k]): float(np.nan_to_num(before[k]) or after[k])
        for k in np.flatnonzero(within | at_end)
    }
    near = math.log10(TOGETHER)
    by_year = defaultdict[int, list[tuple[int, float]]](list)
    for i, away in off.items():
        by_year[int(years[i])].append((i, away))
    return {
        i: away
        for found in by_year.values()
        for i, away in found
        if not any(j != i and abs(away - other) < near for j, other in found)
    }


def _peers(rows: Sequence[Row], columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Number of the group of peers of each row."""
    if not columns:
        return np.zeros(len(rows), dtype=np.int64)
    numbers: dict[object, int] = {}
    return np.array(
        [numbers.setdefault(key, len(numbers)) for key in map(attrgetter(*columns), rows)],
        dtype=np.int64,
    )


def _wide(values: Vector, peers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Positions of the positive values of each group that spans more than FAR, by size; others hold nothing odd."""
    positive = np.flatnonzero(values > 0)
    order = positive[np.lexsort((values[positive], peers[positive]))]
    starts = np.flatnonzero(np.diff(peers[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    wide = (
        values[order[ends - 1]] >= FAR * values[order[starts]]
        if len(order)
        else np.array([], dtype=bool)
    )
    for start, end in zip(starts[wide], ends[wide], strict=True):
        yield order[start:end]


def _odd_rates(case: Case) -> Iterator[Finding]:
    """Rates of the model file that were probably meant in per cent."""
    for key, most in (
        ("discount_rate", 0.25),
        ("risk_discount_rate", 0.25),
        ("objective.risk_slack", 0.5),
    ):
        if (value := float(str(case.model.flat()[key]))) > most:
            yield Finding("far-off", "model", 0, key, f"{value:g} is {value:.0%}", f"{value:g}")
