"""`planner check`: faults of a case and remarks on it. Loads neither tables of results nor the solver."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import planner
from planner.cli import console
from planner.data.case import Case
from planner.data.difference import changes
from planner.data.warnings import warnings_of
from planner.errors import RULES, Fault, InputError, refuse_unknown
from planner.solving.program_size import ALONE, is_divisible, refuse_if_too_large

FAR_APART = ("far-off", "magnet-tonnes", "unit-above-most")
"""Warnings of figures whose products may be such that no solver computes with them; only then is it worth to look."""

NOT_ASKED = ("hazards-not-drawn",)
"""Warnings of what only a plan would leave aside."""


app = console.command_app()


@app.command("check")
def check(
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
    ignored = ignore or ()
    with console.exit_codes():
        for name in ignored:
            refuse_unknown("--ignore", "warning", name, RULES["warnings"])
        try:
            found = console.read_case(case, model, overrides)
            remarks = _remarks(found)
        except InputError as error:
            if not as_json:
                raise
            console.say(_as_json(faults=console.in_options(error.faults), warnings=()))
            raise typer.Exit(error.exit_code) from None
        changed = None if against is None else changes(console.read_case(against), found)
    warnings = [warning for warning in remarks if warning.rule not in ignored]
    if as_json:
        console.say(_as_json(faults=(), warnings=warnings, changed=changed))
        return
    console.say_warnings(warnings)
    if against is not None and changed is not None:
        console.say_changes(changed, against)
    console.say(_closing_line(found, len(warnings)))


def _remarks(case: Case) -> list[Fault]:
    """Warnings of a case. Raises InputError where it is too large, or no solver computes with its figures."""
    refuse_if_too_large(case, alone=ALONE if is_divisible(case) else None)
    warnings = warnings_of(case, NOT_ASKED)
    if any(warning.rule in FAR_APART for warning in warnings):
        planner.check_coefficients(case)
    return warnings


def _closing_line(case: Case, warnings: int) -> str:
    """The last line of a check without faults: what the case holds."""
    counted = "1 warning" if warnings == 1 else f"{warnings} warnings"
    remarked = f" {counted}." if warnings else ""
    rows = case.tables.hazards
    hazards = len(case.lookups.hazards)
    in_rows = f" (in {len(rows)} rows)" if hazards < len(rows) else ""
    register = f" and {hazards} hazards{in_rows} to draw scenarios from" if hazards else ""
    return (
        f"{case.name}: no faults.{remarked} {len(case.countries)} countries, {len(case.projects)} projects, "
        f"{len(case.scenarios)} scenarios{register}, {case.first_year}-{case.last_year}"
    )


def _as_json(
    *, faults: Sequence[Fault], warnings: Sequence[Fault], changed: Sequence[Fault] | None = None
) -> str:
    kinds = {"faults": faults, "warnings": warnings}
    if changed is not None:
        kinds["changed"] = changed
    found = {kind: [one.as_json() for one in items] for kind, items in kinds.items()}
    return json.dumps(found, indent=2)
