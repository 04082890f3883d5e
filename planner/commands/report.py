"""`planner report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api import open_run
from planner.commands.console import exit_codes, say, shown_progress
from planner.errors import StoppedError
from planner.reporting.pages import write_pages
from planner.results.store import refresh_pages


def run(run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)]) -> None:
    """Write the reports of a run again, from its tables."""
    with exit_codes():
        with shown_progress() as progress:
            progress("reading the run")
            plan = open_run(run)
            if not plan.tables:
                raise StoppedError(f"{run}: holds no plan ({plan.status})")
            progress("writing the reports")
            refresh_pages(run, lambda target: write_pages(plan, target))
        say(f"{run}/report.html, {run}/report.xlsx")
