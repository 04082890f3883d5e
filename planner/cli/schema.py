"""`planner schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import command_app, exit_codes, say
from planner.data.case import Case
from planner.data.describe import datapackage, model_schema
from planner.data.load import load
from planner.data.template import write_workbook
from planner.errors import Fault, InputError, RunFolderError
from planner.results.store import write_case
from planner.workspace import find_case

app = command_app()


@app.command()
def run(
    case: Annotated[
        Path | None, typer.Argument(help="Case to describe or convert. Default: none, all tables.", show_default=False)
    ] = None,
    package: Annotated[bool, typer.Option("--datapackage", help="Print a Frictionless datapackage.json.")] = False,
    workbook: Annotated[
        Path | None,
        typer.Option("--workbook", help="Write a workbook with notes and drop-downs, filled with the case."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Write the case as a folder of CSV tables and model.toml.")
    ] = None,
) -> None:
    """Print the JSON Schema of the model file, describe the tables, or turn a case into the other form."""
    with exit_codes():
        if sum((package, workbook is not None, tables is not None)) > 1:
            raise InputError([Fault("--workbook", 0, "", "only one of --datapackage, --workbook and --tables")])
        found = load(find_case(case)) if case is not None else None
        if workbook is not None:
            _new(workbook, "file")
            try:
                write_workbook(workbook, found)
            except Exception as error:
                workbook.unlink(missing_ok=True)
                raise RunFolderError(f"{workbook}: cannot be written: {error}") from error
            say(str(workbook))
        elif tables is not None:
            say(str(_write_tables(found, tables)))
        elif package:
            name = found.name if found else "case"
            say(json.dumps(datapackage(name, found.origin.headers if found else None), indent=2))
        else:
            say(json.dumps(model_schema(), indent=2))


def _write_tables(case: Case | None, folder: Path) -> Path:
    if case is None:
        raise InputError([Fault("--tables", 0, "", "name the case to write")])
    _new(folder, "folder")
    try:
        write_case(case, folder)
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return folder


def _new(path: Path, what: str) -> None:
    if path.exists():
        raise RunFolderError(f"{path}: exists; name a new {what}. Nothing was written")
