"""The balances of feeds and of goods, which bring the blocks of `physical` and `calm` together."""

from __future__ import annotations

from tests.oracle.calm import add_availability, add_rise, add_saving, returned_terms, saved_terms
from tests.oracle.physical import (
    add_builds,
    add_capacity,
    add_exchange,
    add_imports,
    add_resale,
    add_schedule,
    add_stages,
    add_stocks,
)
from tests.oracle.sparse import Key
from tests.oracle.tables import FORMS, Period
from tests.oracle.world import World


def add_feed_balance(world: World) -> None:
    """Contract: Feeds balance within a coordination group: "use <= mined + sum of share * throughput of the plants in
    `returns` of the same group and period"."""
    for w, t in world.moments:
        for group in world.groups:
            for feed in world.case.shares:
                returned = returned_terms(world, group, feed, w, t)
                terms: dict[Key, float] = {key: -share for key, share in returned.items()}
                for plant in world.case.projects:
                    if plant.country not in group or feed not in plant.feeds:
                        continue
                    if plant.stage == "mine":
                        terms["throughput", plant.name, w, t] = -1.0
                    elif plant.stage == "separation":
                        terms["use", plant.name, feed, w, t] = 1.0
                if terms:
                    world.lp.at_most(terms, 0.0)


def import_terms(
    world: World, country: str, element: str, form: str, w: str, t: Period
) -> dict[tuple[Key, str], float]:
    """What comes in from outside, imported or resold, with its supplier."""
    terms: dict[tuple[Key, str], float] = {}
    for key in world.case.imports:
        if key[1:] == (country, element, form):
            terms[("imported", *key, w, t), key[0]] = 1.0
            if ("resold", *key, w, t) in world.lp.index:
                terms[("resold", *key, w, t), key[0]] = 1.0
    return terms


def taken_in(
    world: World, country: str, element: str, form: str, w: str, t: Period
) -> dict[Key, float]:
    """What the country's metal or magnet plants take in of a form."""
    if form == FORMS[-1]:
        return {}
    plants = world.plants(country=country, stage=FORMS[FORMS.index(form) + 1])
    return {("turn", plant.name, element, w, t): 1.0 for plant in plants}


def balance_terms(
    world: World, country: str, element: str, form: str, w: str, t: Period
) -> dict[Key, float]:
    """What comes to a country (positive) and what it gives, uses and stores (negative), but for its demand."""
    place = (country, element, form, w, t)
    terms: dict[Key, float] = {("short", *place): 1.0, ("made", *place): 1.0}
    terms["received", *place] = 1.0
    terms["given", *place] = -1.0
    terms |= saved_terms(world, *place)
    terms |= {key: share for (key, _), share in import_terms(world, *place).items()}
    terms |= {key: -share for key, share in taken_in(world, *place).items()}
    if (country, element, form) in world.case.stockpiles:
        terms["released", *place] = 1.0
        terms["bought", *place] = -1.0
    return terms


def add_shortfalls(world: World) -> None:
    """Contract: "0 <= shortfall <= demand"."""
    for w, t in world.moments:
        for good in world.goods:
            world.lp.variable("short", *good, w, t, high=world.shocks.demand(w, t, *good))


def add_balance(world: World) -> None:
    """Balance of every country, element, form and node.

    Contract: "made + imports + resold + received + released + shortfall >= demand + given + used by metal or magnet
    plants + put in stock"; "Saved demand stands on the left". What is put in stock is what is bought: it comes out of
    this balance.
    """
    for w, t in world.moments:
        for good in world.goods:
            terms = balance_terms(world, *good, w, t)
            demand = world.shocks.demand(w, t, *good)
            world.lp.at_most({key: -value for key, value in terms.items()}, -demand)


def add_tonnes(world: World) -> None:
    """All blocks of tonnes."""
    add_builds(world)
    add_capacity(world)
    add_stages(world)
    add_feed_balance(world)
    add_exchange(world)
    add_imports(world)
    add_resale(world)
    add_stocks(world)
    add_schedule(world)
    add_shortfalls(world)
    add_rise(world)
    add_availability(world)
    add_saving(world)
    add_balance(world)
