"""`planner serve`."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import planner
from planner.cli.console import ModelPath, Overrides, command_app, err, exit_codes, read_case, say
from planner.data.change import read_changes
from planner.errors import refused
from planner.results.plan import refuse_own_rules
from planner.results.store import SUMMARY
from planner.server.app import Server
from planner.server.journal import OpenedCase, folder_for
from planner.workspace import find_case

app = command_app()


@app.command()
def serve(
    case: Annotated[
        Path,
        typer.Argument(
            metavar="CASE|RUN",
            help="Case, workspace with one case, or run folder.",
            show_default=False,
        ),
    ] = Path(),
    model: ModelPath = None,
    overrides: Overrides = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page, or print its address.")
    ] = True,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="N", help="Port on this machine. Default: any free one."
        ),
    ] = 0,
) -> None:
    """Ask, see, compare and keep plans on a page of this machine, until Ctrl-C."""
    with exit_codes(lambda: "every change and every kept variant is on disk"):
        opened, plan = _open(case, model, overrides)
        server = Server(opened, plan, port)
        say(f"Workbench   {server.address}")
        say(f"Kept in     {server.site.bench.opened.folder}")
        err.print("Ctrl-C ends it; every change is on disk", style="dim")

        def begin() -> None:
            if browser:
                webbrowser.open(server.page_to_open().as_uri())

        server.run(begin, _leave)
        _leave()


def _leave() -> NoReturn:
    """Leave at once: a solver in the middle of something would hold an orderly exit up."""
    err.print("ended; every change and every kept variant is on disk", soft_wrap=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _open(
    path: Path, model: Path | None, overrides: list[str] | None
) -> tuple[OpenedCase, planner.Plan | None]:
    """The case to begin with, and its plan: that of a run folder, None where that has none or `path` is a case.

    Raises InputError for a model or settings beside a run folder, and for what cannot be read.
    """
    if (path / SUMMARY).is_file():
        if model or overrides:
            said = "does not apply to a run folder, which has its own model"
            remedy = "open the case instead"
            raise refused("", str(path), said, column="--model, --set", remedy=remedy)
        plan = planner.open_run(path)
        refuse_own_rules(plan, "the workbench")
        folder = folder_for(path, plan.case)
        opened = OpenedCase(path=path, model=None, settings=[], folder=folder)
        return opened, plan if plan.tables else None
    path = find_case(path)
    case = read_case(path, model, overrides)
    settings = read_changes(overrides or ())
    folder = folder_for(path, case)
    return OpenedCase(path=path, model=model, settings=settings, folder=folder, case=case), None
