"""Scenarios -> a tree of histories.

A node is a history: two scenarios share their nodes up to the first year in which their shocks differ in
effect. Operations, stocks and accounts live on nodes, so nothing can act on a disruption before it shows
(non-anticipativity by construction; Birge and Louveaux, Introduction to Stochastic Programming, ch. 2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.lookups import Good
from planner.data.schema import Shock

ImportKey = tuple[str, str, str, str, int]
DemandKey = tuple[str, str, str, int]
K = TypeVar("K")


@dataclass(frozen=True)
class Effects:
    """What the shocks of one scenario do: factors where they differ from 1, delays where they differ from 0.

    A shock that touches nothing, or multiplies by 1, leaves no trace here, so it makes no difference between two
    histories. Whether something is touched depends on the case and the horizon, not on the levers: what can be known
    does not change with what may be done about it.

    `delays` maps (project, due year) to [(year in which it shows itself, years added)].
    """

    imports: dict[ImportKey, float] = field(default_factory=dict)
    demand: dict[DemandKey, float] = field(default_factory=dict)
    capacity: dict[tuple[str, int], float] = field(default_factory=dict)
    delays: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)

    def delay(self, project: str, due: int) -> int:
        """Years by which a build of `project` due in `due` is late."""
        return sum(years for _, years in self.delays.get((project, due), ()))

    def shown_in(self, year: int) -> tuple[object, ...]:
        """All that a history shows in `year`: factors in force, and every delay known by then."""
        known = {key: sum(years for shown, years in parts if shown <= year) for key, parts in self.delays.items()}
        return (
            frozenset((k, v) for k, v in self.imports.items() if k[-1] == year),
            frozenset((k, v) for k, v in self.demand.items() if k[-1] == year),
            frozenset((k, v) for k, v in self.capacity.items() if k[-1] == year),
            frozenset((k, v) for k, v in known.items() if v),
        )


def effects_by_scenario(case: Case) -> dict[str, Effects]:
    """Effects of every scenario of the case."""
    grouped: dict[str, list[Shock]] = {scenario: [] for scenario in case.scenarios}
    for shock in case.tables.shocks:
        grouped[shock.scenario].append(shock)
    return {scenario: effects_of(case, shocks) for scenario, shocks in grouped.items()}


def effects_of(case: Case, shocks: list[Shock]) -> Effects:
    """What these shocks do together, where they are felt."""
    effects = Effects(defaultdict(lambda: 1.0), defaultdict(lambda: 1.0), defaultdict(lambda: 1.0), defaultdict(list))
    for shock in shocks:
        start = case.first_year if shock.start_year is None else begin_of(shock.start_year)[0]
        end = case.last_year if shock.end_year is None else end_of(shock.end_year)[0]
        if shock.kind == "import":
            for key in case.import_limit:
                if start <= key[-1] <= end and _matches(shock, *key[:4]):
                    effects.imports[key] *= shock.factor
        elif shock.kind == "demand":
            for dkey in case.demand:
                if start <= dkey[-1] <= end and _matches(shock, "", *dkey[:3]):
                    effects.demand[dkey] *= shock.factor
        elif shock.kind == "capacity":
            for project in _matching_projects(case, shock):
                for year in case.years:
                    if start <= year <= end and _may_have_capacity(case, project, year):
                        effects.capacity[project, year] *= shock.factor
        elif shock.factor > 0:
            for project in _matching_projects(case, shock):
                for committed in case.commitment_years(project):
                    due = committed + case.projects[project].lead_time_years
                    if start <= due <= end:
                        effects.delays[project, due].append((max(start, case.first_year), int(shock.factor)))
    return Effects(
        _without_ones(effects.imports),
        _without_ones(effects.demand),
        _without_ones(effects.capacity),
        dict(effects.delays),
    )


def _without_ones(factors: dict[K, float]) -> dict[K, float]:
    # Rounding makes products of the same factors in another order equal.
    return {key: rounded for key, value in factors.items() if (rounded := float(f"{value:.12g}")) != 1.0}


def _matches(shock: Shock, supplier: str, country: str, element: str, form: str) -> bool:
    return (
        (shock.supplier in ("", supplier) or supplier == "")
        and shock.country in ("", country)
        and shock.element in ("", element)
        and shock.form in ("", form)
    )


def _matching_projects(case: Case, shock: Shock) -> list[str]:
    return [
        p
        for p, row in case.projects.items()
        if shock.project in ("", p) and shock.stage in ("", row.stage) and shock.country in ("", row.country)
    ]


def _may_have_capacity(case: Case, project: str, year: int) -> bool:
    lead = case.projects[project].lead_time_years
    return case.existing_tpa(project, year) > 0 or any(y + lead <= year for y in case.commitment_years(project))


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
