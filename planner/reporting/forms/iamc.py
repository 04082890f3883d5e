"""report-iamc.csv: all results in the long format of the Integrated Assessment Modeling Consortium, for other modellers.

Columns model, scenario, region, variable, unit, year, value; variables are paths such as Shortage|Dysprosium|Metal. The
region `Alliance` has the totals of tonnes, persons and money. pyam reads it: IamDataFrame("report-iamc.csv"). Huppmann
and others, pyam, Open Research Europe 1 (2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    table = pd.concat(filled, ignore_index=True)
    names = run.names
    name = run.summary.get("model", {}).get("name", run.case.model.name)
    table["model"] = f"planner {name}"
    table["region"] = [names.country(country) for country in table["country"]]
    table["scenario"] = [names.scenario(scenario) for scenario in table["scenario"]]
    totals = table[table["unit"] != PRICE].assign(region=ALLIANCE)
    keys = COLUMNS[:-1]
    every = pd.concat([table, totals])
    prices = every["unit"] == PRICE
    sums = every[~prices].groupby(keys, as_index=False)[["value"]].sum()
    means = every[prices].groupby(keys, as_index=False)[["value"]].mean()
    both = pd.concat([sums, means]).sort_values(keys)[COLUMNS]
    # A region and variable that is zero in every scenario and year says nothing; the rest of its zeros do.
    most = both["value"].abs().groupby([both["region"], both["variable"]]).transform("max")
    return both[most > 0].reset_index(drop=True)


def _parts(run: RunView) -> Iterator[pd.DataFrame]:
    """Rows about goods, capacity, people, money and prices."""
    short = run.tables["shortfall"]
    yield _goods(run, short, "Demand", "demand_t")
    yield _goods(run, short, "Shortage", "tonnes")
    flows = run.tables["operations"]
    for item, head in FLOWS.items():
        yield _goods(run, flows[flows["item"] == item], head, "tonnes")
    yield _goods(run, run.by_year["stocks"], "Stock", "stock_t", unit="t")
    yield _capacity(run)
    people = run.by_year["workforce"]
    skills = [f"Workforce|{run.names.skill(skill)}" for skill in people["skill"]]
    yield _frame(people, skills, "persons", "staff")
    paid = _in_each_scenario(run, run.tables["spending"])
    items = [f"Public Spending|{item.capitalize()}" for item in paid["item"]]
    yield _frame(paid, items, "MUSD/yr", "musd")
    built = _in_each_scenario(run, run.tables["investments"])
    stages = [f"Investment|{STAGES[stage]}" for stage in built["stage"]]
    yield _frame(built, stages, "MUSD/yr", "capex_musd")
    added = [f"Capacity Additions|{STAGES[stage]}" for stage in built["stage"]]
    yield _frame(built, added, "t/yr", "tpa")
    yield _import_prices(run)
    yield _marginal_values(run)


def _goods(
    run: RunView, table: pd.DataFrame, head: str, value: str, unit: str = "t/yr"
) -> pd.DataFrame:
    variable = []
    for element, form in zip(table["element"], table["form"], strict=True):
        variable.append(f"{head}|{run.names.element(element)}|{form.capitalize()}")
    return _frame(table, variable, unit, value)


def _capacity(run: RunView) -> pd.DataFrame:
    table, variable = run.by_year["capacity"], []
    for project, stage in zip(table["project"], table["stage"], strict=True):
        basis = "Heavy" if run.case.projects[project].basis == "heavy" else "TREO"
        variable.append(f"Capacity|{STAGES[stage]}" + (f"|{basis}" if stage in FEEDS else ""))
    return _frame(table, variable, "t/yr", "usable_tpa")


def _in_each_scenario(run: RunView, table: pd.DataFrame) -> pd.DataFrame:
    """A decision that holds in several scenarios, as a row of each."""
    everyone = list(run.case.scenarios)
    members = []
    for scenarios in table["scenarios"]:
        members.append(everyone if scenarios == "all" else scenarios.split(";"))
    return table.assign(scenario=pd.Series(members, index=table.index, dtype=object)).explode(
        "scenario"
    )


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


def _frame(table: pd.DataFrame, variable: Sequence[str], unit: str, value: str) -> pd.DataFrame:
    rows = table[["scenario", "country", "year"]]
    return rows.assign(variable=list(variable), unit=unit, value=table[value].to_numpy())
