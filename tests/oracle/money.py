"""Payments, budgets, cost and risk: the money of the program (all MUSD)."""

from __future__ import annotations

from tests.oracle.histories import build_years
from tests.oracle.sparse import Key, add
from tests.oracle.tables import Period, number
from tests.oracle.world import World

MILLION = 1e6
PER_TONNE = 1e3 / MILLION  # USD per kg to MUSD per tonne


def capex_terms(world: World, country: str, w: str, t: int, *, public: bool) -> dict[Key, float]:
    """Capex due in t; not `public`: the full amount.

    Contract: "capex_usd_per_tpa * cost_index * public_share, is paid in equal parts over the lead time's years from y
    on (at least one)".
    """
    index = number(world.country(country), "cost_index", 1.0)
    terms: dict[Key, float] = {}
    for plant in world.plants(country=country):
        parts = max(plant.lead, 1)
        part = plant.capex * index * (plant.public_share if public else 1.0) / parts / MILLION
        for y in build_years(plant, world.choices):
            key = ("build", plant.name, w, y)
            if key in world.lp.index and y <= t <= y + parts - 1:
                add(terms, key, part)
    return terms


def people_terms(world: World, country: str, w: str, t: int) -> dict[Key, float]:
    """Contract: Training fees (intake), new seats and hiring are paid from the budget in their year."""
    terms: dict[Key, float] = {}
    for name, row in world.case.training.items():
        if row["country"] == country:
            add(terms, ("intake", name, w, t), number(row, "cost_per_trainee_usd") / MILLION)
            if ("seats", name, w, t) in world.lp.index:
                add(terms, ("seats", name, w, t), number(row, "cost_per_seat_usd") / MILLION)
    for (place, skill), row in world.case.workforce.items():
        if place == country and ("hires", country, skill, w, t) in world.lp.index:
            add(terms, ("hires", country, skill, w, t), number(row, "hire_cost_usd") / MILLION)
    return terms


def purchase_terms(world: World, country: str, w: str, t: Period) -> dict[Key, float]:
    """Contract: "Purchases cost purchase_usd_per_kg out of the budget"."""
    return {
        ("bought", *good, w, t): number(row, "purchase_usd_per_kg") * PER_TONNE
        for good, row in world.case.stockpiles.items()
        if good[0] == country
    }


def spent_terms(world: World, country: str, w: str, t: Period, *, public: bool) -> dict[Key, float]:
    """What falls due in one country, scenario and period; `public`: what is paid from budgets.

    Contract: "what is decided by year falls due in the year's first period".
    """
    terms = purchase_terms(world, country, w, t)
    if t.opens_year:
        terms |= capex_terms(world, country, w, t.year, public=public) | people_terms(
            world, country, w, t.year
        )
    return terms


def running_terms(world: World, w: str, t: Period) -> dict[Key, float]:
    """Costs outside the budget: "fixed opex of new nameplate from its planned start, variable opex" and holding.

    "holding costs count on the stock at the end of a year".
    """
    terms: dict[Key, float] = {}
    for plant in world.case.projects:
        add(terms, ("throughput", plant.name, w, t), plant.variable / MILLION)
        for y in build_years(plant, world.choices) if t.opens_year else []:
            key = ("build", plant.name, w, y)
            if key in world.lp.index and t.year >= y + plant.lead:
                add(terms, key, plant.fixed / MILLION)
    for good, row in world.case.stockpiles.items() if t.closes_year else []:
        add(terms, ("stock", *good, w, t), number(row, "holding_usd_per_kg_year") * PER_TONNE)
    return terms


def payers(world: World) -> dict[str, list[str]]:
    """Where each funder may pay: "`*` or `;`-separated"; without a row "only in the country of its own name"."""
    found = {}
    for funder in dict.fromkeys(funder for funder, _ in world.case.budgets):
        where = world.case.funders.get(funder, [funder])
        found[funder] = [c for c in world.case.country_names if c in where or "*" in where]
    return found


def add_budgets(world: World) -> None:
    """Contract: "what is spent in country c <= what funders that may pay there pay";
    "what funder f pays + carried forward <= budget[f,t] + carried in"; "A year's budget is there from its first
    period ... within a year unspent money always moves on".
    """
    where = payers(world)
    for w, t in world.moments:
        for funder, countries in where.items():
            terms: dict[Key, float] = {
                world.lp.variable("pay", funder, c, w, t): 1.0 for c in countries
            }
            if world.choices.carry_over or not t.closes_year:
                terms[world.lp.variable("carry", funder, w, t)] = 1.0
            parent = world.before(t)
            if parent and (world.choices.carry_over or not t.opens_year):
                terms["carry", funder, w, parent] = -1.0
            if terms:
                world.lp.at_most(
                    terms, world.case.budgets.get((funder, t.year), 0.0) if t.opens_year else 0.0
                )
        for country in world.case.country_names:
            spent = spent_terms(world, country, w, t, public=True)
            for funder, countries in where.items():
                if country in countries:
                    spent["pay", funder, country, w, t] = -1.0
            if spent:
                world.lp.at_most(spent, 0.0)


def add_cost(world: World) -> None:
    """Contract: "Cost (expected, discounted): full capex (public and private), fixed opex ..., variable opex, ..."."""
    terms: dict[Key, float] = {world.lp.variable("cost"): 1.0}
    for w, t in world.moments:
        weight = world.case.scenarios[w] * world.factor(t.year)
        parts = [
            spent_terms(world, country, w, t, public=False) for country in world.case.country_names
        ]
        for part in [running_terms(world, w, t), *parts]:
            for key, value in part.items():
                add(terms, key, -weight * value)
    world.lp.equals(terms, 0.0)


def add_losses(world: World) -> None:
    """Z[w] is the "sum ... of shortfall (kg) * loss per kg (in steps where given) * weight * risk discount, in MUSD".

    "the part of a shortfall up to a share of that year's (shocked) demand costs the step's amount"; "loss tiers go by
    the period's demand".
    """
    for w in world.case.scenarios:
        loss: dict[Key, float] = {world.lp.variable("loss", w): 1.0}
        for t in world.shocks.periods:
            for good in world.goods:
                demand = world.shocks.demand(w, t, *good)
                weight = number(world.country(good[0]), "weight", 1.0) * world.risk_factor(t.year)
                split: dict[Key, float] = {("short", *good, w, t): -1.0}
                below = 0.0
                for step, (up_to, usd) in enumerate(world.steps(*good)):
                    piece = world.lp.variable(
                        "piece", step, *good, w, t, high=(up_to - below) * demand
                    )
                    split[piece] = 1.0
                    loss[piece] = -usd * PER_TONNE * weight
                    below = up_to
                world.lp.equals(split, 0.0)
        world.lp.equals(loss, 0.0)


def add_risk(world: World) -> None:
    """Contract: Risk = (1-lambda) * E[Z] + lambda * CVaR_alpha[Z], CVaR after Rockafellar and Uryasev (2000)."""
    choices, odds = world.choices, world.case.scenarios
    value_at_risk = world.lp.variable("eta")
    expected: dict[Key, float] = {world.lp.variable("expected"): 1.0}
    tail: dict[Key, float] = {world.lp.variable("cvar"): 1.0, value_at_risk: -1.0}
    for w, chance in odds.items():
        excess = world.lp.variable("excess", w)
        world.lp.at_most({("loss", w): 1.0, value_at_risk: -1.0, excess: -1.0}, 0.0)
        expected["loss", w] = -chance
        tail[excess] = -chance / (1.0 - choices.tail)
    world.lp.equals(expected, 0.0)
    world.lp.equals(tail, 0.0)
    risk = world.lp.variable("risk")
    world.lp.equals(
        {risk: 1.0, ("expected",): choices.aversion - 1.0, ("cvar",): -choices.aversion}, 0.0
    )


def add_money(world: World) -> None:
    """All blocks of this file."""
    add_budgets(world)
    add_cost(world)
    add_losses(world)
    add_risk(world)
