"""Reports and investment cases of runs, written by a process of their own: what they take of memory goes with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

import planner
from planner.errors import RunFolderError
from planner.parallel import ProcessWorkers
from planner.reporting.pages.business_case import business_case_page
from planner.reporting.pages.run import write_page, write_report_workbook
from planner.results.store import read_run, refresh_pages

TERM = re.compile(r"-(\w+)-(\d[\d.]*(?:e[+-]?\d+)?)")
TERMS = re.compile(f"(?:{TERM.pattern})*")
"""A term with its value in the name of a file, and all of them."""
REPORTS = {"report.html": write_page, "report.xlsx": write_report_workbook}
"""What writes each form of a report that is asked for, by its file name."""


def write_report(run: Path, name: str) -> None:
    """Write one form of the report of a run folder."""
    plan = read_run(run)
    refresh_pages(run, partial(REPORTS[name], plan))


def write_investment_case(run: Path, name: str) -> None:
    """Write the investment case that a file name asks for. Raises RunFolderError for a name that asks for none."""
    plan = read_run(run)
    asked = [(project, terms_in(name, project)) for project in plan.case.projects]
    for project, terms in asked:
        if terms is not None:
            found = planner.business_case(plan, project, terms=terms)
            page = business_case_page(found, plan.case).encode()
            refresh_pages(run, partial(_put, page, name))
            return
    raise RunFolderError(f"{name!r} is no investment case of {run.name}")


def case_page(project: str, terms: Mapping[str, float] | None = None) -> str:
    """The file name of an investment case, on other terms than the case states.

    >>> case_page("carina", {"grant": 0.3})
    'project-carina-grant-0.3.html'
    """
    others = "".join(f"-{term}-{value:g}" for term, value in (terms or {}).items())
    return f"project-{project}{others}.html"


def terms_in(name: str, project: str) -> dict[str, float] | None:
    """The terms in the file name of an investment case of a plant; None for any other name.

    >>> terms_in("project-carina-grant-0.3.html", "carina")
    {'grant': 0.3}
    """
    front, end = f"project-{project}", ".html"
    others = name.removeprefix(front).removesuffix(end)
    if name != f"{front}{others}{end}" or not TERMS.fullmatch(others):
        return None
    return {term: float(value) for term, value in TERM.findall(others)}


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

    def investment_case(self, run: Path, name: str) -> None:
        """Have the investment case that a file name asks for written. Raises PlannerError."""
        self._have(write_investment_case, run, name)

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
