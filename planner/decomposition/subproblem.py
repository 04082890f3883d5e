"""Branches: what can happen after the reference is left, each a linear program of its own.

Two questions are asked of a branch, for given links x, losses a and costs b that it may have:

    E(x, a, b) = min sum_w q[w] excess[w]           subject to   low <= W y + T x <= high, y within its bounds,
                                                                 loss[w] <= a[w] + excess[w], cost <= b
    C(x, a, b) = min cost (+ sum_w q[w] excess[w])  subject to   the same (without excess)

x are the links: what all histories share (usable capacity, staff, spending on investment) and what the reference hands
on at the node that the branch leaves from (stocks, accounts, loss so far). With a = 0, E is the least weighted loss.
Both are convex, and the duals of an optimum give a cut that holds everywhere (Benders 1962; Van Slyke and Wets 1969;
Birge and Louveaux, Introduction to Stochastic Programming, ch. 5). Shortfall makes a branch feasible, and to run and buy
nothing costs nothing, wherever it decides as the reference does. With decisions of its own it may lack money or mentors for
them: the least that is missing is convex in x too, and its duals give a cut that asks for none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack

from planner.errors import StoppedError
from planner.formulation.capacity import usable_capacity
from planner.formulation.index_sets import Scope
from planner.solving.highs import Solver, Statuses
from planner.solving.program import Key, Program, Vector, dual_objective
from planner.solving.shadow_prices import ROWS, Worths, by_label, priced
from planner.solving.solution import Stop

ROOM = (0.0, 1e-6)
"""Relative room given to every row, the second only where rounding of the links makes a branch infeasible: its cut
then holds for more than the branch, so all the more for it."""
ORDER = ("dual", "ipm", "primal")
"""Algorithms to try in turn where there is no basis to start from."""
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

        return replace(
            self, weights=own(self.weights), losses=own(self.losses), costs=own(self.costs)
        )


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
    time.

    feasible: whether it can be at these links; if not, there are no losses, and its cut says what was missing.
    """

    branch: str
    losses: Mapping[str, float]
    cost: float
    cuts: tuple[Cut, ...]
    bases: Bases
    feasible: bool = True


@dataclass(frozen=True)
class LeastOf:
    """One linear program: weights of the excess of each loss (k), whether cost is added, losses allowed (k) and by how
    much they may be exceeded (k), limit of the cost."""

    weights: Sequence[float]
    with_cost: bool
    allowed: Sequence[float]
    beyond: Sequence[float]
    at_most: float


@dataclass(frozen=True)
class Minimum:
    """Optimum of what was asked: its proven lower bound, columns x, row duals, basis."""

    asked: LeastOf
    value: float
    x: Vector
    duals: Vector
    basis: Statuses | None


class _ImpossibleError(Exception):
    """Nothing is feasible in a branch at these links."""


class Branch:
    """One branch, asked again and again at other links. It is called by the first of its scenarios.

    Its program has columns for what the branch has (n), the excess of each loss (k) and the cost; rows for those of the
    branch (m), what is allowed of each loss (k), and the cost.
    """

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
        self.name, self.leaves, self.links, self.linking = (
            next(iter(leaves)),
            leaves,
            links,
            linking,
        )
        self.columns, self.size, self._costs, self._own = (
            program.columns,
            program.size,
            costs,
            program,
        )
        self._capacities, n = capacities, len(program.columns)
        own = [*(("excess", w) for w in leaves), ("branch_cost", None)]
        terms = [{column: 1.0, n + i: -1.0} for i, column in enumerate(leaves.values())]
        terms += [
            {int(j): -float(costs[j]) for j in np.flatnonzero(costs)} | {n + len(leaves): 1.0}
        ]
        low, high = (
            np.array([*[-np.inf] * len(leaves), 0.0]),
            np.array([*[np.inf] * len(leaves), 0.0]),
        )
        self._program = program.with_columns(own).with_rows(own, terms, low, high)

    def solve(
        self, x: Vector, positions: Positions, question: Question, bases: Bases
    ) -> tuple[BranchResult, Minimum | None]:
        """What is asked, at links x (all of them), of which this branch has those at `positions`. bases: of an earlier
        result. There is no minimum where the branch is not feasible.

        Raises StoppedError without a proven optimum.
        """
        try:
            return self._solved(x, positions, question, bases)
        except _ImpossibleError:
            cut = self._cut_of_missing(x, positions)
            return BranchResult(self.name, {}, 0.0, (cut,), bases, feasible=False), None

    def _solved(
        self, x: Vector, positions: Positions, question: Question, bases: Bases
    ) -> tuple[BranchResult, Minimum]:
        known, count = self.linking @ x[positions], len(self.leaves)
        weights = [question.weights[w] if question.weights else 1.0 for w in self.leaves]
        total = sum(weights)
        own = [weight / total if total > 0 else 1 / count for weight in weights]
        at_most = max(question.costs[self.name], 0.0) + SLACK if question.costs else np.inf
        none, any_more = [0.0] * count, [np.inf] * count
        kept, found = dict(bases), list[Minimum]()

        def ask(
            name: str,
            goal: Sequence[float],
            with_cost: bool,
            allowed: Sequence[float],
            beyond: Sequence[float],
        ) -> Minimum:
            start = kept.get(name, kept.get("loss"))
            one = self._minimum(start, known, LeastOf(goal, with_cost, allowed, beyond, at_most))
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
        return BranchResult(
            self.name, losses, cost, tuple(self._cut(one, x, positions) for one in found), kept
        ), last

    def _minimum(self, basis: Statuses | None, known: Vector, asked: LeastOf) -> Minimum:
        """basis: where to start, in a solver made for this question: a kept one takes as long and twice the memory, and
        what it finds depends on what it was asked before. known: what the links contribute to each row of the branch.
        """
        goal = np.zeros(len(self._program.columns))
        goal[len(self.columns) :] = [*asked.weights, float(asked.with_cost)]
        for room in ROOM:
            program = self._at(known, asked, room)
            solver = Solver(program)
            if basis is not None:
                solver.begin_from("goal", basis)
            found = solver.minimise_sum(goal, ORDER if basis is None else ("again", *ORDER), "goal")
            if found.stop is Stop.OPTIMAL:
                with suppress(
                    RuntimeError
                ):  # an optimum without a basis: the next question starts where this one did
                    basis = solver.statuses(found.x)
                value = dual_objective(program, goal, program.upper, found.duals)
                return Minimum(asked, value, found.x, found.duals, basis)
        if found.stop is Stop.INFEASIBLE:
            raise _ImpossibleError
        raise StoppedError(f"no proven optimum after the reference path is left ({found.stop})")

    def _cut_of_missing(self, x: Vector, positions: Positions) -> Cut:
        """What is missing of the rows of the branch in all at links x, at the least; none may be."""
        own, known = self._own, self.linking @ x[positions]
        count, width = own.matrix.shape
        either_way = [(name, i) for name in ("missing", "beyond") for i in range(count)]
        one_of_each = eye_array(count, format="csr")
        goal = np.concatenate([np.zeros(width), np.ones(2 * count)])
        program = Program(
            matrix=csr_array(hstack([own.matrix, one_of_each, -one_of_each])),
            row_lower=own.row_lower - known,
            row_upper=own.row_upper - known,
            lower=np.append(own.lower, np.zeros(2 * count)),
            upper=np.append(own.upper, np.full(2 * count, np.inf)),
            columns=(*own.columns, *either_way),
            rows=own.rows,
            goal=goal,
        )
        found = Solver(program).minimise_sum(goal, ORDER, "missing")
        if found.stop is not Stop.OPTIMAL:
            raise StoppedError(f"what is missing after the reference path is left: {found.stop}")
        value = dual_objective(program, goal, program.upper, found.duals)
        slope = -(self.linking.T @ found.duals)
        constant = value - float(np.sum(slope * x[positions]))
        return Cut(self.name, 0.0, {}, constant, _by_position(slope, positions))

    def _at(self, known: Vector, asked: LeastOf, room: float) -> Program:
        old, m = self._program, len(known)
        low, high, upper = old.row_lower.copy(), old.row_upper.copy(), old.upper.copy()
        spare = room * (1 + np.abs(known))
        low[:m] -= known + spare
        high[:m] -= known - spare
        high[m:-1] = asked.allowed
        upper[len(self.columns) :] = [*asked.beyond, asked.at_most]
        return old.with_data(old.matrix.data, low, high, old.lower, upper)

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
        slopes = _by_position(slope, positions)
        prices, asked = (-found.duals[count : count + k]).tolist(), found.asked
        of_limit = max(
            0.0, float(found.duals[count + k]) - asked.with_cost
        )  # the price of the limit of the cost
        constant = found.value - float(np.sum(slope * x[positions]))
        constant += sum(price * loss for price, loss in zip(prices, asked.allowed, strict=True))
        constant += of_limit * asked.at_most if np.isfinite(asked.at_most) else 0.0
        of_loss = dict(zip(self.leaves, prices, strict=True))
        return Cut(self.name, float(asked.with_cost) + of_limit, of_loss, constant, slopes)


def _by_position(slope: Vector, positions: Positions) -> dict[int, float]:
    """Slopes of the links of a branch, by their position among all links."""
    slopes: dict[int, float] = defaultdict(float)
    # Two years may have the same capacity, so the same link.
    for at in np.flatnonzero(slope).tolist():
        slopes[int(positions[at])] += float(slope[at])
    return slopes
