"""The best mean of plans that were found: cost and losses of a mean are at most the means of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
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
    expected, cost, tail = np.zeros((3, count + 1 + number))  # by share, then value at risk, then excess of each
    expected[:count], cost[:count] = chances @ losses, [one.cost for one in plans]
    tail[count], tail[count + 1 :] = 1.0, chances / (1 - objective.tail)
    risk = (1 - objective.risk_aversion) * expected + objective.risk_aversion * tail
    measures = {"expected_loss": expected, "cost": cost, "risk": risk, "welfare": cost + risk}
    whole = np.zeros(len(cost))
    whole[:count] = 1.0
    excess = np.hstack([-losses, np.ones((number, 1)), np.eye(number)])
    held = np.array([measures[name] for name in limits]).reshape(-1, len(cost))
    program = Program(
        matrix=csr_array(np.vstack([excess, whole, held])),
        row_lower=np.array([*[0.0] * number, 1.0, *[-np.inf] * len(limits)]),
        row_upper=np.array([*[np.inf] * number, 1.0, *limits.values()]),
        lower=np.zeros(len(cost)),
        upper=np.full(len(cost), np.inf),
        columns=tuple(("column", j) for j in range(len(cost))),
        rows=tuple(("row", i) for i in range(number + 1 + len(limits))),
        goal=measures[column],
    )
    found = Solver(program).minimise_sum(program.goal, ("dual", "ipm"), column)
    if found.stop is not Stop.OPTIMAL:
        return None
    shares = np.maximum(found.x[:count], 0.0)
    return np.asarray(shares / np.sum(shares))
