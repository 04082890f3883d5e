"""The reference path that scenarios leave, who stands alone in the master program, and index sets that all agree on.

The reference path, or reference, is the history of one scenario. Every other scenario leaves it in some period and
never comes back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from planner.config import Objective
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Tree
from planner.data.shock_effects import DemandKey, Effects, Period, effects_by_scenario, periods_of, year_of
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
class Common:
    """Index sets of all histories, for the parts of a case to agree with each other on what is there.

    last: good -> how many periods of the reference are not covered by imports. used: goods that some plant takes in.
    teams: who is needed.
    """

    last: Mapping[Good, int]
    used: frozenset[Good]
    teams: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grouping:
    """The reference, the scenarios that stand alone in the master program, and the rest of those that leave.

    left: position of the period in which each leaves the reference; none for those that never do. common: index sets of
    the whole case.
    """

    case: Case
    effects: Mapping[str, Effects]
    periods: tuple[Period, ...]
    reference: str
    left: Mapping[str, int]
    alone: tuple[str, ...]
    rest: tuple[str, ...]
    common: Common


def group(case: Case, count: int) -> Grouping:
    """The `count` scenarios that weigh most in the risk of doing nothing stand alone, of those that leave the reference
    by themselves: what two do before they differ is one decision."""
    effects, periods = effects_by_scenario(case), periods_of(case)
    reference = reference_scenario(effects)
    left = departures(effects, periods, reference)
    shown = {w: (at, effects[w].shown_in(periods[at])) for w, at in left.items()}
    together = Counter(shown.values())
    losses = {w: loss_if_nothing(case, effects[w], periods) for w in effects}
    weights = risk_weights(case.model.objective, case.scenarios, losses)
    single = [w for w in left if together[shown[w]] == 1]
    alone = sorted(single, key=lambda w: -weights[w] * losses[w])[:count]
    rest = tuple(w for w in left if w not in set(alone))
    return Grouping(case, effects, periods, reference, left, tuple(alone), rest, _common(case, reference))


def _common(case: Case, reference: str) -> Common:
    whole = Scope(case)
    stem = set(whole.tree.path_of(reference))
    last = {good: len(stem & nodes) for good, nodes in whole.disturbed.items()}
    return Common(last, whole.used_goods, tuple(whole.teams))


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
        return self.common.used

    @cached_property
    def teams(self) -> list[tuple[str, str]]:
        """As in the whole case."""
        return list(self.common.teams)
