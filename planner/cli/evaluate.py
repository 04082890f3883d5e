"""`planner evaluate`: a run's plan, held fixed, in futures it was not made for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from planner.api.plans import plan_of
from planner.api.studies import evaluate, evaluate_samples
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.data.load import load
from planner.data.sampling import MOST
from planner.errors import Fault, InputError
from planner.reporting.values.wording import number, percent
from planner.results.atomic_writes import write_whole
from planner.results.store import csv_text
from planner.studies.evaluation import (
    JUDGED,
    MANY,
    RULE_STANDS_FOR,
    Evaluation,
    SampleEvaluation,
    losses_table,
    samples_table,
)
from planner.studies.intervals import KEYS, Estimate, draws_needed
from planner.workspace import find_case

WORDS = dict(zip(KEYS, ("Expected loss", "Worst futures", "Risk"), strict=True))
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
    draws: Annotated[int, typer.Option(min=1, help="With --register: scenarios of each sample, about.")] = 200,
    samples: Annotated[
        int, typer.Option(min=2, max=10_000, help="With --register: how many, each with a seed of its own.")
    ] = 10,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the loss of each scenario or sample (CSV).")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Numbers of scenarios to try for advice, e.g. 5,10,20.")] = "",
    replications: Annotated[int, typer.Option(min=2, max=10_000, help="Draws for each number of scenarios.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=1_000, help="Processes that solve scenarios.")] = 1,
) -> None:
    """Hold a plan fixed and let operations answer other scenarios: its risk, with a confidence interval."""
    with exit_codes():
        if out is not None and out.is_dir():
            raise InputError([Fault("--out", 0, str(out), "is a folder", remedy="name a file, e.g. losses.csv")])
        if register is not None:
            with shown_progress() as progress:
                plan, hazards = plan_of(folder, progress), load(find_case(register))
                drawn = evaluate_samples(plan, hazards, draws, samples, seed, workers, progress)
            _told_of_samples(drawn, register, seed)
            if out is not None:
                _write(out, samples_table(drawn, plan.case))
                say(f"Samples     {out}")
            return
        tried = _sizes(sizes)
        with shown_progress() as progress:
            plan = plan_of(folder, progress)
            found = evaluate(
                plan, scenarios, sizes=tried, replications=replications, seed=seed, workers=workers, progress=progress
            )
        _told(found)
        if out is not None:
            _write(out, losses_table(found))
            say(f"Losses      {out}")


def _write(out: Path, table: pd.DataFrame) -> None:
    write_whole(out, lambda path: path.write_text(csv_text(table), encoding="utf-8", newline="\n"))


def _told_of_samples(found: SampleEvaluation, register: Path, seed: int) -> None:
    samples = len(found.held)
    futures = sum(len(one.losses) for one in found.held)
    say(
        f"{samples} samples drawn apart from {register}, {futures:,} futures in all, half of them by probability and "
        f"half evenly over its scenarios, each weighed by how likely it is; plan held fixed (MUSD)"
    )
    say(
        f"95 % intervals: of all samples together, by Student's t between them, corrected for skewness. Stocks by a "
        f"rule made for {RULE_STANDS_FOR} other draws (seed {seed}) until a future shows itself, then it is known."
    )
    _table(found.estimates, found.planned)
    _bound({key: one.value for key, one in found.bounds.items()})
    risk = found.estimates["risk_musd"]
    if (half := risk.half) is not None and (needed := draws_needed(risk, samples, AIM)):
        more = f"; for ± {percent(AIM)} take --samples {needed:,}" if needed > samples else ""
        say(f"The risk is known to ± {percent(half)} of itself{more}.")


def _table(estimates: Mapping[str, Estimate], planned: float) -> None:
    for key, one in estimates.items():
        between = one.why if one.low is None or one.high is None else f"{number(one.low)} to {number(one.high)}"
        say(f"{WORDS[key]:15} {number(one.value):>10}   {between}")
    say(f"{'As planned':15} {number(planned):>10}   risk in the scenarios that the plan was made for")


def _bound(foreseen: Mapping[str, float]) -> None:
    risk = foreseen["risk_musd"]
    say(f"{'All foreseen':15} {number(risk):>10}   risk if each future were known from the first year on: a bound")


def _sizes(text: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = [0]
    if any(not 1 <= size <= MOST for size in found):
        raise InputError([Fault("--sizes", 0, text[:80], f"must be whole numbers from 1 to {MOST:,}, e.g. 5,10,20")])
    return found


def _told(found: Evaluation) -> None:
    count, risk = len(found.losses), found.estimates["risk_musd"]
    say(f"{count} scenarios, plan held fixed (MUSD). Solved {found.how}.")
    if risk.low is not None:
        say("95 % intervals say what as many other draws could give, by studentised bootstrap within each scenario.")
    _table(found.estimates, found.planned)
    if found.foreseen is not None:
        _bound(found.foreseen)
    needed = draws_needed(risk, count, AIM)
    if risk.why != JUDGED and (needed is None or needed > count):
        aim = f"an interval of ± {percent(AIM)} of the risk" if needed else "an interval"
        say(
            f"For {aim}: planner sample CASE --even --draws {needed or MANY * 4} --seed 1 --out DIR, CASE being what "
            f"these were drawn from, and planner evaluate RUN --scenarios DIR"
        )
    for entry in found.trials:
        say(
            f"With {entry.size} scenarios drawn ({entry.replications} times): the plan is "
            f"{number(entry.mean_gap)} MUSD from the best on average, 95 % sure at most {number(entry.upper)}."
        )
