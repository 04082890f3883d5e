"""Scenarios -> a tree of histories.

A node is a history: two scenarios share their nodes up to the first year in which their shocks differ in
effect. Operations, stocks and accounts live on nodes, so nothing can act on a disruption before it shows
(non-anticipativity by construction; Birge and Louveaux, Introduction to Stochastic Programming, ch. 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.shocks import Effects, effects_by_scenario


@dataclass(frozen=True)
class Node:
    """A history up to `year`, shared by `scenarios`; `parent` is -1 in the first year."""

    index: int
    year: int
    parent: int
    scenarios: tuple[str, ...]
    probability: float


@dataclass(frozen=True)
class Tree:
    """Nodes ordered by year; node i has index i. `effects` holds what each scenario's shocks do."""

    case: Case
    nodes: tuple[Node, ...]
    effects: dict[str, Effects]

    @cached_property
    def paths(self) -> tuple[tuple[int, ...], ...]:
        """For each node, its history: the nodes from the first year to itself."""
        paths: list[tuple[int, ...]] = []
        for node in self.nodes:
            paths.append((*(paths[node.parent] if node.parent >= 0 else ()), node.index))
        return tuple(paths)

    @cached_property
    def leaves(self) -> dict[str, int]:
        """The last node of each scenario."""
        return {s: n.index for n in self.nodes if n.year == self.case.last_year for s in n.scenarios}

    def path_of(self, scenario: str) -> tuple[int, ...]:
        """The nodes of a scenario, one per year."""
        return self.paths[self.leaves[scenario]]

    def _effects(self, node: int) -> Effects:
        return self.effects[self.nodes[node].scenarios[0]]

    def demand(self, good: Good, node: int) -> float:
        """Demand (t) at a node, shocks included."""
        key = (*good, self.nodes[node].year)
        base = self.case.demand.get(key, 0.0)
        return base * self._effects(node).demand.get(key, 1.0) if base else 0.0

    def import_limit(self, supplier: str, good: Good, node: int) -> float:
        """What a supplier can sell (t) at a node, shocks included."""
        key = (supplier, *good, self.nodes[node].year)
        base = self.case.import_limit.get(key, 0.0)
        return base * self._effects(node).imports.get(key, 1.0) if base else 0.0

    def capacity_factor(self, project: str, node: int) -> float:
        """Share of capacity that works at a node."""
        return self._effects(node).capacity.get((project, self.nodes[node].year), 1.0)

    def usable_share(self, project: str, committed: int, node: int) -> float:
        """Share of a build committed in year `committed` that is usable at a node: ramp after lead time and delay."""
        due = committed + self.case.projects[project].lead_time_years
        late = self._effects(node).delay(project, due)
        return self.case.ramp_share(project, self.nodes[node].year - due - late)


def scenario_tree(case: Case) -> Tree:
    """The tree on which operations live: equal histories merged."""
    effects = effects_by_scenario(case)
    nodes: list[Node] = []
    groups: list[tuple[int, tuple[str, ...]]] = [(-1, tuple(case.scenarios))]
    for year in case.years:
        shown = {s: effects[s].shown_in(year) for s in case.scenarios}
        split = [(parent, members) for parent, together in groups for members in _split(together, shown)]
        groups = []
        for parent, members in split:
            probability = sum(case.scenarios[s] for s in members)
            nodes.append(Node(len(nodes), year, parent, members, probability))
            groups.append((len(nodes) - 1, members))
    return Tree(case, tuple(nodes), effects)


def count_nodes(case: Case, enough: float = float("inf")) -> int:
    """Nodes of the scenario tree; once there must be more than `enough`, how many there are at least."""
    effects = effects_by_scenario(case)
    groups: list[tuple[str, ...]] = [tuple(case.scenarios)]
    before = 0
    for year in case.years:
        shown = {s: effects[s].shown_in(year) for s in case.scenarios}
        groups = [members for together in groups for members in _split(together, shown)]
        # Histories never merge again.
        if before + len(groups) * (case.last_year + 1 - year) > enough:
            return before + len(groups) * (case.last_year + 1 - year)
        before += len(groups)
    return before


def committed_tree(case: Case) -> Tree:
    """The chain of years on which committed investment lives: one path for all scenarios."""
    together = tuple(case.scenarios)
    nodes = tuple(Node(i, year, i - 1, together, 1.0) for i, year in enumerate(case.years))
    return Tree(case, nodes, {s: Effects() for s in together})


def _split(together: Iterable[str], shown: dict[str, tuple[object, ...]]) -> list[tuple[str, ...]]:
    groups: dict[tuple[object, ...], list[str]] = {}
    for scenario in together:
        groups.setdefault(shown[scenario], []).append(scenario)
    return [tuple(members) for members in groups.values()]
