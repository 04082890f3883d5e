"""A case for other programs: as a workbook, as CSV; and JSON Schema of its model file
(https://json-schema.org/draft/2020-12)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from openpyxl.utils import get_column_letter
from pydantic.fields import FieldInfo

from planner.config import ModelFile, meaning
from planner.data.cells import CARRIED, Row, armour, text_of
from planner.data.checks import DEFINED, FIXED, REFERENCES
from planner.data.frames import field_type
from planner.data.schema import BY_NAME, TABLES, Table
from planner.data.sheets import MODEL_SHEET, NOTES_SHEET
from planner.late import late

if TYPE_CHECKING:  # which is made of this module
    from planner.data.case import Case

LISTS_OF_NAMES = {("projects", "feeds"), ("funders", "countries"), ("hazards", "within")}
"""Columns that hold several names, of which no drop-down can offer one."""


def model_schema() -> dict[str, Any]:
    """JSON Schema of a model file."""
    schema = ModelFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Model file of the planner",
    }


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Words that a column is limited to; () if none."""
    for part in (field.annotation, *get_args(field.annotation)):
        if get_origin(part) is Literal:
            return tuple(str(choice) for choice in get_args(part))
    return ()


def list_source(table: str, column: str) -> tuple[str, str] | tuple[str, ...]:
    """Source of the words in the drop-down of a column: a table and column, or fixed words; () if none."""
    if (table, column) in LISTS_OF_NAMES:
        return ()
    for source, name, kind in REFERENCES:
        if (source, name) == (table, column):
            return DEFINED.get(kind) or FIXED[kind]
    return ()


LIST_ROWS = 2_000
"""Rows of a table that get drop-downs."""
_BOOK = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}
_MODEL_COLUMNS = {"key": "required", "value": "required", "meaning": "optional"}
_EXAMPLE = {"italic": True, "font_color": "#7F7F7F"}


def write_workbook(path: Path, case: Case, example: bool = False) -> None:
    """Write a workbook: a sheet per table, the sheet `model` with every key, and a sheet of notes, which is not read.

    case: its rows, and its model as it was chosen (by `load(path, model)`); reading the workbook gives an equal case
    and model. example: the case is there to be written over: its rows are marked as examples, are read as any others,
    so that the workbook is a case from the start, and every table is laid out.
    Raises OSError.
    """
    # Put together in memory: where the disk is full, one plain error is raised, and nothing is left open.
    content = io.BytesIO()
    book = late("xlsxwriter").Workbook(content, _BOOK)  # loaded when it is first needed
    styles = {
        "required": book.add_format({"bold": True, "bg_color": "#D9E2F3", "bottom": 1}),
        "optional": book.add_format({"bold": True, "bg_color": "#F2F2F2", "bottom": 1}),
        "text": book.add_format({"num_format": "@"}),
        "bold": book.add_format({"bold": True}),
        "example": book.add_format(_EXAMPLE),
        "example text": book.add_format({**_EXAMPLE, "num_format": "@"}),
    }
    _notes_sheet(book, case, example, styles)
    laid_out: list[Table] = []
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if rows or table.required or example:
            _sheet(book, table, rows, styles, example=example)
            laid_out.append(table)
    names = {table.name for table in laid_out}
    for table in laid_out:
        _drop_downs(book, table, names)
    _model_sheet(book, case.model, styles)
    book.close()
    path.write_bytes(content.getvalue())


def _notes_sheet(book: Any, case: Case, example: bool, styles: dict[str, Any]) -> None:
    """Write the sheet that says what the others hold; it is not read."""
    sheet = book.add_worksheet(NOTES_SHEET)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 110)
    said = {
        "this sheet": "is not read: write in it what you like",
        "other sheets": "are the tables of a case. Blue columns must be filled; each heading has a note",
        "checking": "planner check FILE names every cell that cannot be right; planner solve FILE makes a plan",
    }
    if example:
        said["grey rows"] = f"are an example, the case {case.name}: write over or delete them"
    model = f'holds the model "{case.model.name}": a key left empty has its default'
    said |= {"sheet model": model, "": ""}
    for table in TABLES:
        must = "must be there" if table.required else "may be left out"
        key = ", ".join(table.key)
        said[table.name] = f"{table.meaning} ({must}; a row is identified by {key})"
    for row, (name, words) in enumerate(said.items()):
        sheet.write_string(row, 0, name, styles["bold"])
        sheet.write_string(row, 1, words)


def _sheet(
    book: Any, table: Table, rows: tuple[Row, ...], styles: dict[str, Any], *, example: bool
) -> None:
    """Write the sheet of a table: headings with a note each, and its rows.

    example: rows are grey, to be written over.
    """
    sheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, len(table.key) if example else 1)
    for position, name in enumerate((*table.row.columns(), *CARRIED)):
        field = table.row.model_fields[name]
        # Ids such as 007 or 1E5 stay text, as they are in a CSV file.
        is_text = field_type(field) == "string"
        width = max(9, len(name) + 2)
        sheet.set_column(position, position, width, styles["text"] if is_text else None)
        heading = styles["required" if field.is_required() else "optional"]
        sheet.write_string(0, position, name, heading)
        if name not in CARRIED:
            sheet.write_comment(0, position, _note(field), {"x_scale": 2})
        style = None
        if example:
            style = styles["example text" if is_text else "example"]
        for number, row in enumerate(rows, start=1):
            _write(sheet, number, position, _stated(row, name), style=style)


def _note(field: FieldInfo) -> str:
    """The comment on the head of a column: meaning, unit, and what a blank cell means."""
    extra: Any = field.json_schema_extra
    meaning = str(field.description)
    if extra["unit"]:
        meaning += f" ({extra['unit']})"
    if field.is_required():
        return f"{meaning}. Required."
    note = f"{meaning}. May be blank."
    if field.default not in (None, "", ()):
        note += f" Blank = {field.default}."
    return note


def _drop_downs(book: Any, table: Table, laid_out: Collection[str]) -> None:
    """Lists to choose from, in all columns that have one; `laid_out` are the sheets there are."""
    sheet = book.get_worksheet_by_name(table.name)
    for position, column in enumerate(table.row.columns()):
        words = _words(table, column, laid_out)
        if words:
            # A hint, not a wall: `planner check` is what refuses, and it names the nearest word.
            rule = {"validate": "list", "source": words, "error_type": "warning"}
            sheet.data_validation(1, position, LIST_ROWS, position, options=rule)


def _words(table: Table, column: str, laid_out: Collection[str]) -> list[str] | str:
    """Words or cells that the drop-down of a column lists; none if empty."""
    field = table.row.model_fields[column]
    if field_type(field) == "boolean":
        return ["true", "false"]
    words = list(choices_of(field))
    source = list_source(table.name, column)
    if words or not source or source[0] not in BY_NAME:
        return words or list(source)
    other, defining, *_ = source
    if other not in laid_out:
        return []
    letter = get_column_letter(BY_NAME[other].row.columns().index(defining) + 1)
    return f"={other}!${letter}$2:${letter}${LIST_ROWS}"


def _write(sheet: Any, row: int, column: int, value: object, *, style: Any = None) -> None:
    """A cell by the type of its value; a blank is not written."""
    if value in (None, "", ()):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, text_of(value), style)


def _model_sheet(book: Any, model: ModelFile, styles: dict[str, Any]) -> None:
    """Key and value, which are read, and the meaning of a key."""
    sheet = book.add_worksheet(MODEL_SHEET)
    sheet.set_column(0, 1, 30)
    sheet.set_column(2, 2, 90)
    for position, (name, style) in enumerate(_MODEL_COLUMNS.items()):
        sheet.write_string(0, position, name, styles[style])
    defaults = ModelFile().flat()
    for number, (key, value) in enumerate(model.flat().items(), start=1):
        sheet.write_string(number, 0, key)
        _write(sheet, number, 1, _targets_in_line(model) if key == "targets" else value)
        said = meaning(key)
        if defaults[key] not in (None, ""):
            said += f" Default: {text_of(defaults[key])}."
        sheet.write_string(number, 2, said)


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
