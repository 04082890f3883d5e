"""Reports and investment cases of runs, written by a process of their own: what they take of memory goes with it."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

from planner.api.investment_cases import business_case_into
from planner.parallel import ProcessWorkers
from planner.reporting.pages.run import write_page_and_workbook
from planner.results.store import read_run, refresh_pages


def write_pages(run: Path, project: str = "") -> None:
    """Write page and workbook of a run folder, or the investment case of a plant of it."""
    if project:
        business_case_into(run, [project])
    else:
        plan = read_run(run)
        refresh_pages(run, partial(write_page_and_workbook, plan))


class CaseWriter:
    """Has the pages of one run after the other written; the process ends with each, and with this one."""

    def __init__(self) -> None:
        self._one = Lock()
        self._process: ProcessWorkers | None = None
        self._closed = False

    def write(self, run: Path, project: str = "") -> None:
        """Have the report of a run folder written, or the investment case of a plant. Nothing is done if the writer is
        closed. Raises PlannerError."""
        with self._one, suppress(CancelledError), ProcessWorkers() as process:
            self._process = process
            # Looked at once `close` can reach the process: looked at before, what it misses would be written to the end.
            if not self._closed:
                process.submit(write_pages, run, project).result()

    def close(self) -> None:
        """End what is being written; nothing is written any more."""
        self._closed = True
        process = self._process
        if process is not None:
            process.shutdown()
