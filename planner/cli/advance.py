"""`planner advance`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import planner
from planner.api.plans import plan_of
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.data.case import Case
from planner.data.template import write_tables
from planner.results.store import model_toml, write_folder

MARK = "advanced.txt"

app = command_app()


@app.command()
def run(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    to: Annotated[int, typer.Option("--to", metavar="YEAR", help="The new first year.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the case of that year.")],
    along: Annotated[
        str, typer.Option("--along", metavar="SCENARIO", help="As which the years before went. Default: the likeliest.")
    ] = "",
) -> None:
    """The case of a later year, in which what a run's plan decided before it stands, to be solved again."""
    with exit_codes():
        with shown_progress() as progress:
            plan = plan_of(run, progress)
            case: Case = planner.advance(plan, to, along)
            said = f"The case of {run.name} in {to}; still possible: {', '.join(case.scenarios)}.\n"

            def fill(folder: Path) -> None:
                write_tables(case, folder)
                (folder / "model.toml").write_text(model_toml(case.model), encoding="utf-8")
                (folder / MARK).write_text(said, encoding="utf-8", newline="\n")

            write_folder(out, MARK, "a case advanced by this command", fill)
        over = len(plan.case.scenarios) - len(case.scenarios)
        say(f"{out}: {to}-{case.last_year}, {len(case.scenarios)} scenarios still possible, {over} over. Next:")
        say(f"  planner solve {out}")
