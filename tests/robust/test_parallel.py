"""Processes beside a command: answers, errors, their own death, and that of the command; what they keep."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path

import pytest

from planner.errors import StoppedError, WorkerLostError
from planner.parallel import Call, KeptObject, ProcessWorkers, Workers, answers
from tests.robust.light_tasks import Counter, die_at_first
from tests.studies.processes import alive


def test_answers_and_errors_come_from_processes_that_live_on() -> None:
    with ProcessWorkers() as process:
        first, failed, second = (
            process.submit(os.getpid),
            process.submit(math.sqrt, -1.0),
            process.submit(os.getpid),
        )
        with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
            failed.result()
        assert first.result() == second.result() != os.getpid()
        child = first.result()
    assert not alive(child)


def test_processes_that_are_just_starting_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbench that was left while a page of it began to be written waited for the process to load all it needs."""
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(20)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    processes = ProcessWorkers()
    task = processes.submit(os.getpid)
    time.sleep(0.5)
    began = time.monotonic()
    processes.shutdown()
    assert time.monotonic() - began < 10
    with pytest.raises(CancelledError):
        task.result()


def test_a_process_that_dies_is_replaced_and_a_task_is_given_up_after_three(tmp_path: Path) -> None:
    with ProcessWorkers() as process:
        for deaths, lost in ((2, False), (3, True)):
            note = tmp_path / f"{deaths}"
            task = process.submit(die_at_first, note, deaths)
            if lost:
                with pytest.raises(WorkerLostError, match="died 3 times"):
                    task.result()
            else:
                assert task.result() == 2
        assert process.submit(math.sqrt, 9.0).result() == 3.0


def test_processes_that_cannot_start_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.parallel._begin", os._exit)  # which takes no connection
    with (
        ProcessWorkers() as process,
        pytest.raises(StoppedError, match="die as soon as they start"),
    ):
        process.submit(os.getpid).result()


def test_each_worker_makes_an_object_once_keeps_it_and_makes_it_again_where_it_was_lost() -> None:
    with ProcessWorkers(2) as processes:
        executors = processes.apart()
        kept = [
            KeptObject(partial(Counter, 10 * place), executors[place % 2]) for place in range(3)
        ]
        first, second, third = (_each(processes, kept, "next") for _ in range(3))
        assert first[0][0] == first[2][0] != first[1][0], "the third object is with the first"
        assert [one[1] for one in first + second + third] == [0, 10, 20, 1, 11, 21, 2, 12, 22]
        ((_, lost),) = answers(processes, {"dies": Call(kept[1], "die", ())})
        assert isinstance(lost.exception(), WorkerLostError)
        again = _each(processes, kept, "next")
        assert [one[1] for one in again] == [3, 10, 23] and again[1][0] != first[1][0]
    here = KeptObject(partial(Counter, 5), None)
    assert [_each(None, [here], "next")[0] for _ in range(2)] == [
        (os.getpid(), 5),
        (os.getpid(), 6),
    ]


def _each(workers: Workers | None, kept: list[KeptObject], method: str) -> list[tuple[int, int]]:
    calls = {place: Call(one, method, ()) for place, one in enumerate(kept)}
    found = {place: answer.result() for place, answer in answers(workers, calls)}
    return [found[place] for place in calls]


def test_processes_end_with_the_command(tmp_path: Path) -> None:
    program = tmp_path / "command.py"
    program.write_text(
        "import os, time\n"
        "from planner.parallel import ProcessWorkers\n"
        "if __name__ == '__main__':\n"
        "    with ProcessWorkers() as other:\n"
        "        print(other.submit(os.getpid).result(), flush=True)\n"
        "        other.submit(time.sleep, 60)\n"
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
        assert time.monotonic() < deadline, "the other process outlived the command"
        time.sleep(0.05)
