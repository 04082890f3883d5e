"""The tables of a run as amounts: by key and node, as a plan has them.

The one reader of tables. Of scenarios that share a node the first is read; rows that name nothing of the case are passed
over, and absent rows are zero. `planner.verification` compares tables with their amounts.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from planner.cells import Quarter
from planner.data.case import Case
from planner.data.decision_tree import Trees, trees_of
from planner.data.scenario_tree import scenario_tree
from planner.data.stages import FORMS
from planner.results.amounts import (
    Amounts,
    FlowKey,
    Payment,
    amounts_of,
    flow_order,
    spending_order,
)
from planner.results.scenario_amounts import PEOPLE, PlanAmounts
from planner.results.schema import ALL, SCHEDULE

GOOD = ("country", "element", "form")
"""Columns that name a good."""
KeyOfCells = Callable[[tuple[Any, ...]], Any]
"""Makes the key of amounts of the cells that name it."""


def read_amounts(
    case: Case, tables: Mapping[str, pd.DataFrame], trees: Trees | None = None
) -> PlanAmounts:
    """The amounts of a plan of which the tables are known. trees: those on which they live, where these are known."""
    read = _Tables(case, tables, trees or trees_of(scenario_tree(case)))
    lookups = case.lookups
    stocks, programmes = _rank_of(lookups.stockpiles), _rank_of(lookups.programmes)
    flows = read.on_histories("operations", FlowKey._fields, FlowKey._make)
    short = read.on_histories("shortfall", GOOD)
    stock = read.on_histories("stocks", GOOD)
    people = read.on_histories("workforce", ("country", "skill"))
    teams = _rank_of(lookups.workforce)
    without = None
    if "without_plan_t" in tables["shortfall"]:
        without = short("without_plan_t").in_order(_by_key)
    builds = read.on_decisions("investments", ("project",), "tpa")
    intake = read.on_decisions("training", ("programme",), "intake")
    new_seats = read.on_decisions("training", ("programme",), "new_seats")
    scheduled = read.on_decisions(SCHEDULE, GOOD, "tonnes")
    return PlanAmounts(
        case=case,
        trees=read.trees,
        flows=flows("tonnes").something().in_order(flow_order(case)),
        short=short("tonnes").in_order(_by_key),
        stock=stock("stock_t").in_order(stocks),
        people={name: people(name).in_order(teams) for name in PEOPLE},
        builds=builds.in_order(_by_key),
        intake=intake.in_order(programmes),
        new_seats=new_seats.in_order(programmes),
        scheduled=scheduled.in_order(stocks),
        spent=read.on_accounts().in_order(spending_order(case)),
        payments=tuple(read.payments()),
        short_without=without,
    )


class _Tables:
    """The result tables of a case, and the places of their rows."""

    def __init__(self, case: Case, tables: Mapping[str, pd.DataFrame], trees: Trees) -> None:
        self.case = case
        self.trees = trees
        self._tables = tables
        # Of scenarios that share a node the first is read.
        self._first: dict[tuple[str, int, int], int] = {}
        for node in trees.histories.nodes:
            self._first[node.scenarios[0], node.year, node.quarter or 0] = node.index

    def on_histories(
        self, name: str, columns: Sequence[str], key: KeyOfCells = tuple
    ) -> Callable[[str], Amounts]:
        """A table by scenario, year and quarter: column -> its amounts by key and node. columns: those that name the
        key."""
        table = self._of_the_case(name)
        quarter = table["quarter"].astype("Int64").fillna(0).tolist()
        visits = zip(table["scenario"].tolist(), table["year"].tolist(), quarter, strict=True)
        nodes = [self._first.get(visit, -1) for visit in visits]
        return _gathered(table, columns, nodes, len(self.trees.histories.nodes), key)

    def on_decisions(self, name: str, columns: Sequence[str], amount: str) -> Amounts:
        """A column of a table of what is decided by year, by key and decision node; nothing where there is no table."""
        tree = self.trees.decisions
        if name not in self._tables:
            return amounts_of({}, len(tree.nodes))
        table = self._of_the_case(name)
        scenarios = map(self._first_of, table["scenarios"].tolist())
        places = zip(scenarios, table["year"].tolist(), strict=True)
        nodes = [tree.at.get(place, -1) for place in places]
        key = itemgetter(0) if len(columns) == 1 else tuple
        return _gathered(table, columns, nodes, len(tree.nodes), key)(amount).something()

    def on_accounts(self) -> Amounts:
        """MUSD by (funder, country, item) and account; what is decided by year is paid as the year begins."""
        tree = self.trees.accounts
        table = self._of_the_case("spending")
        quarters = table["quarter"].astype("Int64").fillna(0).tolist()
        nodes = []
        for row, quarter in zip(rows_of(table), quarters, strict=True):
            due = Quarter(row.year, quarter) if quarter else tree.opening.get(row.year, row.year)
            nodes.append(tree.at.get((self._first_of(row.scenarios), due), -1))
        columns = ("funder", "country", "item")
        return _gathered(table, columns, nodes, len(tree.nodes))("musd").something()

    def payments(self) -> Iterable[Payment]:
        """The rows of `payments`."""
        for row in rows_of(self._tables["payments"]):
            yield Payment(*(getattr(row, name) for name in Payment._fields))

    def _of_the_case(self, name: str) -> pd.DataFrame:
        """The rows of a table that name what the case has."""
        table = self._tables[name]
        lookups = self.case.lookups
        known: dict[str, Iterable[str]] = {
            "country": self.case.countries,
            "element": (*self.case.elements, ""),
            "form": (*FORMS, ""),
            "skill": lookups.skills,
            "programme": lookups.programmes,
        }
        if name == "investments":
            known["project"] = self.case.projects
        is_known = np.ones(len(table), dtype=bool)
        for column in table.columns.intersection(list(known)):
            is_known &= table[column].isin(list(known[column])).to_numpy(bool)
        return table if is_known.all() else table[is_known]

    def _first_of(self, text: str) -> str:
        """The first scenario that a cell `scenarios` names."""
        return members(text, tuple(self.case.scenarios))[0]


def _gathered(
    table: pd.DataFrame,
    columns: Sequence[str],
    nodes: Sequence[int],
    size: int,
    key: KeyOfCells = tuple,
) -> Callable[[str], Amounts]:
    """Column -> its amounts by key and node. columns: those that name the key. nodes: of each row, -1 where it is passed
    over; `size` of them in all."""
    places: dict[Any, int] = {}
    rows = zip(*(table[column].tolist() for column in columns), strict=True)
    place = [places.setdefault(cells, len(places)) for cells in rows]
    node = np.array(nodes, dtype=np.intp)
    is_first = node >= 0
    cell = (np.array(place, dtype=np.intp) * size + node)[is_first]
    keys = {key(cells): number for cells, number in places.items()}

    def of(column: str) -> Amounts:
        stated = table[column].to_numpy(float)[is_first]
        sums = np.bincount(cell, stated, minlength=len(keys) * size)
        return Amounts(keys, sums.astype(float).reshape(len(keys), size))

    return of


def _by_key(key: Any) -> Any:
    return key


def _rank_of(order: Iterable[Any]) -> Callable[[Any], Any]:
    """The place of a key among some; the others after them."""
    places = {key: place for place, key in enumerate(order)}
    return lambda key: (places.get(key, len(places)), key)


def members(text: str, everyone: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scenarios of a cell `scenarios`: `all`, or ids joined by `;`."""
    return everyone if text == ALL and ALL not in everyone else tuple(text.split(";"))


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """Rows of a table, cells as attributes."""
    # Several times faster than itertuples, which takes texts out of their arrays one by one.
    row = namedtuple("row", list(table.columns))  # type: ignore[misc]
    cells = [table[column].tolist() for column in table.columns]
    return map(row._make, zip(*cells, strict=True))
