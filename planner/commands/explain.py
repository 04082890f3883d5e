"""`planner explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from planner.api import open_run
from planner.commands.console import exit_codes, say, shown_progress
from planner.inquiry.explain import explain
from planner.reporting.why import explain_page
from planner.reporting.why_words import explain_lines
from planner.results.store import refresh_pages


def run(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    thorough: Annotated[bool, typer.Option("--thorough", help="Try every unsure input on every claim.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that solve. Default: as many as help.")] = None,
) -> None:
    """Why this plan: counterfactuals, verdicts on four claims, the true bottleneck, the worth of information."""
    with exit_codes():
        with shown_progress() as progress:
            progress("reading the run")
            plan = open_run(run)
            found = explain(plan, run.name, progress, thorough=thorough, workers=workers)
            progress("writing the page")

            def fill(target: Path) -> None:
                text = json.dumps(found.as_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
                (target / "explain.json").write_text(text, encoding="utf-8")
                (target / "explain.html").write_text(explain_page(found, plan.case), encoding="utf-8", newline="\n")

            refresh_pages(run, fill)
        for line in explain_lines(found, plan.case):
            say(line)
        say(f"Written     {run}/explain.html, explain.json")
