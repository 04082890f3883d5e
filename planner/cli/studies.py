"""`planner study run FILE`, `planner study status|report|open DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from planner.api.plans import solve_into
from planner.api.studies import open_study, study
from planner.api.study_reports import study_report
from planner.cli.console import Force, ShownProgress, command_app, err, exit_codes, say, working
from planner.errors import InfeasibleError, PlannerError, StoppedError
from planner.reporting.screen import WIDTH
from planner.results.plan import Status
from planner.results.study import OPTIMAL, RESULTS, StudyStatus

MOST_SHOWN = 18

app, study_app = command_app(), command_app()
app.add_typer(study_app, name="study")

StudyPath = Annotated[
    Path, typer.Argument(metavar="FILE", help="Study file (TOML).", show_default=False)
]
StudyOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Study folder. Default: reports/studies/NAME."),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Study folder.", show_default=False)]
WorkerCount = Annotated[
    int | None,
    typer.Option(
        min=1, max=1_000, metavar="N", help="Worker processes on this machine. Default: 1."
    ),
]
Scheduler = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Address of a dask scheduler instead, one that you trust, e.g. tcp://host:8786.",
    ),
]


@study_app.callback()
def _group() -> None:
    """Many variants of a case: run, status, report, open."""


@study_app.command()
def run(
    file: StudyPath,
    out: StudyOut = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = "",
    force: Force = False,
) -> None:
    """Run many variants of a case. A study that was stopped goes on with the same command; a point that has a result is not run again."""
    bar = StudyProgress(console=err)
    with exit_codes(bar.kept):
        with working(scheduler, workers, {"--workers": workers is not None}) as who, bar:
            found = study(file, out, who or 1, bar.show, force=force)
        _say_end(found.status)


@study_app.command()
def status(folder: Folder) -> None:
    """How far a study is, and which points have no optimum."""
    with exit_codes():
        found = open_study(folder).status
        say(_counted(found))
        for name, ended, message in found.bad[:MOST_SHOWN]:
            say(f"  {name}  {ended}  {message.splitlines()[0] if message else ''}"[:WIDTH])
        if len(found.bad) > MOST_SHOWN:
            say(f"  and {len(found.bad) - MOST_SHOWN} more without an optimum")


@study_app.command()
def report(folder: Folder) -> None:
    """Write report.html and tables/*.csv of a study."""
    with exit_codes():
        with ShownProgress() as progress:
            progress("writing the report")
            page = study_report(folder)
        say(f"{page}, tables/" if (folder / "tables").is_dir() else f"{page}")


@study_app.command("open")
def open_(
    folder: Folder,
    point: Annotated[
        str,
        typer.Argument(metavar="POINT", help="Row of the design, or how the point's name begins."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Run folder. Default: reports/CASE-POINT-MODEL."),
    ] = None,
    force: Force = False,
) -> None:
    """Solve one point of a study into a run folder."""
    with exit_codes():
        with ShownProgress() as progress:
            case = open_study(folder).case_at(point)
            plan, target = solve_into(case, out, progress=progress, force=force)
        say(f"{target}: {plan.status}")
        if plan.tables:
            risk = plan.summary["risk_musd"]
            cost = plan.summary["cost_musd"]
            say(f"In-sample risk {risk:,.0f} MUSD, cost {cost:,.0f} MUSD")
    raise typer.Exit(plan.status.exit_code)


def _say_end(found: StudyStatus) -> None:
    """Say how a study ended. Raises PlannerError if no point of it has an optimum, or if points failed."""
    say(_counted(found))
    say(f"Written: {found.folder}/{RESULTS}; next: planner study report {found.folder}")
    _raise_if_failed(found)


def _counted(found: StudyStatus) -> str:
    """'8 of 10 points: 7 optimal, 1 infeasible; 12 s of work'."""
    ends = [f"{number:,} {ended}" for ended, number in sorted(found.statuses.items())]
    counted = ", ".join(ends) or "none"
    return f"{found.done:,} of {found.total:,} points: {counted}; {found.seconds:.0f} s of work"


def _raise_if_failed(found: StudyStatus) -> None:
    """Raise the error of a study in which points failed; that a point has no plan which meets the goal is an answer."""
    counts = found.statuses
    failed = {name: n for name, n in counts.items() if name not in (OPTIMAL, Status.INFEASIBLE)}
    if counts[OPTIMAL] and not failed:
        return
    _, ended, message = next(point for point in found.bad if not failed or point[1] in failed)
    first = f"the first ended as {ended}: {message}"
    if not failed:
        raise InfeasibleError([f"no point has an optimum; {first}"])
    message = f"no point has an optimum; {first}"
    if counts[OPTIMAL]:
        message = f"{sum(failed.values()):,} of {found.total:,} points failed; {first}"
    if set(failed) == {"bad_input"}:
        raise PlannerError(message)
    remedy = "the same command tries again what may end otherwise"
    raise StoppedError(f"{message}; {remedy}")


class StudyProgress(Progress):
    """A bar on a terminal, with the time that is left; and how far the study is."""

    last: StudyStatus | None = None

    def show(self, status: StudyStatus) -> None:
        """Show how far the study is."""
        self.last = status
        if not self.task_ids:
            self.add_task("points", completed=status.done)
        self.update(self.task_ids[0], total=status.total, completed=status.done)

    def kept(self) -> str:
        """The results that stay if the study is stopped now."""
        if self.last is None:
            return "nothing was written"
        return (
            f"{self.last.done:,} of {self.last.total:,} points are kept; the same command goes on"
        )
