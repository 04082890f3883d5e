"""Rows that the solver holds: of equations that seldom bind a row comes in once a point violates it.

Dantzig, Fulkerson and Johnson, Solution of a large-scale traveling-salesman problem, Operations Research 2 (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.formulation.whole_program import EQUATIONS
from planner.solving.program import Program, Vector

Positions = NDArray[np.intp]
SELDOM_BINDING = frozenset(equation.name for equation in EQUATIONS if equation.seldom_binds)
VIOLATED = 1e-8
"""Part of 1 + its activity by which a point must miss a row for the row to come in: what the solver tolerates."""


class RowsHeld:
    """Rows of a program that the solver holds, in the order in which they came in.

    held: their positions in the program (k of m).
    """

    def __init__(self, held: Positions, count: int) -> None:
        """count: rows of the program."""
        self.held = held
        self._place = np.full(count, -1)
        self._place[held] = np.arange(len(held))

    @classmethod
    def all_of(cls, program: Program) -> RowsHeld:
        """Every row."""
        count = len(program.rows)
        return cls(np.arange(count), count)

    @classmethod
    def needed_first(cls, program: Program) -> RowsHeld:
        """The rows of equations that often bind."""
        often = [name not in SELDOM_BINDING for name, _ in program.rows]
        return cls(np.flatnonzero(often), len(program.rows))

    @property
    def are_all(self) -> bool:
        """No row is left out."""
        return len(self.held) == len(self._place)

    def place(self, row: int) -> int:
        """The place of a row of the program among those held, -1 if it is not."""
        return int(self._place[row])

    def missing(self, rows: Positions) -> Positions:
        """Those of some rows that are not held."""
        return rows[self._place[rows] < 0]

    def violated(self, program: Program, x: Vector) -> Positions:
        """Rows that are not held and that a point x (n) misses."""
        activity = program.matrix @ x
        missed = np.maximum(program.row_lower - activity, activity - program.row_upper)
        return self.missing(np.flatnonzero(missed > VIOLATED * (1 + np.abs(activity))))

    def with_more(self, rows: Positions) -> RowsHeld:
        """Some more rows at the end."""
        return RowsHeld(np.append(self.held, rows), len(self._place))

    def of(self, program: Program) -> tuple[csr_array, Vector, Vector]:
        """Matrix and sides of the rows held; those of the program itself where it is held as it stands."""
        parts = program.matrix, program.row_lower, program.row_upper
        if np.array_equal(self.held, np.arange(len(self._place))):
            return parts
        matrix, lower, upper = parts
        return csr_array(matrix[self.held]), lower[self.held], upper[self.held]

    def spread(self, duals: Vector) -> Vector:
        """Duals of the rows held (k) as duals of all (m): a row that is not needed has no price."""
        whole = np.zeros(len(self._place))
        whole[self.held] = duals
        return whole
