"""`planner study`: run a study file; `planner study status|retry|report DIR`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import command_app, err, exit_codes, say
from planner.errors import Fault, InputError
from planner.studies.file import Frontier, read_study
from planner.studies.progress import Bar
from planner.studies.run import local, retry, study
from planner.studies.status import AGREEMENT, StudyStatus, status_of, worst_check
from planner.studies.store import RESULTS

ACTIONS = ("status", "retry", "report")


app = command_app()


@app.command()
def run(
    what: Annotated[str, typer.Argument(help="Study file (TOML), or status, retry or report.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Argument(help="Study folder, for status, retry and report.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Study folder. Default: reports/studies/NAME.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes on this machine.")] = 1,
    scheduler: Annotated[str, typer.Option(help="Address of a dask scheduler instead, e.g. tcp://host:8786.")] = "",
    plan: Annotated[
        list[Path] | None,
        typer.Option("--plan", metavar="RUN", help="For report: hold the plan of this run fixed at every point."),
    ] = None,
) -> None:
    """Run many variants of a case. A study that was stopped goes on with the same command; no point is run twice."""
    with exit_codes():
        if what not in ACTIONS:
            _run(Path(what), out or Path("reports") / "studies" / Path(what).stem, workers, scheduler)
            return
        if folder is None:
            raise InputError([Fault("planner study", 0, what, "needs the study folder")])
        if what == "status":
            _status(folder)
        elif what == "report":
            _apart("planner.reporting.pages.study", str(folder), *map(str, plan or ()))
        elif scheduler:
            _apart("planner.studies.cluster", "retry", str(folder), scheduler)
        else:
            with Bar(err) as bar:
                status = retry(folder, local(workers), bar)
            _close(status, folder)


def _run(path: Path, out: Path, workers: int, scheduler: str) -> None:
    if isinstance(read_study(path).design, Frontier):
        _apart("planner.studies.frontier_run", str(path), str(out))
        return
    if scheduler:
        _apart("planner.studies.cluster", str(path), str(out), scheduler)
        status, _ = status_of(out)
    else:
        with Bar(err) as bar:
            status = study(path, out, local(workers), bar)
    _close(status, out)


def _apart(module: str, *arguments: str) -> None:
    """Run a module in a process of its own: its libraries take seconds to import; `planner solve` need not pay.

    Its standard input is a pipe that closes when this process ends, however it ends.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603  our own module
        code = process.wait()
    if code:
        raise typer.Exit(code)


def _close(status: StudyStatus, out: Path) -> None:
    counts = ", ".join(f"{count:,} {ended}" for ended, count in sorted(status.statuses.items()))
    say(f"{status.done:,} of {status.total:,} points: {counts}")
    _say_checks(out)
    say(f"Results     {out}/{RESULTS}")
    say(f"Report      planner study report {out}")


def _say_checks(out: Path) -> None:
    compared, worst = worst_check(out)
    if compared:
        verdict = "agree" if worst <= AGREEMENT else "DO NOT AGREE"
        say(f"Checks      {compared} points solved again from nothing {verdict}: relative difference {worst:.1e}")


def _status(folder: Path) -> None:
    status, bad = status_of(folder)
    counts = ", ".join(f"{count:,} {ended}" for ended, count in sorted(status.statuses.items())) or "none"
    say(f"{status.done:,} of {status.total:,} points: {counts}; {status.seconds:.0f} s of work")
    say(f"{status.checked} of {status.to_check} checks")
    for name, ended, message in bad[:20]:
        say(f"  {name}  {ended}  {message.splitlines()[0] if message else ''}")
    if len(bad) > 20:
        say(f"  and {len(bad) - 20} more without an optimum")
    _say_checks(folder)
