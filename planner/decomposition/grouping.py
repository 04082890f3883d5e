"""The reference path, the scenarios that stand alone in the master, and the branches of all others.

The reference is the history of one scenario. Every other scenario leaves it in some period and never returns. Some
scenarios at a time are written as one program with the reference (a part) and then taken apart into branches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Node, Tree, tree_of
from planner.data.schema import Scenario
from planner.data.shock_effects import Period, effects_by_scenario
from planner.decomposition.subproblem import USABLE, Branch, LinkingColumn, OnReference
from planner.formulation.declarations import NODE_LETTERS
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import EQUATIONS, NODE_PLACES
from planner.results.losses import weighted_loss, weights_in_risk
from planner.solving.program import Key, Program
from planner.solving.program_writer import Writer


def losses_without_plants(scope: Scope) -> dict[str, float]:
    """Loss of each scenario (MUSD) if imports alone meet demand."""
    case, tree = scope.case, scope.tree
    discounts = np.array([case.lookups.risk_discount(node.year) for node in tree.nodes])
    losses = np.zeros(len(tree.nodes))
    for good in case.lookups.demand_years:
        demands = tree.demands(good)
        unmet = demands.copy()
        for supplier in scope.suppliers.get(good, ()):
            unmet -= tree.import_limits(supplier, good)
        losses += weighted_loss(case, good, np.maximum(unmet, 0.0), demands) * discounts
    return {w: float(losses[list(tree.path_of(w))].sum()) for w in case.scenarios}


@dataclass(frozen=True, kw_only=True)
class Common:
    """Periods and index sets of the whole case, on which all parts agree.

    chances: probability of the reference by period. in_need: good -> number of periods of the reference in which free
    imports do not cover it. used: goods that plants take. teams: of people. decisions: nodes of the decision tree.
    targets: positions of the reference at which each holds.
    """

    periods: tuple[Period, ...]
    chances: tuple[float, ...]
    in_need: Mapping[Good, int]
    used: frozenset[Good]
    teams: tuple[tuple[str, str], ...]
    decisions: tuple[Node, ...]
    targets: Mapping[str, frozenset[int]]


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The reference, the scenarios alone in the master, and the rest of those that leave it.

    departures: scenario -> node of the whole tree at which it leaves. left: position of that period.
    """

    case: Case
    reference: str
    departures: Mapping[str, int]
    left: Mapping[str, int]
    alone: tuple[str, ...]
    rest: tuple[str, ...]
    common: Common


def group(case: Case, count: int) -> Grouping:
    """Group the scenarios of a case: the `count` with the largest share of the risk stand alone in the master.

    Only scenarios that leave the reference by themselves can: others share decisions before they differ.
    """
    whole = Scope(case)
    tree = whole.tree
    reference = min(tree.effects, key=lambda w: tree.effects[w].size)
    stem = places_of(tree.path_of(reference))
    departures: dict[str, int] = {}
    left: dict[str, int] = {}
    for scenario in case.scenarios:
        path = tree.path_of(scenario)
        place = sum(node in stem for node in path)
        if place < len(path):
            departures[scenario], left[scenario] = path[place], place
    losses = losses_without_plants(whole)
    weights = weights_in_risk(case, losses)
    leaving = Counter(departures.values())
    by_itself = [w for w, node in departures.items() if leaving[node] == 1]
    alone = sorted(by_itself, key=lambda w: -weights[w] * losses[w])[:count]
    return Grouping(
        case=case,
        reference=reference,
        departures=departures,
        left=left,
        alone=tuple(alone),
        rest=tuple(w for w in left if w not in alone),
        common=_common(whole, stem),
    )


def _common(whole: Scope, stem: Mapping[int, int]) -> Common:
    targets: dict[str, frozenset[int]] = {}
    for target, nodes in whole.target_nodes.items():
        targets[target] = frozenset(stem[node] for node in nodes if node in stem)
    path = list(stem)
    return Common(
        periods=whole.tree.periods,
        chances=tuple(whole.tree.nodes[node].probability for node in path),
        in_need={good: int(nodes[path].sum()) for good, nodes in whole.in_need.items()},
        used=whole.used_goods,
        teams=tuple(whole.teams),
        decisions=whole.decision_tree.nodes,
        targets=targets,
    )


def places_of(path: Iterable[int]) -> dict[int, int]:
    """Member -> position."""
    return {member: place for place, member in enumerate(path)}


@dataclass(frozen=True)
class BranchScope(Scope):
    """Index sets of the reference and some scenarios, as in the whole case."""

    own_tree: Tree
    reference: str
    common: Common

    @property
    def tree(self) -> Tree:
        """The reference and these scenarios."""
        return self.own_tree

    @cached_property
    def _decisions(self) -> tuple[Tree, tuple[int, ...]]:
        """As in the whole case, also decisions of other scenarios."""
        at = {}
        for node in self.common.decisions:
            for scenario in node.scenarios:
                at[scenario, node.year] = node.index
        places = [at[node.scenarios[0], node.year] for node in self.tree.nodes]
        return Tree(self.case, self.common.decisions, {}), tuple(places)

    @cached_property
    def target_nodes(self) -> dict[str, tuple[int, ...]]:
        """As in the whole case."""
        path = self.tree.path_of(self.reference)
        nodes_of: dict[str, tuple[int, ...]] = {}
        for target, places in self.common.targets.items():
            nodes = {path[place] for place in places}
            nodes.update(n for n in self._nodes_of_target(target) if n not in path)
            nodes_of[target] = tuple(sorted(nodes))
        return nodes_of

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
"""Scenarios of a part."""
OF_ALL_HISTORIES = frozenset(equation.name for equation in EQUATIONS if equation.links_histories)
"""Equations over several histories, which no branch has."""


@dataclass(frozen=True, kw_only=True)
class CasePart:
    """The reference and some scenarios, with all that share their branches.

    case: with these scenarios alone. chances: their probability in the whole case.
    """

    case: Case
    reference: str
    names: tuple[str, ...]
    chances: Mapping[str, float]
    common: Common

    @cached_property
    def scope(self) -> BranchScope:
        """Index sets; nodes have their probability in the whole case."""
        periods = self.common.periods
        tree = tree_of(self.case, effects_by_scenario(self.case, periods), periods)
        path = tree.path_of(self.reference)
        chances = dict(zip(path, self.common.chances, strict=True))
        nodes: list[Node] = []
        for node in tree.nodes:
            own = sum(self.chances[scenario] for scenario in node.scenarios)
            nodes.append(replace(node, probability=chances.get(node.index, own)))
        tree = replace(tree, nodes=tuple(nodes))
        not_covered = {good: path[:count] for good, count in self.common.in_need.items()}
        return BranchScope(self.case, tree, self.reference, self.common, not_covered=not_covered)

    @cached_property
    def stem(self) -> dict[int, int]:
        """Nodes of the reference -> position among the periods."""
        return places_of(self.scope.tree.path_of(self.reference))


def part_of(grouping: Grouping, names: Sequence[str]) -> CasePart:
    """The part of a case with some scenarios."""
    case = grouping.case
    chances = {name: case.scenarios[name] for name in (grouping.reference, *names)}
    rows = []
    for name, chance in chances.items():
        share = chance if any(chances.values()) else 1.0
        storyline = case.lookups.storylines[name]
        rows.append(Scenario(scenario=name, storyline=storyline, probability=share))
    shocks = [row for row in case.tables.shocks if row.scenario in chances]
    tables = replace(case.tables, scenarios=tuple(rows), shocks=tuple(shocks))
    return CasePart(
        case=replace(case, tables=tables),
        reference=grouping.reference,
        names=tuple(names),
        chances=chances,
        common=grouping.common,
    )


def parts(grouping: Grouping, size: int = PART) -> Iterator[CasePart]:
    """Parts of about `size` scenarios; those that leave the reference at one node stay together."""
    together: dict[int, list[str]] = defaultdict(list)
    for name, node in grouping.departures.items():
        together[node].append(name)
    names: list[str] = []
    for members in together.values():
        names += members
        if len(names) >= size:
            yield part_of(grouping, names)
            names = []
    if names:
        yield part_of(grouping, names)


def branches(part: CasePart) -> list[Branch]:
    """Write the program of a part, and take it apart."""
    return _Parting(part, Writer(part.scope).program()).branches()


class _Parting:
    """Rows and columns of a part by branch.

    of_column, of_row: first node of the branch, or -1. links: of each shared column.
    """

    def __init__(self, part: CasePart, program: Program) -> None:
        self._part = part
        self._costs = program.unit_costs()
        self._first_of = _first_nodes(part.scope.tree, part.stem)
        self._links: dict[int, LinkingColumn] = {}
        self._of_column = np.full(len(program.columns), -1)
        self._capacities = program.columns_of("capacity")
        self._of_capacity = program.matrix[:, self._capacities]
        for j, (name, index) in enumerate(program.columns):
            link = link_of(part.scope, part.stem, name, index)
            if not isinstance(link, int):
                self._links[j] = link
            elif name != "capacity":
                self._of_column[j] = self._first_of[link]
        self._program = _with_builds(program)
        self._shared = np.flatnonzero(self._of_column < 0)
        self._of_row = self._branches_of_rows()

    def _branches_of_rows(self) -> NDArray[np.intp]:
        """Row -> first node of the branch of its columns or its node; -1 for all histories."""
        entries = self._program.matrix.tocoo()
        within = self._of_column[entries.col] >= 0
        of_row = np.full(len(self._program.rows), -1)
        of_row[entries.row[within]] = self._of_column[entries.col[within]]
        for i, (name, index) in enumerate(self._program.rows):
            if index is None or name in OF_ALL_HISTORIES:
                of_row[i] = -1
            elif of_row[i] < 0:
                place = link_of(self._part.scope, self._part.stem, name, index)
                if isinstance(place, int):
                    of_row[i] = self._first_of[place]
        return of_row

    def branches(self) -> list[Branch]:
        """All branches, by their first node."""
        first_nodes = set(self._first_of.values())
        return [self._branch(first) for first in sorted(first_nodes)]

    def _branch(self, first: int) -> Branch:
        rows = np.flatnonzero(self._of_row == first)
        columns = np.flatnonzero(self._of_column == first)
        own = self._program.part(rows.tolist(), columns.tolist())
        linking = self._program.matrix[rows][:, self._shared]
        used = np.unique(linking.indices)
        leaves = {}
        for scenario, node in self._part.scope.tree.leaves.items():
            if self._first_of.get(node) == first:
                loss = self._program.column["loss_to_date", node]
                leaves[scenario] = int(np.searchsorted(columns, loss))
        of_capacity = csr_array(self._of_capacity[rows])
        capacities = np.unique(of_capacity.indices)
        names = [self._program.columns[self._capacities[j]][1] for j in capacities.tolist()]
        return Branch(
            scope=self._part.scope,
            leaves=leaves,
            costs=self._costs[columns],
            program=own,
            linking=csr_array(linking[:, used]),
            links=[self._links[j] for j in self._shared[used].tolist()],
            capacities=(names, csr_array(of_capacity[:, capacities])),
        )


def _first_nodes(tree: Tree, stem: Mapping[int, int]) -> dict[int, int]:
    """Node off the reference -> first node of its branch."""
    first: dict[int, int] = {}
    for node in tree.nodes:
        if node.index not in stem:
            first[node.index] = first.get(node.parent, node.index)
    return first


def _with_builds(program: Program) -> Program:
    """The program with builds in place of usable capacities, by the equation of each."""
    count = len(program.columns)
    existing = np.zeros(count)
    spread = {(j, j): 1.0 for j in range(count)}
    for row in program.rows_of(USABLE):
        terms = program.terms(row)
        column = program.column["capacity", program.rows[row][1]]
        own = terms.pop(column)
        spread[column, column] = 0.0
        existing[column] = program.row_lower[row] / own
        spread |= {(column, j): -coefficient / own for j, coefficient in terms.items()}
    places = np.array(list(spread)).T
    values = np.array(list(spread.values()))
    builds = csr_array((values, (places[0], places[1])), shape=(count, count))
    shift = program.matrix @ existing
    return replace(
        program,
        matrix=csr_array(program.matrix @ builds),
        row_lower=program.row_lower - shift,
        row_upper=program.row_upper - shift,
    )


def link_of(
    scope: Scope, stem: Mapping[int, int], name: str, index: Any
) -> OnReference | Key | int:
    """A variable or row as a link of branches; its node, if that is off the reference. stem: node -> position."""
    kind, place = NODE_PLACES.get(name, ("", 0))
    if not kind or NODE_LETTERS[kind](scope) is not scope.tree:
        return name, index
    others = list(index) if isinstance(index, tuple) else [index]
    node = int(others.pop(place))
    return OnReference(name, tuple(others), stem[node]) if node in stem else node
