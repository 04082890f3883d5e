"""Every input with its source and confidence, the least sure first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from planner.data.case import Case
from planner.data.schema import CARRIED, TABLES, Row, Table
from planner.reporting.text.claims import claim
from planner.reporting.values.names import Names
from planner.reporting.values.numbers import NOTHING, as_year, count, listed, number
from planner.reporting.values.parts import Column, Part, ReportTable, Text, texts
from planner.results.explanation import EXPLANATION, Explanation

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
    if isinstance(value, tuple):
        name = names.country if column == "countries" else names.feed
        return "; ".join("all" if part == "*" else name(part) for part in value)
    points_elsewhere = (column,) != table.key and value not in (None, "", "*")
    return _NAMERS[column](names)(value) if points_elsewhere and column in _NAMERS else value


_NAMERS: dict[str, Callable[[Names], Callable[[str], str]]] = {
    "country": lambda n: n.country,
    "element": lambda n: n.element,
    "project": lambda n: n.project,
    "skill": lambda n: n.skill,
    "scenario": lambda n: n.scenario,
    "supplier": lambda n: n.party,
    "funder": lambda n: n.party,
}


def input_grids(case: Case, names: Names) -> list[ReportTable]:
    """One folded table per input table: the least sure rows first and marked."""
    return [_grid(table, case, names) for table in used_tables(case)]


def _grid(table: Table, case: Case, names: Names) -> ReportTable:
    rows = case.tables.rows(table.name)
    columns = columns_of(table, rows)
    carried = [name for name in CARRIED if any(getattr(row, name) for row in rows)]
    headings = [Column(name.replace("_", " "), unit, is_number) for name, unit, is_number in columns]
    ranked = sorted(rows, key=lambda row: rank(row.confidence))
    cells = [
        [
            *(_text(name, named_cell(names, table, name, getattr(row, name))) for name, _, _ in columns),
            *(getattr(row, name) for name in carried),
        ]
        for row in ranked
    ]
    unsure = sum(row.confidence.strip().casefold() in UNSURE for row in rows)
    flag = f", {unsure:,} of them unsure" if unsure else ""
    return ReportTable(
        f"{table.name.replace('_', ' ').capitalize()}: {table.meaning} ({count(len(rows), 'row')}{flag})",
        [*headings, *texts(*carried)],
        cells,
        folded=True,
        marks=["unsure" if row.confidence.strip().casefold() in UNSURE else "" for row in ranked],
    )


def _text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return as_year(value) if column.endswith("year") or column == "year" else _exact(float(value))
    return str(value)


def _exact(value: float) -> str:
    """An input as it was given, with thousands separators."""
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.10f}".rstrip("0")


def leaning(found: Explanation | None) -> Part:
    """The unsure inputs that move the result most, if each was tried; else a line that says so."""
    if found is None:
        return Text([UNTRIED])
    own = found.own.least_risk
    rows = [
        [
            lean.input,
            ", ".join(f"{words} {rows:,}" for words, rows in sorted(lean.confidence.items(), key=_by_sureness)),
            " and ".join(t.setting for t in lean.tried),
            " and ".join(number(t.least_risk) for t in lean.tried),
            number(lean.effect),
            listed(list(map(claim, lean.decides))) or NOTHING,
            lean.why,
            "; ".join(dict.fromkeys(map(_short, lean.sources))) or NOTHING,
        ]
        for lean in found.influences
    ]
    columns = [
        *texts("assumption", "confidence (rows)", "tried at"),
        Column("least risk then", "MUSD"),
        Column("largest effect", "MUSD"),
        *texts("turns the claim", "why this range", "sources"),
    ]
    return ReportTable(
        "Assumptions this result leans on most",
        columns,
        rows,
        note=f"Each is a group of unsure rows moved together to the ends of its range, and the program solved again; "
        f"least risk with the inputs as given: {number(own)} MUSD. The sources are those beside most of the rows, "
        "shortened; they stand in full in the tables below.",
        marks=["unsure" if lean.decides else "" for lean in found.influences],
        source=f"{EXPLANATION}: influences",
    )


UNTRIED = (
    "The rows below are ranked by their stated confidence alone. Which of the unsure inputs matter is found by moving "
    "them, which was not asked of this run: see “Why this plan”."
)
LONGEST_SOURCE = 70


def _by_sureness(item: tuple[str, int]) -> int:
    return rank("" if item[0] == NOT_STATED else item[0])


def _short(source: str) -> str:
    return source if len(source) <= LONGEST_SOURCE else source[: LONGEST_SOURCE - 1].rstrip(" ;,.") + "…"


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
    return ReportTable(
        "How sure the inputs are: rows by confidence, the least sure first",
        [*texts("table", "what it says"), Column("rows"), *(Column(w) for w in known), Column("with a source")],
        rows,
    )


def _word(confidence: str) -> str:
    return confidence.strip().casefold() or NOT_STATED
