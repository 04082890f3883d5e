"""A folder or a workbook -> Case. Every fault is gathered; they are raised once, together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from pydantic import ValidationError

from planner.config import ModelFile, build_model, parse_value, read_model, set_dotted
from planner.data.case import Case
from planner.data.checks import check_all
from planner.data.read import Sheet, read_folder, read_workbook
from planner.data.schema import CARRIED, Row
from planner.data.tables import TABLES, Table, Tables
from planner.errors import Fault, InputError, did_you_mean


def load(
    path: str | Path, model: str | Path | ModelFile | None = None, overrides: Mapping[str, object] | None = None
) -> Case:
    """Read and check a case.

    path: a folder of CSV tables or one .xlsx workbook. model: a TOML file or a ModelFile; None: `model.toml`
    in the folder (or the sheet `model`), else the defaults. overrides: dotted keys, e.g.
    {"policy.coordination": "national"}; they win over the model file.
    Raises InputError with every fault found.
    """
    started = perf_counter()
    path = Path(path)
    faults: list[Fault] = []
    sheets, model_sheet = _sheets(path, faults)
    tables = _tables(sheets, path, faults)
    try:
        chosen = _model(path, model, overrides or {}, model_sheet)
    except InputError as error:
        faults += error.faults
        chosen = ModelFile()
    if faults:
        raise InputError(faults)
    case = Case(path.stem if path.is_file() else path.resolve().name, tables, chosen, fingerprint(tables, chosen))
    faults = check_all(case, {name: sheet.place for name, sheet in sheets.items()})
    if faults:
        raise InputError(faults)
    return replace(case, load_seconds=perf_counter() - started)


def _sheets(path: Path, faults: list[Fault]) -> tuple[dict[str, Sheet], Sheet | None]:
    if path.is_dir():
        return read_folder(path, faults), None
    if not path.exists():
        raise InputError([Fault(str(path), 0, "", "no such case; give a folder of CSV tables or an .xlsx workbook")])
    if path.suffix.casefold() != ".xlsx":
        raise InputError([Fault(str(path), 0, "", "is neither a folder nor an .xlsx workbook")])
    return read_workbook(path, faults)


def _model(
    path: Path, model: str | Path | ModelFile | None, overrides: Mapping[str, object], sheet: Sheet | None
) -> ModelFile:
    if isinstance(model, ModelFile):
        return build_model(model.model_dump(exclude_defaults=True), overrides, "model", model.name)
    if model is not None:
        return read_model(Path(model), overrides)
    if sheet is not None:
        return build_model(_model_values(sheet), overrides, sheet.place, path.stem)
    own = path / "model.toml"
    return read_model(own if path.is_dir() and own.exists() else None, overrides)


def _model_values(sheet: Sheet) -> dict[str, Any]:
    if sheet.header[:2] != ("key", "value"):
        raise InputError([Fault(sheet.place, 1, "", 'must have the columns "key" and "value"')])
    values: dict[str, Any] = {}
    seen: set[str] = set()
    faults: list[Fault] = []
    for line, cells in sheet.rows:
        key, value = (*cells, "", "")[:2]
        if key in seen:
            faults.append(Fault(sheet.place, line, "key", f'"{key}" is given twice'))
        seen.add(key)
        if value != "":
            set_dotted(values, key, parse_value(value))
    if faults:
        raise InputError(faults)
    return values


def _tables(sheets: Mapping[str, Sheet], path: Path, faults: list[Fault]) -> Tables:
    found: dict[str, tuple[Row, ...]] = {}
    for table in TABLES:
        if table.name in sheets:
            found[table.name] = _rows(table, sheets[table.name], faults)
        elif table.required:
            name = f"{table.name}.csv" if path.is_dir() else f"{path.name}[{table.name}]"
            faults.append(Fault(name, 0, "", f"is missing: {table.meaning}"))
    return Tables(**found)  # type: ignore[arg-type]


def _rows(table: Table, sheet: Sheet, faults: list[Fault]) -> tuple[Row, ...]:
    before = len(faults)
    _check_header(table, sheet, faults)
    if len(faults) > before:
        return ()
    rows: list[Row] = []
    first_seen: dict[tuple[object, ...], int] = {}
    for line, cells in sheet.rows:
        extra = [cell for cell in cells[len(sheet.header) :] if cell]
        if extra:
            faults.append(Fault(sheet.place, line, "", f'has more cells than the header has columns: "{extra[0]}"'))
            continue
        filled = {name: cell for name, cell in zip(sheet.header, cells, strict=False) if cell != ""}
        try:
            row = table.row.model_validate({**filled, "line": line})
        except ValidationError as error:
            faults += [_cell_fault(detail, sheet, line) for detail in error.errors()]
            continue
        key = tuple(getattr(row, column) for column in table.key)
        if key in first_seen:
            what = ", ".join(str(part) for part in key if part not in ("", None))
            faults.append(
                Fault(sheet.place, line, table.key[0], f"repeats line {first_seen[key]} ({what}); keep one of the two")
            )
        first_seen.setdefault(key, line)
        rows.append(row)
    return tuple(rows)


def _check_header(table: Table, sheet: Sheet, faults: list[Fault]) -> None:
    known = [*table.row.columns(), *CARRIED]
    for position, name in enumerate(sheet.header):
        if name == "":
            faults.append(Fault(sheet.place, 1, f"column {position + 1}", "has no name"))
        elif name not in known:
            faults.append(Fault(sheet.place, 1, name, f"unknown column{did_you_mean(name, known)}"))
        elif name in sheet.header[:position]:
            faults.append(Fault(sheet.place, 1, name, "stands twice in the header"))
    for name, field in table.row.model_fields.items():
        if field.is_required() and name not in sheet.header:
            faults.append(Fault(sheet.place, 1, name, f"column is missing: {field.description}"))


def _cell_fault(detail: Mapping[str, Any], sheet: Sheet, line: int) -> Fault:
    column = str(detail["loc"][0])
    if detail["type"] == "missing":
        return Fault(sheet.place, line, column, "must not be empty")
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "literal_error":
        choices = [part.strip("' ") for part in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")]
        message = f'"{detail["input"]}" is not one of {", ".join(choices)}{did_you_mean(str(detail["input"]), choices)}'
    elif detail["type"] != "value_error":
        value = detail["input"]
        shown = f"{value:g}" if isinstance(value, float) else value
        message = f"{shown}: must be{message.removeprefix('Input should be')}"
    return Fault(sheet.place, line, column, message)


def fingerprint(tables: Tables, model: ModelFile) -> str:
    """SHA-256 over all rows and the model file; independent of row and column order and of file form."""
    digest = hashlib.sha256()
    for table in TABLES:
        lines = sorted(row.model_dump_json() for row in tables.rows(table.name))
        digest.update("\n".join([table.name, *lines]).encode())
    digest.update(model.model_dump_json().encode())
    return digest.hexdigest()
