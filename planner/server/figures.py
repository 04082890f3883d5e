"""Single inputs: what a cell says, what it means, where it comes from, how sure it is, and how it can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.data.cell_addresses import conditions, fits
from planner.data.cells import CARRIED, Row, text_of
from planner.data.describe import choices_of, field_type
from planner.data.schema import BY_NAME, TABLES, Table
from planner.errors import Fault, InputError
from planner.server.desk import Desk

MOST_ROWS = 100
"""Rows of a table that are shown at once."""


@dataclass(frozen=True)
class Cell:
    """One input. key: of the edit that changes it, '' where only the file can. was: as in the case, if it is changed.
    range: how far it may be off, as factors."""

    column: str
    value: str
    was: str
    meaning: str
    unit: str
    key: str
    kind: str
    choices: tuple[str, ...]
    range: str = ""
    study: str = ""


@dataclass(frozen=True)
class Shown:
    """A row of a table, with its source."""

    table: str
    id: str
    meaning: str
    cells: tuple[Cell, ...]
    source: str
    confidence: str
    notes: str
    place: str
    chosen: str = ""


def identity(table: Table, row: Row) -> str:
    """What identifies a row, for the page."""
    return "|".join(text_of(getattr(row, column)) for column in table.key)


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise InputError([Fault("figure", 0, "", f"there is no table {name!r:.60}")])
    return BY_NAME[name]


def figure(desk: Desk, table: str, row_id: str, column: str) -> Shown:
    """A row by its id, with `column` chosen. Raises InputError if there is none."""
    declared = _table(table)
    for row in desk.case.tables.rows(table):
        if identity(declared, row) == row_id:
            before = next((r for r in desk.base.tables.rows(table) if identity(declared, r) == row_id), None)
            return _shown(desk, declared, row, before, column)
    raise InputError([Fault("figure", 0, table, f"has no row {row_id!r:.100}")])


def _shown(desk: Desk, table: Table, row: Row, before: Row | None, chosen: str) -> Shown:
    parts = [text_of(getattr(row, column)) for column in table.key]
    dotted = len(parts) > 1 and any("." in part or part == "*" for part in parts)
    cells = []
    for column in table.row.columns():
        field, value = table.row.model_fields[column], text_of(getattr(row, column))
        was = text_of(getattr(before, column)) if before is not None else value
        extra: Any = field.json_schema_extra
        editable = column not in table.key and not dotted
        cells.append(
            Cell(
                column, value, was if was != value else "", str(field.description), extra["unit"],
                ".".join([table.name, *parts, column]) if editable else "", field_type(field), choices_of(field),
                _range(desk, table.name, row, column),
            )
        )  # fmt: skip
    place = desk.base.origin.place(table.name) + (f", line {row.line}" if row.line else "")
    return Shown(
        table.name,
        identity(table, row),
        table.meaning,
        tuple(cells),
        row.source,
        row.confidence,
        row.notes,
        place,
        chosen,
    )


def _range(desk: Desk, table: str, row: Row, column: str) -> str:
    for unsure in desk.case.tables.uncertainties:
        if (unsure.table, unsure.column) == (table, column):
            where = conditions(unsure.where)
            if all(fits(getattr(row, name), wanted) for name, wanted in where.items()):
                return f"{unsure.low:g} to {unsure.high:g} times the value ({unsure.name or unsure.uncertainty})"
    return ""


def sheets(desk: Desk) -> list[tuple[str, int, str]]:
    """Tables that have rows: name, rows, meaning."""
    counts = [(t.name, len(desk.case.tables.rows(t.name)), t.meaning) for t in TABLES]
    return [one for one in counts if one[1]]


def rows_of_table(desk: Desk, table: str, wanted: str) -> tuple[tuple[str, ...], list[tuple[str, list[str]]], int]:
    """Columns, rows (id, cells) in which a text occurs, at most `MOST_ROWS`, and how many there are in all."""
    declared = _table(table)
    columns = (*declared.row.columns(), *CARRIED)
    found = []
    for row in desk.case.tables.rows(table):
        cells = [text_of(getattr(row, column)) for column in columns]
        if not wanted or any(wanted.casefold() in cell.casefold() for cell in cells):
            found.append((identity(declared, row), cells))
    return columns, found[:MOST_ROWS], len(found)
