"""Lazy constraints: the solver starts without rows that seldom bind and adds a row once a point violates it.

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
"""Relative violation from which a row is added: the tolerance of the solver."""


class LazyConstraints:
    """Rows of a program that are loaded in the solver, in the order of loading.

    positions: of these rows in the program (k of m).
    """

    def __init__(self, positions: Positions, count: int) -> None:
        """count: rows of the program."""
        self.positions = positions
        self._place = np.full(count, -1)
        self._place[positions] = np.arange(len(positions))

    @classmethod
    def all_of(cls, program: Program) -> LazyConstraints:
        """Every row."""
        count = len(program.rows)
        return cls(np.arange(count), count)

    @classmethod
    def needed_first(cls, program: Program) -> LazyConstraints:
        """The rows of equations that often bind."""
        often = [name not in SELDOM_BINDING for name, _ in program.rows]
        return cls(np.flatnonzero(often), len(program.rows))

    @property
    def are_all(self) -> bool:
        """Whether every row is loaded."""
        return len(self.positions) == len(self._place)

    def place(self, row: int) -> int:
        """Return the place of a row among the loaded ones, or -1."""
        return int(self._place[row])

    def missing(self, rows: Positions) -> Positions:
        """Return those of some rows that are not loaded."""
        return rows[self._place[rows] < 0]

    def violated(self, program: Program, x: Vector) -> Positions:
        """Return rows that are not loaded and that a point x (n) violates."""
        activity = program.matrix @ x
        missed = np.maximum(program.row_lower - activity, activity - program.row_upper)
        return self.missing(np.flatnonzero(missed > VIOLATED * (1 + np.abs(activity))))

    def with_more(self, rows: Positions) -> LazyConstraints:
        """Return the loaded rows and some more at the end."""
        return LazyConstraints(np.append(self.positions, rows), len(self._place))

    def of(self, program: Program) -> tuple[csr_array, Vector, Vector]:
        """Return matrix, lower and upper sides of the loaded rows."""
        parts = program.matrix, program.row_lower, program.row_upper
        if np.array_equal(self.positions, np.arange(len(self._place))):
            return parts
        matrix, lower, upper = parts
        return csr_array(matrix[self.positions]), lower[self.positions], upper[self.positions]

    def spread(self, duals: Vector) -> Vector:
        """Return the duals of the loaded rows (k) as duals of all rows (m), 0 for the others."""
        whole = np.zeros(len(self._place))
        whole[self.positions] = duals
        return whole
