"""A folder or a workbook -> Case. Every fault is gathered; they are raised once, together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from planner.config import ModelFile, build_model, parse_value, read_model, read_toml, set_dotted
from planner.data.case import Case
from planner.data.cells import Row
from planner.data.change import MODEL, Change, changes_of
from planner.data.changed_case import as_given
from planner.data.checks import Read, check_all
from planner.data.findings import Origin
from planner.data.schema import BY_NAME, TABLES, Tables
from planner.data.sheets import (
    PACKAGE,
    Sheet,
    collapse,
    declared_columns,
    leads_out,
    read_folder,
    read_rows,
)
from planner.data.workbook import read_workbook
from planner.errors import Fault, InputError, fault, file_words, nearest
from planner.host import collector_paused

SCENARIO_TABLES = ("scenarios", "shocks", "draws")


@collector_paused()
def load(
    path: str | Path,
    model: str | Path | ModelFile | None = None,
    overrides: Mapping[str, object] | Sequence[Change] | None = None,
) -> Case:
    """Read and check a case.

    path: a folder of CSV tables or one .xlsx workbook. model: a TOML file or a ModelFile; None: `model.toml`
    in the folder (or the sheet `model`), else the defaults. overrides: changes of the model file, which they win
    over, or of cells, as in `Case.with_settings`, e.g. {"projects.metal_pohang.lead_time_years": "plus 2"}.
    Raises InputError with every fault found.

    >>> load("inputs/starter", overrides={"objective.tail": 0.8}).model.objective.tail
    0.8
    """
    started = perf_counter()
    path = Path(path)
    faults: list[Fault] = []
    remarks: list[Fault] = []
    sheets, model_sheet = _sheets(path, faults, remarks)
    read = Read()
    tables = _tables(sheets, path, faults, remarks, read)
    given = changes_of(overrides) if isinstance(overrides, Mapping) else [*(overrides or ())]
    keys = {one.column: as_given(one.value) for one in given if _sets_key(one)}
    others = [one for one in given if not _sets_key(one)]
    try:
        chosen = _model(path, model, keys, model_sheet)
    except InputError as error:
        faults += error.faults
        chosen, read.model_is_wrong = ModelFile(), True
    name = file_words(path.stem if path.is_file() else path.resolve().name)
    origin = _origin(path, sheets, model, remarks)
    if chosen.targets:
        origin = replace(origin, target_lines=_target_lines(path, model))
    case = Case(name, tables, chosen, origin=origin)
    faults += check_all(case, read=read)
    if faults:
        raise InputError(collapse(faults))
    if others:
        case = case.changed(others)
    return replace(case, load_seconds=perf_counter() - started)


def _sets_key(change: Change) -> bool:
    return change.table == MODEL and change.how == "set"


def load_scenarios(case: Case, folder: Path) -> Case:
    """The case with the scenarios and shocks of a folder, which may hold a whole case, and its draws if they were
    drawn; checked like a case that is read. Raises InputError."""
    for name in SCENARIO_TABLES[:2]:
        if not (folder / f"{name}.csv").is_file():
            said, remedy = "no such table", "give a folder with scenarios.csv and shocks.csv"
            raise InputError(
                [fault("missing-table", str(folder / f"{name}.csv"), 0, "", said, remedy=remedy)]
            )
    faults: list[Fault] = []
    remarks: list[Fault] = []
    read = Read()
    sheets = {
        name: sheet
        for name, sheet in read_folder(folder, faults, remarks).items()
        if name in SCENARIO_TABLES
    }
    found: dict[str, Any] = dict.fromkeys(SCENARIO_TABLES, ())
    for name, sheet in sheets.items():
        found[name] = () if sheet.unread else read_rows(BY_NAME[name], sheet, faults, remarks, read)
        if sheet.unread:
            read.lost(name)
    places = {name: case.origin.place(name) for name in SCENARIO_TABLES}
    origin = case.origin.moved(places, {name: sheet.header for name, sheet in sheets.items()})
    case = replace(case.with_tables(**found), origin=origin)
    if faults := [*faults, *check_all(case, read=read)]:
        raise InputError(collapse(faults))
    return case


def _sheets(
    path: Path, faults: list[Fault], remarks: list[Fault]
) -> tuple[dict[str, Sheet], Sheet | None]:
    try:
        if path.is_dir():
            return read_folder(path, faults, remarks), None
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise InputError(
            [fault("no-such-case", str(path), 0, "", f"cannot be read: {error}")]
        ) from None
    if not exists:
        raise InputError([fault("no-such-case", str(path), 0, "", "no such case")])
    if path.suffix.casefold() != ".xlsx" or not path.is_file():
        raise InputError(
            [fault("no-such-case", str(path), 0, "", "is neither a folder nor an .xlsx workbook")]
        )
    return read_workbook(path, faults, remarks)


def _origin(path: Path, sheets: Mapping[str, Sheet], model: object, remarks: list[Fault]) -> Origin:
    places = {
        table.name: f"{table.name}.csv" if path.is_dir() else f"{path.name}[{table.name}]"
        for table in TABLES
    }
    places["model"] = Path(model).name if isinstance(model, str | Path) else "model"
    return Origin(
        places | {name: sheet.place for name, sheet in sheets.items()},
        {name: sheet.tab for name, sheet in sheets.items()},
        {name: sheet.header for name, sheet in sheets.items()},
        tuple(remarks),
    )


def _model(
    path: Path,
    model: str | Path | ModelFile | None,
    overrides: Mapping[str, object],
    sheet: Sheet | None,
) -> ModelFile:
    if isinstance(model, ModelFile):
        return build_model(model.model_dump(exclude_defaults=True), overrides, "model", model.name)
    if model is not None:
        return read_model(Path(model), overrides)
    if sheet is not None:
        places = {cells[0]: (line, sheet.cell(line, 1)) for line, cells in sheet.rows}
        return build_model(_model_values(sheet), overrides, sheet.place, path.stem, places)
    own = path / "model.toml"
    if own.exists() and leads_out(own, path):
        raise InputError(
            [fault("unreadable", own.name, 0, "", "is a link that leads out of the folder")]
        )
    return read_model(own if path.is_dir() and own.exists() else None, overrides)


def _target_lines(path: Path, model: str | Path | ModelFile | None) -> tuple[int, ...]:
    """Line of each target in the model file; none where the model comes from no file."""
    own = path / "model.toml"
    if isinstance(model, ModelFile) or (model is None and not own.is_file()):
        return ()
    found = read_toml(own if model is None else Path(model), "model file")
    many = len(found.values.get("targets", ()))
    return tuple(found.line(("targets", place)) for place in range(many))


def _model_values(sheet: Sheet) -> dict[str, Any]:
    if sheet.header[:2] != ("key", "value"):
        raise InputError(
            [
                fault(
                    "missing-column",
                    sheet.place,
                    sheet.header_line,
                    "",
                    'must have the columns "key" and "value"',
                )
            ]
        )
    values: dict[str, Any] = {}
    seen: set[str] = set()
    faults: list[Fault] = []
    for line, cells in sheet.rows:
        key, value = (*cells, "", "")[:2]
        cell = sheet.cell(line, 0)
        if key in seen:
            faults.append(
                fault(
                    "repeated-key",
                    sheet.place,
                    line,
                    "key",
                    f'"{key}" is given twice',
                    value=key,
                    cell=cell,
                )
            )
        elif value != "":
            try:
                set_dotted(values, key, parse_value(value, key))
            except InputError as error:
                faults += [
                    replace(found, place=sheet.place, line=line, cell=cell)
                    for found in error.faults
                ]
        seen.add(key)
    if faults:
        raise InputError(faults)
    return values


def _tables(
    sheets: Mapping[str, Sheet], path: Path, faults: list[Fault], remarks: list[Fault], read: Read
) -> Tables:
    found: dict[str, tuple[Row, ...]] = {}
    declared = declared_columns(path)
    misnamed = {nearest(fault.value, BY_NAME) for fault in faults if fault.rule == "unknown-table"}
    for table in TABLES:
        sheet = sheets.get(table.name)
        if sheet is None and table.name in misnamed:
            read.lost(table.name)
        elif sheet is None and table.required:
            place = f"{table.name}.csv" if path.is_dir() else f"{path.name}[{table.name}]"
            faults.append(fault("missing-table", place, 0, "", f"is missing: {table.meaning}"))
            read.lost(table.name)
        elif sheet is None and table.name in declared:
            said = f"is missing: {PACKAGE} lists it"
            remedy = f"add it, or take it out of {PACKAGE}"
            faults.append(fault("missing-table", f"{table.name}.csv", 0, "", said, remedy=remedy))
            read.lost(table.name)
        elif sheet is not None and sheet.unread:
            read.lost(table.name)
        elif sheet is not None:
            before = len(faults)
            found[table.name] = read_rows(table, sheet, faults, remarks, read)
            for column in declared.get(table.name, ()) if len(faults) == before else ():
                if column not in sheet.header:
                    said, remedy = (
                        f"column is missing: {PACKAGE} lists it",
                        f"add it, or take it out of {PACKAGE}",
                    )
                    faults.append(
                        fault(
                            "missing-column",
                            sheet.place,
                            sheet.header_line,
                            column,
                            said,
                            remedy=remedy,
                        )
                    )
    return Tables(**found)  # type: ignore[arg-type]
