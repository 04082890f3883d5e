"""`planner study run FILE`, `planner study status|retry|report|open DIR`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

import planner
from planner.api.studies import retry_study, study, study_status
from planner.cli.console import Force, command_app, err, exit_codes, say
from planner.errors import Fault, InfeasibleError, InputError, PlannerError, StoppedError
from planner.parallel import Workers
from planner.reporting.words.sentences import worded_lines
from planner.results.plan import Status
from planner.results.study import OPTIMAL, RESULTS, StudyStatus

EVERY = 10.0
"""Seconds between lines where there is no terminal."""
MOST_SHOWN = 20

LATE = ("report", "open")
"""Commands of a module of their own, which is loaded when one of them is chosen."""


class StudyCommands(TyperGroup):
    """The group of all commands on studies."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of their use."""
        return [*self.commands, *LATE]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, its module imported now."""
        if cmd_name not in LATE:
            return super().get_command(ctx, cmd_name)
        late: Any = typer.main.get_command(import_module("planner.cli.study_reports").app)
        return late.commands[cmd_name]


app, study_app = command_app(), command_app()
app.add_typer(study_app, name="study", cls=StudyCommands)

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
    """Many variants of a case: run, status, retry, report, open."""


@study_app.command()
def run(
    file: StudyPath,
    out: StudyOut = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = "",
    force: Force = False,
) -> None:
    """Run many variants of a case. A study that was stopped goes on with the same command; a point that has a result is not run again."""
    bar = StudyBar(err)
    with exit_codes(bar.kept):
        with _working(workers, scheduler) as who, bar:
            found = study(file, out, who, bar, force=force)
        _say_end(found.status)


@study_app.command()
def status(folder: Folder) -> None:
    """How far a study is, and which points have no optimum."""
    with exit_codes():
        found = study_status(folder)
        for line in worded_lines("screen_study.j2", "study_status", found=found, most=MOST_SHOWN):
            say(line)


@study_app.command()
def retry(folder: Folder, workers: WorkerCount = None, scheduler: Scheduler = "") -> None:
    """Run missing points, and those that failed, again."""
    bar = StudyBar(err)
    with exit_codes(bar.kept):
        with _working(workers, scheduler) as who, bar:
            found = retry_study(folder, who, bar)
        _say_end(found)


def _working(
    workers: int | None, scheduler: str
) -> AbstractContextManager[int] | AbstractContextManager[Workers]:
    """Those who solve points: processes of this machine, or the workers of a scheduler. Raises InputError if both are
    given."""
    if scheduler and workers is not None:
        told = "does not apply beside --scheduler, which has workers of its own"
        remedy = "leave one of the two out"
        raise InputError([Fault("planner study", 0, "--workers", told, remedy=remedy)])
    return planner.on_scheduler(scheduler) if scheduler else nullcontext(workers or 1)


def _say_end(found: StudyStatus) -> None:
    """Say how a study ended. Raises PlannerError if no point of it has an optimum, or if points failed."""
    has_frontier = (found.folder / "frontier.csv").exists()
    results = "frontier.csv" if has_frontier else RESULTS
    for line in worded_lines("screen_study.j2", "study_run", found=found, results=results):
        say(line)
    _raise_if_failed(found)


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
    remedy = f"`planner study retry {found.folder}` tries again what may end otherwise"
    raise StoppedError(f"{message}; {remedy}")


class StudyBar:
    """Shows how far a study is, whenever it is message."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = perf_counter()
        self._last: StudyStatus | None = None
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("points", total=None, note="")

    def __enter__(self) -> StudyBar:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, status: StudyStatus) -> None:
        """Show how far the study is."""
        if self._last is None:  # what was there before says nothing of the time that is left
            self._bar.reset(self._task, total=status.total, completed=status.done)
        self._last = status
        bad = status.done - status.statuses[OPTIMAL]
        note = f", {bad} without optimum" if bad else ""
        self._bar.update(self._task, total=status.total, completed=status.done, note=note)
        if not self._console.is_terminal and perf_counter() - self._said > EVERY:
            self._said = perf_counter()
            self._console.print(self._line(status, note), style="dim")

    def _line(self, status: StudyStatus, note: str) -> str:
        """A line where there is no terminal for a bar."""
        line = f"{status.done} of {status.total} points{note}"
        left = self._bar.tasks[0].time_remaining
        return f"{line}, {timedelta(seconds=round(left))} left" if left else line

    def kept(self) -> str:
        """The results that stay if the study is stopped now."""
        if self._last is None:
            return "nothing was written"
        return (
            f"{self._last.done:,} of {self._last.total:,} points are kept; the same command goes on"
        )
