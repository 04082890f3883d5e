"""The program that is proven against the one that the oracle writes from the tables, entry by entry.

Both define quantities for their own convenience. They are put in here (capacity, what is made, losses so far, ..),
until only what both have is left: then each row of the planner's is a row of the oracle's, with the same figures.
Columns that the planner leaves out because no plan gains by them are 0.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.formulation.index_sets import Scope
from planner.solving.program import Key, Program
from planner.solving.program_writer import Writer
from tests.oracle.program import build
from tests.oracle.sparse import Key as TheirKey
from tests.oracle.tables import Period
from tests.oracle.world import World

Terms = dict[Key, float]
Row = tuple[Terms, float]
"""terms <= side; of an equation there are two."""
SAME = 1e-9
OURS_PUT_IN = {
    "usable_capacity": "capacity",
    "investment_spending": "invested",
    "cumulative_loss": "loss_to_date",
    "welfare_definition": "welfare",
}
"""Equations of the planner and the variable that each defines and that is put in."""
THEIRS_PUT_IN = ("capacity", "throughput", "made", "available", "short", "loss", "cvar")


def put_in(terms: Terms, side: float, known: dict[Key, Row]) -> Row:
    """A row with the variables that are known replaced by what they are: variable = terms + constant."""
    out: defaultdict[Key, float] = defaultdict(float)
    for key, factor in terms.items():
        inner, constant = known.get(key, ({key: 1.0}, 0.0))
        side -= factor * constant
        for one, share in inner.items():
            out[one] += factor * share
    return {key: value for key, value in out.items() if abs(value) > 1e-15}, side


def rows_of(program: Program) -> Iterator[tuple[Key, Row, bool]]:
    """(name, row as <=, whether it is an equation) of the planner's program, all but those that are put in."""
    known: dict[Key, Row] = {}
    for i, (name, index) in enumerate(program.rows):
        span = slice(program.matrix.indptr[i], program.matrix.indptr[i + 1])
        columns = [program.columns[j] for j in program.matrix.indices[span].tolist()]
        terms: Terms = dict(zip(columns, program.matrix.data[span].tolist(), strict=True))
        low, high = float(program.row_lower[i]), float(program.row_upper[i])
        if name in OURS_PUT_IN:
            own = terms.pop((OURS_PUT_IN[name], index))
            rest, constant = put_in(
                {key: -value / own for key, value in terms.items()}, -high / own, known
            )
            known[OURS_PUT_IN[name], index] = rest, -constant
        elif math.isinf(high):
            yield (
                (name, index),
                put_in({key: -value for key, value in terms.items()}, -low, known),
                False,
            )
        else:
            yield (name, index), put_in(terms, high, known), low == high


class Translated:
    """The oracle's program of a case in the planner's columns."""

    def __init__(self, world: World, scope: Scope, program: Program) -> None:
        self._world, self._scope, self._program = world, scope, program
        self._funder = {f: (i, f == min(fs)) for i, fs in scope.funder_groups.items() for f in fs}
        self._supplier = {key[1:]: key[0] for key in sorted(world.case.imports, reverse=True)}
        self._node = {(w, self._period(n)): n.index for n in scope.tree.nodes for w in n.scenarios}
        self._decision = {
            (w, d.year): d.index for d in scope.decision_tree.nodes for w in d.scenarios
        }
        self._yearly = scope.account_tree is scope.decision_tree
        """Whether nothing is paid within a year, so that ours has an account for each year."""
        self._account = {
            (w, self._period(a)): a.index for a in scope.account_tree.nodes for w in a.scenarios
        }
        self._work = {
            (w, self._period(s)): s.index for s in scope.staffing_tree.nodes for w in s.scenarios
        }
        self._known: dict[TheirKey, Row] = {}
        for terms, value in world.lp.equal:
            own = next(
                (key for key in terms if key[0] in THEIRS_PUT_IN and abs(terms[key]) == 1.0), None
            )
            if own is not None and own not in self._known:
                sign = -terms[own]
                inner, constant = self._mapped(
                    {key: sign * f for key, f in terms.items() if key != own}, 0.0
                )
                self._known[own] = inner, -sign * value - constant

    @staticmethod
    def _period(node: Any) -> Period:
        return Period(node.year, node.quarter or 0)

    def rows(self) -> Iterator[Row]:
        """All rows as <=, equations both ways; those of funders and periods that share an account are added up."""
        accounts: dict[Any, Row] = {}
        for terms, value in self._world.lp.upper:
            row = self._mapped(terms, value)
            paying = next(
                (key for key in terms if key[0] in ("pay", "carry") and terms[key] > 0), None
            )
            if paying is None:
                yield row
                continue
            w, t = paying[-2:]
            place = (
                self._funder.get(paying[1], (paying[1], True))[0],
                w,
                t.year if self._yearly else t,
            )
            before = accounts.get(place, ({}, 0.0))
            accounts[place] = before[0] | row[0], before[1] + row[1]
        yield from accounts.values()
        for terms, value in self._world.lp.equal:
            row, side = self._mapped(terms, value)
            yield row, side
            yield {key: -factor for key, factor in row.items()}, -side

    def bounds(self) -> dict[Key, float]:
        """What columns are at most; all that suppliers sell is imported together."""
        found: dict[tuple[Key, str], float] = defaultdict(float)
        for key, j in self._world.lp.index.items():
            if key[0] in ("imported", "resold", "stock", "piece", "hires", "pay", "build"):
                same = (
                    ("imported", self._supplier[key[2:-2]], *key[2:])
                    if key[0] == "imported"
                    else key
                )
                for column in self._image(same)[0]:
                    found[column, key[-2]] += self._world.lp.bounds[j][1]
        return {column: high for (column, _), high in found.items()}

    def _mapped(self, terms: Any, value: float) -> Row:
        out: defaultdict[Key, float] = defaultdict(float)
        for key, factor in terms.items():
            inner, constant = self._image(key)
            value -= factor * constant
            for one, share in inner.items():
                if one in self._program.column:
                    out[one] += factor * share
        return {key: factor for key, factor in out.items() if abs(factor) > 1e-15}, value

    def _image(self, key: TheirKey) -> Row:
        """What a variable of theirs is in ours. Who works abroad is lent, below 0 if borrowed; all that a country
        makes is given, and what it keeps is received."""
        if key in self._known:
            return self._known[key]
        name, *rest = key
        if name in ("risk", "cost", "expected", "eta"):
            return _one({"expected": "expected_loss", "eta": "value_at_risk"}.get(name, name), None)
        if name == "excess":
            return _one("tail_excess", self._scope.tree.leaves[rest[0]])
        *subject, w, t = rest
        if name in ("build", "units", "intake", "seats", "hires", "staff"):
            ours = {"seats": "new_seats", "hires": "hired"}.get(name, name)
            return _one(ours, (*subject, self._decision[w, t]))
        if name in ("pay", "carry"):
            group, first = self._funder.get(subject[0], (subject[0], True))
            ours = {"pay": "paid", "carry": "carried"}[name]
            node = self._decision[w, t.year] if self._yearly else self._account[w, t]
            counts = not self._yearly or (t.opens_year if name == "pay" else t.closes_year)
            return _one(ours, (group, *subject[1:], node)) if first and counts else ({}, 0.0)
        if name in ("lent", "borrowed"):
            lent = name == "lent" and (w, t) in self._work
            return ({("seconded", (*subject, self._work[w, t])): -1.0}, 0.0) if lent else ({}, 0.0)
        n = self._node[w, t]
        if name in ("given", "received"):
            good = tuple(subject)
            made = self._known["made", *subject, w, t]
            return (
                _one("delivered", (*good, n))
                if name == "received" and good in self._scope.exchanged
                else made
            )
        if name == "imported":
            first = self._supplier[tuple(subject[1:])] == subject[0]
            return _one("imported", (*subject[1:], n)) if first else ({}, 0.0)
        if name == "piece":
            step, *good = subject
            return _one("shortfall", (*good, n, step))
        if name == "throughput":
            return _one("mined", (*subject, n))
        ours = {"use": "separated", "turn": "converted"}.get(name, name)
        return _one(ours, (*subject, n))


def differences(folder: Path, model: Any, case: Case) -> list[str]:
    """Rows of the planner's program that are none of the oracle's, and columns with another bound."""
    scope = Scope(case)
    program = Writer(scope).program()
    theirs: defaultdict[frozenset[Key], list[Row]] = defaultdict(list)
    translated = Translated(build(folder, model), scope, program)
    for terms, side in translated.rows():
        theirs[frozenset(terms)].append((terms, side))
    out = []
    for name, (terms, side), equation in rows_of(program):
        for sign in (1, -1) if equation else (1,):
            own = {key: sign * value for key, value in terms.items()}
            if terms and not any(_same(own, sign * side, row) for row in theirs[frozenset(terms)]):
                out.append(f"{name}: {own} <= {sign * side}; there {theirs[frozenset(terms)][:2]}")
    for key, high in translated.bounds().items():
        j = program.column.get(key)
        if j is not None and not np.isclose(program.upper[j], high, rtol=SAME, atol=SAME):
            out.append(f"{key}: at most {program.upper[j]}; there {high}")
    return out


def _one(variable: str, index: Any) -> Row:
    return {(variable, index): 1.0}, 0.0


def _same(terms: Terms, side: float, row: Row) -> bool:
    pairs: Iterable[tuple[float, float]] = [(value, row[0][key]) for key, value in terms.items()]
    return all(abs(a - b) <= SAME * (1 + abs(b)) for a, b in (*pairs, (side, row[1])))
