"""Rows and bounds of the program in the names of the inputs they come from: table, line, column, figure.

Also figures that no solver computes with, refused in these names before anything is solved: each cell of a table is in
bounds, but what a row of the program holds may be a product of several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from planner.cells import Row
from planner.data.case import Case, with_rows
from planner.errors import Fault, InputError, fault
from planner.formulation.declarations import LETTERS, NODE_LETTERS, Equation, Variable, cell
from planner.formulation.index_sets import Scope
from planner.formulation.whole_program import DECLARED
from planner.solving.program import SMALLEST_COEFFICIENT, Key, Program
from planner.solving.program_size import size_of
from planner.solving.program_writer import Writer

LISTED = 6
"""Input rows named for one row of the program."""
LARGEST_COEFFICIENT, LARGEST_SIDE = 1e15, 1e19
"""HiGHS refuses larger coefficients, and takes larger right-hand sides for infinite."""
MOST_TERMS = 2_000_000
"""Of a program that is written down for a look at its figures alone: a few seconds and a gigabyte."""
_SERIES = ("demand", "imports")
"""Tables that hold between the years given."""
_DECLARED: dict[str, Equation | Variable] = {one.name: one for one in DECLARED}


def in_inputs(scope: Scope, key: Key) -> str:
    """A row, or a bound of a column, in words: what it demands, of what, and the figures it holds with their places."""
    name, index = key
    declared = _DECLARED.get(name)
    if declared is None:
        return name
    words = _words(scope, declared.letters, index)
    sentence = declared.meaning
    if isinstance(declared, Variable):
        sentence = f"limit of {sentence}"
    shown = [str(value) for value in words.values() if value != ""]
    if shown:
        sentence += f" ({', '.join(shown)})"
    figures = list(_figures(scope, declared.reads, words))
    if figures:
        sentence += f": {', '.join(figures[:LISTED])}"
    if len(figures) > LISTED:
        sentence += f" and {len(figures) - LISTED} more"
    return sentence


def _words(scope: Scope, letters: tuple[str, ...], index: Any) -> dict[str, Any]:
    """Places of an index by meaning; a node becomes its year and, where not all share it, its scenarios."""
    words: dict[str, Any] = {}
    values = index if isinstance(index, tuple) else (index,)
    for letter, value in zip(letters, values, strict=False):
        if letter in NODE_LETTERS:
            node = NODE_LETTERS[letter](scope).nodes[value]
            words["year"] = node.year
            if len(node.scenarios) < len(scope.case.scenarios):
                words["scenarios"] = ";".join(node.scenarios)
        elif letter in LETTERS:
            words[LETTERS[letter]] = value
    return words


def _figures(scope: Scope, reads: tuple[str, ...], words: dict[str, Any]) -> Iterator[str]:
    """Figures that a row reads, each with its place."""
    case = scope.case
    about = dict(words)
    # Funders of one group share its account.
    members = scope.funder_groups.get(words.get("funder", ""), ())
    if members:
        about["funder"] = members
    for table, column, kind in map(cell, reads):
        if table == "model":
            yield f"{column} {case.model.flat()[column]:g}"
            continue
        wanted = dict(about)
        if kind:
            wanted["kind"] = kind
        if table in _SERIES:
            wanted.pop("year", None)
        for row in case.tables.rows(table):
            value = getattr(row, column)
            if value is not None and _is_about(row, wanted):
                yield f"{case.origin.place(table)}:{row.line} {column} {value:g}"


def _is_about(row: Row, wanted: dict[str, Any]) -> bool:
    for column, value in wanted.items():
        if not _concerns(getattr(row, column, None), value):
            return False
    return True


def _concerns(given: object, wanted: object) -> bool:
    """A cell is about the thing wanted; a blank one is about all things."""
    return given in (None, "") or given == wanted or (isinstance(wanted, tuple) and given in wanted)


def check_coefficients(case: Case) -> None:
    """Write the program of a case down and look for a figure that no solver computes with.

    Of a large program only what no scenario changes is looked at; a solve looks at all of it.

    Parameters
    ----------
    case
        A case.

    Raises
    ------
    InputError
        That names the cells which make a coefficient too large or too small.

    Examples
    --------
    >>> check_coefficients(case)
    """
    if size_of(case).terms > MOST_TERMS:
        case = with_rows(case, scenarios=(), shocks=())
    scope = Scope(case)
    refuse_beyond_solver(scope, Writer(scope).program())


def refuse_beyond_solver(scope: Scope, program: Program) -> None:
    """Raise InputError with the first row of each equation that holds a figure too large, too small, or none at all."""
    found = _beyond_solver(program)
    first = {program.rows[row][0]: row for row in sorted(found, reverse=True)}
    faults: list[Fault] = []
    for row in sorted(first.values()):
        said = f"{found[row]:.3g} in: {in_inputs(scope, program.rows[row])}"
        faults.append(fault("beyond-solver", scope.case.name, 0, "", message=said))
    if faults:
        raise InputError(faults)


def _beyond_solver(program: Program) -> dict[int, float]:
    """Rows with a figure that no solver computes with, and that figure."""
    low = np.where(program.row_lower == -np.inf, 0.0, np.abs(program.row_lower))
    high = np.where(program.row_upper == np.inf, 0.0, np.abs(program.row_upper))
    side = np.maximum(low, high)
    coefficient = np.abs(program.matrix.data)
    # Not below the limit: so that what is no number is found too.
    large_sides = np.flatnonzero(~(side < LARGEST_SIDE))
    found = {row: float(side[row]) for row in large_sides.tolist()}
    small = (coefficient > 0) & (coefficient <= SMALLEST_COEFFICIENT)
    beyond = np.flatnonzero(~(coefficient < LARGEST_COEFFICIENT) | small)
    in_row = np.diff(program.matrix.indptr)
    row_of = np.repeat(np.arange(len(program.rows)), in_row)
    for position in beyond.tolist():
        found[int(row_of[position])] = float(coefficient[position])
    return found
