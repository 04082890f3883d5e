"""What the workbook holds, as values: one sheet per table, with headings, units and number formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.data.schema import CARRIED
from planner.reporting.tables.inputs import columns_of, named_cell, rank, used_tables
from planner.reporting.tables.reconcile import cost_parts
from planner.reporting.values.money import pivot, spent
from planner.reporting.values.names import STAGES, Names
from planner.reporting.values.numbers import count
from planner.reporting.values.shortages import missing
from planner.reporting.values.supply import balances
from planner.reporting.values.view import EXPECTED, RunView
from planner.results.schema import PER_UNIT, RESULT_TABLES, Kind, ResultTable

WHOLE, FINE, PLAIN, SHARE, ANY = "#,##0", "#,##0.00", "0", "0.0%", "General"


@dataclass(frozen=True)
class SheetColumn:
    """A column: heading with its unit, values from top to bottom, number format ('' for words)."""

    heading: str
    values: Sequence[Any]
    form: str = ""


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, what it says, and its columns, all of one length."""

    name: str
    meaning: str
    columns: Sequence[SheetColumn]

    @property
    def height(self) -> int:
        """Number of rows without the heading."""
        return len(self.columns[0].values) if self.columns else 0


def _namers(names: Names) -> dict[str, Callable[[str], str]]:
    return {
        "project": names.place,
        "country": names.country,
        "element": names.element,
        "scenario": names.scenario,
        "skill": names.skill,
        "programme": names.programme,
        "feed": names.feed,
        "funder": names.party,
        "scenarios": names.who,
        "stage": lambda stage: STAGES.get(stage, stage),
    }


def result_sheets(run: RunView) -> list[Sheet]:
    """One sheet per result table, names in place of ids."""
    return [_result(run, table) for table in RESULT_TABLES.values()]


def _result(run: RunView, declared: ResultTable) -> Sheet:
    table, namers = run.tables[declared.name], _namers(run.names)
    if declared.name == "shadow_prices":
        table = table.assign(item=_scarce_items(run))
    columns = []
    for column in declared.columns:
        if column.name not in table:
            continue
        values = table[column.name]
        if column.name in namers:
            known = {value: namers[column.name](value) if value else "" for value in values.unique()}
            values = values.map(known)
        heading = f"{column.heading} ({column.unit})" if column.unit else column.heading
        columns.append(SheetColumn(heading, values.tolist(), ANY if column.unit == PER_UNIT else FORMS[column.kind]))
    return Sheet(declared.name.replace("_", " "), declared.meaning, columns)


FORMS = {Kind.TEXT: "", Kind.YEAR: PLAIN, Kind.NUMBER: FINE, Kind.SHARE: SHARE}


def _scarce_items(run: RunView) -> list[str]:
    names = run.names
    by_kind: dict[str, Callable[[str], str]] = {
        "budget": names.party,
        "capacity": names.project,
        "nameplate limit": names.project,
        "feed": names.feed,
        "staff joining": names.skill,
        "hires": names.skill,
        "mentors": names.skill,
        "training seats": names.programme,
        "new seats limit": names.programme,
    }
    rows = run.tables["shadow_prices"]
    return [
        by_kind[kind](item) if kind in by_kind and item else item
        for kind, item in zip(rows["scarce"], rows["item"], strict=True)
    ]


def input_sheets(run: RunView) -> list[Sheet]:
    """One sheet per input table with source, confidence and notes; the least sure rows first."""
    sheets = []
    for table in used_tables(run.case):
        rows = sorted(run.case.tables.rows(table.name), key=lambda row: rank(row.confidence))
        columns = [
            SheetColumn(
                name.replace("_", " ") + (f" ({unit})" if unit else ""),
                [named_cell(run.names, table, name, getattr(row, name)) for row in rows],
                (PLAIN if "year" in name and not unit else ANY) if is_number else "",
            )
            for name, unit, is_number in columns_of(table, tuple(rows))
        ]
        columns += [SheetColumn(name, [getattr(row, name) for row in rows]) for name in CARRIED]
        sheets.append(
            Sheet(f"input {table.name.replace('_', ' ')}", f"{table.meaning} ({count(len(rows), 'row')})", columns)
        )
    return sheets


def summary_sheet(run: RunView) -> Sheet:
    """Key figures with the plan and without."""
    s, old = run.summary, run.without
    lines: list[tuple[str, str, Any, Any]] = [
        ("status", "", run.status, None),
        ("case", "", run.title, None),
        ("goal", "", s.get("goal"), None),
    ]
    for key, what in (
        ("risk_musd", "risk"),
        ("least_risk_musd", "least risk attainable"),
        ("expected_loss_musd", "expected loss"),
        ("cvar_musd", "CVaR: mean loss of the tail"),
        ("cost_musd", "cost, present value"),
        ("public_spend_musd", "public money, expected, not discounted"),
    ):
        if s.get(key) is not None:
            lines.append((what, "MUSD", s[key], old.get(key)))
    for key, what, unit in (
        ("expected_shortfall_t", "expected shortfall", "t"),
        ("service_level", "demand met", "share"),
    ):
        lines += [
            (f"{what}: {run.names.element(e)}", unit, value, old.get(key, {}).get(e))
            for e, value in s.get(key, {}).items()
        ]
    lines += [(f"trained: {run.names.skill(k)}", "persons", value, None) for k, value in s.get("trained", {}).items()]
    lines += [(f"program: {k}", "", v, None) for k, v in s.get("model", {}).items()]
    lines += [(f"certificate: {k.replace('_', ' ')}", "", v, None) for k, v in s.get("certificate", {}).items()]
    lines += [(f"version: {k}", "", v, None) for k, v in s.get("versions", {}).items()]
    lines.append(("inputs, SHA-256", "", s.get("inputs_sha256", run.case.sha256), None))
    headings = (("figure", ""), ("unit", ""), ("with the plan", ANY), ("without a plan", ANY))
    columns = [SheetColumn(head, [line[place] for line in lines], form) for place, (head, form) in enumerate(headings)]
    return Sheet("summary", "key figures", columns if old else columns[:3])


def balance_sheet(run: RunView) -> Sheet:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = balances(run)
    columns = [
        SheetColumn("element", [run.names.element(e) for e in rows["element"]]),
        SheetColumn("year", rows["year"].tolist(), PLAIN),
        SheetColumn("demand (t)", rows["demand"].tolist(), FINE),
        SheetColumn("met with the plan (t)", rows["met"].tolist(), FINE),
    ]
    if run.compared:
        columns.append(SheetColumn("met without a plan (t)", rows["met_without"].tolist(), FINE))
    return Sheet("supply and demand", "expected demand and what is met of it, by element and year", columns)


def spending_sheet(run: RunView, by: str) -> Sheet:
    """Expected public money: one row per year, one column per funder or item."""
    rows = spent(run, by)
    table = pivot(rows, run.years).T.reindex(run.years, fill_value=0.0) if len(rows) else pd.DataFrame(index=run.years)
    columns = [SheetColumn("year", run.years, PLAIN)]
    columns += [SheetColumn(f"{kind} (MUSD)", table[kind].tolist(), FINE) for kind in table.columns]
    return Sheet(f"spending by {by}", f"expected public money by year and {by}", columns)


def loss_sheet(run: RunView) -> Sheet:
    """Loss by scenario, the largest first."""
    after, before = run.summary["scenario_loss_musd"], run.without.get("scenario_loss_musd")
    columns = [
        SheetColumn("scenario", [run.names.scenario(w) for w in run.by_loss]),
        SheetColumn("probability", [run.weights.get(w) for w in run.by_loss], SHARE),
        SheetColumn("loss with the plan (MUSD)", [after[w] for w in run.by_loss], FINE),
    ]
    if before:
        columns.append(SheetColumn("loss without a plan (MUSD)", [before[w] for w in run.by_loss], FINE))
    return Sheet("loss by scenario", "what each scenario costs the users", columns)


def cost_sheet(run: RunView) -> Sheet:
    """The parts of the cost; their present values add up to it, their public money to the plan's."""
    parts = cost_parts(run)
    columns = [
        SheetColumn("part", [part.name for part in parts]),
        SheetColumn("public money (MUSD)", [part.public for part in parts], FINE),
        SheetColumn("paid by others (MUSD)", [part.others for part in parts], FINE),
        SheetColumn("present value (MUSD)", [part.present for part in parts], FINE),
    ]
    return Sheet("cost parts", "from capital and public money to the cost; expected", columns)


def short_sheet(run: RunView) -> Sheet:
    """Who is short of what, and when, with the plan: expected."""
    rows = missing(run, EXPECTED)
    columns = [
        SheetColumn("country", [run.names.country(c) for c in rows["country"]]),
        SheetColumn("element", [run.names.element(e) for e in rows["element"]]),
        SheetColumn("form", rows["form"].tolist()),
        SheetColumn("year", rows["year"].tolist(), PLAIN),
        SheetColumn("short, expected (t)", rows["tonnes"].tolist(), FINE),
        SheetColumn("demand, expected (t)", rows["demand_t"].tolist(), FINE),
        SheetColumn("loss, expected (MUSD)", rows["musd"].tolist(), FINE),
    ]
    return Sheet("who is short", "expected shortfall with the plan by country, element, form and year", columns)
