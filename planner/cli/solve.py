"""`planner solve`."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

import planner
from planner.api.plans import Plan, solve_into
from planner.cli import console
from planner.data.case import Case
from planner.data.difference import changes
from planner.data.warnings import warnings_of
from planner.errors import Fault, InfeasibleError, InputError, PlannerError, StoppedError
from planner.planning.solve import Method
from planner.reporting.screen import closing_lines
from planner.results.integrity import changed_files
from planner.results.plan import Status
from planner.results.store import SUMMARY, default_folder
from planner.solving.solution import Bounds

MOST_RUNS = 100
"""Folders beside the new one that are looked at for an earlier run."""

app = console.command_app()


@app.command()
def run(
    case: console.CasePath,
    model: console.ModelPath = None,
    overrides: console.Overrides = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Run folder. Default: reports/CASE-MODEL.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print summary.json instead of the closing screen.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.0, help="Seconds for each run of the solver, and for bounds."),
    ] = None,
    ignore: console.Ignored = None,
    baseline: Annotated[
        bool, typer.Option(help="Also solve the case without levers, to compare.")
    ] = True,
    method: Annotated[
        Method,
        typer.Option(help="As one program, or scenario by scenario; auto: whichever is faster."),
    ] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=1_000, help="Processes that solve scenarios. Default: one per core."
        ),
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(
            help="Address of a dask scheduler whose workers solve scenarios, e.g. tcp://host:8786."
        ),
    ] = "",
    force: console.Force = False,
) -> None:
    """Solve a case and write the run folder: summary, tables, report.html, report.xlsx."""
    written = _Written(folder)
    with console.exit_codes(written.told):
        _refuse_both(scheduler, workers, method)
        with console.shown_progress() as progress:
            progress("loading")
            loaded = console.read_case(case, model, overrides)
            console.say_warnings(warnings_of(loaded, ignore or ()))
            written.begin(folder or default_folder(loaded))
            before = _earlier(loaded, written.folder)
            plan, target = solve_into(
                loaded,
                folder,
                progress=progress,
                time_limit=time_limit,
                baseline=baseline,
                method="scenarios" if scheduler else method,
                workers=planner.on_scheduler(scheduler) if scheduler else workers,
                force=force,
            )
        if as_json:
            console.say((target / SUMMARY).read_text(encoding="utf-8").rstrip())
        if before is not None and plan.tables:
            _say_what_it_does(plan, *before)
        _close(plan, target, as_json)


class _Written:
    """Tells after Ctrl-C whether the run folder was put in its place before."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder or Path()
        self._before: tuple[int, int] | None = None

    def begin(self, folder: Path) -> None:
        """Remember what is at the target before anything is written."""
        self.folder, self._before = folder, self._mark(folder)

    def told(self) -> str:
        """What there is now, in words."""
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


def _refuse_both(scheduler: str, workers: int | None, method: Method) -> None:
    for option, given in (("--workers", workers is not None), ("--method", method == "whole")):
        if scheduler and given:
            told = "does not apply beside --scheduler, which has workers of its own that solve scenarios"
            raise InputError(
                [Fault("planner solve", 0, option, told, remedy="leave one of the two out")]
            )


def _earlier(case: Case, target: Path) -> tuple[Path, dict[str, Any]] | None:
    """The run that this one will replace, else the last one beside it of the same case, with its summary, if inputs
    changed since; says which. A slip in a figure is seen where no rule can know it."""
    beside = sorted(
        (path for path in target.parent.glob(f"*/{SUMMARY}") if path.is_file()),
        key=_written,
        reverse=True,
    )
    for run in (target, *(path.parent for path in beside[:MOST_RUNS])):
        with suppress(
            PlannerError, OSError, ValueError, AttributeError
        ):  # what is damaged is no run to compare with
            summary = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
            if (run == target or summary.get("case") == case.name) and not changed_files(run):
                if summary.get("inputs_sha256") == case.sha256:
                    return None
                changed = changes(console.read_case(run), case)
                if changed:
                    console.say_changes(changed, run)
                return (run, summary) if changed else None
    return None


def _written(path: Path) -> float:
    return path.stat().st_mtime


def _say_what_it_does(plan: Plan, since: Path, summary: dict[str, Any]) -> None:
    """Print on stderr how risk and cost moved with the inputs that changed."""
    told = [
        f"{what} {before:,.4g} -> {plan.summary[key]:,.4g} MUSD"
        for what, key in (("risk", "risk_musd"), ("cost", "cost_musd"))
        if isinstance(before := summary.get(key), float)
    ]
    if told:
        console.err.print(
            f"since {since}: {', '.join(told)}", style="yellow", markup=False, soft_wrap=True
        )


def _close(plan: Plan, target: Path, as_json: bool) -> None:
    if plan.status is Status.INFEASIBLE:
        raise InfeasibleError([*plan.summary["reasons"], f"written: {target}/summary.json"])
    if plan.status is not Status.OPTIMAL:
        known = [
            f"least {name}: {Bounds(**found)}"
            for name, found in plan.summary.get("bounds", {}).items()
        ]
        said = f"stopped before an optimum was proven ({plan.status})"
        why = [f"\n  {reason}" for reason in plan.summary.get("reasons", ())]
        raise StoppedError(
            "; ".join([said, *known, f"written: {target}/summary.json"]) + "".join(why)
        )
    if not as_json:
        for line in closing_lines(plan):
            console.say(line)
        console.say(f"Report      {target}/report.html, report.xlsx, tables/, summary.json")
