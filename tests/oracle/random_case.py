"""Random small cases that are valid under the contract and together use every switch of it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.oracle.program import solve_case
from tests.oracle.random_calm import draw_calm
from tests.oracle.random_decided import draw_decided
from tests.oracle.random_futures import draw_futures
from tests.oracle.random_plants import draw_projects, draw_ramps, draw_schedules
from tests.oracle.random_shocks import draw_scenarios
from tests.oracle.random_switches import draw_switches
from tests.oracle.random_tables import ELEMENTS, Draw, Rows, write_tables
from tests.oracle.random_targets import draw_targets

ISO3 = ("JPN", "USA", "AUS", "DEU", "KOR")
COORDINATION = ("allied", "blocs", "national")
INVESTMENT = ("committed", "adaptive")
GOALS = ("risk", "target", "welfare", "risk")


def draw_places(d: Draw) -> None:
    """Countries with blocs, weights and cost indices; the first two often share a bloc."""
    d.countries = d.rng.sample(ISO3, d.rng.choice((2, 3, 3)))
    shared = d.rng.choice(("west", "west", "east", ""))
    for place, country in enumerate(d.countries):
        row: Rows = {"country": country, "name": f"Country {country}"}
        row["bloc"] = shared if place < 2 else d.rng.choice(("west", "east", ""))
        row["weight"] = d.maybe(0.4, lambda: d.between(0.5, 2))
        row["cost_index"] = d.maybe(0.4, lambda: d.between(0.7, 1.6))
        d.put("countries", row)


def draw_elements(d: Draw) -> None:
    """One to three elements, at least one heavy, and one or two feeds that hold them."""
    names = d.rng.sample(list(ELEMENTS), d.rng.choice((1, 2, 2, 3)))
    d.elements = names if names != ["Nd"] else ["Dy"]
    for name in d.elements:
        heavy, _, loss, _ = ELEMENTS[name]
        d.loss[name] = d.between(*loss)
        price = d.number(d.loss[name] / 3) if d.chance(0.5) else None
        flag = "true" if heavy else "false"
        row = {"element": name, "name": name, "heavy": flag, "loss_usd_per_kg": d.loss[name]}
        d.put("elements", {**row, "price_usd_per_kg": price})
    for feed in ("clay", "monazite")[: d.rng.choice((1, 2, 2))]:
        for name in d.elements:
            if name == d.elements[0] or d.chance(0.8):
                d.shares.setdefault(feed, {})[name] = d.between(*ELEMENTS[name][3])
                d.put("feeds", {"feed": feed, "element": name, "share": d.shares[feed][name]})


def draw_demand(d: Draw) -> None:
    """Demand in oxide and metal; the first series spans the years, others may be given for a few years only."""
    for country in d.countries:
        for name in d.elements:
            for form in ("oxide", "metal"):
                first_of_all = not d.demand
                if not first_of_all and not d.chance(0.75 if form == "oxide" else 0.35):
                    continue
                level = d.between(*ELEMENTS[name][1])
                d.demand[country, name, form] = level
                shown = d.form(form)
                for year, tonnes in d.series(level, whole_span=first_of_all).items():
                    row = {
                        "country": country,
                        "element": name,
                        "form": shown,
                        "year": year,
                        "tonnes": tonnes,
                    }
                    d.put("demand", row)


def draw_imports(d: Draw) -> None:
    """Imports from one or two suppliers for most of what is demanded, and sometimes for what is not."""
    d.suppliers = list(("CHN", "MYS")[: d.rng.choice((1, 1, 2))])
    for key, level in d.demand.items():
        for supplier in d.suppliers:
            if d.chance(0.75):
                share = d.rng.choice((0.4, 0.7, 1.0, 1.4)) * d.rng.uniform(0.7, 1.1)
                d.add_import(supplier, key, level * share / len(d.suppliers))
    if d.chance(0.15):
        spare = [
            (c, e, "oxide")
            for c in d.countries
            for e in d.elements
            if (c, e, "oxide") not in d.demand
        ]
        for key in spare[:1]:
            d.add_import(d.suppliers[0], key, 50.0)
    if not d.tables.get("imports"):
        d.add_import(d.suppliers[0], next(iter(d.demand)), 50.0)
    # A shock may only name a supplier that sells something, else it is taken for a misspelt name.
    sold = {row["supplier"] for row in d.tables["imports"]}
    d.suppliers = [supplier for supplier in d.suppliers if supplier in sold]


def draw_people(d: Draw) -> None:
    """Skills, staffing by stage and by project, staff that is short for the new plants, and training."""
    if d.chance(0.08):
        return  # the tables of people are optional
    for skill in ("chemist", "operator")[: d.rng.choice((1, 2))]:
        ratio = d.maybe(0.5, lambda: d.between(0.05, 0.4))
        d.put(
            "skills",
            {"skill": skill, "name": skill, "attrition": d.between(0, 0.12), "mentor_ratio": ratio},
        )
        per_unit: dict[str, float] = {}
        for stage in ("mine", "separation", "metal"):
            if stage != "separation" and d.chance(0.35):
                continue
            per_unit[stage] = d.rng.uniform(3, 15)
            base = {"mine": 1.0, "separation": 1.0, "metal": 0.03}[stage]
            row = {
                "stage": stage,
                "skill": skill,
                "persons_per_ktpa": d.number(per_unit[stage] / base),
            }
            d.put("staffing", row)
        need = {c: [0.0, 0.0] for c in d.countries}
        for name, plant in d.projects.items():
            rate = per_unit.get(plant["stage"], 0.0) / (
                plant["unit"] if plant["stage"] != "metal" else 0.03
            )
            if plant["basis"] == "heavy" or d.chance(0.2):
                rate *= d.rng.uniform(0.6, 1.4)
                row = {
                    "stage": plant["stage"],
                    "project": name,
                    "skill": skill,
                    "persons_per_ktpa": d.number(rate),
                }
                d.put("staffing", row)
            need[plant["country"]][0] += rate * (plant["existing_tpa"] or 0) / 1000
            need[plant["country"]][1] += rate * (plant["max_new_tpa"] or 0) / 1000
        for country in d.countries:
            draw_workforce(d, country, skill, *need[country])


def draw_workforce(d: Draw, country: str, skill: str, now: float, later: float) -> None:
    """Staff of one country and skill, and up to two programmes that train it."""
    if d.chance(0.05):
        return
    spare = d.rng.choice((0, 0, 5, 40))
    initial = d.number(now * d.rng.uniform(0.5, 1.05) + later * d.rng.uniform(0, 0.12) + spare)
    hires = d.maybe(0.4, lambda: d.number(0.02 * later + d.rng.choice((0, 1, 3))))
    cost = d.maybe(0.7, lambda: d.number(d.rng.uniform(3e4, 2e5))) if hires else None
    row = {
        "country": country,
        "skill": skill,
        "initial": initial,
        "hires_per_year": hires,
        "hire_cost_usd": cost,
    }
    d.put("workforce", row)
    for place in range(d.rng.choice((0, 1, 2, 2))):
        seats = d.number((now + later) * d.rng.uniform(0, 0.12) + d.rng.choice((0, 1)))
        more = d.maybe(0.6, lambda: d.number((now + later) * d.rng.uniform(0.05, 0.25) + 1))
        programme: Rows = {
            "programme": f"{skill}_{country}_{place}",
            "country": country,
            "skill": skill,
            "duration_years": d.rng.choice((1, 1, 2, 2, 3)),
            "seats": seats,
            "max_new_seats": more,
            "cost_per_trainee_usd": d.number(d.rng.uniform(2e4, 1.5e5)),
            "cost_per_seat_usd": d.maybe(0.6, lambda: d.number(d.rng.uniform(2e4, 2e5)))
            if more
            else None,
            "completion_rate": d.maybe(0.5, lambda: d.between(0.6, 0.95)),
        }
        d.put("training", programme)


def draw_budgets(d: Draw) -> None:
    """Funders that pay at home, everywhere or in a list, with gaps in the years."""
    wish = sum((p["max_new_tpa"] or 0) * p["capex_usd_per_tpa"] for p in d.projects.values()) / 1e6
    funders = list(d.rng.sample(d.countries, d.rng.randint(1, len(d.countries))))
    where: dict[str, str] = {}
    if d.chance(0.5):
        where["JOINT"] = "*"
    if d.chance(0.3):
        where["PAIR"] = ";".join(d.countries[:2])
    if d.chance(0.25):
        where[funders[0]] = ";".join(d.rng.sample(d.countries, 2))
    for funder, countries in where.items():
        d.put("funders", {"funder": funder, "countries": countries})
    funders = list(dict.fromkeys([*funders, *where]))
    for funder in funders:
        level = wish * d.rng.uniform(0.2, 1.3) / d.length / len(funders) + d.rng.choice((0.5, 2))
        for year in d.years:
            if d.chance(0.85):
                row = {
                    "funder": funder,
                    "year": year,
                    "musd": d.number(level * d.rng.uniform(0.3, 1.7)),
                }
                d.put("budgets", row)


def draw_stocks(d: Draw) -> None:
    """Stockpiles of what is demanded."""
    for country, element, form in d.rng.sample(
        list(d.demand), min(len(d.demand), d.rng.choice((0, 1, 2, 3)))
    ):
        level = d.demand[country, element, form]
        roof = d.number(level * d.rng.uniform(0.1, 0.8)) if d.chance(0.6) else None
        row: Rows = {"country": country, "element": element, "form": d.form(form), "max_t": roof}
        row["initial_t"] = (
            d.number(min(level * d.rng.uniform(0, 0.35), roof or level)) if d.chance(0.5) else 0
        )
        row["purchase_usd_per_kg"] = d.number(d.loss[element] * d.rng.uniform(0.02, 0.25))
        row["holding_usd_per_kg_year"] = d.maybe(0.5, lambda: d.between(0.5, 8))
        row["purchase_t_per_year"] = d.perhaps_between(0.3, level * 0.02, level * 0.3)
        d.put("stockpiles", row)


def draw_tiers(d: Draw) -> None:
    """Loss steps at every level: "country and form, country, form, neither"."""
    for element in d.elements:
        if not d.chance(0.45):
            continue
        for with_country, with_form in d.rng.sample(
            [(0, 0), (0, 0), (1, 0), (0, 1), (1, 1)], d.rng.randint(1, 3)
        ):
            country = d.rng.choice(d.countries) if with_country else None
            form = d.rng.choice(("oxide", "oxide", "metal")) if with_form else None
            usd = d.loss[element] * d.rng.uniform(0.3, 0.8)
            for share in d.rng.choice(((1,), (0.3, 1), (0.1, 0.5, 1))):
                key = (element, country, form, share)
                if (element, country, form) in d.tier_sets:
                    break
                d.put(
                    "loss_tiers",
                    dict(zip(("element", "country", "form", "up_to_share"), key, strict=True))
                    | {"loss_usd_per_kg": d.number(usd)},
                )
                usd *= d.rng.uniform(1, 2.2)
            d.tier_sets.add((element, country, form))


def draw_model(d: Draw, seed: int) -> dict[str, Any]:
    """The planner's choices; goal, coordination and investment follow from the seed so that all meet."""
    objective: dict[str, Any] = {"goal": GOALS[(seed // 6) % 4]}
    d.set(objective, "risk_aversion", (None, 0.0, 0.3, 0.5, 1.0, 1.0))
    d.set(objective, "risk_slack", (None, 0.0, 0.001, 0.01))
    d.set(objective, "tail", (None, 0.0, 0.5, 0.8, 0.95))
    policy: dict[str, Any] = {"coordination": d.coordination, "investment": d.investment}
    d.set(policy, "budget_carry_over", (None, True, False, False))
    d.set(policy, "secondment_share", (None, 0.0, 0.2, 0.5))
    model: dict[str, Any] = {"objective": objective, "policy": policy}
    d.set(model, "discount_rate", (None, 0.0, 0.05, 0.08))
    d.set(model, "risk_discount_rate", (None, 0.0, 0.03))
    if d.horizon:
        model["horizon"] = d.horizon
    every = ["mine", "separation", "metal", "training", "hiring", "stockpile"]
    if d.chance(0.3):
        model["levers"] = [lever for lever in every if d.chance(0.8)]
    elif d.chance(0.2):
        model["levers"] = every
    return model


def choose_limit(folder: Path, model: dict[str, Any], rng: random.Random) -> None:
    """A reachable risk limit between least and do-nothing risk; one time in five an unreachable one."""
    free = {**model, "objective": {**model["objective"], "goal": "risk", "risk_slack": 0.0}}
    least = solve_case(folder, free).least_risk or 0.0
    nothing = solve_case(folder, {**free, "levers": []}, targets=False).least_risk or 0.0
    reach = least + rng.uniform(0.05, 0.7) * (nothing - least)
    if least > 1 and rng.random() < 0.2:
        reach = 0.9 * least
    model["objective"]["risk_limit"] = round(reach + 1e-3, 3)


def write_random_case(
    folder: Path,
    seed: int,
    *,
    old: bool = True,
    new: bool = False,
    decided: bool = False,
    scheduled: bool = False,
) -> dict[str, Any]:
    """Write one case folder and return its model dict (goal `target` solves the oracle to place its limit).

    `old` leaves out quarters, magnets, resale, whole plants and all else that `random_switches` adds; without it the
    case of the same seed gets them on top. `new` puts prices, rises, savings, storylines, odds and targets on top of
    either, `decided` what is decided when, by whom and for good (`random_decided`) on top of all. `scheduled` puts
    rows of `schedule` in place of lead times and ramps.
    """
    folder = Path(folder)
    d = Draw(random.Random(seed), COORDINATION[seed % 3], INVESTMENT[(seed // 3) % 2])
    draw_places(d)
    draw_elements(d)
    draw_demand(d)
    draw_imports(d)
    draw_projects(d)
    draw_ramps(d)
    draw_people(d)
    draw_budgets(d)
    draw_stocks(d)
    draw_tiers(d)
    draw_scenarios(d)
    model = draw_model(d, seed)
    if not old:
        d.rng = random.Random(f"switches {seed}")
        draw_switches(d, model)
    if new:
        d.rng = random.Random(f"rules {seed}")
        draw_rules(d, model)
    if decided:
        d.rng = random.Random(f"decided {seed}")
        draw_decided(d, model)
    if scheduled:
        d.rng = random.Random(f"schedules {seed}")
        draw_schedules(d)
    write_tables(folder, d)
    if model["objective"]["goal"] == "target":
        choose_limit(folder, model, d.rng)
    return model


def draw_rules(d: Draw, model: dict[str, Any]) -> None:
    """What came with prices: each with odds of its own, alone and together."""
    draw_calm(d, model)
    draw_futures(d, model)
    if d.chance(0.55):
        draw_targets(d, model)
