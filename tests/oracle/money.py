"""Payments, budgets, cost and risk: the money of the program (all MUSD)."""

from __future__ import annotations

from collections.abc import Iterable

from tests.oracle.histories import build_years
from tests.oracle.odds import add_worst_risk
from tests.oracle.sparse import Key, add
from tests.oracle.tables import Period, Project, at_year, number
from tests.oracle.world import World

MILLION = 1e6
PER_TONNE = 1e3 / MILLION  # USD per kg to MUSD per tonne


def capex_terms(world: World, country: str, w: str, t: int, *, public: bool) -> dict[Key, float]:
    """Capex due in t; not `public`: the full amount.

    Contract: "capex_usd_per_tpa * cost_index * public_share, is paid in equal parts over the lead time's years from y
    on (at least one)"; by the shares of `schedule` where the project has rows.
    """
    index = number(world.country(country), "cost_index", 1.0)
    terms: dict[Key, float] = {}
    for plant in world.plants(country=country):
        whole = plant.capex * index * (plant.public_share if public else 1.0) / MILLION
        for y in build_years(plant, world.choices):
            key = ("build", plant.name, w, y)
            if key in world.lp.index:
                add(terms, key, whole * share_due(world, plant, w, y, t))
    return terms


def share_due(world: World, plant: Project, w: str, y: int, t: int) -> float:
    """The share of the capital of a build of year y that is due in year t.

    Contract: "A delay shock moves the whole schedule, except instalments already paid"; "It shows itself in
    start_year, not before".
    """
    if not plant.schedule:
        parts = max(plant.lead, 1)
        return 1 / parts if y <= t <= y + parts - 1 else 0.0
    total = 0.0
    for k, step in enumerate(plant.schedule):
        paid_in = y + k
        for shown in world.choices.years:
            if paid_in >= shown:
                paid_in += shown_in(world, plant, w, y, shown)
        if paid_in == t:
            total += step.capital
    return total


def shown_in(world: World, plant: Project, w: str, y: int, year: int) -> int:
    """Years of delay of a build of year y that show themselves in a year."""
    due = y + plant.lead
    before = world.shocks.delay(w, plant, due, known_by=year - 1)
    return world.shocks.delay(w, plant, due, known_by=year) - before


def fixed_share(world: World, plant: Project, w: str, y: int, t: int) -> float:
    """The share of the yearly fixed cost of a build of year y that is due in year t."""
    if not plant.schedule:
        return 1.0 if t >= y + plant.lead else 0.0
    k = t - y - world.shocks.delay(w, plant, y + plant.lead, known_by=t)
    return plant.schedule[min(k, len(plant.schedule) - 1)].cost if k >= 0 else 0.0


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


def lowest_price(world: World, good: tuple[str, str, str], year: int) -> float:
    """Contract: "the lowest import price of that good in that country and year (of rows with a positive limit, whatever
    shocks do; none: 0)".
    """
    sold = [key for key, series in world.case.imports.items() if at_year(series, year) > 0]
    prices = [at_year(world.case.prices[key], year) for key in sold if key[1:] == good]
    return min(prices, default=0.0)


def purchase_terms(
    world: World, country: str, w: str, t: Period, *, public: bool
) -> dict[Key, float]:
    """Contract: Stock purchases count "less the lowest import price ..., at least 0 ...; the budget pays them whole"."""
    terms: dict[Key, float] = {}
    for good, row in world.case.stockpiles.items():
        if good[0] == country:
            whole = number(row, "purchase_usd_per_kg")
            netted = 0.0 if public else min(lowest_price(world, good, t.year), whole)
            terms["bought", *good, w, t] = (whole - netted) * PER_TONNE
    return terms


def spent_terms(world: World, country: str, w: str, t: Period, *, public: bool) -> dict[Key, float]:
    """What falls due in one country, scenario and period; `public`: what is paid from budgets.

    Contract: "what is decided by year falls due in the year's first period".
    """
    terms = purchase_terms(world, country, w, t, public=public)
    if t.opens_year:
        terms |= capex_terms(world, country, w, t.year, public=public) | people_terms(
            world, country, w, t.year
        )
    return terms


def fixed_terms(world: World, w: str, t: Period) -> dict[Key, float]:
    """Contract: "fixed opex of new nameplate from its planned start", or by `cost_share` of its schedule."""
    terms: dict[Key, float] = {}
    for plant in world.case.projects:
        for y in build_years(plant, world.choices) if t.opens_year else []:
            key = ("build", plant.name, w, y)
            if key in world.lp.index:
                add(terms, key, plant.fixed / MILLION * fixed_share(world, plant, w, y, t.year))
    return terms


def throughput_terms(world: World, w: str, t: Period) -> dict[Key, float]:
    """Contract: "a throughput costs max(0, `variable_opex_usd_per_t` - `credit_usd_per_t`)"."""
    return {
        ("throughput", plant.name, w, t): max(0.0, plant.variable - plant.credit) / MILLION
        for plant in world.case.projects
    }


def import_cost_terms(world: World, w: str, t: Period) -> dict[Key, float]:
    """Contract: "Imports cost their price (resold tonnes that of the supplier's row for the buying country)"."""
    terms: dict[Key, float] = {}
    for key in world.case.imports:
        usd = world.shocks.price(w, t, key)
        terms["imported", *key, w, t] = usd * PER_TONNE
        if ("resold", *key, w, t) in world.lp.index:
            terms["resold", *key, w, t] = usd * PER_TONNE
    return terms


def holding_terms(world: World, w: str, t: Period) -> dict[Key, float]:
    """Contract: "holding costs count on the stock at the end of a year"."""
    return {
        ("stock", *good, w, t): number(row, "holding_usd_per_kg_year") * PER_TONNE
        for good, row in world.case.stockpiles.items()
        if t.closes_year
    }


def missing_terms(world: World, w: str, t: Period) -> dict[Key, float]:
    """Contract: "what is missing is allowed at that price, which is part of the cost (expected, discounted)"."""
    return {
        key: (asked.target.price or 0.0) * PER_TONNE
        for key, asked in world.missing.items()
        if (asked.scenario, asked.period) == (w, t)
    }


def cost_parts(world: World, w: str, t: Period) -> dict[str, dict[Key, float]]:
    """The terms of each part of the cost that falls due in a scenario and period, not discounted."""
    countries = world.case.country_names
    people = [people_terms(world, c, w, t.year) for c in countries if t.opens_year]
    built = [capex_terms(world, c, w, t.year, public=False) for c in countries if t.opens_year]
    bought = [purchase_terms(world, c, w, t, public=False) for c in countries]
    return {
        "capex": joined(built),
        "fixed_opex": fixed_terms(world, w, t),
        "variable_opex": throughput_terms(world, w, t),
        "imports": import_cost_terms(world, w, t),
        "training": only("intake", joined(people)),
        "seats": only("seats", joined(people)),
        "hires": only("hires", joined(people)),
        "stock_purchases": joined(bought),
        "stock_holding": holding_terms(world, w, t),
        "targets": missing_terms(world, w, t),
    }


def joined(parts: Iterable[dict[Key, float]]) -> dict[Key, float]:
    """Terms of several countries together."""
    terms: dict[Key, float] = {}
    for part in parts:
        for key, value in part.items():
            add(terms, key, value)
    return terms


def only(name: str, terms: dict[Key, float]) -> dict[Key, float]:
    """The terms of one kind of variable."""
    return {key: value for key, value in terms.items() if key[0] == name}


def payers(world: World) -> dict[str, list[str]]:
    """Where each funder may pay: "`*` or `;`-separated"; without a row "only in the country of its own name".

    Contract: "`home`: of these only in the countries of their own party".
    """
    found = {}
    for funder in dict.fromkeys(funder for funder, _ in world.case.budgets):
        where = world.case.funders.get(funder, [funder])
        found[funder] = [c for c in world.case.country_names if c in where or "*" in where]
        if world.choices.funding == "home":
            party = funder_party(world, funder)
            found[funder] = [c for c in found[funder] if world.case.parties[c] == party]
    return found


def funder_party(world: World, funder: str) -> str:
    """Contract: `funders.party`, "blank: the party of the country of its name, else its own name"."""
    own = world.case.parties.get(funder, funder)
    return world.case.funder_parties.get(funder) or own


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
        for part in cost_parts(world, w, t).values():
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
    if choices.odds == "worst":
        add_worst_risk(world.lp, world.case, choices.aversion, choices.tail, risk)
        return
    world.lp.equals(
        {risk: 1.0, ("expected",): choices.aversion - 1.0, ("cvar",): -choices.aversion}, 0.0
    )


def add_money(world: World) -> None:
    """All blocks of this file."""
    add_budgets(world)
    add_cost(world)
    add_losses(world)
    add_risk(world)
