"""`planner evaluate`: a run's plan, held fixed, in futures it was not made for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.errors import Fault, InputError
from planner.reporting.values.wording import number, percent
from planner.results.store import read_run
from planner.studies.fixed_plan import (
    Estimate,
    Replication,
    amounts,
    evaluate,
    intervals,
    read_futures,
    replicate,
    scenarios_needed,
    write_evaluation,
)

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
        with shown_progress() as progress, tempfile.TemporaryDirectory() as scratch:
            progress("reading the run")
            plan = read_run(folder)
            decided = amounts(plan)
            case = read_futures(plan.case, scenarios, Path(scratch)) if scenarios else plan.case
            progress(f"solving {len(case.scenarios)} scenarios with the plan held fixed")
            found = evaluate(case, decided)
            losses = {w: found[f"scenario_loss_musd.{w}"] for w in case.scenarios}
            tried = []
            for size in _sizes(sizes):
                progress(f"{replications} draws of {size} scenarios")
                tried.append(replicate(case, size, replications, seed, decided))
        _close(intervals(case, losses), len(losses), float(plan.summary["risk_musd"]), tried)
        if out is not None:
            write_evaluation(out, losses, case)
            say(f"Losses      {out}")


def _sizes(text: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = [0]
    if any(size < 1 for size in found):
        raise InputError([Fault("--sizes", 0, text, "must be whole numbers from 1 on, e.g. 5,10,20")])
    return found


def _close(found: dict[str, Estimate], count: int, planned: float, tried: list[Replication]) -> None:
    say(f"{count} scenarios, plan held fixed; 95 % intervals say what another draw of as many could give (MUSD)")
    for key, estimate in found.items():
        say(f"{WORDS[key]:15} {number(estimate.value):>10}   {number(estimate.low)} to {number(estimate.high)}")
    risk = found["risk_musd"]
    say(f"{'As planned':15} {number(planned):>10}   risk in the scenarios that the plan was made for")
    needed = scenarios_needed(risk, count, AIM)
    say(f"For an interval of ± {percent(AIM)} of the risk, take about {needed:,} scenarios drawn like these.")
    for entry in tried:
        say(
            f"With {entry.size} scenarios drawn ({entry.replications} times): the plan is "
            f"{number(entry.mean_gap)} MUSD from the best on average, 95 % sure at most {number(entry.upper)}."
        )
