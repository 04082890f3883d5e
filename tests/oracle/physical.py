"""Capacity, stages, exchange and stock: the tonnes of the program."""

from __future__ import annotations

from tests.oracle.histories import SAME, build_years, existing_in
from tests.oracle.sparse import Key, add
from tests.oracle.tables import Period, Project, at_year, flag, number
from tests.oracle.world import World


def add_builds(world: World) -> None:
    """Contract: "build[p,y] >= 0 (t/y committed in y) ... sum <= max_new_tpa"; stages outside `levers` get none.

    "With `whole_plants`, build[p,y] of a project with `unit_tpa` is that many tonnes times a whole number".
    """
    for plant in world.case.projects:
        years = build_years(plant, world.choices) if plant.stage in world.choices.levers else []
        for w in world.case.scenarios:
            keys = [world.lp.variable("build", plant.name, w, y) for y in years]
            if keys:
                world.lp.at_most(dict.fromkeys(keys, 1.0), plant.max_new)
            if world.choices.whole_plants and plant.unit > 0:
                for key in keys:
                    world.lp.equals(
                        {key: 1.0, world.lp.variable("units", *key[1:], whole=True): -plant.unit},
                        0.0,
                    )


def usable_share(world: World, plant: Project, w: str, y: int, t: int) -> float:
    """It is "usable in year t at share ramp(t - y - lead - delay) (0 before start)"; "after the last row it stays"."""
    due = y + plant.lead
    return ramp_share(world, plant, t - due - world.shocks.delay(w, plant, due))


def ramp_share(world: World, plant: Project, age: int) -> float:
    """The share of nameplate that is usable some years after the start.

    Contract: "After the last row `output_share` and `cost_share` stay".
    """
    if age < 0:
        return 0.0
    if plant.schedule:
        return plant.schedule[min(plant.lead + age, len(plant.schedule) - 1)].output
    ramp = world.case.ramps.get(plant.ramp)
    if not ramp:
        return 1.0
    return ramp[min(age, max(ramp))]


def add_capacity(world: World) -> None:
    """Contract: The sum, times the node's capacity factors, bounds throughput; it "counts times h in a period".

    "With `must_run` its throughput equals its usable capacity (ramped, existing and new, times the node's capacity
    factors) times h in every period".
    """
    for plant in world.case.projects:
        for w, t in world.moments:
            factor = world.shocks.capacity_factor(w, t, plant)
            capacity = world.lp.variable("capacity", plant.name, w, t)
            terms: dict[Key, float] = {capacity: 1.0}
            for y in world.choices.years:
                if ("build", plant.name, w, y) in world.lp.index:
                    terms["build", plant.name, w, y] = -factor * usable_share(
                        world, plant, w, y, t.year
                    )
            world.lp.equals(terms, factor * existing_in(plant, t.year))
            throughput = world.lp.variable("throughput", plant.name, w, t)
            run = world.lp.equals if plant.must_run else world.lp.at_most
            run({throughput: 1.0, capacity: -t.length}, 0.0)


def counted(world: World, plant: Project, feed: str) -> float:
    """Contract: its throughput counts TREO (`treo`), "only the heavy elements' share of it (`heavy`) or that of all
    elements of the case (`contained`)".
    """
    if plant.basis == "treo":
        return 1.0
    counts = set(world.case.element_names)
    if plant.basis == "heavy":
        counts = {r["element"] for r in world.case.elements if flag(r, "heavy")}
    return sum(share for element, share in world.case.shares[feed].items() if element in counts)


def add_stages(world: World) -> None:
    """Feeds into separation "in variables of its own"; oxide of any element into metal ("throughput in oxide").

    "a magnet plant turns metal of any element into magnets in the same way (throughput in metal...)".
    """
    for w, t in world.moments:
        for plant in world.plants(stage="separation"):
            terms: dict[Key, float] = {("throughput", plant.name, w, t): 1.0}
            for feed in plant.feeds:
                terms[world.lp.variable("use", plant.name, feed, w, t)] = -counted(
                    world, plant, feed
                )
            world.lp.equals(terms, 0.0)
        for plant in [*world.plants(stage="metal"), *world.plants(stage="magnet")]:
            terms = {("throughput", plant.name, w, t): 1.0}
            for element in world.case.element_names:
                terms[world.lp.variable("turn", plant.name, element, w, t)] = -1.0
            world.lp.equals(terms, 0.0)


def yields(
    world: World, country: str, element: str, form: str, w: str, t: Period
) -> dict[Key, float]:
    """What own plants make: "share[f,e] * recovery[p,e] of every element"; metal and magnets "with its recovery"."""
    terms: dict[Key, float] = {}
    if form == "oxide":
        for plant in world.plants(country=country, stage="separation"):
            for feed in plant.feeds:
                share = world.case.shares[feed].get(element, 0.0)
                add(terms, ("use", plant.name, feed, w, t), share * world.recovery(plant, element))
    else:
        for plant in world.plants(country=country, stage=form):
            add(terms, ("turn", plant.name, element, w, t), world.recovery(plant, element))
    return terms


def add_exchange(world: World) -> None:
    """Pool: "a country may receive any element and form from the pool; it gives at most what its own plants make"."""
    for w, t in world.moments:
        for country, element, form in world.goods:
            made = world.lp.variable("made", country, element, form, w, t)
            sources = yields(world, country, element, form, w, t)
            world.lp.equals({made: 1.0, **{k: -v for k, v in sources.items()}}, 0.0)
            given = world.lp.variable("given", country, element, form, w, t)
            world.lp.variable("received", country, element, form, w, t)
            world.lp.at_most({given: 1.0, made: -1.0}, 0.0)
        for group in world.groups:
            for element, form in {(e, f): None for _, e, f in world.goods}:
                terms: dict[Key, float] = {}
                for country in group:
                    terms["received", country, element, form, w, t] = 1.0
                    terms["given", country, element, form, w, t] = -1.0
                world.lp.at_most(terms, 0.0)


def add_imports(world: World) -> None:
    """Contract: Imports serve the importing country only, up to their limit times the node's factors."""
    for key in world.case.imports:
        for w, t in world.moments:
            world.lp.variable("imported", *key, w, t, high=world.shocks.import_limit(w, t, key))


def add_resale(world: World) -> None:
    """Contract: a country whose import factor is below 1 "may have on top, for its own use, at most leak * (1 - f) *
    limit[c] * h"; "all countries of its group with a factor below 1 and not below c's together at most the sum of
    share * limit * f * h over the group's countries whose min(1, f) is above c's".
    """
    factors = {}
    for key, series in world.case.imports.items():
        for w, t in world.moments:
            factor, limit = (
                round(world.shocks.import_factor(w, t, key), SAME),
                at_year(series, t.year),
            )
            if factor < 1.0 and limit > 0:
                factors[key, w, t] = factor
                most = world.shocks.leak(w, t, key) * (1.0 - factor) * limit * t.length
                world.lp.variable("resold", *key, w, t, high=most)
    for (key, w, t), factor in factors.items():
        supplier, country, *good = key
        group = next(group for group in world.groups if country in group)
        alike = [
            (supplier, other, *good)
            for other in group
            if factors.get(((supplier, other, *good), w, t), -1) >= factor
        ]
        sold = sum(world.shocks.sellers(w, t, key).values()) * t.length
        world.lp.at_most({("resold", *other, w, t): 1.0 for other in alike}, sold)


def add_stocks(world: World) -> None:
    """Contract: stock[n] = stock[parent] + bought - released, between 0 and max_t; initial_t before the first year.

    "Stock balances are per period". Purchases are at most purchase_t_per_year, in a part of a year their part of it.
    """
    for good, row in world.case.stockpiles.items():
        high = number(row, "max_t", float("inf"))
        may_buy = "stockpile" in world.choices.levers
        yearly = number(row, "purchase_t_per_year", float("inf")) if may_buy else 0.0
        for w, t in world.moments:
            stock = world.lp.variable("stock", *good, w, t, high=high)
            bought = world.lp.variable("bought", *good, w, t, high=yearly * t.length)
            released = world.lp.variable("released", *good, w, t)
            terms: dict[Key, float] = {stock: 1.0, bought: -1.0, released: 1.0}
            parent = world.before(t)
            if parent is None:
                world.lp.equals(terms, number(row, "initial_t"))
            else:
                world.lp.equals({**terms, ("stock", *good, w, parent): -1.0}, 0.0)


def still(world: World, good: tuple[str, str, str], w: str, t: Period) -> float:
    """Contract: "the part of the undisturbed import limits of that year that the node's shocks leave: sum over suppliers
    of limit * min(1, f), over the sum of limit; 1 where the sum is 0".
    """
    whole, left = 0.0, 0.0
    for key, series in world.case.imports.items():
        if key[1:] == good:
            limit = at_year(series, t.year)
            whole += limit
            left += limit * min(1.0, world.shocks.import_factor(w, t, key))
    return left / whole if whole > 0 else 1.0


def add_schedule(world: World) -> None:
    """Contract: With `policy.stock = "scheduled"` "scheduled[c,e,o,d] >= 0 (t a year) stands on the decision nodes, as
    builds do (lever `stockpile` ...), and on every node n, disturbed or not, bought[c,e,o,n] = h(n) *
    scheduled[c,e,o,d(n)] * still[c,e,o,n]".
    """
    if world.choices.stock != "scheduled":
        return
    may_buy = "stockpile" in world.choices.levers
    for good, row in world.case.stockpiles.items():
        high = number(row, "purchase_t_per_year", float("inf")) if may_buy else 0.0
        for w, t in world.openings:
            world.lp.variable("scheduled", *good, w, t.year, high=high)
        for w, t in world.moments:
            delivered = t.length * still(world, good, w, t)
            world.lp.equals(
                {("bought", *good, w, t): 1.0, ("scheduled", *good, w, t.year): -delivered}, 0.0
            )
