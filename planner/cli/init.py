"""`planner init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import command_app, exit_codes, say
from planner.workspace import STARTER, lay_out

app = command_app()


@app.command()
def run(
    folder: Annotated[Path, typer.Argument(help="New folder for the workspace.", show_default=False)],
    case: Annotated[str, typer.Option(help="Case to copy: starter or allied-2026.")] = STARTER,
) -> None:
    """Lay out a workspace: a case to start from, the models, a place for reports."""
    with exit_codes():
        copied = lay_out(folder, case)
    say(f"{copied} is ready. Next:")
    say(f"  planner check {copied}")
    say(f"  planner solve {copied} --model {folder}/models/base.toml")
