"""Random storylines with draws, a stress test of probability 0, and bounds on the odds."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_shocks import supply_shock
from tests.oracle.random_switches import names_of, put_shock, with_quarters
from tests.oracle.random_tables import Draw, Rows


def draw_storylines(d: Draw) -> None:
    """One or two scenarios become draws: their own shocks in each, and in some a shock that was drawn."""
    kept: list[Rows] = []
    chosen = d.rng.sample(names_of(d), min(len(names_of(d)), d.rng.choice((1, 1, 2))))
    for row in d.tables["scenarios"]:
        if row["scenario"] not in chosen:
            kept.append(row)
            continue
        count = d.rng.choice((2, 2, 3))
        chance = row["probability"] / count
        for place in range(count):
            name = f"{row['scenario']}-{place + 1}"
            told = {"scenario": name, "storyline": row["scenario"], "probability": chance}
            kept.append({**row, **told})
        copy_shocks(d, row["scenario"], count)
    d.tables["scenarios"] = kept
    for row in d.tables.get("draws", ()):
        row["scenario"] += "-1" if row["scenario"] in chosen else ""
    drawn = [row["scenario"] for row in kept if row.get("storyline")]
    for name in drawn:
        if d.chance(0.6):
            row = supply_shock(d, name)
            row["hazard"] = "strike"
            put_shock(d, with_quarters(d, row, [d.last - 1]) if d.chance(0.2) else row)


def copy_shocks(d: Draw, storyline: str, count: int) -> None:
    """The storyline's own shocks, once for each of its draws."""
    rows = d.tables.get("shocks", [])
    d.tables["shocks"] = []
    for row in rows:
        if row["scenario"] != storyline:
            d.put("shocks", row)
            continue
        for place in range(count):
            d.put("shocks", {**row, "scenario": f"{storyline}-{place + 1}"})


def draw_late_parting(d: Draw) -> None:
    """Two scenarios that are alike but for the last years."""
    first, *others = names_of(d)
    if not others:
        return
    one, two = d.rng.choice(others), d.rng.choice(names_of(d))
    if one == two:
        two = first
    rows = [row for row in d.tables.get("shocks", ()) if row["scenario"] != two]
    alike = [{**row, "scenario": two} for row in rows if row["scenario"] == one]
    d.tables["shocks"] = [*rows, *alike]
    row = supply_shock(d, two)
    start = d.rng.randint(d.last - 1, d.last)
    put_shock(d, {**row, "start_year": start, "end_year": d.last})


def draw_stress(d: Draw) -> None:
    """A scenario of probability 0, often alike another at first and harder later."""
    like = d.rng.choice(names_of(d))
    row: Rows = {"scenario": "stress", "name": "Stress", "probability": 0}
    d.put("scenarios", row)
    if d.chance(0.6):
        for shock in [r for r in d.tables.get("shocks", ()) if r["scenario"] == like]:
            put_shock(d, {**shock, "scenario": "stress", "hazard": None})
    start = d.rng.randint(d.first, d.last)
    row = {**supply_shock(d, "stress"), "start_year": start, "end_year": d.last}
    put_shock(d, row)


def draw_bounds(d: Draw, objective: dict[str, Any]) -> None:
    """Bounds around most probabilities, alike for the draws of a storyline; most models ask for the worst odds."""
    around: dict[str, tuple[float, float, bool]] = {}
    for row in d.tables["scenarios"]:
        story = row.get("storyline") or row["scenario"]
        if story not in around:
            around[story] = (d.rng.uniform(0, 1), d.rng.uniform(1, 2.5), d.chance(0.75))
        down, up, bounded = around[story]
        if bounded:
            chance = row["probability"]
            row["probability_low"] = float(f"{chance * down:.4g}")
            row["probability_high"] = min(1.0, chance * up) if chance else round(0.1 * up, 3)
    d.set(objective, "odds", ("worst", "worst", "given", None))


def draw_futures(d: Draw, model: dict[str, Any]) -> None:
    """Add each with odds of its own; half of the models that adapt answer storylines alone."""
    policy, objective = model["policy"], model["objective"]
    if d.tables.get("scenarios"):
        if d.chance(0.3):
            draw_late_parting(d)
        if d.chance(0.5):
            draw_storylines(d)
        if d.chance(0.35):
            draw_stress(d)
        if d.chance(0.5):
            draw_bounds(d, objective)
    if policy["investment"] == "adaptive" and d.chance(0.6):
        policy["investment"] = "staged"
