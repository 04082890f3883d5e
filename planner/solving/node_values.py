"""A solution at the nodes of histories, and the nodes that each scenario visits.

Sums are taken in one fixed order, so that a table has the same digits however many scenarios there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.data.scenario_tree import Tree
from planner.formulation.index_sets import Scope
from planner.results.schema import TABLE_COLUMNS
from planner.solving.program import Vector
from planner.solving.variable_values import Values

RowPlaces = NDArray[np.intp]
Flags = NDArray[np.bool_]


def words(names: Iterable[str], places: RowPlaces) -> Any:
    """A column of texts from the places of each in a list of them."""
    return pd.array(list(names), dtype="str").take(places)


def total(parts: Iterable[Vector], size: int) -> Vector:
    """Sum of vectors, one after the other."""
    return reduce(np.add, parts, np.zeros(size))


class Visits:
    """The nodes of every scenario, in order of scenario and period: the rows of tables."""

    def __init__(self, tree: Tree) -> None:
        self._scenarios = list(tree.case.scenarios)
        paths = [tree.path_of(scenario) for scenario in self._scenarios]
        lengths = [len(path) for path in paths]
        self._scenario: RowPlaces = np.repeat(np.arange(len(paths)), lengths)
        self.node: RowPlaces = np.concatenate(paths).astype(np.intp)
        self._year = np.array([node.year for node in tree.nodes])
        self._quarter = np.array([node.quarter or 0 for node in tree.nodes])

    def each(self, things: int) -> tuple[RowPlaces, RowPlaces]:
        """The visit of each row, and the thing that it is about, where every visit has a row for so many things."""
        rows = np.repeat(np.arange(len(self.node)), things)
        return rows, np.tile(np.arange(things), len(self.node))

    def where(self, there: Flags) -> tuple[RowPlaces, RowPlaces]:
        """Places of the rows where some things have a row at some nodes alone. there: mask (things x nodes)."""
        rows, things = np.nonzero(there[:, self.node].T)
        return rows, things

    def table(self, name: str, rows: RowPlaces, columns: Mapping[str, Any]) -> pd.DataFrame:
        """A result table. rows: the visit of each; columns: all but scenario, year and quarter."""
        nodes = self.node[rows]
        quarter = self._quarter[nodes]
        when = {
            "scenario": words(self._scenarios, self._scenario[rows]),
            "year": self._year[nodes],
            "quarter": pd.arrays.IntegerArray(quarter, quarter == 0),
        }
        return pd.DataFrame({**when, **columns}, columns=list(TABLE_COLUMNS[name]), copy=False)


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
    def loads(self) -> dict[str, Vector]:
        """Throughput (t) of each plant, as capacity counts it."""
        return {project: self._load(project) for project in self.scope.case.projects}

    def _load(self, project: str) -> Vector:
        """Throughput (t) of a plant at each node, as capacity counts it."""
        case = self.scope.case
        stage = case.stage_of(project)
        if stage.mines:
            return self("mined", project)
        if stage.saves:
            return self("run", project)
        if stage.separates:
            loads: list[Vector] = []
            for feed in sorted(case.projects[project].feeds):
                taken = self("separated", project, feed)
                loads.append(case.capacity_use(project, feed) * taken)
            return self.total(loads)
        return self.total(self("converted", project, element) for element in case.elements)

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
        row, covered = self.scope.case.stockpiles[good], self.scope.covered[good]
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
