"""Scenarios -> a tree of histories.

A node is a history: two scenarios share their nodes up to the first period in which their shocks differ in
effect. Operations, stocks and accounts live on nodes, so nothing can act on a disruption before it shows
(non-anticipativity by construction; Birge and Louveaux, Introduction to Stochastic Programming, ch. 2).

What is decided by year lives on another tree: `planner.data.decision_tree`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.cells import Quarter
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.shock_effects import (
    Effects,
    Period,
    effects_by_scenario,
    length_of,
    periods_of,
    sold_on,
    year_of,
)

Vector = NDArray[np.float64]


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
        """Its year begins with it."""
        return self.quarter in (None, 1)

    @property
    def closes_year(self) -> bool:
        """Its year ends with it."""
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
            before = paths[node.parent] if node.parent >= 0 else ()
            paths.append((*before, node.index))
        return tuple(paths)

    @cached_property
    def leaves(self) -> dict[str, int]:
        """The last node of each scenario."""
        leaves: dict[str, int] = {}
        for node in self.nodes:
            if node.year == self.case.last_year and node.closes_year:
                leaves |= dict.fromkeys(node.scenarios, node.index)
        return leaves

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
        at: dict[tuple[str, Period], int] = {}
        for node in self.nodes:
            for scenario in node.scenarios:
                at[scenario, node.period] = node.index
        return at

    # ---- where nothing is felt --------------------------------------------------------------------

    @cached_property
    def undisturbed(self) -> NDArray[np.bool_]:
        """Every factor is 1, at every node. A delay is no factor, and a leak goes with a cut."""
        calm = [self.effects[n.scenarios[0]].is_neutral_in(n.period) for n in self.nodes]
        return np.array(calm, dtype=bool)

    @cached_property
    def undisturbed_scenario(self) -> str:
        """The most probable of the scenarios that are undisturbed in every year, of all where none is."""
        chances = self.case.scenarios
        calm = [w for w in chances if self.undisturbed[list(self.path_of(w))].all()]
        return max(calm or chances, key=lambda scenario: chances[scenario])

    # ---- one figure at every node ------------------------------------------------------------------

    @cached_property
    def lengths(self) -> Vector:
        """Years that each node lasts."""
        return np.array([node.length for node in self.nodes])

    @cached_property
    def year_places(self) -> NDArray[np.intp]:
        """The year of each node, counted from the first of the horizon."""
        return np.array([node.year - self.case.first_year for node in self.nodes], dtype=np.intp)

    def yearly(self, by_year: Iterable[float]) -> Vector:
        """A figure of each year of the horizon, at every node."""
        return np.fromiter(by_year, dtype=float)[self.year_places]

    def _stated(self, amounts: Mapping[Any, float], key: tuple[str, ...]) -> Vector:
        """The figure of a key and each year, at every node; 0 where there is none."""
        return self.yearly(amounts.get((*key, year), 0.0) for year in self.case.years)

    def demands(self, good: Good) -> Vector:
        """Demand (t) at every node, shocks included."""
        undisturbed = self._stated(self.case.demand, good)
        return undisturbed * self._effects("demand", good) * self.lengths

    def import_limits(self, supplier: str, good: Good) -> Vector:
        """Most that a supplier can sell (t) at every node, shocks included."""
        factors = self.import_factors(supplier, good)
        return self.undisturbed_limits(supplier, good) * factors * self.lengths

    def undisturbed_limits(self, supplier: str, good: Good) -> Vector:
        """Most that a supplier can sell (t a year) in an undisturbed year, at every node."""
        return self._stated(self.case.lookups.import_limit, (supplier, *good))

    def import_factors(self, supplier: str, good: Good) -> Vector:
        """Share of a supplier's sales that shocks leave at every node."""
        return self._effects("imports", (supplier, *good))

    def import_prices(self, supplier: str, good: Good) -> Vector:
        """Price of a supplier (MUSD/t) at every node, shocks included."""
        series = (supplier, *good)
        undisturbed = self._stated(self.case.lookups.import_price, series)
        return undisturbed * self._effects("prices", series)

    def capacity_factors(self, project: str) -> Vector:
        """Share of capacity that works at every node."""
        return self._effects("capacity", (project,))

    def years_of_use(self, project: str) -> Vector:
        """Years of full use that every node allows of the capacity of a plant."""
        return self.capacity_factors(project) * self.lengths

    def existing(self, project: str) -> Vector:
        """Existing capacity (t/y) at every node, before shocks."""
        return self.yearly(
            self.case.lookups.existing_tpa(project, year) for year in self.case.years
        )

    def usable_shares(self, project: str, committed: int) -> Vector:
        """Share of a build committed in year `committed` that is usable at every node, after delays."""
        schedule = self.case.lookups.schedules[project]
        due = committed + schedule.first_output
        age = self.year_places + (self.case.first_year - committed)
        for scenario, late in self._delays.get((project, due), ()):
            age[self._nodes_by_effects[scenario]] -= late
        shares = np.array(schedule.output)
        return np.where(age < 0, 0.0, shares[np.clip(age, 0, len(shares) - 1)])

    @cached_property
    def rescheduled(self) -> frozenset[str]:
        """Projects of the table `schedule` that a delay hits: it moves their instalments and fixed cost."""
        late = {project for effects in self.effects.values() for project, _ in effects.delays}
        return frozenset(p for p in late if self.case.lookups.schedules[p].is_table)

    def capital_due(self, project: str, committed: int) -> Vector:
        """Share of the capital cost of a build of the table `schedule` that is due at every node, after delays.

        A delay moves the instalments that are due when it shows itself or later. All are due as a year begins.
        """
        schedule = self.case.lookups.schedules[project]
        due = np.zeros(len(self.nodes))
        for node in self.nodes:
            delays = self._delays_at(node, project, committed + schedule.first_output)
            for years, share in enumerate(schedule.capital):
                if node.opens_year and moved(committed + years, delays) == node.year:
                    due[node.index] += share
        return due

    def fixed_cost_due(self, project: str, committed: int) -> Vector:
        """Share of the yearly fixed cost of a build of the table `schedule` that is due at every node, after delays.

        It is due as a year begins. A delay moves it from the year in which it shows itself.
        """
        schedule = self.case.lookups.schedules[project]
        due = np.zeros(len(self.nodes))
        for node in self.nodes:
            if node.opens_year:
                delays = self._delays_at(node, project, committed + schedule.first_output)
                late = sum(years for shown, years in delays if shown <= node.year)
                due[node.index] = schedule.cost_share(node.year - committed - late)
        return due

    def _delays_at(self, node: Node, project: str, due: int) -> list[tuple[int, int]]:
        """Delays of a build on the history of a node: the year in which one shows itself, and its length."""
        return sorted(self.effects[node.scenarios[0]].delays.get((project, due), ()))

    @cached_property
    def _nodes_by_effects(self) -> dict[str, list[int]]:
        """Scenario -> nodes whose effects are read off it: those of which it is the first."""
        nodes: dict[str, list[int]] = {scenario: [] for scenario in self.effects}
        for node in self.nodes:
            nodes[node.scenarios[0]].append(node.index)
        return nodes

    @cached_property
    def _delays(self) -> dict[tuple[str, int], list[tuple[str, int]]]:
        """(project, due year) -> [(scenario, years late)]."""
        delays: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for scenario, effects in self.effects.items():
            for project, due in effects.delays:
                late = effects.delay(project, due)
                delays[project, due].append((scenario, late))
        return delays

    def year_before(self, node: int) -> tuple[int, ...]:
        """The nodes of the year before that of a node, on its history; none in the first year."""
        year = self.nodes[node].year - 1
        return tuple(earlier for earlier in self.paths[node] if self.nodes[earlier].year == year)

    def _a_year_before(self, figures: NDArray[Any]) -> Vector:
        """A figure as the year before that of each node ends; 0 in the first year."""
        return np.where(self._ends_before < 0, 0.0, figures[self._ends_before])

    @cached_property
    def _ends_before(self) -> NDArray[np.intp]:
        """The node with which the year before that of each node ends; -1 in the first year."""
        ends = np.full(len(self.nodes), -1, dtype=np.intp)
        for node in self.nodes:
            if node.parent >= 0:
                ends[node.index] = node.parent if node.opens_year else ends[node.parent]
        return ends

    def started_shares(self, project: str, committed: int) -> Vector:
        """Share of a build committed in year `committed` that became usable since the year before that of each node."""
        usable = self.usable_shares(project, committed)
        return np.maximum(0.0, usable - self._a_year_before(usable))

    def started_existing(self, project: str) -> Vector:
        """Existing capacity (t/y) that starts in the year of each node: as it comes online, or after it was shut wholly.

        It was shut wholly if in no period since it came, or since the first year, anything of it worked.
        """
        online = self.case.projects[project].online_year or self.case.first_year
        there = self.year_places >= online - self.case.first_year
        worked = there & (self.capacity_factors(project) > 0)
        for node in self.nodes:
            if node.parent >= 0:
                worked[node.index] |= worked[node.parent]
        return np.where(self._a_year_before(worked) > 0, 0.0, self.existing(project))

    def _effects(self, kind: str, key: tuple[str, ...], neutral: float = 1.0) -> Vector:
        """The factor, or the leak, of a key at every node."""
        figures = np.full(len(self.nodes), neutral)
        for node, figure in self._touched[kind].get(key, ()):
            figures[node] = figure
        return figures

    @cached_property
    def _touched(self) -> dict[str, dict[tuple[str, ...], list[tuple[int, float]]]]:
        """Kind of effect -> key of what is touched -> [(node, factor or leak)]."""
        touched: dict[str, dict[tuple[str, ...], list[tuple[int, float]]]] = {}
        for kind in ("demand", "imports", "prices", "capacity", "leaks"):
            touched[kind] = defaultdict(list)
            for scenario, nodes in self._nodes_by_effects.items():
                node_in = {self.nodes[node].period: node for node in nodes}
                factors: Mapping[Any, float] = getattr(self.effects[scenario], kind)
                for (*key, period), factor in factors.items():
                    if period in node_in:
                        touched[kind][tuple(key)].append((node_in[period], factor))
        return touched

    # ---- resale -----------------------------------------------------------------------------------

    def resale_limits(self, supplier: str, good: Good) -> Vector:
        """Tonnes of what shocks cut that may be had from others, at every node; 0 where nobody can sell on."""
        series = (supplier, *good)
        leaks = self._effects("leaks", series, neutral=0.0)
        cut = 1.0 - self.import_factors(supplier, good)
        return leaks * cut * self._stated(self.case.lookups.import_limit, series) * self.lengths

    def sold_on(self, supplier: str, good: Good, node: int) -> dict[str, float]:
        """Country less cut off -> tonnes that it can sell on at a node."""
        at = self.nodes[node]
        imports = self.effects[at.scenarios[0]].imports
        per_year = sold_on(self.case, imports, (supplier, *good, at.period))
        return {country: tonnes * at.length for country, tonnes in per_year.items()}


def moved(year: int, delays: Iterable[tuple[int, int]]) -> int:
    """The year of a payment after delays, each by the year in which it shows itself, and its length."""
    for shown, years in delays:
        if year >= shown:
            year += years
    return year


def scenario_tree(case: Case) -> Tree:
    """The tree on which operations live: equal histories merged."""
    return tree_of(case, effects_by_scenario(case), periods_of(case))


def tree_of(case: Case, effects: dict[str, Effects], periods: Sequence[Period]) -> Tree:
    """The tree of what its scenarios do in these periods."""
    nodes: list[Node] = []
    before = [(-1, tuple(case.scenarios))]
    for period in periods:
        shown = shown_by_scenario(effects, period)
        groups: list[tuple[int, tuple[str, ...]]] = []
        for parent, together in before:
            for members in parted(together, shown):
                node = Node(
                    index=len(nodes),
                    year=year_of(period),
                    parent=parent,
                    scenarios=members,
                    probability=sum(case.scenarios[scenario] for scenario in members),
                    quarter=period.quarter if isinstance(period, Quarter) else None,
                )
                groups.append((node.index, members))
                nodes.append(node)
        before = groups
    return Tree(case, tuple(nodes), effects)


ShownEffects = Mapping[str, tuple[object, ...]]
"""Scenario -> all that its history shows in a period."""


def shown_by_scenario(effects: Mapping[str, Effects], period: Period) -> ShownEffects:
    """All that the history of each scenario shows in a period."""
    return {scenario: of_one.shown_in(period) for scenario, of_one in effects.items()}


def parted(together: Iterable[str], shown: ShownEffects) -> list[tuple[str, ...]]:
    """Scenarios in groups of those that show the same."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for scenario in together:
        groups.setdefault(shown[scenario], []).append(scenario)
    return list(map(tuple, groups.values()))
