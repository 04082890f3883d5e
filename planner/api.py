"""What scripts use: load, solve, and a Plan that can write itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planner.config.model_file import ModelFile
from planner.data.case import Case
from planner.reporting.pages.all_forms import write_pages
from planner.results.plan import PlanValues
from planner.results.store import read_run, write_run
from planner.solving.session import Session as LiveProgram
from planner.solving.solve import Progress, silent, solve_case, solve_session


@dataclass(frozen=True)
class Plan(PlanValues):
    """A case and what was found for it.

    summary: as in summary.json (MUSD, tonnes, persons). table(name): a result table as a DataFrame.
    write(folder): the run folder with reports.
    """

    def write(self, folder: str | Path) -> Path:
        """Write the run folder, whole or not at all, reports included. Raises RunFolderError."""
        return write_run(self, Path(folder), lambda target: write_pages(self, target, every_form=False))


def solve(
    case: Case,
    model: ModelFile | None = None,
    *,
    progress: Progress = silent,
    time_limit: float | None = None,
    baseline: bool = True,
) -> Plan:
    """Solve a case under its own model file, or under `model`.

    progress: called with each step in words. time_limit: seconds per run of the solver. baseline: also solve
    the case without levers, so that the plan can be compared with doing nothing.
    The outcome is in `plan.status`; `plan.tables` is empty unless a plan was found.
    """
    found = solve_case(case if model is None else case.with_model(model), progress, time_limit, baseline)
    return Plan(found.case, found.status, found.summary, found.tables)


class Session:
    """A case kept loaded: ask again with other figures, and only what they touch is built and solved again.

    session = planner.Session(case)
    first = session.solve()
    second = session.solve(changed)      # warm; `session.rebuilt` says why if it had to start afresh
    """

    def __init__(self, case: Case, time_limit: float | None = None) -> None:
        self._live = LiveProgram(case, time_limit)

    @property
    def rebuilt(self) -> str:
        """Why the last change needed the program built again, or ''."""
        return self._live.rebuilt

    def solve(self, case: Case | None = None) -> Plan:
        """Solve the case held, or take over another one first. The plan has no `without_plan`."""
        if case is not None and case is not self._live.case:
            self._live.update(case)
        found = solve_session(self._live)
        return Plan(found.case, found.status, found.summary, found.tables)


def open_run(folder: str | Path) -> Plan:
    """A plan from a run folder. Raises RunFolderError."""
    found = read_run(folder)
    return Plan(found.case, found.status, found.summary, found.tables)
