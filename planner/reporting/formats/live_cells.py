"""Amounts that are cells of a workbook: computed with as arrays are, they keep the formula that gives them.

The functions of `planner.finance` take them in place of arrays; what they name becomes a line of a sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from xlsxwriter.utility import xl_col_to_name

from planner.finance.rows import before, carried, row

FIRST = 5
"""Column of the first year."""
SUM, PRODUCT, POWER, ATOM = range(4)
OPERATORS: Mapping[Any, tuple[str, int]] = {
    np.add: ("+", SUM), np.subtract: ("-", SUM), np.multiply: ("*", PRODUCT), np.true_divide: ("/", PRODUCT),
    np.power: ("^", POWER), np.bitwise_and: ("*", PRODUCT),
}  # fmt: skip
COMPARISONS = {np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "="}
FUNCTIONS = {np.maximum: "MAX", np.minimum: "MIN"}
NEUTRAL: Mapping[Any, str] = {np.multiply: "1", np.add: "0"}
CELL = re.compile(r"\{now\}(\d+)")


class Cells(NDArrayOperatorsMixin):
    """A formula and its values, in a `live_sheets.LiveBook`.

    {now} and {before} stand for the columns of a year and of the one before it.
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
        left, right = (_within(part, rank, strict) for part, strict in ((one, sign == "^"), (other, sign in "-/^")))
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


@carried.register(Cells)
def _(amounts: Cells, step: Callable[..., Any], others: Sequence[Any], sheet: str, label: str, unit: str) -> Any:
    return amounts.book.balance(step, [amounts, *others], sheet, label, unit)
