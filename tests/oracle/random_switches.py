"""What is put on top of a random case: quarters, magnets, resale, whole plants, one path up to a year, and names."""

from __future__ import annotations

from typing import Any

from tests.oracle.random_plants import draw_project, draw_ramps
from tests.oracle.random_shocks import SCOPES, supply_shock
from tests.oracle.random_tables import ELEMENTS, Draw, Rows

QUARTERS = (1, 2, 3, 4)


def names_of(d: Draw) -> list[str]:
    """The scenarios; "No table: one scenario `base`"."""
    return [row["scenario"] for row in d.tables.get("scenarios", ())] or ["base"]


def troubled(d: Draw) -> str:
    """A scenario, if there are several not the first, so that histories part."""
    names = names_of(d)
    return d.rng.choice(names[1:] or names)


def ends(row: Rows) -> tuple[tuple[int, int], tuple[int, int]]:
    """Start and end of a shock as year and quarter."""
    found = []
    for cell, quarter in ((row["start_year"], 1), (row["end_year"], 4)):
        year, _, named = str(cell).partition("Q")
        found.append((int(year), int(named or quarter)))
    return found[0], found[1]


def shock_key(row: Rows) -> tuple[object, ...]:
    """What identifies a shock, wildcards and ends read alike."""
    scope = tuple("*" if row.get(c) in (None, "*") else row[c] for c in SCOPES)
    window = (row["start_year"], row["end_year"]) if row["kind"] == "delay" else ends(row)
    return (row["scenario"], row["kind"], window, *scope)


def put_shock(d: Draw, row: Rows) -> None:
    """Add a shock unless it is there already."""
    if shock_key(row) not in {shock_key(other) for other in d.tables.get("shocks", ())}:
        d.put("shocks", row)


def import_keys(d: Draw) -> set[tuple[str, str, str, str]]:
    """Supplier, country, element and form of what is sold."""
    rows = d.tables.get("imports", ())
    return {
        (row["supplier"], row["country"], row["element"], row["form"] or "oxide") for row in rows
    }


def group_of(d: Draw, country: str) -> list[str]:
    """The countries it shares feeds and products with."""
    blocs = {row["country"]: row["bloc"] for row in d.tables["countries"]}
    if d.coordination == "allied":
        return list(d.countries)
    if d.coordination == "national" or not blocs[country]:
        return [country]
    return [other for other in d.countries if blocs[other] == blocs[country]]


def draw_magnets(d: Draw) -> None:
    """Demand, imports, plants, staffing, stock and loss steps of magnets, and metal to make them of."""
    for country in d.rng.sample(d.countries, d.rng.choice((1, 1, 2))):
        element = d.rng.choice(d.elements)
        level = d.number(d.between(*ELEMENTS[element][1]) * 0.6)
        d.demand[country, element, "magnet"] = level
        for year, tonnes in d.series(level, whole_span=False).items():
            row = {
                "country": country,
                "element": element,
                "form": "magnet",
                "year": year,
                "tonnes": tonnes,
            }
            d.put("demand", row)
        if d.chance(0.6):
            d.add_import(
                d.suppliers[0], (country, element, "magnet"), level * d.rng.choice((0.4, 0.8, 1.2))
            )
        home = d.rng.choice(group_of(d, country))
        draw_project(d, f"magnet_{len(d.projects)}", home, "magnet", None)
        if d.chance(0.7) and (d.suppliers[0], home, element, "metal") not in import_keys(d):
            d.add_import(
                d.suppliers[0], (home, element, "metal"), level * d.rng.choice((0.5, 1.0, 1.5))
            )
        if d.chance(0.3):
            usd = d.number(d.loss[element] * d.rng.uniform(0.02, 0.2))
            row = {
                "country": country,
                "element": element,
                "form": "magnet",
                "initial_t": d.number(level / 10),
            }
            d.put("stockpiles", {**row, "purchase_usd_per_kg": usd})
        if d.chance(0.3) and (element, country, "magnet") not in d.tier_sets:
            d.tier_sets.add((element, country, "magnet"))
            for share, usd in ((0.4, d.loss[element] * 0.7), (1, d.loss[element] * 1.4)):
                row = {
                    "element": element,
                    "country": country,
                    "form": "magnet",
                    "up_to_share": share,
                }
                d.put("loss_tiers", {**row, "loss_usd_per_kg": d.number(usd)})
    d.tables.pop("ramps", None)
    draw_ramps(d)
    for skill in [row["skill"] for row in d.tables.get("skills", ())]:
        if d.chance(0.5):
            d.put(
                "staffing",
                {"stage": "magnet", "skill": skill, "persons_per_ktpa": d.between(50, 300)},
            )
            for row in d.tables.get("workforce", ()):
                if row["skill"] == skill and d.chance(0.7):
                    row["initial"] = d.number(row["initial"] + d.rng.uniform(2, 25))


def with_quarters(d: Draw, row: Rows, years: list[int]) -> Rows:
    """The shock with ends that name quarters: inside the given years, elsewhere the first and the last."""
    (start, _), (end, _) = ends(row)
    changed = dict(row)
    if start in years and d.chance(0.7):
        changed["start_year"] = f"{start}Q{d.rng.choice(QUARTERS)}"
    elif d.chance(0.15):
        changed["start_year"] = f"{start}Q1"
    if end in years and d.chance(0.7):
        changed["end_year"] = f"{end}Q{d.rng.choice(QUARTERS)}"
    elif d.chance(0.15):
        changed["end_year"] = f"{end}Q4"
    return changed if ends(changed)[0] <= ends(changed)[1] else row


def draw_quarters(d: Draw) -> None:
    """Let shocks start and end inside one or two years, and add short ones there."""
    years = d.rng.sample(list(d.years), d.rng.choice((1, 1, 2)))
    rows = d.tables.get("shocks", [])
    d.tables["shocks"] = []
    for row in rows:
        put_shock(d, row if row["kind"] == "delay" else with_quarters(d, row, years))
    for _ in range(d.rng.choice((1, 1, 2))):
        row = supply_shock(d, troubled(d))
        year, start = d.rng.choice(years), d.rng.choice(QUARTERS)
        row["start_year"] = f"{year}Q{start}"
        row["end_year"] = f"{year}Q{d.rng.randint(start, 4)}"
        put_shock(d, row)


def draw_resale(d: Draw) -> None:
    """A cut aimed at one country, others of its group that the supplier still serves, and shares they may sell on."""
    keys = sorted(import_keys(d))
    aimed = [key for key in keys if len(group_of(d, key[1])) > 1] or keys
    if not aimed:
        return
    supplier, country, element, form = d.rng.choice(aimed)
    for other in d.countries:
        if (supplier, other, element, form) not in keys and d.chance(0.6):
            d.add_import(supplier, (other, element, form), ELEMENTS[element][1][0])
    for other in d.countries:
        if other != country or d.chance(0.5):
            d.put("resale", {"country": other, "share": d.rng.choice((0.05, 0.2, 0.5, 1))})
        if d.chance(0.4):
            row = {"country": other, "supplier": supplier, "share": d.between(0, 0.5)}
            row["element"] = d.maybe(0.4, lambda: element)
            row["form"] = d.maybe(0.3, lambda: form)
            d.put("resale", row)
    for row in d.tables.get("shocks", ()):
        if row["kind"] == "import" and row["factor"] < 1 and d.chance(0.6):
            row["leak"] = d.rng.choice((0.1, 0.5, 1))
    start = d.rng.randint(d.first, d.last)
    row = {
        "scenario": troubled(d),
        "kind": "import",
        "start_year": start,
        "end_year": min(start + 2, d.last),
    }
    row |= {
        "supplier": supplier,
        "country": country,
        "factor": d.rng.choice((0, 0, 0.3)),
        "leak": d.between(0.2, 1),
    }
    put_shock(d, row)
    if d.chance(0.4):
        other = d.rng.choice([c for c in d.countries if c != country])
        put_shock(
            d,
            {
                **row,
                "country": other,
                "factor": d.rng.choice((0.5, 0.7, 1.2)),
                "leak": d.maybe(0.5, lambda: 1),
            },
        )


def draw_units(d: Draw, policy: dict[str, Any], objective: dict[str, Any]) -> None:
    """Sizes of whole plants, most of them with the policy that makes them count."""
    for row in d.tables["projects"]:
        if row["max_new_tpa"] and d.chance(0.7):
            whole = float(f"{row['max_new_tpa'] / d.rng.choice((1, 2, 2.5, 3, 4)):.4g}")
            row["unit_tpa"] = min(whole, row["max_new_tpa"])
    d.set(policy, "whole_plants", (True, True, True, False))
    d.set(objective, "gap", (None, 0.01, 0.001, 1e-6))


def draw_parties(d: Draw, policy: dict[str, Any]) -> None:
    """Parties of countries and funders, and the rule of payments by name."""
    for row in d.tables["countries"]:
        row["party"] = d.maybe(0.5, lambda: d.rng.choice(("UNION", "LEAGUE")))
    for row in d.tables.get("funders", ()):
        row["party"] = d.maybe(0.5, lambda: d.rng.choice(("UNION", "LEAGUE", "BANK")))
    d.set(policy, "cost_sharing", (None, "even"))


def draw_ignored(d: Draw) -> None:
    """Tables that a solve only carries: what may go wrong, or what was drawn from it."""
    if d.chance(0.6):
        first = d.rng.randint(d.first, d.last)
        row: Rows = {
            "hazard": "cut",
            "kind": "import",
            "probability": 0.2,
            "first": first,
            "last": d.last,
            "years_low": 1,
            "years_high": 2,
            "factor_low": 0,
            "factor_high": 0.5,
            "leak": d.maybe(0.5, lambda: 0.3),
        }
        if d.chance(0.5):
            row |= {
                "first": f"{first}Q2",
                "last": f"{d.last}Q3",
                "years_low": None,
                "years_high": None,
            }
            row |= {"quarters_low": 1, "quarters_high": 3}
        d.put("hazards", row)
        row = {
            "hazard": "slip",
            "kind": "delay",
            "each": "project",
            "probability": 0.1,
            "first": d.first,
            "last": d.last,
        }
        d.put("hazards", {**row, "factor_low": 1, "factor_high": 2})
        return
    row = {
        "scenario": names_of(d)[0],
        "hazard": "cut",
        "start": f"{d.first}Q2",
        "end": f"{d.first}Q4",
        "factor": 0.3,
    }
    d.put("draws", row)


def draw_suppliers(d: Draw) -> None:
    """Contract: "if present, every supplier named elsewhere must be in it"."""
    rows = [row for name in ("imports", "shocks", "resale") for row in d.tables.get(name, ())]
    for supplier in sorted(
        {row["supplier"] for row in rows if row.get("supplier") not in (None, "*")}
    ):
        d.put(
            "suppliers",
            {"supplier": supplier, "name": d.maybe(0.5, lambda name=supplier: f"Supplier {name}")},
        )


def draw_switches(d: Draw, model: dict[str, Any]) -> None:
    """Add each with odds of its own."""
    policy, objective = model["policy"], model["objective"]
    if d.chance(0.6):
        draw_magnets(d)
    if d.chance(0.65):
        draw_quarters(d)
    if d.chance(0.6):
        draw_resale(d)
    if d.chance(0.5):
        draw_units(d, policy, objective)
    if d.chance(0.6 if d.investment == "adaptive" else 0.1):
        policy["committed_through"] = d.rng.randint(d.first, d.last - 1)
    if d.chance(0.4):
        draw_parties(d, policy)
    if d.chance(0.25):
        draw_ignored(d)
    if d.chance(0.25):
        draw_suppliers(d)
    if "levers" in model and d.chance(0.8):
        model["levers"] = [*model["levers"], "magnet"]
