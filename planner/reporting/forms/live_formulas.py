"""Workbooks whose formulas live.

Amounts that are cells: computed with as arrays are, they keep the formula that gives them. The functions of
`planner.finance` take them in place of arrays; what they name becomes a line of a sheet.

Sheets: one row one formula, the same columns the same years on every sheet. Label, unit, constant and total stand left
of time (columns A to D); column E is empty, so that an opening balance of the first year is nought. Inputs are blue,
formulas black, what is only taken over from another sheet green.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from xlsxwriter.utility import xl_col_to_name

from planner.finance.yearly_rows import after, before, carried, carried_back, row
from planner.reporting.parts import Part, ReportTable, Text

FIRST = 5
"""Column of the first year."""
SUM, PRODUCT, POWER, ATOM = range(4)
OPERATORS: Mapping[Any, tuple[str, int]] = {
    np.add: ("+", SUM),
    np.subtract: ("-", SUM),
    np.multiply: ("*", PRODUCT),
    np.true_divide: ("/", PRODUCT),
    np.power: ("^", POWER),
    np.bitwise_and: ("*", PRODUCT),
}
COMPARISONS = {
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "=",
}
FUNCTIONS = {np.maximum: "MAX", np.minimum: "MIN"}
NEUTRAL: Mapping[Any, str] = {np.multiply: "1", np.add: "0"}
CELL = re.compile(r"\{now\}(\d+)")


class Cells(NDArrayOperatorsMixin):
    """A formula and its values, in a `LiveBook`.

    {now}, {before} and {after} stand for the columns of a year and of those beside it.
    """

    def __init__(self, book: Any, values: Any, text: str, rank: int = ATOM) -> None:
        self.book, self.values, self.text, self.rank = book, np.asarray(values), text, rank

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **_: Any) -> Any:
        if method != "__call__":
            return NotImplemented
        values = ufunc(*(i.values if isinstance(i, Cells) else i for i in inputs))
        one, other = (_texted(i) for i in inputs)
        if ufunc in FUNCTIONS:
            return Cells(self.book, values, f"{FUNCTIONS[ufunc]}({one[0]},{other[0]})")
        if ufunc in COMPARISONS:
            return Cells(self.book, values, f"({one[0]}{COMPARISONS[ufunc]}{other[0]})")
        if ufunc is np.multiply and "0" in (one[0], other[0]):
            return Cells(self.book, values, "0")
        if NEUTRAL.get(ufunc) in (one[0], other[0]):
            return Cells(self.book, values, *(other if one[0] == NEUTRAL[ufunc] else one))
        sign, rank = OPERATORS[ufunc]
        left, right = (
            _within(part, rank, strict)
            for part, strict in ((one, sign == "^"), (other, sign in "-/^"))
        )
        return Cells(self.book, values, f"{left}{sign}{right}", rank)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is not np.where:
            return NotImplemented
        values = np.where(*(a.values if isinstance(a, Cells) else a for a in args))
        return Cells(self.book, values, f"IF({','.join(_texted(a)[0] for a in args)})")

    def sum(self, **_: Any) -> Cells:
        """Over the years."""
        return Cells(self.book, self.values.sum(), f"SUMPRODUCT({self.everywhere})")

    def max(self, **_: Any) -> Cells:
        """Over the years."""
        return Cells(self.book, self.values.max(), f"SUMPRODUCT(MAX({self.everywhere}))")

    def __getitem__(self, _: Any) -> Cells:
        return self

    @property
    def everywhere(self) -> str:
        """The formula over the cells of all years."""
        last = xl_col_to_name(FIRST + self.book.years - 1)
        return CELL.sub(rf"${xl_col_to_name(FIRST)}$\1:${last}$\1", self.text)

    def beside(self, column: str, values: Any) -> Cells:
        """The same line in another year."""
        return Cells(self.book, values, self.text.replace("{now}", column))


def _texted(part: Any) -> tuple[str, int]:
    if isinstance(part, Cells):
        return part.text, part.rank
    value = float(part)
    return ("NA()", ATOM) if np.isnan(value) else (f"{value:.15g}", ATOM if value >= 0 else SUM)


def _within(part: tuple[str, int], rank: int, strict: bool) -> str:
    text, own = part
    return f"({text})" if own < rank or (strict and own == rank) else text


@row.register(Cells)
def _(amounts: Cells, sheet: str, label: str, unit: str) -> Any:
    return amounts.book.line(amounts, sheet, label, unit)


@before.register(Cells)
def _(amounts: Cells) -> Any:
    return amounts.beside("{before}", before(np.asarray(amounts.values)))


@after.register(Cells)
def _(amounts: Cells) -> Any:
    return amounts.beside("{after}", after(np.asarray(amounts.values)))


@carried.register(Cells)
def _(amounts: Cells, step: Callable[..., Any], others: Sequence[Any], **where: str) -> Any:
    return amounts.book.balance(step, [amounts, *others], **where)


@carried_back.register(Cells)
def _(amounts: Cells, step: Callable[..., Any], others: Sequence[Any], **where: str) -> Any:
    return amounts.book.balance(step, [amounts, *others], **where, backward=True)


CONSTANT, TOTAL, ACROSS, WIDE = 2, 3, 10, 90
"""Columns of constants and totals, last column of the front; width of the first column of a sheet without years."""
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
LINKED = re.compile(r"'[^']*'!(\{now\}|\$[A-Z]+\$)\d+")
ABOVE_A_TABLE = 3
"""Rows from where a sheet stands to the first row of a table: a free one, its title, its heads."""
ADDED, BALANCE = ("MUSD", "t"), "end of the year"
"""Units of rows that have a total, unless their label says that they are balances."""


class LiveBook:
    """A workbook over some years; sheets are filled from top to bottom.

    inputs: what, cells and value as delivered of each input: its cells times the numbers of their columns, added.
    heading: stands above the rows to come, on each sheet that gets one.
    """

    def __init__(
        self, book: Any, years: Sequence[int], checks: str, sheets: Sequence[tuple[str, str, bool]]
    ) -> None:
        self.looks = {name: book.add_format(look) for name, look in LOOKS.items()}
        self.years, self.heading = len(years), ""
        self.inputs: list[tuple[str, str, float]] = []
        self._written: dict[tuple[str, str, str], Cells] = {}
        self.sheets = {}
        for name, title, timed in sheets:
            page = book.add_worksheet(name)
            page.set_landscape()
            page.fit_to_pages(1, 0)
            front = (
                name == sheets[0][0]
            )  # printed as one page: its sentences run across all its columns
            page.set_column(0, 0, 44 if timed or front else WIDE)
            page.set_column(1, TOTAL, 12 if front else 18)
            page.set_column(TOTAL + 1, ACROSS, 12 if timed or front else 18)
            page.write_string(0, 0, title, self.looks[HEAD])
            page.write_string(0, 1, "checks failed")
            page.write_formula(0, CONSTANT, checks, None, 0)
            if timed:
                page.write_row(1, 0, ("row", "unit", "constant", "total"), self.looks[HEAD])
                page.write_row(1, FIRST, years, self.looks[HEAD])
                page.freeze_panes(2, FIRST)
            self.sheets[name] = LiveSheet(self, page, name, front)

    def line(self, cells: Cells, sheet: str, label: str, unit: str) -> Cells:
        """Write a formula as a line of a sheet, unless it stands there; what others name it by."""
        key = sheet, label, cells.text
        if key not in self._written:
            self._written[key] = self.sheets[sheet].formula(cells, label, unit)
        return self._written[key]

    def balance(
        self,
        step: Callable[..., Any],
        rows: Sequence[Cells],
        *,
        sheet: str,
        label: str,
        unit: str,
        backward: bool = False,
    ) -> Cells:
        """Write a line that follows from itself a year before, or `backward` from itself a year after."""
        beside, carry = ("{after}", carried_back) if backward else ("{before}", carried)
        page = self.sheets[sheet]
        page.begin()
        opening = Cells(self, 0.0, f"'{sheet}'!{beside}{page.row + 1}")
        text = step(opening, *rows).text
        known = [np.broadcast_to(np.asarray(r.values, float), (self.years,)) for r in rows]
        key = sheet, label, text.replace(opening.text, "")
        if key not in self._written:
            values = carry(known[0], step, known[1:], sheet=sheet, label=label, unit=unit)
            self._written[key] = page.formula(Cells(self, values, text), label, unit)
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

    def _delivered(self, column: int, values: Sequence[float]) -> None:
        last = xl_col_to_name(column + len(values) - 1)
        cells = f"'{self.name}'!${xl_col_to_name(column)}${self.row}:${last}${self.row}"
        weighed = float(np.asarray(values, float) @ np.arange(column + 1, column + 1 + len(values)))
        self.book.inputs.append((f"{self.name} row {self.row}", cells, weighed))

    def given(self, label: str, unit: str, values: Any) -> Cells:
        """Inputs by year."""
        self.begin()
        self._next(label, unit)
        self.page.write_row(
            self.row - 1, FIRST, np.asarray(values, float).tolist(), self.book.looks[INPUT]
        )
        self._delivered(FIRST, list(values))
        return self._by_year(values)

    def each(self, label: str, unit: str, values: Sequence[float]) -> tuple[Cells, ...]:
        """Inputs side by side, each by itself."""
        text = self.given(label, unit, values).text
        places = (f"${xl_col_to_name(FIRST + n)}$" for n in range(len(values)))
        return tuple(
            Cells(self.book, v, text.replace("{now}", at))
            for v, at in zip(values, places, strict=True)
        )

    def choice(self, label: str, unit: str, values: tuple[float, float, float]) -> Cells:
        """An input in use, chosen of its value, low and high."""
        row = self.row + 1
        text = f"CHOOSE($D${row},$E${row},$F${row},$G${row})"
        cells = self.formula(Cells(self.book, values[0], text), label, unit)
        self.page.write_row(row - 1, TOTAL, (1, *values), self.book.looks[INPUT])
        self._delivered(CONSTANT, values[:1])
        return cells

    def constant(self, label: str, unit: str, value: float, source: str = "") -> Cells:
        """An input that holds for all years."""
        self.begin()
        self._next(label, unit)
        self.page.write_number(self.row - 1, CONSTANT, value, self.book.looks[INPUT])
        self.page.write_string(self.row - 1, TOTAL, source)
        self._delivered(CONSTANT, [value])
        return self._once(value)

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
        if "{" not in cells.text and np.ndim(cells.values) == 0:
            value = cells.values.item() if shown is None else shown
            self.page.write_formula(self.row - 1, CONSTANT, f"={cells.text}", look, value)
            return self._once(cells.values)
        known = np.broadcast_to(np.asarray(cells.values, float), (self.book.years,))
        for place, value in enumerate(known.tolist()):
            before, now, after = (xl_col_to_name(FIRST + place + step) for step in (-1, 0, 1))
            text = cells.text.replace("{now}", now).replace("{before}", before)
            text = text.replace("{after}", after)
            self.page.write_formula(self.row - 1, FIRST + place, f"={text}", look, value)
        line = self._by_year(known)
        if unit in ADDED and BALANCE not in label:
            whole = f"=SUM({line.everywhere})"
            self.page.write_formula(
                self.row - 1, TOTAL, whole, self.book.looks[FORMULA], known.sum()
            )
        return line

    def part(self, part: Part) -> None:
        """What the tool worked out: a table, or sentences."""
        if not isinstance(part, ReportTable):
            for text in part.paragraphs if isinstance(part, Text) else ():
                self.note(text)
            return
        self.head(part.title)
        self.page.write_row(
            self.row, 0, [column.full for column in part.columns], self.book.looks[HEAD]
        )
        for cells in part.rows:
            self.row += 1
            for place, value in enumerate(cells):
                if isinstance(value, float | int) and value == value:
                    self.page.write_number(self.row, place, value, self.book.looks[FORMULA])
                elif value is not None:
                    self.page.write_string(
                        self.row, place, value if isinstance(value, str) else "; ".join(value)
                    )
        self.row += 1
        if part.note:
            self.note(part.note)

    def note(self, text: str) -> None:
        """A sentence."""
        if self.front:
            self.page.merge_range(self.row, 0, self.row, ACROSS, text, self.book.looks[NOTE])
            self.page.set_row(self.row, LINE * (1 + len(text) // LETTERS))
        else:
            self.page.write_string(self.row, 0, text, self.book.looks[NOTE])
        self.row += 1
