"""A plan near an optimum of the solver that meets every row and bound to the last digit.

Each inequality that the optimum meets with equality is asked for a little more than it says. The basis that is optimal
then is solved in decimals, with margins a trillionth as wide, by iterative refinement (Gleixner, Steffy and Wolter,
Iterative refinement for linear programming, INFORMS J. Comput. 28, 2016): what is rounded after thirty digits stays
within the margins. An equation has no margin: it defines one of its variables, which is computed from the others.
So does an inequality that leaves no room for a margin. No equation of the formulation is named here, and nothing has to
be trusted: the checker tries the result.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, hstack
from scipy.sparse.linalg import splu

from planner.certification.checker import ZERO, broken
from planner.certification.checker import Program as ExactProgram
from planner.certification.files import ExactTerm, activity, decimals, terms_of
from planner.errors import StoppedError
from planner.solving.highs import BASIC, LOWER, UPPER, Solver, Statuses
from planner.solving.program import Program, Vector, dual_objective
from planner.solving.solution import Stop

UNIT = 1e-14
"""The unit in which steps from the optimum of the solver are sought, in that of a column or row."""
FAR = 1e8
"""Units beyond which a bound or a side is out of reach."""
FARTHEST = Decimal("1e-6")
"""The same, in the unit of the column or row."""
TRIES = ((True, False), (False, False), (True, True), (False, True))
"""Variables with a reduced cost are held at their bounds, or not: a tenth of the work, but it may leave no room. And
no variable goes far, or any may: most steps are free to, but where nothing prices them they may pass a bound out of
reach."""
AT_BOUND = 1e-9
"""Distance from a bound, as a share of 1 + the value, up to which a variable counts as at it."""
PLACES = Decimal("1e-30")
"""To which values are rounded."""
SNAP = Decimal("1e-18")
"""Distance up to which a value counts as that of a bound, and a margin as none."""
PENALTY = 1000.0
"""Price of a margin that is not kept, in the largest dual."""
ROUNDING = 1e-12
"""Part of a sum of products up to which floats may have rounded it."""
SLIGHT = 1e-7
"""Reduced cost up to which a variable is not held at its bound."""
FINE = Context(prec=60)
"""Precision in which a basis is solved."""
REFINED = Decimal("1e-40")
ROUNDS = 12
"""Residual at which a basis counts as solved, and refinements until then at most."""
ROUNDED = Context(prec=400, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, kw_only=True)
class Tightened:
    """Steps from a point, in units, that keep a margin from each inequality, or pay for the part not kept.

    program: its last columns are the parts of margins not kept. rows: the row of each of them. margins: units, of each
    row, 0 without one (m). limits: columns whose upper bound is a limit, with a margin of one unit. sign: 1 for rows of
    the kind <=, -1 for >=, 0 for equations (m). cost: of each column. start: the point (n).
    stays_high: columns held at their upper bound.
    """

    program: Program
    rows: NDArray[np.intp]
    margins: Vector
    limits: Sequence[int]
    goal: int
    sign: NDArray[np.int8]
    cost: Vector
    start: Vector
    stays_high: NDArray[np.intp]


def exact_plan(
    program: Program,
    exact: ExactProgram,
    upper: Sequence[Decimal],
    *,
    goal: int,
    x: Vector,
    duals: Vector,
    whole: Iterable[int] = (),
) -> list[Decimal]:
    """A plan (n) that meets all rows and bounds, near x (n), an optimum with duals (m) of the column `goal`.

    upper: bounds of the columns (n), limits on objectives among them. whole: columns whose values are whole numbers.
    Raises StoppedError where none is found.
    """
    lower, highest = list(exact.lower), list(upper)
    for j in whole:
        lower[j] = highest[j] = Decimal(round(float(x[j])))
    lower[goal] = max(lower[goal], _floor(program, upper, goal=goal, x=x, duals=duals))
    limits = []
    for j, limit in enumerate(upper):
        if limit < exact.upper[j] and j != goal:
            limits.append(j)
    tightening = _Tightening(program, exact, lower, highest, x)
    for hold, near in TRIES:
        tight = tightening.tightened(goal, duals, limits, hold=hold, near=near)
        statuses = _optimal_basis(tight)
        if statuses is None:
            continue
        plan = _Basis(exact, tight, statuses, lower, highest).plan()
        if plan is not None and not broken(exact, highest, plan):
            return plan
    raise StoppedError("no plan that meets every row exactly was found near the plan of the run")


def _floor(
    program: Program, upper: Sequence[Decimal], *, goal: int, x: Vector, duals: Vector
) -> Decimal:
    """A value of the goal that none is sought below: what the duals prove.

    Where bounds are out of reach, a price that is not quite 0 would have no end else.
    """
    highest = np.array(upper, dtype=float)
    least = dual_objective(program, program.unit_cost(goal), highest, duals)
    floor = max(least - ROUNDING * (1 + abs(least)), float(x[goal]) - FAR * UNIT / 2)
    return Decimal(repr(float(floor)))


class _Tightening:
    """Distances of a point from the bounds of a program, in units, computed exactly."""

    def __init__(
        self,
        program: Program,
        exact: ExactProgram,
        lower: Sequence[Decimal],
        upper: Sequence[Decimal],
        x: Vector,
    ) -> None:
        self._program = program
        lowest, highest = np.array(lower, dtype=float), np.array(upper, dtype=float)
        near = AT_BOUND * (1 + np.abs(x))
        self._start = np.clip(x, lowest, highest)
        self._low = self._start <= lowest + near
        self._high = (self._start >= highest - near) & ~self._low
        self._start[self._low] = lowest[self._low]
        self._start[self._high] = highest[self._high]
        values = decimals(self._start)
        activities = [activity(terms, values) for terms in exact.terms]
        self._to_lower = in_units(lower, values)
        self._to_upper = in_units(upper, values)
        self._to_side = in_units(exact.sides, activities)

    def tightened(
        self, goal: int, duals: Vector, limits: Sequence[int], *, hold: bool, near: bool
    ) -> Tightened:
        """Steps that keep margins.

        hold: variables with a reduced cost stay at their bounds. near: no variable but the goal goes far.
        """
        program = self._program
        is_equation = program.row_lower == program.row_upper
        at_most = np.isfinite(program.row_upper)
        sign = np.where(is_equation, 0, np.where(at_most, 1, -1)).astype(np.int8)
        is_near = sign * self._to_side < FAR
        rows = np.flatnonzero(~is_equation & is_near)
        # Margins of different widths, so that no two bounds are met at once.
        draw = np.random.default_rng(0)
        margins = np.zeros(len(sign))
        margins[rows] = 1 + draw.random(len(rows))

        farthest = FAR if near else np.inf
        lower, upper, stays_high = self._bounds(goal, duals, limits, hold=hold, farthest=farthest)
        largest_dual = float(np.max(np.abs(duals), initial=0.0))
        price = PENALTY * max(1.0, largest_dual)
        cost = np.append(np.zeros(len(lower)), np.full(len(rows), price))
        cost[goal] = 1.0
        steps = self._with_margins(lower, upper, sign=sign, rows=rows, margins=margins)
        return Tightened(
            program=steps,
            rows=rows,
            margins=margins,
            limits=limits,
            goal=goal,
            sign=sign,
            cost=cost,
            start=self._start,
            stays_high=np.flatnonzero(stays_high),
        )

    def _bounds(
        self, goal: int, duals: Vector, limits: Sequence[int], *, hold: bool, farthest: float
    ) -> tuple[Vector, Vector, NDArray[np.bool_]]:
        """Least and largest step of each column, and which columns stay at their upper bound."""
        lower = np.where(self._to_lower < -FAR, -farthest, self._to_lower)
        upper = np.where(self._to_upper > FAR, farthest, self._to_upper)
        upper[limits] -= 1.0
        upper[goal] = np.inf
        reduced = -(self._program.matrix.T @ duals)
        reduced[goal] += 1.0
        stays_low = hold & self._low & (reduced > SLIGHT)
        stays_high = hold & self._high & (reduced < -SLIGHT)
        stays_high[limits] = False
        stays_low[goal] = stays_high[goal] = False
        upper[stays_low] = lower[stays_low]
        lower[stays_high] = upper[stays_high]
        return lower, upper, stays_high

    def _with_margins(
        self,
        lower: Vector,
        upper: Vector,
        *,
        sign: NDArray[np.int8],
        rows: NDArray[np.intp],
        margins: Vector,
    ) -> Program:
        """The program of steps: rows ask for a margin, and each has a column of the part not kept."""
        program = self._program
        count = len(rows)
        nothing = np.zeros(count)
        signs = sign[rows].astype(float)
        places = (rows, np.arange(count))
        not_kept = csr_array((-signs, places), shape=(len(sign), count))
        matrix = hstack([program.matrix, not_kept])
        side = self._to_side - sign * margins
        in_reach = (np.abs(side) <= FAR) | (sign == 0)
        has_lower = in_reach & (sign <= 0)
        has_upper = in_reach & (sign >= 0)
        parts = [("margin", program.rows[i]) for i in rows.tolist()]
        return Program(
            matrix=csr_array(matrix),
            row_lower=np.where(has_lower, side, -np.inf),
            row_upper=np.where(has_upper, side, np.inf),
            lower=np.append(lower, nothing),
            upper=np.append(upper, margins[rows]),
            columns=(*program.columns, *parts),
            rows=program.rows,
            goal=np.append(program.goal, nothing),
        )


def in_units(bounds: Sequence[Decimal], values: Sequence[Decimal]) -> Vector:
    """Distances of bounds from values, in units, each difference computed exactly."""
    differences = [float(bound - value) for bound, value in zip(bounds, values, strict=True)]
    return np.array(differences) / UNIT


def _optimal_basis(tight: Tightened) -> Statuses | None:
    """The optimal basis of steps that keep margins; None if none is proven optimal."""
    solver = Solver(tight.program)
    solution = solver.minimise_sum(tight.cost, ("dual", "primal"), "tightened")
    if solution.stop is not Stop.OPTIMAL:
        return None
    statuses = solver.statuses(solution.x)
    held_high = tight.stays_high[statuses[tight.stays_high] != BASIC]
    statuses[held_high] = UPPER
    return statuses


class _Basis:
    """A basis of a program with margins, solved in decimals."""

    def __init__(
        self,
        exact: ExactProgram,
        tight: Tightened,
        statuses: Statuses,
        lower: Sequence[Decimal],
        upper: Sequence[Decimal],
    ) -> None:
        """lower, upper: bounds of the columns of the exact program (n)."""
        self._tight = tight
        self._sides = exact.sides
        self._count = len(lower)
        self._margins = [Decimal(margin) * Decimal(UNIT) for margin in tight.margins.tolist()]
        given_back = [self._margins[i] for i in tight.rows.tolist()]
        nothing = [ZERO] * len(tight.rows)
        self._lower = [*lower, *nothing]
        self._upper = [*upper, *given_back]
        self._terms = terms_of(tight.program.matrix)
        of_columns, of_rows = np.split(statuses, [len(self._lower)])
        self._basic = np.flatnonzero(of_columns == BASIC).tolist()
        self._active = np.flatnonzero(of_rows != BASIC).tolist()
        self._values = [*decimals(tight.start), *nothing]
        self._unbounded: list[int] = []
        for j, status in enumerate(of_columns.tolist()):
            if status == BASIC:
                self._values[j] = ZERO
            elif status in (LOWER, UPPER):
                self._set_at_end(j, low=status == LOWER)
        # A column at its limit has a margin too, and is computed exactly by the equation that defines it.
        limited = [j for j in tight.limits if of_columns[j] == UPPER]
        for j in limited:
            self._values[j] -= Decimal(UNIT)
        self._unbounded += limited

    def _set_at_end(self, column: int, *, low: bool) -> None:
        """Give a column the value of its bound, or that of the farthest step before it.

        The goal, and what went as far as it may, have reached no bound that they must keep to.
        """
        start = self._values[column]
        farthest = start - FARTHEST if low else start + FARTHEST
        bound = self._lower[column] if low else self._upper[column]
        is_far = bound < farthest if low else bound > farthest
        self._values[column] = farthest if is_far else bound
        if is_far or column == self._tight.goal:
            self._unbounded.append(column)

    def plan(self) -> list[Decimal] | None:
        """The values of the columns of the exact program (n), still to be checked; None if the basis cannot be solved."""
        # The basis may leave out an equation that follows from others.
        equations = np.flatnonzero(self._tight.sign == 0).tolist()
        bound_rows = sorted({*self._active, *equations})
        with localcontext(FINE):
            if not self._solve():
                return None
            without_margin = [i for i in bound_rows if self._room(i) < SNAP]
        for j in self._basic:
            self._values[j] = self._rounded(j)
        allowed = {j for j in (*self._basic, *self._unbounded) if j < self._count}
        distinct = self._distinct(without_margin)
        inequalities = {i for i in distinct if self._tight.sign[i]}
        for row, column in defined_columns(self._terms, distinct, allowed, inequalities):
            self._define(row, column)
        return self._values[: self._count]

    def _distinct(self, rows: Sequence[int]) -> list[int]:
        """The rows without those that say of the same terms from the other side what one before them says."""
        found: dict[frozenset[ExactTerm], int] = {}
        for i in rows:
            terms = self._own_terms(i)
            same = frozenset(terms)
            opposite = frozenset([(j, -factor) for j, factor in terms])
            if opposite not in found:
                found.setdefault(same, i)
        return sorted(found.values())

    def _solve(self) -> bool:
        """Compute the basic variables by iterative refinement. Returns whether the residual vanished."""
        square = csc_array(self._tight.program.matrix[self._active][:, self._basic])
        try:
            factors = splu(square)
        except RuntimeError:  # the matrix is singular
            return False
        for _ in range(ROUNDS):
            residuals = [self._residual(i) for i in self._active]
            worst = max(map(abs, residuals), default=ZERO)
            if worst <= REFINED:
                return True
            relative = [float(residual / worst) for residual in residuals]
            steps = factors.solve(np.array(relative)).tolist()
            for j, step in zip(self._basic, steps, strict=True):
                self._values[j] += worst * Decimal(step)
        return False

    def _residual(self, row: int) -> Decimal:
        """The amount that the terms of a row lack of its side, the margin being part of the side."""
        side = self._sides[row] - int(self._tight.sign[row]) * self._margins[row]
        return side - activity(self._terms[row], self._values)

    def _own_terms(self, row: int) -> list[ExactTerm]:
        """The terms of a row without the margin that is given back."""
        return [(j, factor) for j, factor in self._terms[row] if j < self._count]

    def _room(self, row: int) -> Decimal:
        """The part of the margin of an active row that is kept."""
        given_back = ZERO
        for j, _ in self._terms[row]:
            if j >= self._count:
                given_back += self._values[j]
        return self._margins[row] - given_back

    def _rounded(self, column: int) -> Decimal:
        """The value of a column to thirty places; a bound that is next to it takes its place."""
        value = self._values[column].quantize(PLACES, context=ROUNDED)
        for bound in (self._lower[column], self._upper[column]):
            if bound.is_finite() and abs(value - bound) <= SNAP:
                return bound
        return value

    def _define(self, row: int, column: int) -> None:
        """Compute a variable from the others of a row that it meets with equality, or within a rounding of it."""
        self._values[column] = ZERO
        terms = self._own_terms(row)
        factor = dict(terms)[column]
        left = self._sides[row] - activity(terms, self._values)
        if abs(factor) == 1:
            self._values[column] = left * factor
            return
        at_most = (self._tight.sign[row] > 0) == (factor > 0)
        towards_room = ROUND_FLOOR if at_most else ROUND_CEILING
        self._values[column] = Context(prec=60, rounding=towards_room).divide(left, factor)


def defined_columns(
    terms: Sequence[list[ExactTerm]],
    rows: Iterable[int],
    allowed: set[int],
    inequalities: Collection[int] = (),
    rank: Mapping[int, Any] | None = None,
) -> list[tuple[int, int]]:
    """Rows with a column that each defines, in the order in which to compute them.

    A column is one of those allowed, stands in no row that comes before, and has the coefficient 1 or -1, or any in one
    of the inequalities, which a rounding may leave a little slack. Columns of the lowest rank come first, by default those
    of few rows. Rows for which there is none are left out.
    """
    factors: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for i in rows:
        for j, factor in terms[i]:
            if j in allowed:
                factors[j][i] = factor
    first = _lengths(terms) if rank is None else rank
    ready = [(first[j], j) for j, by_row in factors.items() if len(by_row) == 1]
    heapify(ready)
    last_first = []
    while ready:
        _, column = heappop(ready)
        if len(factors[column]) != 1:
            continue
        [(row, factor)] = factors[column].items()
        if abs(factor) != 1 and row not in inequalities:
            continue
        last_first.append((row, column))
        for j, _ in terms[row]:
            if j in factors and factors[j].pop(row, None) is not None and len(factors[j]) == 1:
                heappush(ready, (first[j], j))
    return last_first[::-1]


def _lengths(terms: Iterable[Sequence[ExactTerm]]) -> Counter[int]:
    """The number of rows in which each column stands."""
    lengths: Counter[int] = Counter()
    for row in terms:
        lengths.update(j for j, _ in row)
    return lengths
