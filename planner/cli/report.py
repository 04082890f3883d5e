"""`planner report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import Plan, plan_of, write_reports
from planner.cli.console import Progress, command_app, exit_codes, say, shown_progress
from planner.explanation.business_case import business_case
from planner.reporting.forms.business_case_workbook import write_business_case
from planner.reporting.pages.business_case import business_case_lines, business_case_page
from planner.results.business_case import PriceDeck
from planner.results.store import file_name, refresh_pages

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
            lines = _case(
                plan_of(run, progress), run, project, PriceDeck(rate, price, floor, payable, premium), progress
            )
    for line in lines:
        say(line)


def _case(plan: Plan, run: Path, project: str, deck: PriceDeck, progress: Progress) -> list[str]:
    found = business_case(plan, run.name, project, deck, progress)

    name = f"project-{file_name(project)}.html"

    def fill(target: Path) -> None:
        page = target / name
        page.write_text(business_case_page(found, plan.case), encoding="utf-8", newline="\n")
        write_business_case(found, plan.case, page.with_suffix(".xlsx"))

    progress("writing the investment case")
    refresh_pages(run, fill)
    return [*business_case_lines(found, plan.case), f"Written       {run}/{name}, .xlsx"]
