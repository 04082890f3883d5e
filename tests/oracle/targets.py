"""What is asked of a plan: shares that are served, come from one origin, or are made in countries (section 5)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle.balances import balance_terms, import_terms, taken_in
from tests.oracle.calm import saved_terms
from tests.oracle.sparse import Key, add
from tests.oracle.tables import FORMS, Period, Target
from tests.oracle.world import Asked, World

Sum = tuple[dict[Key, float], float]
"""Terms of variables, and a constant."""


def asked_form(target: Target) -> str:
    """The form whose use counts; `feed` counts "against used of oxide"."""
    return FORMS[0] if target.form == "feed" else target.form


def on_named(world: World, target: Target) -> list[tuple[str, Period]]:
    """Contract: "every period of `first_year` to `last_year` ... on every node that lies on the named scenario (blank: on
    all)"; "`scenario` may name a storyline: the target then holds on the nodes of all its draws".
    """
    named = [
        w for w, storyline in world.case.storylines.items() if target.scenario in ("", w, storyline)
    ]
    return [
        (w, t)
        for w, t in world.moments
        if target.first <= t.year <= target.last
        and any(world.history[v, t] == world.history[w, t] for v in named)
    ]


def scaled_into(total: dict[Key, float], terms: dict[Key, float], scale: float) -> None:
    """Add terms, times a number, to others."""
    for key, value in terms.items():
        add(total, key, scale * value)


def used(world: World, target: Target, element: str, w: str, t: Period) -> Sum:
    """Contract: "used = demand - saved - shortfall + what plants take in of the form + bought - released", summed."""
    terms: dict[Key, float] = {}
    demand, form = 0.0, asked_form(target)
    for country in target.countries:
        good = (country, element, form)
        demand += world.shocks.demand(w, t, *good)
        scaled_into(terms, saved_terms(world, *good, w, t), -1.0)
        scaled_into(terms, taken_in(world, *good, w, t), 1.0)
        terms["short", *good, w, t] = -1.0
        if good in world.case.stockpiles:
            terms["bought", *good, w, t] = 1.0
            terms["released", *good, w, t] = -1.0
    return terms, demand


def ask(world: World, asked: Asked, *place: str) -> None:
    """Contract: "Blank `price_usd_per_kg`: the target must hold ... Else what is missing is allowed at that price"."""
    world.asked.append(asked)
    terms = dict(asked.terms)
    if asked.target.price is not None:
        at = (asked.scenario, asked.period)
        key = world.lp.variable("missing", asked.target.name, *place, *at)
        world.missing[key] = asked
        terms[key] = -1.0
    world.lp.at_most(terms, asked.limit)


def ask_served(world: World, target: Target, element: str, w: str, t: Period) -> None:
    """Contract: "`served`: shortfall <= (1 - share) * demand"; "`form` blank ...: all forms summed"."""
    terms: dict[Key, float] = {}
    demand = 0.0
    for good in world.goods:
        if good[0] in target.countries and good[1] == element and target.form in ("", good[2]):
            terms["short", *good, w, t] = 1.0
            demand += world.shocks.demand(w, t, *good)
    limit = (1.0 - target.share) * demand
    ask(world, Asked(target=target, scenario=w, period=t, terms=terms, limit=limit), element)


def ask_origin(world: World, target: Target, element: str, w: str, t: Period) -> None:
    """Contract: "for each outside origin ... by itself, imports and resold of the form from it <= share * used"."""
    use, demand = used(world, target, element, w, t)
    limit = target.share * demand
    suppliers = {key[0] for key in world.case.imports}
    for origin in sorted({world.case.origins.get(name, name) for name in suppliers}):
        terms: dict[Key, float] = {}
        scaled_into(terms, use, -target.share)
        for country in target.countries:
            for key, name in import_terms(world, country, element, target.form, w, t):
                if world.case.origins.get(name, name) == origin:
                    add(terms, key, 1.0)
        asked = Asked(target=target, scenario=w, period=t, terms=terms, limit=limit)
        ask(world, asked, element, origin)


def ask_made(world: World, target: Target, element: str, w: str, t: Period) -> None:
    """Contract: "made by plants in these countries, less what of it is left over, >= share * used"."""
    use, demand = used(world, target, element, w, t)
    terms: dict[Key, float] = {}
    scaled_into(terms, use, target.share)
    for country in target.countries:
        place = (country, element, target.form, w, t)
        terms["made", *place] = -1.0
        terms["left", *place] = 1.0
    limit = -target.share * demand
    ask(world, Asked(target=target, scenario=w, period=t, terms=terms, limit=limit), element)


def ask_mined(world: World, target: Target, element: str, w: str, t: Period) -> None:
    """Contract: `form = feed`: "the element in what their mines yield (of the `feeds` named, blank: all ...; whether or
    not it is left over), against used of oxide".
    """
    use, demand = used(world, target, element, w, t)
    terms: dict[Key, float] = {}
    scaled_into(terms, use, target.share)
    for plant in world.plants(stage="mine"):
        feed = plant.feeds[0]
        if plant.country in target.countries and (not target.feeds or feed in target.feeds):
            element_share = world.case.shares[feed].get(element, 0.0)
            terms["throughput", plant.name, w, t] = -element_share
    limit = -target.share * demand
    ask(world, Asked(target=target, scenario=w, period=t, terms=terms, limit=limit), element)


def spoken_of(world: World) -> Iterator[tuple[str, str, str, str, Period]]:
    """The goods, scenarios and periods whose use a target speaks of, once each."""
    found: dict[tuple[str, str, str, str, Period], None] = {}
    for target in world.case.targets:
        if target.kind == "served":
            continue
        for w, t in on_named(world, target):
            for country in target.countries:
                for element in target.elements:
                    found[country, element, asked_form(target), w, t] = None
    yield from found


def keep_stock(world: World) -> None:
    """Contract: "where a target speaks of a good, released <= demand - saved - shortfall + what plants take in, so that
    stock is not thrown away to lower it".
    """
    for country, element, form, w, t in spoken_of(world):
        place = (country, element, form, w, t)
        if place[:3] not in world.case.stockpiles:
            continue
        terms: dict[Key, float] = {("released", *place): 1.0, ("short", *place): 1.0}
        scaled_into(terms, saved_terms(world, *place), 1.0)
        scaled_into(terms, taken_in(world, *place), -1.0)
        world.lp.at_most(terms, world.shocks.demand(w, t, *place[:3]))


def count_what_is_left(world: World) -> None:
    """What is left over is told where it was made, for the goods that a `made_share` speaks of.

    All else that a country gets is then used: nobody has to take more imports or goods of others than it uses. Stock
    alone may be thrown away, where no target speaks of it.
    """
    asked = [target for target in world.case.targets if target.kind == "made_share"]
    places: dict[tuple[str, str, str, Period], None] = {}
    for target in asked:
        for w, t in on_named(world, target) if target.form != "feed" else ():
            for element in target.elements:
                places[element, target.form, w, t] = None
    kept = set(spoken_of(world))
    for element, form, w, t in places:
        for country in world.case.country_names:
            place = (country, element, form, w, t)
            left = world.lp.variable("left", *place)
            world.lp.at_most({left: 1.0, ("given", *place): 1.0, ("made", *place): -1.0}, 0.0)
            terms = balance_terms(world, *place)
            terms[left] = -1.0
            if place[:3] in world.case.stockpiles and place not in kept:
                thrown = world.lp.variable("thrown", *place)
                world.lp.at_most({thrown: 1.0, ("released", *place): -1.0}, 0.0)
                terms[thrown] = -1.0
            world.lp.equals(terms, world.shocks.demand(w, t, *place[:3]))
        for group in world.groups:
            pool: dict[Key, float] = {}
            for country in group:
                pool["received", country, element, form, w, t] = 1.0
                pool["given", country, element, form, w, t] = -1.0
            world.lp.equals(pool, 0.0)


def add_targets(world: World) -> None:
    """All targets: "They bind the plan (not the case without a plan)"."""
    keep_stock(world)
    count_what_is_left(world)
    asks = {"served": ask_served, "origin_share": ask_origin, "made_share": ask_made}
    for target in world.case.targets:
        ask_one = ask_mined if target.form == "feed" else asks[target.kind]
        for w, t in on_named(world, target):
            for element in target.elements:
                ask_one(world, target, element, w, t)
