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
from planner.reporting.values.view import EXPECTED, WITHOUT, RunView
from planner.results.plan import TABLE_COLUMNS

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


MEANINGS = {
    "investments": "new capacity by project and year of commitment; t/y of TREO (mines), TREO or heavy (separation), "
    "oxide in (metal)",
    "capacity": "capacity usable and used by scenario, year and plant",
    "training": "trainees taken in and training seats added",
    "workforce": "staff, hires, secondment and need by scenario, year, country and skill",
    "operations": "every flow of material by scenario and year; of imports the plant is the supplier",
    "shortfall": "demand and what is not met of it by scenario, year, country, element and form",
    "stocks": "year-end stock, purchases and releases by scenario and year",
    "spending": "public money by funder, country, year and item",
    "shadow_prices": "what one more unit of each scarce thing would take off what is minimised; marginal and one-sided",
}
_HEADINGS: dict[str, tuple[str, str]] = {
    "year": ("year", PLAIN),
    "tpa": ("new capacity (t/y)", FINE),
    "capex_musd": ("capital (MUSD)", FINE),
    "probability": ("probability", SHARE),
    "existing_tpa": ("existing capacity (t/y)", FINE),
    "new_tpa": ("new capacity (t/y)", FINE),
    "factor": ("factor of shocks", FINE),
    "usable_tpa": ("usable capacity (t/y)", FINE),
    "throughput_t": ("throughput (t)", FINE),
    "intake": ("trainees taken in (persons)", FINE),
    "new_seats": ("new seats (persons/y)", FINE),
    "staff": ("staff (persons)", FINE),
    "hired": ("hired (persons)", FINE),
    "lent": ("lent (persons)", FINE),
    "borrowed": ("borrowed (persons)", FINE),
    "available": ("available (persons)", FINE),
    "needed": ("needed (persons)", FINE),
    "tonnes": ("amount (t)", FINE),
    "demand_t": ("demand (t)", FINE),
    WITHOUT: ("shortfall without a plan (t)", FINE),
    "stock_t": ("year-end stock (t)", FINE),
    "bought_t": ("bought (t)", FINE),
    "released_t": ("released (t)", FINE),
    "musd": ("paid in these scenarios (MUSD)", FINE),
    "expected": ("expected (MUSD)", FINE),
    "musd_per_unit": ("worth (see unit)", ANY),
    "project": ("plant", ""),
    "scarce": ("scarce thing", ""),
    "objective": ("taken off", ""),
}
_SPECIAL = {("shortfall", "tonnes"): "shortfall (t)"}


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
    return [_result(run, name) for name in TABLE_COLUMNS]


def _result(run: RunView, name: str) -> Sheet:
    table, namers = run.tables[name], _namers(run.names)
    if name == "shadow_prices":
        table = table.assign(item=_scarce_items(run))
    columns = []
    for column in table.columns:
        heading, form = _HEADINGS.get(column, (column, ""))
        values = table[column]
        if column in namers:
            known = {value: namers[column](value) if value else "" for value in values.unique()}
            values = values.map(known)
        columns.append(SheetColumn(_SPECIAL.get((name, column), heading), values.tolist(), form))
    return Sheet(name.replace("_", " "), MEANINGS[name], columns)


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
