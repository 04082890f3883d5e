"""What follows from the tables of a case, for questions to hold figures and names against.

Tonnes of every year of the horizon stand in one array.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from planner.cells import begin_of, conditions, end_of, matching
from planner.data.case import Case
from planner.data.change import MODEL
from planner.data.lookups import Good
from planner.data.schema import Hazard, Project
from planner.data.stages import FORMS, STAGES

K = TypeVar("K")
Vector = NDArray[np.float64]
ByGood = dict[Good, Vector]
Posts = Mapping[tuple[str, str], float]
"""Country, skill -> persons."""
LEAST_USE = 1e-9
"""Capacity (t/t) that a feed without a counted element is taken to use."""


class CaseFacts:
    """A case, and what follows from its tables; each is computed when it is first looked at."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.tables = case.tables
        self._rows: dict[tuple[str, str], Sequence[Any]] = {}

    def rows(self, table: str, where: str = "") -> Sequence[Any]:
        """Rows of a table that are meant, as in a study file; of `model` one with all its keys."""
        if (table, where) not in self._rows:
            rows: Sequence[Any] = [SimpleNamespace(line=0, **self.case.model.flat())]
            if table != MODEL:
                rows = self.tables.rows(table)
            if where:
                rows = [rows[place] for place in matching(rows, conditions(where))]
            self._rows[table, where] = rows
        return self._rows[table, where]

    # ---- goods -------------------------------------------------------------------------------------------------------

    def _zeros(self) -> Vector:
        return np.zeros(len(self.case.years))

    def _by_good(self, tonnes: Mapping[Any, float]) -> ByGood:
        """Tonnes by good, of all suppliers together."""
        by_good: ByGood = defaultdict(self._zeros)
        for (*_, country, element, form, year), figure in tonnes.items():
            by_good[country, element, form][year - self.case.first_year] += figure
        return dict(by_good)

    @cached_property
    def used(self) -> ByGood:
        """Tonnes that are used."""
        return self._by_good(self.case.demand)

    @cached_property
    def bought(self) -> ByGood:
        """Tonnes that suppliers sell."""
        return self._by_good(self.case.lookups.import_limit)

    @cached_property
    def _most_used(self) -> dict[Good, float]:
        """Most tonnes of a good that are used in a year; of all countries together where none is named."""
        totals: ByGood = defaultdict(self._zeros)
        for (country, element, form), tonnes in self.used.items():
            totals[country, element, form] += tonnes
            totals["", element, form] += tonnes
        return {good: float(tonnes.max()) for good, tonnes in totals.items()}

    def most_used(self, country: str, element: str, from_form: str) -> float:
        """Most (t/y) that a country, or all for no name, use of an element in a form and in later ones."""
        later = FORMS[FORMS.index(from_form) :]
        return sum(self._most_used.get((country, element, form), 0.0) for form in later)

    @cached_property
    def made_into_more(self) -> set[Good]:
        """Goods that plants of a country turn into something that somebody uses, as it is or made into more."""
        goods: set[Good] = set()
        for row in self.tables.projects:
            stage = STAGES[row.stage]
            for element in self.case.elements if stage.converts else ():
                if self.most_used("", element, stage.gives) > 0:
                    goods.add((row.country, element, stage.takes))
        return goods

    # ---- plants ------------------------------------------------------------------------------------------------------

    @cached_property
    def share_of_new(self) -> dict[str, Vector]:
        """Project -> largest share of its new capacity that can be in use."""
        shares: dict[str, Vector] = {}
        for name in self.case.projects:
            committed = self.case.lookups.commitment_years(name).start
            schedule = self.case.lookups.schedules[name]
            usable = [schedule.output_share(year - committed) for year in self.case.years]
            shares[name] = np.maximum.accumulate(usable)
        return shares

    @cached_property
    def capacity(self) -> dict[str, Vector]:
        """Project -> largest capacity (t/y) that can be in use."""
        capacity: dict[str, Vector] = {}
        for name, row in self.case.projects.items():
            existing = [self.case.lookups.existing_tpa(name, year) for year in self.case.years]
            capacity[name] = np.array(existing) + row.max_new_tpa * self.share_of_new[name]
        return capacity

    def use(self, row: Project, feed: str) -> float:
        """Capacity (t/t) that a feed uses in a plant, above 0."""
        return max(self.case.lookups.capacity_use(row.project, feed), LEAST_USE)

    def yields(self, row: Project) -> Iterator[dict[str, float]]:
        """Element -> tonnes that a tonne of capacity gives or saves, of each thing that it can be used for."""
        case = self.case
        stage = STAGES[row.stage]
        if stage.saves:
            saved: dict[str, float] = defaultdict(float)
            for (_, element, _), saving in case.lookups.savings[row.project].items():
                saved[element] += saving.tonnes
            yield saved
        elif stage.converts:
            for element in case.elements:
                yield {element: case.lookups.recovery(row.project, element)}
        for feed in row.feeds:
            use = self.use(row, feed)
            contents: dict[str, float] = {}
            for element, share in case.lookups.feed_shares.get(feed, {}).items():
                if share > 0:
                    kept = case.lookups.recovery(row.project, element) if stage.separates else 1.0
                    contents[element] = share * kept / use
            yield contents

    def most_given(self, row: Project) -> dict[str, float]:
        """Element -> most tonnes that a tonne of capacity gives."""
        return _most(item for contents in self.yields(row) for item in contents.items())

    @cached_property
    def mined(self) -> dict[str, float]:
        """Feed -> most (t/y) that mines can give; 0 of what plants alone give back."""
        mines = self.rows("projects", "stage=mine")
        returned = ((row.feed, 0.0) for row in self.tables.returns)
        return _sums(chain(returned, ((row.feeds[0], row.largest_tpa) for row in mines)))

    @cached_property
    def taken(self) -> dict[str, float]:
        """Feed -> most (t/y) that plants can take of it."""
        plants = self.rows("projects", "stage=separation")
        return _sums(
            (feed, row.largest_tpa / self.use(row, feed)) for row in plants for feed in row.feeds
        )

    def made(self, group: Mapping[str, str]) -> ByGood:
        """Group, element, form -> tonnes that plants of a group of countries could make at most, of what these mine and
        can have. group: that of each country."""
        had = {
            (group[good[0]], *good[1:]) for good in (*self.bought, *self.case.lookups.stockpiles)
        }
        made: ByGood = defaultdict(self._zeros)
        for stage in STAGES.values():
            most: dict[tuple[str, str], Vector] = defaultdict(self._zeros)
            for row in self.tables.projects:
                if row.stage == stage.name:
                    for element, tonnes in self.most_given(row).items():
                        most[group[row.country], element] += tonnes * self.capacity[row.project]
            for (of_group, element), together in most.items():
                taken = (of_group, element, stage.takes)
                if stage.separates:
                    together = np.minimum(together, made[taken])
                elif stage.converts and taken not in had:
                    together = together * (made[taken] > 0)
                made[of_group, element, stage.gives] += together
        return made

    # ---- people and money --------------------------------------------------------------------------------------------

    def _posts(self, tonnes: Callable[[Project], float]) -> Posts:
        """Persons that plants need to make so many tonnes each."""
        return _sums(
            ((row.country, skill), persons * tonnes(row))
            for row in self.tables.projects
            for skill, persons in self.case.lookups.staffing[row.project].items()
        )

    @cached_property
    def posts(self) -> Posts:
        """Persons that all plants would need, built as large as they may be."""
        return self._posts(lambda row: row.largest_tpa)

    @cached_property
    def first_posts(self) -> Posts:
        """Persons that what exists in the first year needs."""
        return self._posts(
            lambda row: self.case.lookups.existing_tpa(row.project, self.case.first_year)
        )

    @cached_property
    def decks(self) -> Mapping[str, list[float]]:
        """Element or by-product -> prices (USD/kg) at which it may be sold."""
        decks: dict[str, list[float]] = defaultdict(list)
        for row in self.tables.prices:
            decks[row.element].append(row.price_usd_per_kg)
        return decks

    @cached_property
    def budgets(self) -> dict[str, float]:
        """Funder -> all its money (MUSD)."""
        return _sums((row.funder, row.musd) for row in self.tables.budgets)

    @cached_property
    def capital(self) -> float:
        """Public money (MUSD) that all plants that may be built take."""
        plants = self.tables.projects
        return sum(row.max_new_tpa * self.case.lookups.public_capex(row.project) for row in plants)

    # ---- dangers -----------------------------------------------------------------------------------------------------

    @property
    def are_drawn(self) -> bool:
        """Scenarios were drawn from hazards."""
        return bool(self.tables.draws) or "draws" in self.case.origin.places

    @cached_property
    def events(self) -> list[list[Hazard]]:
        """Hazards that happen together, first the one that says when."""
        events: dict[str, list[Hazard]] = defaultdict(list)
        for row in self.tables.hazards:
            events[row.event or row.hazard].append(row)
        return list(events.values())

    def period(self, first: Any, last: Any) -> tuple[int, int]:
        """Years with which something begins and ends; blank ends are those of the horizon."""
        begin = self.case.first_year if first is None else begin_of(first)[0]
        end = self.case.last_year if last is None else end_of(last)[0]
        return begin, end


def _sums(amounts: Iterable[tuple[K, float]]) -> dict[K, float]:
    """Key -> sum of its amounts; 0 for others."""
    sums: dict[K, float] = defaultdict(float)
    for key, amount in amounts:
        sums[key] += amount
    return sums


def _most(amounts: Iterable[tuple[K, float]]) -> dict[K, float]:
    """Key -> the largest of its amounts."""
    most: dict[K, float] = {}
    for key, amount in amounts:
        most[key] = max(amount, most.get(key, amount))
    return most
