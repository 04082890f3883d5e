"""Rows and bounds of the program in the names of the inputs they come from: table, line, column, figure.

Also figures that no solver computes with, refused in these names before anything is solved: each cell of a table is in
bounds, but what a row of the program holds may be a product of several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.program_size import size_of
from planner.errors import InputError, fault
from planner.formulation.declarations import LETTERS, NODE_LETTERS, Equation, Variable, cell
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECLARED
from planner.solving.program import SMALLEST_COEFFICIENT, Key, Program
from planner.solving.program_writer import Writer

LISTED = 6
"""Input rows named for one row of the program."""


_SERIES = ("demand", "imports")
_DECLARED: dict[str, Equation | Variable] = {one.name: one for one in DECLARED}


def in_inputs(scope: Scope, key: Key) -> str:
    """A row, or a bound of a column, in words: what it demands, of what, and the figures it holds with their places."""
    name, index = key
    declared = _DECLARED.get(name)
    if declared is None:
        return name
    words = _words(scope, declared.letters, index)
    shown = ", ".join(str(value) for value in words.values() if value != "")
    what = declared.meaning if isinstance(declared, Equation) else f"limit of {declared.meaning}"
    figures = list(_figures(scope, declared.reads, words))
    more = f" and {len(figures) - LISTED} more" if len(figures) > LISTED else ""
    said = what + (f" ({shown})" if shown else "")
    return said + (f": {', '.join(figures[:LISTED])}{more}" if figures else "")


def _words(scope: Scope, letters: tuple[str, ...], index: Any) -> dict[str, Any]:
    """Places of an index by meaning; a node becomes its year and, where not all share it, its scenarios."""
    words: dict[str, Any] = {}
    for letter, value in zip(
        letters, index if isinstance(index, tuple) else (index,), strict=False
    ):
        if letter in NODE_LETTERS:
            node = NODE_LETTERS[letter](scope).nodes[value]
            words["year"] = node.year
            if len(node.scenarios) < len(scope.case.scenarios):
                words["scenarios"] = ";".join(node.scenarios)
        elif letter in LETTERS:
            words[LETTERS[letter]] = value
    return words


def _figures(scope: Scope, reads: tuple[str, ...], words: dict[str, Any]) -> Iterator[str]:
    case = scope.case
    members = scope.funder_groups.get(words.get("funder", ""), ())
    for table, column, kind in map(cell, reads):
        if table == "model":
            yield f"{column} {case.model.flat()[column]:g}"
            continue
        # Funders of one group share its account; a series holds between the years given.
        wanted = words | ({"funder": members} if members else {}) | ({"kind": kind} if kind else {})
        if table in _SERIES:
            wanted.pop("year", None)
        for row in case.tables.rows(table):
            value, concerned = (
                getattr(row, column),
                (_concerns(getattr(row, k, None), v) for k, v in wanted.items()),
            )
            if value is not None and all(concerned):
                yield f"{case.origin.place(table)}:{row.line} {column} {value:g}"


def _concerns(given: object, wanted: object) -> bool:
    """Whether a cell is about this; a blank one is about all."""
    return given in (None, "") or given == wanted or (isinstance(wanted, tuple) and given in wanted)


LARGEST_COEFFICIENT, LARGEST_SIDE = 1e15, 1e19
"""HiGHS refuses larger coefficients, and takes larger right-hand sides for infinite."""


MOST_TERMS = 2_000_000
"""Of a program that is written down for a look at its figures alone: a few seconds and a gigabyte."""


def check_coefficients(case: Case) -> None:
    """Write the program of a case down and raise InputError if it holds a figure that no solver computes with.

    Of a large program only what no scenario changes is looked at; a solve looks at all of it.

    >>> check_coefficients(case)
    """
    if size_of(case).terms > MOST_TERMS:
        case = case.with_tables(scenarios=(), shocks=())
    scope = Scope(case)
    refuse_beyond_solver(scope, Writer(scope).program())


def refuse_beyond_solver(scope: Scope, program: Program) -> None:
    """Raise InputError with the first row of each equation that holds a figure too large, too small, or none at all."""
    row_of = np.repeat(np.arange(len(program.rows)), np.diff(program.matrix.indptr))
    low = np.where(program.row_lower == -np.inf, 0.0, np.abs(program.row_lower))
    high = np.where(program.row_upper == np.inf, 0.0, np.abs(program.row_upper))
    side, coefficient = np.maximum(low, high), np.abs(program.matrix.data)
    # Not below the limit: so that what is no number is found too.
    found = {row: float(side[row]) for row in np.flatnonzero(~(side < LARGEST_SIDE)).tolist()}
    small = (coefficient > 0) & (coefficient <= SMALLEST_COEFFICIENT)
    for position in np.flatnonzero(~(coefficient < LARGEST_COEFFICIENT) | small).tolist():
        found[int(row_of[position])] = float(coefficient[position])
    first = {program.rows[row][0]: row for row in sorted(found, reverse=True)}
    faults = [
        fault(
            "beyond-solver",
            scope.case.name,
            0,
            "",
            f"{found[row]:.3g} in: {in_inputs(scope, program.rows[row])}",
        )
        for row in sorted(first.values())
    ]
    if faults:
        raise InputError(faults)
