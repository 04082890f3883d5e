"""The least of a cost under conditions that are piecewise smooth: sequential linear programs within a radius."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from planner.finance.yearly_rows import Array

STEP = 1e-5
"""Distance over which slopes are taken."""
RADIUS, LEAST_RADIUS, ROUNDS = 0.2, 1e-4, 40
FRACTIONS = np.array([1.0, 0.5, 0.2, 0.05])
"""Parts of a step that are tried."""
PENALTY = 50.0
"""Cost of a unit by which a condition fails."""
GAINED = 1e-4
"""Fall of the cost below which a step is none."""
HELD = 1e-6
"""What a condition may lack."""


@dataclass(frozen=True, kw_only=True)
class SupportTrial:
    """Points that were tried, a row each: their cost, and what must not be below nought. serves: whether debt is served in
    a year."""

    cost: Array
    gains: Array
    serves: NDArray[np.bool_]

    @property
    def lacking(self) -> Array:
        """The sum of what conditions lack."""
        return np.asarray(np.maximum(-self.gains, 0.0).sum(axis=1))

    @property
    def merit(self) -> Array:
        """Cost with what is lacking."""
        return self.cost + PENALTY * self.lacking


@dataclass(frozen=True, kw_only=True)
class LeastCost:
    """The point of least cost in the unit cube, and the cost."""

    point: Array
    cost: float


def least_cost(tried: Callable[[Array], SupportTrial], start: Array) -> LeastCost | None:
    """The least of a cost over the unit cube, near a start; None where its conditions are not met. tried: judges points, a
    row each."""
    point, radius = start, RADIUS
    merit = float(tried(point[None, :]).merit[0])
    for _ in range(ROUNDS):
        if radius < LEAST_RADIUS:
            break
        step = _best_step(tried, point, radius)
        points = np.clip(point + FRACTIONS[:, None] * step, 0.0, 1.0)
        merits = tried(points).merit
        best = int(np.argmin(merits))
        if merits[best] < merit - GAINED:
            point, merit = points[best], float(merits[best])
            radius = min(2.0 * radius, 1.0) if best == 0 else radius / 2.0
        else:
            radius /= 8.0
    last = tried(point[None, :])
    if last.lacking[0] > HELD * last.gains.shape[1]:
        return None
    return LeastCost(point=point, cost=float(last.cost[0]))


def _best_step(tried: Callable[[Array], SupportTrial], point: Array, radius: float) -> Array:
    """The step that a linear program within the radius takes; conditions may lack at a penalty."""
    size = len(point)
    signs = np.where(point + STEP <= 1.0, 1.0, -1.0)
    around = tried(np.vstack([point, point + STEP * np.diag(signs)]))
    slopes = (around.cost[1:] - around.cost[0]) / (STEP * signs)
    of_gains = ((around.gains[1:] - around.gains[0]) / (STEP * signs)[:, None]).T
    conditions = len(of_gains)
    optimum = linprog(
        np.concatenate([slopes, np.full(conditions, PENALTY)]),
        A_ub=np.hstack([-of_gains, -np.eye(conditions)]),
        b_ub=around.gains[0],
        bounds=[
            *zip(np.maximum(-radius, -point), np.minimum(radius, 1.0 - point), strict=True),
            *[(0.0, None)] * conditions,
        ],
    )
    return np.zeros(size) if optimum.x is None else np.asarray(optimum.x[:size])
