"""report-iamc.csv: results in the long format of the Integrated Assessment Modeling Consortium, for other modellers.

Columns model, scenario, region, variable, unit, year, value; variables are paths such as Shortage|Dysprosium|Metal.
pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann and others, pyam, Open Research Europe 1 (2021).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.reporting.values.names import STAGES
from planner.reporting.values.view import Book

COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
FORMS = {"oxide": "Oxide", "metal": "Metal"}


def iamc_table(book: Book) -> pd.DataFrame:
    """All rows, sorted. Tonnes of oxide (contained, for metal) a year; MUSD of the base year."""
    parts = [
        _short(book, "demand_t", "Demand"),
        _short(book, "tonnes", "Shortage"),
        _made(book),
        _capacity(book),
        _stock(book),
        _money(book),
        _staff(book),
    ]
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(filled, ignore_index=True)
    names = book.names
    table = table.assign(
        model=f"planner {book.summary.get('model', {}).get('name', book.case.model.name)}",
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


def _goods(book: Book, table: pd.DataFrame, head: str) -> list[str]:
    return [f"{head}|{book.names.element(e)}|{FORMS[o]}" for e, o in zip(table["element"], table["form"], strict=True)]


def _short(book: Book, column: str, head: str) -> pd.DataFrame:
    table = book.tables["shortfall"]
    return _frame(table, _goods(book, table, head), "t/yr", column)


def _made(book: Book) -> pd.DataFrame:
    table = book.tables["operations"]
    parts = []
    for item, head in (("made", "Production"), ("imported", "Import"), ("released", "Stock Release")):
        rows = table[table["item"] == item]
        parts.append(_frame(rows, _goods(book, rows, head), "t/yr", "tonnes"))
    return pd.concat(parts, ignore_index=True)


def _capacity(book: Book) -> pd.DataFrame:
    table = book.tables["capacity"]
    stages = [STAGES[stage] for stage in table["stage"]]
    basis = ["Heavy" if book.case.projects[p].basis == "heavy" else "TREO" for p in table["project"]]
    names = [f"Capacity|{s}" + (f"|{b}" if s != "Metal" else "") for s, b in zip(stages, basis, strict=True)]
    return _frame(table, names, "t/yr", "usable_tpa")


def _stock(book: Book) -> pd.DataFrame:
    table = book.tables["stocks"]
    return _frame(table, _goods(book, table, "Stock"), "t", "stock_t")


def _staff(book: Book) -> pd.DataFrame:
    table = book.tables["workforce"]
    return _frame(table, [f"Workforce|{book.names.skill(k)}" for k in table["skill"]], "persons", "staff")


def _money(book: Book) -> pd.DataFrame:
    """Public money; a payment that holds in several scenarios stands in each."""
    table = book.tables["spending"]
    everyone = ";".join(book.case.scenarios)
    members: Any = [(everyone if s == "all" else s).split(";") for s in table["scenarios"]]
    rows = table.assign(scenario=members).explode("scenario")
    return _frame(rows, [f"Public Spending|{item.capitalize()}" for item in rows["item"]], "MUSD/yr", "musd")
