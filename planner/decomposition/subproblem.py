"""Branches: what can happen after the reference is left, each a linear program of its own.

Two questions are asked of a branch, for given links x, losses a and costs b that it may have:

    E(x, a, b) = min sum_w q[w] excess[w]           subject to   low <= W y + T x <= high, y within its bounds,
                                                                 loss[w] <= a[w] + excess[w], cost <= b
    C(x, a, b) = min cost (+ sum_w q[w] excess[w])  subject to   the same (without excess)

x are the links: what all histories share (usable capacity, staff, spending on investment) and what the reference hands
on at the node that the branch leaves from (stocks, accounts, loss so far). With a = 0, E is the least weighted loss.
Both are convex, and the duals of an optimum give a cut that holds everywhere (Benders 1962; Van Slyke and Wets 1969;
Birge and Louveaux, Introduction to Stochastic Programming, ch. 5). Shortfall makes every branch feasible whatever x is,
and to run and buy nothing costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.errors import StoppedError
from planner.formulation.capacity import usable_capacity
from planner.formulation.index_sets import Scope
from planner.solving.highs import Solver, Statuses
from planner.solving.prices import ROWS, Worths, by_label, priced
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Stop

ROOM = (0.0, 1e-6)
"""Relative room given to every row, the second only where rounding of the links makes a branch infeasible: its cut
then holds for more than the branch, so all the more for it."""
SLACK = 1e-9
"""Room around the least loss that a branch can have."""

USABLE = usable_capacity.name


@dataclass(frozen=True)
class OnReference:
    """A variable at the node of the reference at a position among the periods; `index` is without the node."""

    name: str
    index: Any
    at: int


@dataclass(frozen=True)
class UsableCapacity:
    """Usable capacity (t/y) of a project: existing + sum of share * build by decision node."""

    project: str
    existing: float
    shares: tuple[tuple[Any, float], ...]


Positions = NDArray[np.intp]
Bases = Mapping[str, Statuses]
"""Of the optima of each kind of question to a branch."""
LinkingColumn = OnReference | UsableCapacity | Key
"""What a branch knows of the rest; a Key is a decision or follows from decisions alone."""


@dataclass(frozen=True)
class Question:
    """What is asked of every branch: the least weighted loss, or the least cost, or the least of both together.

    weights: of the losses by scenario. with_cost: whether the cost is minimised, with the losses if none are given.
    losses: at most that by scenario, exceeded as little as can be. costs: at most that by branch (MUSD).
    """

    weights: Mapping[str, float] | None = None
    with_cost: bool = False
    losses: Mapping[str, float] | None = None
    costs: Mapping[str, float] | None = None

    def of(self, names: Sequence[str]) -> Question:
        """What of it concerns some scenarios."""

        def own(given: Mapping[str, float] | None) -> Mapping[str, float] | None:
            return None if given is None else {w: given[w] for w in names if w in given}

        return replace(self, weights=own(self.weights), losses=own(self.losses), costs=own(self.costs))


@dataclass(frozen=True)
class Cut:
    """What holds at every point: of_cost * cost of the branch + sum_w of_loss[w] loss[w] >= constant + slope x.

    slope: by position among all links, sparse.
    """

    branch: str
    of_cost: float
    of_loss: Mapping[str, float]
    constant: float
    slope: Mapping[int, float]


@dataclass(frozen=True)
class BranchResult:
    """How a branch fares at given links: losses and expected operating cost (MUSD), cuts, and bases to start from next
    time."""

    branch: str
    losses: Mapping[str, float]
    cost: float
    cuts: tuple[Cut, ...]
    bases: Bases


@dataclass(frozen=True)
class Minimum:
    """Optimum of a question: its proven lower bound, columns x, row duals, basis; and what it asked."""

    value: float
    x: Vector
    duals: Vector
    basis: Statuses | None
    with_cost: bool
    allowed: Sequence[float]
    at_most: float


class BranchProgram:
    """The program of a branch with columns for the excess of each loss, the cost and the goal.

    Columns: those of the branch (n), excess (k), cost, goal. Rows: those of the branch (m), `allowed` (k), the cost,
    its limit, the goal.
    """

    def __init__(self, program: Program, losses: Sequence[int], costs: Vector) -> None:
        """losses: columns of the losses (k). costs: expected operating cost by column (n)."""
        self.rows, self.columns, self._count = len(program.rows), len(program.columns), len(losses)
        n, k = self.columns, self._count
        excess = {n + i: 1.0 for i in range(k)}
        of_cost = {int(j): -float(costs[j]) for j in np.flatnonzero(costs)}
        wider = program.with_columns([*(("excess", i) for i in range(k)), ("branch_cost", None)])
        wider = wider.with_columns([("goal", None)], lower=-np.inf)
        keys = [*(("allowed", i) for i in range(k)), ("branch_cost", None), ("cost_limit", None), ("goal", None)]
        terms = [{column: 1.0, n + i: -1.0} for i, column in enumerate(losses)]
        terms += [of_cost | {n + k: 1.0}, {n + k: 1.0}, excess | {n + k: 1.0, n + k + 1: 1.0}]
        low, high = np.full(k + 3, -np.inf), np.full(k + 3, np.inf)
        low[[k, k + 2]] = high[[k, k + 2]] = 0.0
        self._program, self._goal = wider.with_rows(keys, terms, low, high), n + k + 1

    def solve(
        self,
        basis: Statuses | None,
        known: Vector,
        at_most: float,
        weights: Sequence[float],
        with_cost: bool,
        allowed: Sequence[float],
        beyond: Sequence[float],
    ) -> Minimum:
        """basis: where to start, in a solver made for this question: a kept one takes as long and twice the memory, and
        what it finds depends on what it was asked before. known: what the links contribute to each row of the branch.
        weights: of the excess in the goal. allowed: losses (k), exceeded by no more than `beyond` (k). at_most: limit
        of the cost.

        Raises StoppedError without a proven optimum.
        """
        for room in ROOM:
            program = self._at(known, weights, with_cost, allowed, beyond, at_most, room)
            solver = Solver(program)
            if basis is not None:
                solver.begin_from("goal", basis)
            found = solver.minimise(self._goal)
            if found.stop is Stop.OPTIMAL:
                with suppress(RuntimeError):  # an optimum without a basis: the next question starts where this one did
                    basis = solver.statuses(found.x)
                value = solver.proven(self._goal, found.duals)
                return Minimum(value, found.x, found.duals, basis, with_cost, allowed, at_most)
        raise StoppedError(f"no proven optimum after the reference path is left ({found.stop})")

    def _at(
        self,
        known: Vector,
        weights: Sequence[float],
        with_cost: bool,
        allowed: Sequence[float],
        beyond: Sequence[float],
        at_most: float,
        room: float,
    ) -> Program:
        old, k, m = self._program, self._count, self.rows
        data, low, high, upper = old.matrix.data.copy(), old.row_lower.copy(), old.row_upper.copy(), old.upper.copy()
        data[-2 - k : -1] = [*(-weight for weight in weights), -1.0 if with_cost else 0.0]  # the goal is the last row
        spare = room * (1 + np.abs(known))
        low[:m] -= known + spare
        high[:m] -= known - spare
        high[m : m + k] = allowed
        high[m + k + 1] = at_most
        upper[self.columns : self.columns + k] = beyond
        return old.with_data(data, low, high, old.lower, upper)


class Branch:
    """One branch, asked again and again at other links. It is called by the first of its scenarios."""

    def __init__(
        self,
        leaves: Mapping[str, int],
        costs: Vector,
        program: Program,
        linking: csr_array,
        links: Sequence[LinkingColumn],
        capacities: Mapping[int, Any],
    ) -> None:
        """leaves: scenario -> column of its loss. costs: expected operating cost by column (n). program: rows (m) and
        columns (n) of the branch. linking: T (m x links). capacities: (p, n) of each link that is a usable capacity."""
        self.name, self.leaves, self.links, self.linking = next(iter(leaves)), leaves, links, linking
        self.columns, self.size, self._costs, self._own = program.columns, program.size, costs, program
        self._capacities = capacities
        self._program = BranchProgram(program, list(leaves.values()), costs)

    def solve(self, x: Vector, positions: Positions, question: Question, bases: Bases) -> tuple[BranchResult, Minimum]:
        """What is asked, at links x (all of them), of which this branch has those at `positions`. bases: of an earlier
        result.

        Raises StoppedError without a proven optimum.
        """
        known, count = self.linking @ x[positions], len(self.leaves)
        weights = [question.weights[w] if question.weights else 1.0 for w in self.leaves]
        total = sum(weights)
        own = [weight / total if total > 0 else 1 / count for weight in weights]
        at_most = max(question.costs[self.name], 0.0) + SLACK if question.costs else np.inf
        none, any_more = [0.0] * count, [np.inf] * count
        kept, found = dict(bases), list[Minimum]()

        def ask(
            name: str, goal: Sequence[float], with_cost: bool, allowed: Sequence[float], beyond: Sequence[float]
        ) -> Minimum:
            start = kept.get(name, kept.get("loss"))
            one = self._program.solve(start, known, at_most, goal, with_cost, allowed, beyond)
            found.append(one)
            if one.basis is not None:
                kept[name] = one.basis
            return one

        if question.losses:
            may = [question.losses[w] for w in self.leaves]
            over = ask("loss", own, False, may, any_more).x[len(self.columns) :].tolist()
            may = [loss + more + SLACK * (1 + loss) for loss, more in zip(may, over, strict=False)]
            if question.with_cost:
                ask("cost", own, True, may, none)
            else:
                ask("capped", own, False, none, may)
        elif question.with_cost:
            ask("both", weights, True, none, any_more)
        else:
            ask("loss", own, False, none, any_more)
        last = found[-1]
        losses = {w: float(last.x[column]) for w, column in self.leaves.items()}
        cost = float(np.sum(self._costs * last.x[: len(self._costs)]))
        return BranchResult(self.name, losses, cost, tuple(self._cut(one, x, positions) for one in found), kept), last

    def prices(self, scope: Scope, duals: Vector) -> Worths:
        """What row duals of its program say of what is scarce in it, and of capacity that it shares with others."""
        rows = duals[: len(self._own.rows)]
        total = priced(scope, self._own, None, rows)
        slope = -(self.linking.T @ rows)
        shared = [(USABLE, index) for index in self._capacities.values()]
        for label, unit, value in by_label(scope, shared, slope[list(self._capacities)], ROWS):
            total[label, unit] += value
        return total

    def _cut(self, found: Minimum, x: Vector, positions: Positions) -> Cut:
        count, k = self.linking.shape[0], len(self.leaves)
        slope = -(self.linking.T @ found.duals[:count])
        slopes: dict[int, float] = defaultdict(float)  # two years may have the same capacity, so the same link
        for at in np.flatnonzero(slope).tolist():
            slopes[int(positions[at])] += float(slope[at])
        prices = (-found.duals[count : count + k]).tolist()
        of_limit = -float(found.duals[count + k + 1])
        constant = found.value - float(np.sum(slope * x[positions]))
        constant += sum(price * loss for price, loss in zip(prices, found.allowed, strict=True))
        constant += of_limit * found.at_most if np.isfinite(found.at_most) else 0.0
        of_loss = dict(zip(self.leaves, prices, strict=True))
        return Cut(self.name, float(found.with_cost) + of_limit, of_loss, constant, slopes)
