"""Years of an investment as rows: what holds for arrays and for the formulas of a workbook alike.

A workbook is computed by the functions of this room, which are handed formulas (`Live`) instead of arrays: what comes back
are the formulas of its sheets. So amounts are computed with arithmetic, comparisons, `&` and the functions of this file
alone. Each hands formulas to their own method of the same name, and computes with arrays else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
YearStep = Callable[..., Array]


class Live:
    """Amounts by year that are a formula. Its methods are the functions of this file; some arguments may be numbers."""

    def row(self, sheet: str, label: str, unit: str) -> Any:
        """The amounts as a line of a sheet."""
        raise NotImplementedError

    def before(self) -> Any:
        """Amounts of the year before."""
        raise NotImplementedError

    def after(self) -> Any:
        """Amounts of the year after."""
        raise NotImplementedError

    def carried(self, step: YearStep, others: Sequence[Any], **line: str) -> Any:
        """A balance that follows from that of the year before."""
        raise NotImplementedError

    def carried_back(self, step: YearStep, others: Sequence[Any], **line: str) -> Any:
        """A balance that follows from that of the year after."""
        raise NotImplementedError

    def larger(self, one: Any, other: Any) -> Any:
        """The larger of two amounts."""
        raise NotImplementedError

    def smaller(self, one: Any, other: Any) -> Any:
        """The smaller of two amounts."""
        raise NotImplementedError

    def where(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """One amount where a condition holds, another elsewhere."""
        raise NotImplementedError

    def over_years(self) -> Any:
        """The sum of all years."""
        raise NotImplementedError

    def highest(self) -> Any:
        """The largest of all years."""
        raise NotImplementedError

    def single(self) -> Any:
        """A figure that holds for all years."""
        raise NotImplementedError


def _formula(*amounts: Any) -> Live | None:
    """The first of some amounts that is a formula; None where all are numbers."""
    for one in amounts:
        if isinstance(one, Live):
            return one
    return None


def row(amounts: Any, sheet: str, label: str, unit: str) -> Array:
    """Amounts by year under a name: arrays stay what they are, formulas become a line of a sheet."""
    named: Array = amounts.row(sheet, label, unit) if isinstance(amounts, Live) else amounts
    return named


def before(amounts: Any) -> Array:
    """Amounts of the year before, 0 in the first."""
    if isinstance(amounts, Live):
        moved: Array = amounts.before()
        return moved
    return np.concatenate([np.zeros_like(amounts[..., :1]), amounts[..., :-1]], axis=-1)


def after(amounts: Any) -> Array:
    """Amounts of the year after, 0 in the last."""
    if isinstance(amounts, Live):
        moved: Array = amounts.after()
        return moved
    return np.concatenate([amounts[..., 1:], np.zeros_like(amounts[..., :1])], axis=-1)


def carried(
    amounts: Any, step: YearStep, others: Sequence[Any], *, sheet: str, label: str, unit: str
) -> Array:
    """A balance at the end of each year: step(balance of the year before, amounts, *others) of the year; 0 at first."""
    if isinstance(amounts, Live):
        balance: Array = amounts.carried(step, others, sheet=sheet, label=label, unit=unit)
        return balance
    given = np.broadcast_arrays(amounts, *others)
    if given[0].ndim == 1:
        return _stepped(step, given)
    out = np.zeros_like(given[0])
    last = np.zeros_like(out[..., 0])
    for year in range(out.shape[-1]):
        last = out[..., year] = step(last, *(rows[..., year] for rows in given))
    return out


def carried_back(
    amounts: Any, step: YearStep, others: Sequence[Any], *, sheet: str, label: str, unit: str
) -> Array:
    """A balance at the start of each year: step(balance of the year after, amounts, *others); 0 after the last."""
    if isinstance(amounts, Live):
        balance: Array = amounts.carried_back(step, others, sheet=sheet, label=label, unit=unit)
        return balance
    given = np.broadcast_arrays(amounts, *others)
    if given[0].ndim == 1:
        backwards = [rows[::-1] for rows in given]
        return _stepped(step, backwards)[::-1]
    out = np.zeros_like(given[0])
    following = np.zeros_like(out[..., 0])
    for year in reversed(range(out.shape[-1])):
        of_year = [rows[..., year] for rows in given]
        following = out[..., year] = step(following, *of_year)
    return out


def _stepped(step: YearStep, given: Sequence[Array]) -> Array:
    """A balance of one case, year after year as plain numbers: numpy takes ten times as long for one at a time."""
    plain = [rows.tolist() for rows in given]
    balance: Any = 0.0
    balances = []
    for of_year in zip(*plain, strict=True):
        balance = step(balance, *of_year)
        balances.append(balance)
    return np.array(balances)


def larger(one: Any, other: Any) -> Array:
    """The larger of two amounts, year by year."""
    if type(one) is float and type(other) is float:
        return cast(Array, one if one > other or isnan(one) else other)
    formula = _formula(one, other)
    if formula is None:
        return np.asarray(np.maximum(one, other))
    of_both: Array = formula.larger(one, other)
    return of_both


def smaller(one: Any, other: Any) -> Array:
    """The smaller of two amounts, year by year."""
    if type(one) is float and type(other) is float:
        return cast(Array, one if one < other or isnan(one) else other)
    formula = _formula(one, other)
    if formula is None:
        return np.asarray(np.minimum(one, other))
    of_both: Array = formula.smaller(one, other)
    return of_both


def where(condition: Any, then: Any, otherwise: Any) -> Array:
    """One amount in years in which a condition holds, another in others."""
    if type(condition) is bool and type(then) is float and type(otherwise) is float:
        return cast(Array, then if condition else otherwise)
    formula = _formula(condition, then, otherwise)
    if formula is None:
        return np.asarray(np.where(condition, then, otherwise))
    chosen: Array = formula.where(condition, then, otherwise)
    return chosen


def over_years(amounts: Any) -> Array:
    """The sum of all years, one year long."""
    if isinstance(amounts, Live):
        total: Array = amounts.over_years()
        return total
    return np.asarray(amounts.sum(axis=-1, keepdims=True))


def highest(amounts: Any) -> Array:
    """The largest of all years, one year long."""
    if isinstance(amounts, Live):
        most: Array = amounts.highest()
        return most
    return np.asarray(amounts.max(axis=-1, keepdims=True))


def single(amounts: Any) -> Array:
    """A figure that holds for all years, without its years."""
    if isinstance(amounts, Live):
        figure: Array = amounts.single()
        return figure
    return np.asarray(amounts[..., 0])


def added(rows: Sequence[Array], like: Array) -> Array:
    """The sum of rows; noughts, as many as `like`, where there are none."""
    return sum(rows[1:], rows[0]) if rows else 0.0 * like
