"""A session's solve is cancelled from another thread, at once, and the session answers what is asked next."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Timer

import pytest

import planner
from benchmarks.changes import CHANGES
from planner.errors import StoppedError
from planner.solving.highs import Solver
from planner.solving.program import Program
from planner.solving.program_writer import Writer
from tests.cases import REAL

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


def test_a_solve_that_runs_in_another_thread_ends_within_half_a_second_of_work() -> None:
    session = planner.Session(planner.load(REAL))
    cancelled: list[float] = []

    def cancel() -> None:
        cancelled.append(time.process_time())
        session.cancel()

    timer = Timer(0.5, cancel)
    with ThreadPoolExecutor(1) as pool:
        timer.start()
        solve = pool.submit(session.solve)
        with pytest.raises(StoppedError, match="cancelled"):
            solve.result()
    assert time.process_time() - cancelled[0] < 2.0  # on a machine four times as slow, too


def test_nothing_begins_after_a_cancel_and_the_next_question_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = planner.Session(planner.load(STARTER))
    begun, minimise = Event(), Solver.minimise

    def cancelled_before(self: Solver, *arguments: object, **named: object) -> object:
        if not begun.is_set():
            begun.set()
            session.cancel()
        return minimise(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Solver, "minimise", cancelled_before)
    with pytest.raises(StoppedError, match="cancelled"):
        session.figures()
    assert session.solve().summary["risk_musd"] == pytest.approx(
        planner.solve(planner.load(STARTER), baseline=False).summary["risk_musd"], rel=1e-9
    )


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
