"""Scenarios -> a tree of histories.

A node is a history: two scenarios share their nodes up to the first period in which their shocks differ in
effect. Operations, stocks and accounts live on nodes, so nothing can act on a disruption before it shows
(non-anticipativity by construction; Birge and Louveaux, Introduction to Stochastic Programming, ch. 2).

A period is a year, or a quarter of one in which a shock begins or ends inside the year; the years that are divided are
so for all histories. What is decided by year lives on years or on the first nodes of years.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from planner.data.case import Case
from planner.data.cells import Quarter, begin_of, end_of
from planner.data.lookups import Good
from planner.data.schema import Shock

Period = int | Quarter
"""A year, or a quarter of a year that is divided."""
ImportKey = tuple[str, str, str, str, Period]
DemandKey = tuple[str, str, str, Period]
K = TypeVar("K")


def year_of(period: Period) -> int:
    """The year of a period."""
    return period.year if isinstance(period, Quarter) else period


def length_of(period: Period) -> float:
    """Years that it lasts: 1 or 1/4."""
    return 0.25 if isinstance(period, Quarter) else 1.0


@dataclass(frozen=True)
class Effects:
    """What the shocks of one scenario do, by period: factors where they differ from 1, delays where they differ from 0.

    A shock that touches nothing, or multiplies by 1, leaves no trace here, so it makes no difference between two
    histories. Whether something is touched depends on the case and the horizon, not on the levers: what can be known
    does not change with what may be done about it.

    `delays` maps (project, due year) to [(year in which it shows itself, years added)]. `leaks`: where a factor is
    below 1 and others of the group can sell on, the share of what is cut that may be had from them.
    """

    imports: dict[ImportKey, float] = field(default_factory=dict)
    demand: dict[DemandKey, float] = field(default_factory=dict)
    capacity: dict[tuple[str, Period], float] = field(default_factory=dict)
    delays: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    leaks: dict[ImportKey, float] = field(default_factory=dict)

    def delay(self, project: str, due: int) -> int:
        """Years by which a build of `project` due in `due` is late."""
        return sum(years for _, years in self.delays.get((project, due), ()))

    def shown_in(self, period: Period) -> tuple[object, ...]:
        """All that a history shows in a period: factors and leaks in force, and every delay known by then."""
        year = year_of(period)
        known = {key: sum(years for shown, years in parts if shown <= year) for key, parts in self.delays.items()}
        return self._shown.get(period), frozenset((k, v) for k, v in known.items() if v)

    @cached_property
    def _shown(self) -> dict[Period, frozenset[tuple[str, Any, float]]]:
        found: dict[Period, list[tuple[str, Any, float]]] = defaultdict(list)
        parts: dict[str, dict[Any, float]] = {"demand": self.demand, "capacity": self.capacity, "leak": self.leaks}
        for kind, part in {"import": self.imports, **parts}.items():
            for key, value in part.items():
                found[key[-1]].append((kind, key, value))
        return {period: frozenset(shown) for period, shown in found.items()}


def periods_of(case: Case) -> tuple[Period, ...]:
    """The periods of the horizon in order.

    A year is divided into quarters if a shock of imports, demand or capacity that touches something in it begins after
    its first quarter or ends before its fourth.
    """
    divided: set[int] = set()
    for shock in case.tables.shocks:
        if shock.kind != "delay" and shock.factor != 1.0:
            (start, first), (end, last) = _window(case, shock)
            inside = {year for year, cut in ((start, first > 1), (end, last < 4)) if cut and year in case.years}
            divided |= {year for year in inside - divided if any(_hit(case, shock, range(year, year + 1)))}
    out: list[Period] = []
    for year in case.years:
        out += [Quarter(year, q) for q in (1, 2, 3, 4)] if year in divided else [year]
    return tuple(out)


def effects_by_scenario(case: Case) -> dict[str, Effects]:
    """Effects of every scenario of the case."""
    grouped: dict[str, list[Shock]] = {scenario: [] for scenario in case.scenarios}
    for shock in case.tables.shocks:
        grouped[shock.scenario].append(shock)
    periods = periods_of(case)
    return {scenario: effects_of(case, shocks, periods) for scenario, shocks in grouped.items()}


def effects_of(case: Case, shocks: list[Shock], periods: Sequence[Period]) -> Effects:
    """What these shocks do together in the periods of the case, where they are felt."""
    within: dict[int, list[Period]] = defaultdict(list)
    for period in periods:
        within[year_of(period)].append(period)
    factors: dict[str, dict[Any, float]] = {kind: defaultdict(lambda: 1.0) for kind in ("import", "demand", "capacity")}
    delays: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    leaks: dict[Any, float] = {}
    for shock in shocks:
        start, end = _window(case, shock)
        years = range(max(start[0], case.first_year), end[0] + 1)
        if shock.kind == "delay":
            for project in _matching_projects(case, shock) if shock.factor > 0 else ():
                for committed in case.commitment_years(project):
                    due = committed + case.projects[project].lead_time_years
                    if start[0] <= due <= end[0]:
                        delays[project, due].append((years.start, int(shock.factor)))
            continue
        for *what, year in _hit(case, shock, years):
            for period in within[year]:
                if start <= end_of(period) and begin_of(period) <= end:
                    key = (*what, period)
                    factors[shock.kind][key] *= shock.factor
                    if shock.kind == "import" and shock.factor < 1.0:
                        leaks[key] = min(leaks.get(key, 1.0), shock.leak)
    found = {kind: _without_ones(part) for kind, part in factors.items()}
    felt = {key: leak for key, leak in leaks.items() if leak > 0 and sold_on(case, found["import"], key) > 0}
    return Effects(found["import"], found["demand"], found["capacity"], dict(delays), felt)


def sold_on(case: Case, imports: dict[ImportKey, float], key: ImportKey) -> float:
    """What countries of its group that are less cut off from a supplier can sell on to one that is cut off (t/y)."""
    supplier, country, element, form, period = key
    own, total = imports.get(key, 1.0), 0.0
    if own >= 1.0:
        return 0.0
    for other, group in case.group.items():
        factor = imports.get((supplier, other, element, form, period), 1.0)
        limit = case.import_limit.get((supplier, other, element, form, year_of(period)), 0.0)
        if group == case.group[country] and limit > 0 and min(1.0, factor) > own:
            total += case.resale_share(supplier, other, element, form) * limit * factor
    return total


def _window(case: Case, shock: Shock) -> tuple[tuple[int, int], tuple[int, int]]:
    """(year, quarter) with which a shock begins and ends."""
    start = case.first_year if shock.start_year is None else shock.start_year
    end = case.last_year if shock.end_year is None else shock.end_year
    return begin_of(start), end_of(end)


def _hit(case: Case, shock: Shock, years: range) -> Iterator[tuple[Any, ...]]:
    """What a shock of imports, demand or capacity touches in some years: its key, with the year at the end."""
    if shock.kind == "import":
        return (key for key in case.import_limit if key[-1] in years and _matches(shock, *key[:4]))
    if shock.kind == "demand":
        return (key for key in case.demand if key[-1] in years and _matches(shock, "", *key[:3]))
    return (
        (project, year)
        for project in _matching_projects(case, shock)
        for year in case.years
        if year in years and _may_have_capacity(case, project, year)
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
    """A history up to a period, shared by `scenarios`; `parent` is -1 in the first period.

    quarter: 1 to 4 where the year is divided.
    """

    index: int
    year: int
    parent: int
    scenarios: tuple[str, ...]
    probability: float
    quarter: int | None = None

    @property
    def period(self) -> Period:
        """Its year or quarter."""
        return self.year if self.quarter is None else Quarter(self.year, self.quarter)

    @property
    def length(self) -> float:
        """Years that it lasts: 1 or 1/4."""
        return length_of(self.period)

    @property
    def opens_year(self) -> bool:
        """Whether its year begins with it."""
        return self.quarter in (None, 1)

    @property
    def closes_year(self) -> bool:
        """Whether its year ends with it."""
        return self.quarter in (None, 4)


@dataclass(frozen=True)
class Tree:
    """Nodes ordered by period; node i has index i. `effects` holds what each scenario's shocks do."""

    case: Case
    nodes: tuple[Node, ...]
    effects: dict[str, Effects]

    @cached_property
    def paths(self) -> tuple[tuple[int, ...], ...]:
        """For each node, its history: the nodes from the first period to itself."""
        paths: list[tuple[int, ...]] = []
        for node in self.nodes:
            paths.append((*(paths[node.parent] if node.parent >= 0 else ()), node.index))
        return tuple(paths)

    @cached_property
    def leaves(self) -> dict[str, int]:
        """The last node of each scenario."""
        return {s: n.index for n in self.nodes if n.year == self.case.last_year and n.closes_year for s in n.scenarios}

    def path_of(self, scenario: str) -> tuple[int, ...]:
        """The nodes of a scenario, one per period."""
        return self.paths[self.leaves[scenario]]

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """The periods of the horizon in order."""
        return tuple(dict.fromkeys(node.period for node in self.nodes))

    @cached_property
    def opening(self) -> dict[int, Period]:
        """The first period of each year."""
        return {year_of(period): period for period in reversed(self.periods)}

    @cached_property
    def at(self) -> dict[tuple[str, Period], int]:
        """The node of a scenario in a period."""
        return {(w, node.period): node.index for node in self.nodes for w in node.scenarios}

    def _effects(self, node: int) -> Effects:
        return self.effects[self.nodes[node].scenarios[0]]

    def demand(self, good: Good, node: int) -> float:
        """Demand (t) at a node, shocks included."""
        at = self.nodes[node]
        base = self.case.demand.get((*good, at.year), 0.0)
        return base * self._effects(node).demand.get((*good, at.period), 1.0) * at.length if base else 0.0

    def import_limit(self, supplier: str, good: Good, node: int) -> float:
        """What a supplier can sell (t) at a node, shocks included."""
        at = self.nodes[node]
        base = self.case.import_limit.get((supplier, *good, at.year), 0.0)
        return base * self.import_factor(supplier, good, node) * at.length if base else 0.0

    def import_factor(self, supplier: str, good: Good, node: int) -> float:
        """What shocks leave of a supplier's sales at a node, as a share."""
        return self._effects(node).imports.get((supplier, *good, self.nodes[node].period), 1.0)

    def resale_limit(self, supplier: str, good: Good, node: int) -> float:
        """Of what shocks cut at a node, how much (t) may be had from others; 0 where nobody can sell on."""
        at = self.nodes[node]
        leak = self._effects(node).leaks.get((supplier, *good, at.period), 0.0)
        cut = 1.0 - self.import_factor(supplier, good, node)
        return leak * cut * self.case.import_limit[(supplier, *good, at.year)] * at.length if leak else 0.0

    def sold_on(self, supplier: str, good: Good, node: int) -> float:
        """What others that are less cut off can sell on (t) at a node."""
        at = self.nodes[node]
        return sold_on(self.case, self._effects(node).imports, (supplier, *good, at.period)) * at.length

    def capacity_factor(self, project: str, node: int) -> float:
        """Share of capacity that works at a node."""
        return self._effects(node).capacity.get((project, self.nodes[node].period), 1.0)

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
    for period in periods_of(case):
        shown = {s: effects[s].shown_in(period) for s in case.scenarios}
        split = [(parent, members) for parent, together in groups for members in _split(together, shown)]
        groups = []
        quarter = period.quarter if isinstance(period, Quarter) else None
        for parent, members in split:
            probability = sum(case.scenarios[s] for s in members)
            nodes.append(Node(len(nodes), year_of(period), parent, members, probability, quarter))
            groups.append((len(nodes) - 1, members))
    return Tree(case, tuple(nodes), effects)


def count_nodes(case: Case, enough: float = float("inf")) -> int:
    """Nodes of the scenario tree; once there must be more than `enough`, how many there are at least."""
    effects = effects_by_scenario(case)
    groups: list[tuple[str, ...]] = [tuple(case.scenarios)]
    before, left = 0, len(periods := periods_of(case))
    for period in periods:
        shown = {s: effects[s].shown_in(period) for s in case.scenarios}
        groups = [members for together in groups for members in _split(together, shown)]
        # Histories never merge again.
        if before + len(groups) * left > enough:
            return before + len(groups) * left
        before, left = before + len(groups), left - 1
    return before


def decision_tree(tree: Tree) -> tuple[Tree, tuple[int, ...]]:
    """The tree on which decisions by year live, its nodes whole years, and its node for each node of the other.

    committed: a chain, one path for all scenarios. adaptive: the first nodes of each year, in which decisions answer
    what they have revealed; up to and including `policy.committed_through` a chain.
    """
    case, nodes, free = tree.case, list[Node](), first_free_year(tree.case)
    for year in range(case.first_year, min(free, case.last_year + 1)):
        nodes.append(Node(len(nodes), year, len(nodes) - 1, tuple(case.scenarios), 1.0))
    decision: list[int] = []
    for n in tree.nodes:
        if n.year < free:
            decision.append(n.year - case.first_year)
        elif n.opens_year:
            parent = decision[n.parent] if n.parent >= 0 else -1
            decision.append(len(nodes))
            nodes.append(Node(len(nodes), n.year, parent, n.scenarios, n.probability))
        else:
            decision.append(decision[n.parent])
    return Tree(case, tuple(nodes), tree.effects), tuple(decision)


def first_free_year(case: Case) -> int:
    """The first year in which decisions may answer what has been revealed; after the last one if none may."""
    policy = case.model.policy
    if policy.investment == "committed":
        return case.last_year + 1
    return case.first_year if policy.committed_through is None else policy.committed_through + 1


def _split(together: Iterable[str], shown: dict[str, tuple[object, ...]]) -> list[tuple[str, ...]]:
    groups: dict[tuple[object, ...], list[str]] = {}
    for scenario in together:
        groups.setdefault(shown[scenario], []).append(scenario)
    return [tuple(members) for members in groups.values()]
