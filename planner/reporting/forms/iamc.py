"""report-iamc.csv: results in the long format of the Integrated Assessment Modeling Consortium, for other modellers.

Columns model, scenario, region, variable, unit, year, value; variables are paths such as Shortage|Dysprosium|Metal.
pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann and others, pyam, Open Research Europe 1 (2021).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.reporting.values.names import STAGES
from planner.reporting.values.view import RunView

COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
FORMS = {"oxide": "Oxide", "metal": "Metal"}


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
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(filled, ignore_index=True)
    names = run.names
    table = table.assign(
        model=f"planner {run.summary.get('model', {}).get('name', run.case.model.name)}",
        region=[names.country(c) for c in table["country"]],
        scenario=[names.scenario(w) for w in table["scenario"]],
    )
    keys = COLUMNS[:-1]
    sums = table.groupby(keys, as_index=False, sort=True)[["value"]].sum()[COLUMNS]
    # A region and variable that is zero in every scenario and year says nothing; the rest of its zeros do.
    told = sums.groupby(["region", "variable"])["value"].transform(lambda values: bool((values.abs() > 0).any()))
    return sums[told.astype(bool)].reset_index(drop=True)


def _frame(table: pd.DataFrame, variable: list[str], unit: str, value: str) -> pd.DataFrame:
    return table[["scenario", "country", "year"]].assign(variable=variable, unit=unit, value=table[value].to_numpy())


def _goods(run: RunView, table: pd.DataFrame, head: str) -> list[str]:
    return [f"{head}|{run.names.element(e)}|{FORMS[o]}" for e, o in zip(table["element"], table["form"], strict=True)]


def _short(run: RunView, column: str, head: str) -> pd.DataFrame:
    table = run.tables["shortfall"]
    return _frame(table, _goods(run, table, head), "t/yr", column)


def _made(run: RunView) -> pd.DataFrame:
    table = run.tables["operations"]
    parts = []
    for item, head in (("made", "Production"), ("imported", "Import"), ("released", "Stock Release")):
        rows = table[table["item"] == item]
        parts.append(_frame(rows, _goods(run, rows, head), "t/yr", "tonnes"))
    return pd.concat(parts, ignore_index=True)


def _capacity(run: RunView) -> pd.DataFrame:
    table = run.tables["capacity"]
    stages = [STAGES[stage] for stage in table["stage"]]
    basis = ["Heavy" if run.case.projects[p].basis == "heavy" else "TREO" for p in table["project"]]
    names = [f"Capacity|{s}" + (f"|{b}" if s != "Metal" else "") for s, b in zip(stages, basis, strict=True)]
    return _frame(table, names, "t/yr", "usable_tpa")


def _stock(run: RunView) -> pd.DataFrame:
    table = run.tables["stocks"]
    return _frame(table, _goods(run, table, "Stock"), "t", "stock_t")


def _staff(run: RunView) -> pd.DataFrame:
    table = run.tables["workforce"]
    return _frame(table, [f"Workforce|{run.names.skill(k)}" for k in table["skill"]], "persons", "staff")


def _money(run: RunView) -> pd.DataFrame:
    """Public money; a payment that holds in several scenarios stands in each."""
    table = run.tables["spending"]
    everyone = ";".join(run.case.scenarios)
    members: Any = [(everyone if s == "all" else s).split(";") for s in table["scenarios"]]
    rows = table.assign(scenario=members).explode("scenario")
    return _frame(rows, [f"Public Spending|{item.capitalize()}" for item in rows["item"]], "MUSD/yr", "musd")
