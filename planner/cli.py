"""The command line: parse, call, print, exit code. Nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status as Spinner

from planner.api import Plan, open_run, solve
from planner.config import parse_override
from planner.data.case import Case
from planner.data.load import load
from planner.errors import InfeasibleError, InputError, PlannerError, StoppedError
from planner.reporting.pages import write_pages
from planner.reporting.screen import closing_lines
from planner.results.status import Status
from planner.results.store import SUMMARY, refresh_pages
from planner.workspace import STARTER, find_case, lay_out

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which mines, separation plants and people allies should pay for so that a rare-earth cut-off hurts least.",
)
err = Console(stderr=True, highlight=False)
out = Console(highlight=False)

CasePath = Annotated[
    Path,
    typer.Argument(
        help="Case: a folder of CSV tables, an .xlsx workbook, or a workspace with one case.", show_default=False
    ),
]
ModelPath = Annotated[
    Path | None, typer.Option("--model", help="Model file (TOML). Default: model.toml in the case, else defaults.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the model file.")
]


class Progress:
    """Says on stderr what is going on, and how long each step took."""

    def __init__(self) -> None:
        self._step, self._since = "", perf_counter()
        self._spinner: Spinner | None = err.status("") if err.is_terminal else None
        if self._spinner:
            self._spinner.start()

    def __call__(self, step: str) -> None:
        """Begin a step; ends the one before."""
        self._end_step()
        self._step, self._since = step, perf_counter()
        if self._spinner:
            self._spinner.update(escape(step))

    def close(self) -> None:
        """End the last step."""
        self._end_step()
        self._step = ""
        if self._spinner:
            self._spinner.stop()

    def _end_step(self) -> None:
        if self._step:
            err.print(f"{perf_counter() - self._since:7.1f} s  {escape(self._step)}", style="dim")


@contextmanager
def _progress() -> Iterator[Progress]:
    progress = Progress()
    try:
        yield progress
    finally:
        progress.close()


@contextmanager
def _errors() -> Iterator[None]:
    """Print a planner error and leave with its exit code."""
    try:
        yield
    except PlannerError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        if isinstance(error, InputError):
            count = len(error.faults)
            err.print(f"{count} fault{'s' if count != 1 else ''}; nothing was written", soft_wrap=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        err.print("stopped; nothing was written")
        raise typer.Exit(130) from None


def _load(case: Path, model: Path | None, overrides: list[str] | None) -> Case:
    return load(find_case(case), model, dict(parse_override(text) for text in overrides or ()))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="New folder for the workspace.", show_default=False)],
    case: Annotated[str, typer.Option(help="Case to copy: starter or allied-2026.")] = STARTER,
) -> None:
    """Lay out a workspace: a case to start from, the models, a place for reports."""
    with _errors():
        copied = lay_out(folder, case)
    out.print(
        f"{copied} is ready. Next:\n  planner check {copied}\n"
        f"  planner solve {copied} --model {folder}/models/base.toml",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def check(
    case: CasePath,
    model: ModelPath = None,
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the faults as JSON.")] = False,
) -> None:
    """Validate a case and its model file; every fault is listed. Exit code 0 or 2."""
    try:
        with _errors() if not as_json else _quiet():
            found = _load(case, model, overrides)
    except InputError as error:
        out.print_json(json.dumps({"faults": [vars(fault) for fault in error.faults]}))
        raise typer.Exit(error.exit_code) from None
    if as_json:
        out.print_json(json.dumps({"faults": []}))
    else:
        out.print(
            f"{found.name}: no faults. {len(found.countries)} countries, {len(found.projects)} projects, "
            f"{len(found.scenarios)} scenarios, {found.first_year}-{found.last_year}",
            markup=False,
            soft_wrap=True,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    yield


@app.command("solve")
def solve_command(
    case: CasePath,
    model: ModelPath = None,
    overrides: Overrides = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Run folder. Default: reports/CASE-MODEL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of the closing screen.")] = False,
    time_limit: Annotated[float | None, typer.Option(min=0.0, help="Seconds for each run of the solver.")] = None,
    baseline: Annotated[bool, typer.Option(help="Also solve the case without levers, to compare.")] = True,
) -> None:
    """Solve a case and write the run folder: summary, tables, report.html, report.xlsx."""
    with _errors():
        with _progress() as progress:
            progress("loading")
            loaded = _load(case, model, overrides)
            plan = solve(loaded, progress=progress, time_limit=time_limit, baseline=baseline)
            progress("writing the reports")
            target = plan.write(folder or Path("reports") / f"{loaded.name}-{loaded.model.name}")
        if as_json:
            out.print((target / SUMMARY).read_text(encoding="utf-8"), markup=False, soft_wrap=True, end="")
        _close(plan, target, as_json)


def _close(plan: Plan, target: Path, as_json: bool) -> None:
    if plan.status is Status.INFEASIBLE:
        raise InfeasibleError([*plan.summary["reasons"], f"written: {target}/summary.json"])
    if plan.status is not Status.OPTIMAL:
        raise StoppedError(f"stopped before an optimum was proven ({plan.status}); written: {target}/summary.json")
    if not as_json:
        for line in closing_lines(plan):
            out.print(line, markup=False, soft_wrap=True)
        out.print(f"Report      {target}/report.html, report.xlsx, tables/, summary.json", markup=False, soft_wrap=True)


@app.command()
def report(run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)]) -> None:
    """Write the reports of a run again, from its tables."""
    with _errors():
        with _progress() as progress:
            progress("reading the run")
            plan = open_run(run)
            if not plan.tables:
                raise StoppedError(f"{run}: holds no plan ({plan.status})")
            progress("writing the reports")
            refresh_pages(run, lambda target: write_pages(plan, target))
        out.print(f"{run}/report.html, {run}/report.xlsx", markup=False, soft_wrap=True)
