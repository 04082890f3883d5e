"""Tables of the results as they are: the summary, a sheet for each result table, and all of them in the long format of
the Integrated Assessment Modeling Consortium, for other modellers.

IAMC: columns model, scenario, region, variable, unit, year, value; variables are paths such as
Shortage|Dysprosium|Metal. pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann and others, pyam, Open Research
Europe 1 (2021).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from planner.reporting.values.page_parts import FINE, RATE, SHARE, WORDS, YEAR, Column, ReportTable, texts
from planner.reporting.values.view import RunView
from planner.reporting.values.wording import STAGES, Names, worded
from planner.results.schema import PER_UNIT, RESULT_TABLES, Kind, ResultTable

FORMS = {Kind.TEXT: WORDS, Kind.YEAR: YEAR, Kind.QUARTER: YEAR, Kind.NUMBER: FINE, Kind.SHARE: SHARE}


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
    ]
    for key, what in (
        ("risk_musd", "risk"),
        ("least_risk_musd", "least risk attainable"),
        ("least_risk_bound_musd", "proven of all plans: risk at least"),
        ("cost_bound_musd", "proven of all plans within that risk: cost at least"),
        ("welfare_bound_musd", "proven of all plans: cost and risk at least"),
        ("expected_loss_musd", "expected loss"),
        ("cvar_musd", "mean loss in the worst futures (CVaR)"),
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
    values = [Column(which, form=RATE) for which in ("with the plan", "without a plan")]
    columns = [*texts("figure", "unit"), *values] if old else [*texts("figure", "unit"), values[0]]
    note = worded("tables.j2", "facts", worst=worded("decision.j2", "tail", run=run))
    return ReportTable("Run facts", columns, lines, note, folded=True, sheet="summary", meaning="key figures")


BY_YEAR = {
    "capacity": (["year", "project", "stage", "country"], ["existing_tpa", "new_tpa", "usable_tpa", "throughput_t"]),
    "operations": (["year", "country", "item", "element", "form"], ["tonnes"]),
    "stocks": (["year", "country", "element", "form"], ["stock_t", "bought_t", "released_t"]),
    "workforce": (["year", "country", "skill"], ["staff", "hired", "lent", "borrowed", "available", "needed"]),
}
"""Result tables of which the workbook has expected values: keys and values. The rows of each future are in the CSV."""


def result_sheets(run: RunView) -> list[ReportTable]:
    """Results by year, expected over the futures; names in place of ids."""
    return [_expected(run, name) for name in BY_YEAR]


def _expected(run: RunView, name: str) -> ReportTable:
    keys, values = BY_YEAR[name]
    table = run.expected(run.by_year[name], keys, values)
    table = table[table[values].abs().max(axis=1) > 0] if len(table) else table
    return _sheet(run, RESULT_TABLES[name], table, f"expected over the futures; each future: tables/{name}.csv")


def _sheet(run: RunView, declared: ResultTable, table: pd.DataFrame, how: str = "") -> ReportTable:
    namers, columns, cells = _namers(run.names), [], []
    for column in declared.columns:
        if column.name not in table:
            continue
        values = table[column.name]
        if column.name in namers:
            known = {value: namers[column.name](value) if value else "" for value in values.unique()}
            values = values.map(known)
        form = RATE if column.unit == PER_UNIT else FORMS[column.kind]
        columns.append(Column(column.heading, column.unit, not column.is_text, form))
        cells.append(values.tolist())
    name = declared.name.replace("_", " ")
    meaning = "; ".join(filter(None, (declared.meaning, how)))
    return ReportTable(name.capitalize(), columns, list(zip(*cells, strict=True)), sheet=name, meaning=meaning)


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


IAMC_COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
GOOD_FORMS = {"oxide": "Oxide", "metal": "Metal", "magnet": "Magnet"}


def iamc_table(run: RunView) -> pd.DataFrame:
    """All rows, sorted. Tonnes of oxide (contained, for metal) a year; MUSD of the base year."""
    parts = [
        _short(run, "demand_t", "Demand"),
        _short(run, "tonnes", "Shortage"),
        _made(run),
        _capacity(run),
        _stock(run),
        _money(run),
        _staff(run),
    ]
    filled = [part for part in parts if len(part)]
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
    told = sums.groupby(["region", "variable"])["value"].transform(lambda values: bool((values.abs() > 0).any()))
    return sums[told.astype(bool)].reset_index(drop=True)


def _frame(table: pd.DataFrame, variable: list[str], unit: str, value: str) -> pd.DataFrame:
    return table[["scenario", "country", "year"]].assign(variable=variable, unit=unit, value=table[value].to_numpy())


def _goods(run: RunView, table: pd.DataFrame, head: str) -> list[str]:
    return [
        f"{head}|{run.names.element(e)}|{GOOD_FORMS[o]}" for e, o in zip(table["element"], table["form"], strict=True)
    ]


def _short(run: RunView, column: str, head: str) -> pd.DataFrame:
    table = run.tables["shortfall"]
    return _frame(table, _goods(run, table, head), "t/yr", column)


def _made(run: RunView) -> pd.DataFrame:
    table = run.tables["operations"]
    parts = []
    for item, head in (
        ("made", "Production"),
        ("imported", "Import"),
        ("resold", "Resale"),
        ("released", "Stock Release"),
    ):
        rows = table[table["item"] == item]
        parts.append(_frame(rows, _goods(run, rows, head), "t/yr", "tonnes"))
    return pd.concat(parts, ignore_index=True)


def _capacity(run: RunView) -> pd.DataFrame:
    table = run.by_year["capacity"]
    stages = [STAGES[stage] for stage in table["stage"]]
    basis = ["Heavy" if run.case.projects[p].basis == "heavy" else "TREO" for p in table["project"]]
    names = [
        f"Capacity|{s}" + (f"|{b}" if s not in ("Metal", "Magnet") else "") for s, b in zip(stages, basis, strict=True)
    ]
    return _frame(table, names, "t/yr", "usable_tpa")


def _stock(run: RunView) -> pd.DataFrame:
    table = run.by_year["stocks"]
    return _frame(table, _goods(run, table, "Stock"), "t", "stock_t")


def _staff(run: RunView) -> pd.DataFrame:
    table = run.by_year["workforce"]
    return _frame(table, [f"Workforce|{run.names.skill(k)}" for k in table["skill"]], "persons", "staff")


def _money(run: RunView) -> pd.DataFrame:
    """Public money; a payment that holds in several scenarios stands in each."""
    table = run.tables["spending"]
    everyone = ";".join(run.case.scenarios)
    members: Any = [(everyone if s == "all" else s).split(";") for s in table["scenarios"]]
    rows = table.assign(scenario=members).explode("scenario")
    return _frame(rows, [f"Public Spending|{item.capitalize()}" for item in rows["item"]], "MUSD/yr", "musd")
