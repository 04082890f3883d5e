"""The cases behind the goldens, as tables that several of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.cases import (
    MUSD,
    budget,
    demand,
    imports,
    mine,
    plant,
    record,
    scenarios,
    shock,
    smelter,
)

Tables = dict[str, Any]


@dataclass(frozen=True)
class Golden:
    """A case whose rows of one equation are few, and the words that let a reader check them."""

    why: str
    tables: Tables
    model: dict[str, object] = field(default_factory=dict)


ONE_YEAR = demand(last=2026)
TWO = "element, heavy, loss_usd_per_kg\nDy, true, 1000\nNd, false, 500"
THREE = "country, bloc\nAAA, west\nBBB, west\nCCC, east"

LATE: Tables = {
    "projects": [
        mine(existing_tpa=500),
        plant(existing_tpa=20, retire_year=2028, max_new_tpa=50, lead_time_years=1, ramp="slow"),
    ],
    "ramps": "ramp, year_after_start, share\nslow, 0, 0.5\nslow, 1, 1",
    "scenarios": scenarios(calm=0.75, late=0.25),
    "shocks": [
        shock("late", "delay", 1, 2027, 2027),
        shock("late", "capacity", 0.4, 2028, stage="separation"),
    ],
}
UNITS: Tables = {
    "demand": demand(last=2027),
    "projects": [
        mine(existing_tpa=500),
        plant(max_new_tpa=45, unit_tpa=15),
        plant(project="later", max_new_tpa=47, unit_tpa=16, lead_time_years=1),
        plant(project="any", max_new_tpa=50),
    ],
}
FEEDS: Tables = {
    "countries": THREE,
    "elements": TWO,
    "demand": [*ONE_YEAR, *demand(last=2026, country="CCC")],
    "feeds": "feed, element, share\nore, Dy, 0.1\nore, Nd, 0.4\ngem, Dy, 0.25",
    "projects": [
        mine(),
        mine(project="mine_b", country="BBB"),
        mine(project="gem_mine", country="BBB", feeds="gem"),
        mine(project="mine_c", country="CCC"),
        plant(existing_tpa=50, feeds="ore;gem"),
        plant(project="plant_b", country="BBB", existing_tpa=50, basis="heavy"),
        plant(project="plant_c", country="CCC", existing_tpa=50),
    ],
}
GOODS: Tables = {
    "countries": THREE,
    "demand": [*ONE_YEAR, *demand(30, last=2026, country="BBB", form="metal")],
    "imports": [imports(40), imports(20, supplier="MYS"), imports(7, country="BBB", form="metal")],
    "feeds": "feed, element, share\nore, Dy, 0.1",
    "projects": [
        mine(),
        plant(existing_tpa=50, recovery=0.9),
        smelter(country="BBB", existing_tpa=10, recovery=0.8),
    ],
    "stockpiles": "country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, 5, 30, 200",
}
STOCKS: Tables = {
    "demand": demand(last=2027),
    "scenarios": scenarios(calm=0.5, cut=0.5),
    "imports": [imports(50)],
    "shocks": [shock("cut", "import", 0, 2027)],
    "stockpiles": "country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, 5, 30, 200",
}
SCHOOL = (
    "programme, country, skill, duration_years, seats, max_new_seats, cost_per_trainee_usd, cost_per_seat_usd,"
    " completion_rate\n"
    "college, AAA, chemist, 2, 8, 4, 100000, 300000, 0.75\ncourse, AAA, chemist, 1, 3, 0, 50000, 0, 1"
)
PEOPLE: Tables = {
    "demand": demand(last=2028),
    "projects": [mine(), plant(existing_tpa=100)],
    "skills": "skill, attrition, mentor_ratio\nchemist, 0.1, 0.5",
    "staffing": "stage, skill, persons_per_ktpa\nseparation, chemist, 200",
    "workforce": "country, skill, initial, hires_per_year, hire_cost_usd\nAAA, chemist, 50, 6, 20000",
    "training": SCHOOL,
}
ABROAD: Tables = {
    "countries": THREE,
    "demand": ONE_YEAR,
    "projects": [
        mine(),
        plant(existing_tpa=100),
        plant(project="plant_b", country="BBB", existing_tpa=100),
        smelter(existing_tpa=10),
    ],
    "skills": "skill, attrition, mentor_ratio\nchemist, 0.1, 0.5\nminer, 0, ",
    "staffing": "stage, project, skill, persons_per_ktpa\nseparation, , chemist, 200\nmine, , miner, 10\n"
    "separation, plant_b, chemist, 300",
    "workforce": "country, skill, initial\nAAA, chemist, 50\nBBB, chemist, 20\nCCC, chemist, 9\nAAA, miner, 100",
}
MONEY: Tables = {
    "countries": "country, cost_index\nAAA, 1\nBBB, 1.5",
    "demand": demand(last=2027),
    "projects": [
        mine(),
        plant(max_new_tpa=100, lead_time_years=2, capex_usd_per_tpa=4 * MUSD, public_share=0.5),
        plant(
            project="works",
            country="BBB",
            max_new_tpa=100,
            capex_usd_per_tpa=2 * MUSD,
            fixed_opex_usd_per_tpa=0.1 * MUSD,
            variable_opex_usd_per_t=0.01 * MUSD,
        ),
    ],
    "budgets": [*budget(10, 20), *budget(7, funder="BANK", first=2027)],
    "funders": "funder, countries\nBANK, *",
    "stockpiles": "country, element, initial_t, purchase_usd_per_kg, holding_usd_per_kg_year\nAAA, Dy, 0, 200, 8",
}
STAGES: Tables = {
    "elements": TWO,
    "feeds": "feed, element, share\nore, Dy, 0.1\nore, Nd, 0.4\ngem, Dy, 0.25",
    "demand": [*demand(last=2026, form="metal"), *demand(last=2026, element="Nd", form="metal")],
    "projects": [
        mine(),
        mine(project="gem_mine", feeds="gem", existing_tpa=70),
        plant(existing_tpa=50, max_new_tpa=10, basis="heavy", feeds="ore;gem"),
        plant(project="works", existing_tpa=30),
        smelter(existing_tpa=12),
    ],
    "scenarios": scenarios(strike=1),
    "shocks": [shock("strike", "capacity", 0.4, stage="separation")],
}
RISKS: Tables = {
    "countries": "country, weight\nAAA, 2",
    "demand": demand(last=2027),
    "imports": [imports(50)],
    "loss_tiers": "element, up_to_share, loss_usd_per_kg\nDy, 0.2, 100\nDy, 1, 1000",
    "scenarios": scenarios(calm=0.5, cut=0.3, twin=0.2),
    "shocks": [shock("cut", "import", 0, 2027), shock("twin", "import", 0, 2027)],
}
ODDS: Tables = RISKS | {
    "scenarios": "scenario, storyline, probability, probability_low, probability_high\n"
    "calm, , 0.5, 0.4, 0.6\ncut, war, 0.3, 0.25, 0.3\ntwin, war, 0.1, 0.05, 0.25\nlost, , 0.1, ,",
    "shocks": [shock("cut", "import", 0, 2027), shock("twin", "import", 0.5, 2027)],
}
CUT_OFF: Tables = {
    "countries": THREE,
    "demand": [*ONE_YEAR, *demand(last=2026, country="BBB"), *demand(last=2026, country="CCC")],
    "imports": [
        imports(80),
        imports(40, country="BBB"),
        imports(20, country="CCC"),
        imports(9, supplier="MYS"),
    ],
    "resale": "country, supplier, share\nBBB, , 0.1\nBBB, CHN, 0.25\nCCC, , 0.5\nAAA, , 1",
    "scenarios": scenarios(cut=1),
    "shocks": [
        shock("cut", "import", 0.25, country="AAA", supplier="CHN") | {"leak": 0.5},
        shock("cut", "import", 0.5, country="BBB", supplier="CHN") | {"leak": 0.1},
    ],
}
QUARTERS: Tables = {
    "demand": demand(last=2027),
    "imports": [imports(100)],
    "scenarios": scenarios(calm=0.5, cut=0.5),
    "shocks": [shock("cut", "import", 0, "2027Q2", "2027Q3")],
}

TARGETS: Tables = {
    "countries": [{"country": c, "bloc": "west"} for c in ("AAA", "BBB")] + [{"country": "CCC"}],
    "feeds": [{"feed": "ore", "element": "Dy", "share": 0.1}],
    "demand": [
        *demand(100, last=2027),
        *demand(40, last=2027, country="BBB"),
        *demand(10, last=2027, form="metal"),
    ],
    "imports": [
        imports(50),
        imports(20, supplier="HKG"),
        imports(30, supplier="ROW"),
        imports(5, country="BBB"),
    ],
    "suppliers": [
        {"supplier": "CHN", "origin": ""},
        {"supplier": "HKG", "origin": "CHN"},
        {"supplier": "ROW", "origin": ""},
    ],
    "projects": [
        mine(existing_tpa=500),
        plant(existing_tpa=50),
        plant(project="abroad", country="BBB", existing_tpa=50),
        smelter(existing_tpa=20, recovery=0.8),
    ],
    "stockpiles": [
        {"country": "AAA", "element": "Dy", "initial_t": 5, "purchase_usd_per_kg": 1},
        {"country": "BBB", "element": "Dy", "initial_t": 5, "purchase_usd_per_kg": 1},
    ],
    "budgets": budget(10),
    "targets": [
        record(target="met", kind="served", share=0.75, price_usd_per_kg=30, first_year=2027),
        {
            "target": "mix",
            "kind": "origin_share",
            "form": "oxide",
            "share": 0.6,
            "country": "AAA",
            "last_year": 2026,
            "price_usd_per_kg": 20,
        },
        {
            "target": "home",
            "kind": "made_share",
            "form": "oxide",
            "share": 0.25,
            "country": "AAA",
            "last_year": 2026,
        },
        record(
            target="dug", kind="made_share", form="feed", share=0.4, country="AAA", first_year=2027
        ),
    ],
}
WARM: Tables = {
    "demand": demand(last=2028),
    "feeds": "feed, element, share\nore, Dy, 0.5",
    "projects": [
        mine(existing_tpa=200, rise=0.25),
        plant(existing_tpa=20, max_new_tpa=50, lead_time_years=1, ramp="slow", rise=0.5),
        plant(project="heavy", basis="heavy", existing_tpa=10, online_year=2028, rise=0.1),
    ],
    "ramps": "ramp, year_after_start, share\nslow, 0, 0.4\nslow, 1, 1",
    "scenarios": scenarios(calm=0.75, shut=0.25),
    "shocks": [shock("shut", "capacity", 0, 2026, 2026, stage="mine")],
}
SCRAP: Tables = {
    "demand": demand(last=2028),
    "projects": [mine(), mine(project="scrap", existing_tpa=90), plant(existing_tpa=200)],
    "availability": "project, year, tonnes\nscrap, 2026, 20\nscrap, 2028, 60",
    "scenarios": scenarios(calm=0.5, cut=0.5),
    "shocks": [shock("cut", "capacity", 0.5, "2027Q1", "2027Q2", project="plant")],
}
SWARF: Tables = {
    "countries": THREE,
    "elements": TWO,
    "demand": demand(50, last=2026, form="metal"),
    "imports": [imports(80), imports(80, element="Nd")],
    "feeds": "feed, element, share\nore, Dy, 0.5\nswarf, Dy, 1",
    "projects": [
        mine(),
        plant(existing_tpa=50, feeds="ore;swarf"),
        plant(project="plant_c", country="CCC", existing_tpa=50, feeds="swarf"),
        smelter(existing_tpa=60, recovery=0.9),
        smelter(project="smelter_b", country="BBB", existing_tpa=30, recovery=0.8),
        smelter(project="smelter_c", country="CCC", existing_tpa=30, recovery=0.8),
    ],
    "returns": "project, stage, element, feed, share\n, metal, Dy, swarf, 0.05\n"
    "smelter_b, , Dy, swarf, 0.2",
}
PRICED: Tables = {
    "countries": "country\nAAA\nBBB",
    "demand": [*demand(last=2027), *demand(40, last=2027, country="BBB")],
    "imports": [
        imports(80) | {"price_usd_per_kg": 50},
        imports(30, supplier="MYS") | {"price_usd_per_kg": 60},
        imports(60, country="BBB") | {"price_usd_per_kg": 40},
    ],
    "resale": "country, share\nBBB, 0.5",
    "projects": [
        mine(existing_tpa=10, variable_opex_usd_per_t=0.03 * MUSD, credit_usd_per_t=0.02 * MUSD),
        plant(existing_tpa=10, variable_opex_usd_per_t=0.01 * MUSD, credit_usd_per_t=0.02 * MUSD),
    ],
    "stockpiles": "country, element, initial_t, max_t, purchase_usd_per_kg\nAAA, Dy, 0, 30, 200\n"
    "BBB, Dy, 0, 5, 30",
    "scenarios": scenarios(calm=0.5, flood=0.5),
    "shocks": [
        shock("flood", "price", 0.2, 2027, supplier="CHN"),
        shock("flood", "import", 0.5, 2027, country="AAA") | {"leak": 1},
    ],
}
THRIFT: Tables = {
    "elements": "element, heavy, loss_usd_per_kg\nDy, true, 1000\nTb, true, 2000",
    "demand": [*demand(last=2027), *demand(20, last=2027, element="Tb", form="metal")],
    "projects": [
        {"project": "thrift", "country": "AAA", "stage": "saving", "existing_tpa": 30},
        {"project": "swap", "country": "AAA", "stage": "saving", "existing_tpa": 8},
    ],
    "savings": "project, element, form, tonnes, max_share\nthrift, Dy, oxide, 2, 0.3\n"
    "thrift, Tb, metal, 0.5, 0.6\nswap, Dy, oxide, 1, 1",
    "scenarios": scenarios(calm=0.5, boom=0.5),
    "shocks": [shock("boom", "demand", 1.5, 2027, element="Dy")],
}
