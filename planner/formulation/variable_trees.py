"""Trees of the variables, nodes at which plants can run, and groups of funders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.decision_tree import decision_tree
from planner.data.lookups import Good, Lookups
from planner.data.scenario_tree import Node, Tree, Vector, scenario_tree
from planner.formulation.gathered import OnDemand, distinct, grouped, listed
from planner.formulation.import_cover import Flags, NodesOfGoods, nodes_in_need

OperationNode = NewType("OperationNode", int)
"""A node of the tree of histories: operations, stocks and losses live there."""
DecisionNode = NewType("DecisionNode", int)
"""A node of the tree of decisions: a year (committed) or a history as its year begins (adaptive)."""
ProjectAt = tuple[str, int]
"""(p, n) or (p, d): project and node; of programmes, countries and funders (g, d), (c, d) and (i, a)."""
InputAt = tuple[str, str, int]
"""(p, f, n) or (p, e, n): project, input, and operations node; of groups (group, f, n)."""
CountrySkill = tuple[str, str]
"""(c, k): country and skill."""
TeamAt = tuple[str, str, int]
"""(c, k, d) or (c, k, n): country, skill and node."""
GoodAt = tuple[str, str, str, int]
"""(c, e, o, n): country, element, form and operations node; of a saving (p, e, o, n)."""
SuppliedAt = tuple[str, str, str, str, int]
"""(v, c, e, o, n): supplier and good at an operations node."""
SharesOfBuilds = NDArray[np.float64]
"""Shares by year of commitment, and operations node."""
AccountNode = NewType("AccountNode", int)
"""A node of the tree of budgets."""
StaffingNode = NewType("StaffingNode", int)
"""A node of the tree of staff."""


@dataclass(frozen=True)
class Histories:
    """A case and its trees."""

    case: Case
    not_covered: NodesOfGoods = field(default_factory=dict, kw_only=True)
    """Nodes at which imports count as not covering a good."""

    @property
    def lookups(self) -> Lookups:
        """Look-ups of the case."""
        return self.case.lookups

    @cached_property
    def tree(self) -> Tree:
        """Tree of operations and stocks."""
        return scenario_tree(self.case)

    @cached_property
    def decision_tree(self) -> Tree:
        """Tree of investment, training, hiring and staff: years (two-stage), or histories as years begin (multistage)."""
        return self._decisions[0]

    @cached_property
    def decision(self) -> tuple[DecisionNode, ...]:
        """Decision node of each operations node."""
        _, nodes = self._decisions
        return tuple(map(DecisionNode, nodes))

    @cached_property
    def _decisions(self) -> tuple[Tree, tuple[int, ...]]:
        return decision_tree(self.tree)

    @cached_property
    @grouped
    def suppliers(self) -> Iterator[tuple[Good, str]]:
        """(c, e, o) -> suppliers."""
        offers = {key[:4] for key in self.lookups.import_limit}
        for supplier, c, e, o in sorted(offers):
            yield (c, e, o), supplier

    @cached_property
    @listed
    def stocks(self) -> Iterator[Good]:
        """(c, e, o) with a stock, or with the lever for one."""
        may_grow = self.lookups.has_lever("stockpile")
        for good, row in self.lookups.stockpiles.items():
            if row.initial_t > 0 or (may_grow and row.max_t != 0):
                yield good

    @cached_property
    @listed
    def purchases(self) -> Iterator[Good]:
        """(c, e, o) that may be bought into stock."""
        if self.lookups.has_lever("stockpile"):
            for good in self.stocks:
                if self.lookups.stockpiles[good].max_t != 0:
                    yield good

    @cached_property
    def target_nodes(self) -> dict[str, tuple[int, ...]]:
        """Target -> operations nodes at which it holds."""
        return {target: tuple(self._nodes_of_target(target)) for target in self.lookups.targets}

    def _nodes_of_target(self, target: str) -> Iterator[int]:
        years = self.lookups.target_years(target)
        scenarios = self.lookups.target_scenarios(target)
        for node in self.tree.nodes:
            if node.year in years and not scenarios.isdisjoint(node.scenarios):
                yield node.index

    @cached_property
    def target_goods(self) -> dict[Good, frozenset[int]]:
        """(c, e, o) that a target of origin or of output can move -> nodes at which it holds.

        A target of output concerns the whole group, as exports count for their maker.
        """
        places: dict[Good, frozenset[int]] = {}
        for target, row in self.lookups.targets.items():
            if row.kind == "served":
                continue
            countries = self.lookups.target_countries(target)
            if row.kind == "made_share":
                countries = tuple(self._with_their_groups(countries))
            nodes = self.target_nodes[target]
            for good in self.goods_of_target(target, countries):
                places[good] = places.get(good, frozenset()).union(nodes)
        return places

    def goods_of_target(self, target: str, countries: Iterable[str]) -> Iterator[Good]:
        """(c, e, o) of a target in some countries."""
        forms = self.lookups.target_forms(target)
        for e in self.lookups.target_elements(target):
            for o in forms:
                for c in countries:
                    yield c, e, o

    def _with_their_groups(self, countries: Collection[str]) -> Iterator[str]:
        groups = set(map(self.lookups.group.get, countries))
        for c, group in self.lookups.group.items():
            if group in groups:
                yield c

    @cached_property
    def in_need(self) -> dict[Good, Flags]:
        """(c, e, o) -> nodes at which, or after which in some history, free imports do not cover it."""
        scheduled: NodesOfGoods = {}
        if self.lookups.has_schedule:
            scheduled = dict.fromkeys(self.purchases, range(len(self.tree.nodes)))
        more = (self.target_goods, self.not_covered, scheduled)
        return nodes_in_need(self.tree, self.suppliers, *more)

    @cached_property
    def active(self) -> Flags:
        """Operations nodes at which something may have to run, with all nodes before them."""
        active = np.zeros(len(self.tree.nodes), dtype=bool)
        for nodes in self.in_need.values():
            active |= nodes
        return active

    @cached_property
    def active_nodes(self) -> list[int]:
        """Active nodes in their order."""
        return np.flatnonzero(self.active).tolist()

    @cached_property
    def deciding_nodes(self) -> tuple[Node, ...]:
        """Decision nodes with decisions: from `policy.first_decision_year` on, with positive probability."""
        first = self.lookups.first_decision_year
        return tuple(d for d in self.intake_nodes if d.year >= first)

    @cached_property
    def intake_nodes(self) -> tuple[Node, ...]:
        """Decision nodes with positive probability, at which trainees may start."""
        return tuple(d for d in self.decision_tree.nodes if d.probability > 0)

    @cached_property
    @listed
    def last_decisions(self) -> Iterator[int]:
        """Decision nodes of the last year."""
        for node in self.decision_tree.nodes:
            if node.year == self.case.last_year:
                yield node.index

    def commitments(self, project: str) -> range:
        """Years in which new capacity may be committed; none without the lever of its stage."""
        if not self.lookups.has_lever(self.lookups.stage_of(project).lever):
            return range(0)
        years = self.lookups.commitment_years(project)
        return range(max(years.start, self.lookups.first_decision_year), years.stop)

    def is_whole(self, project: str) -> bool:
        """New capacity comes in whole units."""
        has_units = self.case.model.policy.whole_plants
        return has_units and self.case.projects[project].unit_tpa is not None

    @cached_property
    @distinct
    def _can_be_staffed(self) -> Iterator[str]:
        for p, row in self.case.projects.items():
            needed = {(row.country, skill) for skill in self.lookups.staffing[p]}
            if needed <= self.lookups.workforce.keys():
                yield p

    @cached_property
    def open_nodes(self) -> dict[str, tuple[int, ...]]:
        """Project -> operations nodes at which it can have capacity and people; inactive ones only if it must run."""
        active = np.array(self.active_nodes, dtype=int)
        every = np.arange(len(self.tree.nodes))
        open_nodes: dict[str, tuple[int, ...]] = dict.fromkeys(self.case.projects, ())
        for p in self._can_be_staffed:
            is_built = (self.usable_shares[p] > 0).any(axis=0)
            works = (self.tree.existing(p) > 0) | is_built
            works &= self.years_of_use[p] > 0
            nodes = every if self.case.projects[p].must_run else active
            open_nodes[p] = tuple(nodes[works[nodes]].tolist())
        return open_nodes

    @cached_property
    def years_of_use(self) -> dict[str, Vector]:
        """Project -> years of full use by node."""
        return OnDemand(self.tree.years_of_use)

    @cached_property
    def usable_shares(self) -> dict[str, SharesOfBuilds]:
        """Project -> usable share of a build."""
        return OnDemand(partial(self._of_builds, self.tree.usable_shares))

    @cached_property
    def started_shares(self) -> dict[str, SharesOfBuilds]:
        """Project with `rise` -> share of a build that became usable since the year before."""
        return OnDemand(partial(self._of_builds, self.tree.started_shares))

    def _of_builds(self, shares: Callable[[str, int], Vector], p: str) -> SharesOfBuilds:
        """Shares of the builds of a project by year of commitment and node."""
        years = self.commitments(p)
        by_year = np.zeros((len(years), len(self.tree.nodes)))
        for place, year in enumerate(years):
            by_year[place] = shares(p, year)
        return by_year

    @cached_property
    def started_existing(self) -> dict[str, Vector]:
        """Project with `rise` -> existing capacity (t/y) that starts in the year of each node."""
        return OnDemand(self.tree.started_existing)

    @cached_property
    def capacity_node(self) -> dict[ProjectAt, int]:
        """(project, operations node) -> the first node with the same usable capacity, whose variable it shares."""
        return self.nodes_by_capacity()

    def nodes_by_capacity(self) -> dict[ProjectAt, int]:
        """Compute `capacity_node`: nodes agree in decision node and usable shares."""
        first_of: dict[ProjectAt, int] = {}
        for p, nodes in self.open_nodes.items():
            first: dict[tuple[int, bytes], int] = {}
            shares = np.ascontiguousarray(self.usable_shares[p].T)
            for n in nodes:
                alike = (self.decision[n], shares[n].tobytes())
                first_of[p, n] = first.setdefault(alike, n)
        return first_of

    @cached_property
    @distinct
    def expandable(self) -> Iterator[str]:
        """Projects that can get new capacity."""
        for p in self._can_be_staffed:
            if self.commitments(p):
                yield p

    def decisions_to(self, d: DecisionNode) -> tuple[DecisionNode, ...]:
        """Decision nodes from the first year to d."""
        return self._decision_paths[d]

    @cached_property
    def _decision_paths(self) -> tuple[tuple[DecisionNode, ...], ...]:
        return tuple(tuple(map(DecisionNode, path)) for path in self.decision_tree.paths)

    @cached_property
    def funder_groups(self) -> dict[str, tuple[str, ...]]:
        """First funder -> funders with money and the same funding scope, which share an account.

        Nothing is lost: a group's payments can be split at every node in proportion to its members' remaining money.
        """
        groups = {}
        for members in self._funders_by_reach().values():
            groups[members[0]] = tuple(members)
        return groups

    @grouped
    def _funders_by_reach(self) -> Iterator[tuple[tuple[str, ...], str]]:
        funded = {funder for (funder, _), amount in self.case.budget.items() if amount > 0}
        for funder, reach in self.lookups.reach.items():
            if funder in funded:
                yield reach, funder
