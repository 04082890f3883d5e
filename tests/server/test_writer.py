"""The process that writes pages of the workbench ends with it."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from planner.parallel import ProcessWorkers
from planner.server import writer
from planner.server.writer import CaseWriter


def test_a_page_that_is_asked_for_as_the_workbench_ends_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end comes while its process is made, before `close` can know of it: it wrote on, and who ended waited."""
    case_writer = CaseWriter()
    asked: list[Any] = []

    class EndsMeanwhile(ProcessWorkers):
        def __init__(self) -> None:
            super().__init__()
            case_writer.close()

        def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
            asked.append(function)
            done: Future[Any] = Future()
            done.set_result(None)
            return done

    monkeypatch.setattr(writer, "ProcessWorkers", EndsMeanwhile)
    case_writer.write(tmp_path)
    assert not asked
