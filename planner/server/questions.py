"""What the page asks: how each question on the left stands and how it is in the case, and the tables of inputs, row by
row. Words are in the templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, get_args

from planner.config import LEVERS, TargetKeys, key_type, meaning
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
    "goal": "Objective",
    "objective": "Objective",
    "joins": "Allies",
    "levers": "Levers",
    "plant": "Plants",
    "projects": "Plants",
    "depth": "Hazards",
    "hazard": "Hazards",
    "future": "Hazards",
    "target": "Targets",
    "policy": "Model",
    "horizon": "Model",
    "discount_rate": "Model",
    "risk_discount_rate": "Model",
}
"""Where an edit is asked, by the head of its key."""
ELSEWHERE = {
    "policy.coordination": "Allies",
    "horizon.first_year": "Hazards",
    "objective.odds": "Model",
    "objective.risk_slack": "Model",
    "objective.gap": "Model",
}
"""Where an edit is asked, by the key, where its head does not say it."""
MODEL_KEYS = (
    "policy.whole_plants",
    "policy.investment",
    "policy.committed_through",
    "policy.budget_carry_over",
    "policy.cost_sharing",
    "policy.secondment_share",
    "discount_rate",
    "risk_discount_rate",
    "objective.odds",
    "objective.risk_slack",
    "objective.gap",
    "horizon.last_year",
)
"""Keys of the model file that have no question of their own."""
DRAWN = re.compile(r"(, draw \d+ of \d+)?(: .*)?$")
"""What the name of a draw has behind that of its future."""
LATER_STARTS = 6
"""Later first years that are offered."""
FORMS = ("oxide", "metal", "magnet", "feed")
"""Forms that a target may speak of."""
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
    """By the key of the edit that asks: hazards, the deepest cut first, then storylines, each the likeliest first."""
    named = _storyline_names(base)
    drawn: dict[str, list[Any]] = defaultdict(list)
    for row in base.tables.draws:
        drawn[f"hazard.{row.hazard}"].append(row)
    found: dict[str, Chance] = {}
    for key, happens in happenings(base).items():
        name = key.partition(".")[2]
        label = named.get(name) or headline(name)
        # One hazard may come twice under one name, in other years.
        rows = [row for row in drawn[key] if row.notes]
        if rows:
            years = sorted(int(text_of(row.start)[:4]) for row in rows)
            label = f"{rows[0].notes}, begins {span(years[0], years[-1])}"
        before = sum(base.scenarios.get(scenario, 0.0) for scenario in happens)
        now = sum(case.scenarios.get(scenario, 0.0) for scenario in happens)
        found[key] = Chance(label, before, now)
    left: dict[str, float] = {}
    for key in found:
        left[key] = min((row.factor for row in drawn[key]), default=inf)
    ordered = sorted(found, key=lambda key: (left[key], -found[key].before))
    return {key: found[key] for key in ordered}


def _storyline_names(base: Case) -> dict[str, str]:
    """Storyline -> its name, without what the name of a sampled scenario has behind it."""
    found = {}
    for scenario, name in reversed(Names(base).scenario.items()):
        plain = DRAWN.sub("", name) if base.tables.draws else name
        found[base.storylines[scenario]] = plain
    return found


@dataclass(frozen=True, kw_only=True)
class ModelKey:
    """A key of the model file. kind: `flag`, `choice`, `share` (shown in per cent) or `year`."""

    key: str
    label: str
    meaning: str
    kind: str
    value: Any
    choices: tuple[tuple[str, str], ...] = ()


def model_keys(case: Case) -> list[ModelKey]:
    """Keys of the model file that have no question of their own, as they stand."""
    flat, found = case.model.flat(), []
    for key in MODEL_KEYS:
        value, annotation = flat[key], key_type(key)
        if key == "horizon.last_year":
            value = case.last_year
        choices: tuple[tuple[str, str], ...] = ()
        if isinstance(value, bool):
            kind = "flag"
        elif isinstance(value, str):
            kind, choices = "choice", tuple((word, word) for word in get_args(annotation))
        else:
            kind = "share" if isinstance(value, float) else "year"
        label = key.rpartition(".")[2].replace("_", " ")
        one = ModelKey(
            key=key,
            label=label,
            meaning=meaning(key).replace("`", ""),
            kind=kind,
            value=value,
            choices=choices,
        )
        found.append(one)
    return found


@dataclass(frozen=True, kw_only=True)
class PlantQuestion:
    """A plant that may be built: its row, t/y that the plan builds, and the year in which others would have it."""

    project: str
    row: Any
    tonnes: float
    year: int


def questions(bench: Workbench) -> dict[str, Any]:
    """All that is asked of a case."""
    base, case = bench.base, bench.case
    values = {edit.key: edit.value for edit in bench.record.edits}
    plan = bench.solver.found.plan
    built = plan.summary["new_capacity_tpa"] if plan is not None else {}
    losses = plan.summary["loss_musd_by_country"] if plan is not None else {}
    later = range(base.first_year + 1, min(base.first_year + LATER_STARTS, base.last_year + 1))
    is_out = [key for key, value in values.items() if key.startswith("joins.") and value == "out"]
    hit = ""
    if len(losses) > 1:
        hit = base.party[max(losses, key=lambda country: losses[country]["expected"])]
    return {
        **words_of(bench),
        "base": base,
        "case": case,
        "values": values,
        "edits": bench.record.edits,
        "apart": bool(is_out),
        "changed": Counter(_group_of(key) for key in values),
        "budgets": (_budgets(base, base), _budgets(base, case)),
        "joins": _joins(base, values, later),
        "plants": _plants(base, built),
        "starts": [(year, str(year)) for year in (base.first_year, *later)],
        "prices": bench.prices,
        "cuts": any(row.kind == "import" and row.factor < 1 for row in base.tables.shocks),
        "waited": bench.solver.waited_for,
        "lessons": len(bench.record.steps) == 1,
        "largest": max(built, key=lambda project: built[project], default=""),
        "hit": hit,
        "stage_names": STAGES_MANY,
        "model_keys": model_keys(case),
        "targets": {**base.targets, **case.targets},
        "met": plan.summary.get("targets", {}) if plan is not None else {},
        "kinds": get_args(key_type_of_target("kind")),
        "forms": ("", *FORMS),
    }


def _group_of(key: str) -> str:
    return ELSEWHERE.get(key) or GROUP_OF.get(key.partition(".")[0], "")


def key_type_of_target(column: str) -> Any:
    """The type of the values of a column of a target."""
    return TargetKeys.model_fields[column].annotation


def _budgets(base: Case, case: Case) -> dict[str, float]:
    """Budget of each funder over all years, MUSD."""
    found = {row.funder: 0.0 for row in base.tables.budgets}
    for row in case.tables.budgets:
        if row.funder in found:
            found[row.funder] += row.musd
    return found


def _joins(
    base: Case, values: Mapping[str, object], later: range
) -> dict[str, list[tuple[object, str]]]:
    """The choices of each party that has one: when it joins, or that it stays out."""
    is_shared = base.model.policy.coordination != "national"
    may_stay_out = is_shared and "policy.coordination" not in values
    payers = set(base.funder_party.values())
    found: dict[str, list[tuple[object, str]]] = {}
    for party in dict.fromkeys(base.party.values()):
        choices: list[tuple[object, str]] = [(None, "joins from the start")]
        if party in payers:
            choices += [(year, f"joins in {year}") for year in later]
        if may_stay_out:
            choices.append(("out", "stays out"))
        if len(choices) > 1:
            found[party] = choices
    return found


def _plants(base: Case, built: Mapping[str, float]) -> dict[str, list[PlantQuestion]]:
    """Plants that may be built, by stage."""
    found: dict[str, list[PlantQuestion]] = {stage: [] for stage in STAGES_MANY}
    for project, row in base.projects.items():
        if row.max_new_tpa > 0:
            tonnes, year = built.get(project, 0.0), stands_from(base, row)
            one = PlantQuestion(project=project, row=row, tonnes=tonnes, year=year)
            found[row.stage].append(one)
    return found


def identity(table: Table, row: Row) -> str:
    """What identifies a row, for the page."""
    return "|".join(text_of(getattr(row, column)) for column in table.key)


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise InputError([Fault("figure", 0, "", f"there is no table {name!r:.60}")])
    return BY_NAME[name]


def figure(bench: Workbench, name: str, row_id: str, chosen: str) -> dict[str, Any]:
    """A row by its id, with a column chosen: its source, and its cells. Raises InputError if there is no such row."""
    table = _table(name)
    row = _row(bench.case, table, row_id)
    if row is None:
        raise InputError([Fault("figure", 0, name, f"has no row {row_id!r:.100}")])
    before = _row(bench.base, table, row_id) or row
    cells = [_cell(bench, table, (row, before), column) for column in table.row.columns()]
    place = bench.base.origin.place(name) + (f", line {row.line}" if row.line else "")
    return {
        "table": table,
        "id": row_id,
        "row": row,
        "cells": cells,
        "place": place,
        "chosen": chosen,
    }


def _row(case: Case, table: Table, row_id: str) -> Row | None:
    for row in case.tables.rows(table.name):
        if identity(table, row) == row_id:
            return row
    return None


def _cell(
    bench: Workbench, table: Table, now_and_before: tuple[Row, Row], column: str
) -> dict[str, Any]:
    """A cell for the page. key: of the edit that changes it, '' where only the file can; was: as in the case, if it is
    changed."""
    row, before = now_and_before
    parts = [text_of(getattr(row, name)) for name in table.key]
    is_dotted = len(parts) > 1 and any("." in part or part == "*" for part in parts)
    can_change = column not in table.key and not is_dotted
    field = table.row.model_fields[column]
    value, was = text_of(getattr(row, column)), text_of(getattr(before, column))
    extra: Any = field.json_schema_extra
    return {
        "column": column,
        "value": value,
        "was": was if was != value else "",
        "meaning": field.description,
        "unit": extra["unit"],
        "kind": field_type(field),
        "choices": choices_of(field),
        "key": ".".join([table.name, *parts, column]) if can_change else "",
        "range": _range(bench, table.name, row, column),
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
