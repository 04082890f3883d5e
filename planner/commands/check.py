"""`planner check`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from planner.commands.console import CasePath, ModelPath, Overrides, exit_codes, read_case, say
from planner.errors import InputError


def run(
    case: CasePath,
    model: ModelPath = None,
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the faults as JSON.")] = False,
) -> None:
    """Validate a case and its model file; every fault is listed. Exit code 0 or 2."""
    with exit_codes():
        try:
            found = read_case(case, model, overrides)
        except InputError as error:
            if not as_json:
                raise
            say(json.dumps({"faults": [vars(fault) for fault in error.faults]}, indent=2))
            raise typer.Exit(error.exit_code) from None
    if as_json:
        say(json.dumps({"faults": []}, indent=2))
        return
    say(
        f"{found.name}: no faults. {len(found.countries)} countries, {len(found.projects)} projects, "
        f"{len(found.scenarios)} scenarios, {found.first_year}-{found.last_year}"
    )
