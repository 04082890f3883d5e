"""`planner replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.api import open_run, solve
from planner.cli.console import err, exit_codes, say, shown_progress
from planner.errors import RunFolderError
from planner.results.replay import differences, other_versions


def run(run: Annotated[Path, typer.Argument(help="Run folder.", show_default=False)]) -> None:
    """Solve a run again from its stored inputs and model, and say what differs. Exit code 0 or 2."""
    with exit_codes():
        with shown_progress() as progress:
            progress("reading the run")
            stored = open_run(run)
            again = solve(stored.case, progress=progress, baseline="without_plan" in stored.summary)
        versions = other_versions(stored, again)
        for line in versions:
            err.print(line, style="yellow", markup=False, soft_wrap=True)
        found = differences(stored, again)
        if found:
            said = "\n".join(f"  {line}" for line in found)
            why = "other versions solve it now" if versions else "its files were changed after it was written"
            raise RunFolderError(f"{run}: is not what its inputs give ({why}):\n{said}")
        say(f"{run}: reproduced; {_compared(stored.summary)}, all tables within 1e-9")


def _compared(summary: dict[str, object]) -> str:
    risk = summary.get("risk_musd")
    return f"risk {risk:.10g} MUSD" if isinstance(risk, float) else f"status {summary['status']}"
