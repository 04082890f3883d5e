"""Result tables as look-ups by scenario and period, for the verifier. Absent rows are zero."""

from __future__ import annotations

from collections import defaultdict, namedtuple
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.effects import Period

Sums = dict[Any, float]
ScenarioPeriod = tuple[str, Period]
"""(scenario, year or quarter)."""


def sums() -> Sums:
    """Numbers by key, 0 where absent."""
    return defaultdict(float)


@dataclass
class Ledger:
    """What the tables say, by (scenario, period) or by key."""

    builds: dict[str, dict[str, Sums]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(sums)))
    """scenario -> project -> year -> t/y."""
    intake: dict[str, Sums] = field(default_factory=lambda: defaultdict(sums))
    """scenario -> (programme, year) -> persons."""
    new_seats: dict[str, Sums] = field(default_factory=lambda: defaultdict(sums))
    """scenario -> (programme, year) -> seats."""
    flows: dict[ScenarioPeriod, Sums] = field(default_factory=lambda: defaultdict(sums))
    """(scenario, period) -> (item, country, project, feed, element, form) -> t."""
    goods: dict[ScenarioPeriod, Sums] = field(default_factory=lambda: defaultdict(sums))
    """(scenario, period) -> (item, country, element, form) -> t."""
    short: dict[ScenarioPeriod, Sums] = field(default_factory=lambda: defaultdict(sums))
    """(scenario, period) -> (country, element, form) -> t."""
    demand: dict[ScenarioPeriod, Sums] = field(default_factory=lambda: defaultdict(sums))
    """(scenario, period) -> (country, element, form) -> t, as the shortfall table states it."""
    stock: dict[ScenarioPeriod, Sums] = field(default_factory=lambda: defaultdict(sums))
    """(scenario, period) -> (country, element, form) -> t."""
    people: dict[ScenarioPeriod, Sums] = field(default_factory=lambda: defaultdict(sums))
    """(scenario, period) -> (column, country, skill) -> persons."""
    spent: dict[str, Sums] = field(default_factory=lambda: defaultdict(sums))
    """scenario -> (funder, country, period, item) -> MUSD."""


def read_ledger(case: Case, tables: Mapping[str, pd.DataFrame]) -> Ledger:
    """Tables -> Ledger."""
    book = Ledger()
    everyone = tuple(case.scenarios)
    for row in rows(tables["investments"]):
        for w in members(row.scenarios, everyone):
            book.builds[w][row.project][row.year] += row.tpa
    for row in rows(tables["training"]):
        for w in members(row.scenarios, everyone):
            book.intake[w][row.programme, row.year] += row.intake
            book.new_seats[w][row.programme, row.year] += row.new_seats
    for row in rows(tables["operations"]):
        when = (row.scenario, period_of(row))
        book.flows[when][row.item, row.country, row.project, row.feed, row.element, row.form] += row.tonnes
        book.goods[when][row.item, row.country, row.element, row.form] += row.tonnes
    for row in rows(tables["shortfall"]):
        when = (row.scenario, period_of(row))
        book.short[when][row.country, row.element, row.form] += row.tonnes
        book.demand[when][row.country, row.element, row.form] += row.demand_t
    for row in rows(tables["stocks"]):
        book.stock[row.scenario, period_of(row)][row.country, row.element, row.form] += row.stock_t
    for row in rows(tables["workforce"]):
        when = (row.scenario, period_of(row))
        for column in ("staff", "hired", "lent", "borrowed"):
            book.people[when][column, row.country, row.skill] += getattr(row, column)
    for row in rows(tables["spending"]):
        for w in members(row.scenarios, everyone):
            book.spent[w][row.funder, row.country, period_of(row), row.item] += row.musd
    return book


def period_of(row: Any) -> Period:
    """The year or quarter of a row."""
    return int(row.year) if pd.isna(row.quarter) else Quarter(int(row.year), int(row.quarter))


def members(text: str, everyone: tuple[str, ...]) -> tuple[str, ...]:
    """Scenarios named by a `scenarios` cell: `all`, or ids joined by `;`."""
    return everyone if text == "all" else tuple(text.split(";"))


def rows(table: pd.DataFrame) -> Any:
    """Rows as named tuples, untyped."""
    # Several times faster than itertuples, which takes texts out of their arrays one by one.
    row = namedtuple("row", list(table.columns))  # type: ignore[misc]
    return map(row._make, zip(*(table[column].tolist() for column in table.columns), strict=True))
