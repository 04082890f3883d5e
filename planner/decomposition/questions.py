"""What is asked of a branch: a program with rows that bound some columns, and a last column to be made small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from planner.errors import StoppedError
from planner.solving.highs import Solver, Stop
from planner.solving.program import Program, Vector

ROOM = (0.0, 1e-6)
"""Relative room given to every row, the second only where rounding of the links makes a branch infeasible: its cut
then holds for more than the branch, so all the more for it."""


@dataclass(frozen=True)
class Found:
    """Optimum of a question: its proven lower bound, columns x, row duals."""

    value: float
    x: Vector
    duals: Vector


class Question:
    """A program whose last column is to be as small as can be, and the solver that keeps it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._solver: Solver | None = None

    def ask(self, known: Vector, allowed: Sequence[float], weights: Sequence[float] | None) -> Found:
        """known: what the links contribute to each row of the branch. allowed: upper sides of the rows that follow.
        weights: of the terms of the goal, if they change. Raises StoppedError without a proven optimum."""
        for room in ROOM:
            program = self._at(known, allowed, weights, room)
            if self._solver is None:
                self._solver = Solver(program)
            else:
                self._solver.replace(program)
            goal = len(program.columns) - 1
            found = self._solver.minimise(goal)
            if found.stop is Stop.OPTIMAL:
                return Found(self._solver.proven(goal, found.duals), found.x, found.duals)
        raise StoppedError(f"no proven optimum after the trunk is left ({found.stop})")

    def _at(self, known: Vector, allowed: Sequence[float], weights: Sequence[float] | None, room: float) -> Program:
        old = self._program
        data = old.matrix.data
        if weights is not None:
            data = data.copy()
            data[-1 - len(weights) : -1] = [-weight for weight in weights]  # the goal itself is the last column
        spare = room * (1 + np.abs(known))
        low, high = old.row_lower.copy(), old.row_upper.copy()
        low[: len(known)] -= known + spare
        high[: len(known)] -= known - spare
        high[len(known) : len(known) + len(allowed)] = allowed
        return old.with_data(data, low, high, old.lower, old.upper)


def limited(program: Program, columns: Sequence[int], elastic: bool) -> Program:
    """A program with a row more for each of some columns, to bound it; elastic: up to a column more, its excess."""
    count, size = len(columns), len(program.columns)
    more = count if elastic else 0
    bounded = csr_array((np.ones(count), (range(count), columns)), shape=(count, size))
    above = hstack([program.matrix, csr_array((len(program.rows), more))])
    below = hstack([bounded, csr_array(-eye_array(count, more))])
    return Program(
        matrix=csr_array(vstack([above, below]).tocsr()),
        row_lower=np.concatenate([program.row_lower, np.full(count, -np.inf)]),
        row_upper=np.concatenate([program.row_upper, np.full(count, np.inf)]),
        lower=np.concatenate([program.lower, np.zeros(more)]),
        upper=np.concatenate([program.upper, np.full(more, np.inf)]),
        columns=(*program.columns, *(("excess", i) for i in range(more))),
        rows=(*program.rows, *(("allowed", i) for i in range(count))),
        goal=np.zeros(size + more),
    )


def with_goal(program: Program, columns: Sequence[int], weights: Sequence[float]) -> Program:
    """A program with a column more, the last, that is the weighted sum of some, and a row that says so."""
    size, count = len(program.columns), len(columns)
    terms = csr_array(([-w for w in weights], ([0] * count, columns)), shape=(1, size))
    terms.eliminate_zeros()
    rows = [hstack([program.matrix, csr_array((len(program.rows), 1))]), hstack([terms, csr_array([[1.0]])])]
    matrix = csr_array(vstack(rows).tocsr())
    matrix.sort_indices()
    return Program(
        matrix=matrix,
        row_lower=np.append(program.row_lower, 0.0),
        row_upper=np.append(program.row_upper, 0.0),
        lower=np.append(program.lower, -np.inf),
        upper=np.append(program.upper, np.inf),
        columns=(*program.columns, ("goal", None)),
        rows=(*program.rows, ("goal", None)),
        goal=np.zeros(size + 1),
    )
