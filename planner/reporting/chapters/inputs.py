"""Inputs and results as they are: every input with its source, the least sure first; and a sheet for each result table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from planner.data.case import Case
from planner.data.cells import CARRIED, Quarter, Row
from planner.data.schema import TABLES, Project
from planner.data.schema import Table as InputTable
from planner.data.stages import STAGES
from planner.reporting.parts import (
    MOST_ROWS,
    NUMBER,
    RATE,
    SHARE,
    WORDS,
    YEAR,
    Chapter,
    Column,
    DeclaredTable,
    Format,
    ReportTable,
    figures,
    rate,
    text,
)
from planner.reporting.words.names import Names, names_of
from planner.reporting.words.numbers import NOTHING, as_year, count, exact
from planner.results.figures.sums import by_year, expected_sums
from planner.results.plan import Plan
from planner.results.schema import PER_UNIT, RESULT_TABLES, Kind

WHERE = (
    "Every table with its sources is in report.html and report.xlsx; on paper they are left out."
)
SURENESS = ("estimate", "low", "", "medium", "high")
"""Words for confidence from the least sure to the surest; other words count as not stated."""
UNSURE = frozenset({"estimate", "low"})
NOT_STATED = "not stated"
DRAWN = "draws"
"""Table that says of the rows of `shocks` what they were drawn from; no plan reads it."""
NAMED = ("country", "element", "project", "skill", "scenario", "supplier", "funder")
"""Table whose ids are told by name."""
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


def chapter(plan: Plan) -> Chapter:
    """Sureness, then the tables, which a page shows in their first rows; results and all inputs are sheets."""
    results = [_expected(plan, name) for name in BY_YEAR] if plan.solved else []
    tables = input_tables(plan.case, names_of(plan.case))
    parts = [sureness(plan.case), *tables, *results, inputs_sheet(plan.case, names_of(plan.case))]
    return Chapter(
        anchor="inputs", title="Every input and its source", lead=WHERE, parts=parts, behind=True
    )


def _expected(plan: Plan, name: str) -> ReportTable:
    """Results by year, expected over the scenarios; names in place of ids."""
    keys, values = BY_YEAR[name]
    rows = expected_sums(plan, by_year(plan, name), keys, values)
    if len(rows):
        rows = rows[rows[values].abs().max(axis=1) > 0]
    columns, stated = [], RESULT_TABLES[name]
    for column in stated.columns:
        if column.name in rows:
            form = RATE if column.unit == PER_UNIT else FORMS[column.kind]
            told = Column(field=column.name, title=column.heading, unit=column.unit, form=form)
            columns.append(told)
    return ReportTable(
        title=name.capitalize(),
        columns=columns,
        frame=names_of(plan.case).told(rows),
        on_page=False,
        sheet=name,
        meaning=f"{stated.meaning}; expected over the scenarios; each scenario: tables/{name}.csv",
    )


@cache
def rank(confidence: str) -> int:
    """Place in the order of sureness, 0 = least sure."""
    word = confidence.strip().casefold()
    return SURENESS.index(word) if word in SURENESS else SURENESS.index("")


def used_tables(case: Case) -> list[InputTable]:
    """The tables that have rows."""
    return [table for table in TABLES if case.tables.rows(table.name)]


@dataclass(frozen=True)
class Stated:
    """A column of an input table: its name and unit, and whether it holds numbers."""

    name: str
    unit: str = ""
    is_number: bool = False


def columns_of(table: InputTable, rows: Sequence[Row]) -> list[Stated]:
    """Every column in which any row says more than its default."""
    found = []
    for name in table.row.columns():
        field = table.row.model_fields[name]
        nothing = (None, "", (), field.default)
        values = [getattr(row, name) for row in rows]
        if all(value in nothing for value in values):
            continue
        extra = field.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        is_number = all(_is_number(value) for value in values)
        found.append(Stated(name, "" if unit == "year" else unit, is_number))
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
    if column == "stage":
        return names.own_stages.get(value, value)
    points_elsewhere = (column,) != table.key and value not in (None, "", "*")
    return names.by_column[column](value) if points_elsewhere and column in NAMED else value


def input_tables(case: Case, names: Names) -> list[ReportTable]:
    """One table per input table with source, confidence and notes: the least sure rows first and marked. Each has as
    many rows as a page shows."""
    return [_input_table(table, case, names) for table in used_tables(case)]


def _has_no_choice(row: Project, column: str) -> bool:
    """A column that says nothing of a stage whose plants count in one way alone."""
    return column == "basis" and len(STAGES[row.stage].bases) == 1


def _input_table(table: InputTable, case: Case, names: Names) -> ReportTable:
    rows = sorted(case.tables.rows(table.name), key=lambda row: rank(row.confidence))
    columns = columns_of(table, rows)
    for name in CARRIED:
        if any(getattr(row, name) for row in rows):
            columns.append(Stated(name))
    first = rows[: MOST_ROWS + 1]
    frame = pd.DataFrame(index=range(len(first)))
    for column in columns:
        cells = []
        for row in first:
            cell = getattr(row, column.name)
            if isinstance(row, Project) and _has_no_choice(row, column.name):
                cell = ""  # there is nothing to choose
            if not column.is_number:
                cell = named_cell(names, table, column.name, cell)
            cells.append("" if cell is None else cell)
        frame[column.name] = pd.Series(cells, dtype=object)
    marks = ["unsure" if confidence_of(row) in UNSURE else "" for row in rows]
    unsure = marks.count("unsure")
    flag = f", {unsure:,} of them unsure" if unsure else ""
    heading = table.name.replace("_", " ").capitalize()
    return ReportTable(
        title=f"{heading}: {table.meaning} ({count(len(rows), 'row')}{flag})",
        columns=[_column(column) for column in columns],
        frame=frame,
        folded=True,
        marks=marks,
        file=f"inputs/{table.name}.csv",
        rows_there=len(rows),
    )


def confidence_of(row: Row) -> str:
    """The word for how sure a row is."""
    return row.confidence.strip().casefold()


class Inputs(DeclaredTable):
    """A row a figure of an input table."""

    title = "Inputs"
    on_page = False
    sheet = "inputs"
    meaning = "every figure that was put in, with its source; the least sure first; draws stand in their shocks"

    table = text()
    row = text()
    figure = text()
    value = rate("value")
    unit = text()
    confidence = text()
    origin = text("source")
    notes = text()


class Figure(NamedTuple):
    """A row of the sheet `inputs`."""

    table: str
    row: str
    figure: str
    value: float
    unit: str
    confidence: str
    origin: str
    notes: str


def inputs_sheet(case: Case, names: Names) -> ReportTable:
    """Every figure of every input table with its unit, confidence, source and notes: a sheet, the least sure first."""
    found: list[Figure] = []
    for table in used_tables(case):
        if table.name != DRAWN:
            found += _figures(table, case, names)
    found.sort(key=lambda figure: rank(figure.confidence))
    return Inputs.over(pd.DataFrame(found, columns=Inputs.fields(), dtype=object))


def _figures(table: InputTable, case: Case, names: Names) -> Iterator[Figure]:
    """The figures of an input table."""
    rows = case.tables.rows(table.name)
    columns = columns_of(table, rows)
    numbers = [column for column in columns if column.is_number]
    for row in rows:
        words = _in_words(row, table, columns, names)
        for column in numbers:
            value = getattr(row, column.name)
            if value is not None:
                yield Figure(
                    table=table.name,
                    row=words,
                    figure=column.name,
                    value=value,
                    unit=column.unit,
                    confidence=row.confidence,
                    origin=row.source,
                    notes=row.notes,
                )


def _in_words(row: Row, table: InputTable, columns: Sequence[Stated], names: Names) -> str:
    """A row by what it says in words."""
    told = []
    for column in columns:
        if column.is_number:
            continue
        value = named_cell(names, table, column.name, getattr(row, column.name))
        if value not in (None, ""):
            told.append(f"{column.name} {value}")
    return "; ".join(told)


def _column(stated: Stated) -> Column:
    title = stated.name.replace("_", " ")
    if not stated.is_number:
        return Column(field=stated.name, title=title, unit=stated.unit, form=WORDS)
    is_year = "year" in stated.name and not stated.unit
    form = GIVEN_YEAR if is_year else GIVEN
    return Column(field=stated.name, title=title, unit=stated.unit, form=form)


GIVEN = Format(exact, RATE.excel)
GIVEN_YEAR = Format(as_year, YEAR.excel)
"""The look of inputs, which are shown as they were given."""


def sureness(case: Case) -> ReportTable:
    """The number of rows of each table by confidence."""
    tables = used_tables(case)
    counts = {}
    for table in tables:
        words = [confidence_of(row) or NOT_STATED for row in case.tables.rows(table.name)]
        counts[table.name] = Counter(words)
    known = set().union(*counts.values())
    in_order = sorted(known, key=lambda word: (rank("" if word == NOT_STATED else word), word))
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
        for word in in_order:
            row[f"is {word}"] = f"{of_table[word]:,}" if of_table[word] else NOTHING
        rows.append(row)
    columns = [text("table", field="table"), text("what it says", field="meaning")]
    columns.append(figures("rows", field="rows"))
    for word in in_order:
        columns.append(figures(word, field=f"is {word}"))
    columns.append(figures("with a source", field="sourced"))
    return ReportTable(
        title="How sure the inputs are: rows by confidence, the least sure first",
        columns=columns,
        frame=pd.DataFrame(rows),
    )
