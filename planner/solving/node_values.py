"""A solution at the nodes of histories.

Sums are taken in one fixed order, so that amounts have the same digits however many scenarios there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.formulation.index_sets import Scope
from planner.solving.program import Vector
from planner.solving.variable_values import Values

RowPlaces = NDArray[np.intp]
Flags = NDArray[np.bool_]


def total(parts: Iterable[Vector], size: int) -> Vector:
    """Sum of vectors, one after the other."""
    return reduce(np.add, parts, np.zeros(size))


class AtNodes:
    """A solution at every node of histories; vectors are (nodes)."""

    def __init__(self, scope: Scope, values: Values) -> None:
        self.scope, self.values, self.size = scope, values, len(scope.tree.nodes)
        self.decision: RowPlaces = np.array(scope.decision, dtype=np.intp)

    def __call__(self, name: str, *index: Any) -> Vector:
        """A variable that lives on nodes; index: without the node."""
        return self.values.by_node(name, self.size, *index)

    def by_decision(self, name: str, *index: Any) -> Vector:
        """A variable that lives on decision nodes, at the nodes that see the decision."""
        decisions = range(len(self.scope.decision_tree.nodes))
        values = [self.values(name, *index, decision) for decision in decisions]
        return np.array(values)[self.decision]

    def rows(self, vectors: Iterable[Vector]) -> NDArray[np.float64]:
        """Vectors as the rows of an array, of which there may be none."""
        return np.array(list(vectors), dtype=float).reshape(-1, self.size)

    def total(self, parts: Iterable[Vector]) -> Vector:
        """Sum of vectors, one after the other."""
        return total(parts, self.size)

    @cached_property
    def demands(self) -> dict[Good, Vector]:
        """Demand (t) of each good."""
        return {good: self.scope.tree.demands(good) for good in self.scope.goods}

    @cached_property
    def by_name(self) -> Mapping[Good, Flags]:
        """Good -> mask of the nodes at which it matters which supplier sells it."""
        by_name = defaultdict[Good, Flags](lambda: np.zeros(self.size, dtype=bool))
        for country, element, form, node in self.scope.sellers_by_name:
            by_name[country, element, form][node] = True
        return by_name

    @cached_property
    def stock(self) -> dict[Good, tuple[Vector, Vector]]:
        """Year-end stock and releases (t). Where imports cover a good, stock that costs something to hold is released
        at once, and other stock stays."""
        return {good: self._stock(good) for good in self.scope.stocks}

    def _stock(self, good: Good) -> tuple[Vector, Vector]:
        """Year-end stock and releases (t) of a good at each node; where imports cover it as `stock` says."""
        row, covered = self.scope.case.lookups.stockpiles[good], self.scope.covered[good]
        stock, released = self("stock", *good), self("released", *good)
        parents = np.array([node.parent for node in self.scope.tree.nodes])
        begun = covered & ((parents < 0) | ~covered[parents])
        released[covered] = 0.0
        if row.holding_usd_per_kg_year > 0:
            there = np.where(parents < 0, row.initial_t, stock[parents])
            released[begun] = there[begun]
            stock[covered] = 0.0
            return stock, released
        for node in np.flatnonzero(covered).tolist():
            before = parents[node]
            stock[node] = stock[before] if before >= 0 else row.initial_t
        return stock, released
