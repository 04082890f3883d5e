"""A small program written row by row: for linear programs beside the one of a case, such as who pays for a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.sparse import csr_array

from planner.solving.program import Key, Program


@dataclass(frozen=True, kw_only=True)
class WrittenRow:
    """lower <= sum of terms <= upper; terms by name of the column."""

    key: Key
    terms: Mapping[Key, float]
    lower: float = -inf
    upper: float = inf


def equation(key: Key, terms: Mapping[Key, float], value: float = 0.0) -> WrittenRow:
    """A row whose sum is a value."""
    return WrittenRow(key=key, terms=terms, lower=value, upper=value)


def program_of_rows(
    rows: Sequence[WrittenRow],
    bounds: Callable[[str], tuple[float, float]],
    columns: Sequence[Key] = (),
) -> Program:
    """The program of some rows. bounds: of a column by its name. columns: in their order; by default as rows name them."""
    place = {key: position for position, key in enumerate(columns)}
    terms: list[dict[int, float]] = []
    for row in rows:
        of_row: dict[int, float] = {}
        for key, value in row.terms.items():
            column = place.setdefault(key, len(place))
            of_row[column] = value
        terms.append(of_row)
    limits = np.array([bounds(name) for name, _ in place])
    no_costs = np.zeros(len(place))
    without_rows = Program(
        matrix=csr_array((0, len(place))),
        row_lower=np.empty(0),
        row_upper=np.empty(0),
        lower=limits[:, 0],
        upper=limits[:, 1],
        columns=tuple(place),
        rows=(),
        goal=no_costs,
    )
    keys = [row.key for row in rows]
    lower = np.array([row.lower for row in rows])
    upper = np.array([row.upper for row in rows])
    return without_rows.with_rows(keys, terms, lower, upper)
