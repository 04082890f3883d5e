"""The trees on which variables live, where along them plants can run, and who shares an account."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NewType

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.decision_tree import decision_tree
from planner.data.lookups import Good
from planner.data.scenario_tree import Node, Tree, scenario_tree

OperationNode = NewType("OperationNode", int)
"""A node of the tree of histories: operations, stocks and losses live there."""
DecisionNode = NewType("DecisionNode", int)
"""A node of the tree of decisions: a year (committed) or a history as its year begins (adaptive)."""
GoodAt = tuple[str, str, str, int]
"""(c, e, o, n): country, element, form and operations node; of a saving (p, e, o, n)."""
AccountNode = NewType("AccountNode", int)
"""A node of the tree on which budgets are kept."""
StaffingNode = NewType("StaffingNode", int)
"""A node of the tree on which people work."""


@dataclass(frozen=True)
class Histories:
    """A case and its trees: operations live on histories, investment on years or on histories as years begin."""

    case: Case

    @cached_property
    def tree(self) -> Tree:
        """Operations and stocks."""
        return scenario_tree(self.case)

    @cached_property
    def decision_tree(self) -> Tree:
        """Investment, training, hiring, staff: a chain of years (committed) or histories as years begin (adaptive)."""
        return self._decisions[0]

    @cached_property
    def decision(self) -> tuple[DecisionNode, ...]:
        """The decision node of each operations node."""
        return tuple(map(DecisionNode, self._decisions[1]))

    @cached_property
    def _decisions(self) -> tuple[Tree, tuple[int, ...]]:
        return decision_tree(self.tree)

    @cached_property
    def suppliers(self) -> dict[Good, list[str]]:
        """(c, e, o) -> who can sell it there."""
        out: dict[Good, list[str]] = defaultdict(list)
        for supplier, c, e, o in sorted({key[:4] for key in self.case.import_limit}):
            out[c, e, o].append(supplier)
        return dict(out)

    @cached_property
    def target_nodes(self) -> dict[str, tuple[int, ...]]:
        """Target -> operations nodes at which it holds."""
        out = {}
        for target in self.case.targets:
            years, scenarios = (self.case.target_years(target), self.case.target_scenarios(target))
            out[target] = tuple(
                n.index
                for n in self.tree.nodes
                if n.year in years and not scenarios.isdisjoint(n.scenarios)
            )
        return out

    @cached_property
    def target_goods(self) -> dict[Good, frozenset[int]]:
        """(c, e, o) that a target of origin or of output can move -> nodes at which it holds.

        What others of the group take counts for who makes it, so a target of output speaks of the good in its group.
        """
        found: dict[Good, set[int]] = defaultdict(set)
        for target, row in self.case.targets.items():
            if row.kind == "served":
                continue
            countries = self.case.target_countries(target)
            groups = {self.case.group[c] for c in countries}
            if row.kind == "made_share":
                countries = tuple(c for c, group in self.case.group.items() if group in groups)
            for e in self.case.target_elements(target):
                for o in self.case.target_forms(target):
                    for c in countries:
                        found[c, e, o] |= set(self.target_nodes[target])
        return {good: frozenset(nodes) for good, nodes in found.items()}

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """(c, e, o) with a demand -> nodes at which, or after which in some history, free imports cannot cover it, or a
        target speaks of it."""
        parents = [node.parent for node in self.tree.nodes]
        out = {}
        for good in sorted({(c, e, o) for c, e, o, _ in self.case.demand} | set(self.target_goods)):
            on_offer = np.zeros(len(parents))
            for supplier in self.suppliers.get(good, ()):
                free = self.tree.import_prices(supplier, good) == 0
                on_offer += np.where(free, self.tree.import_limits(supplier, good), 0.0)
            found: set[int] = set()
            short = np.flatnonzero(~(self.tree.demands(good) <= on_offer)).tolist()
            for n in (*short, *self.target_goods.get(good, ())):
                while n >= 0 and n not in found:
                    found.add(n)
                    n = parents[n]
            out[good] = frozenset(found)
        return out

    @cached_property
    def import_covered_nodes(self) -> frozenset[int]:
        """Operations nodes from which on free imports can cover every demand, whatever happens.

        Nothing needs to run there. Proof: in such a subtree, importing each demand, running no plant and no saving,
        buying and reselling nothing and releasing what is in stock meets every constraint (these imports are free and
        serve only their own country, surplus may be left over, limits of resale and of rising output are upper ones)
        at no loss and no cost, the least of both, as no throughput and no purchase costs less than nothing; and it
        asks nothing of earlier nodes, so any plan can be changed to it without changing the rest. Accounts and people
        stay. A node may be a quarter: demand and imports are then those of the quarter, and stock that is released in
        one is not held at the end of its year.
        """
        return frozenset(n.index for n in self.tree.nodes).difference(*self.disturbed.values())

    @cached_property
    def active_nodes(self) -> tuple[Node, ...]:
        """Operations nodes at which something may have to run; with a node, all its ancestors."""
        return tuple(n for n in self.tree.nodes if n.index not in self.import_covered_nodes)

    @cached_property
    def scenario_count(self) -> int:
        """Scenarios that decisions are made for."""
        roots = (d for d in self.decision_tree.nodes if d.parent < 0)
        return sum(len(d.scenarios) for d in roots)

    @cached_property
    def deciding_nodes(self) -> tuple[Node, ...]:
        """Decision nodes at which something may be decided: those of probability 0 are none."""
        return tuple(d for d in self.decision_tree.nodes if d.probability > 0)

    def commitments(self, project: str) -> range:
        """Years in which the plan may commit new capacity: none without the lever of its stage."""
        may_grow = self.case.has_lever(self.case.stage_of(project).lever)
        return self.case.commitment_years(project) if may_grow else range(0)

    def is_whole(self, project: str) -> bool:
        """Whether new capacity of a project comes in whole plants."""
        return (
            self.case.model.policy.whole_plants and self.case.projects[project].unit_tpa is not None
        )

    @cached_property
    def _can_be_staffed(self) -> frozenset[str]:
        return frozenset(
            p
            for p, row in self.case.projects.items()
            if all((row.country, k) in self.case.workforce for k in self.case.staffing[p])
        )

    @cached_property
    def open_nodes(self) -> dict[str, tuple[int, ...]]:
        """Operations nodes at which a project can have capacity and people."""
        nodes = np.array([n.index for n in self.active_nodes], dtype=int)
        out = {}
        for p in self.case.projects:
            may_be = (self.tree.existing(p) > 0) | (self._usable_shares[p] > 0).any(axis=0)
            works = may_be & (self.tree.capacity_factors(p) != 0)
            out[p] = tuple(nodes[works[nodes]].tolist()) if p in self._can_be_staffed else ()
        return out

    @cached_property
    def _usable_shares(self) -> dict[str, NDArray[np.float64]]:
        """Project -> usable share of a build by year of commitment and node."""
        size = len(self.tree.nodes)
        return {
            p: np.array([self.tree.usable_shares(p, y) for y in self.commitments(p)]).reshape(
                -1, size
            )
            for p in self.case.projects
        }

    @cached_property
    def capacity_node(self) -> dict[tuple[str, int], int]:
        """(project, operations node) -> the first node with the same usable capacity in every plan.

        Nodes agree if they have the same decision node and the same delays; they share one variable.
        """
        first: dict[tuple[object, ...], int] = {}
        out = {}
        for p, nodes in self.open_nodes.items():
            shares = np.ascontiguousarray(self._usable_shares[p].T)
            for n in nodes:
                out[p, n] = first.setdefault((p, self.decision[n], shares[n].tobytes()), n)
        return out

    @cached_property
    def expandable(self) -> frozenset[str]:
        """Projects that can get new capacity."""
        return frozenset(
            p for p in self.case.projects if self.commitments(p) and p in self._can_be_staffed
        )

    def decisions_to(self, d: DecisionNode) -> tuple[DecisionNode, ...]:
        """The decision nodes from the first year to d."""
        return self._decision_paths[d]

    @cached_property
    def _decision_paths(self) -> tuple[tuple[DecisionNode, ...], ...]:
        return tuple(tuple(map(DecisionNode, path)) for path in self.decision_tree.paths)

    @cached_property
    def funder_groups(self) -> dict[str, tuple[str, ...]]:
        """First funder -> funders with money that may pay in the same countries; they share one account.

        Proof that nothing is lost: what members pay together out of what they have together can be split at
        every node in proportion to what each has left, which no member's own account forbids; and any
        payments of the members add up to payments of the group.
        """
        funded = {funder for (funder, _), amount in self.case.budget.items() if amount > 0}
        together: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for funder, reach in self.case.reach.items():
            if funder in funded:
                together[reach].append(funder)
        return {members[0]: tuple(members) for members in together.values()}
