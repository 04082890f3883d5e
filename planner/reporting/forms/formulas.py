"""Formulas of a workbook that are computed with as arrays are.

`Cells` are amounts by year with the formula that gives them: arithmetic and the functions of
`planner.finance.yearly_rows` on them give new values beside a longer formula. {now}, {before} and {after} stand in a formula
for the columns of a year and of those beside it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from planner.finance.yearly_rows import Live, YearStep, after, before, larger, smaller, where

FIRST = 5
"""Column of the first year."""
SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly the last operator of a formula binds its parts; an atom needs no brackets anywhere."""
BINDS: Mapping[str, int] = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}
RIGHT_IN_BRACKETS = ("-", "/", "^")
"""Operators that need brackets around a right side which binds as they do: a-(b+c)."""
LEFT_IN_BRACKETS = ("^",)
VALUES: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
NEUTRAL: Mapping[str, str] = {"*": "1", "+": "0"}
"""What changes nothing, by operator."""
CELL = re.compile(r"\{now\}(\d+)")


class Formula(NamedTuple):
    """A text and how tightly it binds."""

    text: str
    rank: int


class Cells(Live):
    """A formula and its values, in a `LiveBook`."""

    __array_ufunc__ = (
        None  # so that `array + cells` is the method below, not one sum for each element
    )

    def __init__(self, book: Any, values: Any, text: str, rank: int = ATOM) -> None:
        self.book = book
        self.values = np.asarray(values)
        self.formula = Formula(text, rank)

    @property
    def text(self) -> str:
        """The formula."""
        return self.formula.text

    def __add__(self, other: Any) -> Cells:
        return self._combined(self, "+", other)

    def __radd__(self, other: Any) -> Cells:
        return self._combined(other, "+", self)

    def __sub__(self, other: Any) -> Cells:
        return self._combined(self, "-", other)

    def __rsub__(self, other: Any) -> Cells:
        return self._combined(other, "-", self)

    def __mul__(self, other: Any) -> Cells:
        return self._combined(self, "*", other)

    def __rmul__(self, other: Any) -> Cells:
        return self._combined(other, "*", self)

    def __truediv__(self, other: Any) -> Cells:
        return self._combined(self, "/", other)

    def __rtruediv__(self, other: Any) -> Cells:
        return self._combined(other, "/", self)

    def __pow__(self, other: Any) -> Cells:
        return self._combined(self, "^", other)

    def __and__(self, other: Any) -> Cells:
        return self._combined(self, "*", other)  # both are conditions, which count as 1 and 0

    def __gt__(self, other: Any) -> Cells:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Cells:
        return self._compared(">=", other)

    def __lt__(self, other: Any) -> Cells:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Cells:
        return self._compared("<=", other)

    def __eq__(self, other: object) -> Any:
        return self._compared("=", other)

    __hash__ = None  # type: ignore[assignment]  # cells that are compared give cells

    def _combined(self, left: Any, sign: str, right: Any) -> Cells:
        """Two amounts joined by an operator."""
        values = VALUES[sign](_values(left), _values(right))
        return self._made(values, *_joined(_formula(left), sign, _formula(right)))

    def _compared(self, sign: str, other: Any) -> Cells:
        """A condition: each comparison stands in brackets."""
        values = VALUES[sign](self.values, _values(other))
        return self._made(values, f"({self.text}{sign}{_formula(other).text})")

    def _called(self, values: Any, name: str, *arguments: Any) -> Cells:
        """A function of the workbook, called with some amounts."""
        texts = [_formula(argument).text for argument in arguments]
        return self._made(values, f"{name}({','.join(texts)})")

    def _made(self, values: Any, text: str, rank: int = ATOM) -> Cells:
        return Cells(self.book, values, text, rank)

    def larger(self, one: Any, other: Any) -> Cells:
        """MAX."""
        return self._called(larger(_values(one), _values(other)), "MAX", one, other)

    def smaller(self, one: Any, other: Any) -> Cells:
        """MIN."""
        return self._called(smaller(_values(one), _values(other)), "MIN", one, other)

    def where(self, condition: Any, then: Any, otherwise: Any) -> Cells:
        """IF."""
        values = where(_values(condition), _values(then), _values(otherwise))
        return self._called(values, "IF", condition, then, otherwise)

    def over_years(self) -> Cells:
        """The sum of a formula over all years, each of which it is worked out for."""
        return self._made(self.values.sum(), f"SUMPRODUCT({self.everywhere})")

    def highest(self) -> Cells:
        """The same with the largest; SUMPRODUCT has a program work it out for each year."""
        return self._made(self.values.max(), f"SUMPRODUCT(MAX({self.everywhere}))")

    def single(self) -> Cells:
        """A figure that holds for all years is one cell already."""
        return self

    def row(self, sheet: str, label: str, unit: str) -> Cells:
        """A line of a sheet."""
        line: Cells = self.book.line(self, sheet, label, unit)
        return line

    def before(self) -> Cells:
        """The same line a year before."""
        return self._in_column("{before}", before(self.values))

    def after(self) -> Cells:
        """The same line a year after."""
        return self._in_column("{after}", after(self.values))

    def carried(self, step: YearStep, others: Sequence[Any], **line: str) -> Cells:
        """A line that follows from itself a year before."""
        balance: Cells = self.book.balance(step, [self, *others], **line)
        return balance

    def carried_back(self, step: YearStep, others: Sequence[Any], **line: str) -> Cells:
        """A line that follows from itself a year after."""
        balance: Cells = self.book.balance(step, [self, *others], **line, backward=True)
        return balance

    def _in_column(self, column: str, values: Any) -> Cells:
        return self._made(values, self.text.replace("{now}", column))

    @property
    def everywhere(self) -> str:
        """The formula over the cells of all years."""
        first = xl_col_to_name(FIRST)
        last = xl_col_to_name(FIRST + self.book.years - 1)
        return CELL.sub(rf"${first}$\1:${last}$\1", self.text)


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
