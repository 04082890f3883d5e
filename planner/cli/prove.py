"""`planner prove`. Loads no tables of results and no pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.certification.prove import PROOF, prove_into, recheck
from planner.cli.console import command_app, exit_codes, say, shown_progress
from planner.solving.goals import Progress

app = command_app()


@app.command("prove")
def prove(
    run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Check the proof that is there, against the inputs of the run too."
        ),
    ] = False,
) -> None:
    """Prove a plan in exact arithmetic: bounds to hand over, and a short program that checks them."""
    with exit_codes():
        with shown_progress() as progress:
            lines = recheck(run, progress) if check else _prove(run, progress)
        for line in lines:
            say(line)


def _prove(run: Path, progress: Progress) -> list[str]:
    """Write a proof into a run folder. Returns its bounds, and how to check it, as lines."""
    proof = prove_into(run, progress)
    lines = []
    for phase in proof.phases:
        bounds = f"between {phase.lower} and {phase.upper} MUSD"
        lines.append(f"{phase.phase:13}the least {phase.minimise} is {bounds}")
    if proof.whole_plants:
        lines.append(
            "Lower bounds are those of plants in fractions: no plan of whole plants has less"
        )
    folder = run / PROOF
    checks = "also sees whether the program is that of the inputs"
    lines.append(f"Written     {folder}: python {folder}/check.py {folder}")
    lines.append(f"            planner prove {run} --check {checks}")
    return lines
