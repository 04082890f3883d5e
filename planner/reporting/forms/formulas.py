"""Formulas of a workbook that are computed with as arrays are.

`Cells` are amounts by year with the formula that gives them: arithmetic and the functions of
`planner.finance.yearly_rows` on them give new values beside a longer formula. {now}, {before} and {after} stand in a formula
for the columns of a year and of those beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from xlsxwriter.utility import xl_col_to_name

from planner.finance.yearly_rows import (
    YearStep,
    after,
    before,
    carried,
    carried_back,
    highest,
    over_years,
    row,
    single,
)

FIRST = 5
"""Column of the first year."""
SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly the last operator of a formula binds its parts; an atom needs no brackets anywhere."""
BINDS: Mapping[str, int] = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}
RIGHT_IN_BRACKETS = ("-", "/", "^")
"""Operators that need brackets around a right side which binds as they do: a-(b+c)."""
LEFT_IN_BRACKETS = ("^",)
SIGNS: Mapping[np.ufunc, str] = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.true_divide: "/",
    np.power: "^",
    np.bitwise_and: "*",  # of conditions, which count as 1 and 0
}
COMPARISONS: Mapping[np.ufunc, str] = {
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "=",
}
FUNCTIONS: Mapping[np.ufunc, str] = {np.maximum: "MAX", np.minimum: "MIN"}
"""What stands in a formula for a function of NumPy's."""
NEUTRAL: Mapping[str, str] = {"*": "1", "+": "0"}
"""What changes nothing, by operator."""
CELL = re.compile(r"\{now\}(\d+)")


class Formula(NamedTuple):
    """A text and how tightly it binds."""

    text: str
    rank: int


class Cells(NDArrayOperatorsMixin):
    """A formula and its values, in a `LiveBook`. NumPy hands it arithmetic, comparisons and functions of arrays."""

    def __init__(self, book: Any, values: Any, text: str, rank: int = ATOM) -> None:
        self.book = book
        self.values = np.asarray(values)
        self.formula = Formula(text, rank)

    @property
    def text(self) -> str:
        """The formula."""
        return self.formula.text

    def __array_ufunc__(self, function: np.ufunc, method: str, *parts: Any, **options: Any) -> Any:
        """Amounts joined by an operator, compared, or handed to a function of the workbook."""
        values = function(*map(_values, parts))
        if function in SIGNS:
            left, right = map(_formula, parts)
            return self.made(values, *_joined(left, SIGNS[function], right))
        texts = [_formula(part).text for part in parts]
        if function in COMPARISONS:
            return self.made(values, f"({COMPARISONS[function].join(texts)})")
        if function in FUNCTIONS:
            return self.made(values, f"{FUNCTIONS[function]}({','.join(texts)})")
        return NotImplemented

    def __array_function__(self, function: Any, types: Any, parts: Any, options: Any) -> Any:
        """IF: the one function of arrays that formulas have besides."""
        if function is not np.where:
            return NotImplemented
        texts = [_formula(part).text for part in parts]
        return self.made(np.where(*map(_values, parts)), f"IF({','.join(texts)})")

    def made(self, values: Any, text: str, rank: int = ATOM) -> Cells:
        """Another formula of the same book."""
        return Cells(self.book, values, text, rank)

    @property
    def everywhere(self) -> str:
        """The formula over the cells of all years."""
        first = xl_col_to_name(FIRST)
        last = xl_col_to_name(FIRST + self.book.years - 1)
        return CELL.sub(rf"${first}$\1:${last}$\1", self.text)


@row.register
def _(amounts: Cells, sheet: str, label: str, unit: str) -> Any:
    """A line of a sheet."""
    return amounts.book.line(amounts, sheet, label, unit)


@before.register
def _(amounts: Cells) -> Any:
    """The same line a year before."""
    return amounts.made(before(amounts.values), amounts.text.replace("{now}", "{before}"))


@after.register
def _(amounts: Cells) -> Any:
    """The same line a year after."""
    return amounts.made(after(amounts.values), amounts.text.replace("{now}", "{after}"))


@carried.register
def _(amounts: Cells, step: YearStep, others: Sequence[Any], **line: str) -> Any:
    """A line that follows from itself a year before."""
    return amounts.book.balance(step, [amounts, *others], **line)


@carried_back.register
def _(amounts: Cells, step: YearStep, others: Sequence[Any], **line: str) -> Any:
    """A line that follows from itself a year after."""
    return amounts.book.balance(step, [amounts, *others], **line, backward=True)


@over_years.register
def _(amounts: Cells) -> Any:
    """The sum of a formula over all years, each of which it is worked out for."""
    return amounts.made(amounts.values.sum(), f"SUMPRODUCT({amounts.everywhere})")


@highest.register
def _(amounts: Cells) -> Any:
    """The same with the largest; SUMPRODUCT has a program work it out for each year."""
    return amounts.made(amounts.values.max(), f"SUMPRODUCT(MAX({amounts.everywhere}))")


@single.register
def _(amounts: Cells) -> Any:
    """A figure that holds for all years is one cell already."""
    return amounts


def _values(part: Any) -> Any:
    return part.values if isinstance(part, Cells) else part


def _formula(part: Any) -> Formula:
    """The formula of cells, or a number as it stands in one."""
    if isinstance(part, Cells):
        return part.formula
    value = float(part)
    if np.isnan(value):
        return Formula("NA()", ATOM)
    return Formula(f"{value:.15g}", ATOM if value >= 0 else SUM)


def _joined(left: Formula, sign: str, right: Formula) -> Formula:
    """Two formulas with an operator between them, without what changes nothing."""
    if sign == "*" and "0" in (left.text, right.text):
        return Formula("0", ATOM)
    neutral = NEUTRAL.get(sign)
    if left.text == neutral:
        return right
    if right.text == neutral:
        return left
    binds = BINDS[sign]
    one = _bracketed(left, binds, also_equal=sign in LEFT_IN_BRACKETS)
    other = _bracketed(right, binds, also_equal=sign in RIGHT_IN_BRACKETS)
    return Formula(f"{one}{sign}{other}", binds)


def _bracketed(part: Formula, binds: int, *, also_equal: bool) -> str:
    """A side of an operator, in brackets if it binds less than the operator, or as much where that matters."""
    is_loose = part.rank < binds or (also_equal and part.rank == binds)
    return f"({part.text})" if is_loose else part.text
