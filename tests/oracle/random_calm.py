"""Random prices, credits, rises, savings, scrap and returns on top of a random case."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_switches import put_shock, troubled, with_quarters
from tests.oracle.random_tables import Draw, Rows

TURNING = ("metal", "magnet")
Good = tuple[str, str, str]


def draw_prices(d: Draw) -> None:
    """Import prices, most of them far below the loss and some above it, and shocks of them."""
    for row in d.tables.get("imports", ()):
        share = d.one(0.02, 0.1, 0.1, 0.3, 0.9, 1.5)
        usd = d.number(share * d.loss[row["element"]])
        row["price_usd_per_kg"] = d.perhaps(0.85, usd)
    for _ in range(d.one(0, 1, 1, 2)):
        put_shock(d, price_shock(d))


def price_shock(d: Draw) -> Rows:
    """A flood of cheap goods or a dear year, of some or all suppliers, now and then inside a year."""
    start = d.year()
    years = d.one(0, 1, 9)
    row: Rows = {
        "scenario": troubled(d),
        "kind": "price",
        "start_year": start,
        "end_year": min(start + years, d.last),
        "supplier": d.perhaps(0.4, *d.suppliers),
        "country": d.perhaps(0.3, *d.countries),
        "element": d.perhaps(0.3, *d.elements),
        "factor": d.one(0.2, 0.5, 2, 5, 20),
    }
    return with_quarters(d, row, [start]) if d.chance(0.3) else row


def draw_credits(d: Draw) -> None:
    """Credits below and above what a throughput costs."""
    for row in d.tables["projects"]:
        opex = row.get("variable_opex_usd_per_t") or 100.0
        usd = d.number(opex * d.one(0.3, 0.8, 1.5))
        row["credit_usd_per_t"] = d.perhaps(0.5, usd)


def draw_rises(d: Draw) -> None:
    """Plants whose output rises slowly, and perhaps one that is shut when the horizon begins."""
    standing = []
    for row in d.tables["projects"]:
        row["rise"] = d.perhaps(0.6, 0, 0.1, 0.3, 1.5)
        if row["existing_tpa"]:
            standing.append(row["project"])
    if not standing or d.chance(0.3):
        return
    end = d.year()
    shut: Rows = {
        "scenario": troubled(d),
        "kind": "capacity",
        "project": d.one(*standing),
        "start_year": d.first,
        "end_year": end,
        "factor": d.one(0, 0, 0.3),
    }
    if d.chance(0.3):
        shut = with_quarters(d, shut, [end])
    put_shock(d, shut)


def draw_savings(d: Draw) -> None:
    """One or two projects that replace demand of their country, with money, people and shocks."""
    for place in range(d.one(1, 1, 2)):
        draw_saving(d, f"saving_{place}")
    for skill in d.tables.get("skills", ()):
        if d.chance(0.3):
            persons = d.between(50, 300)
            need: Rows = {"stage": "saving", "skill": skill["skill"]}
            need["persons_per_ktpa"] = persons
            d.put("staffing", need)
    if d.chance(0.3):
        year = d.year()
        shut: Rows = {"scenario": troubled(d), "kind": "capacity", "stage": "saving"}
        put_shock(d, {**shut, "start_year": year, "end_year": year, "factor": 0.5})


def draw_saving(d: Draw, name: str) -> None:
    """One project and the goods of which it replaces demand."""
    goods: list[Good] = list(d.demand)
    first = d.one(*goods)
    country = first[0]
    d.put("projects", saving_project(d, name, country, d.demand[first]))
    chosen = {first}
    if d.chance(0.4):
        alike = [good for good in goods if good[0] == country]
        chosen.add(d.one(*alike))
    for _, element, form in sorted(chosen):
        row: Rows = {"project": name, "element": element, "form": form}
        row["tonnes"] = d.one(0.5, 1, 2)
        row["max_share"] = d.perhaps_between(0.7, 0.05, 0.6)
        d.put("savings", row)


def saving_project(d: Draw, name: str, country: str, level: float) -> Rows:
    """A project of stage saving, sized against the demand of one good."""
    return {
        "project": name,
        "name": name,
        "country": country,
        "stage": "saving",
        "existing_tpa": d.perhaps_between(0.5, level * 0.02, level * 0.2),
        "max_new_tpa": d.between(level * 0.1, level * 0.5),
        "lead_time_years": d.perhaps(0.6, 0, 1),
        "capex_usd_per_tpa": d.between(2e4, 4e5),
        "variable_opex_usd_per_t": d.perhaps_between(0.7, 1e3, 1e5),
        "fixed_opex_usd_per_tpa": d.perhaps_between(0.4, 1e3, 2e4),
        "rise": d.perhaps(0.3, 0.1),
    }


def draw_availability(d: Draw) -> None:
    """Ore that runs out."""
    for row in d.tables["projects"]:
        if row["stage"] != "mine" or row["project"] == "scrap" or d.chance(0.4):
            continue
        size = (row["existing_tpa"] or 0) + (row["max_new_tpa"] or 0)
        for year in d.rng.sample(list(d.years), d.one(1, 2, 2)):
            share = d.one(0, 0.2, 0.5, 0.9)
            limit: Rows = {"project": row["project"], "year": year}
            limit["tonnes"] = d.number(size * share)
            d.put("availability", limit)


def recovery_of(d: Draw, plant: Rows, element: str) -> float:
    """The recovery of an element in a plant."""
    for row in d.tables.get("recoveries", ()):
        if (row["project"], row["element"]) == (plant["project"], element):
            return float(row["recovery"])
    return float(plant.get("recovery") or 1.0)


def draw_returns(d: Draw) -> None:
    """What comes back from metal and magnet plants, by plant and by stage, and plants that take it."""
    plants = [row for row in d.tables["projects"] if row["stage"] in TURNING]
    if not plants:
        return
    element = d.one(*d.elements)
    d.put("feeds", {"feed": "swarf", "element": element, "share": 1})
    takers = [row for row in d.tables["projects"] if row["stage"] == "separation"]
    for row in d.rng.sample(takers, d.rng.randint(1, len(takers))):
        row["feeds"] += ";swarf"
    put_returns(d, plants, element)
    if d.chance(0.4):
        draw_scrap(d, element)


def put_returns(d: Draw, plants: list[Rows], element: str) -> None:
    """Rows by stage, within what every plant of it loses, and rows by plant, which may say nothing comes back."""
    swarf: Rows = {"element": element, "feed": "swarf"}
    lost = {row["project"]: 1 - recovery_of(d, row, element) for row in plants}
    for stage in TURNING:
        least = min((lost[r["project"]] for r in plants if r["stage"] == stage), default=0.0)
        if least > 0.01 and d.chance(0.6):
            share = d.number(least * d.one(0.4, 0.9))
            d.put("returns", {**swarf, "stage": stage, "share": share})
    for name, most in lost.items():
        if d.chance(0.5):
            share = round(most * d.one(0, 0.5, 1), 6)
            d.put("returns", {**swarf, "project": name, "share": share})
    if "returns" not in d.tables:
        d.put("returns", {**swarf, "project": plants[0]["project"], "share": 0})


def draw_scrap(d: Draw, element: str) -> None:
    """A mine of scrap that has to be collected."""
    asked = [level for good, level in d.demand.items() if good[1] == element]
    size = sum(asked) or 50.0
    row: Rows = {
        "project": "scrap",
        "name": "Scrap",
        "country": d.one(*d.countries),
        "stage": "mine",
        "feeds": "swarf",
        "existing_tpa": None,
        "max_new_tpa": d.number(size),
        "capex_usd_per_tpa": d.between(1e3, 1e5),
        "variable_opex_usd_per_t": d.between(1e3, 5e4),
    }
    d.put("projects", row)
    collected = d.number(size * 0.2)
    d.put("availability", {"project": "scrap", "year": d.first, "tonnes": collected})


def draw_calm(d: Draw, model: dict[str, Any]) -> None:
    """Add each with odds of its own."""
    if d.chance(0.7):
        draw_prices(d)
    if d.chance(0.5):
        draw_credits(d)
    if d.chance(0.6):
        draw_savings(d)
        if "levers" in model and d.chance(0.7):
            model["levers"] = [*model["levers"], "saving"]
    if d.chance(0.5):
        draw_returns(d)
    if d.chance(0.5):
        draw_availability(d)
    if d.chance(0.6):
        draw_rises(d)
