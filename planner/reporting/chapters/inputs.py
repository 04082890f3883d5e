"""Inputs and results as they are: every input with its source, the least sure first; and a sheet for each result table."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.cells import CARRIED, Quarter, Row
from planner.data.schema import TABLES
from planner.data.schema import Table as InputTable
from planner.reporting.parts import (
    NUMBER,
    RATE,
    SHARE,
    WORDS,
    YEAR,
    Chapter,
    Column,
    Format,
    ReportTable,
    text,
)
from planner.reporting.run_view import RunView
from planner.reporting.words.names import Names
from planner.reporting.words.numbers import NOTHING, as_year, count, exact
from planner.results.schema import PER_UNIT, RESULT_TABLES, Kind

SURENESS = ("estimate", "low", "", "medium", "high")
"""Words for confidence from the least sure to the surest; other words count as not stated."""
UNSURE = frozenset({"estimate", "low"})
NOT_STATED = "not stated"
NAMED = ("country", "element", "project", "skill", "scenario", "supplier", "funder")
"""Columns whose ids are told by name."""
FORMS = {
    Kind.TEXT: WORDS,
    Kind.YEAR: YEAR,
    Kind.QUARTER: YEAR,
    Kind.NUMBER: NUMBER,
    Kind.SHARE: SHARE,
}
BY_YEAR = {
    "capacity": (
        ["year", "project", "stage", "country"],
        ["existing_tpa", "new_tpa", "usable_tpa", "throughput_t"],
    ),
    "operations": (["year", "country", "item", "element", "form"], ["tonnes"]),
    "stocks": (["year", "country", "element", "form"], ["stock_t", "bought_t", "released_t"]),
    "workforce": (
        ["year", "country", "skill"],
        ["staff", "hired", "lent", "borrowed", "available", "needed"],
    ),
}
"""Result tables of which the workbook has expected values: keys and values. The rows of each scenario are in the CSV."""


def chapter(run: RunView) -> Chapter | None:
    """Sureness, then the tables, which a page shows in their first rows; results and all inputs are sheets."""
    results = [_expected(run, name) for name in BY_YEAR] if run.solved else []
    return Chapter(
        anchor="inputs",
        title="Every input and its source",
        parts=[
            sureness(run.case),
            *input_tables(run.case, run.names),
            *results,
            inputs_sheet(run.case, run.names),
        ],
        behind=True,
    )


def _expected(run: RunView, name: str) -> ReportTable:
    """Results by year, expected over the scenarios; names in place of ids."""
    keys, values = BY_YEAR[name]
    rows = run.expected(run.by_year[name], keys, values)
    rows = rows[rows[values].abs().max(axis=1) > 0] if len(rows) else rows
    columns, stated = [], RESULT_TABLES[name]
    frame = pd.DataFrame(index=rows.index)
    for column in stated.columns:
        if column.name not in rows:
            continue
        ids, namer = rows[column.name], run.names.by_column.get(column.name)
        if namer is not None:
            ids = ids.map({value: namer(value) if value else "" for value in ids.unique()})
        form = RATE if column.unit == PER_UNIT else FORMS[column.kind]
        frame[column.name] = ids
        columns.append(Column(field=column.name, title=column.heading, unit=column.unit, form=form))
    return ReportTable(
        title=name.capitalize(),
        columns=columns,
        frame=frame,
        on_page=False,
        sheet=name,
        meaning=f"{stated.meaning}; expected over the scenarios; each scenario: tables/{name}.csv",
    )


def rank(confidence: str) -> int:
    """Place in the order of sureness, 0 = least sure."""
    word = confidence.strip().casefold()
    return SURENESS.index(word) if word in SURENESS else SURENESS.index("")


def used_tables(case: Case) -> list[InputTable]:
    """The tables that have rows."""
    return [table for table in TABLES if case.tables.rows(table.name)]


def columns_of(table: InputTable, rows: tuple[Row, ...]) -> list[tuple[str, str, bool]]:
    """Name, unit and whether it is a number of every column in which any row says more than its default."""
    found = []
    for name in table.row.columns():
        values = [getattr(row, name) for row in rows]
        nothing = (None, "", (), table.row.model_fields[name].default)
        if all(value in nothing for value in values):
            continue
        extra = table.row.model_fields[name].json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        numbers = all(_is_number(value) for value in values)
        found.append((name, "" if unit == "year" else unit, numbers))
    return found


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def named_cell(names: Names, table: InputTable, column: str, value: Any) -> Any:
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


def input_tables(case: Case, names: Names) -> list[ReportTable]:
    """One table per input table with source, confidence and notes: the least sure rows first and marked."""
    return [_input_table(table, case, names) for table in used_tables(case)]


def _input_table(table: InputTable, case: Case, names: Names) -> ReportTable:
    rows = sorted(case.tables.rows(table.name), key=lambda row: rank(row.confidence))
    columns = columns_of(table, tuple(rows))
    columns += [(name, "", False) for name in CARRIED if any(getattr(row, name) for row in rows)]
    frame = pd.DataFrame(index=range(len(rows)))
    for name, _, _ in columns:
        cells = [named_cell(names, table, name, getattr(row, name)) for row in rows]
        frame[name] = pd.Series(cells, dtype=object).map(lambda cell: "" if cell is None else cell)
    unsure = [row.confidence.strip().casefold() in UNSURE for row in rows]
    flag = f", {sum(unsure):,} of them unsure" if any(unsure) else ""
    heading = table.name.replace("_", " ").capitalize()
    return ReportTable(
        title=f"{heading}: {table.meaning} ({count(len(rows), 'row')}{flag})",
        columns=[_column(name, unit, numbers) for name, unit, numbers in columns],
        frame=frame,
        folded=True,
        marks=["unsure" if one else "" for one in unsure],
        file=f"inputs/{table.name}.csv",
    )


def inputs_sheet(case: Case, names: Names) -> ReportTable:
    """Every figure of every input table with its unit, confidence, source and notes: a sheet, the least sure first."""
    rows = []
    for table in used_tables(case):
        given = case.tables.rows(table.name)
        shown = columns_of(table, tuple(given))
        words = [name for name, _, is_number in shown if not is_number]
        numbers = [(name, unit) for name, unit, is_number in shown if is_number]
        for row in given:
            named = []
            for name in words:
                value = named_cell(names, table, name, getattr(row, name))
                if value not in (None, ""):
                    named.append(f"{name} {value}")
            for name, unit in numbers:
                value = getattr(row, name)
                if value is not None:
                    which = "; ".join(named)
                    told = (row.confidence, row.source, row.notes)
                    rows.append((table.name, which, name, value, unit, *told))
    rows.sort(key=lambda row: rank(row[5]))
    fields = ["table", "row", "figure", "value", "unit", "confidence", "source", "notes"]
    columns = [text(field) for field in fields]
    columns[3] = Column(field="value", title="value", form=RATE)
    return ReportTable(
        title="Inputs",
        columns=columns,
        frame=pd.DataFrame(rows, columns=fields, dtype=object),
        on_page=False,
        sheet="inputs",
        meaning="every figure that was put in, with its source; the least sure first",
    )


def _column(name: str, unit: str, is_number: bool) -> Column:
    title = name.replace("_", " ")
    if not is_number:
        return Column(field=name, title=title, unit=unit, form=WORDS)
    yearly = "year" in name and not unit
    form = Format(partial(_as_given, yearly), (YEAR if yearly else RATE).excel)
    return Column(field=name, title=title, unit=unit, form=form)


def _as_given(yearly: bool, value: float) -> str:
    return as_year(value) if yearly else exact(value)


def sureness(case: Case) -> ReportTable:
    """How many rows of each table are how sure."""
    tables = used_tables(case)
    counts = {}
    for table in tables:
        words = [row.confidence.strip().casefold() for row in case.tables.rows(table.name)]
        counts[table.name] = Counter(word or NOT_STATED for word in words)
    every = {word for of_table in counts.values() for word in of_table}
    known = sorted(every, key=lambda word: (rank("" if word == NOT_STATED else word), word))
    rows = []
    for table in tables:
        of_table = counts[table.name]
        sourced = sum(bool(row.source) for row in case.tables.rows(table.name))
        row: dict[str, str] = {
            "table": table.name.replace("_", " "),
            "meaning": table.meaning,
            "rows": f"{of_table.total():,}",
            "sourced": f"{sourced:,}",
        }
        for word in known:
            row[f"is {word}"] = f"{of_table[word]:,}" if of_table[word] else NOTHING
        rows.append(row)
    return ReportTable(
        title="How sure the inputs are: rows by confidence, the least sure first",
        columns=[
            text("table"),
            text("meaning", "what it says"),
            Column(field="rows", title="rows"),
            *(Column(field=f"is {word}", title=word) for word in known),
            Column(field="sourced", title="with a source"),
        ],
        frame=pd.DataFrame(rows),
    )
