"""Every input figure with its source and the address by which it is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.cells import Row, text_of
from planner.data.case import Case
from planner.data.change import Change
from planner.data.schema import TABLES
from planner.data.schema import Table as InputTable
from planner.reporting.parts import ReportTable, TableRow, rate, text

SURENESS = ("estimate", "low", "", "medium", "high")
"""Words for confidence from the least sure to the surest; other words count as not stated."""
DRAWN = "draws"
"""Table that says of the rows of `shocks` what they were drawn from; no plan reads it."""


def _rank(confidence: str) -> int:
    """Place in the order of sureness, 0 = least sure."""
    word = confidence.strip().casefold()
    return SURENESS.index(word) if word in SURENESS else SURENESS.index("")


def used_tables(case: Case) -> list[InputTable]:
    """The tables that have rows."""
    return [table for table in TABLES if case.tables.rows(table.name)]


INPUTS = ReportTable(
    title="Inputs",
    on_page=False,
    sheet="inputs",
    meaning="every figure that was put in, with its source; the least sure first; draws stand in their shocks",
    columns=[
        text("table"),
        text("figure", "figure, as --set names it"),
        rate("value"),
        text("unit"),
        text("confidence"),
        text("origin", "source"),
        text("notes"),
    ],
)
"""A row a figure of an input table."""


def inputs_sheet(case: Case) -> ReportTable:
    """Every figure of every input table with its unit, confidence, source and notes, the least sure first."""
    rows: list[TableRow] = []
    for table in used_tables(case):
        if table.name != DRAWN:
            rows += _figures(table, case.tables.rows(table.name))
    rows.sort(key=lambda row: _rank(row["confidence"]))
    return INPUTS.over(rows)


def _figures(table: InputTable, rows: Sequence[Row]) -> Iterator[TableRow]:
    """The figures of an input table but those that tell its rows apart, where any row says more than the default."""
    for name in table.row.columns():
        field = table.row.model_fields[name]
        extra = field.json_schema_extra
        unit = extra.get("unit", "") if isinstance(extra, dict) else ""
        if name in table.key or all(getattr(row, name) == field.default for row in rows):
            continue
        for row in rows:
            value = getattr(row, name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield {
                    "table": table.name,
                    "figure": _address(table, row, name),
                    "value": value,
                    "unit": "" if unit == "year" else unit,
                    "confidence": row.confidence,
                    "origin": row.source,
                    "notes": row.notes,
                }


def _address(table: InputTable, row: Row, column: str) -> str:
    """A figure as a change names it."""
    ids = tuple((key, text_of(getattr(row, key))) for key in table.key)
    return Change(table=table.name, rows=ids, column=column).address
