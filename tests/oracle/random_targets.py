"""Random targets, in the case or in the model, and origins of suppliers."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_tables import Draw, Rows

KINDS = ("served", "served", "origin_share", "made_share", "made_share")
NAMING = ("imports", "shocks", "resale")
"""Tables that name suppliers."""


def draw_origins(d: Draw) -> None:
    """Suppliers that sell from a country of their own, from the same one, or from one of the case."""
    if "suppliers" not in d.tables:
        for supplier in named_suppliers(d):
            d.put("suppliers", {"supplier": supplier})
    for row in d.tables.get("suppliers", ()):
        row["origin"] = d.perhaps(0.6, "CHN", "CHN", "VNM", d.countries[0])


def named_suppliers(d: Draw) -> list[str]:
    """Every supplier that a table names."""
    found: set[str] = set()
    for table in NAMING:
        for row in d.tables.get(table, ()):
            found.add(row.get("supplier") or "*")
    return sorted(found - {"*"})


def scenario_names(d: Draw) -> list[str]:
    """Scenarios and storylines."""
    found = []
    for row in d.tables.get("scenarios", ()):
        found.append(row["scenario"])
        found.append(row.get("storyline") or row["scenario"])
    return found or ["base"]


def draw_scope(d: Draw, row: Rows, country: str) -> None:
    """Whose supply a target speaks of, in which scenario and years."""
    if d.chance(0.5):
        row["country"] = d.one(country, ";".join(d.countries))
    elif d.chance(0.3):
        place = d.one(*d.tables["countries"])
        row["party"] = place.get("party") or place["country"]
    names = scenario_names(d)
    row["scenario"] = d.perhaps(0.4, *names)
    if "stress" in names and d.chance(0.3):
        row["scenario"] = "stress"
    start = d.rng.randint(d.first + 1, d.last)
    row["first_year"] = d.perhaps(0.6, start)
    end = d.rng.randint(start, d.last)
    row["last_year"] = d.perhaps(0.4, end)


def draw_target(d: Draw, name: str) -> Rows:
    """A target that often binds and now and then cannot be reached."""
    kind = d.one(*KINDS)
    country, element, form = d.one(*d.demand)
    row: Rows = {"target": name, "kind": kind, "form": form}
    row["element"] = d.perhaps(0.7, element)
    row["share"] = d.between(0.05, 0.6)
    if kind == "origin_share":
        row["share"] = d.between(0.3, 0.95)
    if kind == "served":
        row["form"] = d.perhaps(0.6, form)
    if kind == "made_share" and d.chance(0.3):
        row["form"] = "feed"
        row["feeds"] = d.perhaps(0.4, *d.shares)
    draw_scope(d, row, country)
    usd = d.number(d.loss[element] * d.one(0.02, 0.2, 1, 5))
    row["price_usd_per_kg"] = d.perhaps(0.65, usd)
    return row


def draw_targets(d: Draw, model: dict[str, Any]) -> None:
    """One to three targets."""
    for place in range(d.one(1, 1, 2, 3)):
        row = draw_target(d, f"target_{place}")
        if d.chance(0.3):
            chosen = {key: value for key, value in row.items() if value is not None}
            model.setdefault("targets", []).append(chosen)
        else:
            d.put("targets", row)
    if d.chance(0.6):
        draw_origins(d)
