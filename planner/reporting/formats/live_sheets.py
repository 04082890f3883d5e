"""Sheets of a workbook whose formulas live: one row one formula, the same columns the same years on every sheet.

Label, unit, constant and total stand left of time (columns A to D); column E is empty, so that an opening balance of
the first year is nought. Inputs are blue, formulas black, what is only taken over from another sheet green.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.utility import xl_col_to_name

from planner.finance.deck import Array, Levels
from planner.finance.risk import base_levels
from planner.finance.support import with_support
from planner.reporting.charts.business_case import columns
from planner.reporting.values.wording import Names
from planner.results.business_case import BusinessCase, Sold

CONSTANT, TOTAL, FIRST, WIDE = 2, 3, 5, 90
"""Columns of constants, totals and the first year; width of the first column of a sheet without years."""
INPUT, FORMULA, LINK, RATE, HEAD, NOTE = "input", "formula", "link", "rate", "head", "note"
Numbers = NDArray[Any]
LOOKS: dict[str, dict[str, Any]] = {
    INPUT: {"font_color": "#0000FF", "num_format": "#,##0.0###"},
    FORMULA: {"num_format": "#,##0.0###"},
    LINK: {"font_color": "#00702E", "num_format": "#,##0.0###"},
    RATE: {"font_color": "#00702E", "num_format": "0.0%"},
    HEAD: {"bold": True, "bottom": 1},
    NOTE: {"text_wrap": True, "valign": "top"},
}


@dataclass(frozen=True)
class Line:
    """A row of a sheet, as other rows name it: in the same year, the year before, over all years, or its constant."""

    sheet: str
    row: int
    last: int

    def __str__(self) -> str:
        return f"'{self.sheet}'!{{now}}{self.row}"

    @property
    def before(self) -> str:
        """The cell of the year before."""
        return f"'{self.sheet}'!{{before}}{self.row}"

    @property
    def all(self) -> str:
        """The cells of all years."""
        return f"'{self.sheet}'!${xl_col_to_name(FIRST)}${self.row}:${xl_col_to_name(self.last)}${self.row}"

    @property
    def constant(self) -> str:
        """The cell of the constant."""
        return f"'{self.sheet}'!${xl_col_to_name(CONSTANT)}${self.row}"


class LiveBook:
    """A workbook over some years; sheets are filled from top to bottom."""

    def __init__(self, book: Any, years: Sequence[int], checks: str) -> None:
        self.looks = {name: book.add_format(look) for name, look in LOOKS.items()}
        self._book, self._years, self._checks = book, years, checks
        self.inputs: list[tuple[str, str, float]] = []
        """What, cells and value as delivered of each input: its cells times the numbers of their columns, added."""

    def sheet(self, name: str, title: str, *, timed: bool = True) -> LiveSheet:
        """A new sheet with its title, the sum of all checks, and the years where it has them."""
        page = self._book.add_worksheet(name)
        page.set_column(0, 0, 44 if timed else WIDE)
        page.set_column(1, TOTAL, 18)
        page.write_string(0, 0, title, self.looks[HEAD])
        page.write_string(0, 1, "checks failed")
        page.write_formula(0, CONSTANT, self._checks, None, 0)
        if timed:
            for place, head in enumerate(("row", "unit", "constant", "total")):
                page.write_string(1, place, head, self.looks[HEAD])
            for place, year in enumerate(self._years):
                page.write_number(1, FIRST + place, year, self.looks[HEAD])
            page.freeze_panes(2, FIRST)
        return LiveSheet(self, page, name, len(self._years))


class LiveSheet:
    """One sheet. Each method writes the next row and returns how others name it."""

    def __init__(self, book: LiveBook, page: Any, name: str, years: int) -> None:
        self.book, self.page, self.name, self.years = book, page, name, years
        self.row = 2

    def head(self, text: str) -> None:
        """A heading, after a free row."""
        self.page.write_string(self.row + 1, 0, text, self.book.looks[HEAD])
        self.row += 2

    def _next(self, label: str, unit: str) -> Line:
        self.page.write_string(self.row, 0, label)
        self.page.write_string(self.row, 1, unit)
        self.row += 1
        return Line(self.name, self.row, FIRST + self.years - 1)

    def given(self, label: str, unit: str, values: Sequence[float] | Array) -> Line:
        """Inputs by year."""
        line = self._next(label, unit)
        for place, value in enumerate(np.asarray(values, float).tolist()):
            self.page.write_number(line.row - 1, FIRST + place, value, self.book.looks[INPUT])
        self._delivered(line, FIRST, values)
        return line

    def _delivered(self, line: Line, column: int, values: Sequence[float] | Array) -> None:
        numbers = np.asarray(values, float)
        last = xl_col_to_name(column + len(numbers) - 1)
        cells = f"'{self.name}'!${xl_col_to_name(column)}${line.row}:${last}${line.row}"
        weighed = float(numbers @ np.arange(column + 1, column + 1 + len(numbers)))
        self.book.inputs.append((f"{self.name} row {line.row}", cells, weighed))

    def choice(self, label: str, unit: str, values: tuple[float, float, float]) -> Line:
        """An input in use, chosen of its value, low and high."""
        row = self.row + 1
        line = self.once(label, unit, f"=CHOOSE($D${row},$E${row},$F${row},$G${row})", values[0])
        for place, value in enumerate((1, *values), start=TOTAL):
            self.page.write_number(row - 1, place, value, self.book.looks[INPUT])
        self._delivered(line, CONSTANT, values[:1])
        return line

    def timed(
        self, label: str, unit: str, formula: str, values: Numbers, *, total: bool = False, look: str = FORMULA
    ) -> Line:
        """One formula over all years. {now}, {before}: columns of the year and of the one before."""
        line = self._next(label, unit)
        known = np.broadcast_to(np.asarray(values, float), (self.years,)).tolist()
        for place, value in enumerate(known):
            now, before = xl_col_to_name(FIRST + place), xl_col_to_name(FIRST + place - 1)
            cell = formula.replace("{now}", now).replace("{before}", before)
            self.page.write_formula(line.row - 1, FIRST + place, cell, self.book.looks[look], value)
        if total:
            self.page.write_formula(line.row - 1, TOTAL, f"=SUM({line.all})", self.book.looks[FORMULA], sum(known))
        return line

    def once(self, label: str, unit: str, formula: str, value: float | None, look: str = FORMULA) -> Line:
        """A formula that holds for all years. value: None where there is none, as of a rate of return."""
        line = self._next(label, unit)
        shown = "" if value is None else value
        self.page.write_formula(line.row - 1, CONSTANT, formula, self.book.looks[look], shown)
        return line

    def constant(self, label: str, unit: str, value: float, source: str = "") -> Line:
        """An input that holds for all years."""
        line = self._next(label, unit)
        self.page.write_number(line.row - 1, CONSTANT, value, self.book.looks[INPUT])
        self.page.write_string(line.row - 1, TOTAL, source)
        self._delivered(line, CONSTANT, [value])
        return line

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Values that the tool worked out, under headings."""
        for place, head in enumerate(heads):
            self.page.write_string(self.row, place, head, self.book.looks[HEAD])
        for row in rows:
            self.row += 1
            for place, value in enumerate(row):
                if isinstance(value, str):
                    self.page.write_string(self.row, place, value)
                elif value is not None and value == value:
                    self.page.write_number(self.row, place, value, self.book.looks[FORMULA])
        self.row += 2

    def note(self, text: str) -> None:
        """A sentence."""
        self.page.write_string(self.row, 0, text, self.book.looks[NOTE])
        self.row += 1


def added(lines: Sequence[Line]) -> str:
    """A formula that adds rows up."""
    return "=" + ("+".join(map(str, lines)) or "0")


@dataclass
class Book:
    """The sheets in order, and the rows that others refer to."""

    found: BusinessCase
    names: Names
    sheets: dict[str, LiveSheet] = field(default_factory=dict)
    term: dict[str, str] = field(default_factory=dict)
    line: dict[tuple[object, ...], Line] = field(default_factory=dict)
    supported: dict[str, str] = field(default_factory=dict)
    checks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def modes(self) -> list[tuple[str, Sold]]:
        """Each answer to what is sold, and the case with the least support, with their titles."""
        more = self.found.supported
        return [*columns(self.found), *([("with the least support", more)] if more else [])]

    def terms(self, mode: int) -> tuple[dict[str, str], Levels]:
        """Cells of the terms of a mode, and their levels."""
        x, cheapest = base_levels(self.found.investment, self.found.terms), self.found.cheapest
        if mode < len(columns(self.found)) or cheapest is None or cheapest.amount is None:
            return self.term, x
        return self.term | self.supported, with_support(x, cheapest.kind, cheapest.amount)
