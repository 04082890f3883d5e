"""The amounts of a plan: what is done, bought, lacking and paid, by key and node, in arrays.

A solution makes them (`planner.solving.solution_amounts`) or the tables of a run (`planner.results.reader`), and they are
the same either way: keys stand in one order, and of what may be nothing those alone that are something somewhere. All that
is told of a plan is a function of its case and of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results.schema import PAID_ITEMS, RETURNED, SAVED

OF_GOODS = ("given", "received", "released", "bought", "imported", "resold")
"""Items of `operations` that are of no plant, in the order of the table."""


class FlowKey(NamedTuple):
    """What a flow of `operations` is of; project: or supplier. Cells that an item does not have are blank."""

    country: str
    item: str
    project: str = ""
    feed: str = ""
    element: str = ""
    form: str = ""

    @property
    def good(self) -> Good:
        """The element and form, in the country."""
        return self.country, self.element, self.form


class Payment(NamedTuple):
    """A funder's row of the table `payments` (MUSD, expected, not discounted)."""

    funder: str
    budget_musd: float
    paid_musd: float
    least_musd: float
    most_musd: float


@dataclass(frozen=True, eq=False)
class Amounts:
    """Numbers by key: `values` is (keys, places); a place is a node, a scenario or a visit of one by the other. The same
    are those with the same keys in their order, and the same numbers to the last bit."""

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
        return amounts_of(sums, self.values.shape[1])

    def at(self, places: NDArray[np.intp]) -> Amounts:
        """The numbers at some places."""
        return Amounts(self.places, self.values[:, places])

    def something(self) -> Amounts:
        """Of the keys those alone that are not nothing everywhere."""
        kept = np.flatnonzero(self.values.any(axis=1))
        if len(kept) == len(self.places):
            return self
        every = list(self.places)
        keys = [every[place] for place in kept.tolist()]
        return Amounts(_numbered(keys), self.values[kept])

    def in_order(self, rank: Callable[[Any], Any]) -> Amounts:
        """With keys sorted."""
        keys = sorted(self.places, key=rank)
        order = np.array([self.places[key] for key in keys], dtype=np.intp)
        return Amounts(_numbered(keys), self.values[order])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Amounts) or list(self.places) != list(other.places):
            return False
        return np.array_equal(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]


def amounts_of(vectors: Mapping[Any, Vector], size: int) -> Amounts:
    """Amounts of vectors (size) by key."""
    values = np.array(list(vectors.values()), dtype=float).reshape(-1, size)
    return Amounts(_numbered(vectors), values)


def _numbered(keys: Iterable[Any]) -> dict[Any, int]:
    return {key: place for place, key in enumerate(keys)}


# ---- the order of keys ----------------------------------------------------------------------------------------------


def flow_order(case: Case) -> Callable[[FlowKey], Any]:
    """The place of a flow in the table `operations`: plants in their order, each with what it takes of every feed or
    element and what it makes of it; then goods by country, with what is exchanged, stored and imported of each."""
    plants = _numbered(case.projects)
    elements = _numbered(case.elements)
    by_name = _numbered(sorted(elements))
    items = _numbered(OF_GOODS)

    def rank(flow: FlowKey) -> Any:
        if flow.item in items:
            return 1, flow.good, items[flow.item], flow.project
        plant = plants.get(flow.project, len(plants))
        # Feeds and savings are sorted by name, as their tables are.
        within = by_name if flow.feed or flow.item == SAVED else elements
        place = within.get(flow.element, -1)
        is_back, is_output = flow.item == RETURNED, flow.item == "made"
        return 0, plant, is_back, flow.feed, place, is_output, flow

    return rank


def spending_order(case: Case) -> Callable[[tuple[str, str, str]], Any]:
    """The place of (funder, country, item) in the table `spending`, at one account."""
    funders = _numbered(case.lookups.reach)
    items = _numbered(PAID_ITEMS)

    def rank(key: tuple[str, str, str]) -> Any:
        funder, country, item = key
        return country, funders.get(funder, len(funders)), items.get(item, len(items))

    return rank
