"""Plan and duals of the solver made exact. Nothing here has to be trusted: the checker tries the result.

The plan is made to meet every row by going through the program in the order of cause: builds and people first, then
what plants can do, what is delivered, what is short, who pays. Where a row is missed by a rounding, what uses is scaled
down to what there is; where demand is missed, the shortage takes the rest; variables that an equation defines are
computed. Duals are given their signs, and what they prove of columns without a bound: by an equation that takes what is
wrong, or by bounds that rows imply (Neumaier and Shcherbina, Safe bounds in linear and mixed-integer linear
programming, Math. Prog. 99, 2004).
"""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, vstack

from planner.data.stages import FORMS
from planner.errors import StoppedError
from planner.proof.checker import ZERO, Step
from planner.proof.checker import Program as Exact
from planner.proof.files import decimals
from planner.solving.program import Key, Program, Vector

PLACES = Decimal("1e-30")
"""To which values are rounded down where they are scaled."""
DIVIDE = Context(prec=60, rounding=ROUND_DOWN)
ROUNDED = Context(prec=400, rounding=ROUND_DOWN)
NOTHING = Decimal("1e-9")
"""Values of the solver up to this one are rounding."""
OVERSHOOT = Decimal("1e-20")
ROUNDS = 60
"""Times that what depends on itself is gone through before it is given up."""
DEFINED = (
    ("investment_spending", "invested"),
    ("cumulative_loss", "loss_to_date"),
    ("expected_loss_definition", "expected_loss"),
    ("risk_definition", "risk"),
    ("cost_definition", "cost"),
    ("welfare_definition", "welfare"),
)
"""Equations and the variable of the same index that each defines, in the order of cause."""
SPENT = frozenset(("build", "units", "hired", "intake", "new_seats", "bought", "paid"))
"""Variables that are public money spent, or cost it."""
THROUGHPUT = ("mined", "separated", "converted")
FITTED = {
    "nameplate_limit": ("build",),
    "new_seat_limit": ("new_seats",),
    "seat_limit": ("intake",),
    "mentor_limit": ("intake",),
    "throughput_limit": THROUGHPUT,
    "staff_limit": THROUGHPUT,
    "feed_balance": ("separated",),
    "resale": ("resold",),
    "pool": ("delivered",),
}
"""Limits, and the variables that are scaled down where one is missed."""
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
Edge = tuple[int, str]
"""A column and which of its bounds."""


class Repair:
    """A program in decimals, and a point of it that is mended step by step."""

    def __init__(self, program: Program, upper: list[Decimal]) -> None:
        """upper: bounds of the columns (n), as the files have them."""
        matrix = program.matrix
        terms = list(zip(matrix.indices.tolist(), decimals(matrix.data), strict=True))
        starts = matrix.indptr.tolist()
        self._terms = [terms[a:b] for a, b in pairwise(starts)]
        self._low, self._high, self._upper = (
            decimals(program.row_lower),
            decimals(program.row_upper),
            upper,
        )
        self._column, self._row = program.column, program.row
        self._names = [name for name, _ in program.columns]
        self._at: dict[str, list[Key]] = defaultdict(list)
        for key in program.rows:
            self._at[key[0]].append(key)
        self.x: list[Decimal] = []

    def mended(self, x: Vector) -> list[Decimal]:
        """The point x (n) made to meet all rows and bounds but limits on an objective.

        Raises StoppedError where this way does not lead to one.
        """
        unpaid = self._unpaid()
        start = [
            ZERO if j in unpaid else self._start(j, value) for j, value in enumerate(x.tolist())
        ]
        spend = Decimal(1)
        for _ in range(ROUNDS):
            self.x = [
                scaled(v, spend) if self._names[j] in SPENT else v for j, v in enumerate(start)
            ]
            self._decide()
            self._people()
            self._plants()
            for form in FORMS:
                self._goods(form)
            missing = self._pay()
            if not missing:
                self._add_up()
                return self.x
            spend = scaled(spend, 1 - missing * 2)
        raise StoppedError(
            "no plan that meets every budget exactly was found near the plan of the run"
        )

    def _start(self, j: int, value: float) -> Decimal:
        found, name = Decimal(repr(value)), self._names[j]
        if name == "seconded":
            return found
        if name == "units":
            return found.quantize(Decimal(1), ROUND_HALF_EVEN, ROUNDED)
        return min(found, self._upper[j]) if found > NOTHING else ZERO

    def _unpaid(self) -> set[int]:
        """Columns that cost money in countries in which nobody may pay."""
        rows = self._rows("spending_limit", "investment_spending")
        costs = {key: [j for j, _ in self._terms[self._row[key]]] for key in rows}
        paid = {
            key[1][0]
            for key, columns in costs.items()
            if any(self._names[j] == "paid" for j in columns)
        }
        return {j for key, columns in costs.items() if key[1][0] not in paid for j in columns}

    # ---- the arithmetic of a row -------------------------------------------------------------------

    def _left(self, i: int) -> Decimal:
        """What a row of the kind <= leaves, or of the kind >= lacks if it is negative."""
        x = self.x
        activity = sum([a * x[j] for j, a in self._terms[i] if x[j]], ZERO)
        return self._high[i] - activity if self._high[i].is_finite() else activity - self._low[i]

    def _define(self, key: Key, variable: str) -> None:
        """Compute the variable that an equation defines; its factor there is 1."""
        j = self._column[variable, key[1]]
        self.x[j] = ZERO
        self.x[j] = self._left(self._row[key])

    def _fit(self, key: Key, overshoot: Decimal = ZERO) -> bool:
        """Scale down what uses in a row of the kind <= until it fits. Whether it had to."""
        i, x = self._row[key], self.x
        missing = -self._left(i)
        if missing <= 0:
            return False
        taking = [
            (j, a)
            for j, a in self._terms[i]
            if a > 0 and x[j] > 0 and self._names[j] in FITTED[key[0]]
        ]
        total = sum([a * x[j] for j, a in taking], ZERO)
        factor = DIVIDE.divide(total - missing, total) - overshoot
        if not taking or factor < 0:
            raise StoppedError(f"the plan of the run misses {key[0]} {key[1]} by {-missing:.1E}")
        for j, _ in taking:
            x[j] = scaled(x[j], factor)
        return True

    def _rows(self, *names: str) -> list[Key]:
        return [key for name in names for key in self._at[name]]

    # ---- in the order of cause -----------------------------------------------------------------------

    def _decide(self) -> None:
        """What is built, within the largest nameplate; seats."""
        for key in self._rows("whole_plants"):
            self.x[self._column["build", key[1]]] = ZERO
            self.x[self._column["build", key[1]]] = self._left(self._row[key])
        for key in self._rows("nameplate_limit", "new_seat_limit", "seat_limit"):
            self._fit(key)

    def _people(self) -> None:
        """Staff follows; nobody has more trainees than mentors; nobody lends more than there are."""
        for _ in range(ROUNDS):
            for key in self._rows("staff_balance"):
                self._define(key, "staff")
            self._lend()
            if not sum([self._fit(key, OVERSHOOT) for key in self._rows("mentor_limit")]):
                return
        raise StoppedError("no plan with enough mentors was found near the plan of the run")

    def _lend(self) -> None:
        """Within each pool as much is lent as borrowed, and nobody lends more than the share of its staff."""
        x = self.x
        pools = [
            [j for j, _ in self._terms[self._row[key]]] for key in self._rows("secondment_pool")
        ]
        pool_of = {j: pool for pool in pools for j in pool}
        for key in self._rows("secondment_limit"):
            own = self._column["seconded", key[1]]
            missing = -self._left(self._row[key])
            if missing > 0:
                factor = DIVIDE.divide(x[own] + missing, x[own])
                for j in pool_of[own]:
                    x[j] = scaled(x[j], factor)
        for pool in pools:
            widest = max(pool, key=lambda j: x[j])
            x[widest] -= sum([x[j] for j in pool], ZERO)

    def _plants(self) -> None:
        """Capacity follows builds; throughput stays within capacity, people and feed."""
        for key in self._rows("usable_capacity"):
            self._define(key, "capacity")
        for key in self._rows("throughput_limit", "staff_limit", "feed_balance", "resale"):
            self._fit(key)

    def _goods(self, form: str) -> None:
        """What is delivered of what is made, stocks, and shortage, from the first node on."""
        for key in self._rows("pool"):
            if key[1][2] == form:
                self._fit(key)
        for key in self._rows("balance"):
            bought, missing = self._column.get(("bought", key[1]), -1), -self._left(self._row[key])
            if key[1][2] == form and bought >= 0 and missing > 0:  # no more is bought than there is
                self.x[bought] -= min(missing, self.x[bought])
        for key in self._rows("stock_balance"):
            if key[1][2] == form:
                self._store(key)
        for key in self._rows("balance"):
            if key[1][2] == form:
                self._cover(key)

    def _store(self, key: Key) -> None:
        """Stock within its limits: less is released, or less is bought."""
        good, x = key[1], self.x
        stock, released = self._column["stock", good], self._column["released", good]
        bought = self._column.get(("bought", good))
        self._define(key, "stock")
        if x[stock] < 0:
            x[released] += x[stock]
        elif x[stock] > self._upper[stock] and bought is not None:
            x[bought] = max(x[bought] - (x[stock] - self._upper[stock]), ZERO)
        self._define(key, "stock")
        if x[stock] > self._upper[stock]:
            x[released] += x[stock] - self._upper[stock]
            x[stock] = self._upper[stock]
        if x[released] < 0:
            raise StoppedError(f"the plan of the run has no stock for {good}")

    def _cover(self, key: Key) -> None:
        """Demand is met or short; else plants that use the good make less."""
        i, good = self._row[key], key[1]
        missing = -self._left(i)
        if missing <= 0:
            return
        for name, more in (("imported", True), ("shortfall", True), ("converted", False)):
            for j in [j for j, a in self._terms[i] if self._names[j] == name and (a > 0) == more]:
                change = min(missing, self._upper[j] - self.x[j] if more else self.x[j])
                self.x[j] += change if more else -change
                missing -= change
        if missing > 0:
            raise StoppedError(f"the plan of the run lacks {missing:.1E} t of {good}")

    def _pay(self) -> Decimal:
        """Payments cover what is spent and budgets are carried on. The share by which budgets are missed, or 0."""
        for key in self._rows("investment_spending"):
            self._define(key, "invested")
        for key in self._rows("spending_limit"):
            missing = -self._left(self._row[key])
            if missing > 0:
                payers = [j for j, _ in self._terms[self._row[key]] if self._names[j] == "paid"]
                self.x[max(payers, key=lambda j: self.x[j])] += missing
        worst, paid = ZERO, dict[int, Decimal]()
        for key in self._rows("account"):
            terms, forward = self._terms[self._row[key]], self._column.get(("carried", key[1]), -1)
            # What was brought tells how much was paid up to here.
            paid[forward] = sum(
                [self.x[j] if self._names[j] == "paid" else paid.get(j, ZERO) for j, _ in terms],
                ZERO,
            )
            if forward >= 0:
                self.x[forward] = ZERO
            left = self._left(self._row[key])
            if left < 0:
                worst = max(worst, DIVIDE.divide(-left, paid[forward]) + OVERSHOOT)
            elif forward >= 0:
                self.x[forward] = left
        return worst

    def _add_up(self) -> None:
        """Losses, risk and cost."""
        for name, variable in DEFINED:
            for key in self._rows(name):
                self._define(key, variable)
            if name == "cumulative_loss":
                for key in self._rows("tail_excess_limit"):
                    j = self._column["tail_excess", key[1]]
                    self.x[j] = ZERO
                    self.x[j] = max(-self._left(self._row[key]), ZERO)


def scaled(value: Decimal, factor: Decimal) -> Decimal:
    """The product, towards 0 where it has more digits than are kept."""
    return (value * factor).quantize(PLACES, ROUND_DOWN, ROUNDED)


def rounded(value: Decimal, way: str) -> Decimal:
    """To twelve places, up or down: what a certificate states."""
    return value.quantize(Decimal("1e-12"), way, ROUNDED)


def settled(
    exact: Exact, program: Program, goal: int, upper: list[Decimal], duals: Vector
) -> list[Decimal]:
    """Duals (m) that have the right signs, and prove something of the columns that no row bounds.

    goal: the column that is minimised. upper: bounds of the columns (n). duals: those of the solver (m).
    """
    worst = {"L": min, "G": max}
    y = [
        worst[sense](v, ZERO) if sense in worst else v
        for sense, v in zip(exact.senses, decimals(duals), strict=True)
    ]

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
) -> list[Edge]:
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


def implied(
    program: Program, wanted: list[Edge], lower: list[Decimal], upper: list[Decimal]
) -> list[Step]:
    """What leads to the bounds wanted of columns that have none, in order. Those that no row implies are left out.

    lower, upper: bounds of the columns (n); they are not changed.
    """
    at_most, at_least = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    rows = csr_array(
        vstack([program.matrix[at_most], -program.matrix[at_least]])
    )  # all as <=; an equation is two
    sides = np.concatenate([program.row_upper[at_most], -program.row_lower[at_least]])
    origin = np.concatenate([np.flatnonzero(at_most), np.flatnonzero(at_least)])
    found = _found(
        rows, sides, set(wanted), np.array(lower, dtype=float), np.array(upper, dtype=float)
    )
    terms: dict[int, list[tuple[Edge, Decimal]]] = {}
    needed, ahead = set[Edge](), [key for key in wanted if key in found]
    while ahead:
        key = ahead.pop()
        if key in needed:
            continue
        needed.add(key)
        _, i = found[key]
        if i not in terms:
            span = slice(rows.indptr[i], rows.indptr[i + 1])
            factors = zip(rows.indices[span].tolist(), decimals(rows.data[span]), strict=True)
            terms[i] = [((j, "lower" if a > 0 else "upper"), a) for j, a in factors]
        ahead += [other for other, _ in terms[i] if other in found and other[0] != key[0]]
    bounds: dict[Edge, Decimal] = {}
    out = []
    for column, side in sorted(needed, key=lambda key: (found[key][0], key)):
        _, i = found[column, side]
        least, own = Decimal(repr(float(sides[i]))), ZERO
        for (j, needs), a in terms[i]:
            own = a if j == column else own
            if j != column:
                least -= a * bounds.get((j, needs), (lower if needs == "lower" else upper)[j])
        bounds[column, side] = (UP if side == "upper" else DOWN).divide(least, own)
        out.append((column, side, int(origin[i]), bounds[column, side]))
    return out


def _found(
    rows: csr_array, sides: Vector, wanted: set[Edge], low: Vector, high: Vector
) -> dict[Edge, tuple[int, int]]:
    """Of bounds that rows (<=) imply, until those wanted are there: in which round each was found, and of which row.

    low, high: bounds of the columns (n), filled in as they are found.
    """
    at, found, turn = (
        np.repeat(np.arange(len(sides)), np.diff(rows.indptr)),
        dict[Edge, tuple[int, int]](),
        0,
    )
    lengths = np.diff(rows.indptr)[at]
    for allowed in (lengths <= SHORT, lengths > 0):
        row_of, j, a = at[allowed], rows.indices[allowed], rows.data[allowed]
        here = np.ones(
            len(j), dtype=bool
        )  # entries of rows in which something was found the round before
        while wanted - found.keys() and here.any():
            row, column, factor = row_of[here], j[here], a[here]
            needs = np.where(factor > 0, low[column], high[column])
            lacks = ~np.isfinite(needs)
            missing = np.bincount(row, lacks, len(sides))
            known = np.where(lacks, 0.0, factor * np.where(lacks, 0.0, needs))
            least = np.bincount(row, known, len(sides))
            gives = np.where(factor > 0, high[column], low[column])
            new = np.flatnonzero(
                ~np.isfinite(gives) & ((missing[row] == 0) | ((missing[row] == 1) & lacks))
            )
            value = (sides[row[new]] - least[row[new]] + known[new]) / factor[new]
            changed = np.zeros(len(low), dtype=bool)
            for k, bound in sorted(
                zip(new.tolist(), value.tolist(), strict=True), key=lambda pair: abs(pair[1])
            ):
                key = (int(column[k]), "upper" if factor[k] > 0 else "lower")
                if key not in found:
                    found[key] = (turn, int(row[k]))
                    (high if key[1] == "upper" else low)[key[0]], changed[key[0]] = bound, True
            here, turn = np.isin(row_of, row_of[changed[j]]), turn + 1
    return found
