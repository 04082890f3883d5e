"""`planner solve`."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import planner
from planner.api.plans import solve_into
from planner.cli import console
from planner.data.case import Case
from planner.data.difference import changes
from planner.data.warnings import warnings_of
from planner.errors import Fault, InfeasibleError, InputError, PlannerError, StoppedError
from planner.planning import Method
from planner.reporting.screen import closing_lines
from planner.results.integrity import changed_files
from planner.results.plan import Plan, Status
from planner.results.store import SUMMARY, default_folder
from planner.solving.solution import Bounds

MOST_RUNS = 100
"""Folders beside the new one that are looked at for an earlier run."""

NewFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Run folder. Default: reports/CASE-MODEL."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print summary.json instead of the closing screen.")
]
SolverSeconds = Annotated[
    float | None,
    typer.Option(
        min=0.0, metavar="SECONDS", help="Most seconds of each run of the solver, and of bounds."
    ),
]
WithBaseline = Annotated[bool, typer.Option(help="Also solve the case without levers, to compare.")]
MethodChosen = Annotated[
    Method, typer.Option(help="As one program, or scenario by scenario; auto: whichever is faster.")
]
SolveWorkers = Annotated[
    int | None,
    typer.Option(
        min=1, max=1_000, metavar="N", help="Processes that solve scenarios. Default: one per core."
    ),
]
SchedulerAddress = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Address of a dask scheduler whose workers solve scenarios, e.g. tcp://host:8786.",
    ),
]

app = console.command_app()


@app.command()
def solve(
    case: console.CasePath,
    model: console.ModelPath = None,
    overrides: console.Overrides = None,
    folder: NewFolder = None,
    as_json: AsJson = False,
    time_limit: SolverSeconds = None,
    ignore: console.Ignored = None,
    baseline: WithBaseline = True,
    method: MethodChosen = "auto",
    workers: SolveWorkers = None,
    scheduler: SchedulerAddress = "",
    force: console.Force = False,
) -> None:
    """Solve a case and write the run folder: summary, tables, report.html, report.xlsx."""
    target = _Target(folder)
    with console.exit_codes(target.state):
        _refuse_beside_scheduler(scheduler, workers, method)
        with console.shown_progress() as progress:
            progress("loading")
            loaded = console.read_case(case, model, overrides)
            console.say_warnings(warnings_of(loaded, ignore or ()))
            target.watch(folder or default_folder(loaded))
            earlier = _run_before(loaded, target.folder)
            others = planner.on_scheduler(scheduler) if scheduler else nullcontext(workers)
            with others as solving:
                plan, run = solve_into(
                    loaded,
                    folder,
                    progress=progress,
                    time_limit=time_limit,
                    baseline=baseline,
                    method="scenarios" if scheduler else method,
                    workers=solving,
                    force=force,
                )
        if as_json:
            console.say((run / SUMMARY).read_text(encoding="utf-8").rstrip())
        if earlier is not None and plan.tables:
            _say_what_moved(plan, earlier)
        _raise_unless_optimal(plan, run)
        if not as_json:
            for line in closing_lines(plan):
                console.say(line)
            console.say(f"Report      {run}/report.html, report.xlsx, tables/, summary.json")


class _Target:
    """The run folder to be written; tells after Ctrl-C whether it was put in its place before."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder or Path()
        self._before: tuple[int, int] | None = None

    def watch(self, folder: Path) -> None:
        """Remember what is at the target before anything is written."""
        self.folder = folder
        self._before = self._mark(folder)

    def state(self) -> str:
        """The state of the folder, in words."""
        now = self._mark(self.folder)
        unchanged = now is None or now == self._before
        return "nothing was written" if unchanged else f"written: {self.folder}/{SUMMARY}"

    @staticmethod
    def _mark(folder: Path) -> tuple[int, int] | None:
        try:
            found = (folder / SUMMARY).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _refuse_beside_scheduler(scheduler: str, workers: int | None, method: Method) -> None:
    if not scheduler:
        return
    for option, given in (("--workers", workers is not None), ("--method", method == "whole")):
        if given:
            said = "does not apply beside --scheduler, which has workers of its own that solve scenarios"
            remedy = "leave one of the two out"
            raise InputError([Fault("planner solve", 0, option, said, remedy=remedy)])


@dataclass(frozen=True)
class _Earlier:
    """A run of the same case from before some inputs changed."""

    folder: Path
    summary: dict[str, Any]


def _run_before(case: Case, target: Path) -> _Earlier | None:
    """The run that this one will replace, else the last one beside it of the same case; None if no input changed since.

    Says which inputs changed: a slip in a figure is seen where no rule can know it.
    """
    beside = [path for path in target.parent.glob(f"*/{SUMMARY}") if path.is_file()]
    beside.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for run in (target, *(path.parent for path in beside[:MOST_RUNS])):
        # A run that is damaged is none to compare with.
        with suppress(PlannerError, OSError, ValueError, AttributeError):
            summary = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
            is_of_case = run == target or summary.get("case") == case.name
            if not is_of_case or changed_files(run):
                continue
            if summary.get("inputs_sha256") == case.sha256:
                return None
            changed = changes(console.read_case(run), case)
            if not changed:
                return None
            console.say_changes(changed, run)
            return _Earlier(run, summary)
    return None


def _say_what_moved(plan: Plan, earlier: _Earlier) -> None:
    """Print on stderr how risk and cost moved with the inputs that changed."""
    moved = []
    for name in ("risk", "cost"):
        before = earlier.summary.get(f"{name}_musd")
        if isinstance(before, float):
            now = plan.summary[f"{name}_musd"]
            moved.append(f"{name} {before:,.4g} -> {now:,.4g} MUSD")
    if moved:
        console.say_aside(f"since {earlier.folder}: {', '.join(moved)}")


def _raise_unless_optimal(plan: Plan, run: Path) -> None:
    """Raise InfeasibleError or StoppedError for a run without an optimum."""
    written = f"written: {run}/summary.json"
    reasons = plan.summary.get("reasons", ())
    if plan.status is Status.INFEASIBLE:
        raise InfeasibleError([*reasons, written])
    if plan.status is not Status.OPTIMAL:
        parts = [f"stopped before an optimum was proven ({plan.status})"]
        for name, found in plan.summary.get("bounds", {}).items():
            parts.append(f"least {name}: {Bounds(**found)}")
        message = "; ".join([*parts, written])
        raise StoppedError(message + "".join(f"\n  {reason}" for reason in reasons))
