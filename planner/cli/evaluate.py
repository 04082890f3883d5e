"""`planner evaluate`: a plan in scenarios that it was not made for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.evaluations import evaluate_into
from planner.cli.console import FiguresAsJson, ShownProgress, command_app, exit_codes, show
from planner.data.load import checked_case
from planner.reporting.screen import evaluation_screen
from planner.results.evaluation import EVALUATION
from planner.sampling.samples import MOST
from planner.workspace import find_case

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.", show_default=False)]
RegisterCase = Annotated[
    Path | None,
    typer.Option(
        metavar="CASE",
        help="Draw the scenarios from the hazards of this case; without hazards its own.",
    ),
]
DrawCount = Annotated[
    int,
    typer.Option(
        min=1, max=MOST, metavar="N", help="With --register: scenarios in all, about so many."
    ),
]
SampleCount = Annotated[
    int,
    typer.Option(
        min=1,
        max=10_000,
        metavar="N",
        help="With --register: samples drawn apart, from which intervals come.",
    ),
]
SeedOfDraws = Annotated[int, typer.Option(min=0, metavar="S", help="Seed of the draws.")]
LowerBound = Annotated[
    bool,
    typer.Option(
        "--foreseen/--no-foreseen",
        help="Also compute the lower bound, as if each scenario were known from its start.",
    ),
]
Replications = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=10_000,
        metavar="R",
        help="With --register: also the optimality gap, from R fresh samples and the optimum of each.",
    ),
]
Processes = Annotated[
    int, typer.Option(min=1, max=1_000, metavar="N", help="Processes that solve scenarios.")
]

app = command_app()


@app.command("evaluate")
def evaluate(
    folder: RunFolder,
    register: RegisterCase = None,
    draws: DrawCount = 720,
    samples: SampleCount = 30,
    seed: SeedOfDraws = 0,
    foreseen: LowerBound = True,
    gap: Replications = None,
    workers: Processes = 1,
    as_json: FiguresAsJson = False,
) -> None:
    """A plan in scenarios that it was not made for: its risk out of sample, with confidence intervals."""
    with exit_codes():
        hazards = None if register is None else checked_case(find_case(register))
        with ShownProgress() as progress:
            found = evaluate_into(
                folder,
                register=hazards,
                draws=draws,
                samples=samples,
                seed=seed,
                foreseen=foreseen,
                gap=gap,
                workers=workers,
                progress=progress,
            )
        files = (
            "" if register is None else f"Written: {folder / EVALUATION}, report.html, report.xlsx"
        )
        show(evaluation_screen(found, files), as_json)
