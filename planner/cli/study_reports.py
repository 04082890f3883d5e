"""`planner study report|open DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.study_reports import open_point, study_report
from planner.cli.console import Force, command_app, exit_codes, say, shown_progress
from planner.cli.studies import Folder
from planner.results.study import AGREEMENT

app = command_app()


@app.command()
def report(
    folder: Folder,
    plan: Annotated[
        list[Path] | None,
        typer.Option(
            "--plan",
            metavar="RUN",
            help="Hold the plan of this run fixed at every point; as often as wanted.",
        ),
    ] = None,
) -> None:
    """Write report.html and tables/*.csv of a study."""
    with exit_codes():
        with shown_progress() as progress:
            progress("writing the report")
            page = study_report(folder, plan or (), progress)
        say(f"{page}, tables/" if (folder / "tables").is_dir() else f"{page}")


@app.command("open")
def open_(
    folder: Folder,
    point: Annotated[
        str,
        typer.Argument(metavar="POINT", help="Row of the design, or how the point's name begins."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Run folder. Default: reports/CASE-POINT-MODEL."),
    ] = None,
    force: Force = False,
) -> None:
    """Solve one point of a study into a run folder."""
    with exit_codes():
        with shown_progress() as progress:
            plan, target, gap = open_point(folder, point, out, progress, force=force)
        say(f"{target}: {plan.status}")
        if plan.tables:
            risk = plan.summary["risk_musd"]
            cost = plan.summary["cost_musd"]
            say(f"In-sample risk {risk:,.0f} MUSD, cost {cost:,.0f} MUSD")
        if gap > AGREEMENT:
            say(f"These are not the study's: relative difference {gap:.1e}")
    raise typer.Exit(plan.status.exit_code)
