"""`planner evaluate`: a run's plan, held fixed, in futures it was not made for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import plan_of
from planner.api.studies import Evaluation, evaluate
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.errors import Fault, InputError
from planner.reporting.values.wording import number, percent
from planner.studies.fixed_plan import scenarios_needed, write_evaluation

WORDS = {"expected_loss_musd": "Expected loss", "cvar_musd": "Worst futures", "risk_musd": "Risk"}
AIM = 0.05
"""Half-width of the interval, as a share of the risk, that the advice is for."""


app = command_app()


@app.command()
def run(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.", show_default=False)],
    scenarios: Annotated[
        Path | None, typer.Option(help="Folder with scenarios.csv and shocks.csv. Default: those of the run.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File for the loss of each scenario (CSV).")] = None,
    sizes: Annotated[str, typer.Option(help="Numbers of scenarios to try for advice, e.g. 5,10,20.")] = "",
    replications: Annotated[int, typer.Option(min=2, help="Draws for each number of scenarios.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
) -> None:
    """Hold a plan fixed and let operations answer other scenarios: its risk, with a confidence interval."""
    with exit_codes():
        tried = _sizes(sizes)
        with shown_progress() as progress:
            plan = plan_of(folder, progress)
            found = evaluate(plan, scenarios, sizes=tried, replications=replications, seed=seed, progress=progress)
        _close(found)
        if out is not None:
            write_evaluation(out, found.losses, found.case)
            say(f"Losses      {out}")


def _sizes(text: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = [0]
    if any(size < 1 for size in found):
        raise InputError([Fault("--sizes", 0, text, "must be whole numbers from 1 on, e.g. 5,10,20")])
    return found


def _close(found: Evaluation) -> None:
    count = len(found.losses)
    say(f"{count} scenarios, plan held fixed; 95 % intervals say what another draw of as many could give (MUSD)")
    for key, estimate in found.estimates.items():
        say(f"{WORDS[key]:15} {number(estimate.value):>10}   {number(estimate.low)} to {number(estimate.high)}")
    say(f"{'As planned':15} {number(found.planned):>10}   risk in the scenarios that the plan was made for")
    needed = scenarios_needed(found.estimates["risk_musd"], count, AIM)
    say(f"For an interval of ± {percent(AIM)} of the risk, take about {needed:,} scenarios drawn like these.")
    for entry in found.trials:
        say(
            f"With {entry.size} scenarios drawn ({entry.replications} times): the plan is "
            f"{number(entry.mean_gap)} MUSD from the best on average, 95 % sure at most {number(entry.upper)}."
        )
