"""A period and the next ones over several courses as one program: the present is decided once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_array, block_diag, csr_array, eye_array

from planner.evaluation.chain import LOSS, ChainProgram
from planner.evaluation.period import MONEY, MONEY_WORTH, ChainPart, Purse, not_proven, part_of
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
        left_out = ("carried",) if chain.scope.purchases else MONEY
        last = min(node + AHEAD, len(chain.periods) - 1)
        objective = chain.case.model.objective
        self._chain, self._node, self._last = chain, node, last
        self._purse, self._at_risk = purse, at_risk
        self._now = part_of(chain, range(node, node + 1), left_out)
        self._later: ChainPart | None = None
        if last > node:
            self._later = part_of(chain, range(node + 1, last + 1), left_out)
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
            raise not_proven(name, found)
        columns = self._now.columns
        values[columns] = found.x[: len(columns)]
        paid: dict[str, float] = defaultdict(float)
        own = zip(self._now.program.columns, found.x.tolist(), strict=False)
        for (variable, index), value in own:
            if variable == "paid":
                paid[index[0]] += value
        if paid:
            spent[:, self._node] = self._purse.spent(self._node, paid)

    def _program(
        self, whole: Program, courses: Sequence[Course], values: Vector, spent: Vector
    ) -> tuple[Program, Vector]:
        """The program of the period and the courses after it, and what each column costs."""
        before = values.copy()
        before[self._now.columns] = 0.0
        rooms = self._rooms(spent)
        matrix, keys, cost, beyond = self._matrix(courses)
        parts = [(self._now, whole)]
        if self._later is not None:
            for course in courses:
                parts.append((self._later, course.sides))
        row_lower, row_upper, lower, upper = [], [], [], []
        for part, future in parts:
            low, high = self._sides(part, future, before, rooms)
            row_lower.append(low)
            row_upper.append(high)
            lower.append(future.lower[part.columns])
            upper.append(future.upper[part.columns])
        row_lower.append(np.full(beyond, -self._at_risk))
        row_upper.append(np.full(beyond, np.inf))
        lower.append(np.zeros(beyond))
        upper.append(np.full(beyond, np.inf))
        rows: tuple[Key, ...] = tuple(("row", place) for place in range(matrix.shape[0]))
        program = Program(
            matrix=matrix,
            row_lower=np.concatenate(row_lower),
            row_upper=np.concatenate(row_upper),
            lower=np.concatenate(lower),
            upper=np.concatenate(upper),
            columns=keys,
            rows=rows,
            goal=np.zeros(len(keys)),
        )
        return program, cost

    def _rooms(self, spent: Vector) -> dict[int, dict[str, float]]:
        """By period what each funder may pay there."""
        nodes = range(self._node, self._last + 1)
        return {node: self._purse.room(node, spent) for node in nodes}

    def _sides(
        self, part: ChainPart, future: Program, before: Vector, rooms: dict[int, dict[str, float]]
    ) -> tuple[Vector, Vector]:
        """Sides of the rows of a part, what happened before put in."""
        low, high = part.sides(future, before)
        for place, key in enumerate(part.program.rows):
            if key[0] == budgets.account.name:
                room = rooms[self._chain.node_of_row(key)]
                high[place] = room[key[1][0]]
        return low, high

    def _matrix(self, courses: Sequence[Course]) -> tuple[csr_array, tuple[Key, ...], Vector, int]:
        """All blocks, the keys and costs of the columns, and the number of rows for what goes beyond."""
        now, later = self._now.program, self._later
        keys: list[Key] = [(name, ("now", index)) for name, index in now.columns]
        cost = [_cost_of_money(now.columns)]
        if later is None:
            cost[0][now.column[LOSS, self._node]] = 1.0
            return now.matrix, tuple(keys), cost[0], 0
        count = len(courses)
        goal = later.program.column[LOSS, self._last]
        for place, course in enumerate(courses):
            own = _cost_of_money(later.program.columns) * course.weight
            own[goal] = course.weight * self._mean_weight
            cost.append(own)
            for name, index in later.program.columns:
                keys.append((name, (place, index)))
        for place in range(count):
            keys.append((BEYOND, place))
        weights = [course.weight for course in courses]
        cost.append(np.array(weights) * self._tail_weight)
        # A block of rows for the present and for each course, then one row a course for what goes beyond.
        picks = csr_array(([-1.0], ([0], [goal])), shape=(1, len(later.columns)))
        link = csr_array(later.past[:, self._now.columns])
        links = [[link]] * count
        courses_alone = block_diag([later.program.matrix] * count)
        ends = block_diag([picks] * count)
        blocks = [
            [now.matrix, None, None],
            [block_array(links), courses_alone, None],
            [None, ends, eye_array(count)],
        ]
        matrix = csr_array(block_array(blocks, format="csr"))
        return matrix, tuple(keys), np.concatenate(cost), count


def _cost_of_money(columns: Sequence[Key]) -> Vector:
    return np.array([MONEY_WORTH if name == "paid" else 0.0 for name, _ in columns])
