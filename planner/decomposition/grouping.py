"""The reference path that scenarios leave, who stands alone in the master program, and index sets that all agree on;
and parts of a case: some scenarios beside the reference, written as one program and then taken apart into branches.

The reference path, or reference, is the history of one scenario. Every other scenario leaves it in some period and
never comes back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Node, Tree, tree_of
from planner.data.schema import Scenario
from planner.data.shock_effects import (
    DemandKey,
    Effects,
    Period,
    effects_by_scenario,
    periods_of,
    year_of,
)
from planner.decomposition.subproblem import (
    USABLE,
    Branch,
    LinkingColumn,
    OnReference,
    UsableCapacity,
)
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import EQUATIONS, VARIABLES
from planner.results.losses import loss_of_shortfall, weights_in_risk
from planner.solving.program import Key, Program, Vector
from planner.solving.program_writer import Writer


def reference_scenario(effects: Mapping[str, Effects]) -> str:
    """The scenario least disturbed; the first of several."""
    return min(effects, key=lambda w: _size(effects[w]))


def _size(one: Effects) -> int:
    factors = len(one.imports) + len(one.prices) + len(one.demand) + len(one.capacity)
    return factors + len(one.delays)


def departures(
    effects: Mapping[str, Effects], periods: Sequence[Period], reference: str
) -> dict[str, int]:
    """Scenario -> position of the first period in which it differs from the reference; none for those that never do."""
    own = [effects[reference].shown_in(period) for period in periods]
    found = {}
    for w, one in effects.items():
        left = next((i for i, period in enumerate(periods) if one.shown_in(period) != own[i]), None)
        if left is not None:
            found[w] = left
    return found


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


@dataclass(frozen=True, kw_only=True)
class Common:
    """Index sets of all histories, for the parts of a case to agree with each other on what is there.

    last: good -> how many periods of the reference are not covered by imports. used: goods that some plant takes in.
    teams: who is needed. decisions: nodes of the tree of decisions, whatever scenarios they are of.
    """

    last: Mapping[Good, int]
    used: frozenset[Good]
    teams: tuple[tuple[str, str], ...]
    decisions: tuple[Node, ...]


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
    weights = weights_in_risk(case, losses)
    single = [w for w in left if together[shown[w]] == 1]
    alone = sorted(single, key=lambda w: -weights[w] * losses[w])[:count]
    rest = tuple(w for w in left if w not in set(alone))
    return Grouping(
        case, effects, periods, reference, left, tuple(alone), rest, _common(case, reference)
    )


def _common(case: Case, reference: str) -> Common:
    whole = Scope(case)
    stem = set(whole.tree.path_of(reference))
    last = {good: len(stem & nodes) for good, nodes in whole.disturbed.items()}
    return Common(
        last=last,
        used=whole.used_goods,
        teams=tuple(whole.teams),
        decisions=whole.decision_tree.nodes,
    )


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
    def _decisions(self) -> tuple[Tree, tuple[int, ...]]:
        """As in the whole case: a part may know of decisions of which no scenario is its own."""
        at = {(w, d.year): d.index for d in self.common.decisions for w in d.scenarios}
        places = tuple(at[n.scenarios[0], n.year] for n in self.tree.nodes)
        return Tree(self.case, self.common.decisions, {}), places

    @cached_property
    def disturbed(self) -> dict[Good, frozenset[int]]:
        """As in the whole case."""
        stem = self.tree.path_of(self.reference)
        return {
            good: nodes.union(stem[: self.common.last[good]])
            for good, nodes in super().disturbed.items()
        }

    @cached_property
    def used_goods(self) -> frozenset[Good]:
        """As in the whole case."""
        return self.common.used

    @cached_property
    def teams(self) -> list[tuple[str, str]]:
        """As in the whole case."""
        return list(self.common.teams)


# ---- parts of a case, taken apart into branches ---------------------------------------------------------------------

PART = 20
"""Scenarios whose branches are written as one program and then taken apart."""
OF_ALL_HISTORIES = frozenset(equation.name for equation in EQUATIONS if equation.links_histories)
"""Equations, besides those without an index, that say nothing within a branch."""


@dataclass(frozen=True)
class CasePart:
    """A part of a case: the reference, and some scenarios that leave it, which must be all that share their branches.

    case: with these scenarios alone, as likely as they are if one of them comes true; `weight` is how likely that is.
    """

    case: Case
    periods: tuple[Period, ...]
    reference: str
    names: tuple[str, ...]
    weight: float
    common: Common

    @cached_property
    def scope(self) -> BranchScope:
        """Index sets."""
        effects = effects_by_scenario(self.case, self.periods)
        tree = tree_of(self.case, effects, self.periods)
        if self.weight == 0:
            nodes = (replace(node, probability=0.0) for node in tree.nodes)
            tree = replace(tree, nodes=tuple(nodes))
        return BranchScope(self.case, tree, self.reference, self.common)

    @cached_property
    def stem(self) -> dict[int, int]:
        """Nodes of the reference -> position among the periods."""
        return {n: i for i, n in enumerate(self.scope.tree.path_of(self.reference))}


def part_of(grouping: Grouping, names: Sequence[str]) -> CasePart:
    """The part of a case with some scenarios."""
    case, together = grouping.case, [grouping.reference, *names]
    wanted = set(together)
    tables = replace(
        case.tables,
        scenarios=tuple(
            Scenario(scenario=w, probability=share)
            for w, share in shares_within(case, together).items()
        ),
        shocks=tuple(row for row in case.tables.shocks if row.scenario in wanted),
    )
    total = sum(case.scenarios[w] for w in together)
    own = replace(case, tables=tables)
    return CasePart(own, grouping.periods, grouping.reference, tuple(names), total, grouping.common)


def parts(grouping: Grouping, size: int = PART) -> Iterator[CasePart]:
    """Scenarios that leave the reference, in parts of about `size`; those that leave it at one node together."""
    together: dict[Any, list[str]] = defaultdict(list)
    for name, at in grouping.left.items():
        together[at, grouping.effects[name].shown_in(grouping.periods[at])].append(name)
    names: list[str] = []
    for members in together.values():
        names += members
        if len(names) >= size:
            yield part_of(grouping, names)
            names = []
    if names:
        yield part_of(grouping, names)


def branches(part: CasePart) -> list[Branch]:
    """The branches of a part."""
    return list(_taken_apart(part, Writer(part.scope).program()))


def _taken_apart(part: CasePart, program: Program) -> Iterator[Branch]:
    scope, stem = part.scope, part.stem
    costs = part.weight * _costs(program)
    begin = _branch_of(scope.tree, stem)
    of_column = np.full(len(program.columns), -1)
    links: dict[int, LinkingColumn] = {}
    capacities = _capacities(program)
    for j, (name, index) in enumerate(program.columns):
        if name == "capacity":
            links[j] = capacities[index]
        elif isinstance(link := link_of(scope, stem, name, index), int):
            of_column[j] = begin[link]
        else:
            links[j] = link
    entries = program.matrix.tocoo()
    within = of_column[entries.col] >= 0
    of_row = np.full(len(program.rows), -1)
    of_row[entries.row[within]] = of_column[entries.col[within]]
    of_row[
        [
            i
            for i, (name, index) in enumerate(program.rows)
            if index is None or name in OF_ALL_HISTORIES
        ]
    ] = -1
    shared = np.flatnonzero(of_column < 0)
    for first in sorted(set(begin.values())):
        rows, columns = np.flatnonzero(of_row == first), np.flatnonzero(of_column == first)
        linking = program.matrix[rows][:, shared]
        used = np.unique(linking.indices)
        leaves = {w: n for w, n in scope.tree.leaves.items() if begin.get(n) == first}
        column = {key: j for j, key in enumerate(program.columns[c] for c in columns.tolist())}
        yield Branch(
            {w: column["loss_to_date", n] for w, n in leaves.items()},
            costs[columns],
            program.part(rows.tolist(), columns.tolist()),
            csr_array(linking[:, used]),
            [links[j] for j in shared[used].tolist()],
            {
                i: program.columns[j][1]
                for i, j in enumerate(shared[used].tolist())
                if program.columns[j][0] == "capacity"
            },
        )


def _costs(program: Program) -> Vector:
    """What a unit of each column adds to the cost."""
    of_cost = program.matrix[[program.row["cost_definition", None]]].toarray().ravel()
    own = of_cost[program.column["cost", None]]
    of_cost[program.column["cost", None]] = 0.0
    return np.asarray(-of_cost / own, dtype=float)


def _branch_of(tree: Tree, stem: Mapping[int, int]) -> dict[int, int]:
    """Node off the reference -> the first node of its branch."""
    out: dict[int, int] = {}
    for n in tree.nodes:
        if n.index not in stem:
            out[n.index] = n.index if n.parent in stem or n.parent < 0 else out[n.parent]
    return out


def _capacities(program: Program) -> dict[Any, UsableCapacity]:
    """(p, n) of each shared capacity variable -> what it is made of, read off its equation."""
    out = {}
    for i, (name, index) in enumerate(program.rows):
        if name == USABLE:
            entries = slice(program.matrix.indptr[i], program.matrix.indptr[i + 1])
            terms = {
                program.columns[j]: value
                for j, value in zip(
                    program.matrix.indices[entries], program.matrix.data[entries], strict=True
                )
            }
            own = terms.pop(("capacity", index))
            shares = tuple((key[1], float(-value / own)) for key, value in terms.items())
            out[index] = UsableCapacity(index[0], float(program.row_lower[i] / own), shares)
    return out


NODE_PLACES = {
    v.name: (kind, v.letters.index(kind))
    for v in VARIABLES
    for kind in ("n", "a")
    if kind in v.letters
}
"""Variable -> kind of its node (n: operations, a: accounts) and the place of it in its index."""


def link_of(
    scope: Scope, stem: Mapping[int, int], name: str, index: Any
) -> OnReference | Key | int:
    """What a variable is as a link; its node, if off the reference. stem: nodes of the reference -> position."""
    kind, place = NODE_PLACES.get(name, ("", 0))
    if not kind or (kind == "a" and scope.account_tree is not scope.tree):
        return name, index
    parts = index if isinstance(index, tuple) else (index,)
    node = int(parts[place])
    return (
        OnReference(name, (*parts[:place], *parts[place + 1 :]), stem[node])
        if node in stem
        else node
    )
