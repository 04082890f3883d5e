"""Studies: run one, go on with it, look how far it is, write its pages; a frontier is a study of its own kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.errors import Fault, InputError
from planner.reporting.pages.study import frontier_page, write_page, write_report
from planner.results.study import Agreement, FrontierResults, StudyStatus
from planner.solving.solve import Progress, silent
from planner.studies.analysis import analyse
from planner.studies.cluster import on_scheduler
from planner.studies.file import Frontier, read_study
from planner.studies.fixed_plan import hold, read_plans
from planner.studies.frontier import is_frontier, read_frontier, run_frontier
from planner.studies.run import Engine, local, retry, study
from planner.studies.status import agreement_of, status_of

Tell = Callable[[StudyStatus], None]


@dataclass(frozen=True)
class FolderStatus:
    """How far the study of a folder is. bad: (point, status, message) of what has no optimum. agreement: of the points
    that were solved again from nothing."""

    folder: Path
    status: StudyStatus
    bad: tuple[tuple[str, str, str], ...]
    agreement: Agreement


def run_study(
    path: str | Path,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str = "",
    tell: Tell = lambda _: None,
    progress: Progress = silent,
) -> FolderStatus | FrontierResults:
    """Run a study file into a folder (default: reports/studies/NAME), or trace its frontier and write its page.

    workers: processes on this machine, 1 if left out. scheduler: address of a dask scheduler instead. tell: called with
    how far it is; progress: with each step of a frontier in words. What the folder holds already is not run again.
    Raises InputError, RunFolderError, StoppedError.
    """
    path = Path(path)
    out = default_out(path) if out is None else Path(out)
    asked = read_study(path)
    if isinstance(asked.design, Frontier):
        for option in [*(["--workers"] if workers is not None else []), *(["--scheduler"] if scheduler else [])]:
            told = "does not apply to a frontier, which is traced in this process"
            raise InputError([Fault(path.name, 0, option, told, remedy="leave it out")])
        found = run_frontier(asked, path.name, path.parent, out, progress)
        write_page(frontier_page(found), out)
        return found
    study(path, out, engine(workers, scheduler), tell)
    return study_status(out)


def retry_study(
    folder: str | Path, workers: int | None = None, scheduler: str = "", tell: Tell = lambda _: None
) -> FolderStatus:
    """Run points again that crashed, ran out of time or were not proven, and what is missing.

    Raises InputError, RunFolderError, StoppedError.
    """
    _refuse_frontier(Path(folder), "is traced in one go, so no point of it can be tried again")
    retry(folder, engine(workers, scheduler), tell)
    return study_status(folder)


def study_status(folder: str | Path) -> FolderStatus:
    """How far a study is; while it runs, too. Raises RunFolderError, or InputError for a frontier."""
    folder = Path(folder)
    _refuse_frontier(folder, "has no points; it is finished when it is there")
    status, bad = status_of(folder)
    return FolderStatus(folder, status, tuple(bad), agreement_of(folder))


def study_report(folder: str | Path, plans: Sequence[str | Path] = (), progress: Progress = silent) -> Path:
    """Write report.html, and tables/*.csv of a study that has points, finished or running. Returns the page.

    plans: run folders whose plans are held fixed at every point. Raises InputError, RunFolderError, StoppedError.
    """
    folder = Path(folder)
    if is_frontier(folder):
        if plans:
            _refuse_frontier(folder, "has no points at which a plan could be held fixed", "leave --plan out")
        write_page(frontier_page(read_frontier(folder)), folder)
    else:
        given = read_plans([Path(plan) for plan in plans])
        write_report(analyse(folder, hold(folder, given, progress) if given else None), folder)
    return folder / "report.html"


def default_out(path: Path) -> Path:
    """reports/studies/NAME."""
    return Path("reports") / "studies" / path.stem


def engine(workers: int | None, scheduler: str) -> Engine:
    """Where points are solved. Raises InputError if both are given."""
    if scheduler and workers is not None:
        told = "does not apply beside --scheduler, which has workers of its own"
        raise InputError([Fault("planner study", 0, "--workers", told, remedy="leave one of the two out")])
    return on_scheduler(scheduler) if scheduler else local(workers or 1)


def _refuse_frontier(folder: Path, told: str, remedy: str = "run its study file again to trace it anew") -> None:
    if is_frontier(folder):
        raise InputError([Fault(str(folder), 0, "", f"is a frontier and {told}", remedy=remedy)])
