"""A period and the next ones over several courses as one program: the present is decided once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_array, csr_array

from planner.errors import StoppedError
from planner.evaluation.chain import LOSS, ChainProgram
from planner.evaluation.period import MONEY, MONEY_WORTH, Purse, part_of
from planner.formulation import budgets
from planner.solving.highs import Solver
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Stop

AHEAD = 5
"""Periods beyond the present one that are looked at."""
BEYOND = "beyond_value_at_risk"


@dataclass(frozen=True, kw_only=True)
class Course:
    """The chain with the sides of one course, and the weight of that; weights sum to 1."""

    sides: Program
    weight: float


class LookaheadProgram:
    """Stock and money of one period, decided for the least loss over courses of the periods after it.

    Money in later periods is bounded by what budgets leave there, each period for itself.
    """

    def __init__(self, chain: ChainProgram, node: int, *, purse: Purse, at_risk: float) -> None:
        buys = bool(chain.scope.purchases)
        left_out = ("carried",) if buys else MONEY
        last = min(node + AHEAD, len(chain.periods) - 1)
        self._chain, self._node, self._last = chain, node, last
        self._purse, self._at_risk = purse, at_risk
        self._now = part_of(chain, range(node, node + 1), left_out)
        self._later = part_of(chain, range(node + 1, last + 1), left_out) if last > node else None
        objective = chain.case.model.objective
        self._mean_weight = 1 - objective.risk_aversion
        self._tail_weight = objective.risk_aversion / (1 - objective.tail)

    def run(
        self, whole: Program, courses: Sequence[Course], *, values: Vector, spent: Vector, name: str
    ) -> None:
        """Fill in the values of this period's columns, and what was spent on stock in it, as `PeriodProgram.run`.

        Raises StoppedError if no optimum is proven.
        """
        program, cost = self._program(whole, courses, values, spent)
        found = Solver(program).minimise_sum(cost, ("dual", "ipm"), "lookahead")
        if found.stop is not Stop.OPTIMAL:
            said = f"the fixed plan has no proven optimum in {name} ({found.stop})"
            raise StoppedError(said)
        columns = self._now.columns
        values[columns] = found.x[: len(columns)]
        paid: dict[str, float] = {}
        for column in columns:
            variable, index = self._chain.program.columns[column]
            if variable == "paid":
                paid[index[0]] = paid.get(index[0], 0.0) + float(values[column])
        if paid:
            spent[:, self._node] = self._purse.spent(self._node, paid)

    def _program(
        self, whole: Program, courses: Sequence[Course], values: Vector, spent: Vector
    ) -> tuple[Program, Vector]:
        """The program of the period and the courses after it, and what each column costs."""
        before = values.copy()
        before[self._now.columns] = 0.0
        rooms = self._rooms(spent)
        sides = [self._sides(self._now.rows, self._now.past, whole, before, rooms)]
        lower = [whole.lower[self._now.columns]]
        upper = [whole.upper[self._now.columns]]
        later = self._later
        if later is not None:
            for course in courses:
                sides.append(self._sides(later.rows, later.past, course.sides, before, rooms))
                lower.append(course.sides.lower[later.columns])
                upper.append(course.sides.upper[later.columns])
        matrix, keys, cost, beyond = self._matrix(courses)
        columns = matrix.shape[1]
        extra = columns - sum(len(part) for part in lower)
        lower.append(np.zeros(extra))
        upper.append(np.full(extra, np.inf))
        row_lower = np.concatenate([*(low for low, _ in sides), np.full(beyond, -self._at_risk)])
        row_upper = np.concatenate([*(high for _, high in sides), np.full(beyond, np.inf)])
        rows: tuple[Key, ...] = tuple(("row", place) for place in range(matrix.shape[0]))
        program = Program(
            matrix=matrix,
            row_lower=row_lower,
            row_upper=row_upper,
            lower=np.concatenate(lower),
            upper=np.concatenate(upper),
            columns=keys,
            rows=rows,
            goal=np.zeros(columns),
        )
        return program, cost

    def _rooms(self, spent: Vector) -> dict[int, dict[str, float]]:
        """By period what each funder may pay there."""
        return {node: self._purse.room(node, spent) for node in range(self._node, self._last + 1)}

    def _sides(
        self,
        rows: list[int],
        past: csr_array,
        whole: Program,
        before: Vector,
        rooms: dict[int, dict[str, float]],
    ) -> tuple[Vector, Vector]:
        """Sides of some rows of the chain, what happened before put in."""
        shift = past @ before
        low, high = whole.row_lower[rows] - shift, whole.row_upper[rows] - shift
        for place, row in enumerate(rows):
            key = self._chain.program.rows[row]
            if key[0] == budgets.account.name:
                high[place] = rooms[self._chain.node_of_row(key)][key[1][0]]
        return low, high

    def _matrix(self, courses: Sequence[Course]) -> tuple[csr_array, tuple[Key, ...], Vector, int]:
        """All blocks, the keys and costs of the columns, and the number of rows for what goes beyond."""
        now, later = self._now, self._later
        keys: list[Key] = [(name, ("now", index)) for name, index in now.program.columns]
        cost = [self._cost_of_money(now.program.columns)]
        if later is None:
            cost[0][now.program.column[LOSS, self._node]] = 1.0
            return now.program.matrix, tuple(keys), cost[0], 0
        link = csr_array(later.past[:, now.columns])
        count = len(courses)
        blocks: list[list[csr_array | None]] = [[now.program.matrix, *[None] * (2 * count)]]
        goal = later.program.column[LOSS, self._last]
        picks = csr_array(([1.0], ([0], [goal])), shape=(1, len(later.columns)))
        one = csr_array(([1.0], ([0], [0])), shape=(1, 1))
        beyond: list[list[csr_array | None]] = []
        for place, course in enumerate(courses):
            row: list[csr_array | None] = [None] * (1 + 2 * count)
            row[0], row[1 + place] = link, later.program.matrix
            blocks.append(row)
            tail: list[csr_array | None] = [None] * (1 + 2 * count)
            tail[1 + place], tail[1 + count + place] = -picks, one
            beyond.append(tail)
            own = self._cost_of_money(later.program.columns) * course.weight
            own[goal] = course.weight * self._mean_weight
            cost.append(own)
            keys += [(name, (place, index)) for name, index in later.program.columns]
        cost.append(np.array([course.weight * self._tail_weight for course in courses]))
        keys += [(BEYOND, place) for place in range(count)]
        matrix = csr_array(block_array([*blocks, *beyond], format="csr"))
        return matrix, tuple(keys), np.concatenate(cost), count

    def _cost_of_money(self, columns: Sequence[Key]) -> Vector:
        return np.array([MONEY_WORTH if name == "paid" else 0.0 for name, _ in columns])
