"""A case as a workbook, as examples or as it is: a sheet per table with notes and drop-downs; and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from planner.config.model_file import ModelFile, meaning
from planner.data.case import Case
from planner.data.cells import CARRIED, Row, armour, text_of
from planner.data.describe import choices_of, field_type, list_source
from planner.data.read import MODEL_SHEET, NOTES_SHEET
from planner.data.schema import BY_NAME, TABLES, Table

LIST_ROWS = 2_000
"""Rows of a table that get drop-downs."""
_BOOK = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_EXAMPLE = {"italic": True, "font_color": "#7F7F7F"}


def write_workbook(path: Path, case: Case, example: bool = False) -> None:
    """Write a workbook: a sheet per table, the sheet `model` with every key, and a sheet of notes, which is not read.

    case: its rows, and its model as it was chosen (by `load(path, model)`); reading the workbook gives an equal case
    and model. example: the case is there to be written over: its rows are marked as examples, are read as any others,
    so that the workbook is a case from the start, and every table is laid out.
    Raises OSError.
    """
    book = xlsxwriter.Workbook(str(path), _BOOK)
    styles = {
        "required": book.add_format({"bold": True, "bg_color": "#D9E2F3", "bottom": 1}),
        "optional": book.add_format({"bold": True, "bg_color": "#F2F2F2", "bottom": 1}),
        "text": book.add_format({"num_format": "@"}),
        "bold": book.add_format({"bold": True}),
        "example": book.add_format(_EXAMPLE),
        "example text": book.add_format({**_EXAMPLE, "num_format": "@"}),
    }
    _notes_sheet(book, case, example, styles)
    laid_out = [table for table in TABLES if case.tables.rows(table.name) or table.required or example]
    for table in laid_out:
        _sheet(book, table, case.tables.rows(table.name), styles, example)
    for table in laid_out:
        _drop_downs(book, table, {table.name for table in laid_out})
    _model_sheet(book, case.model, styles)
    book.close()


def _notes_sheet(book: Any, case: Case, example: bool, styles: dict[str, Any]) -> None:
    sheet = book.add_worksheet(NOTES_SHEET)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 110)
    said = [
        ("this sheet", "is not read: write in it what you like"),
        ("other sheets", "are the tables of a case. Blue columns must be filled; each heading has a note"),
        ("checking", "planner check FILE names every cell that cannot be right; planner solve FILE makes a plan"),
    ]
    if example:
        said.append(("grey rows", f"are an example, the case {case.name}: write over or delete them"))
    said += [("sheet model", f'holds the model "{case.model.name}": a key left empty has its default'), ("", "")]
    for row, (what, words) in enumerate(said):
        sheet.write_string(row, 0, what, styles["bold"])
        sheet.write_string(row, 1, words)
    for row, table in enumerate(TABLES, start=len(said)):
        sheet.write_string(row, 0, table.name, styles["bold"])
        must = "must be there" if table.required else "may be left out"
        sheet.write_string(row, 1, f"{table.meaning} ({must}; a row is identified by {', '.join(table.key)})")


def _sheet(book: Any, table: Table, rows: tuple[Row, ...], styles: dict[str, Any], example: bool) -> None:
    sheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, len(table.key) if example else 1)
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
        style = styles["example text" if is_text else "example"] if example else None
        for number, row in enumerate(rows, start=1):
            _write(sheet, number, position, getattr(row, name), style)


def _note(field: Any, required: bool) -> str:
    unit = field.json_schema_extra["unit"]
    default = "" if field.default in (None, "", ()) else f" Blank = {field.default}."
    return (
        f"{field.description}{f' ({unit})' if unit else ''}. {'Required.' if required else f'May be blank.{default}'}"
    )


def _drop_downs(book: Any, table: Table, laid_out: Collection[str]) -> None:
    """Lists to choose from, in all columns that have one; `laid_out` are the sheets there are."""
    sheet = book.get_worksheet_by_name(table.name)
    for position, column in enumerate(table.row.columns()):
        if words := _words(table, column, laid_out):
            # A hint, not a wall: `planner check` is what refuses, and it names the nearest word.
            options = {"validate": "list", "source": words, "error_type": "warning"}
            sheet.data_validation(1, position, LIST_ROWS, position, options)


def _words(table: Table, column: str, laid_out: Collection[str]) -> list[str] | str:
    """Words or cells that the drop-down of a column lists; none if empty."""
    field = table.row.model_fields[column]
    words = list(choices_of(field))
    source = list_source(table.name, column)
    if field_type(field) == "boolean":
        return ["true", "false"]
    if words or not source or source[0] not in BY_NAME:
        return words or list(source)
    if source[0] not in laid_out:
        return []
    letter = xl_col_to_name(BY_NAME[source[0]].row.columns().index(source[1]))
    return f"={source[0]}!${letter}$2:${letter}${LIST_ROWS}"


def _write(sheet: Any, row: int, column: int, value: object, style: Any = None) -> None:
    if value is None or value == "" or value == ():
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, text_of(value), style)


def _model_sheet(book: Any, model: ModelFile, styles: dict[str, Any]) -> None:
    """Key and value, which are read, and what a key means."""
    sheet = book.add_worksheet(MODEL_SHEET)
    sheet.set_column(0, 1, 30)
    sheet.set_column(2, 2, 90)
    for position, name in enumerate(("key", "value", "meaning")):
        sheet.write_string(0, position, name, styles["required" if position < 2 else "optional"])
    defaults = ModelFile().flat()
    for number, (key, value) in enumerate(model.flat().items(), start=1):
        sheet.write_string(number, 0, key)
        _write(sheet, number, 1, value)
        default = f" Default: {text_of(defaults[key])}." if defaults[key] not in (None, "") else ""
        sheet.write_string(number, 2, f"{meaning(key)}{default}")


def write_tables(case: Case, folder: Path, also: Collection[str] = ()) -> None:
    """Write every table of a case as CSV; loading them gives the same rows. Raises OSError.

    also: tables that may be left out and are written all the same, with their header alone if they have no rows.
    """
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if not rows and not table.required and table.name not in also:
            continue
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            columns = [*table.row.columns(), *CARRIED]
            writer.writerow(columns)
            writer.writerows([cell_text(getattr(row, column)) for column in columns] for row in rows)


def cell_text(value: object) -> str:
    """A value as it stands in a CSV table."""
    return armour(text_of(value)) if isinstance(value, str | tuple) else text_of(value)
