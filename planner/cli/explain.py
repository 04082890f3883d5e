"""`planner explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.explanations import explain_into
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.reporting.text.screen import explain_lines
from planner.results.explanation import EXPLANATION

app = command_app()


@app.command()
def run(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Try every unsure input on every claim, at all its values.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Programs solved at once. Default: as many as help.")
    ] = None,
) -> None:
    """Why this plan: counterfactuals, verdicts on claims, the true bottleneck, the worth of information."""
    with exit_codes():
        with shown_progress() as progress:
            plan, found = explain_into(run, thorough=thorough, workers=workers, progress=progress)
        for line in explain_lines(found, plan.case):
            say(line)
        say(f"Written     {run}/report.html and report.xlsx, whose first chapters it is now, and {EXPLANATION}")
