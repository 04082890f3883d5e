"""Reports and investment cases of runs, written by a process of their own: what they take of memory goes with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

import planner
from planner.parallel import ProcessWorkers
from planner.reporting.pages.business_case import business_case_page
from planner.reporting.pages.run import write_page, write_report_workbook
from planner.results.store import read_run, refresh_pages

REPORTS = {"report.html": write_page, "report.xlsx": write_report_workbook}
"""What writes each form of a report that is asked for, by its file name."""


def write_report(run: Path, name: str) -> None:
    """Write one form of the report of a run folder."""
    plan = read_run(run)
    refresh_pages(run, partial(REPORTS[name], plan))


def write_investment_case(run: Path, project: str) -> None:
    """Write the investment case of a plant."""
    plan = read_run(run)
    found = planner.business_case(plan, project)
    page = business_case_page(found, plan.case).encode()
    refresh_pages(run, partial(_put, page, case_page(project)))


def case_page(project: str) -> str:
    """The file name of an investment case."""
    return f"project-{project}.html"


def _put(page: bytes, name: str, target: Path) -> None:
    (target / name).write_bytes(page)


class CaseWriter:
    """Has one page after the other written; the process ends with each, and with this one."""

    def __init__(self) -> None:
        self._one = Lock()
        self._process: ProcessWorkers | None = None
        self._closed = False

    def report(self, run: Path, name: str) -> None:
        """Have one form of the report of a run folder written. Raises PlannerError."""
        self._have(write_report, run, name)

    def investment_case(self, run: Path, project: str) -> None:
        """Have the investment case of a plant written. Raises PlannerError."""
        self._have(write_investment_case, run, project)

    def close(self) -> None:
        """End what is being written; nothing is written any more."""
        self._closed = True
        process = self._process
        if process is not None:
            process.shutdown()

    def _have(self, write: Callable[[Path, str], None], run: Path, what: str) -> None:
        """Have a process write a page, and end it; nothing is done if the writer is closed."""
        with self._one, suppress(CancelledError), ProcessWorkers() as process:
            self._process = process
            # Looked at once `close` can reach the process: looked at before, what it misses would be written to the end.
            if not self._closed:
                process.submit(write, run, what).result()
