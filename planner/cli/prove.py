"""A plan proven. Loads no tables of results and no pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.certification.prove import PROOF, prove_into, recheck
from planner.cli.console import command_app, exit_codes, say, shown_progress

app = command_app()


@app.command("prove")
def prove_plan(
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
            proof = None if check else prove_into(run, progress)
            told = recheck(run, progress) if check else []
        for line in told:
            say(line)
        for phase in proof.phases if proof else ():
            say(
                f"{phase.phase:13}the least {phase.minimise} is between {phase.lower} and {phase.upper} MUSD"
            )
        if proof and proof.whole_plants:
            say("Lower bounds are those of plants in fractions: no plan of whole plants has less")
        if proof:
            folder = run / PROOF
            say(f"Written     {folder}: python {folder}/check.py {folder}")
            say(
                f"            planner prove {run} --check also sees whether the program is that of the inputs"
            )
