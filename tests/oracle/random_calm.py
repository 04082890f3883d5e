"""Random prices, credits, rises, savings, scrap and returns on top of a random case."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_switches import put_shock, troubled, with_quarters
from tests.oracle.random_tables import Draw, Rows

TURNING = ("metal", "magnet")


def draw_prices(d: Draw) -> None:
    """Import prices, most of them far below the loss and some above it, and shocks of them."""
    for row in d.tables.get("imports", ()):
        level = d.loss[row["element"]]
        share = d.rng.choice((0.02, 0.1, 0.1, 0.3, 0.9, 1.5))
        row["price_usd_per_kg"] = d.maybe(0.85, lambda usd=level * share: d.number(usd))
    for _ in range(d.rng.choice((0, 1, 1, 2))):
        put_shock(d, price_shock(d))


def price_shock(d: Draw) -> Rows:
    """A flood of cheap goods or a dear year, of some or all suppliers, now and then inside a year."""
    start = d.rng.randint(d.first, d.last)
    row: Rows = {"scenario": troubled(d), "kind": "price", "start_year": start}
    row["end_year"] = min(start + d.rng.choice((0, 1, 9)), d.last)
    row["supplier"] = d.maybe(0.4, lambda: d.rng.choice(d.suppliers))
    row["country"] = d.maybe(0.3, lambda: d.rng.choice(d.countries))
    row["element"] = d.maybe(0.3, lambda: d.rng.choice(d.elements))
    row["factor"] = d.rng.choice((0.2, 0.5, 2, 5, 20))
    return with_quarters(d, row, [start]) if d.chance(0.3) else row


def draw_credits(d: Draw) -> None:
    """Credits below and above what a throughput costs."""
    for row in d.tables["projects"]:
        opex = row.get("variable_opex_usd_per_t") or 100.0
        share = d.rng.choice((0.3, 0.8, 1.5))
        row["credit_usd_per_t"] = d.maybe(0.5, lambda usd=opex * share: d.number(usd))


def draw_rises(d: Draw) -> None:
    """Plants whose output rises slowly, and plants that are shut when the horizon begins."""
    for row in d.tables["projects"]:
        row["rise"] = d.maybe(0.6, lambda: d.rng.choice((0.1, 0.1, 0.3, 1)))
    standing = [row["project"] for row in d.tables["projects"] if row["existing_tpa"]]
    for name in d.rng.sample(standing, min(len(standing), d.rng.choice((0, 1, 1)))):
        end = d.rng.randint(d.first, d.last)
        row: Rows = {"scenario": troubled(d), "kind": "capacity", "project": name}
        row |= {"start_year": d.first, "end_year": end, "factor": d.rng.choice((0, 0, 0.3))}
        put_shock(d, with_quarters(d, row, [end]) if d.chance(0.3) else row)


def draw_savings(d: Draw) -> None:
    """One or two projects that replace demand of their country, with money, people, ramps and shocks."""
    for place in range(d.rng.choice((1, 1, 2))):
        country, element, form = d.rng.choice(list(d.demand))
        level = d.demand[country, element, form]
        name = f"saving_{place}"
        d.put("projects", saving_project(d, name, country, level))
        goods = [good for good in d.demand if good[0] == country]
        chosen = {(country, element, form)}
        if d.chance(0.4):
            chosen.add(d.rng.choice(goods))
        for good in sorted(chosen):
            row: Rows = {"project": name, "element": good[1], "form": good[2]}
            row["tonnes"] = d.rng.choice((0.5, 1, 2))
            row["max_share"] = d.maybe(0.7, lambda: d.between(0.05, 0.6))
            d.put("savings", row)
    for skill in [row["skill"] for row in d.tables.get("skills", ())]:
        if d.chance(0.3):
            row = {"stage": "saving", "skill": skill, "persons_per_ktpa": d.between(50, 300)}
            d.put("staffing", row)
    if d.chance(0.3):
        start = d.rng.randint(d.first, d.last)
        row = {"scenario": troubled(d), "kind": "capacity", "stage": "saving"}
        put_shock(d, {**row, "start_year": start, "end_year": start, "factor": 0.5})


def saving_project(d: Draw, name: str, country: str, level: float) -> Rows:
    """A project of stage saving, sized against the demand of one good."""
    existing = d.maybe(0.5, lambda: d.number(level * d.rng.uniform(0.02, 0.2)))
    new = d.number(level * d.rng.uniform(0.1, 0.5))
    row: Rows = {"project": name, "name": name, "country": country, "stage": "saving"}
    row |= {"existing_tpa": existing, "max_new_tpa": new}
    row["lead_time_years"] = d.maybe(0.6, lambda: d.rng.choice((0, 1)))
    row["capex_usd_per_tpa"] = d.number(d.rng.uniform(2e4, 4e5))
    row["variable_opex_usd_per_t"] = d.maybe(0.7, lambda: d.number(d.rng.uniform(1e3, 1e5)))
    row["fixed_opex_usd_per_tpa"] = d.maybe(0.4, lambda: d.number(d.rng.uniform(1e3, 2e4)))
    row["rise"] = d.maybe(0.3, lambda: 0.1)
    return row


def draw_availability(d: Draw) -> None:
    """Ore that runs out or scrap that has to be collected."""
    for row in d.tables["projects"]:
        if row["stage"] == "mine" and row["project"] != "scrap" and d.chance(0.6):
            size = (row["existing_tpa"] or 0) + (row["max_new_tpa"] or 0)
            for year in d.rng.sample(list(d.years), d.rng.choice((1, 2, 2))):
                tonnes = d.number(size * d.rng.choice((0, 0.2, 0.5, 0.9)))
                d.put("availability", {"project": row["project"], "year": year, "tonnes": tonnes})


def recovery_of(d: Draw, plant: Rows, element: str) -> float:
    """The recovery of an element in a plant."""
    for row in d.tables.get("recoveries", ()):
        if (row["project"], row["element"]) == (plant["project"], element):
            return float(row["recovery"])
    return float(plant.get("recovery") or 1.0)


def draw_returns(d: Draw) -> None:
    """What comes back from metal and magnet plants, by plant and by stage, and plants that take it."""
    plants = [row for row in d.tables["projects"] if row["stage"] in TURNING]
    element = d.rng.choice(d.elements)
    if not plants:
        return
    d.put("feeds", {"feed": "swarf", "element": element, "share": 1})
    takers = [row for row in d.tables["projects"] if row["stage"] == "separation"]
    for row in d.rng.sample(takers, d.rng.randint(1, len(takers))):
        row["feeds"] = f"{row['feeds']};swarf"
    for stage in sorted({row["stage"] for row in plants}):
        lost = 1 - max(recovery_of(d, row, element) for row in plants if row["stage"] == stage)
        if lost > 0.01 and d.chance(0.6):
            share = d.number(lost * d.rng.choice((0.4, 0.9)))
            row = {"stage": stage, "element": element, "feed": "swarf", "share": share}
            d.put("returns", row)
    for plant in plants:
        lost = 1 - recovery_of(d, plant, element)
        if d.chance(0.5):
            share = round(lost * d.rng.choice((0, 0.5, 1)), 6)
            row = {"project": plant["project"], "element": element, "feed": "swarf", "share": share}
            d.put("returns", row)
    if not d.tables.get("returns"):
        row = {"project": plants[0]["project"], "element": element, "feed": "swarf", "share": 0}
        d.put("returns", row)
    if d.chance(0.4):
        draw_scrap(d, element)


def draw_scrap(d: Draw, element: str) -> None:
    """A mine of scrap that has to be collected."""
    size = sum(level for (_, e, _), level in d.demand.items() if e == element) or 50.0
    row: Rows = {"project": "scrap", "name": "Scrap", "country": d.rng.choice(d.countries)}
    row |= {"stage": "mine", "feeds": "swarf", "existing_tpa": None}
    row |= {"max_new_tpa": d.number(size), "capex_usd_per_tpa": d.number(d.rng.uniform(1e3, 1e5))}
    row["variable_opex_usd_per_t"] = d.number(d.rng.uniform(1e3, 5e4))
    d.put("projects", row)
    d.put("availability", {"project": "scrap", "year": d.first, "tonnes": d.number(size * 0.2)})


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
