"""A warm answer is one of the plans that are equally good: every figure of it lies in its range over all of them.

And a session that is cancelled while its program is written holds the case before.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest

import planner
from benchmarks.changes import CHANGES
from planner.data.case import Case
from planner.errors import StoppedError
from planner.solving.goals import Outcome, silent
from planner.solving.highs import Solver
from planner.solving.live_program import LiveProgram
from planner.solving.program import Program, Vector
from planner.solving.program_writer import Writer, program_of
from tests.oracle.agreement import flat
from tests.oracle.random_case import write_random_case

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
CRITERIA = ("risk", "cost", "expected_loss")
WITHIN = 1e-5
"""What figures may lie outside their range, relative and absolute: the criteria are held to 1e-7 and no closer."""


def figures_of(program: Program) -> dict[str, Vector]:
    """Weights (n) of what a reader looks at: new capacity of each plant, shortfall of each good, and in
    all stock that is bought, staff that is hired, seats that are added and feed that is mined."""
    found: dict[str, Vector] = {}
    for j, (name, index) in enumerate(program.columns):
        if name == "build":
            key = f"{name} {index[0]}"
        elif name == "shortfall":
            key = f"{name} {index[:3]}"
        elif name in ("bought", "hired", "new_seats", "mined"):
            key = name
        else:
            continue
        found.setdefault(key, np.zeros(len(program.columns)))[j] = 1.0
    return found


def outside(
    case: Case, warm: LiveProgram, outcome: Outcome
) -> dict[str, tuple[float, float, float]]:
    """Figures of a warm answer that no plan as good as the cold one has: least, value, most."""
    program = program_of(case)
    cold = LiveProgram(case).solve(silent)
    held = {name: cold.last.x[program.column[name, None]] for name in CRITERIA}
    keys = list(figures_of(program).items())
    wide = program.with_columns([("figure", i) for i in range(len(keys))], lower=-np.inf)
    rows = [dict(zip(np.flatnonzero(w).tolist(), w[w != 0].tolist(), strict=True)) for _, w in keys]
    first = len(program.columns)
    terms = [row | {first + i: -1.0} for i, row in enumerate(rows)]
    # The negative of each figure, too: what is minimised is a column.
    wide = wide.with_rows([("is", i) for i in range(len(keys))], terms, 0.0, 0.0)
    wide = wide.with_columns([("less", i) for i in range(len(keys))], lower=-np.inf)
    less = first + len(keys)
    wide = wide.with_rows(
        [("negative", i) for i in range(len(keys))],
        [{first + i: 1.0, less + i: 1.0} for i in range(len(keys))],
        0.0,
        0.0,
    )
    solver = Solver(wide)
    for name, value in held.items():
        solver.bound(wide.column[name, None], value + 1e-7 * (1 + abs(value)))
    values = dict(zip(warm.program.columns, outcome.last.x.tolist(), strict=True))
    found = {}
    for i, (name, weights) in enumerate(keys):
        low = solver.minimise(first + i).x[first + i]
        high = -solver.minimise(less + i).x[less + i]
        here = sum(values.get(program.columns[j], 0.0) for j in np.flatnonzero(weights).tolist())
        room = WITHIN * (1 + abs(low) + abs(high))
        if not low - room <= here <= high + room:
            found[name] = (low, here, high)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "budgets x 0.5",
        "new capacity x 1.2",
        "without the lever stockpile",
        "lead time +1 year",
        "tail 0.8",
    ],
)
def test_every_figure_of_a_warm_answer_is_that_of_some_plan_as_good_as_the_cold_one(
    name: str,
) -> None:
    case = planner.load(STARTER)
    session = LiveProgram(case)
    session.solve(silent)
    changed = CHANGES[name].of(case)
    session.update(changed)
    assert outside(changed, session, session.solve(silent)) == {}


@pytest.mark.parametrize("seed", [901, 902, 903])
def test_so_it_is_in_random_cases(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "case"
    case = planner.load(folder, overrides=flat(write_random_case(folder, seed)))
    session = LiveProgram(case)
    session.solve(silent)
    changed = CHANGES["budgets x 0.5"].of(case)
    session.update(changed)
    outcome = session.solve(silent)
    assert outcome.has_plan
    assert outside(changed, session, outcome) == {}


def test_a_cancel_while_the_program_is_written_ends_it_and_the_case_before_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = planner.load(STARTER)
    session = planner.Session(case)
    before = session.figures()
    begun, write = Event(), Writer.program

    def cancelled_meanwhile(self: Writer) -> Program:
        begun.set()
        session.cancel()
        return write(self)

    monkeypatch.setattr(Writer, "program", cancelled_meanwhile)
    with pytest.raises(StoppedError, match="cancelled"):
        session.figures(CHANGES["lead time +1 year"].of(case))
    assert begun.is_set()
    assert session.case is case
    assert session.figures() == pytest.approx(before, rel=1e-9)
