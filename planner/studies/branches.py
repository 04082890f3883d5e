"""Branches: what can happen after the trunk is left, each a linear program of its own.

    least weighted loss L(x) = min sum_w q[w] loss[w]   subject to   low <= W y + T x <= high, y within its bounds

x are the links: what all histories share (usable capacity, staff, spending on investment) and what the trunk hands on
at the node that the branch leaves from (stocks, accounts, loss so far). L is convex, and row duals pi of the optimum at
x0 give a cut that holds at every x: L(x) >= L(x0) - pi T (x - x0) (Benders 1962; Van Slyke and Wets 1969; Birge and
Louveaux, Introduction to Stochastic Programming, ch. 5). Shortfall makes every branch feasible whatever x is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from planner.data.case import Case
from planner.data.schema import Scenario
from planner.data.tree import Tree, scenario_tree
from planner.errors import StoppedError
from planner.formulation.build import VARIABLES, build_model
from planner.formulation.scope import Scope
from planner.solving.highs import Solution, Solver, Stop
from planner.solving.program import Key, Program, Vector, compile_program, dual_objective

PART = 20
"""Scenarios whose branches are written as one model and then taken apart."""
ROOM = (0.0, 1e-6)
"""Relative room given to every row, the second only where rounding of the links makes a branch infeasible: its cut
then holds for more than the branch, so all the more for it."""
OF_ALL_HISTORIES = frozenset({"usable_capacity", "tail_excess_limit"})
"""Equations, besides those without an index, that say nothing within a branch."""


@dataclass(frozen=True)
class OnTrunk:
    """A variable at the node of the trunk in `year`; `index` is without the node."""

    name: str
    index: Any
    year: int


@dataclass(frozen=True)
class Usable:
    """Usable capacity (t/y) of a project: existing + sum of share * build by decision node."""

    project: str
    existing: float
    shares: tuple[tuple[Any, float], ...]


Positions = NDArray[np.intp]
Link = OnTrunk | Usable | Key
"""What a branch knows of the rest; a Key is a decision or follows from decisions alone."""


@dataclass(frozen=True)
class Answer:
    """How a branch fares at given links: losses (MUSD), and the cut sum_w weight[w] loss[w] >= constant + slope x.

    slope: by position among all links, sparse.
    """

    losses: Mapping[str, float]
    weights: Mapping[str, float]
    constant: float
    slope: Mapping[int, float]


class Branch:
    """One branch, solved again and again for other links."""

    def __init__(self, leaves: Mapping[str, int], program: Program, linking: csr_array, links: Sequence[Link]) -> None:
        """leaves: scenario -> column of its loss. program: rows and columns of the branch, the last of both the
        weighted loss. linking: T, one column for each link."""
        self.leaves, self.links, self.linking = leaves, links, linking
        self._program = program
        self._solver: Solver | None = None

    def answer(self, x: Vector, positions: Positions, weights: Mapping[str, float]) -> Answer:
        """Losses and cut at links x (all of them), of which this branch has those at `positions`.

        Raises StoppedError if no optimum is proven.
        """
        total = sum(weights[w] for w in self.leaves)
        own = {w: weights[w] / total if total > 0 else 1 / len(self.leaves) for w in self.leaves}
        program, found = self._solved(x[positions], own)
        goal = len(program.columns) - 1
        cost = np.zeros(len(program.columns))
        cost[goal] = 1.0
        slope = -(self.linking.T @ found.duals)
        value = dual_objective(program, cost, program.upper, found.duals)
        slopes: dict[int, float] = defaultdict(float)  # two years may have the same capacity, so the same link
        for at in np.flatnonzero(slope).tolist():
            slopes[int(positions[at])] += float(slope[at])
        constant = value - float(np.sum(slope * x[positions]))
        losses = {w: float(found.x[column]) for w, column in self.leaves.items()}
        return Answer(losses, own, constant, slopes)

    def _solved(self, x: Vector, weights: Mapping[str, float]) -> tuple[Program, Solution]:
        for room in ROOM:
            program = self._at(x, weights, room)
            if self._solver is None:
                self._solver = Solver(program)
            else:
                self._solver.replace(program)
            found = self._solver.minimise(len(program.columns) - 1)
            if found.stop is Stop.OPTIMAL:
                return program, found
        raise StoppedError(f"no proven optimum after the trunk is left ({found.stop}: {', '.join(self.leaves)})")

    def _at(self, x: Vector, weights: Mapping[str, float], room: float) -> Program:
        known = self.linking @ x
        spare = room * (1 + np.abs(known))
        old = self._program
        matrix = old.matrix
        if len(weights) > 1:
            matrix = matrix.copy()
            goal = slice(matrix.indptr[-2], matrix.indptr[-1])
            by_column = defaultdict(float, {len(old.columns) - 1: 1.0})
            for w, column in self.leaves.items():
                by_column[column] -= weights[w]
            matrix.data[goal] = [by_column[j] for j in matrix.indices[goal].tolist()]
        low, high = old.row_lower - known - spare, old.row_upper - known + spare
        return old.with_data(matrix.data, low, high, old.lower, old.upper)


def parts(case: Case, trunk: str, size: int = PART) -> Iterator[list[str]]:
    """Scenarios that leave the trunk, in parts of about `size`; those that leave it at one node together."""
    tree = scenario_tree(case)
    stem = set(tree.path_of(trunk))
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


def branches(case: Case, trunk: str, names: Sequence[str]) -> list[Branch]:
    """The branches of some scenarios, which must be all that share them."""
    together = [trunk, *names]
    total, wanted = sum(case.scenarios[name] for name in together), set(together)
    tables = replace(
        case.tables,
        scenarios=tuple(Scenario(scenario=name, probability=case.scenarios[name] / total) for name in together),
        shocks=tuple(row for row in case.tables.shocks if row.scenario in wanted),
    )
    model = build_model(replace(case, tables=tables))
    return list(_taken_apart(model.scope, compile_program(model), trunk))


def _taken_apart(scope: Scope, program: Program, trunk: str) -> Iterator[Branch]:
    stem = {n: scope.tree.nodes[n].year for n in scope.tree.path_of(trunk)}
    begin = _branch_of(scope.tree, stem)
    of_column = np.full(len(program.columns), -1)
    links: dict[int, Link] = {}
    capacities = _capacities(program)
    for j, (name, index) in enumerate(program.columns):
        node = node_of(scope, name, index)
        if name == "capacity":
            links[j] = capacities[index]
        elif node is None:
            links[j] = (name, index)
        elif node in stem:
            links[j] = OnTrunk(name, without_node(name, index), stem[node])
        else:
            of_column[j] = begin[node]
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
            _with_goal(program, rows, columns, [column["loss_to_date", n] for n in dict.fromkeys(leaves.values())]),
            csr_array(vstack([linking[:, used], csr_array((1, len(used)))]).tocsr()),
            [links[j] for j in shared[used].tolist()],
        )


def _branch_of(tree: Tree, stem: Mapping[int, int]) -> dict[int, int]:
    """Node off the trunk -> the first node of its branch."""
    out: dict[int, int] = {}
    for n in tree.nodes:
        if n.index not in stem:
            out[n.index] = n.index if n.parent in stem or n.parent < 0 else out[n.parent]
    return out


def _capacities(program: Program) -> dict[Any, Usable]:
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
            out[index] = Usable(index[0], float(program.row_lower[i] / own), shares)
    return out


def _with_goal(program: Program, rows: Positions, columns: Positions, leaves: Sequence[int]) -> Program:
    """Rows and columns of a program, with a column more, and a row that makes it the weighted sum of the leaves."""
    inner = program.matrix[rows][:, columns]
    weighed = csr_array(([-1.0 / len(leaves)] * len(leaves), ([0] * len(leaves), leaves)), shape=(1, len(columns)))
    matrix = csr_array(
        vstack([hstack([inner, csr_array((len(rows), 1))]), hstack([weighed, csr_array([[1.0]])])]).tocsr()
    )
    matrix.sort_indices()
    return Program(
        matrix=matrix,
        row_lower=np.append(program.row_lower[rows], 0.0),
        row_upper=np.append(program.row_upper[rows], 0.0),
        lower=np.append(program.lower[columns], -np.inf),
        upper=np.append(program.upper[columns], np.inf),
        columns=(*(program.columns[j] for j in columns.tolist()), ("weighted_loss", None)),
        rows=(*(program.rows[i] for i in rows.tolist()), ("weighted_loss", None)),
        goal=np.zeros(len(columns) + 1),
    )


def _node_places() -> dict[str, tuple[str, int]]:
    """Variable -> kind (n: operations, a: accounts) and place of the node in its index, read off its symbol."""
    letters = {v.name: v.symbol.partition("[")[2].rstrip("]").split(",") for v in VARIABLES}
    return {name: (kind, of.index(kind)) for name, of in letters.items() for kind in ("n", "a") if kind in of}


NODE_PLACES = _node_places()


def node_of(scope: Scope, name: str, index: Any) -> int | None:
    """The operations node at which a variable lives; None if it lives on decision nodes or nowhere."""
    kind, place = NODE_PLACES.get(name, ("", 0))
    if not kind or (kind == "a" and scope.accounts is not scope.tree):
        return None
    return int(index[place] if isinstance(index, tuple) else index)


def without_node(name: str, index: Any) -> Any:
    """The index of a variable without its node."""
    if not isinstance(index, tuple):
        return ()
    place = NODE_PLACES[name][1]
    return (*index[:place], *index[place + 1 :])
