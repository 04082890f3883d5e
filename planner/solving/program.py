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
ZERO = 1e-9
"""Values of a solution up to this one are rounding."""


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

    def with_data(
        self,
        data: Vector | None = None,
        row_lower: Vector | None = None,
        row_upper: Vector | None = None,
        lower: Vector | None = None,
        upper: Vector | None = None,
    ) -> Program:
        """The same rows, columns and pattern with other figures, where they are given. Look-ups are shared."""
        pattern = self.matrix
        if data is not None:
            arrays = (data, self.matrix.indices, self.matrix.indptr)
            pattern = csr_array(arrays, shape=self.matrix.shape)
        other = replace(
            self,
            matrix=pattern,
            row_lower=self.row_lower if row_lower is None else row_lower,
            row_upper=self.row_upper if row_upper is None else row_upper,
            lower=self.lower if lower is None else lower,
            upper=self.upper if upper is None else upper,
        )
        other.__dict__.update(column=self.column, row=self.row)
        return other

    def dearer_than(self, other: Program, x: Vector) -> bool:
        """Whether coefficients alone differ from those of another of the same shape, and so that its point x (n) falls
        short: what has to be paid for costs more."""
        sides = ("lower", "upper", "row_lower", "row_upper")
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in sides)
        return same and float(((self.matrix - other.matrix) @ x).sum()) < 0.0

    def differing(self, other: Program) -> int:
        """In how many figures it differs from a program with the same rows, columns and pattern."""
        pairs = (
            (self.matrix.data, other.matrix.data),
            (self.row_lower, other.row_lower),
            (self.row_upper, other.row_upper),
            (self.lower, other.lower),
            (self.upper, other.upper),
        )
        return sum(int(np.count_nonzero(one != two)) for one, two in pairs if one is not two)

    def with_rows(
        self,
        keys: Sequence[Key],
        terms: Sequence[Terms],
        lower: Vector | float,
        upper: Vector | float,
    ) -> Program:
        """More rows at the end: the terms of each by position of the column, and its sides (of each, or one of all)."""
        more = _sparse(terms, len(self.columns))
        out = replace(
            self,
            matrix=_sorted(vstack([self.matrix, more], format="csr")),
            row_lower=np.append(self.row_lower, np.broadcast_to(lower, len(keys))),
            row_upper=np.append(self.row_upper, np.broadcast_to(upper, len(keys))),
            rows=(*self.rows, *keys),
        )
        out.__dict__.update(column=self.column)
        return out

    def with_columns(
        self,
        keys: Sequence[Key],
        terms: Sequence[Terms] = (),
        lower: float = 0.0,
        upper: float = np.inf,
    ) -> Program:
        """More columns at the end, that cost nothing: the terms of each by position of the row, or none yet."""
        more = _sparse(terms or [{}] * len(keys), len(self.rows)).T
        return replace(
            self,
            matrix=_sorted(hstack([self.matrix, more], format="csr")),
            lower=np.append(self.lower, np.full(len(keys), lower)),
            upper=np.append(self.upper, np.full(len(keys), upper)),
            columns=(*self.columns, *keys),
            goal=np.append(self.goal, np.zeros(len(keys))),
        )

    def part(self, rows: Sequence[int], columns: Sequence[int] | None = None) -> Program:
        """Some rows, and some columns or all."""
        kept, matrix = (
            list(range(len(self.columns)) if columns is None else columns),
            self.matrix[list(rows)],
        )
        return Program(
            matrix=csr_array(matrix if columns is None else matrix[:, kept]),
            row_lower=self.row_lower[list(rows)],
            row_upper=self.row_upper[list(rows)],
            lower=self.lower[kept],
            upper=self.upper[kept],
            columns=tuple(self.columns[j] for j in kept),
            rows=tuple(self.rows[i] for i in rows),
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
    at = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    places = np.array([j for row in rows for j in row], dtype=int)
    values = np.array([value for row in rows for value in row.values()], dtype=float)
    return csr_array((values, (at, places)), shape=(len(rows), width))


def _sorted(matrix: csr_array) -> csr_array:
    out = csr_array(matrix)
    out.sort_indices()
    return out


@dataclass(frozen=True)
class Certificate:
    """How far a point is from a proven optimum. All are relative and dimensionless.

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


def certify(program: Program, cost: Vector, upper: Vector, x: Vector, duals: Vector) -> Certificate:
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
    """What of each row dual, then of each reduced cost, has the wrong sign, over 1 + the largest cost (m + n)."""
    reduced = cost - program.matrix.T @ duals
    wrong = np.where((reduced > 0) & np.isinf(program.lower), reduced, 0.0)
    wrong = np.maximum(wrong, np.where((reduced < 0) & np.isinf(upper), -reduced, 0.0))
    rows = np.where((duals > 0) & np.isinf(program.row_lower), duals, 0.0)
    rows = np.maximum(rows, np.where((duals < 0) & np.isinf(program.row_upper), -duals, 0.0))
    found: Vector = np.append(rows, wrong) / (1.0 + np.max(np.abs(cost), initial=0.0))
    return found


def dual_objective(program: Program, cost: Vector, upper: Vector, duals: Vector) -> float:
    """What row duals (m) prove to be a lower bound of cost x, dual infeasibilities set aside."""
    reduced = cost - program.matrix.T @ duals
    bound = np.where(duals > 0, program.row_lower, program.row_upper)
    column_bound = np.where(reduced > 0, program.lower, upper)
    return _finite_dot(duals, bound) + _finite_dot(reduced, column_bound)


def _finite_dot(weights: Vector, bounds: Vector) -> float:
    # A weight on an infinite bound is a dual infeasibility, counted above.
    return float(
        np.sum(
            np.where(np.isfinite(bounds), weights * np.where(np.isfinite(bounds), bounds, 0.0), 0.0)
        )
    )
