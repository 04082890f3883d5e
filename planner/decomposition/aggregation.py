"""The case in which all but a few scenarios are replaced by their mean, and the reference path they all leave.

The reference path, or reference, is the history of one scenario. Every other scenario leaves it in some year and never
comes back; the reference and the scenarios that stand alone keep their figures, the rest is one history with the mean
factors of imports, demand and capacity and the mean usable share of each build, which leaves the reference when its
first member does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from planner.config.model_file import Objective
from planner.data.case import Case
from planner.data.effects import DemandKey, Effects
from planner.data.lookups import Good
from planner.data.tree import Node, Tree
from planner.formulation.index_sets import Scope
from planner.results.losses import in_tail, loss_of_shortfall


def reference_scenario(effects: Mapping[str, Effects]) -> str:
    """The scenario least disturbed; the first of several."""
    return min(effects, key=lambda w: _size(effects[w]))


def _size(one: Effects) -> int:
    return len(one.imports) + len(one.demand) + len(one.capacity) + len(one.delays)


def departures(case: Case, effects: Mapping[str, Effects], reference: str) -> dict[str, int]:
    """Scenario -> first year in which it differs from the reference; none for the reference and its likes."""
    own = {year: effects[reference].shown_in(year) for year in case.years}
    found = {}
    for w, one in effects.items():
        left = next((year for year in case.years if one.shown_in(year) != own[year]), None)
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


def loss_if_nothing(case: Case, one: Effects) -> float:
    """Loss of a scenario (MUSD) if demand is met by imports alone."""
    offered: dict[DemandKey, float] = defaultdict(float)
    for key, tonnes in case.import_limit.items():
        offered[key[1:]] += tonnes * one.imports.get(key, 1.0)
    total = 0.0
    for (c, e, o, year), demand in case.demand.items():
        wanted = demand * one.demand.get((c, e, o, year), 1.0)
        short = max(0.0, wanted - offered[c, e, o, year])
        total += loss_of_shortfall(case, (c, e, o), year, short, wanted)
    return total


def shares_within(case: Case, names: Sequence[str]) -> dict[str, float]:
    """Probability of each of some scenarios given that one of them comes true; even where none can."""
    total = sum(case.scenarios[w] for w in names)
    return {w: case.scenarios[w] / total if total > 0 else 1 / len(names) for w in names}


@dataclass(frozen=True)
class Grouping:
    """The reference, the scenarios with a history of their own, and those that the mean stands for."""

    reference: str
    left: Mapping[str, int]
    alone: tuple[str, ...]
    rest: tuple[str, ...]


def group(case: Case, effects: Mapping[str, Effects], count: int) -> Grouping:
    """The `count` scenarios that weigh most in the risk of doing nothing stand alone, of those that leave the reference
    by themselves: what two do before they differ is one decision."""
    reference = reference_scenario(effects)
    left = departures(case, effects, reference)
    together = Counter((year, effects[w].shown_in(year)) for w, year in left.items())
    losses = {w: loss_if_nothing(case, effects[w]) for w in effects}
    weights = risk_weights(case.model.objective, case.scenarios, losses)
    single = [w for w, year in left.items() if together[year, effects[w].shown_in(year)] == 1]
    alone = sorted(single, key=lambda w: -weights[w] * losses[w])[:count]
    return Grouping(reference, left, tuple(alone), tuple(w for w in left if w not in set(alone)))


@dataclass(frozen=True)
class AggregatedTree(Tree):
    """The reference, and one chain for each group that leaves it. `members`: share and effects of each, by group."""

    members: Mapping[str, Sequence[tuple[float, Effects]]] = field(default_factory=dict)

    def usable_share(self, project: str, committed: int, node: int) -> float:
        """Mean share of a build that is usable at a node.

        Weighted by the members' capacity factors, so that mean factor times mean share is the mean of the products.
        """
        due = committed + self.case.projects[project].lead_time_years
        year = self.nodes[node].year
        members = self.members[self.nodes[node].scenarios[0]]
        weights = [(share * one.capacity.get((project, year), 1.0), one) for share, one in members]
        total = sum(weight for weight, _ in weights)
        usable = sum(w * self.case.ramp_share(project, year - due - one.delay(project, due)) for w, one in weights)
        return usable / total if total > 0 else 0.0


def aggregated_tree(case: Case, effects: Mapping[str, Effects], grouping: Grouping) -> AggregatedTree:
    """The tree of the means. A group is called by its first member."""
    groups = [(w,) for w in grouping.alone] + ([grouping.rest] if grouping.rest else [])
    chance = {one[0]: sum(case.scenarios[w] for w in one) for one in groups}
    leaves_in = {one[0]: min(grouping.left[w] for w in one) for one in groups}
    nodes: list[Node] = []
    last: dict[str, int] = {}
    for year in case.years:
        staying = tuple(name for name, left in leaves_in.items() if year < left)
        on_reference = sum(p for w, p in case.scenarios.items() if year < grouping.left.get(w, year + 1))
        stem = last.get(grouping.reference, -1)
        last[grouping.reference] = len(nodes)
        nodes.append(Node(len(nodes), year, stem, (grouping.reference, *staying), on_reference))
        for name, left in leaves_in.items():
            if year >= left:
                parent = last.get(name, stem)
                last[name] = len(nodes)
                nodes.append(Node(len(nodes), year, parent, (name,), chance[name]))
    members = {one[0]: [(share, effects[w]) for w, share in shares_within(case, one).items()] for one in groups}
    members[grouping.reference] = [(1.0, effects[grouping.reference])]
    return AggregatedTree(case, tuple(nodes), {name: _mean(parts) for name, parts in members.items()}, members)


def _mean(members: Sequence[tuple[float, Effects]]) -> Effects:
    """Mean factors; delays are left to `MeanTree.usable_share`."""
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

    means: AggregatedTree
    effects: Mapping[str, Effects]
    left: Mapping[str, int]

    @property
    def tree(self) -> AggregatedTree:
        """The tree of the means."""
        return self.means

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """As in the whole case: also the reference up to the last departure of a scenario that imports cannot cover."""
        reference = [n for n in self.tree.nodes if n.scenarios[0] == self.tree.nodes[0].scenarios[0]]
        found = {}
        for good, nodes in super().disturbed.items():
            last = max((left for w, left in self.left.items() if self._is_short(good, w, left)), default=0)
            found[good] = nodes.union(n.index for n in reference if n.year < last)
        return found

    def _imports_cover(self, good: Good, node: int) -> bool:
        at = self.tree.nodes[node]
        return all(self._covers(good, at.year, one) for name in at.scenarios for _, one in self.means.members[name])

    def _is_short(self, good: Good, scenario: str, left: int) -> bool:
        one = self.effects[scenario]
        return any(not self._covers(good, year, one) for year in self.case.years if year >= left)

    def _covers(self, good: Good, year: int, one: Effects) -> bool:
        wanted = self.case.demand.get((*good, year), 0.0) * one.demand.get((*good, year), 1.0)
        keys = [(supplier, *good, year) for supplier in self.suppliers.get(good, ())]
        return wanted <= sum(self.case.import_limit.get(key, 0.0) * one.imports.get(key, 1.0) for key in keys)
