"""The best mean of plans that were found: cost and losses of a mean are at most the means of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.solving.highs import Solver
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Stop


class PlanOutcome(Protocol):
    """What a plan comes to (MUSD)."""

    @property
    def losses(self) -> Mapping[str, float]:
        """By scenario."""

    @property
    def cost(self) -> float:
        """In all."""


def best_mixture(case: Case, plans: Sequence[PlanOutcome], column: str, limits: Mapping[str, float]) -> Vector | None:
    """Shares of plans (k) whose mean is least in a measure within limits of others; None if no mean is.

    column, keys of limits: `risk`, `cost`, `expected_loss` or `welfare`, which is cost + risk (MUSD).
    """
    objective, count, number = case.model.objective, len(plans), len(case.scenarios)
    chances = np.array(list(case.scenarios.values()))
    losses = np.array([[one.losses[w] for w in case.scenarios] for one in plans]).T
    measures = ("expected_loss", "cost", "risk", "welfare")
    columns: list[Key] = [("share", i) for i in range(count)] + [("value_at_risk", None)]
    columns += [("excess", w) for w in case.scenarios] + [(name, None) for name in measures]
    at = count + 1 + number
    matrix = np.zeros((number + 5, at + 4))
    matrix[:number, :count], matrix[:number, count] = -losses, 1.0
    matrix[range(number), range(count + 1, at)] = 1.0
    whole, expected, cost, risk, welfare = range(number, number + 5)
    matrix[whole, :count] = 1.0
    matrix[expected, :count], matrix[expected, at] = -chances @ losses, 1.0
    matrix[cost, :count], matrix[cost, at + 1] = [-one.cost for one in plans], 1.0
    aversion = objective.risk_aversion
    matrix[risk, [at + 2, at, count]] = 1.0, aversion - 1.0, -aversion
    matrix[risk, count + 1 : at] = -aversion * chances / (1 - objective.tail)
    matrix[welfare, [at + 3, at + 2, at + 1]] = 1.0, -1.0, -1.0
    low, high = np.zeros(number + 5), np.zeros(number + 5)
    high[:number], low[whole], high[whole] = np.inf, 1.0, 1.0
    upper = np.full(at + 4, np.inf)
    for name, most in limits.items():
        upper[at + measures.index(name)] = most
    lower = np.zeros(at + 4)
    rows: list[Key] = [("row", i) for i in range(number + 5)]
    program = Program(csr_array(matrix), low, high, lower, upper, tuple(columns), tuple(rows), np.zeros(at + 4))
    found = Solver(program).minimise(at + measures.index(column), ("dual", "ipm"))
    if found.stop is not Stop.OPTIMAL:
        return None
    shares = np.maximum(found.x[:count], 0.0)
    return np.asarray(shares / np.sum(shares))
