"""What is decided when, by whom and for good, on top of a random case: a schedule of purchases, savings that must run, a
first year of decisions, money that stays at home, and plants that count all elements.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.random_calm import draw_savings
from tests.oracle.random_switches import put_shock, troubled, with_quarters
from tests.oracle.random_tables import ELEMENTS, Draw, Rows

Good = tuple[str, str, str]
COUNTED = ("existing_tpa", "max_new_tpa", "unit_tpa")
PER_COUNTED = (
    "capex_usd_per_tpa",
    "fixed_opex_usd_per_tpa",
    "variable_opex_usd_per_t",
    "credit_usd_per_t",
)


def stocked(d: Draw) -> list[Good]:
    """The goods of which a stock is kept."""
    rows = d.tables.get("stockpiles", ())
    return [(row["country"], row["element"], row.get("form") or "oxide") for row in rows]


def draw_store(d: Draw, good: Good) -> None:
    """A stock of one good: roomy, small or without a roof, empty or full when the horizon begins."""
    country, element, form = good
    level = d.demand[good]
    row: Rows = {"country": country, "element": element, "form": d.form(form)}
    row["max_t"] = d.perhaps_between(0.6, level * 0.05, level * 0.9)
    row["initial_t"] = d.number((row["max_t"] or level) * d.one(0, 0, 0.3, 1))
    row["purchase_usd_per_kg"] = d.number(d.loss[element] * d.rng.uniform(0.01, 0.2))
    row["holding_usd_per_kg_year"] = d.perhaps_between(0.5, 0.5, 8)
    row["purchase_t_per_year"] = d.perhaps_between(0.3, level * 0.02, level * 0.3)
    d.put("stockpiles", row)


def draw_schedule(d: Draw, policy: dict[str, Any]) -> None:
    """Purchases by a schedule, of goods that one or several suppliers sell and of goods that nobody sells."""
    policy["stock"] = "scheduled"
    kept = stocked(d)
    spare = [good for good in d.demand if good not in kept]
    for good in d.rng.sample(spare, min(len(spare), d.one(0, 1, 1, 2))):
        draw_store(d, good)
    if d.chance(0.4):
        draw_second_supplier(d)
    for _ in range(d.one(0, 1, 1, 2)):
        put_shock(d, cut_of_stock(d))


def draw_second_supplier(d: Draw) -> None:
    """Another supplier of a good of which a stock is kept."""
    sold = {
        (row["supplier"], row["country"], row["element"], row["form"] or "oxide")
        for row in d.tables.get("imports", ())
    }
    spare = [good for good in stocked(d) if ("VNM", *good) not in sold]
    if not spare:
        return
    good = d.one(*spare)
    level = d.demand.get(good) or 50.0
    d.add_import("VNM", good, level * d.one(0.2, 0.6, 1.0))
    if "suppliers" in d.tables and "VNM" not in {r["supplier"] for r in d.tables["suppliers"]}:
        d.put("suppliers", {"supplier": "VNM"})


def cut_of_stock(d: Draw) -> Rows:
    """A cut, whole or in part, or a glut, of one supplier or of all, now and then inside a year."""
    start = d.year()
    sellers = {row["supplier"] for row in d.tables.get("imports", ())}
    row: Rows = {
        "scenario": troubled(d),
        "kind": "import",
        "start_year": start,
        "end_year": min(start + d.one(0, 1, 9), d.last),
        "supplier": d.perhaps(0.6, *sorted(sellers)) if sellers else None,
        "factor": d.one(0, 0.3, 0.6, 1.3, 2),
    }
    return with_quarters(d, row, [start]) if d.chance(0.3) else row


def draw_must_run(d: Draw, model: dict[str, Any]) -> None:
    """Savings that run whether or not that pays; some case gets its first savings here."""
    if not d.tables.get("savings"):
        draw_savings(d)
        if "levers" in model and d.chance(0.7):
            model["levers"] = [*model["levers"], "saving"]
    ramps = sorted({row["ramp"] for row in d.tables.get("ramps", ())}) or [None]
    for row in d.tables["projects"]:
        if row["stage"] == "saving" and d.chance(0.7):
            row["must_run"] = "true"
            row["rise"] = None
            row["ramp"] = d.perhaps(0.4, *ramps)
        elif row["stage"] == "saving" or d.chance(0.1):
            row["must_run"] = d.perhaps(0.3, "false")


def draw_contained(d: Draw) -> None:
    """Separation plants that count all elements of the case, sized as before."""
    for row in d.tables["projects"]:
        if row["stage"] != "separation" or row["basis"] or d.chance(0.5):
            continue
        row["basis"] = "contained"
        counted = sum(d.shares.get(row["feeds"].split(";")[0], {}).values()) or 1.0
        for column in COUNTED:
            if row.get(column):
                row[column] = d.number(row[column] * counted)
        for column in PER_COUNTED:
            if row.get(column):
                row[column] = d.number(row[column] / counted)


def draw_light(d: Draw) -> None:
    """Contract: `heavy?`=false: light elements say nothing, or no element does."""
    for row in d.tables["elements"]:
        if not ELEMENTS[row["element"]][0] or d.chance(0.2):
            row["heavy"] = d.perhaps(0.4, "false")


def draw_decided(d: Draw, model: dict[str, Any]) -> None:
    """Add each with odds of its own."""
    policy = model["policy"]
    if d.chance(0.7):
        draw_schedule(d, policy)
    elif d.chance(0.3):
        policy["stock"] = "recourse"
    if d.chance(0.5):
        draw_must_run(d, model)
    if d.chance(0.3):
        policy["first_decision_year"] = d.rng.randint(d.first - 1, d.last + 1)
    if d.chance(0.35):
        policy["funding"] = d.one("home", "home", "reach")
        if d.chance(0.5):
            draw_home(d, model)
    if d.chance(0.5):
        draw_contained(d)
    if d.chance(0.3):
        draw_light(d)


def draw_home(d: Draw, model: dict[str, Any]) -> None:
    """Parties of countries, unless a target speaks of one, and of funders that may pay in several."""
    targets = [*d.tables.get("targets", ()), *model.get("targets", ())]
    spoken_of = any(row.get("party") for row in targets)
    for row in d.tables["countries"] if not spoken_of else ():
        row["party"] = d.perhaps(0.5, "UNION", "LEAGUE", "JOINT")
    for row in d.tables.get("funders", ()):
        row["party"] = d.perhaps(0.6, "UNION", "LEAGUE", *d.countries)
