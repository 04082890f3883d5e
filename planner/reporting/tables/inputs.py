"""Every input with its source and confidence, the least sure first."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from planner.data.case import Case
from planner.data.cells import CARRIED, Quarter, Row
from planner.data.schema import TABLES, Table
from planner.reporting.tables.declared import declared
from planner.reporting.values.page_parts import RATE, YEAR, Column, Format, ReportTable, texts
from planner.reporting.values.wording import NOTHING, Names, as_year, count

SURENESS = ("estimate", "low", "", "medium", "high")
"""Words for confidence from the least sure to the surest; other words count as not stated."""
UNSURE = frozenset({"estimate", "low"})
NOT_STATED = "not stated"


def rank(confidence: str) -> int:
    """Place in the order of sureness, 0 = least sure."""
    word = confidence.strip().casefold()
    return SURENESS.index(word) if word in SURENESS else SURENESS.index("")


def used_tables(case: Case) -> list[Table]:
    """The tables that have rows."""
    return [table for table in TABLES if case.tables.rows(table.name)]


def columns_of(table: Table, rows: tuple[Row, ...]) -> list[tuple[str, str, bool]]:
    """Name, unit and whether it is a number of every column that any row fills."""
    out = []
    for name in table.row.columns():
        if any(getattr(row, name) not in (None, "", ()) for row in rows):
            extra = table.row.model_fields[name].json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            out.append((name, "" if unit == "year" else unit, all(_is_number(getattr(row, name)) for row in rows)))
    return out


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def named_cell(names: Names, table: Table, column: str, value: Any) -> Any:
    """A value as people read it: names for ids that point to another table, lists joined. Numbers stay numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Quarter):
        return str(value)
    if isinstance(value, tuple):
        name = names.country if column == "countries" else names.feed
        return "; ".join("all" if part == "*" else name(part) for part in value)
    points_elsewhere = (column,) != table.key and value not in (None, "", "*")
    return names.by_column[column](value) if points_elsewhere and column in NAMED else value


NAMED = ("country", "element", "project", "skill", "scenario", "supplier", "funder")
"""Columns whose ids are told by name."""


def input_tables(case: Case, names: Names) -> list[ReportTable]:
    """One table per input table with source, confidence and notes: the least sure rows first and marked."""
    return [_input_table(table, case, names) for table in used_tables(case)]


def _input_table(table: Table, case: Case, names: Names) -> ReportTable:
    rows = sorted(case.tables.rows(table.name), key=lambda row: rank(row.confidence))
    columns = columns_of(table, tuple(rows))
    filled = {name for name in CARRIED if any(getattr(row, name) for row in rows)}
    unsure = ["unsure" if row.confidence.strip().casefold() in UNSURE else "" for row in rows]
    many = sum(map(bool, unsure))
    flag = f", {many:,} of them unsure" if many else ""
    told = f"{table.meaning} ({count(len(rows), 'row')}"
    return ReportTable(
        f"{table.name.replace('_', ' ').capitalize()}: {told}{flag})",
        [
            *(_column(name, unit, is_number) for name, unit, is_number in columns),
            *texts(*(name for name in CARRIED if name in filled)),
        ],
        [
            [
                *(named_cell(names, table, name, getattr(row, name)) for name, _, _ in columns),
                *(getattr(row, name) for name in CARRIED if name in filled),
            ]
            for row in rows
        ],
        folded=True,
        marks=unsure,
    )


def inputs_sheet(case: Case, names: Names) -> ReportTable:
    """Every figure of every input table with its unit, confidence, source and notes: a sheet, the least sure first."""
    rows = []
    for table in used_tables(case):
        shown = columns_of(table, tuple(case.tables.rows(table.name)))
        numbers, words = ([c for c in shown if c[2] == number] for number in (True, False))
        for row in case.tables.rows(table.name):
            named = ((name, named_cell(names, table, name, getattr(row, name))) for name, _, _ in words)
            which = "; ".join(f"{name} {value}" for name, value in named if value not in (None, ""))
            told = (row.confidence, row.source, row.notes)
            figures = [(name, unit, getattr(row, name)) for name, unit, _ in numbers]
            rows += [(table.name, which, name, v, unit, *told) for name, unit, v in figures if v is not None]
    rows.sort(key=lambda row: rank(row[5]))
    return declared("inputs", rows)


def _column(name: str, unit: str, is_number: bool) -> Column:
    excel = "" if not is_number else YEAR.excel if "year" in name and not unit else RATE.excel
    return Column(name.replace("_", " "), unit, is_number, Format(partial(_text, name), excel))


def _text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return as_year(value) if column.endswith("year") or column == "year" else _exact(float(value))
    return str(value)


def _exact(value: float) -> str:
    """An input as it was given, with thousands separators."""
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.10f}".rstrip("0")


def sureness(case: Case) -> ReportTable:
    """How many rows of each table are how sure."""
    tables = used_tables(case)
    words = {t.name: Counter(_word(row.confidence) for row in case.tables.rows(t.name)) for t in tables}
    known = sorted(
        {word for counts in words.values() for word in counts},
        key=lambda word: (rank("" if word == NOT_STATED else word), word),
    )
    sourced = {t.name: sum(bool(row.source) for row in case.tables.rows(t.name)) for t in tables}
    rows = [
        [
            t.name.replace("_", " "),
            t.meaning,
            f"{len(case.tables.rows(t.name)):,}",
            *(f"{words[t.name][w]:,}" if words[t.name][w] else NOTHING for w in known),
            f"{sourced[t.name]:,}",
        ]
        for t in tables
    ]
    return declared("sureness", rows, known=known)


def _word(confidence: str) -> str:
    return confidence.strip().casefold() or NOT_STATED
