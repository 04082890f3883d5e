"""Result tables as arrays, for the verifier: by what a number is of, scenario and period. Absent rows are zero.

And how far a rule is broken, relative to the size of its two sides. What is not a number breaks every rule.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.lookups import Good
from planner.data.scenario_tree import Tree, Vector, scenario_tree
from planner.data.shock_effects import Period, year_of
from planner.data.stages import CONVERTING, FORMS, STAGES
from planner.results.schema import IMPORTED, RETURNED, SAVED, SCHEDULE
from planner.results.visit_inputs import VisitInputs, counted_per_tonne

Places = NDArray[np.intp]
GOOD = ["country", "element", "form"]
"""Columns that name a good."""
CONVERTED = tuple(stage.item for stage in CONVERTING)
"""Items of `operations` that plants take in of a form."""
OF_GOODS = (*CONVERTED, SAVED, "made", *IMPORTED, "given", "received", "released", "bought")
"""Items of `operations` that are of an element."""
OF_NO_ELEMENT = (*(stage.item for stage in STAGES.values() if not stage.converts), RETURNED)
"""Items of `operations` that are of a feed, or of a saving."""


class FlowKey(NamedTuple):
    """The key of a row of `operations`; cells that an item does not have are blank."""

    item: str
    country: str
    project: str
    feed: str = ""
    element: str = ""
    form: str = ""

    @property
    def good(self) -> Good:
        """The element and form, in the country."""
        return self.country, self.element, self.form


@dataclass(frozen=True)
class Amounts:
    """Numbers by key: `values` is (keys, visits) or (keys, scenarios)."""

    places: Mapping[Any, int]
    values: NDArray[np.float64]

    def __getitem__(self, key: Any) -> Vector:
        place = self.places.get(key)
        return np.zeros(self.values.shape[1]) if place is None else self.values[place]

    def __iter__(self) -> Iterator[tuple[Any, Vector]]:
        return iter(zip(self.places, self.values, strict=True))

    def by(self, part: Callable[[Any], Any]) -> Amounts:
        """Added up by a part of the key; None leaves out."""
        sums: dict[Any, Vector] = {}
        for key, values in self:
            shared = part(key)
            if shared is not None:
                sums[shared] = sums[shared] + values if shared in sums else values
        places = {key: place for place, key in enumerate(sums)}
        rows = np.array(list(sums.values()))
        return Amounts(places, rows.reshape(-1, self.values.shape[1]))


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


class Ledger:
    """The result tables of a case as vectors.

    A visit is a scenario in a period; vectors are over visits, in the order of both, or over scenarios.
    """

    def __init__(
        self, case: Case, tables: Mapping[str, pd.DataFrame], tree: Tree | None = None
    ) -> None:
        """tree: the histories of the case, where they are known; those of another case are not taken."""
        self.case = case
        self.tables = tables
        if tree is not None and tree.case is case:
            self.__dict__["tree"] = tree

    # ---- when ------------------------------------------------------------------------------------

    @cached_property
    def tree(self) -> Tree:
        """The histories of the case."""
        return scenario_tree(self.case)

    @cached_property
    def inputs(self) -> VisitInputs:
        """What the rows of the case say at every visit."""
        return VisitInputs(self.case, self.tree.periods)

    @cached_property
    def node(self) -> Places:
        """The node of each visit."""
        paths = [self.tree.path_of(scenario) for scenario in self.case.scenarios]
        return np.array(paths, dtype=np.intp).ravel()

    @cached_property
    def first(self) -> Places:
        """For each visit, that of the first scenario which shares its node."""
        _, firsts, places = np.unique(self.node, return_index=True, return_inverse=True)
        return firsts[places]

    @cached_property
    def opening(self) -> dict[int, int]:
        """Year -> place of its first period."""
        return {year: self.tree.periods.index(period) for year, period in self.tree.opening.items()}

    @cached_property
    def period_years(self) -> NDArray[np.int64]:
        """The year of each period."""
        return np.array([year_of(period) for period in self.tree.periods])

    @cached_property
    def year_places(self) -> NDArray[np.int64]:
        """The year of each visit, counted from the first of the horizon."""
        years = np.tile(self.period_years, len(self.case.scenarios))
        return years - self.case.first_year

    @cached_property
    def chances(self) -> Vector:
        """The probability of each scenario."""
        return np.array(list(self.case.scenarios.values()))

    @cached_property
    def visit_chances(self) -> Vector:
        """The probability of each visit's scenario."""
        return self.everywhere(self.chances)

    def zeros(self) -> Vector:
        """0 at every visit."""
        return np.zeros(len(self.node))

    def at(self, by_node: Vector) -> Vector:
        """A figure of nodes, at each visit."""
        return by_node[self.node]

    def whole(self, by_visit: NDArray[Any]) -> NDArray[Any]:
        """Values by visit as an array (scenarios x periods)."""
        return by_visit.reshape(-1, len(self.tree.periods))

    def everywhere(self, by_scenario: Vector) -> Vector:
        """A figure of scenarios, at each visit."""
        return np.repeat(by_scenario, len(self.tree.periods))

    # ---- tables ----------------------------------------------------------------------------------

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
        return self._by_visit("stocks", GOOD, self.case.stockpiles.__contains__)

    @cached_property
    def workforce(self) -> Placed:
        """By (country, skill)."""
        return self._by_visit("workforce", ["country", "skill"], self.case.workforce.__contains__)

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
        is_stocked = self.case.stockpiles.__contains__
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
        schedule = (self.purchases,) if self.case.has_schedule else ()
        decided = (self.investments, *schedule, self.training, self.spending)
        return (*material, self.workforce, *decided)

    def _is_flow(self, key: tuple[str, ...]) -> bool:
        item, country, _, _, element, form = key
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
        row_visit, visits = coded(table, ["scenario", "year", "quarter"])
        visit = np.array([self._visits.get(key, -1) for key in visits], dtype=np.intp)
        return _place(
            table,
            columns,
            known,
            row=np.arange(len(table)),
            where=visit[row_visit],
            size=len(self.node),
        )

    @cached_property
    def _visits(self) -> dict[tuple[str, int, int], int]:
        """Scenario, year and quarter (0: the whole year) -> place of the visit."""
        moments = []
        for period in self.tree.periods:
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
        places: dict[str, list[int]] = {}
        for text in table["scenarios"].unique():
            places[text] = [place_of.get(scenario, -1) for scenario in members(text, scenarios)]
        where = table["scenarios"].reset_index(drop=True).map(places).explode()
        return _place(
            table,
            columns,
            known,
            row=where.index.to_numpy(dtype=np.intp),
            where=where.to_numpy(dtype=np.intp),
            size=len(scenarios),
        )

    # ---- what follows ----------------------------------------------------------------------------

    @cached_property
    def flows(self) -> Amounts:
        """t by `FlowKey`."""
        return self.operations.amounts("tonnes")

    @cached_property
    def goods(self) -> Amounts:
        """t by (item, good)."""
        return self.flows.by(lambda flow: (flow.item, flow.good) if flow.element else None)

    @cached_property
    def short(self) -> Amounts:
        """t not met, by good."""
        return self.shortfall.amounts("tonnes")

    @cached_property
    def people(self) -> dict[str, Amounts]:
        """`staff`, `hired`, `lent` and `borrowed`: persons by (country, skill)."""
        columns = ("staff", "hired", "lent", "borrowed")
        return {column: self.workforce.amounts(column) for column in columns}

    @cached_property
    def builds(self) -> Amounts:
        """t/y by (project, year), for each scenario."""
        return self.investments.amounts("tpa")

    @cached_property
    def scheduled(self) -> Amounts:
        """t/y by (country, element, form, year), for each scenario."""
        if not self.case.has_schedule:
            return Amounts({}, np.zeros((0, len(self.case.scenarios))))
        return self.purchases.amounts("tonnes")

    @cached_property
    def intake(self) -> Amounts:
        """Persons by (programme, year), for each scenario."""
        return self.training.amounts("intake")

    @cached_property
    def new_seats(self) -> Amounts:
        """Seats by (programme, year), for each scenario."""
        return self.training.amounts("new_seats")

    @cached_property
    def spent(self) -> Amounts:
        """MUSD by (funder, country, period), for each scenario."""

        def of(key: tuple[Any, ...]) -> tuple[str, str, Period]:
            funder, country, _, year, quarter = key
            return funder, country, Quarter(year, quarter) if quarter else year

        return self.spending.amounts("musd").by(of)

    @cached_property
    def loads(self) -> dict[str, Vector]:
        """Throughput (t) of each plant at every visit, as capacity counts it."""
        return {project: self._load(project) for project in self.case.projects}

    def _load(self, project: str) -> Vector:
        """Throughput (t) of a plant at each visit, as capacity counts it."""
        stage = self.case.stage_of(project)
        feeds = self.case.projects[project].feeds
        load = self.zeros()
        if stage.converts:
            for element in self.case.elements:
                load += self.taken(project, element=element)
        elif stage.separates:
            for feed in feeds:
                per_tonne = counted_per_tonne(self.case, project, feed)
                load += per_tonne * self.taken(project, feed=feed)
        else:
            load += self.taken(project, feed=feeds[0] if stage.mines else "")
        return load

    def taken(self, project: str, *, feed: str = "", element: str = "") -> Vector:
        """Throughput (t) of a plant in a feed or an element, at every visit; with neither, of a saving."""
        stage = self.case.stage_of(project)
        flow = FlowKey(
            item=stage.item,
            country=self.case.projects[project].country,
            project=project,
            feed=feed,
            element=element,
            form=stage.takes if element else "",
        )
        return self.flows[flow]

    @cached_property
    def new_capacity(self) -> dict[str, Vector]:
        """Capacity (t/y) of what is built of each project, at every visit, after ramps and delays."""
        found = {project: self.zeros() for project in self.case.projects}
        for (project, year), tpa in self.builds:
            found[project] += self.everywhere(tpa) * self.inputs.usable_share(project, year)
        return found

    @cached_property
    def existing(self) -> dict[str, Vector]:
        """Existing capacity (t/y) of each project, at every visit, before shocks."""
        return {project: self.inputs.existing(project) for project in self.case.projects}

    def with_goods(self, amount: Vector, items: Iterable[str], good: Good) -> Vector:
        """An amount (t) and some items of `operations` of a good, at every visit."""
        for item in items:
            amount = amount + self.goods[item, good]
        return amount

    def factor(self, project: str) -> Vector:
        """Share of the capacity of a project that works, at every visit."""
        return self.inputs.capacity_factor(project)

    def demand(self, good: Good) -> Vector:
        """Demand (t) at every visit, shocks included."""
        return self.inputs.demand(good)


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
    row_key, keys = coded(table, columns)
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


def coded(table: pd.DataFrame, columns: list[str]) -> tuple[Places, list[Any]]:
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


# ---- rules ----------------------------------------------------------------------------------------------------------

Broken = tuple[str, float]
"""(rule, largest relative violation; 0 if it holds)."""
Side = float | NDArray[np.float64]
"""One number, or those of many places at once."""


def at_most(rule: str, left: Side, right: Side) -> Broken:
    """left <= right."""
    with np.errstate(invalid="ignore"):
        over = np.subtract(left, right)
        # Infinite sides make no number of the product, so that they break the rule.
        return _relative(rule, np.maximum(over, 0.0 * over), left, right)


def equal(rule: str, left: Side, right: Side) -> Broken:
    """left = right."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.subtract(left, right))
        return _relative(rule, apart, left, right)


def never(rule: str, amount: Side) -> Broken:
    """Nothing of this may happen."""
    return rule, _largest(np.abs(amount))


def _relative(rule: str, violation: Side, left: Side, right: Side) -> Broken:
    larger = np.maximum(np.abs(left), np.abs(right))
    return rule, _largest(violation / (1.0 + larger))


def _largest(violations: Side) -> float:
    largest = float(np.max(violations, initial=0.0))
    return math.inf if math.isnan(largest) else largest
