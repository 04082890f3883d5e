"""`planner evaluate`: a run's plan, held fixed, in futures it was not made for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import plan_of
from planner.api.studies import Evaluation, evaluate
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.data.load import load
from planner.errors import Fault, InputError
from planner.reporting.values.wording import number, percent
from planner.studies.fixed_plan import Estimate, across, sampled, scenarios_needed, write_evaluation, write_samples
from planner.workspace import find_case

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
    register: Annotated[
        Path | None, typer.Option(metavar="CASE", help="Draw the scenarios from the hazards of this case.")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="With --register: scenarios of each sample, about.")] = 20,
    samples: Annotated[int, typer.Option(min=2, help="With --register: how many, each with a seed of its own.")] = 10,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the loss of each scenario or sample (CSV).")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Numbers of scenarios to try for advice, e.g. 5,10,20.")] = "",
    replications: Annotated[int, typer.Option(min=2, help="Draws for each number of scenarios.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
) -> None:
    """Hold a plan fixed and let operations answer other scenarios: its risk, with a confidence interval."""
    with exit_codes():
        if register is not None:
            _from_register(folder, register, draws, samples, seed, out)
            return
        tried = _sizes(sizes)
        with shown_progress() as progress:
            plan = plan_of(folder, progress)
            found = evaluate(plan, scenarios, sizes=tried, replications=replications, seed=seed, progress=progress)
        _close(found)
        if out is not None:
            write_evaluation(out, found.losses, found.case)
            say(f"Losses      {out}")


def _from_register(folder: Path, register: Path, draws: int, samples: int, seed: int, out: Path | None) -> None:
    """The plan in samples of a register, each drawn apart: the figures' means with the interval between samples."""
    with shown_progress() as progress:
        plan = plan_of(folder, progress)
        found = sampled(plan, load(find_case(register)), draws, samples, seed, progress)
    futures = sum(one.futures for one in found)
    say(f"{samples} samples, {futures:,} futures in all, plan held fixed; 95 % intervals between samples (MUSD)")
    estimates = across(found)
    _table(estimates, float(plan.summary["risk_musd"]))
    risk = estimates["risk_musd"]
    share = (risk.high - risk.low) / 2 / risk.value if risk.value > 0 else 0.0
    say(f"The risk is known to ± {percent(share)} of itself.")
    if out is not None:
        write_samples(out, found)
        say(f"Samples     {out}")


def _table(estimates: dict[str, Estimate], planned: float) -> None:
    for key, estimate in estimates.items():
        say(f"{WORDS[key]:15} {number(estimate.value):>10}   {number(estimate.low)} to {number(estimate.high)}")
    say(f"{'As planned':15} {number(planned):>10}   risk in the scenarios that the plan was made for")


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
    _table(found.estimates, found.planned)
    needed = scenarios_needed(found.estimates["risk_musd"], count, AIM)
    say(f"For an interval of ± {percent(AIM)} of the risk, take about {needed:,} scenarios drawn like these.")
    for entry in found.trials:
        say(
            f"With {entry.size} scenarios drawn ({entry.replications} times): the plan is "
            f"{number(entry.mean_gap)} MUSD from the best on average, 95 % sure at most {number(entry.upper)}."
        )
