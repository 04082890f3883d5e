"""Where supply comes from: the table `origins`, on two bases, recomputed from the other tables alone.

Basis `last`: outside supply comes from the origin of its supplier, what plants make from the country of the last plant.
Basis `traced`: what plants take in keeps its origin in proportion. In each country and form what is made, less what is
given, mixes with imports, resold, received and released goods; plants draw on the mixture; what is given has the mixture
of what is made there, what is received that of all that is given in the group; oxide has the origin of its mine; what
returns has that of what went in. Stock has no origin of its own and is called `stock`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.data.stages import CONVERTING, FORMS, OXIDE
from planner.results.ledger import CONVERTED, Broken, Ledger, equal
from planner.results.schema import IMPORTED, TABLE_COLUMNS

STOCK = "stock"
LAST, TRACED = "last", "traced"
SMALLEST = 1e-9
"""Tonnes up to which there is nothing whose origin could be told."""
ROUNDS, SETTLED = 500, 1e-13
"""Rounds at most, and change of a share at which what returns has brought its origins back often enough."""
Mixture = dict[str, Vector]
"""Origin -> tonnes, or shares that sum to 1, at every visit."""


def origins_table(book: Ledger) -> pd.DataFrame:
    """The table `origins`: expected tonnes and shares by year, of each group and of each party that is not a group."""
    rows = []
    for element in book.case.elements:
        flows = ElementFlows(book, element)
        traced = trace(flows)
        for form in FORMS:
            for basis, made in ((LAST, _of_last_plant(flows, form)), (TRACED, traced)):
                own = {c: made[c, form] for c in book.case.countries}
                for group, party, mixture in _of_all(flows, form, own):
                    place = (group, party, element, form, basis)
                    rows += list(_yearly(book, place, mixture))
    columns = list(TABLE_COLUMNS["origins"])
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(columns[:7], kind="stable", ignore_index=True)


def rules(book: Ledger) -> Iterator[Broken]:
    """The table says what follows from the others."""
    stated, found = book.tables["origins"], origins_table(book)
    keys = list(TABLE_COLUMNS["origins"])[:7]
    both = stated.merge(found, on=keys, how="outer", suffixes=("_stated", "")).fillna(0.0)
    for column in ("tonnes", "share"):
        yield equal(
            "origins_as_stated",
            both[f"{column}_stated"].to_numpy(float),
            both[column].to_numpy(float),
        )


@dataclass(frozen=True)
class ElementFlows:
    """Flows of one element in the tables, at every visit."""

    book: Ledger
    element: str

    @property
    def case(self) -> Case:
        """The case."""
        return self.book.case

    @property
    def nothing(self) -> Vector:
        """0 at every visit."""
        return np.zeros(len(self.book.node))

    def good(self, country: str, form: str) -> Good:
        """The good of a country."""
        return (country, self.element, form)

    def item(self, name: str, country: str, form: str) -> Vector:
        """An item of `operations` (t)."""
        return self.book.goods[(name, country, self.element, form)]

    def net_given(self, country: str, form: str) -> Vector:
        """Given less received (t)."""
        return self.item("given", country, form) - self.item("received", country, form)

    def outside(self, country: str, form: str) -> Mixture:
        """Imports and resold goods (t) by origin of the supplier."""
        return self._outside.get((country, form), {})

    @cached_property
    def _outside(self) -> dict[tuple[str, str], Mixture]:
        found = defaultdict[tuple[str, str], Mixture](dict)
        for (item, country, supplier, _, element, form), tonnes in self.book.flows:
            if item in IMPORTED and element == self.element:
                origin = self.case.supplier_origin.get(supplier, supplier)
                by_origin = found[country, form]
                by_origin[origin] = by_origin.get(origin, self.nothing) + tonnes
        return found

    @cached_property
    def separated(self) -> dict[str, list[tuple[str, Vector]]]:
        """Country -> feed and oxide made of it (t), of each plant."""
        found = defaultdict[str, list[tuple[str, Vector]]](list)
        for (item, country, _, feed, element, form), tonnes in self.book.flows:
            if (item, element, form) == ("made", self.element, OXIDE):
                found[country].append((feed, tonnes))
        return found

    def taken(self, project: str) -> Vector:
        """What a metal or magnet plant takes in (t)."""
        country, stage = self.case.projects[project].country, self.case.stage_of(project)
        return self.book.flows[(stage.item, country, project, "", self.element, stage.takes)]

    def left_over(self, country: str, form: str) -> Vector:
        """What the country neither uses nor stores of what it has, whatever it gives or receives (t)."""
        good = self.good(country, form)
        supply = self.book.short[good] + self.item("saved", country, form)
        for name in ("made", *IMPORTED, "released"):
            supply = supply + self.item(name, country, form)
        use = self.book.at(self.book.tree.demands(good)) + self.item("bought", country, form)
        for name in CONVERTED:
            use = use + self.item(name, country, form)
        return supply - use


MadeOf = dict[tuple[str, str], Mixture]
"""(country, form) -> shares by origin of what its plants make."""


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
                made[country, form] = (
                    _oxide_origins(flows, country, feeds)
                    if form == OXIDE
                    else _origins_of_made(flows, country, form, taken)
                )
            taken |= _mixtures(flows, form, made)
        if before and _largest_change(before, made) <= SETTLED:
            break
    return made


def _of_last_plant(flows: ElementFlows, form: str) -> MadeOf:
    """What a country's plants make comes from that country."""
    ones = np.ones(len(flows.book.node))
    return {(country, form): {country: ones} for country in flows.case.countries}


def _feed_origins(flows: ElementFlows, taken: MadeOf) -> dict[tuple[str, str], Mixture]:
    """(group, feed) -> shares by country of its mines, and by origin of what returned."""
    case, parts = flows.case, defaultdict[tuple[str, str], list[tuple[Vector, Mixture]]](list)
    ones = np.ones(len(flows.book.node))
    for p, row in case.projects.items():
        group = case.group[row.country]
        if case.stage_of(p).mines:
            feed = row.feeds[0]
            mined = flows.book.flows[("mined", row.country, p, feed, "", "")]
            parts[group, feed].append((mined, {row.country: ones}))
        elif case.stage_of(p).converts:
            for (element, feed), share in case.returns_of(p).items():
                origin = taken.get((row.country, case.stage_of(p).takes), {})
                if element == flows.element:
                    parts[group, feed].append((share * flows.taken(p), origin))
    return {place: mixed(amounts) for place, amounts in parts.items()}


def _origins_of_made(
    flows: ElementFlows, country: str, form: str, taken: Mapping[tuple[str, str], Mixture]
) -> Mixture:
    """Origins of what the plants of a country make of a form: those of what they take in."""
    sources = {stage.takes for stage in CONVERTING if stage.gives == form}
    if len(sources) == 1:
        return taken[country, sources.pop()]
    parts = []
    for p, row in flows.case.projects.items():
        stage = flows.case.stage_of(p)
        if row.country == country and stage.converts and stage.gives == form:
            parts.append((flows.taken(p), taken[country, stage.takes]))
    return mixed(parts)


def _oxide_origins(
    flows: ElementFlows, country: str, feeds: Mapping[tuple[str, str], Mixture]
) -> Mixture:
    """Shares by origin of the oxide that a country's separation plants make."""
    group = flows.case.group[country]
    made = flows.separated.get(country, [])
    return mixed((tonnes, feeds.get((group, feed), {})) for feed, tonnes in made)


def _mixtures(flows: ElementFlows, form: str, made: MadeOf) -> MadeOf:
    """(country, form) -> shares by origin of what its plants and users draw on."""
    ones, pools = np.ones(len(flows.book.node)), _pools(flows, form, made)
    out: MadeOf = {}
    for country, group in flows.case.group.items():
        net = flows.net_given(country, form)
        kept = flows.item("made", country, form) - np.maximum(net, 0.0)
        parts = [
            (kept, made[country, form]),
            (np.maximum(-net, 0.0), pools[group]),
            (flows.item("released", country, form), {STOCK: ones}),
        ]
        outside = flows.outside(country, form)
        parts += [(tonnes, {origin: ones}) for origin, tonnes in outside.items()]
        out[country, form] = mixed(parts)
    return out


def _pools(flows: ElementFlows, form: str, made: MadeOf) -> dict[str, Mixture]:
    """Group -> shares by origin of all that is given in it."""
    parts = defaultdict[str, list[tuple[Vector, Mixture]]](list)
    for country, group in flows.case.group.items():
        given = np.maximum(flows.net_given(country, form), 0.0)
        parts[group].append((given, made[country, form]))
    return {group: mixed(amounts) for group, amounts in parts.items()}


def mixed(parts: Iterable[tuple[Vector, Mixture]]) -> Mixture:
    """Shares by origin of a mixture of tonnes, each with shares of its own; no origin where there is nothing."""
    total: Mixture = {}
    for tonnes, shares in parts:
        for origin, share in shares.items():
            amount = np.maximum(tonnes, 0.0) * share
            total[origin] = total[origin] + amount if origin in total else amount
    whole = sum(total.values())
    return {
        origin: np.divide(tonnes, whole, out=np.zeros(len(tonnes)), where=whole > SMALLEST)
        for origin, tonnes in total.items()
    }


def _largest_change(before: MadeOf, after: MadeOf) -> float:
    largest = 0.0
    for place, mixture in after.items():
        for origin, share in mixture.items():
            old = before.get(place, {}).get(origin, np.zeros(len(share)))
            largest = max(largest, float(np.max(np.abs(share - old), initial=0.0)))
    return largest


# ---- who has it -----------------------------------------------------------------------------------------------------


def _of_all(
    flows: ElementFlows, form: str, made: Mapping[str, Mixture]
) -> Iterator[tuple[str, str, Mixture]]:
    """(group, '', tonnes by origin) of each group, and ('', party, ..) of each party whose countries are no group."""
    members = defaultdict[str, list[str]](list)
    parties = defaultdict[str, list[str]](list)
    for country, group in flows.case.group.items():
        members[group].append(country)
        parties[flows.case.party[country]].append(country)
    for group, countries in members.items():
        yield group, "", _of_group(flows, form, countries, made)
    groups = list(members.values())
    for party, countries in parties.items():
        if countries not in groups:
            yield "", party, _of_party(flows, form, countries, made)


def _of_group(
    flows: ElementFlows, form: str, countries: Iterable[str], made: Mapping[str, Mixture]
) -> Mixture:
    """Tonnes by origin: imports, resold goods and output, of which what is left over is spread over its makers."""
    output = {c: flows.item("made", c, form) for c in countries}
    left = sum((flows.left_over(c, form) for c in output), flows.nothing)
    whole = sum(output.values(), flows.nothing)
    kept = 1.0 - np.divide(left, whole, out=np.zeros(len(whole)), where=whole > SMALLEST)
    kept = np.clip(kept, 0.0, 1.0)
    total: Mixture = {}
    for country, tonnes in output.items():
        _add(total, flows.outside(country, form), 1.0)
        _add(total, made[country], kept * tonnes)
    return total


def _of_party(
    flows: ElementFlows, form: str, countries: Iterable[str], made: Mapping[str, Mixture]
) -> Mixture:
    """The same of countries that have what their plants keep and what they receive."""
    pools = _pools(flows, form, {(c, form): mixture for c, mixture in made.items()})
    total: Mixture = {}
    for country in countries:
        net = flows.net_given(country, form)
        kept = flows.item("made", country, form) - np.maximum(net, 0.0)
        received = np.maximum(-net, 0.0)
        left = flows.left_over(country, form) - net
        there = kept + received
        part = 1.0 - np.divide(left, there, out=np.zeros(len(there)), where=there > SMALLEST)
        part = np.clip(part, 0.0, 1.0)
        _add(total, flows.outside(country, form), 1.0)
        _add(total, made[country], part * kept)
        _add(total, pools[flows.case.group[country]], part * received)
    return total


def _add(total: Mixture, shares: Mapping[str, Vector], tonnes: Vector | float) -> None:
    for origin, share in shares.items():
        amount = share * tonnes
        total[origin] = total[origin] + amount if origin in total else amount


def _yearly(
    book: Ledger, place: tuple[str, str, str, str, str], mixture: Mixture
) -> Iterator[tuple[object, ...]]:
    """Rows of the table: expected tonnes by year and origin, and their share of the year's."""
    group, party, element, form, basis = place
    chance = book.everywhere(np.array(list(book.case.scenarios.values())))
    size = len(book.case.years)
    expected = {
        origin: np.bincount(book.years - book.case.first_year, chance * tonnes, minlength=size)
        for origin, tonnes in sorted(mixture.items())
    }
    whole = sum(expected.values(), np.zeros(size))
    for origin, tonnes in expected.items():
        for i, year in enumerate(book.case.years):
            if tonnes[i] > SMALLEST:
                share = float(tonnes[i] / whole[i])
                yield year, group, party, element, form, basis, origin, float(tonnes[i]), share
