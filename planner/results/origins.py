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
Mixture = dict[str, Vector]
"""Origin -> tonnes, or shares that sum to 1, at every visit."""
ByPlace = dict[tuple[str, str], Vector]
"""(country, form) -> tonnes at every visit."""
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
                    found += _yearly(visits, place, mixture)
    return sorted(found, key=itemgetter(0, 1))


@dataclass(frozen=True)
class ElementFlows:
    """Flows of one element in the tables, at every visit."""

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
    def places(self) -> Iterator[tuple[str, str]]:
        """Every country with every form."""
        return product(self.case.countries, FORMS)

    @cached_property
    def ones(self) -> Vector:
        """1 at every visit."""
        return np.ones(len(self.visits.node))

    def item(self, name: str, country: str, form: str) -> Vector:
        """An item of `operations` (t)."""
        return self.visits.goods[name, (country, self.element, form)]

    @cached_property
    def net_given(self) -> ByPlace:
        """Given less received (t)."""
        found = {}
        for place in self.places:
            found[place] = self.item("given", *place) - self.item("received", *place)
        return found

    @cached_property
    def given(self) -> ByPlace:
        """Tonnes that a country gives beyond what it receives."""
        return {place: np.maximum(net, 0.0) for place, net in self.net_given.items()}

    @cached_property
    def received(self) -> ByPlace:
        """Tonnes that a country receives beyond what it gives."""
        return {place: np.maximum(-net, 0.0) for place, net in self.net_given.items()}

    @cached_property
    def kept(self) -> ByPlace:
        """Tonnes that a country makes and does not give."""
        return {place: self.item("made", *place) - given for place, given in self.given.items()}

    def outside(self, country: str, form: str) -> Mixture:
        """Imports and resold goods (t) by origin of the supplier."""
        return self._outside.get((country, form), {})

    @cached_property
    def _outside(self) -> dict[tuple[str, str], Mixture]:
        found = defaultdict[tuple[str, str], Mixture](dict)
        for flow, tonnes in self.visits.flows:
            if flow.item in IMPORTED and flow.element == self.element:
                origin = self.case.lookups.supplier_origin.get(flow.project, flow.project)
                _add(found[flow.country, flow.form], {origin: self.ones}, tonnes)
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

    @cached_property
    def left_over(self) -> ByPlace:
        """Tonnes that a country neither uses nor stores of what its plants keep and of what it receives."""
        found = {}
        for place in self.places:
            country, form = place
            left = left_over(self.visits, (country, self.element, form), self.kept_stock)
            found[place] = np.minimum(left, self.kept[place] + self.received[place])
        return found


MadeOf = dict[tuple[str, str], Mixture]
"""(country, form) -> shares by origin of what its plants make."""
Sources = list[tuple[Vector, Mixture]]
"""Tonnes, each with the shares by origin that they have."""


def trace(flows: ElementFlows) -> MadeOf:
    """Shares by origin of what each country makes, basis `traced`.

    Forms follow one another, so one round is enough; with returns the mixtures are a fixed point, reached by rounds in
    which what comes back is less each time.
    """
    made: MadeOf = {}
    taken: MadeOf = {}
    returns = any(row.element == flows.element for row in flows.case.tables.returns)
    for _ in range(ROUNDS if returns else 1):
        before = made.copy()
        feeds = _feed_origins(flows, taken)
        for form in FORMS:
            for country in flows.case.countries:
                if form == OXIDE:
                    made[country, form] = _oxide_origins(flows, country, feeds)
                else:
                    made[country, form] = _origins_of_made(flows, country, form, taken)
            taken |= _mixtures(flows, form, made)
        if before and _largest_change(before, made) <= SETTLED:
            break
    return made


def _of_last_plant(flows: ElementFlows) -> MadeOf:
    """Plants of a country make goods that come from that country."""
    return {(country, form): {country: flows.ones} for country, form in flows.places}


def _feed_origins(flows: ElementFlows, taken: MadeOf) -> dict[tuple[str, str], Mixture]:
    """(group, feed) -> shares by country of its mines, and by origin of what returned."""
    case = flows.case
    parts = defaultdict[tuple[str, str], Sources](list)
    for project, row in case.projects.items():
        group = case.lookups.group[row.country]
        stage = case.lookups.stage_of(project)
        if stage.mines:
            feed = row.feeds[0]
            mined = flows.visits.taken(project, feed=feed)
            parts[group, feed].append((mined, {row.country: flows.ones}))
        elif stage.converts:
            origins = taken.get((row.country, stage.takes), {})
            for (element, feed), share in case.lookups.returns_of(project).items():
                if element == flows.element:
                    parts[group, feed].append((share * flows.taken(project), origins))
    return {place: mixed(amounts) for place, amounts in parts.items()}


def _origins_of_made(
    flows: ElementFlows, country: str, form: str, taken: Mapping[tuple[str, str], Mixture]
) -> Mixture:
    """Origins of what the plants of a country make of a form: those of what they take in."""
    sources = {stage.takes for stage in CONVERTING if stage.gives == form}
    if len(sources) == 1:
        return taken[country, sources.pop()]
    parts: Sources = []
    for project, row in flows.case.projects.items():
        stage = flows.case.lookups.stage_of(project)
        if row.country == country and stage.converts and stage.gives == form:
            parts.append((flows.taken(project), taken[country, stage.takes]))
    return mixed(parts)


def _oxide_origins(
    flows: ElementFlows, country: str, feeds: Mapping[tuple[str, str], Mixture]
) -> Mixture:
    """Shares by origin of the oxide that a country's separation plants make."""
    group = flows.case.lookups.group[country]
    made = flows.separated.get(country, [])
    return mixed([(tonnes, feeds.get((group, feed), {})) for feed, tonnes in made])


def _mixtures(flows: ElementFlows, form: str, made: MadeOf) -> MadeOf:
    """(country, form) -> shares by origin of what its plants and users draw on."""
    pools = _pools(flows, form, made)
    found: MadeOf = {}
    for country, group in flows.case.lookups.group.items():
        parts: Sources = [
            (flows.kept[country, form], made[country, form]),
            (flows.received[country, form], pools[group]),
            (flows.item("released", country, form), {STOCK: flows.ones}),
        ]
        for origin, tonnes in flows.outside(country, form).items():
            parts.append((tonnes, {origin: flows.ones}))
        found[country, form] = mixed(parts)
    return found


def _pools(flows: ElementFlows, form: str, made: MadeOf) -> dict[str, Mixture]:
    """Group -> shares by origin of all that is given in it."""
    parts = defaultdict[str, Sources](list)
    for country, group in flows.case.lookups.group.items():
        parts[group].append((flows.given[country, form], made[country, form]))
    return {group: mixed(amounts) for group, amounts in parts.items()}


def mixed(parts: Sources) -> Mixture:
    """Shares by origin of a mixture of tonnes, each with shares of its own; no origin where there is nothing."""
    total: Mixture = {}
    for tonnes, shares in parts:
        _add(total, shares, np.maximum(tonnes, 0.0))
    return _shares(total)


def _shares(total: Mixture) -> Mixture:
    """Shares by origin of what is there in all, 0 where that is nothing."""
    whole = sum(total.values(), np.zeros(1))
    shares = _share(np.array(list(total.values())), whole)
    return dict(zip(total, shares, strict=True))


def _add(total: Mixture, shares: Mapping[str, Vector], tonnes: Vector) -> None:
    """Add tonnes with shares by origin to a mixture."""
    if not np.count_nonzero(tonnes):
        # Origins are added up in the order in which they came, those of nothing too.
        for origin in shares:
            total.setdefault(origin, tonnes)
        return
    for origin, share in shares.items():
        amount = share * tonnes
        total[origin] = total[origin] + amount if origin in total else amount


def _share(part: Vector, whole: Vector) -> Vector:
    """A part of a whole, 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > ROUNDING)


def _largest_change(before: MadeOf, after: MadeOf) -> float:
    largest = 0.0
    for place, mixture in after.items():
        for origin, share in mixture.items():
            change = np.abs(share - before.get(place, {}).get(origin, 0.0))
            largest = max(largest, float(np.max(change, initial=0.0)))
    return largest


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
        left += flows.left_over[country, form] + flows.net_given[country, form]
        output += flows.item("made", country, form)
    kept = np.clip(1.0 - _share(left, output), 0.0, 1.0)
    total: Mixture = {}
    for country in countries:
        _add(total, flows.outside(country, form), flows.ones)
        _add(total, made[country, form], kept * flows.item("made", country, form))
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
    total: Mixture = {}
    for country in countries:
        kept = flows.kept[country, form]
        received = flows.received[country, form]
        left = flows.left_over[country, form]
        part = np.clip(1.0 - _share(left, kept + received), 0.0, 1.0)
        _add(total, flows.outside(country, form), flows.ones)
        _add(total, made[country, form], part * kept)
        _add(total, pools[flows.case.lookups.group[country]], part * received)
    return total


def _yearly(visits: AtVisits, place: SupplyKey, mixture: Mixture) -> Iterator[YearlyOrigin]:
    """Expected tonnes of each origin by year, and their share of the year's."""
    size = len(visits.case.years)
    expected: Mixture = {}
    for origin, tonnes in sorted(mixture.items()):
        if np.count_nonzero(tonnes):
            weights = visits.visit_chances * tonnes
            sums = np.bincount(visits.year_places, weights, minlength=size)
            expected[origin] = sums.astype(float)
    shares = _shares(expected)
    for origin, tonnes in expected.items():
        yield YearlyOrigin(place, origin, tonnes, shares[origin])


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
