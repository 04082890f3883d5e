"""Which inputs contradict each other when a program that ought to have a plan has none.

A case that keeps the rules of its tables always has one: do nothing. Nothing built, run, imported, traded, bought,
trained or hired; staff only leave; stocks stay at `initial_t`, which is at most `max_t`; the shortfall is the whole
demand, which the steps of the loss cover, since the last of them ends at 1. Every other right-hand side and bound is
0 or more on the side that matters. Only a risk limit (goal `target`) can be out of reach, and
`planner.solving.diagnose` explains that.

Two things are left: a case that was changed in Python past those rules, and figures so far apart that a contradiction
is mere rounding. The solver finds the first (an irreducible infeasible subset: Chinneck, Feasibility and Infeasibility
in Optimization, 2008, ch. 6), and none of the second.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.formulation.index_sets import Scope
from planner.solving.highs import Solver
from planner.solving.input_names import in_inputs
from planner.solving.program import Program, Vector

TIME_LIMIT = 60.0
"""Seconds for each run of the solver."""
LISTED = 20
FAR_APART = (
    "the solver finds no plan, yet no inputs contradict each other by more than rounding: figures lie too far "
    "apart to compute with; see the warnings of `planner check`, far-off first"
)
CONTRADICTION = "no plan meets all constraints. These contradict each other, and without any one of them they would not:"


def reasons_of(scope: Scope, program: Program, upper: Vector) -> list[str]:
    """Reasons why a program without a risk limit has no plan, in the names of the inputs.

    upper: bounds of the columns (n) as they were when it was found to have none.
    """
    rows, columns = Solver(replace(program, upper=upper), time_limit=TIME_LIMIT).contradiction()
    if not rows and not columns:
        return [FAR_APART]
    keys = [program.rows[row] for row in rows]
    for column in columns:
        if _says_something(program, upper, column):
            keys.append(program.columns[column])
    named = list(dict.fromkeys(in_inputs(scope, key) for key in keys))
    lines = [f"  {name}" for name in named[:LISTED]]
    if len(named) > LISTED:
        lines.append(f"  and {len(named) - LISTED} more")
    return [CONTRADICTION, *lines]


def _says_something(program: Program, upper: Vector, column: int) -> bool:
    """A bound that comes from an input; that a quantity is not negative goes without saying."""
    return bool(np.isfinite(upper[column])) or bool(program.lower[column] not in (0.0, -np.inf))
