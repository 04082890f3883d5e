"""One unit more of what is scarce: the largest shadow prices of the optimum, each solved again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.explanation.counterfactuals import SMALLEST_MUSD, Reference
from planner.results.explanation import Marginal
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.shadow_prices import ROWS, ScarceThing
from planner.solving.solution import Stop

KINDS = ("budget", "capacity", "nameplate limit", "staff joining", "feed", "delivered good")
"""Scarce things of which the one with the highest price is solved again."""


@dataclass
class _Priced:
    """A scarce thing: its price (MUSD per unit), and the rows whose right-hand side grows by how much with a unit more."""

    thing: ScarceThing
    unit: str
    price: float = 0.0
    rows: list[tuple[int, float]] = field(default_factory=list)


def marginals(reference: Reference) -> list[Marginal]:
    """For each of KINDS the thing with the highest price, the price, and what one unit more takes off the objective.

    Under degeneracy the two differ: a price is a one-sided derivative.
    """
    known, solved = reference.best()
    column = reference.program.column[reference.goal, None]
    solver = Solver(reference.program)
    solver.begin_like(known.kept)
    out = []
    for priced in _dearest(reference, solved.duals):
        solver.replace(_with_more(reference.program, priced))
        found = solver.minimise(column)
        if found.stop is Stop.OPTIMAL:
            resolved = reference.objective - float(found.x[column])
            out.append(_marginal(priced, resolved))
    return out


def _marginal(priced: _Priced, resolved: float) -> Marginal:
    """A marginal value: the price of a scarce thing, and the worth of one unit more as solved again."""
    scarce, item, country, element, form, year = priced.thing[:6]
    return Marginal(
        scarce=scarce,
        item=item,
        country=country,
        element=element,
        form=form,
        year=year,
        unit=priced.unit,
        price=priced.price,
        resolved=resolved,
    )


def _with_more(program: Program, priced: _Priced) -> Program:
    """The program with one unit more of a scarce thing."""
    more = np.zeros(len(program.rows))
    for row, amount in priced.rows:
        more[row] += amount
    return program.with_data(row_lower=program.row_lower + more, row_upper=program.row_upper + more)


def _dearest(reference: Reference, duals: Vector) -> list[_Priced]:
    """The thing with the highest price of each kind, in the order of KINDS."""
    worth = sorted(_all_priced(reference, duals), key=_rank)
    out = []
    for kind in KINDS:
        of_kind = [priced for priced in worth if priced.thing[0] == kind]
        out += of_kind[:1]
    return out


def _rank(priced: _Priced) -> tuple[float, str]:
    return -priced.price, str(priced.thing)


def _all_priced(reference: Reference, duals: Vector) -> Sequence[_Priced]:
    """All scarce things that have a price."""
    kinds = {scarce.declared.name: scarce for scarce in ROWS}
    found: dict[ScarceThing, _Priced] = {}
    for row, (name, index) in enumerate(reference.program.rows):
        scarce = kinds.get(name)
        if scarce is None:
            continue
        for thing, per_unit in scarce.priced(reference.scope, index):
            priced = found.setdefault(thing, _Priced(thing, scarce.unit))
            priced.price += scarce.sign * float(duals[row]) * per_unit
            priced.rows.append((row, -scarce.sign * per_unit))
    return [priced for priced in found.values() if priced.price > SMALLEST_MUSD]
