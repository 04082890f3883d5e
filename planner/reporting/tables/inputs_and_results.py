"""Inputs and results as they are: every input with its source, the least sure first; run facts, a sheet for each result
table, and all results in the long format of the Integrated Assessment Modeling Consortium, for other modellers.

IAMC: columns model, scenario, region, variable, unit, year, value; variables are paths such as
Shortage|Dysprosium|Metal. pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann and others, pyam, Open Research
Europe 1 (2021).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.cells import CARRIED, Quarter, Row
from planner.data.schema import TABLES, Table
from planner.reporting.values.page_parts import FORMS, STATED, Column, Format, ReportTable, declared
from planner.reporting.values.run_view import RunView
from planner.reporting.values.wording import NOTHING, STAGES, Names, as_year, count
from planner.results.schema import PER_UNIT, RESULT_TABLES, Kind

LOOKS = {
    Kind.TEXT: "words",
    Kind.YEAR: "year",
    Kind.QUARTER: "year",
    Kind.NUMBER: "number",
    Kind.SHARE: "share",
}


def summary_sheet(run: RunView) -> ReportTable:
    """Key figures with the plan and without."""
    s, old, policy = run.summary, run.without, run.case.model.policy
    lines: list[tuple[str, str, Any, Any]] = [
        ("status", "", run.status, None),
        ("case", "", run.title, None),
        ("goal", "", s.get("goal"), None),
        ("coordination", "", policy.coordination, None),
        ("investment", "", policy.investment, None),
        ("levers", "", ", ".join(run.case.model.levers) or "none", None),
        *(
            (what, "MUSD", s[k], old.get(k))
            for k, what in STATED["facts"]["musd"].items()
            if s.get(k) is not None
        ),
    ]
    for key, what, unit in STATED["facts"]["by_element"]:
        by, before = s.get(key, {}), old.get(key, {})
        lines += [
            (f"{what}: {run.names.element(e)}", unit, value, before.get(e))
            for e, value in by.items()
        ]
    lines += [
        (f"trained: {run.names.skill(k)}", "persons", value, None)
        for k, value in s.get("trained", {}).items()
    ]
    for what, key in (
        ("program", "model"),
        ("certificate", "certificate"),
        ("version", "versions"),
    ):
        lines += [
            (f"{what}: {k.replace('_', ' ')}", "", v, None) for k, v in s.get(key, {}).items()
        ]
    lines.append(("inputs, SHA-256", "", s.get("inputs_sha256", run.case.sha256), None))
    return declared("facts", lines, compared=bool(old), run=run)


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
"""Result tables of which the workbook has expected values: keys and values. The rows of each future are in the CSV."""


def result_sheets(run: RunView) -> list[ReportTable]:
    """Results by year, expected over the futures; names in place of ids."""
    return [_expected(run, name) for name in BY_YEAR]


def _expected(run: RunView, name: str) -> ReportTable:
    keys, values = BY_YEAR[name]
    table = run.expected(run.by_year[name], keys, values)
    table = table[table[values].abs().max(axis=1) > 0] if len(table) else table
    columns, cells, stated = [], [], RESULT_TABLES[name]
    for column in stated.columns:
        if column.name in table:
            ids, namer = table[column.name], run.names.by_column.get(column.name)
            named = (
                ids
                if namer is None
                else ids.map({value: namer(value) if value else "" for value in ids.unique()})
            )
            form = FORMS["rate" if column.unit == PER_UNIT else LOOKS[column.kind]]
            columns.append(Column(column.heading, column.unit, not column.is_text, form))
            cells.append(named.tolist())
    meaning = f"{stated.meaning}; expected over the futures; each future: tables/{name}.csv"
    return ReportTable(
        name.capitalize(), columns, list(zip(*cells, strict=True)), sheet=name, meaning=meaning
    )


IAMC_COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
FLOWS = {
    "made": "Production",
    "imported": "Import",
    "resold": "Resale",
    "released": "Stock Release",
}
"""Items of `operations` that are told, and what they are called."""
FEEDS = ("mine", "separation")
"""Stages whose capacity counts feed: of all rare earths, or of the heavy ones."""


def iamc_table(run: RunView) -> pd.DataFrame:
    """All rows, sorted. Tonnes of oxide (contained, for metal) a year; MUSD of the base year."""
    filled = [part for part in _parts(run) if len(part)]
    if not filled:
        return pd.DataFrame(columns=IAMC_COLUMNS)
    table = pd.concat(filled, ignore_index=True)
    names = run.names
    table = table.assign(
        model=f"planner {run.summary.get('model', {}).get('name', run.case.model.name)}",
        region=[names.country(c) for c in table["country"]],
        scenario=[names.scenario(w) for w in table["scenario"]],
    )
    keys = IAMC_COLUMNS[:-1]
    sums = table.groupby(keys, as_index=False, sort=True)[["value"]].sum()[IAMC_COLUMNS]
    # A region and variable that is zero in every scenario and year says nothing; the rest of its zeros do.
    told = sums.groupby(["region", "variable"])["value"].transform(
        lambda values: bool((values.abs() > 0).any())
    )
    return sums[told.astype(bool)].reset_index(drop=True)


def _parts(run: RunView) -> Iterator[pd.DataFrame]:
    """What is told of goods, capacity, people and money; a payment that holds in several scenarios stands in each."""
    short, flows, stocks = run.tables["shortfall"], run.tables["operations"], run.by_year["stocks"]
    capacity, people, paid = (
        run.by_year["capacity"],
        run.by_year["workforce"],
        run.tables["spending"],
    )
    named = flows[flows["item"].isin(list(FLOWS))]
    for heads, table, unit, value in (
        (["Demand"] * len(short), short, "t/yr", "demand_t"),
        (["Shortage"] * len(short), short, "t/yr", "tonnes"),
        (named["item"].map(FLOWS), named, "t/yr", "tonnes"),
        (["Stock"] * len(stocks), stocks, "t", "stock_t"),
    ):
        goods = zip(heads, table["element"], table["form"], strict=True)
        variable = [f"{head}|{run.names.element(e)}|{form.capitalize()}" for head, e, form in goods]
        yield _frame(table, variable, unit, value)
    basis = [
        "Heavy" if run.case.projects[p].basis == "heavy" else "TREO" for p in capacity["project"]
    ]
    plants = [
        f"{STAGES[s]}|{b}" if s in FEEDS else STAGES[s]
        for s, b in zip(capacity["stage"], basis, strict=True)
    ]
    yield _frame(capacity, [f"Capacity|{plant}" for plant in plants], "t/yr", "usable_tpa")
    yield _frame(
        people, [f"Workforce|{run.names.skill(k)}" for k in people["skill"]], "persons", "staff"
    )
    everyone = ";".join(run.case.scenarios)
    members: Any = [(everyone if s == "all" else s).split(";") for s in paid["scenarios"]]
    rows = paid.assign(scenario=members).explode("scenario")
    yield _frame(
        rows, [f"Public Spending|{item.capitalize()}" for item in rows["item"]], "MUSD/yr", "musd"
    )


def _frame(table: pd.DataFrame, variable: list[str], unit: str, value: str) -> pd.DataFrame:
    return table[["scenario", "country", "year"]].assign(
        variable=variable, unit=unit, value=table[value].to_numpy()
    )


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
            out.append(
                (
                    name,
                    "" if unit == "year" else unit,
                    all(_is_number(getattr(row, name)) for row in rows),
                )
            )
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
    carried = [(name, "", False) for name in CARRIED if any(getattr(row, name) for row in rows)]
    columns = [*columns_of(table, tuple(rows)), *carried]
    unsure = ["unsure" if row.confidence.strip().casefold() in UNSURE else "" for row in rows]
    many = sum(map(bool, unsure))
    flag = f", {many:,} of them unsure" if many else ""
    return ReportTable(
        f"{table.name.replace('_', ' ').capitalize()}: {table.meaning} ({count(len(rows), 'row')}{flag})",
        [_column(*column) for column in columns],
        [
            [named_cell(names, table, name, getattr(row, name)) for name, _, _ in columns]
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
            named = (
                (name, named_cell(names, table, name, getattr(row, name))) for name, _, _ in words
            )
            which = "; ".join(f"{name} {value}" for name, value in named if value not in (None, ""))
            told = (row.confidence, row.source, row.notes)
            figures = [(name, unit, getattr(row, name)) for name, unit, _ in numbers]
            rows += [
                (table.name, which, name, v, unit, *told)
                for name, unit, v in figures
                if v is not None
            ]
    rows.sort(key=lambda row: rank(row[5]))
    return declared("inputs", rows)


def _column(name: str, unit: str, is_number: bool) -> Column:
    excel = FORMS[
        "words" if not is_number else "year" if "year" in name and not unit else "rate"
    ].excel
    return Column(name.replace("_", " "), unit, is_number, Format(partial(_text, name), excel))


def _text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return (
            as_year(value) if column.endswith("year") or column == "year" else _exact(float(value))
        )
    return str(value)


def _exact(value: float) -> str:
    """An input as it was given, with thousands separators."""
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.10f}".rstrip("0")


def sureness(case: Case) -> ReportTable:
    """How many rows of each table are how sure."""
    tables = used_tables(case)
    words = {
        t.name: Counter(
            row.confidence.strip().casefold() or NOT_STATED for row in case.tables.rows(t.name)
        )
        for t in tables
    }
    known = sorted(
        {word for counts in words.values() for word in counts},
        key=lambda word: (rank("" if word == NOT_STATED else word), word),
    )
    rows = [
        [
            *(t.name.replace("_", " "), t.meaning, f"{words[t.name].total():,}"),
            *(f"{words[t.name][w]:,}" if words[t.name][w] else NOTHING for w in known),
            f"{sum(bool(row.source) for row in case.tables.rows(t.name)):,}",
        ]
        for t in tables
    ]
    return declared("sureness", rows, known=known)
