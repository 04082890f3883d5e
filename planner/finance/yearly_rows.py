"""Years of an investment as rows: what holds for arrays and for the cells of a workbook alike.

A workbook is computed by the functions of this room, which are handed rows of cells instead of arrays: what comes back
are its formulas. So beside these five only arithmetic, comparisons, `&`, maximum, minimum, where, and sums and maxima
over the years are used on amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@singledispatch
def row(amounts: Any, sheet: str, label: str, unit: str) -> Array:
    """Amounts by year under a name: arrays stay what they are, cells become a line of a sheet."""
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


@singledispatch
def carried(
    amounts: Any,
    step: Callable[..., Array],
    others: Sequence[Array],
    *,
    sheet: str,
    label: str,
    unit: str,
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
    amounts: Any,
    step: Callable[..., Array],
    others: Sequence[Array],
    *,
    sheet: str,
    label: str,
    unit: str,
) -> Array:
    """A balance at the start of each year: step(balance of the year after, amounts, *others); 0 after the last."""
    given = np.broadcast_arrays(amounts, *others)
    out = np.zeros_like(given[0])
    following = np.zeros_like(out[..., 0])
    for year in reversed(range(out.shape[-1])):
        of_year = [rows[..., year] for rows in given]
        following = out[..., year] = step(following, *of_year)
    return out


def added(rows: Sequence[Array], like: Array) -> Array:
    """The sum of rows; noughts, as many as `like`, where there are none."""
    return sum(rows[1:], rows[0]) if rows else 0.0 * like
