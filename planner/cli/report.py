"""`planner report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.explanations import business_case_into
from planner.api.plans import write_reports
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.reporting.pages.business_case import business_case_lines
from planner.results.business_case import PriceDeck

DECK = PriceDeck()


app = command_app()


@app.command()
def run(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    project: Annotated[str | None, typer.Option(help="Write the investment case of this project instead.")] = None,
    rate: Annotated[float, typer.Option(min=0.0, help="Yearly rate of an investment case.")] = DECK.rate,
    price: Annotated[float, typer.Option(min=0.0, help="Market price over the case's price.")] = DECK.price_factor,
    floor: Annotated[float, typer.Option(min=0.0, help="Guaranteed price over the case's price.")] = DECK.floor,
    payable: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="What a concentrate earns of its oxides.")
    ] = DECK.payable,
    premium: Annotated[
        float, typer.Option(min=0.0, help="Price of metal over its oxide, less 1.")
    ] = DECK.metal_premium,
) -> None:
    """Write the reports of a run again, from its tables; or the investment case of one project."""
    with exit_codes(), shown_progress() as progress:
        if project is None:
            lines = [", ".join(map(str, write_reports(run, progress)))]
        else:
            deck = PriceDeck(rate, price, floor, payable, premium)
            plan, found, page = business_case_into(run, project, deck, progress)
            lines = [*business_case_lines(found, plan.case), f"Written       {page}, .xlsx"]
    for line in lines:
        say(line)
