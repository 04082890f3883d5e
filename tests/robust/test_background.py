"""The second process beside a command: answers, errors, its own death, and that of the command."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.host import cores
from planner.parallel import Background
from planner.reporting.pages.run import Report, report_of
from planner.reporting.run_view import RunView
from tests.cases import LONG, write_case
from tests.robust.conftest import STARTER, content
from tests.studies.processes import alive

needs_two = pytest.mark.skipif(cores() < 2, reason="on one core there is no second process")


@needs_two
def test_answers_come_from_the_other_process_in_any_order_or_not_at_all() -> None:
    with Background() as other:
        first, second, _, third = (
            other(os.getpid),
            other(os.getpid),
            other(math.sqrt, 2.25),
            other(math.sqrt, 9.0),
        )
        assert third() == 3.0
        assert first() == second() != os.getpid()
        assert third() == 3.0


def test_without_a_second_process_the_task_is_done_here() -> None:
    with Background(wanted=False) as other:
        assert other(os.getpid)() == os.getpid()


@pytest.mark.parametrize("wanted", [True, False])
def test_errors_are_raised_where_the_answer_is_asked_for(wanted: bool) -> None:
    with Background(wanted) as other:
        task = other(math.sqrt, -1.0)
        with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
            task()


def test_what_a_killed_process_cannot_do_is_done_here() -> None:
    with Background() as other:
        killed = other(_die_unless, os.getpid())
        assert killed() == os.getpid()
        assert other(os.getpid)() == os.getpid()


def _die_unless(parent: int) -> int:
    if os.getpid() != parent:
        os.kill(os.getpid(), 9)
    return os.getpid()


@needs_two
def test_the_other_process_ends_with_the_command(tmp_path: Path) -> None:
    program = tmp_path / "command.py"
    program.write_text(
        "import os, time\n"
        "from planner.parallel import Background\n"
        "if __name__ == '__main__':\n"
        "    with Background() as other:\n"
        "        print(other(os.getpid)(), flush=True)\n"
        "        time.sleep(60)\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        child = int(command.stdout.readline())
        command.kill()
    deadline = time.monotonic() + 20
    while alive(child):
        assert time.monotonic() < deadline, "the second process outlived the command"
        time.sleep(0.05)


def test_a_run_solved_with_a_second_process_is_the_same_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And each process makes the report that both pages are of at most once."""
    made: list[RunView] = []

    def counted(run: RunView) -> Report:
        made.append(run)
        return report_of(run)

    monkeypatch.setattr("planner.reporting.pages.run.report_of", counted)
    case = STARTER if LONG else write_case(tmp_path / "case")
    alone, together = tmp_path / "alone", tmp_path / "together"
    for large, folder in ((math.inf, alone), (0, together)):
        monkeypatch.setattr("planner.api.plans.LARGE", large)
        result = CliRunner().invoke(app, ["solve", str(case), "--out", str(folder)])
        assert result.exit_code == 0, result.output
        assert len(made) == 1
        made.clear()
    assert content(alone) == content(together)
