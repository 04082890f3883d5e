"""`planner compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import Plan, open_run
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.explanation.compare import compare, refuse_single
from planner.reporting.pages.comparison import comparison_lines, comparison_page, write_tables
from planner.results.comparison import Comparison
from planner.results.store import write_folder

PAGE = "compare.html"


app = command_app()


@app.command()
def run(
    runs: Annotated[list[Path], typer.Argument(help="Run folders; the first is compared with the others.")],
    folder: Annotated[Path | None, typer.Option("--out", help="Folder. Default: reports/compare-A-B.")] = None,
) -> None:
    """Differences in inputs, plan and risk, and which input explains which change: one at a time, solved."""
    with exit_codes():
        refuse_single(runs)
        target = folder or Path("reports") / "-".join(["compare", *(path.name for path in runs)])
        with shown_progress() as progress:
            progress("reading the runs")
            plans = [open_run(path) for path in runs]
            others = [(path.name, plan) for path, plan in zip(runs[1:], plans[1:], strict=True)]
            found = compare(plans[0], others, runs[0].name, progress)
            progress("writing the comparison")
            _write(target, found, plans[0])
        for line in comparison_lines(found, plans[0].case):
            say(line)
        say(f"Written     {target}/{PAGE}, inputs.csv, plan.csv, causes.csv")


def _write(target: Path, found: list[Comparison], first: Plan) -> None:
    def fill(folder: Path) -> None:
        page = comparison_page(found, first.case)
        (folder / PAGE).write_text(page, encoding="utf-8", newline="\n")
        write_tables(found, folder)

    write_folder(target, PAGE, "a comparison", fill)
