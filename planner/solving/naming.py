"""Rows and bounds of the program in the names of the inputs they come from: table, line, column, figure.

Also figures that no solver computes with, refused in these names before anything is solved: each cell of a table is in
bounds, but what a row of the program holds may be a product of several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.rules import fault
from planner.data.tree import Tree
from planner.errors import InputError
from planner.formulation.build import EQUATIONS, VARIABLES, build_model
from planner.formulation.scope import Scope
from planner.solving.program import Key, Program, compile_program

LISTED = 6
"""Input rows named for one row of the program."""


@dataclass(frozen=True)
class _Source:
    """What an index means, one word a place, and the table columns whose figures the row or bound holds."""

    index: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_GOOD = ("country", "element", "form")
_SERIES = ("demand", "imports")
_STOCKS = {"stockpiles": ("initial_t", "max_t")}
_CAPEX = {"projects": ("capex_usd_per_tpa",), "countries": ("cost_index",)}
_LOSS = {"elements": ("loss_usd_per_kg",), "loss_tiers": ("loss_usd_per_kg",), "countries": ("weight",)}
_SOURCES: dict[str, _Source] = {
    # variables: their bounds
    "shortfall": _Source((*_GOOD, "node", "step"), {"demand": ("tonnes",), "loss_tiers": ("up_to_share",)}),
    "imported": _Source((*_GOOD, "node"), {"imports": ("tonnes",)}),
    "stock": _Source((*_GOOD, "node"), _STOCKS),
    "hired": _Source(("country", "skill", "decision"), {"workforce": ("hires_per_year",)}),
    # equations
    "usable_capacity": _Source(("project", "node"), {"projects": ("existing_tpa",)}),
    "nameplate_limit": _Source(("project", "decision"), {"projects": ("max_new_tpa",)}),
    "throughput_limit": _Source(("project", "node"), {"projects": ("existing_tpa",)}),
    "feed_balance": _Source(("group", "feed", "node"), {"feeds": ("share",)}),
    "balance": _Source((*_GOOD, "node"), {"demand": ("tonnes",)}),
    "export_limit": _Source((*_GOOD, "node")),
    "pool": _Source(("group", "element", "form", "node")),
    "stock_balance": _Source((*_GOOD, "node"), _STOCKS),
    "staff_balance": _Source(("country", "skill", "decision"), {"workforce": ("initial",), "skills": ("attrition",)}),
    "seat_limit": _Source(("programme", "decision"), {"training": ("seats",)}),
    "new_seat_limit": _Source(("programme", "decision"), {"training": ("max_new_seats",)}),
    "mentor_limit": _Source(("country", "skill", "post"), {"skills": ("mentor_ratio",)}),
    "secondment_limit": _Source(("country", "skill", "node")),
    "secondment_pool": _Source(("group", "skill", "node")),
    "staff_limit": _Source(("country", "skill", "node"), {"staffing": ("persons_per_ktpa",)}),
    "investment_spending": _Source(("country", "decision"), _CAPEX),
    "spending_limit": _Source(("country", "account"), {"stockpiles": ("purchase_usd_per_kg",)}),
    "account": _Source(("funder", "account"), {"budgets": ("musd",)}),
    "cumulative_loss": _Source(("node",), _LOSS),
    "tail_excess_limit": _Source(("node",)),
    "cost_definition": _Source((), _CAPEX),
}
_MEANING = {e.name: e.meaning for e in EQUATIONS} | {v.name: f"limit of {v.meaning}" for v in VARIABLES}


def in_inputs(scope: Scope, key: Key) -> str:
    """A row, or a bound of a column, in words: what it demands, of what, and the figures it holds with their places."""
    name, index = key
    source = _SOURCES.get(name)
    words = _words(scope, source, index) if source else {}
    shown = ", ".join(str(value) for value in words.values() if value != "")
    said = _MEANING.get(name, name) + (f" ({shown})" if shown else "")
    figures = list(_figures(scope, source, words)) if source else []
    more = f" and {len(figures) - LISTED} more" if len(figures) > LISTED else ""
    return said + (f": {', '.join(figures[:LISTED])}{more}" if figures else "")


def _words(scope: Scope, source: _Source, index: Any) -> dict[str, Any]:
    """Places of an index by meaning; a node becomes its year and, where not all share it, its scenarios."""
    trees: dict[str, Tree] = {
        "node": scope.tree,
        "decision": scope.decision_tree,
        "account": scope.account_tree,
        "post": scope.staffing_tree,
    }
    words: dict[str, Any] = {}
    for meaning, value in zip(source.index, index if isinstance(index, tuple) else (index,), strict=False):
        if meaning in trees:
            node = trees[meaning].nodes[value]
            words["year"] = node.year
            if len(node.scenarios) < len(scope.case.scenarios):
                words["scenarios"] = ";".join(node.scenarios)
        elif meaning != "step":
            words[meaning] = value
    return words


def _figures(scope: Scope, source: _Source, words: dict[str, Any]) -> Iterator[str]:
    case = scope.case
    members = scope.funder_groups.get(words.get("funder", ""), ())
    for table, columns in source.inputs.items():
        # Funders of one group share its account; a series holds between the years given.
        wanted = words | ({"funder": members} if members else {})
        if table in _SERIES:
            wanted.pop("year", None)
        for row in case.tables.rows(table):
            if all(_concerns(getattr(row, name, None), value) for name, value in wanted.items()):
                for column in columns:
                    if (value := getattr(row, column)) is not None:
                        yield f"{case.origin.place(table)}:{row.line} {column} {value:g}"


def _concerns(given: object, wanted: object) -> bool:
    """Whether a cell is about this; a blank one is about all."""
    return given in (None, "") or given == wanted or (isinstance(wanted, tuple) and given in wanted)


LARGEST_COEFFICIENT, LARGEST_SIDE = 1e15, 1e19
"""HiGHS refuses larger coefficients, and takes larger right-hand sides for infinite."""


def check_figures(case: Case) -> None:
    """Write the program of a case down and raise InputError if it holds a figure that no solver computes with."""
    model = build_model(case)
    refuse_beyond_solver(model.scope, compile_program(model))


def refuse_beyond_solver(scope: Scope, program: Program) -> None:
    """Raise InputError with the first row of each equation that holds a figure too large, or none at all."""
    row_of = np.repeat(np.arange(len(program.rows)), np.diff(program.matrix.indptr))
    low = np.where(program.row_lower == -np.inf, 0.0, np.abs(program.row_lower))
    high = np.where(program.row_upper == np.inf, 0.0, np.abs(program.row_upper))
    side, coefficient = np.maximum(low, high), np.abs(program.matrix.data)
    # Not below the limit: so that what is no number is found too.
    found = {row: float(side[row]) for row in np.flatnonzero(~(side < LARGEST_SIDE)).tolist()}
    for position in np.flatnonzero(~(coefficient < LARGEST_COEFFICIENT)).tolist():
        found[int(row_of[position])] = float(coefficient[position])
    first = {program.rows[row][0]: row for row in sorted(found, reverse=True)}
    faults = [
        fault("beyond-solver", scope.case.name, 0, "", f"{found[row]:.3g} in: {in_inputs(scope, program.rows[row])}")
        for row in sorted(first.values())
    ]
    if faults:
        raise InputError(faults)
