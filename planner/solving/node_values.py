"""A solution at the nodes of histories and of decisions, of one program or of many that each hold a part of the tree.

Sums are taken in one fixed order, so that amounts have the same digits however many scenarios there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import NODE_PLACES
from planner.solving.program import Key, Vector
from planner.thresholds import ROUNDING

RowPlaces = NDArray[np.intp]
Flags = NDArray[np.bool_]
HISTORIES, DECISIONS = "n", "d"


class AtNodes:
    """A solution at every node; vectors are (nodes), 0 where no program had such a variable, or a small one.

    Of a case solved scenario by scenario: `add` what each part holds.
    """

    def __init__(
        self, scope: Scope, columns: Sequence[Key] = (), x: Sequence[float] | Vector = ()
    ) -> None:
        """columns: names of the columns of a program; x: their values (n)."""
        self.scope, self.size = scope, len(scope.tree.nodes)
        self.decision: RowPlaces = np.array(scope.decision, dtype=np.intp)
        self._sizes = {HISTORIES: self.size, DECISIONS: len(scope.decision_tree.nodes)}
        self._vectors: dict[str, dict[Any, Vector]] = defaultdict(dict)
        self.add(columns, x)

    def add(
        self,
        columns: Sequence[Key],
        x: Sequence[float] | Vector,
        nodes: Mapping[int, int] | None = None,
    ) -> None:
        """Take over a point of a program, in place of what is known of the same variables.

        nodes: where the program holds a part of the histories, its nodes -> those of the whole; what lives on other nodes
        is left out. Decisions are taken over as they are.
        """
        values = np.asarray(x, dtype=float)
        kept = np.flatnonzero(np.abs(values) > ROUNDING)
        for j, value in zip(kept.tolist(), values[kept].tolist(), strict=True):
            name, index = columns[j]
            letter, place = NODE_PLACES.get(name, ("", 0))
            if letter not in self._sizes:
                continue
            parts = index if isinstance(index, tuple) else (index,)
            node = parts[place]
            if nodes is not None and letter == HISTORIES:
                node = nodes.get(node)
            if node is not None:
                self.vector(name, *parts[:place], *parts[place + 1 :])[node] = value

    def vector(self, name: str, *index: Any) -> Vector:
        """A variable by its index without the node, to be changed."""
        letter, _ = NODE_PLACES[name]
        vectors = self._vectors[name]
        if index not in vectors:
            vectors[index] = np.zeros(self._sizes[letter])
        return vectors[index]

    def __call__(self, name: str, *index: Any) -> Vector:
        """A variable by its index without the node, as it is now."""
        return self.vector(name, *index).copy()

    def indices(self, name: str) -> list[Any]:
        """Indices, without the node, of a variable that is not zero everywhere."""
        return [index for index, values in self._vectors[name].items() if values.any()]

    def by_decision(self, name: str, *index: Any) -> Vector:
        """A variable that lives on decision nodes, at the nodes that see the decision."""
        return self.vector(name, *index)[self.decision]

    def rows(self, vectors: Iterable[Vector]) -> NDArray[np.float64]:
        """Vectors as the rows of an array, of which there may be none."""
        return np.array(list(vectors), dtype=float).reshape(-1, self.size)

    def total(self, parts: Iterable[Vector]) -> Vector:
        """Sum of vectors, one after the other."""
        return reduce(np.add, parts, np.zeros(self.size))

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
