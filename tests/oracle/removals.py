"""A calm year without something: what the plants, people and savings of a plan can serve then ("coverage", section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tests.oracle.balances import balance_terms, returned_terms
from tests.oracle.calm import saved_terms
from tests.oracle.histories import Shocks, existing_in
from tests.oracle.money import PER_TONNE
from tests.oracle.physical import counted, ramp_share, yields
from tests.oracle.sparse import Key, Solution
from tests.oracle.tables import Case, Period, Project, at_year, number, text
from tests.oracle.world import World

CALM = "calm"


@dataclass(frozen=True)
class Removal:
    """What is not there: an origin of imports, a country's plants, savings and people, a project; any may be none."""

    origin: str = ""
    country: str = ""
    project: str = ""

    @property
    def name(self) -> str:
        """The contract's word for it."""
        parts = (("origin", self.origin), ("country", self.country), ("project", self.project))
        return "+".join(f"{kind}:{name}" for kind, name in parts if name) or "nothing"

    def lacks(self, plant: Project) -> bool:
        """True for a plant or saving that is not there."""
        return plant.name == self.project or plant.country == self.country


@dataclass
class Standing:
    """What a plan has by a year: tonnes a year by project, persons by country and skill."""

    capacity: dict[str, float]
    staff: dict[tuple[str, str], float]


def standing(world: World, solution: Solution, w: str, year: int) -> Standing:
    """Contract: "the plants, people and savings that the plan has by then (committed decisions; adaptive, staged: those
    of the undisturbed history, none: of the most probable)".
    """
    capacity = {}
    for plant in world.case.projects:
        new = 0.0
        for y in world.choices.years:
            if ("build", plant.name, w, y) in world.lp.index:
                share = ramp_share(world, plant, year - y - plant.lead)
                new += share * solution["build", plant.name, w, y]
        capacity[plant.name] = existing_in(plant, year) + new
    staff = {
        (country, skill): solution["staff", country, skill, w, year]
        for country, skill in world.case.workforce
    }
    return Standing(capacity, staff)


@dataclass
class CalmYear:
    """The program of one year "in which every factor is 1, without stocks, `rise`, targets and discounting"."""

    world: World
    standing: Standing
    removal: Removal
    year: int
    year_world: World = field(init=False)

    def __post_init__(self) -> None:
        """Write down the program."""
        source = self.world.case
        choices = replace(self.world.choices, first=self.year, last=self.year)
        case = replace(source, scenarios={CALM: 1.0}, shocks=[], stockpiles={}, targets=[])
        case = replace(case, imports=self.imports_left(case))
        case = replace(case, storylines={CALM: CALM}, bounds={CALM: (1.0, 1.0)})
        self.year_world = World(case, choices, Shocks(case, choices), {})
        self.add_plants()
        self.add_people()
        self.add_goods()

    @property
    def at(self) -> tuple[str, Period]:
        """The scenario and the period of all variables."""
        return CALM, Period(self.year, 0)

    def imports_left(self, case: Case) -> dict[tuple[str, str, str, str], dict[int, float]]:
        """The import series of all origins but one."""
        gone = self.removal.origin
        return {
            key: series
            for key, series in case.imports.items()
            if not gone or case.origins.get(key[0], key[0]) != gone
        }

    def add_plants(self) -> None:
        """Throughput within capacity and availability, and what plants take in."""
        world, lp = self.year_world, self.year_world.lp
        for plant in world.case.projects:
            is_gone = self.removal.lacks(plant)
            most = 0.0 if is_gone else self.standing.capacity[plant.name]
            if plant.name in world.case.availability:
                most = min(most, at_year(world.case.availability[plant.name], self.year))
            key = lp.variable("throughput", plant.name, *self.at, high=most)
            terms: dict[Key, float] = {key: 1.0}
            for feed in plant.feeds if plant.stage == "separation" else ():
                # A plant takes a feed of which nothing counts without limit, but not one that is not there.
                high = 0.0 if is_gone else float("inf")
                use = lp.variable("use", plant.name, feed, *self.at, high=high)
                terms[use] = -counted(world, plant, feed)
            if plant.stage in ("metal", "magnet"):
                for element in world.case.element_names:
                    terms[lp.variable("turn", plant.name, element, *self.at)] = -1.0
            if len(terms) > 1:
                lp.equals(terms, 0.0)
        for group in world.groups:
            for feed in world.case.shares:
                self.balance_feed(group, feed)

    def balance_feed(self, group: list[str], feed: str) -> None:
        """Contract: "use <= mined + sum of share * throughput of the plants in `returns`"."""
        world = self.year_world
        returned = returned_terms(world, group, feed, *self.at)
        terms: dict[Key, float] = {key: -share for key, share in returned.items()}
        for plant in world.case.projects:
            if plant.country in group and feed in plant.feeds:
                if plant.stage == "mine":
                    terms["throughput", plant.name, *self.at] = -1.0
                else:
                    terms["use", plant.name, feed, *self.at] = 1.0
        if terms:
            world.lp.at_most(terms, 0.0)

    def add_people(self) -> None:
        """Staff within secondment; people of a country that is not there are not there either."""
        world, lp = self.year_world, self.year_world.lp
        for (country, skill), persons in self.standing.staff.items():
            staff = 0.0 if country == self.removal.country else persons
            share = world.choices.secondment
            lent = lp.variable("lent", country, skill, *self.at, high=share * staff)
            borrowed = lp.variable("borrowed", country, skill, *self.at)
            terms: dict[Key, float] = {lent: 1.0, borrowed: -1.0}
            lp.at_most(self.needs(country, skill, terms), staff)
        for country in world.case.country_names:
            for skill in world.case.skills:
                needs = self.needs(country, skill, {})
                if needs and (country, skill) not in self.standing.staff:
                    lp.at_most(needs, 0.0)
        for group in world.groups:
            for skill in world.case.skills:
                terms = {}
                for country in group:
                    if (country, skill) in self.standing.staff:
                        terms["lent", country, skill, *self.at] = 1.0
                        terms["borrowed", country, skill, *self.at] = -1.0
                if terms:
                    lp.equals(terms, 0.0)

    def needs(self, country: str, skill: str, terms: dict[Key, float]) -> dict[Key, float]:
        """Persons that the country's plants need, added to terms."""
        for plant in self.year_world.plants(country=country):
            need = self.year_world.persons(plant, skill)
            if need > 0:
                terms["throughput", plant.name, *self.at] = need / 1000.0
        return terms

    def add_goods(self) -> None:
        """Exchange, imports, savings and the balance of every good."""
        world, lp = self.year_world, self.year_world.lp
        for key, series in world.case.imports.items():
            lp.variable("imported", *key, *self.at, high=at_year(series, self.year))
        for good in world.goods:
            made = lp.variable("made", *good, *self.at)
            sources = {key: -value for key, value in yields(world, *good, *self.at).items()}
            lp.equals({made: 1.0, **sources}, 0.0)
            given = lp.variable("given", *good, *self.at)
            lp.variable("received", *good, *self.at)
            lp.at_most({given: 1.0, made: -1.0}, 0.0)
            lp.variable("short", *good, *self.at, high=world.shocks.demand(*self.at, *good))
        for group in world.groups:
            for element, form in {(e, f): None for _, e, f in world.goods}:
                pool: dict[Key, float] = {}
                for country in group:
                    pool["received", country, element, form, *self.at] = 1.0
                    pool["given", country, element, form, *self.at] = -1.0
                lp.at_most(pool, 0.0)
        self.add_savings()
        for good in world.goods:
            terms = balance_terms(world, *good, *self.at)
            demand = world.shocks.demand(*self.at, *good)
            lp.at_most({key: -value for key, value in terms.items()}, -demand)

    def add_savings(self) -> None:
        """Demand that is replaced, up to `max_share` of it."""
        world, lp = self.year_world, self.year_world.lp
        country = {plant.name: plant.country for plant in world.case.projects}
        for row in world.case.savings:
            name, form = row["project"], text(row, "form", "oxide")
            demand = world.shocks.demand(*self.at, country[name], row["element"], form)
            most = number(row, "max_share", 1.0) * demand
            saved = lp.variable("saved", name, row["element"], form, *self.at, high=most)
            throughput = ("throughput", name, *self.at)
            lp.at_most({saved: 1.0, throughput: -number(row, "tonnes")}, 0.0)
        for good in world.goods:
            terms = saved_terms(world, *good, *self.at)
            if terms:
                demand = world.shocks.demand(*self.at, *good)
                lp.at_most({**terms, ("short", *good, *self.at): 1.0}, demand)

    def least_loss(self) -> float:
        """Contract: "loss_musd is the least loss of such a year, all elements together"."""
        world, lp = self.year_world, self.year_world.lp
        loss: dict[Key, float] = {}
        for good in world.goods:
            demand = world.shocks.demand(*self.at, *good)
            weight = number(world.country(good[0]), "weight", 1.0)
            split: dict[Key, float] = {("short", *good, *self.at): -1.0}
            below = 0.0
            for step, (up_to, usd) in enumerate(world.steps(*good)):
                high = (up_to - below) * demand
                piece = lp.variable("piece", step, *good, *self.at, high=high)
                split[piece] = 1.0
                loss[piece] = usd * PER_TONNE * weight
                below = up_to
            lp.equals(split, 0.0)
        return lp.minimise(loss).objective

    def served_share(self, element: str) -> float | None:
        """Contract: "the largest share of the element's demand (all forms, all countries) that can be met if nothing else
        mattered"; none without demand.
        """
        world = self.year_world
        goods = [good for good in world.goods if good[1] == element]
        demand = sum(world.shocks.demand(*self.at, *good) for good in goods)
        if demand <= 0:
            return None
        short = world.lp.minimise({("short", *good, *self.at): 1.0 for good in goods}).objective
        return 1.0 - short / demand


@dataclass(frozen=True)
class Covered:
    """One answer: the served share of each element, and the least loss."""

    served: dict[str, float]
    loss: float


def covered(world: World, solution: Solution, w: str, year: int, removal: Removal) -> Covered:
    """One removal in one year, by a program of its own."""
    program = CalmYear(world, standing(world, solution, w, year), removal, year)
    served = {e: program.served_share(e) for e in world.case.element_names}
    told = {element: share for element, share in served.items() if share is not None}
    return Covered(told, program.least_loss())


def largest_origin(world: World, year: int) -> str:
    """Contract: "the origin with the largest sum of import limits that year"; none without imports."""
    limits: dict[str, float] = {}
    for key, series in world.case.imports.items():
        origin = world.case.origins.get(key[0], key[0])
        limits[origin] = limits.get(origin, 0.0) + at_year(series, year)
    return max(limits, key=lambda origin: limits[origin]) if limits else ""


def removals(world: World, year: int) -> Iterator[Removal]:
    """Contract: "`without` is: nothing; `origin:X`; `country:C` ...; `project:P`; `origin:X+project:P` and
    `origin:X+country:C` for the origin with the largest sum of import limits that year".
    """
    suppliers = {key[0] for key in world.case.imports}
    yield Removal()
    for origin in sorted({world.case.origins.get(name, name) for name in suppliers}):
        yield Removal(origin=origin)
    # Where nothing is imported there is no largest origin, and no pair.
    for origin in dict.fromkeys(["", largest_origin(world, year)]):
        for country in world.case.country_names:
            yield Removal(origin=origin, country=country)
        for plant in world.case.projects:
            yield Removal(origin=origin, project=plant.name)


def undisturbed_scenario(world: World, calm: Callable[[str, Period], bool]) -> str:
    """The scenario in which every factor is 1 in every period; none: the most probable one."""
    quiet = [w for w in world.case.scenarios if all(calm(w, t) for t in world.shocks.periods)]
    return max(quiet or world.case.scenarios, key=lambda w: world.case.scenarios[w])
