"""A linear program as sparse arrays, with the name of each column and row.

Also the certificate: residuals and gap of a point computed from the arrays alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

Vector = NDArray[np.float64]
Key = tuple[str, Any]
"""(variable or equation, index); the index of a scalar is None."""
Terms = Mapping[int, float]
"""Coefficients by position."""
SMALLEST_COEFFICIENT = 1e-12
"""HiGHS takes smaller coefficients for zero."""


@dataclass(frozen=True)
class Program:
    """min c x, row_lower <= A x <= row_upper, lower <= x <= upper. m rows, n columns."""

    matrix: csr_array
    row_lower: Vector
    row_upper: Vector
    lower: Vector
    upper: Vector
    columns: tuple[Key, ...]
    rows: tuple[Key, ...]
    goal: Vector

    @cached_property
    def column(self) -> dict[Key, int]:
        """Position of each variable that the program has."""
        return {key: i for i, key in enumerate(self.columns)}

    @cached_property
    def row(self) -> dict[Key, int]:
        """Position of each row."""
        return {key: i for i, key in enumerate(self.rows)}

    def measure(self, name: str, x: Vector) -> float:
        """The value of a variable without an index, such as `risk`, at a point x (n)."""
        return float(x[self.column[name, None]])

    def losses(self, leaves: Mapping[str, int], x: Vector) -> dict[str, float]:
        """Scenario -> its loss (MUSD) at a point x (n). leaves: the last node of each scenario."""
        return {w: float(x[self.column["loss_to_date", leaf]]) for w, leaf in leaves.items()}

    def columns_of(self, *names: str) -> list[int]:
        """Positions of the columns of some variables."""
        return [column for column, (name, _) in enumerate(self.columns) if name in names]

    def rows_of(self, *names: str) -> list[int]:
        """Positions of the rows of some equations."""
        return [row for row, (name, _) in enumerate(self.rows) if name in names]

    def terms(self, row: int) -> dict[int, float]:
        """The coefficients of a row, by position of their columns, in the order of these."""
        entries = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        columns = self.matrix.indices[entries].tolist()
        coefficients = self.matrix.data[entries].tolist()
        return dict(zip(columns, coefficients, strict=True))

    def unit_costs(self) -> Vector:
        """The cost (MUSD) that a unit of each column (n) adds, by the row that defines the cost."""
        terms = self.terms(self.row["cost_definition", None])
        own = terms.pop(self.column["cost", None])
        costs = np.zeros(len(self.columns))
        for column, coefficient in terms.items():
            costs[column] = -coefficient / own
        return costs

    def with_data(self, *, data: Vector | None = None, **limits: Any) -> Program:
        """A program of the same rows, columns and pattern with other figures, where they are given; look-ups are
        shared.

        data: nonzeros of the matrix, in its order. limits: row_lower, row_upper (m); lower, upper (n).
        """
        pattern = self.matrix
        if data is not None:
            arrays = (data, self.matrix.indices, self.matrix.indptr)
            pattern = csr_array(arrays, shape=self.matrix.shape)
        other = replace(self, matrix=pattern, **limits)
        other.__dict__.update(column=self.column, row=self.row)
        return other

    def unit_cost(self, column: int) -> Vector:
        """Cost (n) of one column alone."""
        cost = np.zeros(len(self.columns))
        cost[column] = 1.0
        return cost

    @property
    def limits(self) -> tuple[Vector, Vector, Vector, Vector]:
        """Sides of the rows (m), then bounds of the columns (n), lower ones first."""
        return self.row_lower, self.row_upper, self.lower, self.upper

    @property
    def figures(self) -> tuple[Vector, ...]:
        """Nonzeros of the matrix, then the limits."""
        return self.matrix.data, *self.limits

    def differing(self, other: Program) -> int:
        """Number of figures that are others in a program with the same rows, columns and pattern."""
        differing = 0
        for mine, theirs in zip(self.figures, other.figures, strict=True):
            if mine is not theirs:
                differing += int(np.count_nonzero(mine != theirs))
        return differing

    def with_rows(
        self,
        keys: Sequence[Key],
        terms: Sequence[Terms],
        lower: Vector | float,
        upper: Vector | float,
    ) -> Program:
        """More rows at the end: the terms of each by position of the column, and its sides (of each, or one of all)."""
        more = _sparse(terms, len(self.columns))
        matrix = vstack([self.matrix, more], format="csr")
        below = np.broadcast_to(lower, len(keys))
        above = np.broadcast_to(upper, len(keys))
        wider = replace(
            self,
            matrix=_sorted(matrix),
            row_lower=np.append(self.row_lower, below),
            row_upper=np.append(self.row_upper, above),
            rows=(*self.rows, *keys),
        )
        if "column" in self.__dict__:
            wider.__dict__.update(column=self.column)
        return wider

    def with_columns(
        self,
        keys: Sequence[Key],
        terms: Sequence[Terms] = (),
        lower: float = 0.0,
        upper: float = np.inf,
    ) -> Program:
        """More columns at the end, that cost nothing: the terms of each by position of the row, or none yet."""
        count = len(keys)
        no_terms: list[Terms] = [{}] * count
        more = _sparse(terms or no_terms, len(self.rows))
        matrix = hstack([self.matrix, more.T], format="csr")
        below = np.full(count, lower)
        above = np.full(count, upper)
        no_costs = np.zeros(count)
        return replace(
            self,
            matrix=_sorted(matrix),
            lower=np.append(self.lower, below),
            upper=np.append(self.upper, above),
            columns=(*self.columns, *keys),
            goal=np.append(self.goal, no_costs),
        )

    def part(self, rows: Sequence[int], columns: Sequence[int]) -> Program:
        """Some rows and some columns."""
        kept_rows, kept = list(rows), list(columns)
        matrix = self.matrix[kept_rows][:, kept]
        return Program(
            matrix=csr_array(matrix),
            row_lower=self.row_lower[kept_rows],
            row_upper=self.row_upper[kept_rows],
            lower=self.lower[kept],
            upper=self.upper[kept],
            columns=tuple(self.columns[column] for column in kept),
            rows=tuple(self.rows[row] for row in rows),
            goal=self.goal[kept],
        )

    @property
    def size(self) -> dict[str, int]:
        """rows, columns, nonzeros."""
        return {
            "rows": self.matrix.shape[0],
            "columns": self.matrix.shape[1],
            "nonzeros": int(self.matrix.nnz),
        }


def _sparse(rows: Sequence[Terms], width: int) -> csr_array:
    """A matrix of a given width with these terms in its rows."""
    places: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for place, row in enumerate(rows):
        places += [place] * len(row)
        columns += row.keys()
        values += row.values()
    entries = (
        np.array(values, dtype=float),
        (np.array(places, dtype=int), np.array(columns, dtype=int)),
    )
    return csr_array(entries, shape=(len(rows), width))


def _sorted(matrix: csr_array) -> csr_array:
    out = csr_array(matrix)
    out.sort_indices()
    return out


@dataclass(frozen=True)
class Certificate:
    """The distance of a point from a proven optimum. All figures are relative and dimensionless.

    primal_residual: largest violation of a row or bound, over 1 + its largest term.
    dual_residual: largest reduced cost of the wrong sign, over 1 + the largest cost.
    relative_gap: |primal - dual objective| over 1 + |primal objective|.
    """

    primal_residual: float
    dual_residual: float
    relative_gap: float

    def worst(self) -> float:
        """The largest of the three."""
        return max(self.primal_residual, self.dual_residual, self.relative_gap)


def certify(
    program: Program, *, cost: Vector, upper: Vector, x: Vector, duals: Vector
) -> Certificate:
    """Certificate of primal point x (n) and row duals (m) for min cost x with column upper bounds `upper`.

    Duals have the sign of d objective / d right-hand side. Bounds are part of the dual objective through
    the reduced costs cost - A' y, so weak duality bounds the gap whatever the solver says.
    """
    primal = np.max(residuals(program, upper, x), initial=0.0)
    dual = np.max(dual_residuals(program, cost, upper, duals), initial=0.0)

    objective = float(np.sum(cost * x))  # a BLAS product would wake threads, which then spin
    gap = abs(objective - dual_objective(program, cost, upper, duals)) / (1.0 + abs(objective))
    return Certificate(float(primal), float(dual), float(gap))


def residuals(program: Program, upper: Vector, x: Vector) -> Vector:
    """By how much x (n) misses each row, over 1 + its largest term, then each bound, over 1 + its value (m + n)."""
    activity = program.matrix @ x
    rows = np.maximum(program.row_lower - activity, activity - program.row_upper)
    columns = np.maximum(program.lower - x, x - upper)
    return np.append(rows / (1.0 + abs(program.matrix) @ np.abs(x)), columns / (1.0 + np.abs(x)))


def dual_residuals(program: Program, cost: Vector, upper: Vector, duals: Vector) -> Vector:
    """Wrong-signed part of each row dual, then of each reduced cost, over 1 + the largest cost (m + n)."""
    reduced = cost - program.matrix.T @ duals
    rows = _wrong_signs(duals, program.row_lower, program.row_upper)
    columns = _wrong_signs(reduced, program.lower, upper)
    found: Vector = np.append(rows, columns) / (1.0 + np.max(np.abs(cost), initial=0.0))
    return found


def _wrong_signs(prices: Vector, lower: Vector, upper: Vector) -> Vector:
    """The size of each price that has no bound: positive without a lower one, negative without an upper one; else 0."""
    without_lower = np.where((prices > 0) & np.isinf(lower), prices, 0.0)
    without_upper = np.where((prices < 0) & np.isinf(upper), -prices, 0.0)
    return np.maximum(without_lower, without_upper)


def dual_objective(program: Program, cost: Vector, upper: Vector, duals: Vector) -> float:
    """The lower bound of cost x that row duals (m) prove, dual infeasibilities set aside."""
    reduced = cost - program.matrix.T @ duals
    bound = np.where(duals > 0, program.row_lower, program.row_upper)
    column_bound = np.where(reduced > 0, program.lower, upper)
    return _finite_dot(duals, bound) + _finite_dot(reduced, column_bound)


def _finite_dot(weights: Vector, bounds: Vector) -> float:
    # A weight on an infinite bound is a dual infeasibility, counted above.
    finite = np.isfinite(bounds)
    worth = weights * np.where(finite, bounds, 0.0)
    return float(np.sum(np.where(finite, worth, 0.0)))
