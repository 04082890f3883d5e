"""The figures of one run: typed result tables, weights of the scenarios, sums over scenarios and periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.results.explanation import Explanation
from planner.results.losses import weighted_loss
from planner.results.plan import PlanValues
from planner.results.schema import EVERY_TABLE, Kind, ResultColumn

WITHOUT = "without_plan_t"
"""Column of `shortfall`: unmet demand without a plan."""
EXPECTED = "expected"
"""Stands for the mean over all scenarios where the id of a scenario is asked for."""


@dataclass(frozen=True)
class RunFigures:
    """A case, its summary and its result tables. Numbers are floats, ids are texts, whatever file they came from."""

    case: Case
    status: str
    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    found: Explanation | None = None
    """The explanation of the plan, if it was asked for."""
    beside: Mapping[str, Any] | None = None
    """Files that commands write beside the run, by name: evaluation, coverage."""

    @cached_property
    def kept(self) -> dict[str, Any]:
        """Figures that are asked for more than once and take long, by name."""
        return {}

    @property
    def title(self) -> str:
        """Name of the case; a run folder read back calls its own copy `inputs`."""
        return str(self.summary.get("case", self.case.name))

    @property
    def solved(self) -> bool:
        """There is a plan."""
        return "risk_musd" in self.summary

    @cached_property
    def weights(self) -> dict[str, float]:
        """Probability of each scenario."""
        return self.case.scenarios

    @cached_property
    def compared(self) -> bool:
        """The run states its figures without a plan."""
        return "without_plan" in self.summary and WITHOUT in self.tables["shortfall"]

    @property
    def undone(self) -> str:
        """The column of unmet demand without a plan; with it where nothing is compared."""
        return WITHOUT if self.compared else "tonnes"

    @property
    def without(self) -> Mapping[str, Any]:
        """Figures of the case without a plan; empty if not solved for."""
        return self.summary["without_plan"] if self.compared else {}

    @cached_property
    def years(self) -> list[int]:
        """Years of the plan."""
        return list(self.case.years)

    @cached_property
    def by_year(self) -> dict[str, pd.DataFrame]:
        """The tables by year: of a divided year tonnes, money and hires are sums over its quarters, capacities and
        staff are means, stocks those at its end."""
        found = {}
        for name, table in self.tables.items():
            found[name] = _whole_years(table) if "quarter" in table else table
        return found

    @cached_property
    def by_loss(self) -> list[str]:
        """Scenarios from the largest loss to the smallest: without a plan where known, then with it."""

        def largest_first(scenario: str) -> tuple[float, float, float, str]:
            before, after = self._losses_of(scenario)
            return -before, -after, -self.weights.get(scenario, 0.0), scenario

        return sorted(self.summary["scenario_loss_musd"], key=largest_first)

    @property
    def worst(self) -> str:
        """The scenario with the largest loss."""
        return self.by_loss[0]

    def _losses_of(self, scenario: str) -> tuple[float, float]:
        """Loss (MUSD) of a scenario without a plan, or with it where nothing is compared, and with the plan."""
        with_plan = self.summary["scenario_loss_musd"]
        without = self.without.get("scenario_loss_musd", with_plan)
        return without[scenario], with_plan[scenario]

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Expected loss (MUSD) by country, element and year: `musd` with the plan, `without_musd` without one."""
        keys = ["country", "element", "year"]
        short = self.tables["shortfall"]
        rows = short[(short["tonnes"] > 0) | (short[self.undone] > 0)]
        weight = rows["scenario"].map(self.weights)
        found = rows[keys].copy()
        found["musd"] = weight * losses_of(self.case, rows, "tonnes")
        if WITHOUT in rows:
            found["without_musd"] = weight * losses_of(self.case, rows, WITHOUT)
        return _sums(found, keys)

    @cached_property
    def elements(self) -> list[str]:
        """Elements in demand, the costliest shortage first."""
        column = "without_musd" if self.compared else "musd"
        by_loss = self.losses.groupby("element")[column].sum().to_dict()
        wanted = sorted(self.tables["shortfall"]["element"].unique())
        return sorted(wanted, key=lambda element: (-by_loss.get(element, 0.0), element))

    def costliest_first(self, rows: pd.DataFrame, *then: str) -> pd.DataFrame:
        """Rows of elements in demand, those of the costliest shortage first, then by other columns."""
        placed = rows.assign(place=rows["element"].map(self.elements.index))
        return placed.sort_values(["place", *then], kind="stable").drop(columns="place")

    def expected(
        self, table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        """Sums of columns by keys, weighted by the probability of the scenario."""
        weight = table["scenario"].map(self.weights)
        weighted = table[list(columns)].mul(weight, axis=0)
        return _sums(table[list(by)].join(weighted), by)

    def within(
        self, table: pd.DataFrame, scenario: str, by: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        """Sums of columns by keys in one scenario, or expected ones for `EXPECTED`."""
        if scenario == EXPECTED:
            return self.expected(table, by, columns)
        return _sums(table.loc[table["scenario"] == scenario, [*by, *columns]], by)


def _sums(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    return table.groupby(list(by), as_index=False).sum()


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


def _whole_years(table: pd.DataFrame) -> pd.DataFrame:
    """The quarters of each divided year made one row."""
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


def losses_of(case: Case, rows: pd.DataFrame, column: str = "tonnes") -> pd.Series[float]:
    """Loss (MUSD) of the unmet demand in each row of the table `shortfall`, discounted."""
    short = rows[column].to_numpy(float)
    demand = rows["demand_t"].to_numpy(float)
    losses = np.zeros(len(rows))
    by_good: Mapping[Any, Any] = rows.groupby(["country", "element", "form"]).indices
    for good, at in by_good.items():
        losses[at] = weighted_loss(case, good, short[at], demand[at])
    discount = {year: case.risk_discount(year) for year in rows["year"].unique().tolist()}
    return pd.Series(losses, index=rows.index) * rows["year"].map(discount).astype(float)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def typed_tables(plan: PlanValues) -> dict[str, pd.DataFrame]:
    """The result tables of a plan, typed as declared. Tables that the plan lacks are empty."""
    found = {}
    for name, declared in EVERY_TABLE.items():
        table = plan.tables.get(name)
        if table is None:
            table = pd.DataFrame(columns=[column.name for column in declared.columns])
        found[name] = _typed(table, declared.columns)
    return found


def _typed(table: pd.DataFrame, columns: Sequence[ResultColumn]) -> pd.DataFrame:
    """A table as its columns are declared; of those that a run may lack, only what is there."""
    typed = {}
    for column in columns:
        if column.name in table:
            typed[column.name] = _typed_column(table[column.name], column)
        elif not column.optional:
            blank = pd.Series(index=table.index, dtype=object)
            typed[column.name] = _typed_column(blank, column)
    return pd.DataFrame(typed)


def _typed_column(values: pd.Series, column: ResultColumn) -> pd.Series:
    if column.is_text:
        return _texts(values)
    cells = values if is_numeric_dtype(values) else values.astype(object)
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    if column.kind is Kind.YEAR and not numbers.isna().any():
        return numbers.astype(int)
    return numbers


def _texts(values: pd.Series) -> pd.Series:
    """Texts, '' where there is none: equal ones are one object, or a thousand scenarios would hold a gigabyte of them."""
    places, found = pd.factorize(values)
    texts = np.array([*map(str, found), ""], dtype=object)
    return pd.Series(texts[places], index=values.index, dtype=object)
