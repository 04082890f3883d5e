"""Origins of supply: the table `origins`, on two bases, recomputed from the other tables alone.

Basis `last`: outside supply comes from the origin of its supplier, what plants make from the country of the last plant.
Basis `traced`: what plants take in keeps its origin in proportion. In each country and form what is made, less what is
given, mixes with imports, resold, received and released goods; plants draw on the mixture; what is given has the mixture
of what is made there, what is received that of all that is given in the group; oxide has the origin of its mine; what
returns has that of what went in. Stock has no origin of its own and is called `stock`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.scenario_tree import Vector
from planner.data.stages import CONVERTING, FORMS, OXIDE
from planner.results.scenario_amounts import ScenarioAmounts
from planner.results.schema import IMPORTED, TABLE_COLUMNS
from planner.results.targets import KeptStock, kept_stock, left_over
from planner.thresholds import ROUNDING

STOCK = "stock"
LAST, TRACED = "last", "traced"
ROUNDS, SETTLED = 500, 1e-13
"""Rounds at most, and change of a share at which what returns has brought its origins back often enough."""
Tonnes = NDArray[np.float64]
"""By country, scenario and period."""
Mixtures = NDArray[np.float64]
"""Tonnes by origin, scenario and period, of each country or of one; or shares that sum to 1 where there is anything."""
SupplyKey = tuple[str, str, str, str, str]
"""(group, party, element, form, basis)."""


class YearlyOrigin(NamedTuple):
    """An origin in the supply of a group or party, and what comes from it: expected tonnes and share by year."""

    place: SupplyKey
    origin: str
    tonnes: Vector
    shares: Vector


def yearly_origins(amounts: ScenarioAmounts) -> list[YearlyOrigin]:
    """Expected tonnes and shares by year, of each group and of each party that is not a group, in their order."""
    found: list[YearlyOrigin] = []
    world = World(amounts)
    kept = kept_stock(amounts)
    forms = defaultdict[str, set[str]](set)
    for _, (_, element, form) in amounts.goods.places:
        forms[element].add(form)
    for element in amounts.case.elements:
        flows = {form: FormFlows(world, element, form, kept) for form in FORMS}
        traced = trace(world, element, flows)
        for form in FORMS:
            if form not in forms[element]:
                continue
            for basis, made in ((LAST, world.home), (TRACED, traced[form])):
                for group, party, mixture in _of_all(flows[form], made):
                    found += _yearly(world, (group, party, element, form, basis), mixture)
    return sorted(found, key=itemgetter(0, 1))


@dataclass(frozen=True)
class World:
    """The countries of a case, the groups that they share goods in, and all that anything can come from."""

    amounts: ScenarioAmounts

    @property
    def case(self) -> Case:
        """The case."""
        return self.amounts.case

    @cached_property
    def countries(self) -> list[str]:
        """The countries, in order."""
        return list(self.case.countries)

    @cached_property
    def origins(self) -> list[str]:
        """All that anything can come from, in order."""
        return sorted({*self.countries, *self.amounts.lookups.supplier_origin.values(), STOCK})

    @cached_property
    def groups(self) -> list[str]:
        """The groups, in the order of their first countries."""
        return list(
            dict.fromkeys(self.amounts.lookups.group[country] for country in self.countries)
        )

    @cached_property
    def group(self) -> NDArray[np.intp]:
        """The place of the group of each country."""
        group = self.amounts.lookups.group
        return np.array([self.groups.index(group[country]) for country in self.countries])

    @cached_property
    def home(self) -> Mixtures:
        """Shares of what comes from the country in which it is."""
        shares = self.nothing(len(self.countries))
        for place, country in enumerate(self.countries):
            shares[place, self.origins.index(country)] = 1.0
        return shares

    def nothing(self, *places: int) -> Mixtures:
        """No tonnes of any origin."""
        return np.zeros((*places, len(self.origins), len(self.amounts.node)))


@dataclass(frozen=True)
class FormFlows:
    """Flows of one element in one form: tonnes by country, scenario and period."""

    world: World
    element: str
    form: str
    kept_stock: KeptStock

    def item(self, name: str) -> Tonnes:
        """An item of `operations` (t)."""
        goods = self.world.amounts.goods
        found = [
            goods[name, (country, self.element, self.form)] for country in self.world.countries
        ]
        return np.array(found)

    @cached_property
    def made(self) -> Tonnes:
        """Tonnes that plants make."""
        return self.item("made")

    @cached_property
    def net_given(self) -> Tonnes:
        """Given less received."""
        return self.item("given") - self.item("received")

    @cached_property
    def received(self) -> Tonnes:
        """Tonnes that a country receives beyond what it gives."""
        return np.maximum(-self.net_given, 0.0)

    @cached_property
    def given(self) -> Tonnes:
        """Tonnes that a country gives beyond what it receives."""
        return np.maximum(self.net_given, 0.0)

    @cached_property
    def kept(self) -> Tonnes:
        """Tonnes that a country makes and does not give."""
        return self.made - self.given

    @cached_property
    def left_over(self) -> Tonnes:
        """Tonnes that a country neither uses nor stores of what its plants keep and of what it receives."""
        found = []
        for country in self.world.countries:
            good = country, self.element, self.form
            found.append(left_over(self.world.amounts, good, self.kept_stock))
        return np.minimum(found, self.kept + self.received)

    @cached_property
    def outside(self) -> Mixtures:
        """Imports and resold goods of each country, by origin of the supplier."""
        world = self.world
        origin_of = world.amounts.lookups.supplier_origin
        found = world.nothing(len(world.countries))
        for flow, tonnes in world.amounts.flows:
            is_good = (flow.element, flow.form) == (self.element, self.form)
            if flow.item in IMPORTED and is_good and flow.project in origin_of:
                origin = world.origins.index(origin_of[flow.project])
                found[world.countries.index(flow.country), origin] += tonnes
        return found

    def pools(self, made: Mixtures) -> Mixtures:
        """Shares by origin of all that is given in each group. made: of what each country makes."""
        tonnes = self.world.nothing(len(self.world.groups))
        for place, group in enumerate(self.world.group.tolist()):
            tonnes[group] += self.given[place] * made[place]
        return _shares(tonnes)

    def drawn_on(self, made: Mixtures) -> Mixtures:
        """Shares by origin of what plants and users of each country draw on. made: of what it makes."""
        total = np.maximum(self.kept, 0.0)[:, np.newaxis] * made
        total += self.received[:, np.newaxis] * self.pools(made)[self.world.group]
        total[:, self.world.origins.index(STOCK)] += self.item("released")
        return _shares(total + self.outside)


Flows = Mapping[str, FormFlows]
"""Those of an element, by form."""
Traced = dict[str, Mixtures]
"""Form -> shares by origin of what plants of each country make, or take in."""


def trace(world: World, element: str, flows: Flows) -> Traced:
    """Shares by origin of what each country makes, basis `traced`.

    Forms follow one another, so one round is enough; with returns the mixtures are a fixed point, reached by rounds in
    which what comes back is less each time.
    """
    made: Traced = {}
    taken: Traced = {form: world.nothing(len(world.countries)) for form in FORMS}
    returns = any(row.element == element for row in world.case.tables.returns)
    for _ in range(ROUNDS if returns else 1):
        before = made.copy()
        made[OXIDE] = _oxide_origins(world, element, taken)
        taken[OXIDE] = flows[OXIDE].drawn_on(made[OXIDE])
        for stage in CONVERTING:
            made[stage.gives] = taken[stage.takes]
            taken[stage.gives] = flows[stage.gives].drawn_on(made[stage.gives])
        if before and all(np.abs(made[form] - before[form]).max() <= SETTLED for form in made):
            break
    return made


def _oxide_origins(world: World, element: str, taken: Traced) -> Mixtures:
    """Shares by origin of the oxide that separation plants of each country make: of its mines, and of what returned."""
    feeds = _feed_origins(world, element, taken)
    total = world.nothing(len(world.countries))
    for flow, tonnes in world.amounts.flows:
        if (flow.item, flow.element, flow.form) == ("made", element, OXIDE):
            feed = world.amounts.lookups.group[flow.country], flow.feed
            if feed in feeds:
                total[world.countries.index(flow.country)] += tonnes * feeds[feed]
    return _shares(total)


def _feed_origins(world: World, element: str, taken: Traced) -> dict[tuple[str, str], Mixtures]:
    """(group, feed) -> shares by country of its mines, and by origin of what returned."""
    amounts, lookups = world.amounts, world.amounts.lookups
    tonnes: dict[tuple[str, str], Mixtures] = defaultdict(world.nothing)
    for project, row in world.case.projects.items():
        group, place = lookups.group[row.country], world.countries.index(row.country)
        stage = lookups.stage_of(project)
        if stage.mines:
            mined = amounts.taken(project, feed=row.feeds[0])
            tonnes[group, row.feeds[0]] += mined * world.home[place]
        elif stage.converts:
            for (of, feed), share in lookups.returned[project].items():
                if of == element:
                    returned = share * amounts.taken(project, element=element)
                    tonnes[group, feed] += returned * taken[stage.takes][place]
    return {feed: _shares(amounts) for feed, amounts in tonnes.items()}


def _shares(tonnes: Mixtures) -> Mixtures:
    """Shares by origin of what is there in all, 0 where that is nothing."""
    return _share(tonnes, tonnes.sum(axis=-2, keepdims=True))


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """A part of a whole, 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > ROUNDING)


# ---- who has it -----------------------------------------------------------------------------------------------------


def _of_all(flows: FormFlows, made: Mixtures) -> Iterator[tuple[str, str, Mixtures]]:
    """(group, '', tonnes by origin) of each group, and ('', party, ..) of each party whose countries are no group."""
    world = flows.world
    parties = defaultdict[str, list[int]](list)
    for place, country in enumerate(world.countries):
        parties[world.amounts.lookups.party[country]].append(place)
    groups = [np.flatnonzero(world.group == number).tolist() for number in range(len(world.groups))]
    for name, places in zip(world.groups, groups, strict=True):
        yield name, "", _of_group(flows, places, made)
    pools = flows.pools(made)
    for party, places in parties.items():
        if places not in groups:
            yield "", party, _of_party(flows, places, made, pools)


def _of_group(flows: FormFlows, places: list[int], made: Mixtures) -> Mixtures:
    """Tonnes by origin: imports, resold goods and output, of which what is left over, or given and received by nobody, is
    spread over its makers."""
    left = (flows.left_over + flows.net_given)[places].sum(axis=0)
    kept = np.clip(1.0 - _share(left, flows.made[places].sum(axis=0)), 0.0, 1.0)
    total = flows.world.nothing()
    for place in places:
        total += flows.outside[place]
        total += kept * flows.made[place] * made[place]
    return total


def _of_party(flows: FormFlows, places: list[int], made: Mixtures, pools: Mixtures) -> Mixtures:
    """The mixture of origins of countries that have what their plants keep and what they receive.

    pools: of what is given, by group.
    """
    total = flows.world.nothing()
    for place in places:
        there = flows.kept[place] + flows.received[place]
        part = np.clip(1.0 - _share(flows.left_over[place], there), 0.0, 1.0)
        total += flows.outside[place]
        total += part * flows.kept[place] * made[place]
        total += part * flows.received[place] * pools[flows.world.group[place]]
    return total


def _yearly(world: World, place: SupplyKey, mixture: Mixtures) -> Iterator[YearlyOrigin]:
    """Expected tonnes of each origin by year, and their share of the year's."""
    amounts = world.amounts
    size = len(amounts.case.years)
    expected = np.zeros((len(world.origins), size))
    for number, tonnes in enumerate(mixture):
        weights = amounts.weights * tonnes
        expected[number] = np.bincount(amounts.year_places, weights, minlength=size)
    shares = _shares(expected)
    for number in np.flatnonzero(mixture.any(axis=1)).tolist():
        yield YearlyOrigin(place, world.origins[number], expected[number], shares[number])


def origins_table(case: Case, found: Sequence[YearlyOrigin]) -> pd.DataFrame:
    """The table, in the order of its keys; years in which nothing comes from an origin have no row."""
    shape = (-1, len(case.years))
    tonnes = np.array([row.tonnes for row in found]).reshape(shape)
    shares = np.array([row.shares for row in found]).reshape(shape)
    years, rows = np.nonzero(tonnes.T > ROUNDING)
    columns: dict[str, Any] = {"year": years + case.first_year}
    names = ("group", "party", "element", "form", "basis", "origin")
    for place, name in enumerate(names):
        texts = [(*row.place, row.origin)[place] for row in found]
        columns[name] = pd.array(texts, dtype="str").take(rows)
    columns |= {"tonnes": tonnes[rows, years], "share": shares[rows, years]}
    return pd.DataFrame(columns, columns=list(TABLE_COLUMNS["origins"]))
