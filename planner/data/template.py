"""A case as a workbook: a sheet per table with notes and drop-downs, empty or filled, and back to CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from planner.config.model_file import ModelFile, known_keys
from planner.data.case import Case
from planner.data.cells import armour, text_of
from planner.data.describe import choices_of, field_type, list_source
from planner.data.schema import CARRIED, Row
from planner.data.tables import BY_NAME, TABLES, Table

LIST_ROWS = 2_000
"""Rows of a table that get drop-downs."""
_BOOK = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_workbook(path: Path, case: Case | None = None) -> None:
    """Write the template; with a case, filled with its rows and its model. Raises OSError."""
    book = xlsxwriter.Workbook(str(path), _BOOK)
    styles = {
        "required": book.add_format({"bold": True, "bg_color": "#D9E2F3", "bottom": 1}),
        "optional": book.add_format({"bold": True, "bg_color": "#F2F2F2", "bottom": 1}),
        "text": book.add_format({"num_format": "@"}),
    }
    for table in TABLES:
        rows = case.tables.rows(table.name) if case else ()
        if case and not rows and not table.required:
            continue
        _sheet(book, table, rows, styles, whole=case is None)
    _model_sheet(book, case.model if case else None, styles)
    book.close()


def _sheet(book: Any, table: Table, rows: tuple[Row, ...], styles: dict[str, Any], whole: bool) -> None:
    sheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, len(table.key) if whole else 1)
    columns = [*table.row.columns(), *CARRIED]
    for position, name in enumerate(columns):
        field = table.row.model_fields[name]
        required = field.is_required()
        # Ids such as 007 or 1E5 stay text, as they are in a CSV file.
        is_text = field_type(field) == "string"
        sheet.set_column(position, position, max(9, len(name) + 2), styles["text"] if is_text else None)
        sheet.write_string(0, position, name, styles["required" if required else "optional"])
        if name not in CARRIED:
            sheet.write_comment(0, position, _note(field, required), {"x_scale": 2})
            _drop_down(sheet, table, name, position)
    for number, row in enumerate(rows, start=1):
        for position, name in enumerate(columns):
            _write(sheet, number, position, getattr(row, name))


def _note(field: Any, required: bool) -> str:
    unit = field.json_schema_extra["unit"]
    default = "" if field.default in (None, "", ()) else f" Blank = {field.default}."
    return (
        f"{field.description}{f' ({unit})' if unit else ''}. {'Required.' if required else f'May be blank.{default}'}"
    )


def _drop_down(sheet: Any, table: Table, column: str, position: int) -> None:
    field = table.row.model_fields[column]
    words: list[str] | str = list(choices_of(field))
    source = list_source(table.name, column)
    if field_type(field) == "boolean":
        words = ["true", "false"]
    elif not words and source and source[0] in BY_NAME:
        letter = xl_col_to_name(BY_NAME[source[0]].row.columns().index(source[1]))
        words = f"={source[0]}!${letter}$2:${letter}${LIST_ROWS}"
    elif not words:
        words = list(source)
    if words:
        # A hint, not a wall: `planner check` is what refuses, and it names the nearest word.
        options = {"validate": "list", "source": words, "error_type": "warning"}
        sheet.data_validation(1, position, LIST_ROWS, position, options)


def _write(sheet: Any, row: int, column: int, value: object) -> None:
    if value is None or value == "" or value == ():
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, ";".join(value) if isinstance(value, tuple) else str(value))


def _model_sheet(book: Any, model: ModelFile | None, styles: dict[str, Any]) -> None:
    sheet = book.add_worksheet("model")
    sheet.set_column(0, 1, 30)
    for position, name in enumerate(("key", "value")):
        sheet.write_string(0, position, name, styles["required"])
    chosen = model.flat() if model else dict.fromkeys(known_keys())
    for number, (key, value) in enumerate(chosen.items(), start=1):
        sheet.write_string(number, 0, key)
        _write(sheet, number, 1, value)


def write_tables(case: Case, folder: Path) -> None:
    """Write every table of a case as CSV; loading them gives the same rows. Raises OSError."""
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if not rows and not table.required:
            continue
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            columns = [*table.row.columns(), *CARRIED]
            writer.writerow(columns)
            writer.writerows([cell_text(getattr(row, column)) for column in columns] for row in rows)


def cell_text(value: object) -> str:
    """A value as it stands in a CSV table."""
    return armour(text_of(value)) if isinstance(value, str | tuple) else text_of(value)
