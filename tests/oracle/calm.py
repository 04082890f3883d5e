"""Years in which nothing happens: output that rises, what is saved, what can be collected, and what returns."""

from __future__ import annotations

from tests.oracle.histories import SAME, existing_in
from tests.oracle.physical import usable_share
from tests.oracle.sparse import Key, add
from tests.oracle.tables import Period, Project, at_year, number, text
from tests.oracle.world import World


def started_existing(world: World, plant: Project, w: str, year: int) -> float:
    """Contract: "existing capacity whose `online_year` has come; existing capacity that shocks have shut wholly since it
    came, or since the first year, counts as started in the first year in which their factor is above 0".
    """
    since = max(plant.online, world.choices.first)
    passed = [t for t in world.shocks.periods if since <= t.year < year]
    factors = [world.shocks.capacity_factor(w, t, plant) for t in passed]
    return 0.0 if any(round(f, SAME) > 0 for f in factors) else existing_in(plant, year)


def add_rise(world: World) -> None:
    """Contract: "throughput[n]/h[n] <= output of year y-1 on its history (sum over that year's periods) + rise *
    usable[y] + started[y]; the first year is free. usable is the ramped capacity without shock factors, started[y] what
    became usable since y-1 by a start or by its ramp (sum over builds of max(0, the growth of its ramp share) * build".
    """
    for plant in world.case.projects:
        if plant.rise is None:
            continue
        for w, t in world.moments:
            if t.year == world.choices.first:
                continue
            terms: dict[Key, float] = {("throughput", plant.name, w, t): 1.0 / t.length}
            for earlier in world.shocks.periods:
                if earlier.year == t.year - 1:
                    terms["throughput", plant.name, w, earlier] = -1.0
            for y in world.choices.years:
                if ("build", plant.name, w, y) in world.lp.index:
                    share = usable_share(world, plant, w, y, t.year)
                    growth = max(0.0, share - usable_share(world, plant, w, y, t.year - 1))
                    terms["build", plant.name, w, y] = -plant.rise * share - growth
            existing = plant.rise * existing_in(plant, t.year)
            world.lp.at_most(terms, existing + started_existing(world, plant, w, t.year))


def add_availability(world: World) -> None:
    """Contract: "the most TREO it can yield in a year (times h in a period), existing and new together"."""
    for name, series in world.case.availability.items():
        for w, t in world.moments:
            most = at_year(series, t.year) * t.length
            world.lp.at_most({("throughput", name, w, t): 1.0}, most)


def add_saving(world: World) -> None:
    """Contract: "saved[e,o] <= sum over the rows of min(`tonnes` * throughput, `max_share` * that period's (shocked)
    demand), and shortfall + saved <= demand"; it "replaces demand of its own country alone".
    """
    country = {plant.name: plant.country for plant in world.case.projects}
    for row in world.case.savings:
        name, element, form = row["project"], row["element"], text(row, "form", "oxide")
        for w, t in world.moments:
            demand = world.shocks.demand(w, t, country[name], element, form)
            most = number(row, "max_share", 1.0) * demand
            saved = world.lp.variable("saved", name, element, form, w, t, high=most)
            throughput = ("throughput", name, w, t)
            world.lp.at_most({saved: 1.0, throughput: -number(row, "tonnes")}, 0.0)
    for w, t in world.moments:
        for good in world.goods:
            saved_here = saved_terms(world, *good, w, t)
            if saved_here:
                demand = world.shocks.demand(w, t, *good)
                world.lp.at_most({**saved_here, ("short", *good, w, t): 1.0}, demand)


def saved_terms(
    world: World, country: str, element: str, form: str, w: str, t: Period
) -> dict[Key, float]:
    """Demand for one good that is replaced by savings of its country."""
    terms: dict[Key, float] = {}
    for plant in world.plants(country=country, stage="saving"):
        if ("saved", plant.name, element, form, w, t) in world.lp.index:
            terms["saved", plant.name, element, form, w, t] = 1.0
    return terms


def returned_share(world: World, plant: Project, element: str, feed: str) -> float:
    """Contract: "tonnes of that feed that come back per tonne of the element that goes in ...; a row for a project holds
    instead of that for its stage, feed by feed".
    """
    rows = [r for r in world.case.returns if r["element"] == element and r["feed"] == feed]
    own = [r for r in rows if r.get("project") == plant.name]
    general = [r for r in rows if not r.get("project") and r.get("stage") == plant.stage]
    return sum(number(r, "share") for r in own or general)


def returned_terms(
    world: World, group: list[str], feed: str, w: str, t: Period
) -> dict[Key, float]:
    """What comes back of a feed from the metal and magnet plants "of the same group and period"."""
    terms: dict[Key, float] = {}
    for plant in [*world.plants(stage="metal"), *world.plants(stage="magnet")]:
        for element in world.case.element_names if plant.country in group else ():
            share = returned_share(world, plant, element, feed)
            if share > 0:
                add(terms, ("turn", plant.name, element, w, t), share)
    return terms
