"""The case in which all but a few scenarios are replaced by their mean, and the reference path they all leave.

The reference path, or reference, is the history of one scenario. Every other scenario leaves it in some period and
never comes back; the reference and the scenarios that stand alone keep their figures, the rest is one history with the
mean factors of imports, demand and capacity, the mean usable share of each build and the mean of what is sold on, which
leaves the reference when its first member does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from planner.config.model_file import Objective
from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.effects import DemandKey, Effects, Period, sold_on, year_of
from planner.data.lookups import Good
from planner.data.tree import Node, Tree, Vector
from planner.formulation.index_sets import Scope
from planner.results.losses import in_tail, loss_of_shortfall


def reference_scenario(effects: Mapping[str, Effects]) -> str:
    """The scenario least disturbed; the first of several."""
    return min(effects, key=lambda w: _size(effects[w]))


def _size(one: Effects) -> int:
    return len(one.imports) + len(one.demand) + len(one.capacity) + len(one.delays)


def departures(effects: Mapping[str, Effects], periods: Sequence[Period], reference: str) -> dict[str, int]:
    """Scenario -> position of the first period in which it differs from the reference; none for those that never do."""
    own = [effects[reference].shown_in(period) for period in periods]
    found = {}
    for w, one in effects.items():
        left = next((i for i, period in enumerate(periods) if one.shown_in(period) != own[i]), None)
        if left is not None:
            found[w] = left
    return found


def risk_weights(objective: Objective, chances: Mapping[str, float], losses: Mapping[str, float]) -> dict[str, float]:
    """Weight of each scenario's loss in the risk: its share of the mean, and of the tail (CVaR)."""
    aversion = objective.risk_aversion
    return {
        name: (1 - aversion) * chances[name] + aversion * share / (1 - objective.tail)
        for name, share in in_tail(losses, chances, objective.tail).items()
    }


def loss_if_nothing(case: Case, one: Effects, periods: Sequence[Period]) -> float:
    """Loss of a scenario (MUSD) if demand is met by imports alone."""
    within: dict[int, list[Period]] = defaultdict(list)
    for period in periods:
        within[year_of(period)].append(period)
    offered: dict[DemandKey, float] = defaultdict(float)
    for key, tonnes in case.import_limit.items():
        for period in within[key[4]]:
            offered[(*key[1:4], period)] += tonnes * one.imports.get((*key[:4], period), 1.0)
    total = 0.0
    for (c, e, o, year), demand in case.demand.items():
        for period in within[year]:
            wanted = demand * one.demand.get((c, e, o, period), 1.0)
            short = max(0.0, wanted - offered[c, e, o, period])
            total += loss_of_shortfall(case, (c, e, o), year, short, wanted) / len(within[year])
    return total


def shares_within(case: Case, names: Sequence[str]) -> dict[str, float]:
    """Probability of each of some scenarios given that one of them comes true; even where none can."""
    total = sum(case.scenarios[w] for w in names)
    return {w: case.scenarios[w] / total if total > 0 else 1 / len(names) for w in names}


@dataclass(frozen=True)
class Grouping:
    """The reference, the scenarios with a history of their own, and those that the mean stands for.

    left: position of the period in which each leaves the reference; none for those that never do.
    """

    case: Case
    effects: Mapping[str, Effects]
    periods: tuple[Period, ...]
    reference: str
    left: Mapping[str, int]
    alone: tuple[str, ...]
    rest: tuple[str, ...]


def group(case: Case, effects: Mapping[str, Effects], periods: tuple[Period, ...], count: int) -> Grouping:
    """The `count` scenarios that weigh most in the risk of doing nothing stand alone, of those that leave the reference
    by themselves: what two do before they differ is one decision."""
    reference = reference_scenario(effects)
    left = departures(effects, periods, reference)
    shown = {w: (at, effects[w].shown_in(periods[at])) for w, at in left.items()}
    together = Counter(shown.values())
    losses = {w: loss_if_nothing(case, effects[w], periods) for w in effects}
    weights = risk_weights(case.model.objective, case.scenarios, losses)
    single = [w for w in left if together[shown[w]] == 1]
    alone = sorted(single, key=lambda w: -weights[w] * losses[w])[:count]
    rest = tuple(w for w in left if w not in set(alone))
    return Grouping(case, effects, periods, reference, left, tuple(alone), rest)


@dataclass(frozen=True)
class AggregatedTree(Tree):
    """The reference, and one chain for each group that leaves it. `members`: share and effects of each, by group."""

    members: Mapping[str, Sequence[tuple[float, Effects]]] = field(default_factory=dict)

    def members_at(self, node: int) -> Sequence[tuple[float, Effects]]:
        """Share and effects of those that a node stands for."""
        return self.members[self.nodes[node].scenarios[0]]

    def usable_share(self, project: str, committed: int, node: int) -> float:
        """Mean share of a build that is usable at a node."""
        if (project, committed) not in self._shares:
            self._shares[project, committed] = self.usable_shares(project, committed)
        return float(self._shares[project, committed][node])

    def usable_shares(self, project: str, committed: int) -> Vector:
        """Mean share of a build that is usable, at every node.

        Weighted by the members' capacity factors, so that mean factor times mean share is the mean of the products.
        """
        out, due = super().usable_shares(project, committed), committed + self.case.projects[project].lead_time_years
        ramp = np.array(self.case.ramp_of(project))
        for name, members in self.members.items():
            if len(members) > 1:
                late = np.array([one.delay(project, due) for _, one in members])
                for n in (n for n in self.nodes if n.scenarios[0] == name):
                    weights = self._weights[name].copy()
                    for i in self._hit[name].get((project, n.period), ()):
                        weights[i] *= members[i][1].capacity[project, n.period]
                    age, total = n.year - due - late, float(np.sum(weights))
                    usable = np.where(age < 0, 0.0, ramp[np.clip(age, 0, len(ramp) - 1)])
                    out[n.index] = float(np.sum(weights * usable)) / total if total > 0 else 0.0
        return out

    @cached_property
    def _shares(self) -> dict[tuple[str, int], Vector]:
        return {}

    @cached_property
    def _weights(self) -> dict[str, Vector]:
        return {name: np.array([share for share, _ in members]) for name, members in self.members.items()}

    @cached_property
    def _hit(self) -> dict[str, dict[tuple[str, Period], list[int]]]:
        """Members whose capacity is not whole, by group, project and period."""
        out: dict[str, dict[tuple[str, Period], list[int]]] = {name: defaultdict(list) for name in self.members}
        for name, members in self.members.items():
            for i, (_, one) in enumerate(members):
                for key in one.capacity:
                    out[name][key].append(i)
        return out

    def resale_limit(self, supplier: str, good: Good, node: int) -> float:
        """Mean of what the members may have from others."""
        at, members = self.nodes[node], self.members_at(node)
        if len(members) == 1:
            return super().resale_limit(supplier, good, node)
        key = (supplier, *good, at.period)
        cut = sum(share * one.leaks.get(key, 0.0) * (1.0 - one.imports.get(key, 1.0)) for share, one in members)
        return cut * self.case.import_limit.get((supplier, *good, at.year), 0.0) * at.length

    def sold_on(self, supplier: str, good: Good, node: int) -> float:
        """What others can sell on; of many members the mean of what all who are cut off can have together."""
        at, members = self.nodes[node], self.members_at(node)
        if len(members) == 1:
            return super().sold_on(supplier, good, node)
        rivals = [c for c, its in self.case.group.items() if its == self.case.group[good[0]]]
        keys = [(supplier, c, *good[1:], at.period) for c in rivals]
        return at.length * sum(
            share * max(sold_on(self.case, one.imports, key) for key in keys)
            for share, one in members
            if not one.leaks.keys().isdisjoint(keys)
        )


def aggregated_tree(grouping: Grouping) -> AggregatedTree:
    """The tree of the means. A group is called by its first member."""
    case, effects, reference = grouping.case, grouping.effects, grouping.reference
    groups = [(w,) for w in grouping.alone] + ([grouping.rest] if grouping.rest else [])
    chance = {one[0]: sum(case.scenarios[w] for w in one) for one in groups}
    leaves_at = {one[0]: min(grouping.left[w] for w in one) for one in groups}
    nodes: list[Node] = []
    last: dict[str, int] = {}
    for i, period in enumerate(grouping.periods):
        when = year_of(period), period.quarter if isinstance(period, Quarter) else None
        staying = tuple(name for name, left in leaves_at.items() if i < left)
        on_reference = sum(p for w, p in case.scenarios.items() if i < grouping.left.get(w, i + 1))
        stem = last.get(reference, -1)
        last[reference] = len(nodes)
        nodes.append(Node(len(nodes), when[0], stem, (reference, *staying), on_reference, when[1]))
        for name, left in leaves_at.items():
            if i >= left:
                parent = last.get(name, stem)
                last[name] = len(nodes)
                nodes.append(Node(len(nodes), when[0], parent, (name,), chance[name], when[1]))
    members = {one[0]: [(share, effects[w]) for w, share in shares_within(case, one).items()] for one in groups}
    members[reference] = [(1.0, effects[reference])]
    shown = {name: parts[0][1] if len(parts) == 1 else _mean(parts) for name, parts in members.items()}
    return AggregatedTree(case, tuple(nodes), shown, members)


def _mean(members: Sequence[tuple[float, Effects]]) -> Effects:
    """Mean factors; delays and what is sold on are left to `AggregatedTree`."""
    factors: tuple[dict[Any, float], ...] = (defaultdict(float), defaultdict(float), defaultdict(float))
    for share, one in members:
        parts: tuple[dict[Any, float], ...] = (one.imports, one.demand, one.capacity)
        for out, part in zip(factors, parts, strict=True):
            for key, factor in part.items():
                out[key] += share * (factor - 1)
    imports, demand, capacity = ({key: max(0.0, 1 + more) for key, more in out.items()} for out in factors)
    return Effects(imports, demand, capacity)


@dataclass(frozen=True)
class AggregatedScope(Scope):
    """Index sets of the means that hold whatever a member or a scenario on its own may need."""

    grouping: Grouping

    @cached_property
    def tree(self) -> AggregatedTree:
        """The tree of the means."""
        return aggregated_tree(self.grouping)

    @cached_property
    def reference_nodes(self) -> list[int]:
        """Nodes of the reference, by period."""
        return list(self.tree.path_of(self.grouping.reference))

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """As in the whole case: the reference up to the last departure of a scenario that imports cannot cover, and
        what some member of a chain needs."""
        g, chains = self.grouping, defaultdict[str, list[int]](list)
        for n in self.tree.nodes:
            chains[n.scenarios[0]].append(n.index)
        out = {}
        for good, last in self._last_short.items():
            until = max((at for w, at in g.left.items() if last[w] >= at), default=0)
            found = set(self.reference_nodes[: max(until, last[g.reference] + 1)])
            for members in [*((w,) for w in g.alone), *([g.rest] if g.rest else [])]:
                begins = min(g.left[w] for w in members)
                found.update(chains[members[0]][: max(0, max(last[w] for w in members) + 1 - begins)])
            out[good] = frozenset(found)
        return out

    @cached_property
    def _last_short(self) -> dict[Good, dict[str, int]]:
        """Position of the last period in which imports cannot cover a good in each scenario; -1 if there is none."""
        g, nothing = self.grouping, Effects()
        touched = {w: self._touched(one) for w, one in g.effects.items()}
        out = {}
        for good in sorted({key[:3] for key in self.case.demand}):
            usual = [i for i, period in enumerate(g.periods) if not self._covers(good, period, nothing)]
            out[good] = dict.fromkeys(g.effects, usual[-1] if usual else -1)
            for w, one in g.effects.items():
                if periods := touched[w].get(good):
                    short = [i for i in usual if g.periods[i] not in periods]
                    short += [i for i, at in enumerate(g.periods) if at in periods and not self._covers(good, at, one)]
                    out[good][w] = max(short, default=-1)
        return out

    @staticmethod
    def _touched(one: Effects) -> dict[Good, set[Period]]:
        out: dict[Good, set[Period]] = defaultdict(set)
        for _, c, e, o, period in one.imports:
            out[c, e, o].add(period)
        for c, e, o, period in one.demand:
            out[c, e, o].add(period)
        return out

    def _covers(self, good: Good, period: Period, one: Effects) -> bool:
        year = year_of(period)
        wanted = self.case.demand.get((*good, year), 0.0) * one.demand.get((*good, period), 1.0)
        return wanted <= sum(
            self.case.import_limit.get((supplier, *good, year), 0.0) * one.imports.get((supplier, *good, period), 1.0)
            for supplier in self.suppliers.get(good, ())
        )

    @cached_property
    def resale_rivals(self) -> dict[tuple[str, str, str, str, int], list[str]]:
        """As elsewhere; at nodes of many members, where it differs who is cut off most, all of a group at once."""
        own, pools = super().resale_rivals, defaultdict[tuple[str, str, str, str, int], list[str]](list)
        for v, c, e, o, n in sorted(self.resold):
            if len(self.tree.members_at(n)) > 1:
                pools[v, self.case.group[c], e, o, n].append(c)
        single = {key: rivals for key, rivals in own.items() if len(self.tree.members_at(key[4])) == 1}
        return single | {(v, some[0], e, o, n): some for (v, _, e, o, n), some in pools.items()}

    @cached_property
    def common(self) -> Common:
        """What branches take over."""
        at = {n: i for i, n in enumerate(self.reference_nodes)}
        last = {good: sum(n in at for n in nodes) for good, nodes in self.disturbed.items()}
        return Common(last, frozenset(key[:3] for key in self.users), tuple(self.teams))


@dataclass(frozen=True)
class Common:
    """Index sets of all histories, for the parts of a case to agree with each other on what is there.

    last: good -> how many periods of the reference are not covered by imports. used: goods that some plant takes in.
    teams: who is needed.
    """

    last: Mapping[Good, int]
    used: frozenset[Good]
    teams: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BranchScope(Scope):
    """Index sets of the reference and some scenarios that leave it, with what they have in common with the rest."""

    own_tree: Tree
    reference: str
    common: Common

    @property
    def tree(self) -> Tree:
        """The reference and these scenarios."""
        return self.own_tree

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """As in the whole case."""
        stem = self.tree.path_of(self.reference)
        return {good: nodes.union(stem[: self.common.last[good]]) for good, nodes in super().disturbed.items()}

    @cached_property
    def used_goods(self) -> frozenset[Good]:
        """As in the whole case."""
        return super().used_goods | self.common.used

    @cached_property
    def teams(self) -> list[tuple[str, str]]:
        """As in the whole case."""
        return list(self.common.teams)
