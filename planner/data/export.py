"""A case for other programs: as a workbook, as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from planner.cells import CARRIED, Quarter, Row, armour, text_of
from planner.config import ModelFile, meaning
from planner.data.frames import field_type
from planner.data.schema import TABLES, Table
from planner.data.sheets import MODEL_SHEET, NOTES_SHEET
from planner.late import late

if TYPE_CHECKING:  # which is made of this module
    from planner.data.case import Case


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Words that a column is limited to; () if none."""
    for part in (field.annotation, *get_args(field.annotation)):
        if get_origin(part) is Literal:
            return tuple(str(choice) for choice in get_args(part))
    return ()


PLAIN_UNITS = ("year", "years", "share", "factor or years")
"""Units that the meaning of a column names itself."""


def explained(field: FieldInfo) -> str:
    """What stands in a column: its meaning, its unit or the words to choose from, and what a blank cell means."""
    details = field.json_schema_extra
    unit = str(details["unit"]) if isinstance(details, dict) else ""
    words = str(field.description)
    if unit and unit not in PLAIN_UNITS:
        words += f", {unit}"
    choices = choices_of(field)
    if choices:
        words += f": {', '.join(choices)}"
    if field.is_required():
        return words
    default = field.default
    if default in (None, "", ()):
        return words if "blank" in words else f"{words}; may be blank"
    shown = f"{default:g}" if isinstance(default, float) else default
    return f"{words}; blank = {shown}"


_BOOK = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}
_MODEL_COLUMNS = ("key", "value", "meaning")


def write_workbook(path: Path, case: Case) -> None:
    """Write a workbook: a sheet per table, the sheet `model` with every key, and a sheet of notes, which is not read.

    case: its rows, and its model as it was chosen (by `load(path, model)`); reading the workbook gives an equal case
    and model. Raises OSError.
    """
    # Put together in memory: where the disk is full, one plain error is raised, and nothing is left open.
    content = io.BytesIO()
    book = late("xlsxwriter").Workbook(content, _BOOK)  # loaded when it is first needed
    _write_sheet(book, NOTES_SHEET, ("table", "column", "what it holds"), _notes(case))
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if rows or table.required:
            columns = (*table.row.columns(), *CARRIED)
            cells = [[_stated(row, column) for column in columns] for row in rows]
            _write_sheet(book, table.name, columns, cells, table)
    _write_sheet(book, MODEL_SHEET, _MODEL_COLUMNS, _model_rows(case.model))
    book.close()
    path.write_bytes(content.getvalue())


def _notes(case: Case) -> Iterator[tuple[str, str, str]]:
    """What the sheets hold, and what stands in each column of them."""
    yield "this sheet", "", "is not read: write in it what you like"
    yield "checking", "", "planner check FILE names every cell that cannot be right"
    yield "model", "", f'the model "{case.model.name}": a key left empty has its default'
    for table in TABLES:
        must = "must be there" if table.required else "may be left out"
        key = ", ".join(table.key)
        yield table.name, "", f"{table.meaning} ({must}; a row is identified by {key})"
        for column in table.row.columns():
            yield table.name, column, explained(table.row.model_fields[column])


def _write_sheet(
    book: Any,
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    table: Table | None = None,
) -> None:
    """Write a sheet. Ids of a table, such as 007 or 1E5, stay text, as they are in a CSV file."""
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for position, heading in enumerate(header):
        is_text = table is not None and field_type(table.row.model_fields[heading]) == "string"
        sheet.set_column(position, position, max(9, len(heading) + 2), text if is_text else None)
        sheet.write_string(0, position, heading, bold)
    for number, cells in enumerate(rows, start=1):
        for position, value in enumerate(cells):
            plain = text_of(value) if isinstance(value, tuple | Quarter) else value
            sheet.write(number, position, plain)


def _model_rows(model: ModelFile) -> Iterator[tuple[str, object, str]]:
    """Key and value, which are read, and the meaning of a key."""
    defaults = ModelFile().flat()
    for key, value in model.flat().items():
        said = meaning(key)
        if defaults[key] not in (None, ""):
            said += f" Default: {text_of(defaults[key])}."
        yield key, _targets_in_line(model) if key == "targets" else value, said


def _targets_in_line(model: ModelFile) -> str:
    """The targets of a model file as one TOML value, for a cell; '' without any."""
    tables: list[str] = []
    for target in model.targets:
        given = target.model_dump(mode="json", exclude_defaults=True)
        keys = ", ".join(_toml_lines(given))
        tables.append("{" + keys + "}")
    return f"[{', '.join(tables)}]" if tables else ""


def write_tables(case: Case, folder: Path, also: Collection[str] = ()) -> None:
    """Write every table of a case as CSV; loading them gives the same rows, blank cells among them. Raises OSError.

    also: tables that may be left out and are written all the same, with their header alone if they have no rows.
    """
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if not rows and not table.required and table.name not in also:
            continue
        columns = [*table.row.columns(), *CARRIED]
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for row in rows:
                writer.writerow([cell_text(_stated(row, column)) for column in columns])


def _stated(row: Row, column: str) -> object:
    """The value of a cell; None where nobody stated one and the default holds."""
    return getattr(row, column) if column in row.model_fields_set else None


def cell_text(value: object) -> str:
    """A value as it stands in a CSV table."""
    return armour(text_of(value)) if isinstance(value, str | tuple) else text_of(value)


def write_model(model: ModelFile, path: Path) -> None:
    """Write a model file as TOML with every key set. Raises OSError."""
    path.write_text(model_toml(model), encoding="utf-8", newline="\n")


def model_toml(model: ModelFile) -> str:
    """A model file as TOML with every key set."""
    lines: list[str] = []
    sections: list[str] = []
    for key, value in model.model_dump(mode="json", exclude_none=True).items():
        if key == "targets":
            continue  # sections of a list, at the end
        if isinstance(value, dict):
            sections += ["", f"[{key}]", *_toml_lines(value)]
        else:
            lines.append(f"{key} = {_toml(value)}")
    for target in model.targets:
        given = target.model_dump(mode="json", exclude_defaults=True)
        sections += ["", "[[targets]]", *_toml_lines(given)]
    return "\n".join([*lines, *sections]) + "\n"


def _toml_lines(section: Mapping[str, object]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in section.items()]


def _toml(value: object) -> str:
    # JSON texts, numbers, booleans and lists of them are TOML too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
