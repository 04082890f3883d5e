"""`planner check`: faults of a case and remarks on it. Loads neither tables of results nor the solver."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import planner
from planner.cli import console
from planner.data.difference import changes
from planner.data.program_size import ALONE, refuse_if_too_large
from planner.data.warnings import warnings_of
from planner.errors import RULES, Fault, InputError, did_you_mean

FAR_APART = ("far-off", "magnet-tonnes", "unit-above-most")
"""Warnings of figures whose products may be such that no solver computes with them; only then is it worth to look."""

NOT_ASKED = ("hazards-not-drawn",)
"""Warnings of what only a plan would leave aside."""


app = console.command_app()


@app.command("check")
def look_over(
    case: console.CasePath,
    model: console.ModelPath = None,
    overrides: console.Overrides = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print faults and warnings as JSON.")
    ] = False,
    ignore: console.Ignored = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN|CASE",
            help="Also say which inputs changed since this run, or from another case.",
        ),
    ] = None,
) -> None:
    """Validate a case and its model file; every fault is listed, then what looks odd. Exit code 0 or 2."""
    with console.exit_codes():
        _check_names(ignore or ())
        try:
            found = console.read_case(case, model, overrides)
            shared = (
                found.model.policy.investment != "adaptive"
            )  # else scenarios are not solved one by one
            refuse_if_too_large(found, alone=ALONE if shared else None)
            odd = warnings_of(found, NOT_ASKED)
            if any(warning.rule in FAR_APART for warning in odd):
                planner.check_coefficients(found)
        except InputError as error:
            if not as_json:
                raise
            console.say(_as_json(error.faults, ()))
            raise typer.Exit(error.exit_code) from None
        changed = changes(console.read_case(against), found) if against is not None else []
        warnings = [warning for warning in odd if warning.rule not in (ignore or ())]
    if as_json:
        console.say(_as_json((), warnings, changed if against is not None else None))
        return
    console.say_warnings(warnings)
    if against is not None:
        console.say_changes(changed, against)
    count = f" {len(warnings)} warning{'s' if len(warnings) != 1 else ''}." if warnings else ""
    hazards = (
        f" and {len(found.tables.hazards)} hazards to draw futures from"
        if found.tables.hazards
        else ""
    )
    console.say(
        f"{found.name}: no faults.{count} {len(found.countries)} countries, {len(found.projects)} projects, "
        f"{len(found.scenarios)} scenarios{hazards}, {found.first_year}-{found.last_year}"
    )


def _check_names(names: Sequence[str]) -> None:
    known = RULES["warnings"]
    if unknown := [name for name in names if name not in known]:
        told = [f'unknown warning "{name}"{did_you_mean(name, known)}' for name in unknown]
        raise InputError(
            Fault("--ignore", 0, "", said, remedy=f"known: {', '.join(known)}") for said in told
        )


def _as_json(
    faults: Sequence[Fault], warnings: Sequence[Fault], changed: Sequence[Fault] | None = None
) -> str:
    found = {"faults": faults, "warnings": warnings} | (
        {} if changed is None else {"changed": changed}
    )
    return json.dumps(
        {kind: [one.as_json() for one in told] for kind, told in found.items()}, indent=2
    )
