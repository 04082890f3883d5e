"""The questions on the left of the page, each as it stands and as it is in the case, and the tables of inputs, row by
row. Words are in the templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from planner.cells import CARRIED, Row, text_of
from planner.config import ModelTarget
from planner.data.case import Case
from planner.data.change import Change
from planner.data.schema import BY_NAME, Table
from planner.errors import refused
from planner.reporting.panels.dependence import target_sentence
from planner.reporting.panels.key_figures import UNMET, key_figures
from planner.reporting.words.names import headline, names_of
from planner.reporting.words.numbers import span
from planner.results.plan import Plan
from planner.results.targets import shares_reached
from planner.sampling.reweighting import ANY_STOP, happenings
from planner.server.answers import Shown
from planner.server.workbench import Workbench

GROUP_OF = {
    "money": "Money",
    "ally": "Allies",
    "policy": "Allies",
    "hazard": "Hazards",
    "future": "Hazards",
    "goal": "Objective",
    "objective": "Objective",
    "lever": "Levers",
    "target": "Targets",
    "projects": "Plants",
}
"""Head of a key -> the region of the page in which an edit of it is asked; any other in the last."""
DRAWN = re.compile(r"(, draw \d+ of \d+)?(: .*)?$")
"""The end of a sampled scenario's name, behind that of its storyline."""
FORMS = {
    "origin_share": ("oxide", "metal", "magnet"),
    "made_share": ("oxide", "metal", "magnet", "feed"),
    "served": ("", "oxide", "metal", "magnet"),
}
"""Forms that a target of a kind may speak of, '' for all of them."""
MOST_ROWS = 500
"""Rows of a table that are shown at once."""
TableRows = list[tuple[str, list[str]]]
"""The id and the cells of each row."""


@dataclass(frozen=True)
class Chance:
    """Something that may happen: its name, its probability in the case, and now. The others make room for what is
    asked."""

    label: str
    before: float
    now: float


def words_of(bench: Workbench) -> Shown:
    """The values with which a template tells of an edit."""
    return {
        "base": bench.base,
        "names": names_of(bench.base),
        "chances": chances(bench.base, bench.case),
        "sentence": partial(target_sentence, bench.base),
        "target_of": ModelTarget.model_validate,
    }


def chances(base: Case, case: Case) -> dict[str, Chance]:
    """By the key of the edit that asks: any full stop of exports, hazards, the deepest cut first, then storylines, each the
    likeliest first."""
    named = _storyline_names(base)
    drawn: dict[str, list[Any]] = defaultdict(list)
    for row in base.tables.draws:
        drawn[f"hazard.{row.hazard}"].append(row)
    found: dict[str, Chance] = {}
    order: dict[str, tuple[float, float]] = {}
    for key, scenarios in happenings(base).items():
        name = key.partition(".")[2]
        label = "Any full stop of exports" if key == ANY_STOP else named.get(name) or headline(name)
        rows = drawn[key]
        before = _probability(base, scenarios)
        now = _probability(case, scenarios)
        found[key] = Chance(_hazard_name(rows) or label, before, now)
        deepest = min((row.factor for row in rows), default=-inf if key == ANY_STOP else inf)
        order[key] = (deepest, -before)
    in_order = sorted(found, key=order.__getitem__)
    return {key: found[key] for key in in_order}


def _probability(case: Case, scenarios: Iterable[str]) -> float:
    return sum(case.scenarios.get(scenario, 0.0) for scenario in scenarios)


def _hazard_name(draws: Sequence[Any]) -> str:
    """The name of a hazard with the years in which it begins: it may come twice under one name, in other years."""
    named = [row for row in draws if row.notes]
    if not named:
        return ""
    years = [int(text_of(row.start)[:4]) for row in named]
    begins = span(min(years), max(years))
    return f"{named[0].notes}, begins {begins}"


def _storyline_names(base: Case) -> dict[str, str]:
    """Storyline -> its name, without what the name of a sampled scenario has behind it."""
    found = {}
    for scenario, name in reversed(names_of(base).scenario.items()):
        plain = DRAWN.sub("", name) if base.tables.draws else name
        found[base.lookups.storylines[scenario]] = plain
    return found


def questions(bench: Workbench) -> Shown:
    """All that is asked of a case: as it is, as it stands, and what the plan makes of it."""
    base, case, edits = bench.base, bench.case, bench.record.edits
    values = {edit.key: edit.value for edit in edits}
    plan = bench.solver.found.plan
    outside = set(base.lookups.supplier_origin.values())
    return {
        **words_of(bench),
        "case": case,
        "edits": edits,
        "values": values,
        "changed": Counter(map(_group_of, values)),
        "budgets": (_budgets(base, base), _budgets(base, case)),
        "parties": list(dict.fromkeys(base.lookups.party.values())),
        "targets": {**base.lookups.targets, **case.lookups.targets},
        "outside": sorted(map(names_of(base).origin, outside)),
        "built": {} if plan is None else plan.summary.get("new_capacity_tpa", {}),
        "reached": _reached(plan),
        "unmet": _unmet(plan),
        "unmet_before": _unmet(bench.first),
        "stage_names": names_of(base).stages_many,
        "forms": FORMS,
        "keys": case.model.flat(),
    }


def _reached(plan: Plan | None) -> dict[str, float]:
    """The shares of targets that a plan reaches."""
    if plan is None or not plan.case.lookups.targets:
        return {}
    return shares_reached(plan.amounts.by_scenario)


def _unmet(plan: Plan | None) -> float | None:
    """Expected unmet demand of a plan, t; None while it is not known."""
    return None if plan is None else key_figures(plan.summary)[UNMET]


def _group_of(key: str) -> str:
    return GROUP_OF.get(key.partition(".")[0], "Anything else")


def _budgets(base: Case, case: Case) -> dict[str, float]:
    """Budget of each funder over all years, MUSD."""
    found = {row.funder: 0.0 for row in base.tables.budgets}
    for row in case.tables.budgets:
        if row.funder in found:
            found[row.funder] += row.musd
    return found


def identity(table: Table, row: Row) -> str:
    """The columns that identify a row, as one text for the page."""
    return "|".join(_key_texts(table, row))


def _key_texts(table: Table, row: Row) -> list[str]:
    return [text_of(getattr(row, column)) for column in table.key]


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise refused("", "figure", f"there is no table {name!r:.60}")
    return BY_NAME[name]


def figure(bench: Workbench, name: str, row_id: str) -> Shown:
    """A row by its id: its source, and its cells. Raises InputError if there is no such row."""
    table = _table(name)
    rows = [row for row in bench.case.tables.rows(name) if identity(table, row) == row_id]
    if not rows:
        raise refused("", "figure", f"has no row {row_id!r:.100}", column=name)
    row = rows[0]
    place = bench.base.origin.place(name)
    return {
        "table": table,
        "id": row_id,
        "row": row,
        "cells": [_cell(table, row, column) for column in table.row.columns()],
        "place": f"{place}, line {row.line}" if row.line else place,
    }


def _cell(table: Table, row: Row, column: str) -> Shown:
    """A cell for the page. key: of the edit that changes it, '' for a column that identifies the row."""
    field = table.row.model_fields[column]
    declared: Any = field.json_schema_extra
    where = zip(table.key, _key_texts(table, row), strict=True)
    address = Change(table=table.name, rows=tuple(where), column=column).address
    return {
        "column": column,
        "value": text_of(getattr(row, column)),
        "meaning": field.description,
        "unit": declared["unit"],
        "key": "" if column in table.key else address,
    }


def rows_of_table(case: Case, name: str, wanted: str) -> tuple[tuple[str, ...], TableRows, int]:
    """Columns, rows in which a text occurs, at most `MOST_ROWS`, and how many there are in all."""
    table = _table(name)
    columns = (*table.row.columns(), *CARRIED)
    found = []
    for row in case.tables.rows(name):
        cells = [text_of(getattr(row, column)) for column in columns]
        text = "\n".join(cells)
        if wanted.casefold() in text.casefold():
            found.append((identity(table, row), cells))
    return columns, found[:MOST_ROWS], len(found)
