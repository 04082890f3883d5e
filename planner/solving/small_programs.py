"""A small program written with expressions: what is asked beside the program of a case, such as who pays for a plan."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_array

from planner.formulation.linear_expressions import Relation, Term
from planner.solving.program import Key, Program
from planner.solving.program_writer import Written, arrays_of

T = TypeVar("T")


class SmallProgram:
    """Variables and rows, one after the other."""

    def __init__(self) -> None:
        self._columns: list[Key] = []
        self._bounds: list[tuple[float, float]] = []
        self._rows: list[Written] = []

    def variable(
        self, name: str, index: Any = None, lower: float = 0.0, upper: float = inf
    ) -> Term:
        """One more variable."""
        self._columns.append((name, index))
        self._bounds.append((lower, upper))
        return Term(len(self._columns) - 1)

    def variables(self, name: str, indices: Iterable[T], lower: float = 0.0) -> dict[T, Term]:
        """A variable for each index."""
        return {index: self.variable(name, index, lower) for index in indices}

    def add(self, name: str, relation: Relation, index: Any = None) -> None:
        """One more row."""
        self._rows.append((name, index, relation))

    def program(self) -> Program:
        """The program; nothing is minimised yet."""
        rows = arrays_of(self._rows)
        shape = (len(rows.keys), len(self._columns))
        matrix = csr_array((rows.value, (rows.row, rows.column)), shape=shape)
        matrix.sort_indices()
        limits = np.array(self._bounds, dtype=float)
        return Program(
            matrix=matrix,
            row_lower=rows.lower,
            row_upper=rows.upper,
            lower=limits[:, 0],
            upper=limits[:, 1],
            columns=tuple(self._columns),
            rows=rows.keys,
            goal=np.zeros(len(self._columns)),
        )
