"""Warnings about figures that are probably mistyped: far from what such figures are, or unlike the others around them.

measures.csv says of a column of figures which rows are alike, what a figure is a multiple of, and between what such
multiples lie in any case of this kind. Ranges are those of projects, people and prices of record, with room of two to
three on either side.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import Row, conditions, grouped_by, matching
from planner.data.findings import Finding
from planner.data.investment_tables import DECLARED
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.data.stages import FORMS, MAGNET, METAL, STAGES
from planner.units import KG_PER_TONNE

LEAST = {1: 120.0, 2: 20.0}
"""Times that a figure is away from the nearest of so many others if it stands out; of more, FAR. So it is from their
spread."""
FAR = 5.0
PEAK, STEP = 4.0, 7.0
"""Times that a figure within a series over the years is away from both its neighbours if it stands out, and the first or
the last from its one."""
TOGETHER = 1.2
"""Figures of one year that are off by the same, within this factor, are meant: two slips are not alike."""
ROUNDING = 1e-9
FigurePlaces = NDArray[np.int64]


def posts(case: Case, tonnes: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Country, skill -> persons that plants need to make so many tonnes each (t/y by project)."""
    needed: dict[tuple[str, str], float] = defaultdict(float)
    for name, row in case.projects.items():
        for skill, persons in case.staffing[name].items():
            needed[row.country, skill] += persons * tonnes[name]
    return needed


def all_posts(case: Case) -> dict[tuple[str, str], float]:
    """Country, skill -> persons that all plants there would need, built as large as they may be."""
    return posts(case, {name: row.largest_tpa for name, row in case.projects.items()})


def first_posts(case: Case) -> dict[tuple[str, str], float]:
    """Country, skill -> persons that what exists in the first year needs."""
    return posts(case, {name: case.existing_tpa(name, case.first_year) for name in case.projects})


class Known:
    """Amounts that figures are multiples of."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._own: dict[Good, float] = defaultdict(float)
        """Most that a country uses of a good in a year (t)."""
        by_year: dict[tuple[str, str, int], float] = defaultdict(float)
        for (country, element, form, year), tonnes in case.demand.items():
            good = (country, element, form)
            self._own[good] = max(self._own[good], tonnes)
            by_year[element, form, year] += tonnes
        self._all: dict[tuple[str, str], float] = defaultdict(float)
        """Element, form -> most that all use of it in a year (t)."""
        for (element, form, _), tonnes in by_year.items():
            self._all[element, form] = max(self._all[element, form], tonnes)

    @cached_property
    def _posts(self) -> dict[tuple[str, str], float]:
        return all_posts(self.case)

    def dysprosium(self, row: Any) -> float:
        """Share of it in a feed: of two neighbours among the elements the one of even number is the more common."""
        total = 0.0
        for element, share in self.case.feed_shares[row.feed].items():
            if element.casefold() == "dy":
                total += share
        return total

    def price(self, row: Any) -> float:
        """Price of the element (USD/kg); 0 of a by-product."""
        element = self.case.elements.get(row.element)
        return (element.price_usd_per_kg if element else None) or 0.0

    def dysprosium_price(self, row: Any) -> float:
        """Price of dysprosium (USD/kg)."""
        for name, element in self.case.elements.items():
            if name.casefold() == "dy":
                return element.price_usd_per_kg or 0.0
        return 0.0

    @cached_property
    def _decks(self) -> dict[str, float]:
        """Element or by-product -> the middle one of its prices (USD/kg)."""
        decks: dict[str, float] = {}
        for element, rows in grouped_by(self.case.tables.prices, "element").items():
            decks[element] = median(row.price_usd_per_kg for row in rows)
        return decks

    def deck(self, row: Any) -> float:
        """Price at which the element of a contract is sold (USD/kg)."""
        return self._decks.get(row.element) or self.price(row)

    def capacity(self, row: Any) -> float:
        """Capacity (t/y) that the plant may have."""
        project = self.case.projects.get(row.project)
        return project.largest_tpa if project else 0.0

    def content(self, row: Any) -> float:
        """Tonnes that come with a tonne of capacity at most: as many of what holds it, many more of what it is in."""
        project = self.case.projects[row.project]
        is_whole = STAGES[project.stage].has_feeds and project.basis == "treo"
        return 1.0 if is_whole else MOST_BESIDE

    def sales(self, row: Any) -> float:
        """Money (USD) that the by-product of a tonne of capacity brings in."""
        price = self._decks.get(row.product, 0.0)
        return float(row.tonnes_per_t * price * KG_PER_TONNE)

    def term(self, row: Any) -> float:
        """Value of a term of finance where no case states one."""
        return DECLARED[row.item].value

    def use(self, row: Any) -> float:
        """Tonnes that a country uses in a year of a good, and of what is made of it."""
        forms = FORMS[FORMS.index(row.form) :]
        return sum(self._own[row.country, row.element, form] for form in forms)

    def posts(self, row: Any) -> float:
        """Persons of a skill that a country could need."""
        return self._posts.get((row.country, row.skill), 0.0)

    def full(self, row: Any) -> float:
        """Tonnes of throughput with which a plant alone would supply all use of one of its elements, the last such."""
        case = self.case
        if row.stage == MAGNET or not row.feeds:
            forms = (MAGNET,) if row.stage == MAGNET else (METAL, MAGNET)
            return sum(self._wanted(element, forms) for element in case.elements)
        most = 0.0
        for feed in row.feeds:
            is_separated = STAGES[row.stage].separates
            use = case.capacity_use(row.project, feed) if is_separated else 1.0
            for element, share in case.feed_shares.get(feed, {}).items():
                if share > 0:
                    most = max(most, self._wanted(element, FORMS) / share * use)
        return most

    def _wanted(self, element: str, forms: tuple[str, ...]) -> float:
        """Tonnes of an element that all use in a year, in some forms."""
        return sum(self._all[element, form] for form in forms)


MOST_BESIDE = 100.0
"""Tonnes of a by-product for each tonne of the elements counted, which are a small part of metal and magnets."""
PER = {
    "dysprosium": "the dysprosium in it, and terbium is always rarer",
    "price": "the price of its element",
    "use": "a year's use there",
    "posts": "all posts there could be",
    "full": "the use of all",
    "dysprosium_price": "the price of dysprosium, and terbium is always dearer",
    "deck": "the price of what is sold",
    "capacity": "the capacity of the plant",
    "content": "what comes with a tonne of capacity",
    "sales": "what the by-product brings in",
    "term": "what is usual",
}
"""Amounts that figures may be multiples of besides another column of their row, as Known finds them; their names."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A line of measures.csv: usual sizes of the figures of a column.

    where: the rows that are meant, as in a study file. low, high: of the figure, or of its multiple of `per`: a name of
    PER, or another column. like: columns within whose equal values rows are compared, over the years where there are
    years; None: not at all. zero: a blank or 0 is odd too, `one` where others have a figure, `all` where none has one,
    `ever` in both cases.
    """

    table: str
    where: Mapping[str, str]
    column: str
    low: float
    high: float
    per: str
    like: tuple[str, ...] | None
    zero: str
    rule: str

    def sizes(self, known: Known, rows: Sequence[Any]) -> Vector:
        """Amounts that the figures of some rows are multiples of."""
        if not self.per:
            return np.ones(len(rows))
        if self.per in PER:
            amount = getattr(known, self.per)
            return np.array([amount(row) for row in rows])
        return np.array([getattr(row, self.per) or 0.0 for row in rows], dtype=float)


def _read_measures() -> Iterator[Measure]:
    """The measures of measures.csv, by which a figure is judged to be far off."""
    text = files("planner.data").joinpath("measures.csv").read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        like = None
        if line["like"]:
            columns = line["like"].replace("*", "").split(";")
            like = tuple(filter(None, columns))
        yield Measure(
            table=line["table"],
            where=conditions(line["where"]),
            column=line["column"],
            low=float(line["low"] or 0),
            high=float(line["high"] or math.inf),
            per=line["per"],
            like=like,
            zero=line["zero"],
            rule=line["rule"] or "far-off",
        )


MEASURES = tuple(_read_measures())


def far_off(case: Case) -> Iterator[Finding]:
    """Figures far from what such figures are, or from all of their like; each is told once."""
    known = Known(case)
    told: set[tuple[str, int, str]] = set()
    for measure in MEASURES:
        for row, message in _odd_of(case, known, measure):
            place = (measure.table, row.line, measure.column)
            if place not in told:
                told.add(place)
                yield Finding(
                    rule=measure.rule,
                    table=measure.table,
                    line=row.line,
                    column=measure.column,
                    message=message,
                    value=f"{_figure(row, measure):g}",
                )
    yield from _odd_rates(case)


def _figure(row: Row, measure: Measure) -> float:
    return getattr(row, measure.column) or 0.0


def _odd_of(case: Case, known: Known, measure: Measure) -> Iterator[tuple[Row, str]]:
    """Rows with an odd figure of a measure, and what is odd about it."""
    rows: Sequence[Row] = case.tables.rows(measure.table)
    if measure.where:
        rows = [rows[i] for i in matching(rows, measure.where)]
    if not rows:
        return
    values = np.array([_figure(row, measure) for row in rows], dtype=float)
    sizes = measure.sizes(known, rows)
    ratios = np.divide(values, sizes, out=np.zeros(len(rows)), where=sizes > 0)
    too_low = ratios < measure.low * (1 - ROUNDING)
    too_high = ratios > measure.high * (1 + ROUNDING)
    is_odd = (too_low | too_high) & (sizes > 0)
    if not values.any():
        if measure.zero in ("all", "ever"):
            yield rows[0], "0, as are all of its kind: such a figure is never 0"
        return
    if measure.zero not in ("one", "ever"):
        is_odd &= values > 0
    for i in np.flatnonzero(is_odd).tolist():
        yield rows[i], _out_of_range(measure, values[i], ratios[i])
    if measure.like is None:
        return
    peers = _peers(rows, measure.like)
    for i, away in _unlike(rows, ratios, peers).items():
        times = f"{10**away:,.0f} times" if away > 0 else f"1/{10**-away:,.0f} of"
        yield rows[i], f"{values[i]:g} is {times} what is nearest among its like"


def _out_of_range(measure: Measure, value: float, ratio: float) -> str:
    low, high = f"{measure.low:g}", f"{measure.high:g}"
    if not measure.per:
        return f"{value:g} is not between {low} and {high}, where such figures are"
    times = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"
    per = PER.get(measure.per, measure.per)
    return f"{value:g} is {times} times {per}; usual is {low} to {high} times"


# ---- figures beside their like ---------------------------------------------------------------------------------------


def _unlike(rows: Sequence[Row], ratios: Vector, peers: FigurePlaces) -> dict[int, float]:
    """Places of figures that are far from all of their like -> powers of ten that they are away."""
    if hasattr(rows[0], "year"):
        return _peaks(rows, ratios, peers)
    return _isolated(ratios, peers)


def _isolated(ratios: Vector, peers: FigurePlaces) -> dict[int, float]:
    """Largest and smallest of a group that are farther from the next one than all others are from each other."""
    isolated: dict[int, float] = {}
    usual = float(np.median(np.log10(ratios[ratios > 0]))) if ratios.any() else 0.0
    for group in _wide(ratios, peers):
        logs = np.log10(ratios[group])
        for outer, inner in ((0, 1), (-1, -2)):
            others = np.delete(logs, outer)
            away = float(logs[outer] - logs[inner])
            least = math.log10(LEAST.get(len(others), FAR))
            spread = float(np.ptp(others))
            # Of two figures, that which is nearer to those of all other groups is not the odd one.
            distance, of_other = abs(logs[outer] - usual), abs(others[0] - usual)
            nearer = distance < of_other + outer
            other_is_odd = len(others) == 1 and nearer
            if abs(away) >= max(least, spread) and not other_is_odd:
                isolated[int(group[outer])] = away
    return isolated


def _peaks(rows: Sequence[Any], ratios: Vector, peers: FigurePlaces) -> dict[int, float]:
    """Figures far above or below those of the years beside them, alone in their year."""
    years = np.array([row.year for row in rows])
    positive = np.flatnonzero(ratios > 0)
    order = positive[np.lexsort((years[positive], peers[positive]))]
    if len(order) < 2:
        return {}
    steps = np.diff(np.log10(ratios[order]))
    begins_group = np.diff(peers[order]) != 0
    steps[begins_group] = np.nan
    from_before = np.append(np.nan, steps)
    from_after = -np.append(steps, np.nan)
    same_side = np.sign(from_before) * np.sign(from_after)
    nearer = np.minimum(np.abs(from_before), np.abs(from_after))
    farther = np.fmax(np.abs(from_before), np.abs(from_after))
    is_peak = same_side * nearer >= math.log10(PEAK)
    is_end = np.isnan(from_before) != np.isnan(from_after)
    is_step = is_end & (np.nan_to_num(farther) >= math.log10(STEP))
    by_year: dict[int, dict[int, float]] = defaultdict(dict)
    for k in np.flatnonzero(is_peak | is_step):
        i = int(order[k])
        away = float(np.nan_to_num(from_before[k]) or from_after[k])
        by_year[int(years[i])][i] = away
    peaks: dict[int, float] = {}
    for together in by_year.values():
        for i, away in together.items():
            if not _is_shared(i, together):
                peaks[i] = away
    return peaks


def _is_shared(place: int, together: Mapping[int, float]) -> bool:
    """Another figure of the same year is off by about as much."""
    for other, away in together.items():
        if other != place and abs(together[place] - away) < math.log10(TOGETHER):
            return True
    return False


def _peers(rows: Sequence[Row], columns: tuple[str, ...]) -> FigurePlaces:
    """Number of the group of peers of each row."""
    numbers: dict[tuple[object, ...], int] = {}
    peers = np.zeros(len(rows), dtype=np.int64)
    for i, row in enumerate(rows):
        peers[i] = numbers.setdefault(row.cells(columns), len(numbers))
    return peers


def _wide(values: Vector, peers: FigurePlaces) -> Iterator[FigurePlaces]:
    """Places of the positive values of each group that spans more than FAR, by size; others hold nothing odd."""
    positive = np.flatnonzero(values > 0)
    if not len(positive):
        return
    order = positive[np.lexsort((values[positive], peers[positive]))]
    starts = np.flatnonzero(np.diff(peers[order], prepend=-1))
    for group in np.split(order, starts[1:]):
        if values[group[-1]] >= FAR * values[group[0]]:
            yield group


RATES = {"discount_rate": 0.25, "risk_discount_rate": 0.25, "objective.risk_slack": 0.5}
"""Rates of the model file, and above what they were probably meant in per cent."""


def _odd_rates(case: Case) -> Iterator[Finding]:
    given = case.model.flat()
    for key, most in RATES.items():
        value = float(str(given[key]))
        if value > most:
            said = f"{value:g} is {value:.0%}"
            figure = f"{value:g}"
            yield Finding(rule="far-off", table="model", column=key, message=said, value=figure)
