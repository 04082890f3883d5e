"""Random storylines with draws, a stress test of probability 0, and bounds on the odds."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_shocks import supply_shock
from tests.oracle.random_switches import names_of, put_shock, with_quarters
from tests.oracle.random_tables import Draw, Rows


def draw_storylines(d: Draw) -> None:
    """One or two scenarios become draws: their own shocks in each, and in some a shock that was drawn."""
    names = names_of(d)
    for storyline in d.rng.sample(names, min(len(names), d.one(1, 1, 2))):
        drawn = split(d, storyline, count=d.one(2, 2, 3))
        for name in drawn:
            if d.chance(0.6):
                put_shock(d, drawn_shock(d, name))
        for row in d.tables.get("draws", ()):
            if row["scenario"] == storyline:
                row["scenario"] = drawn[0]


def split(d: Draw, storyline: str, count: int) -> list[str]:
    """Replace a scenario by draws of even probability, each with its shocks."""
    names = [f"{storyline}-{place + 1}" for place in range(count)]
    rows: list[Rows] = []
    for row in d.tables["scenarios"]:
        if row["scenario"] != storyline:
            rows.append(row)
            continue
        told = {**row, "storyline": storyline, "probability": row["probability"] / count}
        rows += [{**told, "scenario": name} for name in names]
    d.tables["scenarios"] = rows
    shocks = d.tables.get("shocks", [])
    d.tables["shocks"] = []
    for row in shocks:
        alike = names if row["scenario"] == storyline else [row["scenario"]]
        for name in alike:
            d.put("shocks", {**row, "scenario": name})
    return names


def drawn_shock(d: Draw, name: str) -> Rows:
    """A shock that says what it was drawn from."""
    row = {**supply_shock(d, name), "hazard": "strike"}
    return with_quarters(d, row, [d.last - 1]) if d.chance(0.2) else row


def draw_late_parting(d: Draw) -> None:
    """Two scenarios that are alike but for the last years."""
    names = names_of(d)
    if len(names) < 2:
        return
    one, two = d.rng.sample(names, 2)
    shocks = d.tables.get("shocks", [])
    d.tables["shocks"] = [row for row in shocks if row["scenario"] != two]
    for row in shocks:
        if row["scenario"] == one:
            d.put("shocks", {**row, "scenario": two})
    late = supply_shock(d, two)
    late["start_year"] = d.rng.randint(d.last - 1, d.last)
    late["end_year"] = d.last
    put_shock(d, late)


def draw_stress(d: Draw) -> None:
    """A scenario of probability 0, often alike another at first and harder later."""
    like = d.one(*names_of(d))
    d.put("scenarios", {"scenario": "stress", "name": "Stress", "probability": 0})
    if d.chance(0.6):
        for shock in list(d.tables.get("shocks", ())):
            if shock["scenario"] == like:
                put_shock(d, {**shock, "scenario": "stress", "hazard": None})
    late = supply_shock(d, "stress")
    late["start_year"] = d.year()
    late["end_year"] = d.last
    put_shock(d, late)


def draw_bounds(d: Draw, objective: dict[str, Any]) -> None:
    """Bounds around most probabilities, alike for the draws of a storyline; most models ask for the worst odds."""
    around: dict[str, tuple[float, float]] = {}
    fixed: set[str] = set()
    for row in d.tables["scenarios"]:
        storyline = row.get("storyline") or row["scenario"]
        if storyline not in around:
            around[storyline] = (d.rng.uniform(0, 1), d.rng.uniform(1, 2.5))
            if d.chance(0.25):
                fixed.add(storyline)
        if storyline in fixed:
            continue
        down, up = around[storyline]
        chance = row["probability"]
        row["probability_low"] = min(chance, d.number(chance * down))
        row["probability_high"] = min(1.0, chance * up) if chance else round(0.1 * up, 3)
    d.set(objective, "odds", ("worst", "worst", "given", None))


def draw_futures(d: Draw, model: dict[str, Any]) -> None:
    """Add each with odds of its own; half of the models that adapt answer storylines alone."""
    policy = model["policy"]
    if d.tables.get("scenarios"):
        if d.chance(0.3):
            draw_late_parting(d)
        if d.chance(0.5):
            draw_storylines(d)
        if d.chance(0.35):
            draw_stress(d)
        if d.chance(0.5):
            draw_bounds(d, model["objective"])
    if policy["investment"] == "adaptive" and d.chance(0.6):
        policy["investment"] = "staged"
