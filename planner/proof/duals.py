"""Row duals of the solver made to prove a bound exactly: signs, columns that nothing bounds, bounds that rows imply.

Neumaier and Shcherbina, Safe bounds in linear and mixed-integer linear programming, Math. Prog. 99 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from planner.proof.checker import ZERO, Step
from planner.proof.checker import Program as Exact
from planner.proof.files import decimals
from planner.proof.repair import scaled
from planner.solving.program import Program, Vector

UP, DOWN = Context(prec=7, rounding=ROUND_CEILING), Context(prec=7, rounding=ROUND_FLOOR)
"""An implied bound needs few digits, rounded away from what it bounds."""
SETTLED = (
    ("welfare", "welfare_definition"),
    ("cost", "cost_definition"),
    ("risk", "risk_definition"),
    ("expected_loss", "expected_loss_definition"),
)
"""Columns that may have no bound, and the equation whose dual can take what is wrong: the own factor there is 1."""
SHORT = 200
"""Terms of a row from which bounds are taken first: from a long one each costs as much to check as the row is long."""


def settled(exact: Exact, program: Program, goal: int, upper: list[Decimal], duals: Vector) -> list[Decimal]:
    """Duals (m) that have the right signs, and prove something of the columns that no row bounds.

    goal: the column that is minimised. upper: bounds of the columns (n). duals: those of the solver (m).
    """
    worst = {"L": min, "G": max}
    y = [worst[sense](v, ZERO) if sense in worst else v for sense, v in zip(exact.senses, decimals(duals), strict=True)]

    tails = [key for key in program.rows if key[0] == "tail_excess_limit"]
    pairs = [((variable, None), (row, None)) for variable, row in SETTLED]
    for column, key in (*pairs, *((("tail_excess", key[1]), key) for key in tails)):
        j, i = program.column[column], program.row[key]
        if not upper[j].is_finite() and (wrong := _reduced(exact, goal, j, y)) < 0:
            y[i] += wrong / dict(exact.entries[j])[i]
    value_at_risk = program.column.get(("value_at_risk", None))
    if value_at_risk is not None and (wrong := _reduced(exact, goal, value_at_risk, y)) < 0:
        places = [program.row[key] for key in tails]
        total = sum([abs(y[i]) for i in places], ZERO)
        for i in places:
            y[i] = scaled(y[i], 1 + DOWN.divide(wrong, total) if total else ZERO)
    return y


def unbounded(
    exact: Exact, goal: int, lower: list[Decimal], upper: list[Decimal], duals: list[Decimal]
) -> list[tuple[int, str]]:
    """Columns and sides of which the bound that duals (m) prove needs a bound and has none (lower, upper: n each)."""
    out = []
    for j in range(len(exact.entries)):
        reduced = _reduced(exact, goal, j, duals)
        if reduced < 0 and not upper[j].is_finite():
            out.append((j, "upper"))
        if reduced > 0 and not lower[j].is_finite():
            out.append((j, "lower"))
    return out


def _reduced(exact: Exact, goal: int, j: int, duals: list[Decimal]) -> Decimal:
    """The reduced cost of a column."""
    return Decimal(j == goal) - sum([a * duals[i] for i, a in exact.entries[j]], ZERO)


@dataclass(frozen=True)
class Implied:
    """Bounds that rows imply: of each column by side, in which round it was found, from which row, and what it is."""

    rows: csr_array
    """All rows as <=; an equation is two."""
    sides: Vector
    origin: NDArray[np.int64]
    """Of each of these the row of the program."""
    found: dict[tuple[int, str], tuple[int, int]]
    """(column, side) -> (round, row of `rows`)."""

    def steps(self, wanted: list[tuple[int, str]], lower: list[Decimal], upper: list[Decimal]) -> list[Step]:
        """What leads to the bounds wanted, in order. Those that nothing implies are left out.

        lower, upper: bounds of the columns (n); they are not changed.
        """
        needed, ahead = set[tuple[int, str]](), [key for key in wanted if key in self.found]
        while ahead:
            key = ahead.pop()
            if key in needed:
                continue
            needed.add(key)
            ahead += [other for other, _ in self._others(key) if other in self.found]
        bounds: dict[tuple[int, str], Decimal] = {}
        out = []
        for column, side in sorted(needed, key=lambda key: (self.found[key][0], key)):
            _, i = self.found[column, side]
            least, own = Decimal(repr(float(self.sides[i]))), ZERO
            for (j, needs), a in self._others((column, side)):
                least -= a * bounds.get((j, needs), (lower if needs == "lower" else upper)[j])
            own = dict(self._terms(i))[column]
            bound = (UP if side == "upper" else DOWN).divide(least, own)
            bounds[column, side] = bound
            out.append((column, side, int(self.origin[i]), bound))
        return out

    def _terms(self, i: int) -> list[tuple[int, Decimal]]:
        span = slice(self.rows.indptr[i], self.rows.indptr[i + 1])
        return list(zip(self.rows.indices[span].tolist(), decimals(self.rows.data[span]), strict=True))

    def _others(self, key: tuple[int, str]) -> list[tuple[tuple[int, str], Decimal]]:
        """Bounds that the row of a bound needs, and the factors."""
        _, i = self.found[key]
        return [((j, "lower" if a > 0 else "upper"), a) for j, a in self._terms(i) if j != key[0]]


def implied(program: Program, upper: Vector) -> Implied:
    """All bounds that rows imply for columns that have none. upper: bounds of the columns (n)."""
    at_most, at_least = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    rows = csr_array(vstack([program.matrix[at_most], -program.matrix[at_least]], format="csr"))
    sides = np.concatenate([program.row_upper[at_most], -program.row_lower[at_least]])
    origin = np.concatenate([np.flatnonzero(at_most), np.flatnonzero(at_least)])
    at = np.repeat(np.arange(len(sides)), np.diff(rows.indptr))
    j, a = rows.indices, rows.data
    bounds = {"lower": program.lower.copy(), "upper": upper.copy()}
    found: dict[tuple[int, str], tuple[int, int]] = {}
    lengths, turn = np.diff(rows.indptr)[at], 0
    for allowed in (lengths <= SHORT, lengths > 0):
        while True:
            needs = np.where(a > 0, bounds["lower"][j], bounds["upper"][j])
            lacks = ~np.isfinite(needs)
            missing = np.bincount(at, lacks, len(sides))
            least = np.bincount(at, np.where(lacks, 0.0, a * np.where(lacks, 0.0, needs)), len(sides))
            gives = np.where(a > 0, bounds["upper"][j], bounds["lower"][j])
            can = (missing[at] == 0) | ((missing[at] == 1) & lacks)
            new = np.flatnonzero(allowed & ~np.isfinite(gives) & can)
            if not len(new):
                break
            value = (sides[at[new]] - least[at[new]] + np.where(lacks[new], 0.0, a[new] * needs[new])) / a[new]
            for place, bound in sorted(zip(new.tolist(), value.tolist(), strict=True), key=lambda pair: abs(pair[1])):
                side = "upper" if a[place] > 0 else "lower"
                if (int(j[place]), side) not in found:
                    found[int(j[place]), side] = (turn, int(at[place]))
                    bounds[side][j[place]] = bound
            turn += 1
    return Implied(rows, sides, origin, found)
