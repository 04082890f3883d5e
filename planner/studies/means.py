"""Groups of scenarios, and the case in which each group is replaced by its mean.

The mean of a group: factors of imports, demand and capacity, and the usable share of each build, averaged with the
probabilities. A mean branches off where its first member does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from planner.config import Objective
from planner.data.case import Case
from planner.data.schema import Scenario, Shock
from planner.data.shocks import DemandKey, Effects
from planner.data.tree import Tree, scenario_tree
from planner.formulation.scope import Scope
from planner.results.losses import loss_of_shortfall

Groups = list[list[str]]
"""Scenario ids, each in one group."""
SHOCKED = {
    "imports": ("import", ("supplier", "country", "element", "form")),
    "demand": ("demand", ("country", "element", "form")),
    "capacity": ("capacity", ("project",)),
}
"""Field of Effects -> kind of shock, and the columns of its key but the year."""


def risk_weights(objective: Objective, chances: Mapping[str, float], losses: Mapping[str, float]) -> dict[str, float]:
    """Weight of each scenario's loss in the risk: its share of the mean, and of the tail (CVaR)."""
    left, out = 1 - objective.tail, {}
    for name in sorted(losses, key=lambda name: -losses[name]):
        share = min(left, chances[name])
        left -= share
        in_tail = objective.risk_aversion * share / (1 - objective.tail)
        out[name] = (1 - objective.risk_aversion) * chances[name] + in_tail
    return out


def first_groups(case: Case, effects: Mapping[str, Effects], count: int) -> Groups:
    """About `count` groups of scenarios that begin in the same year and hurt alike if nothing is done.

    Ward's linkage of losses by good and year, those of the tail stretched as the risk weighs them.
    """
    names = list(case.scenarios)
    losses = np.array([_losses(case, effects[name]) for name in names])
    weights = risk_weights(case.model.objective, case.scenarios, dict(zip(names, losses.sum(axis=1), strict=True)))
    losses *= np.array([[weights[name] / max(case.scenarios[name], 1e-12)] for name in names])
    begins = [_begin(effects[name]) for name in names]
    years = sorted(set(begins))
    far = 10 * np.abs(losses).sum(axis=1).max(initial=1.0)
    apart = np.array([[far if begin == year else 0.0 for year in years] for begin in begins])
    if len(names) == 1:
        return [names]
    labels = fcluster(linkage(np.hstack([losses, apart]), method="ward"), max(count, len(years)), criterion="maxclust")
    found: dict[int, list[str]] = defaultdict(list)
    for name, label in zip(names, labels.tolist(), strict=True):
        found[label].append(name)
    return list(found.values())


def _losses(case: Case, one: Effects) -> NDArray[np.float64]:
    """Loss (MUSD) of each demand if nothing is done, after imports."""
    offered: dict[DemandKey, float] = defaultdict(float)
    for key, tonnes in case.import_limit.items():
        offered[key[1:]] += tonnes * one.imports.get(key, 1.0)
    out = np.zeros(len(case.demand))
    for place, ((c, e, o, year), demand) in enumerate(case.demand.items()):
        wanted = demand * one.demand.get((c, e, o, year), 1.0)
        short = max(0.0, wanted - offered[c, e, o, year])
        out[place] = loss_of_shortfall(case, (c, e, o), year, short, wanted)
    return out


def _begin(one: Effects) -> int:
    """First year in which a scenario shows itself; 0 if it never does."""
    years = [key[-1] for part in (one.imports, one.demand, one.capacity) for key in part]
    years += [shown for late in one.delays.values() for shown, _ in late]
    return min(years, default=0)


def parted(case: Case, groups: Groups, losses: Mapping[str, float], of_means: Mapping[str, float], more: int) -> Groups:
    """The groups with `more` scenarios taken out to stand alone: those whose risk the means hide most.

    losses: of each scenario under the plan for the means; of_means: of each mean, by the group's first member.
    After the adaptive partitions of Song and Luedtke, SIAM Journal on Optimization 25 (2015); the tail has so much more
    weight than the rest that its scenarios stand alone first.
    """
    weights = risk_weights(case.model.objective, case.scenarios, losses)
    hidden = {
        name: weights[name] * abs(losses[name] - of_means[members[0]])
        for members in groups
        if len(members) > 1
        for name in members
    }
    alone = set(sorted(hidden, key=lambda name: -hidden[name])[:more])
    rest = [[name for name in members if name not in alone] for members in groups]
    return [*(members for members in rest if members), *([name] for name in case.scenarios if name in alone)]


@dataclass(frozen=True)
class MeanTree(Tree):
    """A tree of means: what is usable of a build is averaged over the members of a group."""

    members: dict[str, list[tuple[float, Effects]]] = field(default_factory=dict)

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


def scope_of_means(case: Case, effects: Mapping[str, Effects], groups: Groups) -> Scope:
    """Index sets and figures of the case of the means."""
    small = case_of_means(case, effects, groups)
    tree = scenario_tree(small)
    members = {
        one[0]: [(case.scenarios[name] / small.scenarios[one[0]], effects[name]) for name in one] for one in groups
    }
    scope = Scope(small)
    scope.__dict__["tree"] = MeanTree(small, tree.nodes, tree.effects, members)
    return scope


def case_of_means(case: Case, effects: Mapping[str, Effects], groups: Groups) -> Case:
    """The case with one scenario for each group, named like its first member; delays are left to `MeanTree`."""
    scenarios, shocks = [], []
    for members in groups:
        weight = sum(case.scenarios[name] for name in members)
        scenarios.append(Scenario(scenario=members[0], probability=weight))
        for name, (kind, columns) in SHOCKED.items():
            changed: dict[Any, float] = defaultdict(float)
            for member in members:
                for key, factor in getattr(effects[member], name).items():
                    changed[key] += case.scenarios[member] / weight * (factor - 1)
            shocks += [
                Shock(
                    scenario=members[0],
                    kind=kind,
                    start_year=key[-1],
                    end_year=key[-1],
                    factor=max(0.0, 1 + change),
                    **dict(zip(columns, key[:-1], strict=True)),
                )
                for key, change in changed.items()
                if change
            ]
    return replace(case, tables=replace(case.tables, scenarios=tuple(scenarios), shocks=tuple(shocks)))
