"""`planner evaluate`: a plan in scenarios that it was not made for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.evaluations import evaluate_into
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.data.load import load
from planner.data.sampling import MOST
from planner.errors import Fault, InputError
from planner.evaluation.simulator import PolicyName
from planner.reporting.words.sentences import worded_lines
from planner.results.evaluation import EVALUATION, Replanned
from planner.workspace import find_case

AIM = 0.05
"""Half-width of the interval, as a share of the risk, that the advice is for."""

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.", show_default=False)]
RegisterCase = Annotated[
    Path | None,
    typer.Option(metavar="CASE", help="Draw the scenarios from the hazards of this case."),
]
GivenScenarios = Annotated[
    Path | None,
    typer.Option(help="Folder with scenarios.csv and shocks.csv. Default: those of the run."),
]
DrawCount = Annotated[
    int, typer.Option(min=1, max=MOST, help="With --register: scenarios, about, in all.")
]
SampleCount = Annotated[
    int,
    typer.Option(
        min=1, max=10_000, help="With --register: samples drawn apart, from which intervals come."
    ),
]
SeedOfDraws = Annotated[int, typer.Option(min=0, help="Seed of the draws.")]
PolicyChosen = Annotated[
    PolicyName, typer.Option(help="How operations answer, knowing the past alone.")
]
LowerBound = Annotated[
    bool,
    typer.Option(
        "--foreseen/--no-foreseen", help="The lower bound too: each scenario known from its start."
    ),
]
Replications = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=10_000,
        help="Without --register: draws to see how far from the least risk the plan is.",
    ),
]
SampleSize = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST, help="Scenarios of each replication. Default: as many as there are."
    ),
]
AnewCount = Annotated[
    int | None,
    typer.Option(
        "--replanned",
        min=1,
        max=1_000,
        help="With --register: so many scenarios more, in which each year is planned anew.",
    ),
]
LossFile = Annotated[
    Path | None, typer.Option("--out", help="File for the loss of each scenario (CSV).")
]
Processes = Annotated[int, typer.Option(min=1, max=1_000, help="Processes that solve scenarios.")]

app = command_app()


@app.command("evaluate")
def evaluate(
    folder: RunFolder,
    register: RegisterCase = None,
    scenarios: GivenScenarios = None,
    draws: DrawCount = 200,
    samples: SampleCount = 10,
    seed: SeedOfDraws = 0,
    policy: PolicyChosen = "myopic",
    foreseen: LowerBound = True,
    replications: Replications = None,
    size: SampleSize = None,
    replanned: AnewCount = None,
    out: LossFile = None,
    workers: Processes = 1,
) -> None:
    """A plan in scenarios that it was not made for: its risk out of sample, with confidence intervals."""
    with exit_codes():
        _refuse_beside_register(register, scenarios, replanned)
        hazards = None if register is None else load(find_case(register))
        with shown_progress() as progress:
            found = evaluate_into(
                folder,
                scenarios=scenarios,
                register=hazards,
                draws=draws,
                samples=samples,
                seed=seed,
                policy=policy,
                foreseen=foreseen,
                replications=replications,
                size=size,
                replanned=replanned,
                out=out,
                workers=workers,
                progress=progress,
            )
        risk = found.plan.policy["risk_musd"]
        needed = risk.needed(found.samples, AIM) if found.samples > 1 else None
        lines = worded_lines(
            "screen_evaluated.j2",
            "evaluated",
            found=found,
            register=register,
            fresh=found.out_of_sample,
            aim=AIM,
            needed=needed,
        )
        for line in lines:
            say(line)
        if register is not None or scenarios is not None:
            say(f"{'Written':<16}{folder / EVALUATION}")
        if out is not None:
            say(f"{'Losses':<16}{out}")
        if found.replanned is not None:
            say_replanned(found.replanned)


def _refuse_beside_register(
    register: Path | None, scenarios: Path | None, replanned: int | None
) -> None:
    """Raise InputError for options that do not apply with a register of hazards, or without one."""
    if register is not None and scenarios is not None:
        said = "does not apply beside --register, which draws scenarios"
        raise InputError([Fault("planner evaluate", 0, "--scenarios", said)])
    if register is None and replanned is not None:
        said = "needs hazards to draw from"
        remedy = "add --register CASE"
        raise InputError([Fault("planner evaluate", 0, "--replanned", said, remedy=remedy)])


def say_replanned(found: Replanned) -> None:
    """What planning anew attains, beside the plan held fixed in the same scenarios."""
    held = found.risk["held_rolling_loss_musd"], found.risk["held_myopic_loss_musd"]
    say(f"{'Planned anew':<16}each year, in {found.futures} scenarios ({found.solves} plans):")
    say(f"{'':<16}risk {found.risk['loss_musd']:,.0f} MUSD, cost {found.cost:,.0f} MUSD expected;")
    say(
        f"{'':<16}the plan held in the same: risk {held[0]:,.0f} (rolling), {held[1]:,.0f} (myopic)."
    )
    say(
        f"{'':<16}{found.changed:.0%} of decisions are others, {found.changed_first:.0%} of those of "
        f"{found.first_year}. So few scenarios carry no interval."
    )
