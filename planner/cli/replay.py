"""`planner replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api.plans import replay
from planner.cli.console import command_app, err, exit_codes, say, shown_progress

app = command_app()


@app.command()
def run(run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)]) -> None:
    """Solve a run again from its stored inputs and model, and say what differs. Exit code 0 or 2."""
    with exit_codes():
        with shown_progress() as progress:
            stored, versions = replay(run, progress)
        for line in versions:
            err.print(line, style="yellow", markup=False, soft_wrap=True)
        risk = stored.summary.get("risk_musd")
        found = f"risk {risk:.10g} MUSD" if isinstance(risk, float) else f"status {stored.summary['status']}"
        say(f"{run}: reproduced; {found}, all tables within 1e-9")
