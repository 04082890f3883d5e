"""`planner shares`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.api.explanations import shares_into
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.reporting.values.wording import number
from planner.results.decision import Shares

app = command_app()


@app.command()
def run(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    check: Annotated[
        Literal["some", "all"],
        typer.Option(help="Coalitions to try: all, or with more than six parties single ones, all but one, 40 drawn."),
    ] = "some",
) -> None:
    """Who would carry what so that nobody is better off leaving: charges, gains, transfers of the parties."""
    with exit_codes():
        with shown_progress() as progress:
            _, found = shares_into(run, check_all=check == "all", progress=progress)
        _close(found)
        say(f"Written     {run}/tables/shares.csv, report.html and report.xlsx")


def _close(found: Shares) -> None:
    say(f"{'MUSD':12} {'alone':>10} {'charge':>10} {'gain':>10} {'own loss':>10} {'pays':>10} {'transfer':>10}")
    for row in found.rows:
        amounts = (row.alone, row.charge, row.gain, row.own_loss, row.paid, row.transfer)
        say(f"{row.party:12} " + " ".join(f"{number(amount):>10}" for amount in amounts))
    say(f"Charges     sum to {number(found.optimum)}, the least cost and risk of all together")
    if found.coalitions:
        say(
            f"Checked     {found.checked:,} of {found.coalitions:,} coalitions: none gains by leaving; "
            f"{', '.join(found.tightest)} would lose the least, {number(max(found.slack, 0.0))}"
        )
