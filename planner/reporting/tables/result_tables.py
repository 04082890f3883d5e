"""Tables of the results as they are: the summary, a sheet for each result table, and all of them in the long format of
the Integrated Assessment Modeling Consortium, for other modellers.

IAMC: columns model, scenario, region, variable, unit, year, value; variables are paths such as
Shortage|Dysprosium|Metal. pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann and others, pyam, Open Research
Europe 1 (2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from planner.reporting.tables.declared import STATED, declared
from planner.reporting.values.page_parts import FINE, RATE, SHARE, WORDS, YEAR, Column, ReportTable
from planner.reporting.values.view import RunView
from planner.reporting.values.wording import STAGES
from planner.results.schema import PER_UNIT, RESULT_TABLES, Kind

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
        *((what, "MUSD", s[k], old.get(k)) for k, what in STATED["facts"]["musd"].items() if s.get(k) is not None),
    ]
    for key, what, unit in STATED["facts"]["by_element"]:
        by, before = s.get(key, {}), old.get(key, {})
        lines += [(f"{what}: {run.names.element(e)}", unit, value, before.get(e)) for e, value in by.items()]
    lines += [(f"trained: {run.names.skill(k)}", "persons", value, None) for k, value in s.get("trained", {}).items()]
    for what, key in (("program", "model"), ("certificate", "certificate"), ("version", "versions")):
        lines += [(f"{what}: {k.replace('_', ' ')}", "", v, None) for k, v in s.get(key, {}).items()]
    lines.append(("inputs, SHA-256", "", s.get("inputs_sha256", run.case.sha256), None))
    return declared("facts", lines, compared=bool(old), run=run)


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
    columns, cells, stated = [], [], RESULT_TABLES[name]
    for column in stated.columns:
        if column.name in table:
            ids, namer = table[column.name], run.names.by_column.get(column.name)
            named = ids if namer is None else ids.map({value: namer(value) if value else "" for value in ids.unique()})
            form = RATE if column.unit == PER_UNIT else FORMS[column.kind]
            columns.append(Column(column.heading, column.unit, not column.is_text, form))
            cells.append(named.tolist())
    meaning = f"{stated.meaning}; expected over the futures; each future: tables/{name}.csv"
    return ReportTable(name.capitalize(), columns, list(zip(*cells, strict=True)), sheet=name, meaning=meaning)


IAMC_COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
FLOWS = {"made": "Production", "imported": "Import", "resold": "Resale", "released": "Stock Release"}
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
    told = sums.groupby(["region", "variable"])["value"].transform(lambda values: bool((values.abs() > 0).any()))
    return sums[told.astype(bool)].reset_index(drop=True)


def _parts(run: RunView) -> Iterator[pd.DataFrame]:
    """What is told of goods, capacity, people and money; a payment that holds in several scenarios stands in each."""
    short, flows, stocks = run.tables["shortfall"], run.tables["operations"], run.by_year["stocks"]
    capacity, people, paid = run.by_year["capacity"], run.by_year["workforce"], run.tables["spending"]
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
    basis = ["Heavy" if run.case.projects[p].basis == "heavy" else "TREO" for p in capacity["project"]]
    plants = [f"{STAGES[s]}|{b}" if s in FEEDS else STAGES[s] for s, b in zip(capacity["stage"], basis, strict=True)]
    yield _frame(capacity, [f"Capacity|{plant}" for plant in plants], "t/yr", "usable_tpa")
    yield _frame(people, [f"Workforce|{run.names.skill(k)}" for k in people["skill"]], "persons", "staff")
    everyone = ";".join(run.case.scenarios)
    members: Any = [(everyone if s == "all" else s).split(";") for s in paid["scenarios"]]
    rows = paid.assign(scenario=members).explode("scenario")
    yield _frame(rows, [f"Public Spending|{item.capitalize()}" for item in rows["item"]], "MUSD/yr", "musd")


def _frame(table: pd.DataFrame, variable: list[str], unit: str, value: str) -> pd.DataFrame:
    return table[["scenario", "country", "year"]].assign(variable=variable, unit=unit, value=table[value].to_numpy())
