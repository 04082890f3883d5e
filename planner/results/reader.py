"""The tables of a run as amounts: by key and node, as a plan has them.

The one reader of tables. Of scenarios that share a node the first is read; rows that name nothing of the case are passed
over, and absent rows are zero. Whether tables say more than their amounts, `planner.results.verify` tells.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from planner.cells import Quarter
from planner.data.case import Case
from planner.data.decision_tree import Trees, trees_of
from planner.data.scenario_tree import Vector, scenario_tree
from planner.data.shock_effects import Period, year_of
from planner.data.stages import FORMS
from planner.results.amounts import Amounts, FlowKey, Payment, amounts, flow_order, spending_order
from planner.results.plan_amounts import PEOPLE, PlanAmounts
from planner.results.schema import SCHEDULE
from planner.results.visits import visited

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
        self._scenario = {scenario: place for place, scenario in enumerate(case.scenarios)}
        self._node = _first_visits(trees)

    def on_histories(
        self, name: str, columns: Iterable[str], key: KeyOfCells = tuple
    ) -> Callable[[str], Amounts]:
        """A table by scenario, year and quarter: column -> its amounts by key and node. columns: those that name the
        key."""
        table = self._of_the_case(name)
        places: dict[Any, int] = {}
        rows = zip(*(table[column].tolist() for column in columns), strict=True)
        place = [places.setdefault(cells, len(places)) for cells in rows]
        quarter = table["quarter"].astype("Int64").fillna(0).tolist()
        visits = zip(table["scenario"].tolist(), table["year"].tolist(), quarter, strict=True)
        node = np.array([self._node.get(visit, -1) for visit in visits], dtype=np.intp)
        size = len(self.trees.histories.nodes)
        cell = np.array(place, dtype=np.intp) * size + node
        is_first = node >= 0
        keys = {key(cells): number for cells, number in places.items()}

        def of(column: str) -> Amounts:
            stated = table[column].to_numpy(float)[is_first]
            sums = np.bincount(cell[is_first], stated, minlength=len(keys) * size)
            return Amounts(keys, sums.astype(float).reshape(len(keys), size))

        return of

    def on_decisions(self, name: str, columns: Iterable[str], amount: str) -> Amounts:
        """A column of a table of what is decided by year, by key and decision node; nothing where there is no table."""
        nodes = self.trees.decision_of_year
        size = len(self.trees.decisions.nodes)
        found: dict[Any, Vector] = {}
        for row in rows_of(self._of_the_case(name)) if name in self._tables else ():
            scenario, year = self._first_of(row.scenarios), int(row.year) - self.case.first_year
            if scenario is not None and 0 <= year < len(self.case.years):
                cells = tuple(getattr(row, column) for column in columns)
                by_node = found.setdefault(cells if len(cells) > 1 else cells[0], np.zeros(size))
                by_node[nodes[scenario, year]] += getattr(row, amount)
        return amounts(found, size).something()

    def on_accounts(self) -> Amounts:
        """MUSD by (funder, country, item) and account; what is decided by year is paid as the year begins."""
        trees, tree = self.trees, self.trees.histories
        size = len(trees.accounts.nodes)
        places: dict[Period, int] = {year: place for place, year in enumerate(self.case.years)}
        nodes = trees.decision_of_year
        if trees.accounts is tree:
            places = {period: place for place, period in enumerate(tree.periods)}
            nodes = visited(tree).reshape(len(self._scenario), -1)
        found: dict[Any, Vector] = {}
        for row in rows_of(self._of_the_case("spending")):
            year = int(row.year)
            due: Period = year if pd.isna(row.quarter) else Quarter(year, int(row.quarter))
            opening = due if due in places else tree.opening.get(year, due)
            scenario = self._first_of(row.scenarios)
            if scenario is not None and opening in places:
                by_node = found.setdefault((row.funder, row.country, row.item), np.zeros(size))
                by_node[nodes[scenario, places[opening]]] += row.musd
        return amounts(found, size).something()

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

    def _first_of(self, text: str) -> int | None:
        """The place of the first scenario that a cell `scenarios` names; None where there is no such scenario."""
        first, *_ = members(text, tuple(self._scenario))
        return self._scenario.get(first)


def _first_visits(trees: Trees) -> dict[tuple[str, int, int], int]:
    """Scenario, year and quarter (0: the whole year) -> the node that the scenario is the first to visit there."""
    tree = trees.histories
    moments = []
    for period in tree.periods:
        moments.append((year_of(period), period.quarter if isinstance(period, Quarter) else 0))
    visits = list(product(tree.case.scenarios, moments))
    nodes, first = np.unique(visited(tree), return_index=True)
    found = {}
    for node, place in zip(nodes.tolist(), first.tolist(), strict=True):
        scenario, moment = visits[place]
        found[scenario, *moment] = node
    return found


def _by_key(key: Any) -> Any:
    return key


def _rank_of(order: Iterable[Any]) -> Callable[[Any], Any]:
    """The place of a key among some; the others after them."""
    places = {key: place for place, key in enumerate(order)}
    return lambda key: (places.get(key, len(places)), key)


def members(text: str, everyone: tuple[str, ...]) -> tuple[str, ...]:
    """Scenarios named by a `scenarios` cell: `all`, or ids joined by `;`."""
    return everyone if text == "all" else tuple(text.split(";"))


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """Rows of a table, cells as attributes."""
    # Several times faster than itertuples, which takes texts out of their arrays one by one.
    row = namedtuple("row", list(table.columns))  # type: ignore[misc]
    cells = [table[column].tolist() for column in table.columns]
    return map(row._make, zip(*cells, strict=True))
