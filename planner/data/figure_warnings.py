"""Warnings about single figures that are probably mistyped: far from what such figures are, or from all of their like.

measures.csv says of a column which rows are alike, what a figure is a multiple of, and between what such multiples lie
in any case of this kind. Ranges are those of projects, people and prices of record, with room of two to three on
either side.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import Row, conditions, matching
from planner.data.findings import Finding
from planner.data.lookups import MAGNET, METAL, OXIDE, Good
from planner.data.scenario_tree import Vector

LEAST = {1: 100.0, 2: 20.0}
"""How far a figure is from the nearest of so many others if it stands out; of more, FAR. So it is from their spread."""
FAR = 5.0
PEAK, STEP = 4.0, 7.0
"""The same of a figure within a series over the years, from both its neighbours, and of the first and the last one."""
TOGETHER = 1.2
"""Figures of one year that are off by the same, within this factor, are meant: two slips are not alike."""


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
    def _needed(self) -> dict[tuple[str, str], float]:
        """Country, skill -> persons that all plants there would need, built as large as they may be."""
        out: dict[tuple[str, str], float] = defaultdict(float)
        for name, row in self.case.projects.items():
            for skill, persons in self.case.staffing[name].items():
                out[row.country, skill] += persons * (row.existing_tpa + row.max_new_tpa)
        return out

    def price(self, row: Any) -> float:
        """Of the element (USD/kg)."""
        return self.case.elements[row.element].price_usd_per_kg or 0.0

    def use(self, row: Any) -> float:
        """What a country uses in a year of a good, and of what is made of it (t)."""
        return sum(self._own[row.country, row.element, form] for form in FORMS[FORMS.index(row.form) :])

    def posts(self, row: Any) -> float:
        """Persons of a skill that a country could need."""
        return self._needed[row.country, row.skill]

    def full(self, row: Any) -> float:
        """Tonnes of throughput with which a plant alone would supply all use of one of its elements, the last such."""
        elements = self.case.elements
        if row.stage == MAGNET or not row.feeds:
            forms = (MAGNET,) if row.stage == MAGNET else (METAL, MAGNET)
            return sum(self._all[e, form] for e in elements for form in forms)
        needed = [
            sum(self._all[e, form] for form in FORMS)
            / share
            * (self.case.capacity_use(row.project, feed) if row.stage != "mine" else 1.0)
            for feed in row.feeds
            for e, share in self.case.feed_shares.get(feed, {}).items()
            if share > 0
        ]
        return max(needed, default=0.0)


FORMS = (OXIDE, METAL, MAGNET)
PER = {
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
        like = tuple(filter(None, line["like"].replace("*", "").split(";"))) if line["like"] else None
        limits = {"low": float(line["low"] or 0), "high": float(line["high"] or math.inf)}
        rule, where, zero = line["rule"] or "far-off", conditions(line["where"]), bool(line["zero"])
        cells: dict[str, Any] = {**line, **limits, "rule": rule, "where": where, "zero": zero, "like": like}
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


def _outside(measure: Measure, values: Vector, ratios: Vector, sizes: Vector) -> Iterator[tuple[int, str]]:
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
    off = _peaks(rows, ratios, peers) if hasattr(rows[0], "year") else dict(_isolated(ratios, peers))
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
    within = np.sign(before) * np.sign(after) * np.minimum(np.abs(before), np.abs(after)) >= math.log10(PEAK)
    at_end = np.isnan(before) != np.isnan(after)
    at_end &= np.nan_to_num(np.fmax(np.abs(before), np.abs(after))) >= math.log10(STEP)
    off = {int(order[k]): float(np.nan_to_num(before[k]) or after[k]) for k in np.flatnonzero(within | at_end)}
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
    return np.array([numbers.setdefault(key, len(numbers)) for key in map(attrgetter(*columns), rows)], dtype=np.int64)


def _wide(values: Vector, peers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Positions of the positive values of each group that spans more than FAR, by size; others hold nothing odd."""
    positive = np.flatnonzero(values > 0)
    order = positive[np.lexsort((values[positive], peers[positive]))]
    starts = np.flatnonzero(np.diff(peers[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    wide = values[order[ends - 1]] >= FAR * values[order[starts]] if len(order) else np.array([], dtype=bool)
    for start, end in zip(starts[wide], ends[wide], strict=True):
        yield order[start:end]


def _odd_rates(case: Case) -> Iterator[Finding]:
    """Rates of the model file that were probably meant in per cent."""
    for key, most in (("discount_rate", 0.25), ("risk_discount_rate", 0.25), ("objective.risk_slack", 0.5)):
        if (value := float(str(case.model.flat()[key]))) > most:
            yield Finding("far-off", "model", 0, key, f"{value:g} is {value:.0%}", f"{value:g}")
