"""report-iamc.csv: all results in the long format of the Integrated Assessment Modeling Consortium, for other modellers.

Columns model, scenario, region, variable, unit, year, value; variables are paths such as Shortage|Dysprosium|Metal. The
region `Alliance` has the totals of tonnes, persons and money. pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann
and others, pyam, Open Research Europe 1 (2021).
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.data.stages import STAGES as KINDS
from planner.reporting.run_view import RunView
from planner.reporting.words.names import STAGES
from planner.results.ledger import rows_of

COLUMNS = ["model", "scenario", "region", "variable", "unit", "year", "value"]
ALLIANCE = "Alliance"
"""Region of the totals of all countries."""
FLOWS = {
    "made": "Production",
    "imported": "Import",
    "resold": "Resale",
    "released": "Stock Release",
}
"""Items of `operations` that are told, and what they are called."""
FEEDS = tuple(name for name, stage in KINDS.items() if stage.has_feeds)
"""Stages whose capacity counts feed: of all rare earths, or of the heavy ones."""
PRICE = "USD/kg"
"""Unit of prices, of which there is no total."""


def iamc_table(run: RunView) -> pd.DataFrame:
    """All rows, sorted. Tonnes of oxide (contained, for metal) a year; MUSD of the base year."""
    filled = [part for part in _parts(run) if len(part)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS)
    table = run.names.told(pd.concat(filled, ignore_index=True))
    table = table.rename(columns={"country": "region"})
    name = run.summary.get("model", {}).get("name", run.case.model.name)
    table["model"] = f"planner {name}"
    is_price = table["unit"] == PRICE
    prices = table[is_price]
    amounts = pd.concat([table[~is_price], table[~is_price].assign(region=ALLIANCE)])
    keys = COLUMNS[:-1]
    sums = amounts.groupby(keys, as_index=False)[["value"]].sum()
    means = prices.groupby(keys, as_index=False)[["value"]].mean()
    both = pd.concat([sums, means]).sort_values(keys)[COLUMNS]
    # A region and variable that is zero in every scenario and year says nothing; the rest of its zeros do.
    most = both["value"].abs().groupby([both["region"], both["variable"]]).transform("max")
    return both[most > 0].reset_index(drop=True)


def _parts(run: RunView) -> Iterator[pd.DataFrame]:
    """Rows about goods, capacity, people, money and prices."""
    short, flows = run.tables["shortfall"], run.tables["operations"]
    yield _goods(run, short, "Demand", "demand_t")
    yield _goods(run, short, "Shortage", "tonnes")
    for item, head in FLOWS.items():
        yield _goods(run, flows[flows["item"] == item], head, "tonnes")
    yield _goods(run, run.by_year["stocks"], "Stock", "stock_t", unit="t")
    yield _capacity(run)
    people = run.by_year["workforce"]
    skills = "Workforce|" + people["skill"].map(run.names.skill)
    yield _frame(people, skills, "persons", "staff")
    paid = _in_each_scenario(run, run.tables["spending"])
    items = "Public Spending|" + paid["item"].str.capitalize()
    yield _frame(paid, items, "MUSD/yr", "musd")
    built = _in_each_scenario(run, run.tables["investments"])
    stages = built["stage"].map(STAGES)
    yield _frame(built, "Investment|" + stages, "MUSD/yr", "capex_musd")
    yield _frame(built, "Capacity Additions|" + stages, "t/yr", "tpa")
    yield _import_prices(run)
    yield _marginal_values(run)


def _goods(
    run: RunView, table: pd.DataFrame, head: str, value: str, unit: str = "t/yr"
) -> pd.DataFrame:
    """Rows about goods; head: what their variable begins with."""
    elements = table["element"].map(run.names.element)
    variable = f"{head}|" + elements + "|" + table["form"].str.capitalize()
    return _frame(table, variable, unit, value)


def _capacity(run: RunView) -> pd.DataFrame:
    """Usable capacity by stage, that of feeds by what it counts."""
    table = run.by_year["capacity"]
    variable = "Capacity|" + table["stage"].map(STAGES)
    is_heavy = table["project"].map(lambda project: run.case.projects[project].basis == "heavy")
    counted = is_heavy.map({True: "|Heavy", False: "|TREO"})
    variable += counted.where(table["stage"].isin(FEEDS), "")
    return _frame(table, variable, "t/yr", "usable_tpa")


def _in_each_scenario(run: RunView, table: pd.DataFrame) -> pd.DataFrame:
    """A decision that holds in several scenarios, as a row of each."""
    everyone = ";".join(run.case.scenarios)
    members = table["scenarios"].replace("all", everyone).str.split(";")
    return table.assign(scenario=members).explode("scenario")


def _import_prices(run: RunView) -> pd.DataFrame:
    """Prices of imports, the mean over suppliers of those that have one in the case."""
    rows = []
    for row in run.case.tables.imports:
        price = getattr(row, "price_usd_per_kg", None)
        if not price:
            continue
        variable = f"Import Price|{run.names.element(row.element)}|{row.form.capitalize()}"
        for scenario in run.case.scenarios:
            rows.append((scenario, row.country, row.year, variable, PRICE, price))
    return pd.DataFrame(rows, columns=["scenario", "country", "year", "variable", "unit", "value"])


def _marginal_values(run: RunView) -> pd.DataFrame:
    """Marginal values of goods at their users, USD a kg; they hold for all scenarios together."""
    rows = []
    prices = run.tables["shadow_prices"]
    for row in rows_of(prices[prices["scarce"] == "delivered good"]):
        if row.year != row.year:
            continue
        variable = f"Marginal Value|{run.names.element(row.element)}|{row.form.capitalize()}"
        per_kg = row.musd_per_unit * 1000.0
        for scenario in run.case.scenarios:
            rows.append((scenario, row.country, int(row.year), variable, PRICE, per_kg))
    return pd.DataFrame(rows, columns=["scenario", "country", "year", "variable", "unit", "value"])


def _frame(table: pd.DataFrame, variable: pd.Series, unit: str, value: str) -> pd.DataFrame:
    rows = table[["scenario", "country", "year"]]
    return rows.assign(variable=variable, unit=unit, value=table[value])
