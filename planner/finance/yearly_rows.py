"""Years of an investment as rows: what holds for arrays and for the formulas of a workbook alike.

A workbook is computed by the functions of this room, which are handed formulas instead of arrays: what comes back are the
formulas of its sheets. So amounts are computed with arithmetic, comparisons, `&`, `np.maximum`, `np.minimum` and `np.where`,
which NumPy hands to formulas by its own protocols, and with the functions of this file, each of which
`planner.reporting.forms.formulas` tells how it goes for formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
YearStep = Callable[..., Array]


@singledispatch
def row(amounts: Any, sheet: str, label: str, unit: str) -> Array:
    """Amounts by year under a name: arrays stay what they are, formulas become a line of a sheet."""
    named: Array = amounts
    return named


@singledispatch
def before(amounts: Any) -> Array:
    """Amounts of the year before, 0 in the first."""
    return np.concatenate([np.zeros_like(amounts[..., :1]), amounts[..., :-1]], axis=-1)


@singledispatch
def after(amounts: Any) -> Array:
    """Amounts of the year after, 0 in the last."""
    return np.concatenate([amounts[..., 1:], np.zeros_like(amounts[..., :1])], axis=-1)


def to_date(last: Array, change: Array) -> Array:
    """The step of a sum to date, for `carried`."""
    return last + change


@singledispatch
def carried(
    amounts: Any, step: YearStep, others: Sequence[Any], *, sheet: str, label: str, unit: str
) -> Array:
    """A balance at the end of each year: step(balance of the year before, amounts, *others) of the year; 0 at first."""
    given = np.broadcast_arrays(amounts, *others)
    out = np.zeros_like(given[0])
    last = np.zeros_like(out[..., 0])
    for year in range(out.shape[-1]):
        last = out[..., year] = step(last, *(rows[..., year] for rows in given))
    return out


@singledispatch
def carried_back(
    amounts: Any, step: YearStep, others: Sequence[Any], *, sheet: str, label: str, unit: str
) -> Array:
    """A balance at the start of each year: step(balance of the year after, amounts, *others); 0 after the last."""
    backwards = [rows[..., ::-1] for rows in np.broadcast_arrays(amounts, *others)]
    first, *rest = backwards
    return carried(first, step, rest, sheet=sheet, label=label, unit=unit)[..., ::-1]


larger: Callable[..., Array] = np.maximum
"""The larger of two amounts, year by year."""
smaller: Callable[..., Array] = np.minimum
"""The smaller of two amounts, year by year."""
where: Callable[..., Array] = np.where
"""One amount in years in which a condition holds, another in others."""


@singledispatch
def over_years(amounts: Any) -> Array:
    """The sum of all years, one year long."""
    return np.asarray(amounts.sum(axis=-1, keepdims=True))


@singledispatch
def highest(amounts: Any) -> Array:
    """The largest of all years, one year long."""
    return np.asarray(amounts.max(axis=-1, keepdims=True))


@singledispatch
def single(amounts: Any) -> Array:
    """A figure that holds for all years, without its years."""
    return np.asarray(amounts[..., 0])


def added(rows: Sequence[Array], like: Array) -> Array:
    """The sum of rows; noughts, as many as `like`, where there are none."""
    return sum(rows[1:], rows[0]) if rows else 0.0 * like
