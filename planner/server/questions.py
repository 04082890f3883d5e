"""What the page asks: how each question on the left stands and how it is in the case, and the tables of inputs, row by
row. Words are in the templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import inf
from typing import Any

from planner.config import LEVERS
from planner.data.case import Case
from planner.data.cells import CARRIED, Row, conditions, fits, text_of
from planner.data.export import choices_of
from planner.data.frames import field_type
from planner.data.reweighting import happenings
from planner.data.schema import BY_NAME, Table
from planner.errors import Fault, InputError
from planner.reporting.words.names import STAGES_MANY, Names, headline
from planner.reporting.words.numbers import span
from planner.server.edits import stands_from
from planner.server.workbench import Workbench

GROUP_OF = {
    "money": "Money",
    "goal": "Appetite",
    "objective": "Appetite",
    "policy": "Allies",
    "joins": "Allies",
    "levers": "Levers",
    "plant": "Plants",
    "projects": "Plants",
    "depth": "Danger",
    "hazard": "Danger",
    "future": "Danger",
    "horizon": "Danger",
}
"""Where an edit is asked, by the head of its key."""
DRAWN = re.compile(r"(, draw \d+ of \d+)?(: .*)?$")
"""What the name of a draw has behind that of its future."""
LATER_STARTS = 6
"""Later first years that are offered."""
MOST_ROWS = 500
"""Rows of a table that are shown at once."""
TableRows = list[tuple[str, list[str]]]
"""The id and the cells of each row."""


@dataclass(frozen=True)
class Chance:
    """Something that may happen: what it is called, its probability in the case, and now. The others make room for what
    is asked."""

    label: str
    before: float
    now: float


def words_of(bench: Workbench) -> dict[str, Any]:
    """What a template needs to tell of an edit."""
    return {
        "names": Names(bench.base),
        "chances": chances(bench.base, bench.case),
        "levers": LEVERS,
    }


def chances(base: Case, case: Case) -> dict[str, Chance]:
    """By the key of the edit that asks: hazards, the deepest cut first, then futures, each the likeliest first."""
    names, draws, found = Names(base), base.tables.draws, dict[str, Chance]()
    called = {
        base.storylines[w]: DRAWN.sub("", n) if draws else n
        for w, n in reversed(names.scenario.items())
    }
    drawn: dict[str, list[Any]] = defaultdict(list)
    for row in draws:
        drawn[f"hazard.{row.hazard}"].append(row)
    for key, happens in happenings(base).items():
        label = called.get(name := key.partition(".")[2]) or headline(name)
        if rows := [
            row for row in drawn[key] if row.notes
        ]:  # it may come twice under one name, in other years
            years = sorted(int(text_of(row.start)[:4]) for row in rows)
            label = f"{rows[0].notes}, begins {span(years[0], years[-1])}"
        before, now = (sum(one.scenarios.get(w, 0.0) for w in happens) for one in (base, case))
        found[key] = Chance(label, before, now)
    left = {key: min((row.factor for row in drawn[key]), default=inf) for key in found}
    return dict(sorted(found.items(), key=lambda one: (left[one[0]], -one[1].before)))


def questions(bench: Workbench) -> dict[str, Any]:
    """All that is asked of a case."""
    base, case = bench.base, bench.case
    values = {edit.key: edit.value for edit in bench.record.edits}
    funders = dict.fromkeys(row.funder for row in base.tables.budgets)
    budgets = [
        {
            funder: sum(row.musd for row in one.tables.budgets if row.funder == funder)
            for funder in funders
        }
        for one in (base, case)
    ]
    plan = bench.solver.found.plan
    built = plan.summary["new_capacity_tpa"] if plan is not None else {}
    losses = plan.summary["loss_musd_by_country"] if plan is not None else {}
    plants: dict[str, list[Any]] = {stage: [] for stage in STAGES_MANY}
    for project, row in base.projects.items():
        if row.max_new_tpa > 0:
            plants[row.stage].append(
                (project, row, built.get(project, 0.0), stands_from(base, row))
            )
    later = range(base.first_year + 1, min(base.first_year + LATER_STARTS, base.last_year + 1))
    shared = base.model.policy.coordination != "national" and "policy.coordination" not in values
    payers, joins = set(base.funder_party.values()), dict[str, list[tuple[object, str]]]()
    for party in dict.fromkeys(base.party.values()):
        late = [(year, f"joins in {year}") for year in later if party in payers]
        joins[party] = [
            (None, "joins from the start"),
            *late,
            *([("out", "stays out")] if shared else []),
        ]
    return {
        **words_of(bench),
        "base": base,
        "case": case,
        "values": values,
        "edits": bench.record.edits,
        "apart": any(key.startswith("joins.") and value == "out" for key, value in values.items()),
        "changed": Counter(GROUP_OF.get(key.partition(".")[0], "") for key in values),
        "budgets": budgets,
        "joins": {party: choices for party, choices in joins.items() if len(choices) > 1},
        "plants": plants,
        "starts": [(year, str(year)) for year in (base.first_year, *later)],
        "prices": bench.prices,
        "cuts": any(row.kind == "import" and row.factor < 1 for row in base.tables.shocks),
        "waited": bench.solver.waited_for,
        "lessons": len(bench.record.steps) == 1,
        "largest": max(built, key=lambda p: built[p], default=""),
        "hit": base.party[max(losses, key=lambda c: losses[c]["expected"])]
        if len(losses) > 1
        else "",
        "stage_names": STAGES_MANY,
    }


def identity(table: Table, row: Row) -> str:
    """What identifies a row, for the page."""
    return "|".join(text_of(getattr(row, column)) for column in table.key)


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise InputError([Fault("figure", 0, "", f"there is no table {name!r:.60}")])
    return BY_NAME[name]


def figure(bench: Workbench, name: str, row_id: str, chosen: str) -> dict[str, Any]:
    """A row by its id, with a column chosen: its source, and its cells. key: of the edit that changes a cell, '' where
    only the file can; was: as in the case, if it is changed. Raises InputError if there is no such row."""
    table = _table(name)
    row = next((r for r in bench.case.tables.rows(name) if identity(table, r) == row_id), None)
    if row is None:
        raise InputError([Fault("figure", 0, name, f"has no row {row_id!r:.100}")])
    before = next((r for r in bench.base.tables.rows(name) if identity(table, r) == row_id), row)
    parts = [text_of(getattr(row, column)) for column in table.key]
    dotted = len(parts) > 1 and any("." in part or part == "*" for part in parts)
    cells = []
    for column in table.row.columns():
        field = table.row.model_fields[column]
        value, was = text_of(getattr(row, column)), text_of(getattr(before, column))
        extra: Any = field.json_schema_extra
        cells.append(
            {
                "column": column,
                "value": value,
                "was": was if was != value else "",
                "meaning": field.description,
                "unit": extra["unit"],
                "kind": field_type(field),
                "choices": choices_of(field),
                "key": "" if column in table.key or dotted else ".".join([name, *parts, column]),
                "range": _range(bench, name, row, column),
            }
        )
    place = bench.base.origin.place(name) + (f", line {row.line}" if row.line else "")
    return {
        "table": table,
        "id": row_id,
        "row": row,
        "cells": cells,
        "place": place,
        "chosen": chosen,
    }


def _range(bench: Workbench, table: str, row: Row, column: str) -> str:
    for unsure in bench.case.tables.uncertainties:
        if (unsure.table, unsure.column) == (table, column):
            where = conditions(unsure.where)
            if all(fits(getattr(row, name), wanted) for name, wanted in where.items()):
                return f"{unsure.low:g} to {unsure.high:g} times the value ({unsure.name or unsure.uncertainty})"
    return ""


def rows_of_table(
    bench: Workbench, table: str, wanted: str
) -> tuple[tuple[str, ...], TableRows, int]:
    """Columns, rows in which a text occurs, at most `MOST_ROWS`, and how many there are in all."""
    declared = _table(table)
    columns = (*declared.row.columns(), *CARRIED)
    found = []
    for row in bench.case.tables.rows(table):
        cells = [text_of(getattr(row, column)) for column in columns]
        if not wanted or any(wanted.casefold() in cell.casefold() for cell in cells):
            found.append((identity(declared, row), cells))
    return columns, found[:MOST_ROWS], len(found)
