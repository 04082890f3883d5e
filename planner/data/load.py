"""A folder or a workbook -> Case. Every fault is gathered; they are raised once, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from planner.cells import Row
from planner.config import ModelFile, build_model, parse_value, read_model, set_dotted
from planner.data.case import Case
from planner.data.change import MODEL, Change, Changes, readable_changes
from planner.data.changed_case import Changer, as_given
from planner.data.checks import Reading, check_all
from planner.data.findings import Origin
from planner.data.schema import BY_NAME, TABLES, Table, Tables
from planner.data.sheets import Sheet, leads_out, read_folder, read_rows
from planner.data.workbook import read_workbook
from planner.errors import InputError, fault, file_words, nearest, refused
from planner.host import collector_paused

OWN_MODEL = "model.toml"
"""The model file that a case may bring along."""


@collector_paused()
def checked_case(
    path: str | Path, model: str | Path | ModelFile | None = None, changes: Changes = ()
) -> Case:
    """A case that is read and checked, with changes made; `planner.load` says what path and model may be.

    Keys of the model file are changed before anything is checked, cells after it. Raises InputError with every fault found.
    """
    started = perf_counter()
    path = Path(path)
    reading = Reading()
    sheets, model_sheet = _sheets(path, reading)
    origin = _origin(path, sheets, model)
    tables = _tables(sheets, origin, reading)
    read, unread = readable_changes(changes)
    keys: dict[str, object] = {}
    others: list[Change] = []
    for change in read:
        if change.table == MODEL and change.how == "set":
            keys[change.column] = as_given(change.value)
        else:
            others.append(change)
    try:
        chosen = _model(path, model, keys, model_sheet)
    except InputError as error:
        reading.faults += error.faults
        reading.model_is_wrong = True
        chosen = ModelFile()
    name = file_words(path.stem if path.is_file() else path.resolve().name)
    origin = replace(origin, remarks=tuple(reading.remarks))
    case = Case(name, tables, chosen, origin=origin)
    reading.faults += check_all(case.lookups, read=reading)
    changed = case
    # Where rows were not read, one that a change names may be among them.
    applied = [] if reading.unsound else others
    try:
        changed = Changer(case).apply(applied, unread)
    except InputError as error:
        reading.faults += error.faults
    reading.refuse()
    if applied:
        changed = changed.checked()
    return replace(changed, load_seconds=perf_counter() - started)


def _sheets(path: Path, reading: Reading) -> tuple[dict[str, Sheet], Sheet | None]:
    """Sheets by table, and the sheet of the model, of a folder (None) or a workbook.

    Raises InputError if there is no such case.
    """
    try:
        if path.is_dir():
            return read_folder(path, reading), None
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise refused("no-such-case", str(path), f"cannot be read: {error}") from None
    if not exists:
        raise refused("no-such-case", str(path), "no such case")
    if path.suffix.casefold() != ".xlsx" or not path.is_file():
        raise refused("no-such-case", str(path), "is neither a folder nor an .xlsx workbook")
    return read_workbook(path, reading)


def _origin(path: Path, sheets: Mapping[str, Sheet], model: object) -> Origin:
    """The place of each table of a case, for messages. model: as `checked_case` was given it."""
    places = {name: sheet.place for name, sheet in sheets.items()}
    if isinstance(model, str | Path):
        places[MODEL] = Path(model).name
    elif model is None and (path / OWN_MODEL).is_file():
        places[MODEL] = OWN_MODEL
    return Origin(places, workbook="" if path.is_dir() else path.name)


def _model(
    path: Path,
    model: str | Path | ModelFile | None,
    overrides: Mapping[str, object],
    sheet: Sheet | None,
) -> ModelFile:
    """The model file with overrides: as given, else that of the workbook, else model.toml of the folder, else the
    defaults.

    Raises InputError.
    """
    if isinstance(model, ModelFile):
        return build_model(model.given(), overrides, "model", model.name)
    if model is not None:
        return read_model(Path(model), overrides)
    if sheet is not None:
        lines = {cells[0]: line for line, cells in sheet.rows}
        return build_model(
            _model_values(sheet), overrides, sheet.place, stem=path.stem, lines=lines
        )
    own = path / OWN_MODEL
    if own.exists() and leads_out(own, path):
        said = "is a link that leads out of the folder"
        raise refused("unreadable", own.name, said)
    return read_model(own if path.is_dir() and own.exists() else None, overrides)


def _model_values(sheet: Sheet) -> dict[str, Any]:
    """Nested values of the sheet of a model: a key and a value a row.

    Raises InputError with a fault for each wrong row.
    """
    if sheet.header[:2] != ("key", "value"):
        said = 'must have the columns "key" and "value"'
        raise InputError([sheet.fault("missing-column", sheet.header_line, "", said)])
    values: dict[str, Any] = {}
    seen: set[str] = set()
    reading = Reading()
    for line, cells in sheet.rows:
        key = cells[0]
        value = cells[1] if len(cells) > 1 else ""
        if key in seen:
            said = f'"{key}" is given twice'
            reading.faults.append(sheet.fault("repeated-key", line, "key", said, value=key))
        elif value != "":
            try:
                set_dotted(values, key, parse_value(value, key))
            except InputError as error:
                for found in error.faults:
                    reading.faults.append(replace(found, place=sheet.place, line=line))
        seen.add(key)
    if reading.faults:
        raise InputError(reading.faults)
    return values


def _tables(sheets: Mapping[str, Sheet], origin: Origin, reading: Reading) -> Tables:
    """The tables of a case, read from their sheets; faults of rows and of tables that are missing are noted in
    `reading`."""
    misnamed: set[str] = set()
    for unknown in reading.faults:
        if unknown.rule == "unknown-table":
            misnamed.add(nearest(unknown.value, BY_NAME))
    rows: dict[str, tuple[Row, ...]] = {}
    for table in TABLES:
        name = table.name
        if name in sheets:
            rows[name] = _rows(table, sheets[name], reading)
            continue
        if name in misnamed:
            reading.lost(name)
        elif table.required:
            said = f"is missing: {table.meaning}"
            place = origin.place(name)
            reading.faults.append(fault("missing-table", place, 0, "", message=said))
            reading.lost(name)
    return Tables(**rows)  # type: ignore[arg-type]


def _rows(table: Table, sheet: Sheet, reading: Reading) -> tuple[Row, ...]:
    """Rows of a sheet."""
    if sheet.unread:
        reading.lost(table.name)
        return ()
    return read_rows(table, sheet, reading)
