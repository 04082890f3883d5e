"""How much of capacity is used, and where supply comes from: figures that a run tells of any solution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from tests.oracle.balances import balance_terms, import_terms
from tests.oracle.calm import returned_share
from tests.oracle.histories import SAME, existing_in, felt
from tests.oracle.physical import usable_share
from tests.oracle.sparse import Solution
from tests.oracle.tables import FORMS, Period, Project
from tests.oracle.targets import spoken_of
from tests.oracle.world import World

Origins = dict[str, float]
"""Tonnes, or shares of one, by origin."""
STOCK = "stock"
ROUNDS = 200
"""Rounds after which what returns has brought its origins back as often as counts."""


def undisturbed(world: World, w: str, t: Period) -> bool:
    """Contract: "`undisturbed`: periods in which every factor is 1"; delays and leaks are no factors."""
    return not any(key[0] not in ("leak", "delay") for key, _ in felt(world.shocks, w, t))


def new_usable(world: World, solution: Solution, plant: Project, w: str, t: Period) -> float:
    """New capacity that has started, "before shock factors", in tonnes a year."""
    total = 0.0
    for y in world.choices.years:
        if ("build", plant.name, w, y) in world.lp.index:
            share = usable_share(world, plant, w, y, t.year)
            total += share * solution["build", plant.name, w, y]
    return total


@dataclass
class Use:
    """Expected tonnes that ran and that could have run."""

    ran: float = 0.0
    could: float = 0.0

    def add(self, ran: float, could: float, weight: float) -> None:
        """Count a plant in a period."""
        self.ran += weight * ran
        self.could += weight * could

    @property
    def share(self) -> float | None:
        """Contract: "null without capacity"."""
        return self.ran / self.could if self.could > 1e-9 else None


def utilisation(world: World, solution: Solution) -> dict[str, dict[str, float | None]]:
    """Contract: "expected throughput over expected usable capacity before shock factors, whole horizon, not discounted;
    throughput split between new and existing in proportion to it".
    """
    found: dict[str, dict[str, float | None]] = {}
    for stage in dict.fromkeys(plant.stage for plant in world.case.projects):
        new, calm, existing = Use(), Use(), Use()
        for plant in world.plants(stage=stage):
            for w, t in world.moments:
                chance = world.case.scenarios[w]
                fresh = new_usable(world, solution, plant, w, t) * t.length
                old = existing_in(plant, t.year) * t.length
                ran = solution["throughput", plant.name, w, t]
                part = fresh / (fresh + old) if fresh + old > 0 else 0.0
                new.add(ran * part, fresh, chance)
                existing.add(ran * (1.0 - part), old, chance)
                if undisturbed(world, w, t):
                    calm.add(ran * part, fresh, chance)
        shares = {"new": new.share, "new_undisturbed": calm.share, "existing": existing.share}
        found[stage] = shares
    return found


def mixed(parts: Iterable[tuple[float, Origins]]) -> Origins:
    """The shares of a mixture of tonnes, each with shares of its own."""
    total: Origins = {}
    for tonnes, shares in parts:
        for origin, share in shares.items():
            total[origin] = total.get(origin, 0.0) + max(tonnes, 0.0) * share
    whole = sum(total.values())
    return {origin: tonnes / whole for origin, tonnes in total.items()} if whole > 1e-9 else {}


@dataclass
class Moment:
    """One node of a solution: where things come from there, asked by country, element and form."""

    world: World
    solution: Solution
    w: str
    t: Period

    def value(self, name: str, *subject: str) -> float:
        """Tonnes of a variable at this node."""
        return max(self.solution[name, *subject, self.w, self.t], 0.0)

    def outside(self, country: str, element: str, form: str) -> Origins:
        """Tonnes imported and resold, by the origin of their supplier."""
        total: Origins = {}
        terms = import_terms(self.world, country, element, form, self.w, self.t)
        for key, supplier in terms:
            origin = self.world.case.origins.get(supplier, supplier)
            total[origin] = total.get(origin, 0.0) + max(self.solution[key], 0.0)
        return total

    @cached_property
    def spoken_of(self) -> set[tuple[str, str, str, str, Period]]:
        """Goods whose stock is not thrown away."""
        return set(spoken_of(self.world))

    def kept(self, group: list[str], element: str, form: str) -> float:
        """The share of what a group makes that is used or stored; "spread over makers in proportion"."""
        made = sum(self.value("made", c, element, form) for c in group)
        left = sum(self.left_over(c, element, form) for c in group)
        for country in group:
            given = self.value("given", country, element, form)
            left += given - self.value("received", country, element, form)
        return min(max(1.0 - left / made, 0.0), 1.0) if made > 1e-9 else 0.0

    def left_over(self, country: str, element: str, form: str) -> float:
        """Made here or received, and neither used nor given nor stored. Stock goes unused first, where it may."""
        place = (country, element, form, self.w, self.t)
        terms = balance_terms(self.world, *place)
        left = sum(value * self.solution[key] for key, value in terms.items())
        left -= self.world.shocks.demand(self.w, self.t, country, element, form)
        if place not in self.spoken_of:
            left = max(left - self.value("released", country, element, form), 0.0)
        given = self.value("given", country, element, form)
        made = self.value("made", country, element, form)
        return min(left, made - given + self.value("received", country, element, form))

    def feed_origins(
        self, group: list[str], mixes: dict[tuple[str, str, str], Origins]
    ) -> dict[str, Origins]:
        """Contract: "oxide from separation that of the country of its mine"; "what returns has the origin of what went
        in".
        """
        found = {}
        for feed in self.world.case.shares:
            parts: list[tuple[float, Origins]] = []
            for plant in self.world.case.projects:
                if plant.country not in group:
                    continue
                if plant.stage == "mine" and feed in plant.feeds:
                    parts.append((self.value("throughput", plant.name), {plant.country: 1.0}))
                if plant.stage in FORMS[1:]:
                    form = FORMS[FORMS.index(plant.stage) - 1]
                    for element in self.world.case.element_names:
                        share = returned_share(self.world, plant, element, feed)
                        tonnes = share * self.value("turn", plant.name, element)
                        parts.append((tonnes, mixes.get((plant.country, element, form), {})))
            found[feed] = mixed(parts)
        return found

    def made_origins(
        self, country: str, element: str, form: str, feeds: dict[str, Origins], takes: Origins
    ) -> Origins:
        """The origins of what a country's plants make: of their feeds, or of what metal and magnet plants take in."""
        if form != FORMS[0]:
            return takes
        parts = []
        for plant in self.world.plants(country=country, stage="separation"):
            for feed in plant.feeds:
                held = self.world.case.shares[feed].get(element, 0.0)
                tonnes = held * self.world.recovery(plant, element)
                tonnes *= self.value("use", plant.name, feed)
                parts.append((tonnes, feeds[feed]))
        return mixed(parts)

    def trace(self, group: list[str], element: str) -> dict[tuple[str, str], Origins]:
        """Shares by origin of what each country makes of an element, by country and form (traced)."""
        mixes: dict[tuple[str, str, str], Origins] = {}
        made: dict[tuple[str, str], Origins] = {}
        returns = any(row["element"] == element for row in self.world.case.returns)
        for _ in range(ROUNDS if returns else 1):
            feeds = self.feed_origins(group, mixes)
            for place, form in enumerate(FORMS):
                for country in group:
                    before = (country, element, FORMS[place - 1])
                    takes = mixes.get(before, {}) if place else {}
                    made[country, form] = self.made_origins(country, element, form, feeds, takes)
                mixes |= self.mixtures(group, element, form, made)
        return made

    def mixtures(
        self, group: list[str], element: str, form: str, made: dict[tuple[str, str], Origins]
    ) -> dict[tuple[str, str, str], Origins]:
        """Contract: "what is made, less what is given, is mixed with imports, resold, received and released; ... what is
        given has the mixture of what is made, what is received that of all that is given in the group ...; net".
        """
        net = {
            c: self.value("given", c, element, form) - self.value("received", c, element, form)
            for c in group
        }
        pool = mixed((max(net[c], 0.0), made[c, form]) for c in group)
        found = {}
        for c in group:
            home = self.value("made", c, element, form) - max(net[c], 0.0)
            parts = [(home, made[c, form]), (max(-net[c], 0.0), pool)]
            parts += [(tonnes, {o: 1.0}) for o, tonnes in self.outside(c, element, form).items()]
            parts.append((self.value("released", c, element, form), {STOCK: 1.0}))
            found[c, element, form] = mixed(parts)
        return found


def origins_in(
    moment: Moment, group: list[str], element: str, form: str, *, traced: bool
) -> Origins:
    """Contract: tonnes "of imports, resold and made that are used or stored" of a group at a node."""
    total: Origins = {}
    made = moment.trace(group, element) if traced else {}
    kept = moment.kept(group, element, form)
    for country in group:
        for origin, tonnes in moment.outside(country, element, form).items():
            total[origin] = total.get(origin, 0.0) + tonnes
        tonnes = kept * moment.value("made", country, element, form)
        shares = made[country, form] if traced else {country: 1.0}
        for origin, share in shares.items():
            total[origin] = total.get(origin, 0.0) + tonnes * share
    return total


def origins_of_year(
    world: World, solution: Solution, element: str, form: str, year: int, *, traced: bool
) -> Origins:
    """Expected tonnes by origin in a year, "all groups together"."""
    total: Origins = {}
    for w, t in world.moments:
        chance = world.case.scenarios[w]
        if t.year != year or chance == 0.0:
            continue
        moment = Moment(world, solution, w, t)
        for group in world.groups:
            found = origins_in(moment, group, element, form, traced=traced)
            for origin, tonnes in found.items():
                total[origin] = total.get(origin, 0.0) + chance * tonnes
    return total


@dataclass(frozen=True)
class Diversity:
    """Shares of all origins but stock, and the sum of their squares."""

    shares: Origins
    hhi: float


def diversity(tonnes: Origins) -> Diversity | None:
    """Contract: "hhi = sum of squared shares of all origins, allied countries too"; stock is in no hhi."""
    counted = {origin: t for origin, t in tonnes.items() if origin != STOCK and t > 0}
    whole = sum(counted.values())
    if round(whole, SAME) <= 0:
        return None
    shares = {origin: t / whole for origin, t in counted.items()}
    return Diversity(shares, sum(share**2 for share in shares.values()))


def told_years(world: World) -> list[int]:
    """Contract: "for the first, middle and last year ... middle year floor((first + last)/2)"."""
    first, last = world.choices.first, world.choices.last
    return sorted({first, (first + last) // 2, last})
