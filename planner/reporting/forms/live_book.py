"""Workbooks whose formulas live.

`Cells` are written as lines of sheets: one row one formula, the same columns the same years on every sheet. Label, unit,
constant and total stand left of time (columns A to D); column E is empty, so that an opening balance of the first year is
nought. Inputs are blue, formulas black, what is only taken over from another sheet green.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from planner.finance.yearly_rows import YearStep, after, before, carried, carried_back
from planner.reporting.forms.formulas import FIRST, Cells
from planner.reporting.parts import Part, ReportTable, Text

CONSTANT, TOTAL, ACROSS = 2, 3, 10
"""Columns of constants and totals, last column of the front."""
WIDE, LABELS, COMMON, NARROW = 90, 44, 18, 12
"""Widths of columns: the first of a sheet without years, of one with years, others, others of the front."""
LINE, LETTERS = 15.0, 150
"""Height of a line of text (points), and how many letters of it the front is wide."""
INPUT, FORMULA, LINK, SHARE, HEAD, NOTE = "input", "formula", "link", "share", "head", "note"
LOOKS: dict[str, dict[str, Any]] = {
    INPUT: {"font_color": "#0000FF", "num_format": "#,##0.0###"},
    FORMULA: {"num_format": "#,##0.0###"},
    LINK: {"font_color": "#00702E", "num_format": "#,##0.00"},
    SHARE: {"font_color": "#00702E", "num_format": "0.0%"},
    HEAD: {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
    NOTE: {"text_wrap": True, "valign": "top"},
}
CHOICES: dict[str, Any] = {
    "validate": "list",
    "source": ["1", "2", "3"],
    "error_message": "1 value, 2 low, 3 high",
}
"""What may be entered as a choice."""
LINKED = re.compile(r"'[^']*'!(\{now\}|\$[A-Z]+\$)\d+")
NOT_IN_NAMES = re.compile(r"\W")
LONGEST_MESSAGE = 255
"""Letters of a message that a spreadsheet shows for what may not be entered."""
ADDED, BALANCE = ("MUSD", "t"), "end of the year"
"""Units of rows that have a total, unless their label says that they are balances."""


@dataclass(frozen=True, kw_only=True)
class SheetPlan:
    """A sheet to come. timed: its columns are years. colour: of its tab. front: it is printed as one page, sentences run across all columns."""

    name: str
    title: str
    timed: bool
    colour: str
    front: bool = False


class LiveBook:
    """A workbook over some years; sheets are filled from top to bottom.

    heading: stands above the rows to come, on each sheet that gets one.
    """

    def __init__(
        self, book: Any, years: Sequence[int], checks: str, sheets: Sequence[SheetPlan]
    ) -> None:
        self.looks = {name: book.add_format(look) for name, look in LOOKS.items()}
        self._book = book
        self.years, self.heading = len(years), ""
        self._written: dict[tuple[str, str, str], Cells] = {}
        self.sheets = {}
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            self._lay_out(page, sheet)
            page.set_tab_color(sheet.colour)
            page.write_string(0, 0, sheet.title, self.looks[HEAD])
            page.write_string(0, 1, "checks failed")
            page.write_formula(0, CONSTANT, checks, None, 0)
            if sheet.timed:
                page.write_row(1, 0, ("row", "unit", "constant", "total"), self.looks[HEAD])
                page.write_row(1, FIRST, years, self.looks[HEAD])
                page.freeze_panes(2, FIRST)
            self.sheets[sheet.name] = LiveSheet(self, page, sheet.name, sheet.front)

    def _lay_out(self, page: Any, sheet: SheetPlan) -> None:
        """Paper and widths of columns."""
        page.set_landscape()
        page.fit_to_pages(1, 0)
        is_narrow = sheet.timed or sheet.front
        page.set_column(0, 0, LABELS if is_narrow else WIDE)
        page.set_column(1, TOTAL, NARROW if sheet.front else COMMON)
        page.set_column(TOTAL + 1, ACROSS, NARROW if is_narrow else COMMON)

    def line(self, cells: Cells, sheet: str, label: str, unit: str) -> Cells:
        """Write a formula as a line of a sheet, unless it stands there; what others name it by."""
        key = sheet, label, cells.text
        if key not in self._written:
            self._written[key] = self.sheets[sheet].formula(cells, label, unit)
        return self._written[key]

    def name(self, what: str, cells: Cells) -> None:
        """Let a cell of an input be called by its term, in formulas of the user's own."""
        plain = NOT_IN_NAMES.sub("_", what)
        self._book.define_name(f"in_{plain}", f"={cells.text}")

    def balance(
        self,
        step: YearStep,
        rows: Sequence[Cells],
        *,
        sheet: str,
        label: str,
        unit: str,
        backward: bool = False,
    ) -> Cells:
        """Write a line that follows from itself a year before, or `backward` from itself a year after."""
        key = sheet, label, ";".join(row.text for row in rows)
        if key not in self._written:
            page = self.sheets[sheet]
            page.begin()
            first, *others = [np.broadcast_to(row.values.astype(float), self.years) for row in rows]
            carry = carried_back if backward else carried
            values = carry(first, step, others, sheet=sheet, label=label, unit=unit)
            beside = "{after}" if backward else "{before}"
            moved = after(values) if backward else before(values)
            opening = Cells(self, moved, f"'{sheet}'!{beside}{page.row + 1}")
            following: Any = step(opening, *rows)  # may write steps on other sheets
            line = Cells(self, values, following.text)
            self._written[key] = page.formula(line, label, unit)
        return self._written[key]


class LiveSheet:
    """One sheet. Each method writes the next row and returns what others name it by."""

    def __init__(self, book: LiveBook, page: Any, name: str, front: bool) -> None:
        self.book, self.page, self.name, self.front = book, page, name, front
        self.row, self._headed = 2, ""

    def begin(self) -> None:
        """The heading of rows to come, once."""
        if self.book.heading not in ("", self._headed):
            self.head(self.book.heading)
            self._headed = self.book.heading

    def head(self, text: str) -> None:
        """A heading, after a free row."""
        self.page.write_string(self.row + 1, 0, text, self.book.looks[HEAD])
        self.row += 2

    def _next(self, label: str, unit: str) -> int:
        self.page.write_string(self.row, 0, label)
        self.page.write_string(self.row, 1, unit)
        self.row += 1
        return self.row

    def _by_year(self, values: Any) -> Cells:
        return Cells(self.book, values, f"'{self.name}'!{{now}}{self.row}")

    def _once(self, values: Any) -> Cells:
        return Cells(self.book, values, f"'{self.name}'!${xl_col_to_name(CONSTANT)}${self.row}")

    def given(self, label: str, unit: str, values: Any) -> Cells:
        """Inputs by year."""
        self.begin()
        self._next(label, unit)
        self.page.write_row(
            self.row - 1, FIRST, np.asarray(values, float).tolist(), self.book.looks[INPUT]
        )
        return self._by_year(values)

    def each(self, label: str, unit: str, values: Sequence[float]) -> tuple[Cells, ...]:
        """Inputs side by side, each by itself."""
        text = self.given(label, unit, values).text
        out = []
        for place, value in enumerate(values):
            column = f"${xl_col_to_name(FIRST + place)}$"
            out.append(Cells(self.book, value, text.replace("{now}", column)))
        return tuple(out)

    def choice(self, label: str, unit: str, values: tuple[float, float, float]) -> Cells:
        """An input in use, chosen of its value, low and high."""
        row = self.row + 1
        chosen = f"MAX(1,MIN(3,INT($D${row})))"  # a choice out of range fails a check, not the book
        text = f"CHOOSE({chosen},$E${row},$F${row},$G${row})"
        cells = self.formula(Cells(self.book, values[0], text), label, unit)
        self.page.write_row(row - 1, TOTAL, (1, *values), self.book.looks[INPUT])
        self.page.data_validation(row - 1, TOTAL, row - 1, TOTAL, CHOICES)
        return cells

    def constant(self, label: str, unit: str, value: float, source: str = "") -> Cells:
        """An input that holds for all years."""
        self.begin()
        self._next(label, unit)
        self.page.write_number(self.row - 1, CONSTANT, value, self.book.looks[INPUT])
        self.page.write_string(self.row - 1, TOTAL, source)
        return self._once(value)

    def numbered(self, label: str, names: Sequence[str]) -> Cells:
        """An input that is the number of one of some things, the first as delivered."""
        listed = ", ".join(f"{number} {name}" for number, name in enumerate(names, start=1))
        cells = self.constant(label, listed, 1.0)
        allowed = [str(number) for number in range(1, len(names) + 1)]
        rule = CHOICES | {"source": allowed, "error_message": listed[:LONGEST_MESSAGE]}
        self.page.data_validation(self.row - 1, CONSTANT, self.row - 1, CONSTANT, rule)
        return cells

    def left_open(self, label: str, value: float) -> Cells:
        """An input that may be filled in; `value` holds where it is not."""
        cells = self.constant(label, "", 0.0)
        self.page.write_blank(self.row - 1, CONSTANT, None, self.book.looks[INPUT])
        return Cells(self.book, value, f"IF(ISNUMBER({cells.text}),{cells.text},{value:.15g})")

    def formula(self, cells: Cells, label: str, unit: str, shown: Any = None) -> Cells:
        """A formula, over all years or once. shown: what a program that does not compute shows, if not its value."""
        self.begin()
        self._next(label, unit)
        look = self.book.looks[LINK if LINKED.fullmatch(cells.text) else FORMULA]
        if "{" not in cells.text and cells.values.ndim == 0:
            value = cells.values.item() if shown is None else shown
            self.page.write_formula(self.row - 1, CONSTANT, f"={cells.text}", look, value)
            return self._once(cells.values)
        known = np.broadcast_to(cells.values.astype(float), (self.book.years,))
        for place, value in enumerate(known.tolist()):
            text = f"={_in_year(cells.text, FIRST + place)}"
            self.page.write_formula(self.row - 1, FIRST + place, text, look, value)
        line = self._by_year(known)
        if unit in ADDED and BALANCE not in label:
            total = f"=SUM({line.everywhere})"
            plain = self.book.looks[FORMULA]
            self.page.write_formula(self.row - 1, TOTAL, total, plain, known.sum())
        return line

    def part(self, part: Part) -> None:
        """Write a part that the tool worked out: a table, or sentences."""
        if isinstance(part, Text):
            for text in part.paragraphs:
                self.note(text)
        if not isinstance(part, ReportTable):
            return
        self.head(part.title)
        heads = [column.full for column in part.columns]
        self.page.write_row(self.row, 0, heads, self.book.looks[HEAD])
        for cells in part.rows:
            self.row += 1
            for place, value in enumerate(cells):
                self._write(place, value)
        self.row += 1
        if part.note:
            self.note(part.note)

    def _write(self, column: int, value: Any) -> None:
        """A cell of a table: a number, words or several of them; nothing where there is none."""
        is_number = isinstance(value, float | int)
        if is_number and not np.isnan(value):
            self.page.write_number(self.row, column, value, self.book.looks[FORMULA])
        elif value is not None and not is_number:
            words = value if isinstance(value, str) else "; ".join(value)
            self.page.write_string(self.row, column, words)

    def note(self, text: str) -> None:
        """A sentence."""
        if self.front:
            self.page.merge_range(self.row, 0, self.row, ACROSS, text, self.book.looks[NOTE])
            self.page.set_row(self.row, LINE * (1 + len(text) // LETTERS))
        else:
            self.page.write_string(self.row, 0, text, self.book.looks[NOTE])
        self.row += 1


def _in_year(text: str, column: int) -> str:
    """A formula in the column of a year."""
    names = {
        "{now}": xl_col_to_name(column),
        "{before}": xl_col_to_name(column - 1),
        "{after}": xl_col_to_name(column + 1),
    }
    for place, name in names.items():
        text = text.replace(place, name)
    return text
