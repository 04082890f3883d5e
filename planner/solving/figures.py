"""Figures that no solver computes with: refused in the names of the inputs before anything is solved.

Each cell of a table is in bounds, but what a row of the program holds may be a product of several.
"""

from __future__ import annotations

import numpy as np

from planner.data.case import Case
from planner.data.rules import fault
from planner.errors import InputError
from planner.formulation.build import build_model
from planner.formulation.scope import Scope
from planner.solving.naming import in_inputs
from planner.solving.program import Program, compile_program

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
