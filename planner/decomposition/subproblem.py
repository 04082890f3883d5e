"""Branches: what can happen after the reference is left, each a linear program of its own.

Two questions are asked of a branch, for given links x and losses a that it may have:

    E(x, a) = min sum_w q[w] excess[w]         subject to   low <= W y + T x <= high, y within its bounds,
                                                            loss[w] <= a[w] + excess[w]
    C(x, a) = min expected operating cost      subject to   the same without excess

x are the links: what all histories share (usable capacity, staff, spending on investment) and what the reference hands
on at the node that the branch leaves from (stocks, accounts, loss so far). With a = 0, E is the least weighted loss.
Both are convex, and the duals of an optimum give a cut that holds everywhere (Benders 1962; Van Slyke and Wets 1969;
Birge and Louveaux, Introduction to Stochastic Programming, ch. 5). Shortfall makes every branch feasible whatever x is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.data.schema import Scenario
from planner.data.tree import Tree, scenario_tree
from planner.decomposition.aggregation import shares_within
from planner.errors import StoppedError
from planner.formulation.build import EQUATIONS, VARIABLES, build_model
from planner.formulation.index_sets import Scope
from planner.solving.highs import Solver, Statuses, Stop
from planner.solving.program import Key, Program, Vector, compile_program

ROOM = (0.0, 1e-6)
"""Relative room given to every row, the second only where rounding of the links makes a branch infeasible: its cut
then holds for more than the branch, so all the more for it."""
PART = 20
"""Scenarios whose branches are written as one model and then taken apart."""
SLACK = 1e-9
"""Room around the least loss that a branch can have."""
OF_ALL_HISTORIES = frozenset(equation.name for equation in EQUATIONS if equation.links_histories)
"""Equations, besides those without an index, that say nothing within a branch."""


@dataclass(frozen=True)
class OnReference:
    """A variable at the node of the reference in `year`; `index` is without the node."""

    name: str
    index: Any
    year: int


@dataclass(frozen=True)
class UsableCapacity:
    """Usable capacity (t/y) of a project: existing + sum of share * build by decision node."""

    project: str
    existing: float
    shares: tuple[tuple[Any, float], ...]


Positions = NDArray[np.intp]
Bases = tuple[Statuses | None, Statuses | None]
"""Of the two questions of a branch."""
NO_BASES: Bases = None, None
LinkingColumn = OnReference | UsableCapacity | Key
"""What a branch knows of the rest; a Key is a decision or follows from decisions alone."""


@dataclass(frozen=True)
class Cut:
    """What holds at every point: [cost of the branch +] sum_w of_loss[w] loss[w] >= constant + slope x.

    of_cost: whether the cost is part of it. slope: by position among all links, sparse.
    """

    branch: str
    of_cost: bool
    of_loss: Mapping[str, float]
    constant: float
    slope: Mapping[int, float]


@dataclass(frozen=True)
class BranchResult:
    """How a branch fares at given links: losses and expected operating cost (MUSD; nan if not asked for), cuts, and
    the bases of its optima, to start from next time."""

    losses: Mapping[str, float]
    cost: float
    cuts: tuple[Cut, ...]
    bases: Bases


@dataclass(frozen=True)
class BranchOptimum:
    """Optimum of a question: its proven lower bound, columns x, row duals, basis."""

    value: float
    x: Vector
    duals: Vector
    basis: Statuses | None


class BranchProgram:
    """A program whose last column is to be as small as can be."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def solve(
        self, known: Vector, allowed: Sequence[float], weights: Sequence[float] | None, basis: Statuses | None
    ) -> BranchOptimum:
        """known: what the links contribute to each row of the branch. allowed: upper sides of the rows that follow.
        weights: of the terms of the goal, if they change. basis: where to start, in a solver made for this question:
        a kept one takes as long and twice the memory, and what it finds depends on what it was asked before.
        Raises StoppedError without a proven optimum."""
        for room in ROOM:
            program = self._at(known, allowed, weights, room)
            solver = Solver(program)
            if basis is not None:
                solver.begin_from("goal", basis)
            goal = len(program.columns) - 1
            found = solver.minimise(goal)
            if found.stop is Stop.OPTIMAL:
                with suppress(RuntimeError):  # an optimum without a basis: the next question starts where this one did
                    basis = solver.statuses(found.x)
                return BranchOptimum(solver.proven(goal, found.duals), found.x, found.duals, basis)
        raise StoppedError(f"no proven optimum after the reference path is left ({found.stop})")

    def _at(self, known: Vector, allowed: Sequence[float], weights: Sequence[float] | None, room: float) -> Program:
        old = self._program
        data = old.matrix.data
        if weights is not None:
            data = data.copy()
            data[-1 - len(weights) : -1] = [-weight for weight in weights]  # the goal itself is the last column
        spare = room * (1 + np.abs(known))
        low, high = old.row_lower.copy(), old.row_upper.copy()
        low[: len(known)] -= known + spare
        high[: len(known)] -= known - spare
        high[len(known) : len(known) + len(allowed)] = allowed
        return old.with_data(data, low, high, old.lower, old.upper)


def limited(program: Program, columns: Sequence[int], elastic: bool) -> Program:
    """A program with a row more for each of some columns, to bound it; elastic: up to a column more, its excess."""
    count, size = len(columns), len(program.columns)
    more = count if elastic else 0
    terms = [{column: 1.0} | ({size + i: -1.0} if elastic else {}) for i, column in enumerate(columns)]
    wider = program.with_columns([("excess", i) for i in range(more)])
    return wider.with_rows([("allowed", i) for i in range(count)], terms, -np.inf, np.inf)


def with_goal(program: Program, columns: Sequence[int], weights: Sequence[float]) -> Program:
    """A program with a column more, the last, that is the weighted sum of some, and a row that says so."""
    terms = {column: -weight for column, weight in zip(columns, weights, strict=True) if weight != 0}
    goal = [("goal", None)]
    wider = program.with_columns(goal, lower=-np.inf)
    return wider.with_rows(goal, [terms | {len(program.columns): 1.0}], 0.0, 0.0)


class Branch:
    """One branch, asked again and again at other links. It is called by the first of its scenarios."""

    def __init__(
        self,
        leaves: Mapping[str, int],
        costs: Vector,
        program: Program,
        linking: csr_array,
        links: Sequence[LinkingColumn],
    ) -> None:
        """leaves: scenario -> column of its loss. costs: expected operating cost by column (n). program: rows (m) and
        columns (n) of the branch. linking: T (m x links)."""
        self.name, self.leaves, self.links, self.linking = next(iter(leaves)), leaves, links, linking
        columns, count = list(leaves.values()), len(leaves)
        self._excess = BranchProgram(
            with_goal(limited(program, columns, elastic=True), [len(costs) + i for i in range(count)], [1.0] * count)
        )
        self._cost = BranchProgram(
            with_goal(limited(program, columns, elastic=False), range(len(costs)), costs.tolist())
        )

    def solve(
        self,
        x: Vector,
        positions: Positions,
        weights: Mapping[str, float],
        allowed: Mapping[str, float] | None,
        bases: Bases,
    ) -> BranchResult:
        """Losses and cuts at links x (all of them), of which this branch has those at `positions`: the least weighted
        loss, or, with `allowed`, the least cost with losses of at most that, exceeded as little as can be. bases: of
        an earlier result.

        Raises StoppedError without a proven optimum.
        """
        total = sum(weights[w] for w in self.leaves)
        own = [weights[w] / total if total > 0 else 1 / len(self.leaves) for w in self.leaves]
        known = self.linking @ x[positions]
        may = [allowed[w] if allowed else 0.0 for w in self.leaves]
        excess = self._excess.solve(known, may, own, bases[0])
        cut = self._cut(excess, x, positions, may, of_cost=False)
        if allowed is None:
            return BranchResult(self._losses(excess), np.nan, (cut,), (excess.basis, bases[1]))
        over = excess.x[-1 - len(may) : -1].tolist()
        may = [loss + more + SLACK * (1 + loss) for loss, more in zip(may, over, strict=True)]
        cost = self._cost.solve(known, may, None, bases[1])
        cuts = cut, self._cut(cost, x, positions, may, of_cost=True)
        return BranchResult(self._losses(cost), cost.value, cuts, (excess.basis, cost.basis))

    def _losses(self, found: BranchOptimum) -> dict[str, float]:
        return {w: float(found.x[column]) for w, column in self.leaves.items()}

    def _cut(
        self, found: BranchOptimum, x: Vector, positions: Positions, allowed: Sequence[float], of_cost: bool
    ) -> Cut:
        count = self.linking.shape[0]
        slope = -(self.linking.T @ found.duals[:count])
        slopes: dict[int, float] = defaultdict(float)  # two years may have the same capacity, so the same link
        for at in np.flatnonzero(slope).tolist():
            slopes[int(positions[at])] += float(slope[at])
        prices = found.duals[count : count + len(allowed)].tolist()
        constant = found.value - float(np.sum(slope * x[positions]))
        constant -= sum(price * loss for price, loss in zip(prices, allowed, strict=True))
        return Cut(
            self.name, of_cost, {w: -price for w, price in zip(self.leaves, prices, strict=True)}, constant, slopes
        )


def parts(case: Case, reference: str, size: int = PART) -> Iterator[list[str]]:
    """Scenarios that leave the reference, in parts of about `size`; those that leave it at one node together."""
    tree = scenario_tree(case)
    stem = set(tree.path_of(reference))
    together: dict[int, list[str]] = defaultdict(list)
    for name in case.scenarios:
        if tree.leaves[name] not in stem:
            together[next(n for n in tree.path_of(name) if n not in stem)].append(name)
    part: list[str] = []
    for members in together.values():
        part += members
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part


def branches(case: Case, reference: str, names: Sequence[str]) -> list[Branch]:
    """The branches of some scenarios, which must be all that share them."""
    together = [reference, *names]
    total, wanted = sum(case.scenarios[name] for name in together), set(together)
    tables = replace(
        case.tables,
        scenarios=tuple(Scenario(scenario=w, probability=share) for w, share in shares_within(case, together).items()),
        shocks=tuple(row for row in case.tables.shocks if row.scenario in wanted),
    )
    model = build_model(replace(case, tables=tables))
    return list(_taken_apart(model.scope, compile_program(model), reference, total))


def _taken_apart(scope: Scope, program: Program, reference: str, weight: float) -> Iterator[Branch]:
    """The branches of a program whose scenarios have `weight` times the probability that it says."""
    costs = weight * _costs(program)
    stem = {n: scope.tree.nodes[n].year for n in scope.tree.path_of(reference)}
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
    of_row[[i for i, (name, index) in enumerate(program.rows) if index is None or name in OF_ALL_HISTORIES]] = -1
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
        if name == "usable_capacity":
            entries = slice(program.matrix.indptr[i], program.matrix.indptr[i + 1])
            terms = {
                program.columns[j]: value
                for j, value in zip(program.matrix.indices[entries], program.matrix.data[entries], strict=True)
            }
            own = terms.pop(("capacity", index))
            shares = tuple((key[1], float(-value / own)) for key, value in terms.items())
            out[index] = UsableCapacity(index[0], float(program.row_lower[i] / own), shares)
    return out


NODE_PLACES = {v.name: (kind, v.letters.index(kind)) for v in VARIABLES for kind in ("n", "a") if kind in v.letters}
"""Variable -> kind of its node (n: operations, a: accounts) and the place of it in its index."""


def link_of(scope: Scope, stem: Mapping[int, int], name: str, index: Any) -> OnReference | Key | int:
    """What a variable is as a link; its node, if that is off the reference. stem: nodes of the reference -> year."""
    kind, place = NODE_PLACES.get(name, ("", 0))
    if not kind or (kind == "a" and scope.account_tree is not scope.tree):
        return name, index
    parts = index if isinstance(index, tuple) else (index,)
    node = int(parts[place])
    return OnReference(name, (*parts[:place], *parts[place + 1 :]), stem[node]) if node in stem else node
