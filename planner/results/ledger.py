"""Result tables as arrays, for the verifier: by what a number is of, scenario and period. Absent rows are zero.

And how far a rule is broken, relative to the size of its two sides. What is not a number breaks every rule.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import Quarter
from planner.data.scenario_tree import Tree, Vector, scenario_tree
from planner.data.shock_effects import Period, year_of
from planner.data.stages import CONVERTING, FORMS, STAGES
from planner.results.schema import IMPORTED, RETURNED, SAVED

Places = NDArray[np.intp]
CONVERTED = tuple(stage.item for stage in CONVERTING)
"""Items of `operations` that plants take in of a form."""
OF_GOODS = (*CONVERTED, SAVED, "made", *IMPORTED, "given", "received", "released", "bought")
"""Items of `operations` that are of an element."""
OF_NO_ELEMENT = (*(stage.item for stage in STAGES.values() if not stage.converts), RETURNED)
"""Items of `operations` that are of a feed, or of a saving."""


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
        out: dict[Any, Vector] = {}
        for key, values in self:
            if (of := part(key)) is not None:
                out[of] = out[of] + values if of in out else values
        places = {key: i for i, key in enumerate(out)}
        return Amounts(places, np.array(list(out.values())).reshape(-1, self.values.shape[1]))


@dataclass(frozen=True)
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
        shape = (len(self.places), self.size)
        at = self.key * self.size + self.column
        sums = np.bincount(at, self.stated(name), minlength=shape[0] * shape[1])
        return Amounts(self.places, sums.astype(float).reshape(shape))

    def of(self, expected: Callable[[Any], Vector]) -> Vector:
        """What should stand at each place, given by key."""
        values = np.array([expected(key) for key in self.places]).reshape(-1, self.size)
        return np.asarray(values[self.key, self.column])


class Ledger:
    """What the tables say. A visit is a scenario in a period; vectors are over visits, in the order of both, or over
    scenarios."""

    def __init__(self, case: Case, tables: Mapping[str, pd.DataFrame]) -> None:
        self.case, self.tables = case, tables

    # ---- when ------------------------------------------------------------------------------------

    @cached_property
    def tree(self) -> Tree:
        """The histories of the case."""
        return scenario_tree(self.case)

    @cached_property
    def node(self) -> Places:
        """The node of each visit."""
        return np.array([self.tree.path_of(w) for w in self.case.scenarios], dtype=np.intp).ravel()

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
    def years(self) -> NDArray[np.int64]:
        """The year of each visit."""
        return np.tile([year_of(period) for period in self.tree.periods], len(self.case.scenarios))

    def at(self, by_node: Vector) -> Vector:
        """What is known of nodes, at each visit."""
        return by_node[self.node]

    def whole(self, by_visit: NDArray[Any]) -> NDArray[Any]:
        """The same (scenarios, periods)."""
        return by_visit.reshape(-1, len(self.tree.periods))

    def everywhere(self, by_scenario: Vector) -> Vector:
        """What is known of scenarios, at each visit."""
        return np.repeat(by_scenario, len(self.tree.periods))

    # ---- tables ----------------------------------------------------------------------------------

    @cached_property
    def operations(self) -> Placed:
        """By (item, country, project, feed, element, form)."""
        return self._by_visit(
            "operations", ("item", "country", "project", "feed", "element", "form"), self._is_flow
        )

    @cached_property
    def shortfall(self) -> Placed:
        """By good."""
        return self._by_visit("shortfall", ("country", "element", "form"), self._is_good)

    @cached_property
    def stocks(self) -> Placed:
        """By good."""
        return self._by_visit(
            "stocks", ("country", "element", "form"), self.case.stockpiles.__contains__
        )

    @cached_property
    def workforce(self) -> Placed:
        """By (country, skill)."""
        return self._by_visit("workforce", ("country", "skill"), self.case.workforce.__contains__)

    @cached_property
    def capacity(self) -> Placed:
        """By (project,)."""
        return self._by_visit("capacity", ("project",), lambda key: key[0] in self.case.projects)

    @cached_property
    def investments(self) -> Placed:
        """By (project, year)."""
        return self._by_scenario(
            "investments", ("project", "year"), lambda key: key[0] in self.case.projects
        )

    @cached_property
    def training(self) -> Placed:
        """By (programme, year)."""
        return self._by_scenario("training", ("programme", "year"), lambda _: True)

    @cached_property
    def spending(self) -> Placed:
        """By (funder, country, item, year, quarter or 0)."""
        columns = ("funder", "country", "item", "year", "quarter")
        return self._by_scenario("spending", columns, lambda key: key[1] in self.case.countries)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """All tables of rows with a place."""
        material = (self.operations, self.shortfall, self.stocks, self.capacity)
        return (*material, self.workforce, self.investments, self.training, self.spending)

    def _is_flow(self, key: tuple[str, ...]) -> bool:
        item, country, _, _, element, form = key
        if item in OF_NO_ELEMENT:
            return country in self.case.countries and (element, form) == ("", "")
        return item in OF_GOODS and self._is_good((country, element, form))

    def _is_good(self, key: tuple[str, ...]) -> bool:
        country, element, form = key
        return country in self.case.countries and element in self.case.elements and form in FORMS

    def _by_visit(self, name: str, columns: Sequence[str], known: Callable[[Any], bool]) -> Placed:
        table = self.tables[name]
        scenarios = {w: i for i, w in enumerate(self.case.scenarios)}
        dated = [
            (p.year, p.quarter) if isinstance(p, Quarter) else (p, 0) for p in self.tree.periods
        ]
        periods = {date: i for i, date in enumerate(dated)}
        scenario, named = coded([table["scenario"]])
        when, dates = coded([table["year"], _quarter(table)])
        row_scenario = np.array([scenarios.get(w, -1) for (w,) in named], dtype=np.intp)[scenario]
        row_period = np.array([periods.get(date, -1) for date in dates], dtype=np.intp)[when]
        visit = np.where(
            (row_scenario < 0) | (row_period < 0), -1, row_scenario * len(periods) + row_period
        )
        return _place(
            table, columns, known, np.arange(len(table)), visit, len(scenarios) * len(periods)
        )

    def _by_scenario(
        self, name: str, columns: Sequence[str], known: Callable[[Any], bool]
    ) -> Placed:
        table = self.tables[name]
        scenarios = {w: i for i, w in enumerate(self.case.scenarios)}
        text, texts = coded([table["scenarios"]])
        wheres = [
            [scenarios.get(w, -1) for w in members(cell, tuple(scenarios))] for (cell,) in texts
        ]
        row = np.repeat(np.arange(len(table)), [len(wheres[i]) for i in text.tolist()])
        where = np.array([w for i in text.tolist() for w in wheres[i]], dtype=np.intp)
        return _place(table, columns, known, row, where, len(scenarios))

    # ---- what follows ----------------------------------------------------------------------------

    @cached_property
    def flows(self) -> Amounts:
        """t by (item, country, project, feed, element, form)."""
        return self.operations.amounts("tonnes")

    @cached_property
    def goods(self) -> Amounts:
        """t by (item, country, element, form)."""
        return self.flows.by(lambda key: (*key[:2], *key[4:]) if key[4] else None)

    @cached_property
    def short(self) -> Amounts:
        """t not met, by good."""
        return self.shortfall.amounts("tonnes")

    @cached_property
    def people(self) -> dict[str, Amounts]:
        """`staff`, `hired`, `lent` and `borrowed`: persons by (country, skill)."""
        return {
            name: self.workforce.amounts(name) for name in ("staff", "hired", "lent", "borrowed")
        }

    @cached_property
    def builds(self) -> Amounts:
        """t/y by (project, year), for each scenario."""
        return self.investments.amounts("tpa")

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
        return {p: sum(self._taken(p), np.zeros(len(self.node))) for p in self.case.projects}

    def _taken(self, p: str) -> Iterator[Vector]:
        row = self.case.projects[p]
        stage, country = self.case.stage_of(p), row.country
        if stage.converts:
            yield from (
                self.flows[stage.item, country, p, "", e, stage.takes] for e in self.case.elements
            )
        elif stage.mines:
            yield self.flows[stage.item, country, p, row.feeds[0], "", ""]
        elif stage.saves:
            yield self.flows[stage.item, country, p, "", "", ""]
        else:
            yield from (
                self.case.capacity_use(p, f) * self.flows[stage.item, country, p, f, "", ""]
                for f in row.feeds
            )

    @cached_property
    def new_capacity(self) -> dict[str, Vector]:
        """Capacity (t/y) of what is built of each project, at every visit, after ramps and delays."""
        out = {p: np.zeros(len(self.node)) for p in self.case.projects}
        for (p, year), tpa in self.builds:
            out[p] += self.everywhere(tpa) * self.at(self.tree.usable_shares(p, year))
        return out


def _place(
    table: pd.DataFrame,
    columns: Sequence[str],
    known: Callable[[Any], bool],
    row: Places,
    where: Places,
    size: int,
) -> Placed:
    """row, where: rows of the table and columns of `Amounts` (-1: none) that they stand at."""
    code, keys = coded([_quarter(table) if name == "quarter" else table[name] for name in columns])
    rank = np.full(len(keys), -1, dtype=np.intp)
    kept = [i for i, key in enumerate(keys) if known(key)]
    rank[kept] = np.arange(len(kept))
    key = rank[code][row]
    sound = (key >= 0) & (where >= 0)
    places = {keys[i]: j for j, i in enumerate(kept)}
    return Placed(table, row[sound], key[sound], where[sound], places, size, int(np.sum(~sound)))


def _quarter(table: pd.DataFrame) -> Places:
    """The column `quarter`, 0 where blank."""
    return np.asarray(table["quarter"].astype("Int64").fillna(0), dtype=np.intp)


def coded(columns: Sequence[Any]) -> tuple[Places, list[Any]]:
    """Columns of a table -> for each row the place of its key, and the keys in the order in which they appear."""
    code, uniques = np.zeros(len(columns[0]), dtype=np.intp), list[list[Any]]()
    for column in columns:
        codes, unique = pd.factorize(column, use_na_sentinel=False)
        code = code * max(len(unique), 1) + codes
        uniques.append(unique.tolist())
    found, first, places = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    keys = []
    for number in found[order].tolist():
        parts: list[Any] = []
        for unique in reversed(uniques):
            number, place = divmod(number, len(unique))
            parts.append(unique[place])
        keys.append(tuple(reversed(parts)))
    return np.asarray(rank[places], dtype=np.intp), keys


def members(text: str, everyone: tuple[str, ...]) -> tuple[str, ...]:
    """Scenarios named by a `scenarios` cell: `all`, or ids joined by `;`."""
    return everyone if text == "all" else tuple(text.split(";"))


def rows(table: pd.DataFrame) -> Any:
    """Rows as named tuples, untyped."""
    # Several times faster than itertuples, which takes texts out of their arrays one by one.
    row = namedtuple("row", list(table.columns))  # type: ignore[misc]
    return map(row._make, zip(*(table[column].tolist() for column in table.columns), strict=True))


# ---- rules ----------------------------------------------------------------------------------------------------------

Broken = tuple[str, float]
"""(rule, largest relative violation; 0 if it holds)."""
Side = float | NDArray[np.float64]
"""One number, or those of many places at once."""


def at_most(rule: str, left: Side, right: Side) -> Broken:
    """left <= right."""
    with np.errstate(invalid="ignore"):
        over = np.subtract(left, right)
        return rule, _largest(
            np.maximum(over, 0.0 * over) / (1.0 + np.maximum(np.abs(left), np.abs(right)))
        )


def equal(rule: str, left: Side, right: Side) -> Broken:
    """left = right."""
    with np.errstate(invalid="ignore"):
        return rule, _largest(
            np.abs(np.subtract(left, right)) / (1.0 + np.maximum(np.abs(left), np.abs(right)))
        )


def never(rule: str, amount: Side) -> Broken:
    """Nothing of this may happen."""
    return rule, _largest(np.abs(amount))


def _largest(violations: Side) -> float:
    largest = float(np.max(violations, initial=0.0))
    return math.inf if math.isnan(largest) else largest
