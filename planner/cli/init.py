"""`planner init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.console import command_app, exit_codes, say
from planner.data.case import Case
from planner.data.load import load
from planner.data.template import write_workbook
from planner.errors import Fault, InputError, RunFolderError
from planner.results.store import write_case
from planner.workspace import STARTER, find_case, lay_out, shipped

app = command_app()


@app.command()
def run(
    place: Annotated[
        Path | None,
        typer.Argument(help="New folder for the workspace; with --workbook or --tables: a case.", show_default=False),
    ] = None,
    case: Annotated[
        str | None, typer.Option(help=f"Case to copy into a workspace: {STARTER} (default) or allied-2026.")
    ] = None,
    workbook: Annotated[
        Path | None, typer.Option("--workbook", help="Write one workbook instead: the case, or examples to write over.")
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Write the case as a folder of CSV tables and model.toml instead.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Model file whose choices go with the case.", show_default=False)
    ] = None,
) -> None:
    """Lay out a workspace: a case to start from, the models, a place for reports; or a case as a workbook."""
    with exit_codes():
        if workbook is None and tables is None:
            _refuse("--model", model is not None, "applies to --workbook and --tables alone")
            _lay_out(place, case or STARTER)
            return
        _refuse("--tables", workbook is not None and tables is not None, "does not go with --workbook")
        _refuse("--case", case is not None, "is for a workspace; name the case itself")
        if workbook is not None:
            _write_workbook(workbook, place, model)
        elif tables is not None:
            _refuse("--tables", place is None, "needs the case to write")
            _new(tables, "folder")
            write_case(_load(place or Path(), model), tables)
        say(str(workbook or tables))


def _lay_out(folder: Path | None, case: str) -> None:
    _refuse("planner init", folder is None, "needs the new folder")
    copied = lay_out(folder or Path(), case)
    say(f"{copied} is ready. Next:")
    say(f"  planner check {copied}")
    say(f"  planner solve {copied} --model {folder}/models/base.toml")


def _write_workbook(file: Path, place: Path | None, model: Path | None) -> None:
    _new(file, "file")
    example = place is None
    found = _load(shipped() / "inputs" / STARTER if place is None else place, model)
    try:
        write_workbook(file, found, example=example)
    except Exception as error:
        file.unlink(missing_ok=True)
        raise RunFolderError(f"{file}: cannot be written: {error}") from error


def _load(place: Path, model: Path | None) -> Case:
    return load(find_case(place), model)


def _new(path: Path, what: str) -> None:
    if path.exists():
        raise RunFolderError(f"{path}: exists; name a new {what}. Nothing was written")


def _refuse(option: str, wrong: bool, why: str) -> None:
    if wrong:
        raise InputError([Fault(option, 0, "", why)])
