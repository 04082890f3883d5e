"""`planner study run FILE`, and `planner study status|retry|report|open DIR`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from planner.api.studies import FolderStatus, default_out, open_point, retry_study, study, study_report, study_status
from planner.cli.console import command_app, err, exit_codes, say, shown_progress
from planner.errors import InfeasibleError, PlannerError, StoppedError
from planner.results.plan import Status
from planner.results.study import AGREEMENT, OPTIMAL, Agreement, FrontierResults, StudyStatus

EVERY = 10.0
"""Seconds between lines where there is no terminal."""
MOST_SHOWN = 20

app = command_app()

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Study folder.", show_default=False)]
WorkerCount = Annotated[
    int | None, typer.Option(min=1, max=1_000, help="Worker processes on this machine. Default: 1.")
]
Scheduler = Annotated[
    str, typer.Option(help="Address of a dask scheduler instead, one that you trust, e.g. tcp://host:8786.")
]


@app.callback()
def _group() -> None:
    """Many variants of a case: run, status, retry, report, open."""


@app.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Study file (TOML).", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Study folder. Default: reports/studies/NAME.")] = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = "",
) -> None:
    """Run many variants of a case. A study that was stopped goes on with the same command; no point is run twice."""
    bar = StudyBar(err)
    with exit_codes(bar.kept):
        with bar:
            found = study(file, out, workers, scheduler, bar)
        if isinstance(found, FrontierResults):
            folder = out or default_out(file)
            say(f"{len(found.table)} breakpoints: {folder}/frontier.csv, report.html")
            _say_former(folder, found.former)
        else:
            _close(found)


@app.command()
def status(folder: Folder) -> None:
    """How far a study is, and what of it has no optimum; while it runs, too."""
    with exit_codes():
        found = study_status(folder)
        of = found.status
        say(f"{of.done:,} of {of.total:,} points: {_counts(of) or 'none'}; {of.seconds:.0f} s of work")
        say(f"{of.checked} of {of.to_check} checks")
        for name, ended, message in found.bad[:MOST_SHOWN]:
            say(f"  {name}  {ended}  {message.splitlines()[0] if message else ''}")
        if len(found.bad) > MOST_SHOWN:
            say(f"  and {len(found.bad) - MOST_SHOWN} more without an optimum")
        _say_agreement(found.agreement)


@app.command()
def retry(folder: Folder, workers: WorkerCount = None, scheduler: Scheduler = "") -> None:
    """Run points again that crashed, ran out of time or were not proven, and what is missing."""
    bar = StudyBar(err)
    with exit_codes(bar.kept):
        with bar:
            found = retry_study(folder, workers, scheduler, bar)
        _close(found)


@app.command()
def report(
    folder: Folder,
    plan: Annotated[
        list[Path] | None,
        typer.Option("--plan", metavar="RUN", help="Hold the plan of this run fixed at every point."),
    ] = None,
) -> None:
    """Write report.html and tables/*.csv of a study, finished or running."""
    with exit_codes():
        with shown_progress() as progress:
            progress("writing the report")
            page = study_report(folder, plan or (), progress)
        say(f"{page}, tables/" if (folder / "tables").is_dir() else f"{page}")


@app.command("open")
def open_one(
    folder: Folder,
    point: Annotated[str, typer.Argument(metavar="POINT", help="Row of the design, or how the point's name begins.")],
    out: Annotated[Path | None, typer.Option("--out", help="Run folder. Default: reports/CASE-POINT-MODEL.")] = None,
) -> None:
    """Solve one point of a study into a run folder like any other: to report, explain, compare."""
    with exit_codes():
        with shown_progress() as progress:
            plan, target, gap = open_point(folder, point, out, progress)
        say(f"{target}: {plan.status}")
        if plan.tables:
            say(f"Risk {plan.summary['risk_musd']:,.0f} MUSD, cost {plan.summary['cost_musd']:,.0f} MUSD")
        if gap > AGREEMENT:
            say(f"These are not the study's: relative difference {gap:.1e}")
    raise typer.Exit(plan.status.exit_code)


def _close(found: FolderStatus) -> None:
    """Say how a study ended. Raises PlannerError if no point of it has an optimum, or if points failed."""
    say(f"{found.status.done:,} of {found.status.total:,} points: {_counts(found.status)}")
    if found.status.reused:
        say(f"Reused      {found.status.reused:,} points had been run in this folder for a former study")
    _say_former(found.folder, found.status.former)
    _say_agreement(found.agreement)
    results = next(name for name in ("frontier.csv", "results.parquet") if (found.folder / name).exists())
    say(f"Results     {found.folder}/{results}")
    say(f"Report      planner study report {found.folder}")
    if error := _failed(found):
        raise error


def _say_former(folder: Path, former: str) -> None:
    if former:
        say(f"Kept        the former study, which has results that are not in this one: {folder}/{former}")


def _failed(found: FolderStatus) -> PlannerError | None:
    """The error of a study in which points failed; that a point has no plan which meets the goal is an answer."""
    counts = found.status.statuses
    failed = {status: n for status, n in counts.items() if status not in (OPTIMAL, Status.INFEASIBLE)}
    if counts[OPTIMAL] and not failed:
        return None
    _, ended, message = next(point for point in found.bad if not failed or point[1] in failed)
    if not failed:
        return InfeasibleError([f"no point has an optimum; the first ended as {ended}: {message}"])
    bad = sum(failed.values())
    told = f"{bad:,} of {found.status.total:,} points failed" if counts[OPTIMAL] else "no point has an optimum"
    of_input = set(failed) == {"bad_input"}
    remedy = "" if of_input else f"; `planner study retry {found.folder}` tries again what may end otherwise"
    told = f"{told}; the first ended as {ended}: {message}{remedy}"
    return PlannerError(told) if of_input else StoppedError(told)


def _counts(of: StudyStatus) -> str:
    return ", ".join(f"{count:,} {ended}" for ended, count in sorted(of.statuses.items()))


def _say_agreement(of: Agreement) -> None:
    if of.points:
        verdict = "agree" if of.holds else "DO NOT AGREE"
        say(f"Checks      {of.points} points solved again from nothing {verdict}: relative difference {of.worst:.1e}")


class StudyBar:
    """Told how far a study is; shows it."""

    def __init__(self, console: Console) -> None:
        self._console, self._said = console, perf_counter()
        self._last: StudyStatus | None = None
        note = TextColumn("{task.fields[note]}")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), note, TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("points", total=None, note="")

    def __enter__(self) -> StudyBar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, status: StudyStatus) -> None:
        """Show how far the study is."""
        if self._last is None:  # what was there before says nothing of the time that is left
            self._bar.reset(self._task, total=status.total, completed=status.done)
        self._last = status
        bad, checking = status.done - status.statuses[OPTIMAL], status.done == status.total
        note = f", {bad} without optimum" if bad else ""
        self._bar.update(
            self._task,
            description="checks" if checking else "points",
            total=status.to_check if checking else status.total,
            completed=status.checked if checking else status.done,
            note=note,
        )
        if not self._console.is_terminal and perf_counter() - self._said > EVERY:
            self._said, left = perf_counter(), self._bar.tasks[0].time_remaining
            told = f"{status.done} of {status.total} points, {status.checked} checked{note}"
            told += f", {timedelta(seconds=round(left))} left" if left else ""
            self._console.print(told, style="dim")

    def kept(self) -> str:
        """What there is if the study is stopped now."""
        if self._last is None:
            return "nothing was written"
        return f"{self._last.done:,} of {self._last.total:,} points are kept; the same command goes on"
