"""A linear program collected row by row, and its solution with scipy's HiGHS."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix

Key = tuple[Any, ...]
Terms = Mapping[Key, float]


@dataclass
class Solution:
    """Values by variable key; `prices` are what the objective loses per unit on each cap, in order."""

    feasible: bool
    objective: float = math.nan
    values: dict[Key, float] = field(default_factory=dict)
    prices: list[float] = field(default_factory=list)

    @property
    def price(self) -> float:
        """The price of the last cap, if one was set."""
        return self.prices[-1] if self.prices else math.nan

    def __getitem__(self, key: Key) -> float:
        """The value of a variable; one that was never made is zero."""
        return self.values.get(key, 0.0)


class Program:
    """Variables are named by tuples; rows are dicts of coefficients with bounds."""

    def __init__(self) -> None:
        """An empty program."""
        self.index: dict[Key, int] = {}
        self.bounds: list[tuple[float, float]] = []
        self.equal: list[tuple[dict[Key, float], float]] = []
        self.upper: list[tuple[dict[Key, float], float]] = []
        self.whole: list[Key] = []

    def variable(
        self, *key: Hashable, low: float = 0.0, high: float = math.inf, whole: bool = False
    ) -> Key:
        """Add a variable, if asked one that takes whole numbers, and return its key."""
        assert key not in self.index, key
        if whole:
            self.whole.append(key)
        self.index[key] = len(self.bounds)
        self.bounds.append((low, high))
        return key

    def equals(self, terms: Terms, value: float) -> None:
        """terms = value."""
        self.equal.append((dict(terms), value))

    def at_most(self, terms: Terms, value: float) -> None:
        """terms <= value."""
        self.upper.append((dict(terms), value))

    def matrix(
        self, rows: list[tuple[dict[Key, float], float]]
    ) -> tuple[csr_matrix, np.ndarray] | None:
        """Rows as a sparse matrix and right-hand side; a term on an absent variable is a fault here."""
        if not rows:
            return None
        data, row, column = [], [], []
        for number, (terms, _) in enumerate(rows):
            for key, value in terms.items():
                data.append(value)
                row.append(number)
                column.append(self.index[key])
        shape = (len(rows), len(self.bounds))
        return csr_matrix((data, (row, column)), shape=shape), np.array(
            [value for _, value in rows]
        )

    def fix(self, solution: Solution) -> None:
        """Hold the whole numbers of a solution from here on."""
        for key in self.whole:
            self.bounds[self.index[key]] = (round(solution[key]), round(solution[key]))
        self.whole = []

    def minimise(self, terms: Terms) -> Solution:
        """Solve; infeasible is an answer, anything else but optimal is an error.

        With whole numbers they are found first, then all else is solved again with them held, which takes out what the
        search lets a whole number be off and gives the price.
        """
        cost = np.zeros(len(self.bounds))
        for key, value in terms.items():
            cost[self.index[key]] += value
        if not self.whole:
            return self.solve(cost)
        found = self.search(cost)
        if not found.feasible:
            return found
        whole, bounds = self.whole, list(self.bounds)
        self.fix(found)
        solution = self.solve(cost)
        self.whole, self.bounds = whole, bounds
        if not solution.feasible:
            raise RuntimeError(
                "the whole numbers that were found fit only within the tolerance of the search"
            )
        return solution

    def search(self, cost: np.ndarray) -> Solution:
        """The mixed-integer program, to a gap that counts as none."""
        rows = []
        for found, low in ((self.matrix(self.equal), None), (self.matrix(self.upper), -np.inf)):
            if found:
                rows.append(LinearConstraint(found[0], found[1] if low is None else low, found[1]))
        whole = np.zeros(len(self.bounds))
        whole[[self.index[key] for key in self.whole]] = 1
        low, high = np.array(self.bounds).T
        result = milp(
            cost,
            integrality=whole,
            bounds=Bounds(low, high),
            constraints=rows,
            options={"mip_rel_gap": 1e-9},
        )
        if result.status == 2:
            return Solution(feasible=False)
        if result.status != 0:
            raise RuntimeError(f"milp: {result.status} {result.message}")
        values = {key: float(result.x[place]) for key, place in self.index.items()}
        return Solution(feasible=True, objective=float(result.fun), values=values)

    def solve(self, cost: np.ndarray) -> Solution:
        """The linear program."""
        equal, upper = self.matrix(self.equal), self.matrix(self.upper)
        solve: Any = linprog  # its stubs are too strict about unions
        for method in ("highs-ds", "highs-ipm", "highs"):
            result = solve(
                cost,
                A_eq=equal[0] if equal else None,
                b_eq=equal[1] if equal else None,
                A_ub=upper[0] if upper else None,
                b_ub=upper[1] if upper else None,
                bounds=self.bounds,
                method=method,
                options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
            )
            if result.status in (0, 2):
                break
        if result.status == 2:
            return Solution(feasible=False)
        if result.status != 0:
            raise RuntimeError(f"linprog: {result.status} {result.message}")
        values = {key: float(result.x[place]) for key, place in self.index.items()}
        prices = [-float(price) for price in result.ineqlin.marginals] if upper else []
        return Solution(feasible=True, objective=float(result.fun), values=values, prices=prices)


def add(terms: dict[Key, float], key: Key, value: float) -> None:
    """Add a coefficient to a row under construction."""
    terms[key] = terms.get(key, 0.0) + value
