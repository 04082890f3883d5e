"""Which inputs contradict each other when a program that ought to have a plan has none.

A case that keeps the rules of its tables always has one: do nothing. Nothing built, run, imported, traded, bought,
trained or hired; staff only leave; stocks stay at `initial_t`, which is at most `max_t`; the shortfall is the whole
demand, which the steps of the loss cover, since the last of them ends at 1. Every other right-hand side and bound is
0 or more on the side that matters. Only a risk limit (goal `target`) can be out of reach, and
`planner.solving.diagnose` explains that.

Two things are left: a case that was changed in Python past those rules, and figures so far apart that a contradiction
is mere rounding. For both: the elastic program finds rows and bounds that contradict each other (its duals are a
Farkas certificate), and the deletion filter leaves out one after the other until each is needed
(Chinneck, Feasibility and Infeasibility in Optimization, 2008, ch. 6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from planner.formulation.index_sets import Scope
from planner.solving.highs import Solver
from planner.solving.naming import in_inputs
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Stop

WEIGHT = 1e-9
"""Dual or reduced cost above which a row or bound takes part in a contradiction; the violations are priced 1."""
VIOLATION = 1e-7
"""Least total violation that is no rounding."""
TIME_LIMIT = 60.0
"""Seconds for each run of the solver."""
MOST_TRIED = 300
"""Rows and bounds that are left out one by one; of more, only all of one name at a time."""
LISTED = 20
TOTAL: Key = ("total_violation", None)


@dataclass(frozen=True)
class Conflict:
    """Rows and columns (whose bounds count) that contradict each other; leaving out any one leaves a plan.

    Both are empty if no contradiction above rounding was found. `size`: the least total violation of all rows.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    size: float


def reasons_of(scope: Scope, program: Program, upper: Vector) -> list[str]:
    """Why a program without a risk limit has no plan, in the names of the inputs. `upper`: bounds of the columns (n)
    as they were when it was found to have none."""
    found = conflict(program, upper)
    if not found.rows and not found.columns:
        return [
            "the solver finds no plan, yet no inputs contradict each other by more than rounding: figures lie too far "
            "apart to compute with; see the warnings of `planner check`, numerics and far-off first"
        ]
    keys = [program.rows[i] for i in found.rows]
    keys += [program.columns[j] for j in found.columns if _says_something(program, upper, j)]
    said = list(dict.fromkeys(in_inputs(scope, key) for key in keys))
    more = [f"  and {len(said) - LISTED} more"] if len(said) > LISTED else []
    return [
        "no plan meets all constraints. These contradict each other, and without any one of them they would not:",
        *(f"  {line}" for line in said[:LISTED]),
        *more,
    ]


def conflict(program: Program, upper: Vector) -> Conflict:
    """Rows and bounds that contradict each other, each of them needed for it (while they are few enough to try)."""
    program = replace(program, upper=upper)
    crossed = np.flatnonzero(program.lower > upper)
    if len(crossed):
        return Conflict((), (int(crossed[0]),), float(np.max(program.lower - upper)))
    found = _certificate(program)
    if not found.rows:
        return found
    size = found.size
    for members in _groups(program, found):
        smaller = _without(found, members)
        if smaller == found:
            continue
        left = _certificate(_part(program, smaller))
        if left.rows:
            # The certificate of the part is a smaller contradiction still.
            found = Conflict(tuple(smaller.rows[i] for i in left.rows), left.columns, size)
    return found


def _groups(program: Program, found: Conflict) -> Iterator[frozenset[tuple[str, int]]]:
    """What to leave out at a time: all of one name, then one by one where that is few."""
    by_name: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for i in found.rows:
        by_name[program.rows[i][0]].add(("row", i))
    for j in found.columns:
        by_name[program.columns[j][0]].add(("column", j))
    yield from (frozenset(by_name[name]) for name in sorted(by_name))
    single = sorted(member for members in by_name.values() for member in members)
    if len(single) <= MOST_TRIED:
        yield from (frozenset({member}) for member in single)


def _without(found: Conflict, members: frozenset[tuple[str, int]]) -> Conflict:
    return Conflict(
        tuple(i for i in found.rows if ("row", i) not in members),
        tuple(j for j in found.columns if ("column", j) not in members),
        found.size,
    )


def _part(program: Program, kept: Conflict) -> Program:
    """The program with these rows alone, and bounds on these columns alone."""
    free = np.ones(len(program.columns), dtype=bool)
    free[list(kept.columns)] = False
    lower, upper = np.where(free, -np.inf, program.lower), np.where(free, np.inf, program.upper)
    return replace(program.part(kept.rows), lower=lower, upper=upper)


def _certificate(program: Program) -> Conflict:
    """Rows and columns with a part in the least total violation of all rows: empty if that is no more than rounding."""
    m, n = program.matrix.shape
    violations: list[Key] = [("violation", j) for j in range(2 * m)]
    terms = [{i: sign} for sign in (1.0, -1.0) for i in range(m)]
    total = dict.fromkeys(range(n, n + 2 * m), -1.0) | {n + 2 * m: 1.0}
    elastic = program.with_columns([*violations, TOTAL], [*terms, {}]).with_rows([TOTAL], [total], 0.0, 0.0)
    solved = Solver(elastic, TIME_LIMIT).minimise(elastic.column[TOTAL])
    if solved.stop is not Stop.OPTIMAL or solved.x[-1] <= VIOLATION:
        return Conflict((), (), 0.0)
    duals = solved.duals[:m]
    reduced = program.matrix.T @ duals
    bounded = np.isfinite(program.lower) | np.isfinite(program.upper)
    return Conflict(
        tuple(np.flatnonzero(np.abs(duals) > WEIGHT).tolist()),
        tuple(np.flatnonzero((np.abs(reduced) > WEIGHT) & bounded).tolist()),
        float(solved.x[-1]),
    )


def _says_something(program: Program, upper: Vector, column: int) -> bool:
    """A bound that comes from an input; that a quantity is not negative goes without saying."""
    return bool(np.isfinite(upper[column])) or bool(program.lower[column] not in (0.0, -np.inf))
