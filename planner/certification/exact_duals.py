"""Duals of the solver made to prove a lower bound: signs that are right, and bounds of columns that rows imply.

Duals prove something of a column without an upper bound only if its reduced cost is not negative, which rounding may
make it. The dual of the equation that defines the column takes what is wrong; else a bound that rows imply serves
(Neumaier and Shcherbina, Safe bounds in linear and mixed-integer linear programming, Math. Prog. 99, 2004); else the
duals of the inequalities in which it stands are lowered. No equation of the formulation is named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from planner.certification.checker import ZERO, Step
from planner.certification.checker import Program as ExactProgram
from planner.certification.exact_plan import defined_columns
from planner.certification.files import decimals, entries_of
from planner.errors import StoppedError
from planner.solving.program import Program, Vector

UP = Context(prec=7, rounding=ROUND_CEILING)
DOWN = Context(prec=7, rounding=ROUND_FLOOR)
"""An implied bound needs few digits, rounded away from what it bounds; duals are lowered by a little more than needed."""
PLACES = Decimal("1e-30")
TRUNCATED = Context(prec=400, rounding=ROUND_DOWN)
ROUNDS = 20
"""Times that duals are lowered before it is given up."""
SHORT = 200
"""Terms of a row from which bounds are taken first: from a long one each costs as much to check as the row is long."""
Edge = tuple[int, str]
"""A column and which of its bounds: upper or lower."""


def exact_duals(
    exact: ExactProgram,
    program: Program,
    *,
    goal: int,
    lower: list[Decimal],
    upper: list[Decimal],
    duals: Vector,
) -> tuple[list[Decimal], list[Step]]:
    """Duals (m) that prove a lower bound of the column `goal`, and the bounds of columns that it takes.

    lower, upper: bounds of the columns (n). duals: those of the solver (m). Raises StoppedError where they prove none.
    """
    signed = _Duals(exact, goal, upper, duals)
    for _ in range(ROUNDS):
        signed.settle_definitions()
        wanted = signed.without_bound(lower)
        steps = implied_bounds(program, wanted, lower, upper)
        known = {(column, side) for column, side, _, _ in steps}
        missing = [edge for edge in wanted if edge not in known]
        if not missing:
            return signed.values, steps
        for column, _ in missing:
            signed.lower_inequalities(column)
    raise StoppedError("the duals of the run prove no lower bound")


class _Duals:
    """Duals of the right sign, changed step by step."""

    def __init__(self, exact: ExactProgram, goal: int, upper: list[Decimal], duals: Vector) -> None:
        self._exact = exact
        self._goal = goal
        self._upper = upper
        pairs = zip(decimals(duals), exact.senses, strict=True)
        self.values = [_with_sign(value, sense) for value, sense in pairs]
        self._entries = entries_of(exact)
        equations = [i for i, sense in enumerate(exact.senses) if sense == "E"]
        rank = {}
        for j, bound in enumerate(upper):
            if not bound.is_finite():
                rank[j] = self._rank(j)
        definitions = defined_columns(exact.terms, equations, set(rank), rank=rank)
        # A column stands in no equation that is computed before its own, so that of the last is settled first.
        self._definitions = definitions[::-1]

    def _rank(self, column: int) -> tuple[bool, int]:
        """Columns that no inequality can help come first, then those of many equations, whose duals work on them all."""
        senses = [self._exact.senses[i] for i, _ in self._entries[column]]
        equations = senses.count("E")
        return equations < len(senses), -equations

    def settle_definitions(self) -> None:
        """Let each equation take what is wrong with the reduced cost of the column that it defines."""
        for row, column in self._definitions:
            wrong = self._reduced_cost(column)
            if wrong < 0:
                factor = dict(self._entries[column])[row]
                self.values[row] += wrong * factor

    def lower_inequalities(self, column: int) -> None:
        """Scale down the duals of inequalities that make a reduced cost negative, until it is not."""
        wrong = self._reduced_cost(column)
        blamed = []
        total = ZERO
        for i, factor in self._entries[column]:
            part = factor * self.values[i]
            if self._exact.senses[i] != "E" and part > 0:
                blamed.append(i)
                total += part
        if wrong >= 0 or not total:
            return
        share = max(1 + DOWN.divide(wrong, total), ZERO)
        for i in blamed:
            lowered = self.values[i] * share
            self.values[i] = lowered.quantize(PLACES, context=TRUNCATED)

    def without_bound(self, lower: list[Decimal]) -> list[Edge]:
        """Columns and sides of which the proof needs a bound and has none."""
        wanted = []
        for j in range(len(self._entries)):
            reduced = self._reduced_cost(j)
            if reduced < 0 and not self._upper[j].is_finite():
                wanted.append((j, "upper"))
            if reduced > 0 and not lower[j].is_finite():
                wanted.append((j, "lower"))
        return wanted

    def _reduced_cost(self, column: int) -> Decimal:
        own = Decimal(column == self._goal)
        priced = [factor * self.values[i] for i, factor in self._entries[column]]
        return own - sum(priced, ZERO)


def _with_sign(dual: Decimal, sense: str) -> Decimal:
    """A dual of a row <= is at most 0, of a row >= at least 0."""
    if sense == "L":
        return min(dual, ZERO)
    return max(dual, ZERO) if sense == "G" else dual


@dataclass(frozen=True, kw_only=True)
class _AtMost:
    """Rows as inequalities <=; an equation is two. rows: their matrix. sides: right-hand sides. origin: their rows."""

    rows: csr_array
    sides: Vector
    origin: NDArray[np.intp]

    @classmethod
    def of(cls, program: Program) -> _AtMost:
        """The rows of a program, each as at most a number."""
        at_most = np.flatnonzero(np.isfinite(program.row_upper))
        at_least = np.flatnonzero(np.isfinite(program.row_lower))
        rows = vstack([program.matrix[at_most], -program.matrix[at_least]])
        sides = np.concatenate([program.row_upper[at_most], -program.row_lower[at_least]])
        origin = np.concatenate([at_most, at_least])
        return cls(rows=csr_array(rows), sides=sides, origin=origin)

    def terms(self, row: int) -> list[tuple[Edge, Decimal]]:
        """The terms of a row, each with the bound that limits the others."""
        span = slice(self.rows.indptr[row], self.rows.indptr[row + 1])
        columns = self.rows.indices[span].tolist()
        factors = decimals(self.rows.data[span])
        terms: list[tuple[Edge, Decimal]] = []
        for column, factor in zip(columns, factors, strict=True):
            side = "lower" if factor > 0 else "upper"
            terms.append(((column, side), factor))
        return terms


def implied_bounds(
    program: Program, wanted: Sequence[Edge], lower: list[Decimal], upper: list[Decimal]
) -> list[Step]:
    """The steps that lead to the bounds wanted, in order. Those that no row implies are left out.

    lower, upper: bounds of the columns (n); they are not changed.
    """
    if not wanted:
        return []
    inequalities = _AtMost.of(program)
    search = _BoundSearch(inequalities, lower, upper)
    found = search.until(set(wanted))
    terms, needed = _needed(inequalities, found, wanted)
    bounds: dict[Edge, Decimal] = {}
    steps = []
    for column, side in sorted(needed, key=lambda edge: (found[edge], edge)):
        _, row = found[column, side]
        left = Decimal(repr(float(inequalities.sides[row])))
        own = ZERO
        for (j, needs), factor in terms[row]:
            if j == column:
                own = factor
                continue
            given = lower[j] if needs == "lower" else upper[j]
            left -= factor * bounds.get((j, needs), given)
        bound = (UP if side == "upper" else DOWN).divide(left, own)
        bounds[column, side] = bound
        steps.append((column, side, int(inequalities.origin[row]), bound))
    return steps


BoundOrigins = dict[Edge, tuple[int, int]]
"""Bound -> in which round it was found, and of which row."""


def _needed(
    inequalities: _AtMost, found: BoundOrigins, wanted: Iterable[Edge]
) -> tuple[dict[int, list[tuple[Edge, Decimal]]], set[Edge]]:
    """The terms of the rows that imply the bounds wanted, and all bounds on the way to them."""
    terms: dict[int, list[tuple[Edge, Decimal]]] = {}
    needed = set[Edge]()
    ahead = [edge for edge in wanted if edge in found]
    while ahead:
        edge = ahead.pop()
        if edge in needed:
            continue
        needed.add(edge)
        _, row = found[edge]
        if row not in terms:
            terms[row] = inequalities.terms(row)
        for other, _ in terms[row]:
            if other in found and other[0] != edge[0]:
                ahead.append(other)
    return terms, needed


class _BoundSearch:
    """Bounds that inequalities imply, found round by round: each by bounds that were there a round before."""

    def __init__(
        self, inequalities: _AtMost, lower: Sequence[Decimal], upper: Sequence[Decimal]
    ) -> None:
        self._low = np.array(lower, dtype=float)
        self._high = np.array(upper, dtype=float)
        self._sides = inequalities.sides
        lengths = np.diff(inequalities.rows.indptr)
        self._row = np.repeat(np.arange(len(self._sides)), lengths)
        self._column = inequalities.rows.indices
        self._factor = inequalities.rows.data
        self._length = lengths[self._row]
        self._found: BoundOrigins = {}
        self._round = 0

    def until(self, wanted: set[Edge]) -> BoundOrigins:
        """Search until the bounds wanted are there, or no more are found; short rows first."""
        for allowed in (self._length <= SHORT, self._length > 0):
            entries = np.flatnonzero(allowed)
            looked_at = entries
            while wanted - self._found.keys() and len(looked_at):
                changed = self._bounds_from(looked_at)
                touched = self._row[entries[changed[self._column[entries]]]]
                looked_at = entries[np.isin(self._row[entries], touched)]
                self._round += 1
        return self._found

    def _bounds_from(self, entries: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Take the bounds that some rows, given by all their entries, imply. Returns which columns got one (n)."""
        row = self._row[entries]
        column = self._column[entries]
        factor = self._factor[entries]
        low = self._low[column]
        high = self._high[column]
        needs = np.where(factor > 0, low, high)
        gives = np.where(factor > 0, high, low)
        lacks = ~np.isfinite(needs)
        missing = np.bincount(row, lacks, len(self._sides))[row]
        known = np.where(lacks, 0.0, factor * np.where(lacks, 0.0, needs))
        least = np.bincount(row, known, len(self._sides))[row]
        only_own_missing = (missing == 0) | ((missing == 1) & lacks)
        value = (self._sides[row] - least + known) / factor
        new = np.flatnonzero(~np.isfinite(gives) & only_own_missing)
        smallest_first = new[np.argsort(np.abs(value[new]), kind="stable")]
        changed = np.zeros(len(self._low), dtype=bool)
        for k in smallest_first.tolist():
            j = int(column[k])
            side = "upper" if factor[k] > 0 else "lower"
            if (j, side) not in self._found:
                self._found[j, side] = (self._round, int(row[k]))
                bounds = self._high if side == "upper" else self._low
                bounds[j] = value[k]
                changed[j] = True
        return changed
