"""Scenarios -> a tree of histories; and how large the program of a case will be, before anything of it is built.

A node is a history: two scenarios share their nodes up to the first period in which their shocks differ in
effect. Operations, stocks and accounts live on nodes, so nothing can act on a disruption before it shows
(non-anticipativity by construction; Birge and Louveaux, Introduction to Stochastic Programming, ch. 2).

What is decided by year lives on years, on the first nodes of years, or on what the storylines have revealed by then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import Quarter, begin_of, end_of
from planner.data.lookups import Good
from planner.data.schema import FILTERS
from planner.data.shock_effects import (
    Effects,
    Period,
    effects_by_scenario,
    length_of,
    periods_of,
    sold_on,
    storyline_effects,
    year_of,
)
from planner.errors import InputError, fault
from planner.host import available_memory

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
        return {
            s: n.index
            for n in self.nodes
            if n.year == self.case.last_year and n.closes_year
            for s in n.scenarios
        }

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

    # ---- one figure at every node, for tables and checks of all of them ---------------------------

    @cached_property
    def lengths(self) -> Vector:
        """Years that each node lasts."""
        return np.array([node.length for node in self.nodes])

    @cached_property
    def year_places(self) -> NDArray[np.intp]:
        """The year of each node, counted from the first of the horizon."""
        return np.array([node.year - self.case.first_year for node in self.nodes], dtype=np.intp)

    def yearly(self, by_year: Iterable[float]) -> Vector:
        """What is stated for each year of the horizon, at every node."""
        return np.fromiter(by_year, dtype=float)[self.year_places]

    def demands(self, good: Good) -> Vector:
        """Demand (t) at every node, shocks included."""
        base = self.yearly(self.case.demand.get((*good, year), 0.0) for year in self.case.years)
        return base * self._factors("demand", good) * self.lengths

    def import_limits(self, supplier: str, good: Good) -> Vector:
        """What a supplier can sell (t) at every node, shocks included."""
        base = self.yearly(
            self.case.import_limit.get((supplier, *good, year), 0.0) for year in self.case.years
        )
        return base * self.import_factors(supplier, good) * self.lengths

    def import_factors(self, supplier: str, good: Good) -> Vector:
        """What shocks leave of a supplier's sales at every node, as a share."""
        return self._factors("imports", (supplier, *good))

    def import_prices(self, supplier: str, good: Good) -> Vector:
        """What a supplier asks (MUSD/t) at every node, shocks included."""
        base = self.yearly(
            self.case.import_price.get((supplier, *good, year), 0.0) for year in self.case.years
        )
        return base * self._factors("prices", (supplier, *good))

    def capacity_factors(self, project: str) -> Vector:
        """Share of capacity that works at every node."""
        return self._factors("capacity", (project,))

    def existing(self, project: str) -> Vector:
        """Existing capacity (t/y) at every node, before shocks."""
        return self.yearly(self.case.existing_tpa(project, year) for year in self.case.years)

    def usable_shares(self, project: str, committed: int) -> Vector:
        """Share of a build committed in year `committed` that is usable at every node: ramp after lead and delay."""
        due = committed + self.case.projects[project].lead_time_years
        age = self.year_places + (self.case.first_year - due)
        for scenario, late in self._delays.get((project, due), ()):
            age[self._nodes_by_effects[scenario]] -= late
        shares = np.array(self.case.ramp_of(project))
        return np.where(age < 0, 0.0, shares[np.clip(age, 0, len(shares) - 1)])

    @cached_property
    def _nodes_by_effects(self) -> dict[str, list[int]]:
        """Scenario -> nodes whose effects are read off it: those of which it is the first."""
        out: dict[str, list[int]] = {scenario: [] for scenario in self.effects}
        for node in self.nodes:
            out[node.scenarios[0]].append(node.index)
        return out

    @cached_property
    def _delays(self) -> dict[tuple[str, int], list[tuple[str, int]]]:
        """(project, due year) -> [(scenario, years late)]."""
        out: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for scenario, effects in self.effects.items():
            for project, due in effects.delays:
                out[project, due].append((scenario, effects.delay(project, due)))
        return out

    def _factors(self, kind: str, key: tuple[str, ...]) -> Vector:
        out = np.ones(len(self.nodes))
        for node, factor in self._touched[kind].get(key, ()):
            out[node] = factor
        return out

    @cached_property
    def _touched(self) -> dict[str, dict[tuple[str, ...], list[tuple[int, float]]]]:
        """Kind of effect -> what is touched -> [(node, factor)]."""
        out: dict[str, dict[tuple[str, ...], list[tuple[int, float]]]] = {}
        for kind in ("demand", "imports", "prices", "capacity"):
            found = out[kind] = defaultdict(list)
            for scenario, nodes in self._nodes_by_effects.items():
                at = {self.nodes[n].period: n for n in nodes}
                factors: Mapping[Any, float] = getattr(self.effects[scenario], kind)
                for (*key, period), factor in factors.items():
                    if period in at:
                        found[tuple(key)].append((at[period], factor))
        return out

    # ---- one figure at one node -------------------------------------------------------------------

    def _effects(self, node: int) -> Effects:
        return self.effects[self.nodes[node].scenarios[0]]

    def import_limit(self, supplier: str, good: Good, node: int) -> float:
        """What a supplier can sell (t) at a node, shocks included."""
        at = self.nodes[node]
        base = self.case.import_limit.get((supplier, *good, at.year), 0.0)
        return base * self.import_factor(supplier, good, node) * at.length if base else 0.0

    def import_factor(self, supplier: str, good: Good, node: int) -> float:
        """What shocks leave of a supplier's sales at a node, as a share."""
        return self._effects(node).imports.get((supplier, *good, self.nodes[node].period), 1.0)

    def import_price(self, supplier: str, good: Good, node: int) -> float:
        """What a supplier asks (MUSD/t) at a node, shocks included."""
        at = self.nodes[node]
        base = self.case.import_price.get((supplier, *good, at.year), 0.0)
        factor = self._effects(node).prices.get((supplier, *good, at.period), 1.0)
        return base * factor

    def resale_limit(self, supplier: str, good: Good, node: int) -> float:
        """Of what shocks cut at a node, how much (t) may be had from others; 0 where nobody can sell on."""
        at = self.nodes[node]
        leak = self._effects(node).leaks.get((supplier, *good, at.period), 0.0)
        cut = 1.0 - self.import_factor(supplier, good, node)
        return (
            leak * cut * self.case.import_limit[(supplier, *good, at.year)] * at.length
            if leak
            else 0.0
        )

    def sold_on(self, supplier: str, good: Good, node: int) -> float:
        """What others that are less cut off can sell on (t) at a node."""
        at = self.nodes[node]
        return (
            sold_on(self.case, self._effects(node).imports, (supplier, *good, at.period))
            * at.length
        )

    def capacity_factor(self, project: str, node: int) -> float:
        """Share of capacity that works at a node."""
        return self._effects(node).capacity.get((project, self.nodes[node].period), 1.0)

    def usable_share(self, project: str, committed: int, node: int) -> float:
        """Share of a build committed in year `committed` that is usable at a node: ramp after lead time and delay."""
        due = committed + self.case.projects[project].lead_time_years
        late = self._effects(node).delay(project, due)
        return self.case.ramp_share(project, self.nodes[node].year - due - late)

    def is_undisturbed(self, node: int) -> bool:
        """Whether every factor is 1 at a node."""
        return self._effects(node).is_neutral_in(self.nodes[node].period)

    def year_before(self, node: int) -> tuple[int, ...]:
        """The nodes of the year before that of a node, on its history; none in the first year."""
        year = self.nodes[node].year - 1
        return tuple(n for n in self.paths[node] if self.nodes[n].year == year)

    def started_share(self, project: str, committed: int, node: int) -> float:
        """Share of a build committed in year `committed` that became usable since the year before that of a node."""
        earlier = self.year_before(node)
        before = self.usable_share(project, committed, earlier[-1]) if earlier else 0.0
        return max(0.0, self.usable_share(project, committed, node) - before)

    def started_existing(self, project: str, node: int) -> float:
        """Existing capacity (t/y) that starts in the year of a node: as it comes online, or after it was shut wholly.

        It was shut wholly if in no period since it came, or since the first year, anything of it worked.
        """
        year = self.nodes[node].year
        online = self.case.projects[project].online_year or self.case.first_year
        for earlier in self.paths[node]:
            if online <= self.nodes[earlier].year < year and self.capacity_factor(project, earlier):
                return 0.0
        return self.case.existing_tpa(project, year)


def scenario_tree(case: Case) -> Tree:
    """The tree on which operations live: equal histories merged."""
    return tree_of(case, effects_by_scenario(case), periods_of(case))


def tree_of(case: Case, effects: dict[str, Effects], periods: Sequence[Period]) -> Tree:
    """The tree of what its scenarios do in these periods."""
    nodes: list[Node] = []
    groups: list[tuple[int, tuple[str, ...]]] = [(-1, tuple(case.scenarios))]
    for period in periods:
        shown = {s: effects[s].shown_in(period) for s in case.scenarios}
        split = [
            (parent, members) for parent, together in groups for members in _split(together, shown)
        ]
        groups = []
        quarter = period.quarter if isinstance(period, Quarter) else None
        for parent, members in split:
            probability = sum(case.scenarios[s] for s in members)
            nodes.append(Node(len(nodes), year_of(period), parent, members, probability, quarter))
            groups.append((len(nodes) - 1, members))
    return Tree(case, tuple(nodes), effects)


def decision_tree(tree: Tree) -> tuple[Tree, tuple[int, ...]]:
    """The tree on which decisions by year live, its nodes whole years, and its node for each node of the other.

    committed: a chain, one path for all scenarios. adaptive: the first nodes of each year, in which decisions answer
    what they have revealed. staged: those of them together whose storylines have revealed the same. Up to and including
    `policy.committed_through` a chain.
    """
    case, free = tree.case, first_free_year(tree.case)
    opening: dict[int, list[Node]] = {year: [] for year in case.years}
    for node in tree.nodes:
        if node.opens_year:
            opening[node.year].append(node)
    revealed = storyline_histories(tree) if case.model.policy.investment == "staged" else None
    nodes: list[Node] = []
    of_scenario: dict[str, int] = {}
    decision: dict[int, int] = {}
    for year, first in opening.items():
        groups = [[node] for node in first]
        if year < free:
            groups = [first]
        elif revealed is not None:
            groups = _told_the_same(first, revealed[year])
        for group in groups:
            scenarios = tuple(sorted(s for node in group for s in node.scenarios))
            parent = of_scenario.get(scenarios[0], -1)
            probability = sum(node.probability for node in group)
            if len(scenarios) == len(case.scenarios):
                probability = 1.0
            decision |= {node.index: len(nodes) for node in group}
            nodes.append(Node(len(nodes), year, parent, scenarios, probability))
        of_scenario = {s: decision[node.index] for node in first for s in node.scenarios}
    for node in tree.nodes:
        if not node.opens_year:
            decision[node.index] = decision[node.parent]
    places = tuple(decision[node.index] for node in tree.nodes)
    return Tree(case, tuple(nodes), tree.effects), places


def storyline_histories(tree: Tree) -> dict[int, dict[str, int]]:
    """Year -> scenario -> a number that scenarios share whose storylines' own shocks were the same in effect until the
    year begins, felt where nothing but these shocks is there."""
    own = storyline_effects(tree.case, tree.periods)
    histories = dict.fromkeys(tree.case.scenarios, 0)
    out = {}
    for period in tree.periods:
        numbers: dict[tuple[object, ...], int] = {}
        for scenario, before in histories.items():
            history = (before, own[scenario].shown_in(period))
            histories[scenario] = numbers.setdefault(history, len(numbers))
        if tree.opening[year_of(period)] == period:
            out[year_of(period)] = dict(histories)
    return out


def _told_the_same(nodes: Iterable[Node], revealed: Mapping[str, int]) -> list[list[Node]]:
    """Nodes of one period, together where storylines have revealed the same in some scenario of each."""
    group_of: dict[int, list[Node]] = {}
    for node in nodes:
        told = {revealed[scenario] for scenario in node.scenarios}
        joined = [node]
        for group in {id(group_of[one]): group_of[one] for one in told if one in group_of}.values():
            told |= {revealed[scenario] for other in group for scenario in other.scenarios}
            joined += group
        joined.sort(key=attrgetter("index"))
        group_of |= dict.fromkeys(told, joined)
    groups = {id(group): group for group in group_of.values()}
    return sorted(groups.values(), key=lambda group: group[0].index)


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


# ---- how large the program will be ----------------------------------------------------------------------------------

BYTES_BASE, BYTES_PER_TERM = 250e6, 300.0
"""Measured: memory of an idle planner, and at the peak per estimated term, on the safe side of what the real case
takes (333 MiB where 450 are estimated)."""
BYTES_PER_TERM_APART = 110.0
"""Measured with a thousand scenarios: the same where they are solved one by one, over all processes."""
SHARE_OF_MEMORY = 0.9
MOST_COUNTED = 20_000
"""Different scenarios of which the histories are counted, which takes a tenth of a millisecond for each."""
ALONE = 10
"""Scenarios, the hardest, that stand in one program where the others are solved one by one."""


@dataclass(frozen=True)
class Size:
    """Histories, nonzeros and bytes that a case will take, from above."""

    nodes: int
    terms: int

    @property
    def memory(self) -> float:
        """Bytes at the peak."""
        return BYTES_BASE + BYTES_PER_TERM * self.terms


def size_of(case: Case) -> Size:
    """Estimate from above."""
    nodes = _most_nodes(case)
    return Size(nodes, nodes * _terms_per_node(case))


def counted_size(case: Case, room: float = float("inf")) -> Size:
    """Estimate from the histories there are, which takes longer; no further than it takes to see that `room` bytes
    are not enough."""
    terms, effects, nodes = _terms_per_node(case), effects_by_scenario(case), 0
    groups, left = [tuple(case.scenarios)], len(periods := periods_of(case))
    for period in periods:
        shown = {s: effects[s].shown_in(period) for s in case.scenarios}
        groups = [members for together in groups for members in _split(together, shown)]
        if (
            BYTES_BASE + BYTES_PER_TERM * terms * (nodes + len(groups) * left) > room
        ):  # histories never merge again
            nodes += len(groups) * left
            break
        nodes, left = nodes + len(groups), left - 1
    return Size(nodes, nodes * terms)


def _most_nodes(case: Case) -> int:
    """As if no two scenarios that differ at all had a shock in common: each is on its own from its first shock on."""
    ends = [end_of(period) for period in periods_of(case)]
    return len(ends) + sum(
        max(
            len(ends) - bisect_left(ends, begin_of(case.first_year if start is None else start))
            for start, *_ in shocks
        )
        for shocks in _different(case)
    )


def _different(case: Case) -> set[frozenset[tuple[Any, ...]]]:
    """What scenarios hold of shocks, each once, without those that hold none."""
    shocks: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    content = attrgetter("start_year", "end_year", "kind", *FILTERS, "factor", "leak")
    for shock in case.tables.shocks:
        shocks[shock.scenario].append(content(shock))
    return set(map(frozenset, shocks.values()))


def _terms_per_node(case: Case) -> int:
    """Nonzeros at one node: balances of goods, plants by feed and element, stocks, staff and money."""
    goods = (
        {key[:3] for key in case.demand}
        | {key[1:4] for key in case.import_limit}
        | set(case.stockpiles)
    )
    terms = (
        8 * len(goods)
        + 6 * len(case.stockpiles)
        + 6 * len(case.workforce)
        + 3 * len(case.countries)
    )
    for name, row in case.projects.items():
        elements = sum(len(case.feed_shares.get(feed, {})) for feed in row.feeds)
        terms += (
            6
            + 3 * (len(case.elements) if case.stage_of(name).converts else elements)
            + 3 * len(case.savings.get(name, ()))
            + len(case.staffing[name])
        )
        terms += len(case.commitment_years(name)) // 2
    return terms + sum(len(reach) for reach in case.reach.values()) * 2


def fits(case: Case) -> bool:
    """Whether the case surely fits in memory as one program."""
    return size_of(case).memory <= available_memory() * SHARE_OF_MEMORY


def refuse_if_too_large(
    case: Case, available: float | None = None, alone: int | None = None
) -> None:
    """Raise InputError with the estimate if the program of the case would not fit in memory.

    alone: scenarios whose histories stand in one program, where the others are solved one by one.
    """
    room = (available_memory() if available is None else available) * SHARE_OF_MEMORY
    size = size_of(case)
    if size.memory > room and len(_different(case)) <= MOST_COUNTED:
        size = counted_size(case, room)
    needed = size.memory
    if alone is not None:
        held = min(size.terms, (alone + 1) * len(periods_of(case)) * _terms_per_node(case))
        needed = Size(size.nodes, held).memory + BYTES_PER_TERM_APART * size.terms
    if needed > room:
        said = (
            f"needs about {needed / 2**30:,.1f} GiB for {size.nodes:,} histories and {size.terms:,} terms, "
            f"and {room / 2**30:,.1f} GiB are free"
        )
        remedy = "use fewer scenarios or years, a machine with more memory, or scenarios one by one (--method scenarios)"
        raise InputError([fault("too-large", case.name, 0, "", said, remedy=remedy)])
