"""The questions on the left of the page, each as it stands and as it is in the case, and the tables of inputs, row by
row. Words are in the templates."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, get_args

from planner.config import LEVERS, key_type, meaning
from planner.data.case import Case
from planner.data.cells import CARRIED, Row, conditions, fits, text_of
from planner.data.export import choices_of
from planner.data.frames import field_type
from planner.data.reweighting import ANY_STOP, happenings
from planner.data.schema import BY_NAME, Table
from planner.data.stages import STAGES
from planner.reporting.chapters.beside import target_sentence
from planner.reporting.words.names import headline, names_of
from planner.reporting.words.numbers import span
from planner.results.plan import Plan
from planner.results.targets import shares_reached
from planner.server.answers import Shown
from planner.server.edits import Edits, refused, stands_from, target_of
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
"""Head of a key -> the region of the page in which an edit of it is asked."""
ELSEWHERE = {
    "policy.coordination": "Allies",
    "horizon.first_year": "Hazards",
    "objective.odds": "Model",
    "objective.risk_slack": "Model",
    "objective.gap": "Model",
}
"""Key -> the region of the page in which an edit of it is asked, where the head of the key does not say it."""
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
CHOICE_WORDS = {
    "committed": "committed (two-stage)",
    "adaptive": "adaptive (multistage; CVaR not time-consistent)",
    "staged": "staged (between the two; CVaR not time-consistent)",
}
"""Choices of a key whose name in the field is another."""
DRAWN = re.compile(r"(, draw \d+ of \d+)?(: .*)?$")
"""The end of a sampled scenario's name, behind that of its storyline."""
LATER_STARTS = 6
"""Later first years that are offered."""
FORMS = {
    "origin_share": ("oxide", "metal", "magnet"),
    "made_share": ("oxide", "metal", "magnet", "feed"),
    "served": ("", "oxide", "metal", "magnet"),
}
"""Forms that a target of a kind may speak of, '' for all of them."""
MOST_ROWS = 500
"""Rows of a table that are shown at once."""
Choices = list[tuple[object, str]]
"""Values of a question, each with its words."""
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
        "names": names_of(bench.base),
        "chances": chances(bench.base, bench.case),
        "levers": LEVERS,
        "sentence": partial(target_sentence, bench.base),
        "target_of": target_of,
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


@dataclass(frozen=True, kw_only=True)
class ModelKey:
    """A key of the model file. kind: `flag`, `choice`, `share` (shown in per cent) or `year`."""

    key: str
    label: str
    meaning: str
    kind: str
    value: Any
    choices: tuple[tuple[str, str], ...]


def model_keys(case: Case) -> list[ModelKey]:
    """Keys of the model file that have no question of their own, as they stand."""
    values = {**case.model.flat(), "horizon.last_year": case.last_year}
    found = []
    for key in MODEL_KEYS:
        value = values[key]
        kind = _kind_of(value)
        words = get_args(key_type(key)) if kind == "choice" else ()
        one = ModelKey(
            key=key,
            label=key.rpartition(".")[2].replace("_", " "),
            meaning=meaning(key).replace("`", ""),
            kind=kind,
            value=value,
            choices=tuple((word, CHOICE_WORDS.get(word, word)) for word in words),
        )
        found.append(one)
    return found


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "choice"
    return "share" if isinstance(value, float) else "year"


@dataclass(frozen=True, kw_only=True)
class PlantQuestion:
    """A plant that may be built: its row, t/y that the plan builds, and the year in which others would have it."""

    project: str
    row: Any
    tonnes: float
    year: int


def questions(bench: Workbench) -> Shown:
    """All that is asked of a case."""
    return {
        **words_of(bench),
        **_of_edits(bench),
        **_of_case(bench.base, bench.case),
        **_of_plan(bench),
        "lessons": len(bench.record.steps) == 1,
        "stage_names": names_of(bench.case).stages_many,
        "forms": FORMS,
    }


def _of_edits(bench: Workbench) -> Shown:
    """The edits, how many of them each region has, and the years from which somebody may join."""
    base = bench.base
    edits = bench.record.edits
    values = {edit.key: edit.value for edit in edits}
    latest = min(base.first_year + LATER_STARTS, base.last_year)
    years = range(base.first_year, latest + 1)
    return {
        "values": values,
        "edits": edits,
        "apart": _somebody_is_out(edits),
        "changed": Counter(map(_group_of, values)),
        "joins": _joins(base, values, years[1:]),
        "starts": [(year, str(year)) for year in years],
    }


def _of_case(base: Case, case: Case) -> Shown:
    """The case as it stands and as it is asked for."""
    return {
        "base": base,
        "case": case,
        "budgets": (_budgets(base, base), _budgets(base, case)),
        "cuts": _imports_are_cut(base),
        "model_keys": model_keys(case),
        "targets": {**base.lookups.targets, **case.lookups.targets},
        "outside": sorted(map(names_of(base).origin, set(base.lookups.supplier_origin.values()))),
    }


def _of_plan(bench: Workbench) -> Shown:
    """The figures of the plan that questions tell; those of nothing where there is none."""
    base = bench.base
    plan = bench.solver.found.plan
    summary = {} if plan is None else plan.summary
    built: dict[str, float] = summary.get("new_capacity_tpa", {})
    return {
        "plants": _plants(base, built),
        "largest": max(built, key=built.__getitem__, default=""),
        "hit": _hardest_hit(base, summary),
        "met": summary.get("targets", {}),
        "reached": _reached(plan),
    }


def _reached(plan: Plan | None) -> dict[str, float]:
    """The shares of targets that a plan reaches."""
    if plan is None or not plan.case.lookups.targets:
        return {}
    return shares_reached(plan.amounts.visits)


def _somebody_is_out(edits: Edits) -> bool:
    joins = [edit.value for edit in edits if edit.key.startswith("joins.")]
    return "out" in joins


def _imports_are_cut(case: Case) -> bool:
    cuts = [row for row in case.tables.shocks if row.kind == "import"]
    return any(row.factor < 1 for row in cuts)


def _hardest_hit(base: Case, summary: Mapping[str, Any]) -> str:
    """The party of the country that loses most by a plan, '' where there is but one."""
    expected: dict[str, float] = {}
    for country, loss in summary.get("loss_musd_by_country", {}).items():
        expected[country] = loss["expected"]
    if len(expected) < 2:
        return ""
    return base.lookups.party[max(expected, key=expected.__getitem__)]


def _group_of(key: str) -> str:
    head = key.partition(".")[0]
    return ELSEWHERE.get(key) or GROUP_OF.get(head, "")


def _budgets(base: Case, case: Case) -> dict[str, float]:
    """Budget of each funder over all years, MUSD."""
    found = {row.funder: 0.0 for row in base.tables.budgets}
    for row in case.tables.budgets:
        if row.funder in found:
            found[row.funder] += row.musd
    return found


def _joins(base: Case, values: Mapping[str, object], later: range) -> dict[str, Choices]:
    """The choices of each party that has one: when it joins, or that it stays out."""
    is_shared = base.model.policy.coordination != "national"
    may_stay_out = is_shared and "policy.coordination" not in values
    payers = base.lookups.funder_party.values()
    found: dict[str, Choices] = {}
    for party in dict.fromkeys(base.lookups.party.values()):
        choices: Choices = [(None, "joins from the start")]
        if party in payers:
            choices += [(year, f"joins in {year}") for year in later]
        if may_stay_out:
            choices.append(("out", "stays out"))
        if len(choices) > 1:
            found[party] = choices
    return found


def _plants(base: Case, built: Mapping[str, float]) -> dict[str, list[PlantQuestion]]:
    """Plants that may be built, by stage."""
    found: dict[str, list[PlantQuestion]] = {stage: [] for stage in STAGES}
    for project, row in base.projects.items():
        if row.max_new_tpa > 0:
            one = PlantQuestion(
                project=project,
                row=row,
                tonnes=built.get(project, 0.0),
                year=stands_from(base, row),
            )
            found[row.stage].append(one)
    return found


def identity(table: Table, row: Row) -> str:
    """The columns that identify a row, as one text for the page."""
    return "|".join(_key_texts(table, row))


def _key_texts(table: Table, row: Row) -> list[str]:
    return [text_of(getattr(row, column)) for column in table.key]


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise refused("figure", "", f"there is no table {name!r:.60}")
    return BY_NAME[name]


def figure(bench: Workbench, name: str, row_id: str) -> Shown:
    """A row by its id: its source, and its cells. Raises InputError if there is no such row."""
    table = _table(name)
    row = _row(bench.case, table, row_id)
    if row is None:
        raise refused("figure", name, f"has no row {row_id!r:.100}")
    before = _row(bench.base, table, row_id) or row
    cells = []
    for column in table.row.columns():
        cell = _cell(table, row, column)
        was = text_of(getattr(before, column))
        cell["was"] = was if was != cell["value"] else ""
        cell["range"] = _range(bench.case, table, row, column)
        cells.append(cell)
    place = bench.base.origin.place(name)
    return {
        "table": table,
        "id": row_id,
        "row": row,
        "cells": cells,
        "place": f"{place}, line {row.line}" if row.line else place,
    }


def _row(case: Case, table: Table, row_id: str) -> Row | None:
    for row in case.tables.rows(table.name):
        if identity(table, row) == row_id:
            return row
    return None


def _cell(table: Table, row: Row, column: str) -> Shown:
    """A cell for the page. key: of the edit that changes it, '' where only the file can."""
    field = table.row.model_fields[column]
    declared: Any = field.json_schema_extra
    return {
        "column": column,
        "value": text_of(getattr(row, column)),
        "meaning": field.description,
        "unit": declared["unit"],
        "kind": field_type(field),
        "choices": choices_of(field),
        "key": _edit_key(table, row, column),
    }


def _edit_key(table: Table, row: Row, column: str) -> str:
    """The key of the edit that changes a cell; '' for a column that identifies the row, and for a row of several keys
    that a dotted key cannot name."""
    keys = _key_texts(table, row)
    is_dotted = any("." in key or key == "*" for key in keys)
    if column in table.key or (is_dotted and len(keys) > 1):
        return ""
    return ".".join([table.name, *keys, column])


def _range(case: Case, table: Table, row: Row, column: str) -> str:
    """The range within which a cell is unsure, in words."""
    for unsure in case.tables.uncertainties:
        if unsure.table != table.name or unsure.column != column:
            continue
        where = conditions(unsure.where)
        matches = [fits(getattr(row, name), wanted) for name, wanted in where.items()]
        if all(matches):
            name = unsure.name or unsure.uncertainty
            times = f"{unsure.low:g} to {unsure.high:g} times the value"
            return f"{times} ({name})"
    return ""


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
