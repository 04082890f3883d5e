"""Warnings about single figures that are probably mistyped: far from what such figures are, or from all of their like.

A `Measure` says of a column which rows are alike, what a figure is a multiple of, and between what such multiples lie
in any case of this kind. Ranges are those of projects, people and prices of record, with room of two to three on
either side.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import Row
from planner.data.lookups import MAGNET, METAL, OXIDE, Good
from planner.data.rules import Finding
from planner.data.tree import Vector

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

    @cached_property
    def use(self) -> dict[tuple[str, str], float]:
        """Element, form -> most that all use of it in a year (t)."""
        by_year: dict[tuple[str, str, int], float] = defaultdict(float)
        for (_, element, form, year), tonnes in self.case.demand.items():
            by_year[element, form, year] += tonnes
        out: dict[tuple[str, str], float] = defaultdict(float)
        for (element, form, _), tonnes in by_year.items():
            out[element, form] = max(out[element, form], tonnes)
        return out

    @cached_property
    def posts(self) -> dict[tuple[str, str], float]:
        """Country, skill -> persons that all plants there would need, built as large as they may be."""
        out: dict[tuple[str, str], float] = defaultdict(float)
        for name, row in self.case.projects.items():
            for skill, persons in self.case.staffing[name].items():
                out[row.country, skill] += persons * (row.existing_tpa + row.max_new_tpa)
        return out

    @cached_property
    def own_use(self) -> dict[Good, float]:
        """Most that a country uses of a good in a year (t)."""
        out: dict[Good, float] = defaultdict(float)
        for (country, element, form, _), tonnes in self.case.demand.items():
            out[country, element, form] = max(out[country, element, form], tonnes)
        return out


def _price(known: Known, row: Any) -> float:
    return known.case.elements[row.element].price_usd_per_kg or 0.0


def _own_use(known: Known, row: Any) -> float:
    return known.own_use[row.country, row.element, row.form]


def _taken(known: Known, row: Any) -> float:
    """What a country uses of a good, and of what is made of it."""
    forms = (OXIDE, METAL, MAGNET)
    return sum(known.own_use[row.country, row.element, form] for form in forms[forms.index(row.form) :])


def _posts(known: Known, row: Any) -> float:
    return known.posts[row.country, row.skill]


def _full(known: Known, row: Any) -> float:
    """Tonnes of throughput with which a plant alone would supply all use of one of its elements, of the last such."""
    total = {e: sum(known.use[e, form] for form in (OXIDE, METAL, MAGNET)) for e in known.case.elements}
    if row.stage == MAGNET:
        return sum(known.use[e, MAGNET] for e in total)
    if not row.feeds:
        return sum(known.use[e, form] for e in total for form in (METAL, MAGNET))
    needed = [
        total[e] / share * (known.case.capacity_use(row.project, feed) if row.stage != "mine" else 1.0)
        for feed in row.feeds
        for e, share in known.case.feed_shares.get(feed, {}).items()
        if share > 0
    ]
    return max(needed, default=0.0)


def _column(name: str) -> Callable[[Known, Any], float]:
    return lambda _, row: getattr(row, name) or 0.0


@dataclass(frozen=True)
class Measure:
    """A column, and what its figures are. low, high: of the figure, or of its multiple of `per`, which `said` names.

    like: columns within whose equal values rows are compared, over the years where there are years; None: not at all.
    of: the rows that are meant. zero: a blank or 0 is as odd as too small a figure.
    """

    table: str
    column: str
    low: float = 0.0
    high: float = math.inf
    per: Callable[[Known, Any], float] | None = None
    said: str = ""
    like: tuple[str, ...] | None = ()
    of: Callable[[Any], bool] = lambda _: True
    zero: bool = False
    rule: str = "far-off"


def _new(stage: str = "", basis: str = "") -> Callable[[Any], bool]:
    return lambda row: row.max_new_tpa > 0 and row.stage.startswith(stage) and row.basis.startswith(basis)


def _hires(row: Any) -> bool:
    return bool(row.hires_per_year > 0)


def _is_magnet(row: Any) -> bool:
    return bool(row.stage == MAGNET)


def _is_not_magnet(row: Any) -> bool:
    return not _is_magnet(row)


_PLANTS = ("stage", "basis")
SIZES = ("existing_tpa", "max_new_tpa")
CAPEX = {
    ("mine", ""): (1e4, 6e5),
    ("separation", "treo"): (6e3, 3e5),
    ("separation", "heavy"): (3e4, 8e5),
    ("metal", ""): (2e4, 5e5),
    (MAGNET, ""): (5e4, 2e7),
}
"""USD per t/y of new plants, as their stage counts tonnes."""
OPEX = {
    ("mine", ""): (50, 1e5),
    ("separation", "treo"): (5e2, 1e5),
    ("separation", "heavy"): (5e3, 2e5),
    ("metal", ""): (1e4, 2e5),
    (MAGNET, ""): (2e4, 4e5),
}
"""USD per tonne."""
MEASURES = (
    Measure("countries", "weight", 0.2, 5),
    Measure("countries", "cost_index", 0.3, 3),
    Measure("elements", "loss_usd_per_kg", 8, 400, _price, "its price", like=None),
    Measure("elements", "loss_usd_per_kg", 0.1, 1e6, like=None),
    Measure("elements", "price_usd_per_kg", 0.01, 1e5, like=None),
    Measure("loss_tiers", "loss_usd_per_kg", 0.3, 5000, _price, "the price of its element", ("up_to_share",)),
    Measure("demand", "tonnes", like=("country", "element", "form")),
    Measure("imports", "tonnes", like=("supplier", "country", "element", "form")),
    Measure("imports", "tonnes", 0, 8, _taken, "what the country uses of it", like=None),
    Measure("budgets", "musd", 0.01, 1e5, like=("funder",)),
    Measure("feeds", "share", like=("element",)),
    *(
        Measure("projects", "capex_usd_per_tpa", *ends, like=_PLANTS, of=_new(*plants), zero=True)
        for plants, ends in CAPEX.items()
    ),
    *(
        Measure("projects", "variable_opex_usd_per_t", *ends, like=_PLANTS, of=_new(*plants), zero=True)
        for plants, ends in OPEX.items()
    ),
    Measure(
        "projects", "fixed_opex_usd_per_tpa", 0.002, 0.1, _column("capex_usd_per_tpa"), "its capex", _PLANTS, _new()
    ),
    Measure("projects", "public_share", 0.12, 1, of=_new()),
    Measure("projects", "lead_time_years", 1, 9, like=("stage",), of=_new(), zero=True),
    Measure("projects", "recovery", 0.3, 0.995, like=("stage",), of=lambda row: row.stage != "mine"),
    Measure("projects", "unit_tpa", 0.03, 1, _column("max_new_tpa"), "max_new_tpa", rule="unit-above-most"),
    *(Measure("projects", size, 0, 4, _full, "the use of all", _PLANTS, _is_not_magnet) for size in SIZES),
    *(Measure("projects", size, 0, 5, _full, "the use of all", (), _is_magnet, rule="magnet-tonnes") for size in SIZES),
    Measure("recoveries", "recovery", 0.3, 1),
    Measure("ramps", "share", 0.06, 1, like=("year_after_start",)),
    Measure("skills", "attrition", 0.02, 0.4),
    Measure("skills", "mentor_ratio", 0.2, 8),
    Measure("workforce", "initial", 0, 30, _posts, "all posts there could be"),
    Measure("workforce", "hires_per_year", 0.01, 10, _posts, "all posts there could be"),
    Measure("workforce", "hires_per_year", 0.06, 3, _column("initial"), "the staff there is", like=None),
    Measure("workforce", "hire_cost_usd", 2.1e4, 1.5e6, of=_hires, zero=True),
    Measure("training", "duration_years", 1, 8),
    Measure("training", "seats", 0.004, 5, _posts, "all posts there could be"),
    Measure("training", "max_new_seats", 0.01, 10, _posts, "all posts there could be"),
    Measure("training", "cost_per_trainee_usd", 1.1e4, 6e5),
    Measure("training", "cost_per_seat_usd", 6e3, 4.9e5, of=lambda row: row.max_new_seats > 0, zero=True),
    Measure("training", "completion_rate", 0.3, 0.995),
    Measure("staffing", "persons_per_ktpa", 0.02, 800, like=("stage", "skill")),
    Measure("shocks", "factor", 0.01, 10, like=None, of=lambda row: row.kind != "delay"),
    Measure("shocks", "factor", 1, 8, like=None, of=lambda row: row.kind == "delay"),
    Measure("resale", "share", 0.01, 1),
    Measure("hazards", "factor_high", 0.01, 10, like=None),
    Measure("hazards", "probability", 0.001, 1, like=None),
    Measure("hazards", "quarters_high", 1, 60, like=None),
    Measure("hazards", "years_high", 1, 15, like=None),
    Measure("stockpiles", "purchase_usd_per_kg", 0.3, 6, _price, "the price of its element"),
    Measure(
        "stockpiles",
        "holding_usd_per_kg_year",
        0.003,
        0.12,
        _column("purchase_usd_per_kg"),
        "what it is bought for, a year",
        zero=True,
    ),
    Measure("stockpiles", "max_t", 0.005, 5, _own_use, "a year's use there", like=None),
)
"""What figures of a case of this kind are."""


def far_off(case: Case) -> Iterator[Finding]:
    """Figures far from what such figures are, or from all of their like; each is told once."""
    known, told = Known(case), set[tuple[str, int, str]]()
    for measure in MEASURES:
        rows = [row for row in case.tables.rows(measure.table) if measure.of(row)]
        if not rows:
            continue
        values = np.array([getattr(row, measure.column) or 0.0 for row in rows], dtype=float)
        sizes = np.array([measure.per(known, row) for row in rows]) if measure.per else np.ones(len(rows))
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
    if not measure.zero:
        odd &= values > 0
    for i in np.flatnonzero(odd).tolist():
        said = f"{values[i]:g} is not between {measure.low:g} and {measure.high:g}, where such figures are"
        if measure.said:
            times = f"{ratios[i]:,.0f}" if ratios[i] >= 10 else f"{ratios[i]:.2g}"
            said = f"{values[i]:g} is {times} times {measure.said}; usual is {measure.low:g} to {measure.high:g} times"
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
