"""`planner compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.explanations import COMPARISON, compare_into
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.reporting.pages.comparison import comparison_lines

app = command_app()


@app.command()
def run(
    runs: Annotated[list[Path], typer.Argument(help="Run folders; the first is compared with the others.")],
    folder: Annotated[Path | None, typer.Option("--out", help="Folder. Default: reports/compare-A-B.")] = None,
) -> None:
    """Differences in inputs, plan and risk, and which input explains which change: one at a time, solved."""
    with exit_codes():
        with shown_progress() as progress:
            first, found, target = compare_into(runs, folder, progress)
        for line in comparison_lines(found, first.case):
            say(line)
        say(f"Written     {target}/{COMPARISON}, inputs.csv, plan.csv, causes.csv")
