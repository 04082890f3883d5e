"""Subproblems: the linear program of a branch, after it has left the reference.

A question has links x and limits of losses a and of cost b:

    E(x, a, b) = min sum_w q[w] excess[w]           subject to   low <= W y + T x <= high, y within its bounds,
                                                                 loss[w] <= a[w] + excess[w], cost <= b
    C(x, a, b) = min cost (+ sum_w q[w] excess[w])  subject to   the same (without excess)

Links are usable capacity, staff and spending, and stocks, accounts and losses where the branch leaves the reference.
Both functions are convex. The duals of an optimum give a cut (Benders 1962; Van Slyke and Wets 1969; Birge and
Louveaux, Introduction to Stochastic Programming, ch. 5). Unmet demand makes a branch feasible, except for decisions of
its own and for hard targets. An infeasible branch gives a feasibility cut from the least violation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.errors import StoppedError
from planner.formulation.capacity import usable_capacity
from planner.formulation.index_sets import Scope
from planner.formulation.targets import served_target
from planner.solving.highs import Solver, Statuses
from planner.solving.program import Key, Program, Vector, dual_objective
from planner.solving.shadow_prices import ROWS, Worths, by_label, priced
from planner.solving.solution import Solution, Stop

ROOM = (0.0, 1e-6)
"""Relative room in every row; the second where rounding of the links makes a branch infeasible. Its cut stays valid."""
AGAIN = "again"
"""Algorithm from a basis of the same kind."""
ON = "again primal"
"""Algorithm from the least loss to the least cost, three times as fast (measured)."""
FIRST_START = {"cost": ("loss", ON), "capped": ("cost", AGAIN)}
"""First start of a kind: from the basis of another kind, by an algorithm."""
ORDER = ("dual", "ipm", "primal")
"""Algorithms without a basis."""
SLACK = 1e-9
"""Room around the least loss of a branch."""

USABLE = usable_capacity.name
SERVED = served_target.name


@dataclass(frozen=True)
class OnReference:
    """A variable at a position of the reference; `index` is without the node."""

    name: str
    index: Any
    at: int


Positions = NDArray[np.intp]
Bases = Mapping[str, Statuses]
"""By kind of question."""
LinkingColumn = OnReference | Key
"""A link of a branch to the rest of the plan; a Key is a decision or follows from decisions."""


@dataclass(frozen=True)
class BranchQuestion:
    """Objective and limits for every branch.

    weights: of the losses by scenario. with_cost: minimise the cost, with the weighted losses if there are no limits.
    losses, costs: limits by scenario and by branch (MUSD); the losses may exceed theirs at the least excess.
    """

    weights: Mapping[str, float] | None = None
    with_cost: bool = False
    losses: Mapping[str, float] | None = None
    costs: Mapping[str, float] | None = None

    def of(self, names: Sequence[str]) -> BranchQuestion:
        """The question for some scenarios."""
        return replace(
            self,
            weights=_only(self.weights, names),
            losses=_only(self.losses, names),
            costs=_only(self.costs, names),
        )


def _only(amounts: Mapping[str, float] | None, names: Sequence[str]) -> Mapping[str, float] | None:
    if amounts is None:
        return None
    return {name: amounts[name] for name in names if name in amounts}


@dataclass(frozen=True)
class Cut:
    """of_cost * cost of the branch + sum_w of_loss[w] loss[w] >= constant + slope x.

    slope: by position of the link. worths: marginal values, of a feasibility cut.
    """

    branch: str
    of_cost: float
    of_loss: Mapping[str, float]
    constant: float
    slope: Mapping[int, float]
    worths: Worths = field(default_factory=dict)


@dataclass(frozen=True)
class BranchResult:
    """Losses by scenario and expected operating cost (MUSD) of a branch, its cuts, and bases for the next question.

    feasible: else there are no losses, and the cut is a feasibility cut.
    """

    branch: str
    losses: Mapping[str, float]
    cost: float
    cuts: tuple[Cut, ...]
    bases: Bases
    feasible: bool = True


@dataclass(frozen=True, kw_only=True)
class LeastOf:
    """One linear program: weights of the excesses (k), whether the cost counts, limits of losses (k) and of their excess (k),
    limit of the cost.
    """

    weights: Sequence[float]
    with_cost: bool
    allowed: Sequence[float]
    beyond: Sequence[float]
    at_most: float


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """Optimum of a linear program: proven lower bound, columns x, row duals, basis."""

    least_of: LeastOf
    value: float
    x: Vector
    duals: Vector
    basis: Statuses | None


class _ImpossibleError(Exception):
    """A branch is infeasible at these links."""


class Branch:
    """Program of one branch, named by the first of its scenarios.

    Columns: of the branch (n), the excess of each loss (k), the cost. Rows: of the branch (m), losses (k), the cost.
    """

    def __init__(
        self,
        *,
        scope: Scope,
        leaves: Mapping[str, int],
        costs: Vector,
        program: Program,
        linking: csr_array,
        links: Sequence[LinkingColumn],
        capacities: tuple[Sequence[Any], csr_array],
    ) -> None:
        """scope: of its part. leaves: scenario -> column of its loss. costs: expected operating cost by column (n).
        linking: T (m x links). capacities: (p, n) of usable capacities, and their coefficients in the rows (m x).
        """
        self.name = next(iter(leaves))
        self.leaves = leaves
        self.links = links
        self._scope = scope
        self.linking = linking
        self.size = program.size
        self._height, self.width = program.matrix.shape
        self._costs = costs
        self._capacities = capacities
        self._program = self._with_losses_and_cost(program)

    @property
    def columns(self) -> tuple[Key, ...]:
        """Columns of the branch (n)."""
        return self._program.columns[: self.width]

    def _with_losses_and_cost(self, own: Program) -> Program:
        keys: list[Key] = []
        terms: list[dict[int, float]] = []
        for scenario, column in self.leaves.items():
            excess = self.width + len(keys)
            keys.append(("excess", scenario))
            terms.append({column: 1.0, excess: -1.0})
        cost = {self.width + len(keys): 1.0}
        for j in np.flatnonzero(self._costs).tolist():
            cost[j] = -float(self._costs[j])
        keys.append(("branch_cost", None))
        terms.append(cost)
        high = np.full(len(keys), np.inf)
        low = -high
        low[-1] = high[-1] = 0.0  # an equation; what is allowed of losses stands in `_at`
        return own.with_columns(keys).with_rows(keys, terms, low, high)

    def solve(
        self, x: Vector, positions: Positions, question: BranchQuestion, bases: Bases
    ) -> tuple[BranchResult, Minimum | None]:
        """Solve a question at links x.

        x: of all branches; `positions` are those of this one. bases: of an earlier result. The minimum is None if the branch
        is infeasible. Raises StoppedError without a proven optimum.
        """
        try:
            return self._solved(x, positions, question, bases)
        except _ImpossibleError:
            cut = self._cut_of_missing(x, positions)
            impossible = BranchResult(
                branch=self.name, losses={}, cost=0.0, cuts=(cut,), bases=bases, feasible=False
            )
            return impossible, None

    def _solved(
        self, x: Vector, positions: Positions, question: BranchQuestion, bases: Bases
    ) -> tuple[BranchResult, Minimum]:
        asking = _Asking(self, self.linking @ x[positions], question, bases)
        last = asking.answer(question)
        losses = {w: float(last.x[column]) for w, column in self.leaves.items()}
        own = last.x[: len(self._costs)]
        cuts: list[Cut] = []
        for one in asking.optima:
            cuts.append(self._cut(one, x, positions))
        result = BranchResult(
            branch=self.name,
            losses=losses,
            cost=float(np.sum(self._costs * own)),
            cuts=tuple(cuts),
            bases=asking.bases,
        )
        return result, last

    def minimum(
        self, basis: Statuses | None, fixed: Vector, program: LeastOf, order: Sequence[str] = ORDER
    ) -> Minimum:
        """Solve one linear program in a new solver.

        basis: start. order: algorithms to try. fixed (m): contribution of the links to each row. A solver that stays in memory
        takes as long and twice the memory, and its optimum depends on earlier questions. Raises StoppedError,
        _ImpossibleError.
        """
        for room in ROOM:
            stop, optimum = self._run(basis, fixed, program, room=room, order=order)
            if optimum is not None:
                return optimum
        if stop is Stop.INFEASIBLE:
            raise _ImpossibleError
        raise StoppedError(f"no proven optimum after the reference path is left ({stop})")

    def near(
        self, basis: Statuses, fixed: Vector, program: LeastOf, algorithm: str
    ) -> Minimum | None:
        """`minimum` by one algorithm from a basis; None without an optimum."""
        return self._run(basis, fixed, program, room=0.0, order=(algorithm,))[1]

    def _run(
        self,
        basis: Statuses | None,
        fixed: Vector,
        least_of: LeastOf,
        *,
        room: float,
        order: Sequence[str],
    ) -> tuple[Stop, Minimum | None]:
        """Solve one linear program with room in its rows; return how it ended, and its optimum."""
        goal = np.zeros(len(self._program.columns))
        goal[self.width :] = [*least_of.weights, float(least_of.with_cost)]
        program = self._at(fixed, least_of, room)
        solver = Solver(program)
        if basis is not None:
            solver.begin_from("goal", basis)
        optimum = solver.minimise_sum(goal, order, "goal")
        if optimum.stop is not Stop.OPTIMAL:
            return optimum.stop, None
        # After an optimum without a basis the next question starts where this one did.
        basis = solver.last_bases.get("goal", basis)
        value = dual_objective(program, goal, program.upper, optimum.duals)
        least = Minimum(
            least_of=least_of, value=value, x=optimum.x, duals=optimum.duals, basis=basis
        )
        return optimum.stop, least

    def _cut_of_missing(self, x: Vector, positions: Positions) -> Cut:
        """Feasibility cut: the least violation at links x is 0 at every feasible point. Raises StoppedError."""
        fixed = self.linking @ x[positions]
        own = self._program.part(range(self._height), range(self.width))
        program, optimum = _least_missing(own, fixed)
        value = dual_objective(program, program.goal, program.upper, optimum.duals)
        slope = -(self.linking.T @ optimum.duals)
        constant = value - float(np.sum(slope * x[positions]))
        return Cut(
            branch=self.name,
            of_cost=0.0,
            of_loss={},
            constant=constant,
            slope=_by_position(slope, positions),
            worths=self.prices(optimum.duals, optimum.x),
        )

    def _at(self, fixed: Vector, least_of: LeastOf, room: float) -> Program:
        """The program with limits and the contribution of the links. room: see `ROOM`."""
        old = self._program
        low = old.row_lower.copy()
        high = old.row_upper.copy()
        upper = old.upper.copy()
        spare = room * (1 + np.abs(fixed))
        low[: len(fixed)] -= fixed + spare
        high[: len(fixed)] -= fixed - spare
        high[len(fixed) : -1] = least_of.allowed
        upper[self.width :] = [*least_of.beyond, least_of.at_most]
        # Look-ups by name, which `with_data` shares, would take more memory than the program.
        return replace(old, row_lower=low, row_upper=high, upper=upper)

    def prices(self, duals: Vector, x: Vector) -> Worths:
        """Marginal values in the branch, of the capacity that it shares, and of its targets."""
        rows = duals[: self._height]
        of_all = np.zeros(len(self._program.rows))
        of_all[: self._height] = rows
        total = priced(self._scope, self._program, None, of_all, x)
        names, of_capacity = self._capacities
        shared = [(USABLE, name) for name in names]
        for label, unit, value in by_label(self._scope, shared, -(of_capacity.T @ rows), ROWS):
            total[label, unit] += value
        return total

    def _cut(self, optimum: Minimum, x: Vector, positions: Positions) -> Cut:
        """Cut from the duals of an optimum at links x."""
        count = self.linking.shape[0]
        least_of = optimum.least_of
        slope = -(self.linking.T @ optimum.duals[:count])
        *prices, of_cost = (-optimum.duals[count:]).tolist()
        of_limit = max(0.0, -of_cost - least_of.with_cost)
        constant = optimum.value - float(np.sum(slope * x[positions]))
        capped = [price * loss for price, loss in zip(prices, least_of.allowed, strict=True)]
        constant += sum(capped)
        if np.isfinite(least_of.at_most):
            constant += of_limit * least_of.at_most
        return Cut(
            branch=self.name,
            of_cost=least_of.with_cost + of_limit,
            of_loss=dict(zip(self.leaves, prices, strict=True)),
            constant=constant,
            slope=_by_position(slope, positions),
        )


class _Asking:
    """The linear programs of one question to a branch.

    fixed: contribution of the links to each row. optima: so far. bases: by kind.
    """

    def __init__(
        self, branch: Branch, fixed: Vector, question: BranchQuestion, bases: Bases
    ) -> None:
        self._branch = branch
        self._fixed = fixed
        self._at_most = np.inf
        if question.costs:
            self._at_most = max(question.costs[branch.name], 0.0) + SLACK
        self.optima: list[Minimum] = []
        self.bases = dict(bases)

    def answer(self, question: BranchQuestion) -> Minimum:
        """Solve the question; earlier optima are in `optima` too. Raises StoppedError."""
        leaves = self._branch.leaves
        none = [0.0] * len(leaves)
        any_more = [np.inf] * len(leaves)
        weights = [1.0] * len(leaves)
        if question.weights:
            weights = [question.weights[w] for w in leaves]
        total = sum(weights)
        shares = [1 / len(leaves)] * len(leaves)
        if total > 0:
            shares = [weight / total for weight in weights]
        if not question.losses:
            name, goal = ("both", weights) if question.with_cost else ("loss", shares)
            least_of = self._least_of(goal, none, any_more, with_cost=question.with_cost)
            return self._ask(name, least_of)
        limits = [question.losses[w] for w in leaves]
        at_once = self._within(question, shares, limits)
        if at_once is not None:
            return at_once
        least = self._ask("loss", self._least_of(shares, limits, any_more))
        beyond = least.x[self._branch.width :].tolist()
        allowed = []
        for loss, more in zip(limits, beyond, strict=False):
            allowed.append(loss + more + SLACK * (1 + loss))
        return self._ask(*self._within_losses(question, shares, allowed))

    def _within(
        self, question: BranchQuestion, shares: Sequence[float], limits: Sequence[float]
    ) -> Minimum | None:
        """The optimum within the limits of the losses; None if they may be out of reach.

        In most rounds they are within reach (772 of 792, measured), and the least excess need not be solved for.
        """
        allowed = [loss + SLACK * (1 + loss) for loss in limits]
        name, least_of = self._within_losses(question, shares, allowed)
        start, algorithm = self.bases.get(name), AGAIN
        if start is None:
            kind, algorithm = FIRST_START[name]
            start = self.bases.get(kind)
        if start is None:
            return None
        optima = self._branch.near(start, self._fixed, least_of, algorithm)
        return None if optima is None else self._recorded(name, optima)

    def _within_losses(
        self, question: BranchQuestion, shares: Sequence[float], allowed: Sequence[float]
    ) -> tuple[str, LeastOf]:
        """Kind and linear program with limits of the losses."""
        none = [0.0] * len(allowed)
        if question.with_cost:
            return "cost", self._least_of(shares, allowed, none, with_cost=True)
        return "capped", self._least_of(shares, none, allowed)

    def _least_of(
        self,
        weights: Sequence[float],
        allowed: Sequence[float],
        beyond: Sequence[float],
        *,
        with_cost: bool = False,
    ) -> LeastOf:
        return LeastOf(
            weights=weights,
            with_cost=with_cost,
            allowed=allowed,
            beyond=beyond,
            at_most=self._at_most,
        )

    def _ask(self, name: str, least_of: LeastOf) -> Minimum:
        """Solve one linear program of a kind, and record it."""
        start = self.bases.get(name)
        order: Sequence[str] = ORDER if start is None else (AGAIN, *ORDER)
        if start is None and "loss" in self.bases:
            start, order = self.bases["loss"], (AGAIN, *ORDER)
            if least_of.with_cost:
                order = (ON, *order)
        return self._recorded(name, self._branch.minimum(start, self._fixed, least_of, order))

    def _recorded(self, name: str, one: Minimum) -> Minimum:
        self.optima.append(one)
        if one.basis is not None:
            self.bases[name] = one.basis
        return one


def _least_missing(own: Program, fixed: Vector) -> tuple[Program, Solution]:
    """Program and optimum of the least violation: of hard targets if that is enough, else of all rows. Raises StoppedError."""
    program = _program_of_missing(own, fixed, own.rows_of(SERVED))
    optimum = Solver(program).minimise_sum(program.goal, ORDER, "missing")
    if optimum.stop is not Stop.OPTIMAL:
        program = _program_of_missing(own, fixed, range(len(own.rows)))
        optimum = Solver(program).minimise_sum(program.goal, ORDER, "missing")
    if optimum.stop is not Stop.OPTIMAL:
        raise StoppedError(f"what is missing after the reference path is left: {optimum.stop}")
    return program, optimum


def _program_of_missing(own: Program, fixed: Vector, rows: Sequence[int]) -> Program:
    """The program of a branch with slack in some rows, whose sum is minimised."""
    terms: list[dict[int, float]] = []
    either_way: list[Key] = []
    for sign in (1.0, -1.0):
        for row in rows:
            either_way.append(("missing", len(terms)))
            terms.append({row: sign})
    wider = own.with_columns(either_way, terms)
    cost = np.append(np.zeros(len(own.columns)), np.ones(len(terms)))
    low, high = own.row_lower - fixed, own.row_upper - fixed
    return replace(wider, row_lower=low, row_upper=high, goal=cost)


def _by_position(slope: Vector, positions: Positions) -> dict[int, float]:
    slopes: dict[int, float] = defaultdict(float)
    # Two years may have the same capacity, so the same link.
    for at in np.flatnonzero(slope).tolist():
        slopes[int(positions[at])] += float(slope[at])
    return slopes
