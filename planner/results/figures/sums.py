"""Sums of result tables over scenarios and periods, and the order of scenarios and elements: what other figures stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.data.kept import kept
from planner.results.losses import weighted_loss
from planner.results.plan import Plan

WITHOUT = "without_plan_t"
"""Column of `shortfall`: unmet demand without a plan."""
EXPECTED = "expected"
"""Stands for the mean over all scenarios where the id of a scenario is asked for."""
MEANS = {
    "existing_tpa",
    "new_tpa",
    "factor",
    "usable_tpa",
    "staff",
    "lent",
    "borrowed",
    "available",
    "needed",
}
"""Columns that hold in a period for as long as it lasts; others but stocks add up."""


def chances(plan: Plan, table: pd.DataFrame) -> pd.Series[float]:
    """Probability of the scenario of each row."""
    return table["scenario"].map(plan.weights).astype(float)


def expected_sums(
    plan: Plan, table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    """Sums of columns by keys, weighted by the probability of the scenario."""
    weighted = table[list(columns)].mul(chances(plan, table), axis=0)
    return _sums(table[list(by)].join(weighted), by)


def _sums(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    return table.groupby(list(by), as_index=False).sum()


@kept
def by_year(plan: Plan, name: str) -> pd.DataFrame:
    """A table by year: of a divided year tonnes, money and hires are sums over its quarters, capacities and staff are
    means, stocks those at its end."""
    table = plan.rows(name)
    is_whole = table["quarter"].isna()
    if is_whole.all():
        return table
    keys = []
    how = {}
    for column in table.columns.drop("quarter"):
        if column in {"year", "probability"} or not is_numeric_dtype(table[column]):
            keys.append(column)
        elif column == "stock_t":
            how[column] = "last"
        else:
            how[column] = "mean" if column in MEANS else "sum"
    divided = table[~is_whole].groupby(keys, as_index=False, sort=False).agg(how)
    joined = pd.concat([table[is_whole], divided], ignore_index=True)
    return joined.reindex(columns=table.columns)


def undone_column(plan: Plan) -> str:
    """The column of unmet demand without a plan; with it where nothing is compared."""
    return WITHOUT if plan.compared else "tonnes"


@kept
def scenarios_by_loss(plan: Plan) -> list[str]:
    """Scenarios from the largest loss to the smallest: without a plan where known, then with it."""
    with_plan = plan.summary["scenario_loss_musd"]
    without = plan.without.get("scenario_loss_musd", with_plan)

    def largest_first(scenario: str) -> tuple[float, float, float, str]:
        chance = plan.weights.get(scenario, 0.0)
        return -without[scenario], -with_plan[scenario], -chance, scenario

    return sorted(with_plan, key=largest_first)


@kept
def expected_losses(plan: Plan) -> pd.DataFrame:
    """Expected loss (MUSD) by country, element and year: `musd` with the plan, `without_musd` without one."""
    keys = ["country", "element", "year"]
    short = plan.tables["shortfall"]
    rows = short[(short["tonnes"] > 0) | (short[undone_column(plan)] > 0)]
    weight = chances(plan, rows)
    found = rows[keys].copy()
    found["musd"] = weight * losses_of(plan.case, rows, "tonnes")
    if WITHOUT in rows:
        found["without_musd"] = weight * losses_of(plan.case, rows, WITHOUT)
    return _sums(found, keys)


def losses_of(case: Case, rows: pd.DataFrame, column: str = "tonnes") -> pd.Series[float]:
    """Loss (MUSD) of the unmet demand in each row of the table `shortfall`, discounted."""
    short = rows[column].to_numpy(float)
    demand = rows["demand_t"].to_numpy(float)
    musd = np.zeros(len(rows))
    by_good: Mapping[Any, Any] = rows.groupby(["country", "element", "form"]).indices
    for good, at in by_good.items():
        musd[at] = weighted_loss(case, good, short[at], demand[at])
    discount = {year: case.lookups.risk_discount(year) for year in rows["year"].unique().tolist()}
    return pd.Series(musd, index=rows.index) * rows["year"].map(discount).astype(float)


@kept
def elements_by_loss(plan: Plan) -> list[str]:
    """Elements in demand, the costliest shortage first."""
    column = "without_musd" if plan.compared else "musd"
    by_loss = expected_losses(plan).groupby("element")[column].sum().to_dict()
    wanted = sorted(plan.tables["shortfall"]["element"].unique())
    return sorted(wanted, key=lambda element: (-by_loss.get(element, 0.0), element))


def costliest_first(plan: Plan, rows: pd.DataFrame, *then: str) -> pd.DataFrame:
    """Rows of elements in demand, those of the costliest shortage first, then by other columns."""
    placed = rows.assign(place=rows["element"].map(elements_by_loss(plan).index))
    return placed.sort_values(["place", *then], kind="stable").drop(columns="place")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
