"""`planner schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import command_app, exit_codes, say
from planner.data.describe import datapackage, model_schema
from planner.data.load import load
from planner.workspace import find_case

app = command_app()


@app.command()
def run(
    case: Annotated[
        Path | None, typer.Argument(help="Case to describe. Default: none, all tables.", show_default=False)
    ] = None,
    package: Annotated[bool, typer.Option("--datapackage", help="Print a Frictionless datapackage.json.")] = False,
) -> None:
    """Print the JSON Schema of the model file, or describe the tables."""
    with exit_codes():
        found = load(find_case(case)) if case is not None else None
        if package:
            name = found.name if found else "case"
            say(json.dumps(datapackage(name, found.origin.headers if found else None), indent=2))
        else:
            say(json.dumps(model_schema(), indent=2))
