"""RunView: a run ready to be reported, with typed tables, weights and the scenarios worth showing; and where in the
run folder a figure comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.reporting.values.wording import Names
from planner.results.explanation import Explanation
from planner.results.losses import loss_of_shortfall
from planner.results.plan import PlanValues
from planner.results.schema import EVERY_TABLE, Kind, ResultColumn

WITHOUT = "without_plan_t"

EXPECTED = "expected"


@dataclass(frozen=True)
class RunView:
    """A case, its figures and its result tables. Numbers are floats, ids are texts, whatever file they came from."""

    case: Case
    status: str
    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    names: Names
    found: Explanation | None = None
    """Why the plan is as it is, if that was asked."""

    @property
    def title(self) -> str:
        """Name of the case; a run folder read back calls its own copy `inputs`."""
        return str(self.summary.get("case", self.case.name))

    @cached_property
    def weights(self) -> dict[str, float]:
        """Probability of each scenario."""
        return self.case.scenarios

    @cached_property
    def compared(self) -> bool:
        """Whether the run says what happens without a plan."""
        return "without_plan" in self.summary and WITHOUT in self.tables["shortfall"]

    @property
    def undone(self) -> str:
        """The column of what is short without a plan; with it where nothing is compared."""
        return WITHOUT if self.compared else "tonnes"

    @cached_property
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
        return {
            name: _whole_years(table) if "quarter" in table else table
            for name, table in self.tables.items()
        }

    @cached_property
    def by_loss(self) -> list[str]:
        """Scenarios from the largest loss to the smallest: without a plan where known, then with it."""
        after = self.summary["scenario_loss_musd"]
        before = self.without.get("scenario_loss_musd", after)
        return sorted(after, key=lambda w: (-before[w], -after[w], -self.weights.get(w, 0.0), w))

    @property
    def worst(self) -> str:
        """The scenario with the largest loss."""
        return self.by_loss[0]

    @cached_property
    def calm(self) -> str:
        """The likeliest of the scenarios with the least loss."""
        after = self.summary["scenario_loss_musd"]
        before = self.without.get("scenario_loss_musd", after)
        return min(
            map(str, after), key=lambda w: (before[w], after[w], -self.weights.get(w, 0.0), w)
        )

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Expected loss (MUSD) by country, element and year: `musd` with the plan, `without_musd` without one."""
        short = self.tables["shortfall"]
        rows = short[(short["tonnes"] > 0) | (short[self.undone] > 0)]
        weight, out = (
            rows["scenario"].map(self.weights),
            rows[["country", "element", "year"]].copy(),
        )
        for column, source in (("musd", "tonnes"), ("without_musd", WITHOUT)):
            if source in rows:
                out[column] = weight * losses_of(self.case, rows, source)
        return self._sums(out, ["country", "element", "year"])

    @cached_property
    def elements(self) -> list[str]:
        """Elements in demand, the costliest shortage first."""
        losses = self.losses
        column = "without_musd" if self.compared else "musd"
        by_loss = losses.groupby("element")[column].sum().to_dict()
        wanted = sorted(self.tables["shortfall"]["element"].unique())
        return sorted(wanted, key=lambda e: (-by_loss.get(e, 0.0), e))

    def expected(
        self, table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        """Sums of columns by keys, weighted by the probability of the scenario."""
        weight = table["scenario"].map(self.weights)
        return self._sums(table[list(by)].join(table[list(columns)].mul(weight, axis=0)), by)

    def within(
        self, table: pd.DataFrame, scenario: str, by: Sequence[str], columns: Sequence[str]
    ) -> pd.DataFrame:
        """Sums of columns by keys in one scenario, or expected ones for `EXPECTED`."""
        if scenario == EXPECTED:
            return self.expected(table, by, columns)
        return self._sums(table.loc[table["scenario"] == scenario, [*by, *columns]], by)

    @staticmethod
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
    whole = table["quarter"].isna()
    if whole.all():
        return table
    keys = [
        c for c in table.columns if c in {"year", "probability"} or not is_numeric_dtype(table[c])
    ]
    how = {
        c: "last" if c == "stock_t" else "mean" if c in MEANS else "sum"
        for c in table.columns
        if c not in {*keys, "quarter"}
    }
    divided = table[~whole].groupby(keys, as_index=False, sort=False).agg(how)
    return pd.concat([table[whole], divided], ignore_index=True).reindex(columns=table.columns)


def losses_of(case: Case, rows: pd.DataFrame, column: str = "tonnes") -> list[float]:
    """Loss (MUSD) of what is short in each row of the table `shortfall`."""
    of = (rows[name] for name in ("country", "element", "form", "year", column, "demand_t"))
    return [
        loss_of_shortfall(case, (c, e, o), int(t), short, demand)
        for c, e, o, t, short, demand in zip(*of, strict=True)
    ]


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """Rows of a table, cells as attributes."""
    return table.itertuples(index=False)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def run_view(plan: PlanValues, found: Explanation | None = None) -> RunView:
    """A plan as a run, with what was found out about it. Tables that the plan lacks are empty."""
    tables = {
        name: _typed(plan.tables.get(name), table.columns) for name, table in EVERY_TABLE.items()
    }
    return RunView(plan.case, plan.status.value, plan.summary, tables, Names(plan.case), found)


def _typed(table: pd.DataFrame | None, columns: Sequence[ResultColumn]) -> pd.DataFrame:
    if table is None:
        table = pd.DataFrame(columns=[column.name for column in columns])
    out = {}
    for column in columns:
        name = column.name
        if column.optional and name not in table:
            continue
        values = table[name] if name in table else pd.Series(index=table.index, dtype=object)
        if column.is_text:
            out[name] = values.astype(object).where(values.notna(), "").astype(str).astype(object)
        else:
            out[name] = pd.to_numeric(values.astype(object), errors="coerce").astype(float)
            if column.kind is Kind.YEAR and not out[name].isna().any():
                out[name] = out[name].astype(int)
    return pd.DataFrame(out)


WEIGHTED = "weighted by probability"


def table_rows(table: str, scenario: str = "", **keys: object) -> str:
    """'tables/shortfall.csv, rows with element=dy, year=2029'. scenario: an id, or `expected` for the mean over all."""
    weighted = scenario == EXPECTED
    filters = [f"scenario={scenario}"] if scenario and not weighted else []
    filters += [f"{column}={value}" for column, value in keys.items()]
    return (
        f"tables/{table}.csv"
        + (f", rows with {', '.join(filters)}" if filters else "")
        + (f", {WEIGHTED}" if weighted else "")
    )


def summary_keys(*keys: str) -> str:
    """'summary.json: risk_musd, without_plan.risk_musd'."""
    return f"summary.json: {', '.join(keys)}"


def tooltip(text: str, source: str) -> str:
    """What a mark says about itself: its figures, then where they come from."""
    return "\n".join(" ".join(part.split()) for part in (text, source))
