"""Figures that are probably mistyped: far from what such figures are, or unlike the others around them.

measures.csv says of a column of figures which rows are alike, what a figure is a multiple of, and between what such
multiples lie in any case of this kind. Ranges are those of projects, people and prices of record, with room of two to
three on either side. A line with a rule of its own has the words of that rule.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, NamedTuple

from planner.data.thresholds import FAR, FAR_OF_FEW, ROUNDING, TOGETHER
from planner.data.warnings.amounts import AMOUNTS, UNKNOWN
from planner.data.warnings.facts import CaseFacts
from planner.errors import EVERY_RULE, Fault, fault


@dataclass(frozen=True, kw_only=True)
class WarningMeasure:
    """A line of measures.csv: usual sizes of the figures of a column.

    where: the rows that are meant, as in a study file. low, high: of the figure, or of its multiple of `per`: an amount
    of `amounts`, or another column. like: columns within whose equal values rows are compared, over the years where there are
    years; `*`: all rows. zero: a figure of 0 is odd too, `one` where others have a figure, `all` where none has one,
    `ever` in both cases. commodity: the range holds for cases about it alone.
    """

    rule: str
    table: str
    where: str
    column: str
    low: float
    high: float
    per: str
    like: str
    zero: str
    commodity: str

    def size(self, facts: CaseFacts, row: Any) -> float:
        """What the figure of a row is a multiple of."""
        if not self.per:
            return 1.0
        if self.per in AMOUNTS:
            return AMOUNTS[self.per].of(facts, row)
        return getattr(row, self.per) or UNKNOWN


class MeasuredFigure(NamedTuple):
    """A figure of a row, and what it is a multiple of."""

    row: Any
    value: float
    size: float

    @property
    def ratio(self) -> float:
        """The multiple."""
        return self.value / self.size


def _read_measures() -> Iterator[WarningMeasure]:
    text = files("planner.data.warnings").joinpath("measures.csv").read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        cells: dict[str, Any] = dict(line)
        cells["low"] = float(line["low"] or 0)
        cells["high"] = float(line["high"] or math.inf)
        yield WarningMeasure(**cells)


MEASURES = tuple(_read_measures())


def odd_figures(facts: CaseFacts) -> Iterator[Fault]:
    """Figures far from what such figures are, or from all of their like; a rule asks once about a cell."""
    cells = set[tuple[str, str, int, str]]()
    for measure in MEASURES:
        if measure.commodity not in ("", facts.case.commodity):
            measure = replace(measure, low=0.0, high=math.inf)
        figures = list(_figures(facts, measure))
        for figure, message in (*_out_of_range(measure, figures), *_unlike(measure, figures)):
            rule = measure.rule or ("far-off" if figure.value else "zero-figure")
            cell = (rule, measure.table, figure.row.line, measure.column)
            if cell not in cells:
                cells.add(cell)
                yield fault(
                    rule,
                    measure.table,
                    figure.row.line,
                    measure.column,
                    message=message,
                    value=f"{figure.value:g}",
                )


def _figures(facts: CaseFacts, measure: WarningMeasure) -> Iterator[MeasuredFigure]:
    """Figures of a measure that are filled in."""
    for row in facts.rows(measure.table, measure.where):
        value = getattr(row, measure.column)
        if measure.column == "lead_time_years":
            value = facts.case.lookups.lead_time(row.project)
        if value is not None:
            yield MeasuredFigure(row, value, measure.size(facts, row))


def _out_of_range(
    measure: WarningMeasure, figures: list[MeasuredFigure]
) -> Iterator[tuple[MeasuredFigure, str]]:
    """Figures outside the range of a measure, and what is odd about each."""
    is_any = any(figure.value for figure in figures)
    measured = [figure for figure in figures if figure.size > 0]
    odd_zeros = measured
    if not is_any and not measure.rule:
        odd_zeros = figures[:1]
    if measure.zero in ("ever", "one" if is_any else "all"):
        for figure in odd_zeros:
            if figure.value == 0:
                yield figure, _words(measure, figure)
    for figure in measured:
        is_within = measure.low * (1 - ROUNDING) <= figure.ratio <= measure.high * (1 + ROUNDING)
        if figure.value > 0 and not is_within:
            yield figure, _words(measure, figure)


def _words(measure: WarningMeasure, figure: MeasuredFigure) -> str:
    if measure.rule and EVERY_RULE[measure.rule].told:
        words = EVERY_RULE[measure.rule].told
        names = {"cell": figure.value, "size": figure.size}
        return words.format_map(figure.row.__dict__ | names)
    if not figure.value:
        return "is 0, which such a figure never is"
    value, low, high = f"{figure.value:g}", f"{measure.low:g}", f"{measure.high:g}"
    if not measure.per:
        return f"{value} is not between {low} and {high}, where such figures are"
    times = f"{figure.ratio:,.0f}" if figure.ratio >= 10 else f"{figure.ratio:.2g}"
    per = AMOUNTS[measure.per].words if measure.per in AMOUNTS else measure.per
    return f"{value} is {times} times {per}; usual is {low} to {high} times"


# ---- figures beside their like ---------------------------------------------------------------------------------------


def _unlike(
    measure: WarningMeasure, figures: list[MeasuredFigure]
) -> Iterator[tuple[MeasuredFigure, str]]:
    """Figures that are far from all of their like, and what is odd about each."""
    outstanding: list[tuple[int, float, MeasuredFigure]] = []
    for alike in _groups(measure, figures):
        is_series = hasattr(alike[0].row, "year")
        alike.sort(key=lambda figure: figure.row.year if is_series else figure.ratio)
        powers = [math.log10(figure.ratio) for figure in alike]
        for place, figure in enumerate(alike):
            away = _away(powers, place, is_series)
            if away:
                together = figure.row.year if is_series else figure.row.line
                outstanding.append((together, away, figure))
    for together, away, figure in outstanding:
        # Figures of one year that are off by the same are meant: two slips are not alike.
        others = [other for of_other, other, _ in outstanding if of_other == together]
        if sum(abs(other - away) < math.log10(TOGETHER) for other in others) == 1:
            times = f"{10**away:,.0f} times" if away > 0 else f"1/{10**-away:,.0f} of"
            yield figure, f"{figure.value:g} is {times} what is nearest among its like"


def _groups(
    measure: WarningMeasure, figures: list[MeasuredFigure]
) -> Iterator[list[MeasuredFigure]]:
    """Figures that are compared: two or more above 0 of rows that are alike."""
    columns = [column for column in measure.like.split(";") if column != "*"]
    groups: dict[tuple[object, ...], list[MeasuredFigure]] = defaultdict(list)
    for figure in figures:
        if measure.like and figure.value > 0 and figure.size > 0:
            groups[figure.row.cells(columns)].append(figure)
    for alike in groups.values():
        if len(alike) > 1:
            yield alike


def _away(powers: list[float], place: int, is_series: bool) -> float:
    """Powers of ten by which a figure stands out among others in their order; 0 if it does not.

    In a series over years it is far from both its neighbours; else, by size, the smallest or the largest, and farther from
    the next than all others are from each other.
    """
    others = powers[:place] + powers[place + 1 :]
    steps = [powers[place] - other for other in others[max(place - 1, 0) : place + 1]]
    least = math.log10(FAR)
    if not is_series:
        spread = max(others) - min(others)
        least = max(math.log10(FAR_OF_FEW.get(len(others), FAR)), spread)
    away = min(steps, key=abs)
    is_between = min(steps) < 0 < max(steps)
    return away if abs(away) >= least and not is_between else 0.0
