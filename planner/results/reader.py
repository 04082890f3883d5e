"""The tables of a run as amounts: by key at every visit as they say it, and by key and node as a plan has them.

The one reader of tables. What names nothing of the case is counted; absent rows are zero.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.decision_tree import Trees, trees_of
from planner.data.scenario_tree import Vector, scenario_tree
from planner.data.shock_effects import Period, year_of
from planner.data.stages import FORMS, STAGES
from planner.results.amounts import Amounts, FlowKey, Payment, amounts, flow_order, spending_order
from planner.results.plan_amounts import PEOPLE, PlanAmounts
from planner.results.schema import CONVERTED, IMPORTED, RETURNED, SAVED, SCHEDULE
from planner.results.visits import AtVisits, Places, visited

GOOD = ["country", "element", "form"]
"""Columns that name a good."""
OF_GOODS = (*CONVERTED, SAVED, "made", *IMPORTED, "given", "received", "released", "bought")
"""Items of `operations` that are of an element."""
OF_NO_ELEMENT = (*(stage.item for stage in STAGES.values() if not stage.converts), RETURNED)
"""Items of `operations` that are of a feed, or of a saving."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """The rows of a table that name what the case has, and where each stands; `strangers`: how many others there are.

    A row that holds in several scenarios stands at each. row: in the table; key, column: of `Amounts`.
    """

    table: pd.DataFrame
    row: Places
    key: Places
    column: Places
    places: Mapping[Any, int]
    size: int
    strangers: int

    def stated(self, name: str) -> Vector:
        """A column of the table, at each place."""
        return np.asarray(self.table[name], dtype=float)[self.row]

    def amounts(self, name: str) -> Amounts:
        """A column of the table, added up."""
        keys = len(self.places)
        cell = self.key * self.size + self.column
        sums = np.bincount(cell, self.stated(name), minlength=keys * self.size)
        values = sums.astype(float).reshape(keys, self.size)
        return Amounts(self.places, values)

    def of(self, expected: Callable[[Any], Vector]) -> Vector:
        """The figure that should stand at each place, given by key."""
        rows = [expected(key) for key in self.places]
        values = np.array(rows).reshape(-1, self.size)
        return np.asarray(values[self.key, self.column])


class PlanTables:
    """The result tables of a case, their rows placed."""

    def __init__(
        self, case: Case, tables: Mapping[str, pd.DataFrame], trees: Trees | None = None
    ) -> None:
        """trees: those on which its amounts live, where they are known."""
        self.case = case
        self.tables = tables
        self.trees = trees or trees_of(scenario_tree(case))

    # ---- rows ------------------------------------------------------------------------------------

    @cached_property
    def operations(self) -> Placed:
        """By `FlowKey`."""
        placed = self._by_visit("operations", list(FlowKey._fields), self._is_flow)
        places = {FlowKey._make(key): place for key, place in placed.places.items()}
        return replace(placed, places=places)

    @cached_property
    def shortfall(self) -> Placed:
        """By good."""
        return self._by_visit("shortfall", GOOD, self._is_good)

    @cached_property
    def stocks(self) -> Placed:
        """By good."""
        return self._by_visit("stocks", GOOD, self.case.lookups.stockpiles.__contains__)

    @cached_property
    def workforce(self) -> Placed:
        """By (country, skill)."""
        return self._by_visit(
            "workforce", ["country", "skill"], self.case.lookups.workforce.__contains__
        )

    @cached_property
    def capacity(self) -> Placed:
        """By (project,)."""
        return self._by_visit("capacity", ["project"], self._is_of_project)

    @cached_property
    def investments(self) -> Placed:
        """By (project, year)."""
        return self._by_scenario("investments", ["project", "year"], self._is_of_project)

    @cached_property
    def purchases(self) -> Placed:
        """By (country, element, form, year); none where purchases are not scheduled."""
        is_stocked = self.case.lookups.stockpiles.__contains__
        return self._by_scenario(SCHEDULE, [*GOOD, "year"], lambda key: is_stocked(key[:3]))

    @cached_property
    def training(self) -> Placed:
        """By (programme, year)."""
        return self._by_scenario("training", ["programme", "year"], lambda _: True)

    @cached_property
    def spending(self) -> Placed:
        """By (funder, country, item, year, quarter or 0)."""
        key = ["funder", "country", "item", "year", "quarter"]
        return self._by_scenario("spending", key, lambda key: key[1] in self.case.countries)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """All tables of rows with a place."""
        material = (self.operations, self.shortfall, self.stocks, self.capacity)
        schedule = (self.purchases,) if self.case.lookups.has_schedule else ()
        decided = (self.investments, *schedule, self.training, self.spending)
        return (*material, self.workforce, *decided)

    def _is_flow(self, key: tuple[str, ...]) -> bool:
        country, item, _, _, element, form = key
        if item in OF_NO_ELEMENT:
            return country in self.case.countries and (element, form) == ("", "")
        return item in OF_GOODS and self._is_good((country, element, form))

    def _is_good(self, key: tuple[str, ...]) -> bool:
        country, element, form = key
        return country in self.case.countries and element in self.case.elements and form in FORMS

    def _is_of_project(self, key: tuple[Any, ...]) -> bool:
        return key[0] in self.case.projects

    def _by_visit(self, name: str, columns: list[str], known: Callable[[Any], bool]) -> Placed:
        """Rows of a table by scenario, year and quarter: each stands at one visit. known: keys that the case has."""
        table = self.tables[name]
        row_visit, visits = _coded(table, ["scenario", "year", "quarter"])
        visit = np.array([self._visits.get(key, -1) for key in visits], dtype=np.intp)
        return _place(
            table,
            columns,
            known,
            row=np.arange(len(table)),
            where=visit[row_visit],
            size=len(self._visits),
        )

    @cached_property
    def _visits(self) -> dict[tuple[str, int, int], int]:
        """Scenario, year and quarter (0: the whole year) -> place of the visit."""
        moments = []
        for period in self.trees.histories.periods:
            quarter = period.quarter if isinstance(period, Quarter) else 0
            moments.append((year_of(period), quarter))
        visits = product(self.case.scenarios, moments)
        return {(scenario, *moment): place for place, (scenario, moment) in enumerate(visits)}

    def _by_scenario(self, name: str, columns: list[str], known: Callable[[Any], bool]) -> Placed:
        """Rows of a table whose column `scenarios` lists members: each stands at all of them.

        known: keys that the case has.
        """
        table = self.tables[name]
        scenarios = tuple(self.case.scenarios)
        place_of = {scenario: place for place, scenario in enumerate(scenarios)}
        rows: list[int] = []
        where: list[int] = []
        for row, text in enumerate(table["scenarios"].tolist()):
            named = members(text, scenarios)
            rows += [row] * len(named)
            where += [place_of.get(scenario, -1) for scenario in named]
        return _place(
            table,
            columns,
            known,
            row=np.array(rows, dtype=np.intp),
            where=np.array(where, dtype=np.intp),
            size=len(scenarios),
        )

    # ---- amounts ---------------------------------------------------------------------------------

    @cached_property
    def visits(self) -> AtVisits:
        """What the tables say of every scenario, each by itself."""
        nothing = Amounts({}, np.zeros((0, len(self.case.scenarios))))
        stock_rank = _rank_of(self.case.lookups.stockpiles)
        return AtVisits(
            case=self.case,
            trees=self.trees,
            flows=self.operations.amounts("tonnes").something().in_order(flow_order(self.case)),
            short=self.shortfall.amounts("tonnes").in_order(_by_key),
            stock=self.stocks.amounts("stock_t").in_order(stock_rank),
            people=self._people(),
            builds=self.investments.amounts("tpa").something().in_order(_by_key),
            intake=self._of_training("intake"),
            new_seats=self._of_training("new_seats"),
            scheduled=self.purchases.amounts("tonnes")
            if self.case.lookups.has_schedule
            else nothing,
            spent=self._spent(),
            payments=tuple(self._payments()),
        )

    def _people(self) -> dict[str, Amounts]:
        rank = _rank_of(self.case.lookups.workforce)
        return {column: self.workforce.amounts(column).in_order(rank) for column in PEOPLE}

    def _of_training(self, column: str) -> Amounts:
        programmes = _rank_of(self.case.lookups.programmes)
        stated = self.training.amounts(column).something()
        return stated.in_order(lambda key: (programmes(key[0]), key))

    def _spent(self) -> Amounts:
        """MUSD by (funder, country, item, period)."""
        stated = self.spending.amounts("musd")

        def when(key: tuple[Any, ...]) -> tuple[Any, ...]:
            *what, year, quarter = key
            return (*what, Quarter(year, quarter) if quarter else year)

        return Amounts({when(key): place for key, place in stated.places.items()}, stated.values)

    def _payments(self) -> Iterable[Payment]:
        for row in rows_of(self.tables["payments"]):
            yield Payment(*(getattr(row, name) for name in Payment._fields))

    @cached_property
    def amounts(self) -> PlanAmounts:
        """The amounts by node, each as the first of the scenarios says that share it."""
        visits, trees = self.visits, self.trees
        node = visited(trees.histories)
        _, first = np.unique(node, return_index=True)
        without = None
        if "without_plan_t" in self.tables["shortfall"]:
            without = self.shortfall.amounts("without_plan_t").in_order(_by_key).at(first)
        schedule = _rank_of(self.case.lookups.stockpiles)
        programmes = _rank_of(self.case.lookups.programmes)
        people = {name: stated.at(first) for name, stated in visits.people.items()}
        return PlanAmounts(
            case=self.case,
            trees=trees,
            flows=visits.flows.at(first),
            short=visits.short.at(first),
            stock=visits.stock.at(first),
            people=people,
            builds=_by_decision(trees, visits.builds).in_order(_by_key),
            intake=_by_decision(trees, visits.intake).in_order(programmes),
            new_seats=_by_decision(trees, visits.new_seats).in_order(programmes),
            scheduled=_by_decision(trees, visits.scheduled).in_order(schedule),
            spent=_by_account(trees, visits.spent).in_order(spending_order(self.case)),
            payments=visits.payments,
            short_without=without,
        )


def read_amounts(
    case: Case, tables: Mapping[str, pd.DataFrame], trees: Trees | None = None
) -> PlanAmounts:
    """The amounts of a plan of which the tables are known. trees: as for `PlanTables`."""
    return PlanTables(case, tables, trees).amounts


def _by_key(key: Any) -> Any:
    return key


def _rank_of(order: Iterable[Any]) -> Callable[[Any], Any]:
    """The place of a key among some; the others after them."""
    places = {key: place for place, key in enumerate(order)}
    return lambda key: (places.get(key, len(places)), key)


def _by_decision(trees: Trees, decided: Amounts) -> Amounts:
    """Amounts by key at decision nodes, of amounts by key and year for each scenario."""
    first_year = trees.histories.case.first_year
    nodes = trees.decision_of_year
    found: dict[Any, Vector] = {}
    for (*things, year), by_scenario in decided:
        place = year - first_year
        if 0 <= place < nodes.shape[1]:
            key = tuple(things) if len(things) > 1 else things[0]
            found.setdefault(key, np.zeros(len(trees.decisions.nodes)))
            found[key][nodes[:, place]] = by_scenario
    return amounts(found, len(trees.decisions.nodes)).something()


def _by_account(trees: Trees, spent: Amounts) -> Amounts:
    """MUSD by (funder, country, item) at accounts, of MUSD by key and period for each scenario; what is decided by year
    is paid as the year begins."""
    tree = trees.histories
    places = {period: place for place, period in enumerate(tree.periods)}
    nodes = visited(tree).reshape(len(tree.case.scenarios), -1)
    if trees.accounts is not tree:
        places = {year: place for place, year in enumerate(tree.case.years)}
        nodes = trees.decision_of_year
    found: dict[Any, Vector] = {}
    for (*key, due), by_scenario in spent:
        opening: Period = due if due in places else tree.opening.get(year_of(due), due)
        if opening in places:
            what = tuple(key)
            found.setdefault(what, np.zeros(len(trees.accounts.nodes)))
            found[what][nodes[:, places[opening]]] = by_scenario
    return amounts(found, len(trees.accounts.nodes)).something()


def _place(
    table: pd.DataFrame,
    columns: list[str],
    known: Callable[[Any], bool],
    *,
    row: Places,
    where: Places,
    size: int,
) -> Placed:
    """row, where: rows of the table and columns of `Amounts` (-1: none) that they stand at."""
    row_key, keys = _coded(table, columns)
    places: dict[Any, int] = {}
    ranks = []
    for key in keys:
        is_known = known(key)
        ranks.append(len(places) if is_known else -1)
        if is_known:
            places[key] = len(places)
    rank = np.array(ranks, dtype=np.intp)[row_key][row]
    sound = (rank >= 0) & (where >= 0)
    return Placed(
        table=table,
        row=row[sound],
        key=rank[sound],
        column=where[sound],
        places=places,
        size=size,
        strangers=int(np.sum(~sound)),
    )


def _coded(table: pd.DataFrame, columns: list[str]) -> tuple[Places, list[Any]]:
    """For each row of a table the place of its key, and the keys in the order in which they appear."""
    cells = [_key_column(table, name).tolist() for name in columns]
    place_of: dict[Any, int] = {}
    places = [place_of.setdefault(key, len(place_of)) for key in zip(*cells, strict=True)]
    return np.array(places, dtype=np.intp), list(place_of)


def _key_column(table: pd.DataFrame, name: str) -> pd.Series:
    """A column; a quarter that is blank is 0."""
    column = table[name]
    return column.astype("Int64").fillna(0) if name == "quarter" else column


def members(text: str, everyone: tuple[str, ...]) -> tuple[str, ...]:
    """Scenarios named by a `scenarios` cell: `all`, or ids joined by `;`."""
    return everyone if text == "all" else tuple(text.split(";"))


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """Rows of a table, cells as attributes."""
    # Several times faster than itertuples, which takes texts out of their arrays one by one.
    row = namedtuple("row", list(table.columns))  # type: ignore[misc]
    cells = [table[column].tolist() for column in table.columns]
    return map(row._make, zip(*cells, strict=True))
