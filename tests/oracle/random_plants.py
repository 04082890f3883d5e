"""Random plants of every stage, sized against demand, and the ramps they name."""

from __future__ import annotations

from tests.oracle.random_tables import ELEMENTS, Draw, Rows


def treo_need(d: Draw, feed: str) -> float:
    """Roughly the TREO of a feed that would serve all demand of the first element."""
    element = d.elements[0]
    demand = sum(level for (_, e, _), level in d.demand.items() if e == element)
    return 1.2 * demand / d.shares[feed][element]


def draw_projects(d: Draw) -> None:
    """A chain at home first (so that `national` has one), then plants of any stage anywhere."""
    metal_asked = any(form == "metal" for _, _, form in d.demand)
    stages = ["mine", "separation"] + (["metal"] if metal_asked else [])
    stages += d.rng.choices(("mine", "separation", "metal"), k=d.rng.randint(1, 8 - len(stages)))
    chain = len(set(stages[:3]) & {"mine", "separation", "metal"}) if metal_asked else 2
    for place, stage in enumerate(stages):
        home = place < chain and (d.coordination == "national" or d.chance(0.5))
        country = d.countries[0] if home else d.rng.choice(d.countries)
        draw_project(d, f"{stage}_{place}", country, stage, "clay" if place < 2 else None)


def draw_project(d: Draw, name: str, country: str, stage: str, feed: str | None) -> None:
    """One plant, sized against demand, with money in proportion."""
    feeds = [feed or d.rng.choice(list(d.shares))] if stage in ("mine", "separation") else []
    if stage == "separation" and d.chance(0.5):
        feeds = list(d.shares)
    basis = "heavy" if stage == "separation" and d.chance(0.4) else None
    unit = 1.0
    if not feeds:
        asked = sum(level for (_, _, form), level in d.demand.items() if form == stage)
        size, unit = asked or 50.0, 0.03
    else:
        size = treo_need(d, feeds[0])
    if basis:
        unit = sum(s for e, s in d.shares[feeds[0]].items() if ELEMENTS[e][0]) or 1.0
        size *= unit
    existing = d.maybe(0.55, lambda: d.number(size * d.rng.uniform(0.05, 0.4)))
    new = d.maybe(0.85, lambda: d.number(size * d.rng.uniform(0.2, 0.9)))
    if existing is None and new is None:
        new = d.number(size * 0.5)
    online = d.maybe(0.25, d.some_year) if existing else None
    lead = d.maybe(0.75, lambda: d.rng.choice((0, 1, 1, 2)))
    row: Rows = {
        "project": name,
        "name": name,
        "country": country,
        "stage": stage,
        "basis": basis,
        "existing_tpa": existing,
        "max_new_tpa": new,
        "lead_time_years": lead,
        "online_year": online,
        "retire_year": d.maybe(0.25, lambda: max(d.some_year(), online or 0) + 1)
        if existing
        else None,
        "earliest_year": d.maybe(0.25, lambda: d.rng.choice((d.first - 1, d.first, d.first + 1))),
        "ramp": d.maybe(0.55, lambda: d.rng.choice(("slow", "quick", "late"))),
        "capex_usd_per_tpa": d.number(d.rng.uniform(2e3, 15e3) / unit),
        "fixed_opex_usd_per_tpa": d.maybe(0.6, lambda: d.number(d.rng.uniform(50, 400) / unit)),
        "variable_opex_usd_per_t": d.maybe(0.7, lambda: d.number(d.rng.uniform(100, 1500) / unit)),
        "public_share": d.maybe(0.4, lambda: d.rng.choice((0, 0.25, 0.5, 1))),
        "feeds": ";".join(feeds) or None,
        "recovery": d.maybe(0.6, lambda: d.between(0.75, 0.98)),
    }
    d.put("projects", row)
    d.projects[name] = {**row, "unit": unit}
    if stage != "mine" and d.chance(0.3):
        for element in d.rng.sample(d.elements, d.rng.randint(1, len(d.elements))):
            d.put(
                "recoveries",
                {"project": name, "element": element, "recovery": d.between(0.5, 0.99)},
            )


def draw_ramps(d: Draw) -> None:
    """Ramps that projects name; "consecutive from 0"."""
    steps = {"slow": (0.3, 0.6, 0.9), "quick": (0.5, 1), "late": (0, 0.7)}
    for ramp in {p["ramp"]: None for p in d.projects.values() if p["ramp"]}:
        for year, share in enumerate(steps[ramp]):
            d.put("ramps", {"ramp": ramp, "year_after_start": year, "share": share})


def draw_schedules(d: Draw) -> None:
    """Schedules in place of lead times and ramps: "the sum of `capital_share` at least 1"."""
    for row in d.tables["projects"]:
        if not row.get("max_new_tpa") or d.chance(0.4):
            continue
        lead = row.get("lead_time_years") or 0
        row["lead_time_years"] = row["ramp"] = None
        output = [0.0] * lead + list(d.one((1,), (0.4, 1), (0.3, 0.6, 0.9)))
        capital = [d.rng.choice((0, 1, 2, 3)) for _ in output]
        capital[d.rng.randint(0, lead)] += 2
        total = sum(capital) / d.one(1, 1, 1.2)
        for year, share in enumerate(output):
            d.put(
                "schedule",
                {
                    "project": row["project"],
                    "year": year,
                    "capital_share": capital[year] / total,
                    "output_share": share,
                    "cost_share": d.perhaps(0.3, 0, 0.5, 1.2),
                },
            )
