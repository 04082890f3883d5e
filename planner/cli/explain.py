"""`planner explain`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import LARGE, open_run, write_again
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.data.size import size_of
from planner.errors import RunFolderError
from planner.explanation.explain import explain
from planner.parallel import background
from planner.reporting.text.explanation import explain_lines
from planner.results.explanation import EXPLANATION, Explanation
from planner.results.store import SUMMARY, fingerprint, refresh_pages

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
            progress("reading the run")
            belongs_to = fingerprint(run) if (run / SUMMARY).exists() else ""
            plan = open_run(run)
            with background(size_of(plan.case).terms > LARGE) as other:
                found = explain(plan, run.name, progress, thorough=thorough, workers=workers)
                progress("writing the reports")
                refresh_pages(run, partial(_fill, found, belongs_to, partial(write_again, other, plan)))
        for line in explain_lines(found, plan.case):
            say(line)
        say(f"Written     {run}/report.html and report.xlsx, whose first chapters it is now, and {EXPLANATION}")


def _fill(found: Explanation, belongs_to: str, write: Callable[[Path], None], target: Path) -> None:
    if fingerprint(target) != belongs_to:
        raise RunFolderError(f"{found.run}: another run was put there meanwhile; nothing was written")
    text = json.dumps(found.as_json(belongs_to), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (target / EXPLANATION).write_text(text, encoding="utf-8", newline="\n")
    write(target)
