"""Shadow prices verified: one unit more of the most valuable thing of each kind, solved again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from planner.explain.counterfactuals import Desk
from planner.reporting.tables.limits import WORDS
from planner.reporting.values.names import Names
from planner.results.explanation import Marginal
from planner.solving.highs import Solution, Solver, Stop
from planner.solving.prices import ROWS, Label
from planner.solving.program import Program

KINDS = ("budget", "capacity", "nameplate limit", "staff joining", "feed", "delivered good")
SMALLEST_MUSD = 1e-6
Change = tuple[int, float]
"""Row, and by how much its right-hand side grows if one unit more is there."""


def marginals(desk: Desk) -> list[Marginal]:
    """For each kind the thing with the highest price, its price, and what the risk falls by with one unit more.

    Under degeneracy the two differ: a price is a one-sided derivative.
    """
    names, risk = Names(desk.case), desk.program.column["risk", None]
    known, solved = desk.best()
    solver = Solver(desk.program)
    solver.begin_like(known)
    before, out = float(solved.x[risk]), []
    for label, (price, unit, rows) in _best(desk, solved).items():
        solver.replace(_with_more(desk.program, rows))
        found = solver.minimise(risk)
        if found.stop is Stop.OPTIMAL:
            out.append(Marginal(_words(names, label), unit, price, before - float(found.x[risk])))
    return out


def _best(desk: Desk, solved: Solution) -> dict[Label, tuple[float, str, list[Change]]]:
    kinds = {scarce.key: scarce for scarce in ROWS}
    price: dict[Label, float] = defaultdict(float)
    rows: dict[Label, list[Change]] = defaultdict(list)
    units: dict[Label, str] = {}
    for i, (name, index) in enumerate(desk.program.rows):
        if (scarce := kinds.get(name)) is None:
            continue
        for label, per_unit in scarce.label(desk.scope, index):
            price[label] += scarce.sign * float(solved.duals[i]) * per_unit
            rows[label].append((i, -scarce.sign * per_unit))
            units[label] = scarce.unit
    out: dict[Label, tuple[float, str, list[Change]]] = {}
    for kind in KINDS:
        of_kind = [label for label, worth in price.items() if label[0] == kind and worth > SMALLEST_MUSD]
        for label in sorted(of_kind, key=lambda label: (-price[label], str(label)))[:1]:
            out[label] = (price[label], units[label], rows[label])
    return out


def _with_more(program: Program, rows: list[Change]) -> Program:
    change = np.zeros(len(program.rows))
    for row, amount in rows:
        change[row] += amount
    return program.with_data(
        program.matrix.data, program.row_lower + change, program.row_upper + change, program.lower, program.upper
    )


def _words(names: Names, label: Label) -> str:
    kind, item, country, element, form, year = label
    row: dict[str, Any] = {"item": item, "country": country, "element": element, "form": form}
    return WORDS[kind](names, row) + (f" in {year}" if year is not None else "")
