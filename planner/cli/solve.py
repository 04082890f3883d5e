"""`planner solve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import solve_into
from planner.cli import console
from planner.data.warnings import warnings_of
from planner.errors import InfeasibleError, StoppedError
from planner.planning import Method
from planner.reporting.screen import solve_screen
from planner.results.plan import Plan, Status
from planner.results.store import SUMMARY
from planner.solving.solution import Bounds

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
    written = "nothing was written"
    with console.exit_codes(lambda: written):
        given = {"--workers": workers is not None, "--method": method == "whole"}
        others = console.working(scheduler, workers, given)
        with console.ShownProgress() as progress:
            progress("loading")
            loaded = console.read_case(case, model, overrides)
            console.say_warning_count(warnings_of(loaded, ignore or ()), case)
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
        written = f"written: {run}/{SUMMARY}"
        if as_json:
            console.say((run / SUMMARY).read_text(encoding="utf-8").rstrip())
        _raise_unless_optimal(plan, written)
        if not as_json:
            files = f"Written: {run}/report.html, report.xlsx, tables/, summary.json"
            console.show(solve_screen(plan, files))


def _raise_unless_optimal(plan: Plan, written: str) -> None:
    """Raise InfeasibleError or StoppedError for a run without an optimum."""
    reasons = plan.summary.get("reasons", ())
    if plan.status is Status.INFEASIBLE:
        raise InfeasibleError([*reasons, written])
    if plan.status is not Status.OPTIMAL:
        parts = [f"stopped before an optimum was proven ({plan.status})"]
        for name, found in plan.summary.get("bounds", {}).items():
            parts.append(f"least {name}: {Bounds(**found)}")
        message = "; ".join([*parts, written])
        raise StoppedError(message + "".join(f"\n  {reason}" for reason in reasons))
