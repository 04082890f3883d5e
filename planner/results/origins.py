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
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.scenario_tree import Vector
from planner.data.stages import CONVERTING, FORMS, OXIDE
from planner.results.schema import IMPORTED, TABLE_COLUMNS
from planner.results.targets import KeptStock, kept_stock, left_over
from planner.results.visits import AtVisits
from planner.thresholds import ROUNDING

STOCK = "stock"
LAST, TRACED = "last", "traced"
ROUNDS, SETTLED = 500, 1e-13
"""Rounds at most, and change of a share at which what returns has brought its origins back often enough."""
TAKEN_FOR = {stage.gives: stage.takes for stage in CONVERTING}
"""Form that plants make -> the form that they take in."""
Mixture = NDArray[np.float64]
"""Tonnes by origin and visit, or shares that sum to 1 where there is anything."""
Place = tuple[str, str]
"""(country, form), or (group, feed)."""
SupplyKey = tuple[str, str, str, str, str]
"""(group, party, element, form, basis)."""


class YearlyOrigin(NamedTuple):
    """An origin in the supply of a group or party, and what comes from it: expected tonnes and share by year."""

    place: SupplyKey
    origin: str
    tonnes: Vector
    shares: Vector


def yearly_origins(visits: AtVisits) -> list[YearlyOrigin]:
    """Expected tonnes and shares by year, of each group and of each party that is not a group, in their order."""
    found: list[YearlyOrigin] = []
    kept = kept_stock(visits)
    for element in visits.case.elements:
        flows = ElementFlows(visits, element, kept)
        made_of = {LAST: _of_last_plant(flows), TRACED: trace(flows)}
        for form in flows.forms:
            for basis, made in made_of.items():
                for group, party, mixture in _of_all(flows, form, made):
                    place = (group, party, element, form, basis)
                    found += _yearly(flows, place, mixture)
    return sorted(found, key=itemgetter(0, 1))


@dataclass(frozen=True)
class ElementFlows:
    """Flows of one element, at every visit."""

    visits: AtVisits
    element: str
    kept_stock: KeptStock

    @property
    def case(self) -> Case:
        """The case."""
        return self.visits.case

    @cached_property
    def forms(self) -> list[str]:
        """Forms in which anything of the element flows."""
        there = {
            form for _, (_, element, form) in self.visits.goods.places if element == self.element
        }
        return [form for form in FORMS if form in there]

    @property
    def places(self) -> Iterator[Place]:
        """Every country with every form."""
        return product(self.case.countries, FORMS)

    @cached_property
    def origins(self) -> list[str]:
        """All that anything can come from, in order."""
        return sorted({*self.case.countries, *self.case.lookups.supplier_origin.values(), STOCK})

    def nothing(self) -> Mixture:
        """No tonnes of any origin."""
        return np.zeros((len(self.origins), len(self.visits.node)))

    def all_of(self, origin: str) -> Mixture:
        """Shares of what comes from one origin."""
        shares = self.nothing()
        shares[self.origins.index(origin)] = 1.0
        return shares

    def item(self, name: str, country: str, form: str) -> Vector:
        """An item of `operations` (t)."""
        return self.visits.goods[name, (country, self.element, form)]

    @cached_property
    def net_given(self) -> dict[Place, Vector]:
        """Given less received (t)."""
        found = {}
        for place in self.places:
            found[place] = self.item("given", *place) - self.item("received", *place)
        return found

    def given(self, country: str, form: str) -> Vector:
        """Tonnes that a country gives beyond what it receives."""
        return np.maximum(self.net_given[country, form], 0.0)

    def received(self, country: str, form: str) -> Vector:
        """Tonnes that a country receives beyond what it gives."""
        return np.maximum(-self.net_given[country, form], 0.0)

    def kept(self, country: str, form: str) -> Vector:
        """Tonnes that a country makes and does not give."""
        return self.item("made", country, form) - self.given(country, form)

    @cached_property
    def outside(self) -> dict[Place, Mixture]:
        """Imports and resold goods (t) by origin of the supplier."""
        found = {place: self.nothing() for place in self.places}
        origin_of = self.case.lookups.supplier_origin
        for flow, tonnes in self.visits.flows:
            is_of_element = flow.element == self.element and flow.project in origin_of
            if flow.item in IMPORTED and is_of_element:
                place = self.origins.index(origin_of[flow.project])
                found[flow.country, flow.form][place] += tonnes
        return found

    @cached_property
    def separated(self) -> dict[str, list[tuple[str, Vector]]]:
        """Country -> feed and oxide made of it (t), of each plant."""
        found = defaultdict[str, list[tuple[str, Vector]]](list)
        for flow, tonnes in self.visits.flows:
            if (flow.item, flow.element, flow.form) == ("made", self.element, OXIDE):
                found[flow.country].append((flow.feed, tonnes))
        return found

    def taken(self, project: str) -> Vector:
        """Tonnes that a metal or magnet plant takes in."""
        return self.visits.taken(project, element=self.element)

    def left_over(self, country: str, form: str) -> Vector:
        """Tonnes that a country neither uses nor stores of what its plants keep and of what it receives."""
        left = left_over(self.visits, (country, self.element, form), self.kept_stock)
        return np.minimum(left, self.kept(country, form) + self.received(country, form))


MadeOf = dict[Place, Mixture]
"""(country, form) -> shares by origin of what its plants make."""


def trace(flows: ElementFlows) -> MadeOf:
    """Shares by origin of what each country makes, basis `traced`.

    Forms follow one another, so one round is enough; with returns the mixtures are a fixed point, reached by rounds in
    which what comes back is less each time.
    """
    made: MadeOf = {}
    taken: MadeOf = {place: flows.nothing() for place in flows.places}
    returns = any(row.element == flows.element for row in flows.case.tables.returns)
    for _ in range(ROUNDS if returns else 1):
        before = made.copy()
        feeds = _feed_origins(flows, taken)
        for form in FORMS:
            for country in flows.case.countries:
                if form == OXIDE:
                    made[country, form] = _oxide_origins(flows, country, feeds)
                else:
                    made[country, form] = taken[country, TAKEN_FOR[form]]
            taken |= _mixtures(flows, form, made)
        if before and all(np.abs(made[place] - before[place]).max() <= SETTLED for place in made):
            break
    return made


def _of_last_plant(flows: ElementFlows) -> MadeOf:
    """Plants of a country make goods that come from that country."""
    return {(country, form): flows.all_of(country) for country, form in flows.places}


def _feed_origins(flows: ElementFlows, taken: MadeOf) -> dict[Place, Mixture]:
    """(group, feed) -> shares by country of its mines, and by origin of what returned."""
    case = flows.case
    tonnes: dict[Place, Mixture] = defaultdict(flows.nothing)
    for project, row in case.projects.items():
        group = case.lookups.group[row.country]
        stage = case.lookups.stage_of(project)
        if stage.mines:
            feed = row.feeds[0]
            mined = flows.visits.taken(project, feed=feed)
            tonnes[group, feed] += mined * flows.all_of(row.country)
        elif stage.converts:
            for (element, feed), share in case.lookups.returned[project].items():
                if element == flows.element:
                    returned = share * flows.taken(project)
                    tonnes[group, feed] += returned * taken[row.country, stage.takes]
    return {place: _shares(amounts) for place, amounts in tonnes.items()}


def _oxide_origins(flows: ElementFlows, country: str, feeds: Mapping[Place, Mixture]) -> Mixture:
    """Shares by origin of the oxide that a country's separation plants make."""
    group = flows.case.lookups.group[country]
    total = flows.nothing()
    for feed, tonnes in flows.separated[country]:
        if (group, feed) in feeds:
            total += tonnes * feeds[group, feed]
    return _shares(total)


def _mixtures(flows: ElementFlows, form: str, made: MadeOf) -> MadeOf:
    """(country, form) -> shares by origin of what its plants and users draw on."""
    pools = _pools(flows, form, made)
    found: MadeOf = {}
    for country, group in flows.case.lookups.group.items():
        place = country, form
        total = np.maximum(flows.kept(*place), 0.0) * made[place]
        total += flows.received(*place) * pools[group]
        total += flows.item("released", *place) * flows.all_of(STOCK)
        found[place] = _shares(total + flows.outside[place])
    return found


def _pools(flows: ElementFlows, form: str, made: MadeOf) -> dict[str, Mixture]:
    """Group -> shares by origin of all that is given in it."""
    tonnes: dict[str, Mixture] = defaultdict(flows.nothing)
    for country, group in flows.case.lookups.group.items():
        tonnes[group] += flows.given(country, form) * made[country, form]
    return {group: _shares(amounts) for group, amounts in tonnes.items()}


def _shares(tonnes: Mixture) -> Mixture:
    """Shares by origin of what is there in all, 0 where that is nothing."""
    return _share(tonnes, tonnes.sum(axis=0))


def _share(part: NDArray[np.float64], whole: Vector) -> NDArray[np.float64]:
    """A part of a whole, 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > ROUNDING)


# ---- who has it -----------------------------------------------------------------------------------------------------


def _of_all(flows: ElementFlows, form: str, made: MadeOf) -> Iterator[tuple[str, str, Mixture]]:
    """(group, '', tonnes by origin) of each group, and ('', party, ..) of each party whose countries are no group."""
    pools = _pools(flows, form, made)
    members = defaultdict[str, list[str]](list)
    parties = defaultdict[str, list[str]](list)
    for country, group in flows.case.lookups.group.items():
        members[group].append(country)
        parties[flows.case.lookups.party[country]].append(country)
    for group, countries in members.items():
        yield group, "", _of_group(flows, form, countries, made)
    groups = list(members.values())
    for party, countries in parties.items():
        if countries not in groups:
            yield "", party, _of_party(flows, form, countries, made=made, pools=pools)


def _of_group(flows: ElementFlows, form: str, countries: list[str], made: MadeOf) -> Mixture:
    """Tonnes by origin: imports, resold goods and output, of which what is left over, or given and received by nobody, is
    spread over its makers."""
    left = flows.visits.zeros()
    output = flows.visits.zeros()
    for country in countries:
        left += flows.left_over(country, form) + flows.net_given[country, form]
        output += flows.item("made", country, form)
    kept = np.clip(1.0 - _share(left, output), 0.0, 1.0)
    total = flows.nothing()
    for country in countries:
        total += flows.outside[country, form]
        total += kept * flows.item("made", country, form) * made[country, form]
    return total


def _of_party(
    flows: ElementFlows,
    form: str,
    countries: list[str],
    *,
    made: MadeOf,
    pools: Mapping[str, Mixture],
) -> Mixture:
    """The mixture of origins of countries that have what their plants keep and what they receive.

    pools: of what is given, by group.
    """
    total = flows.nothing()
    for country in countries:
        kept = flows.kept(country, form)
        received = flows.received(country, form)
        left = flows.left_over(country, form)
        part = np.clip(1.0 - _share(left, kept + received), 0.0, 1.0)
        total += flows.outside[country, form]
        total += part * kept * made[country, form]
        total += part * received * pools[flows.case.lookups.group[country]]
    return total


def _yearly(flows: ElementFlows, place: SupplyKey, mixture: Mixture) -> Iterator[YearlyOrigin]:
    """Expected tonnes of each origin by year, and their share of the year's."""
    visits = flows.visits
    size = len(visits.case.years)
    expected = np.zeros((len(flows.origins), size))
    for number, tonnes in enumerate(mixture):
        weights = visits.visit_chances * tonnes
        expected[number] = np.bincount(visits.year_places, weights, minlength=size)
    shares = _shares(expected)
    for number in np.flatnonzero(mixture.any(axis=1)).tolist():
        yield YearlyOrigin(place, flows.origins[number], expected[number], shares[number])


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
