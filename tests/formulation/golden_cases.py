"""The tiny cases behind the goldens, one per equation or bound, and what to check them against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.cases import MUSD, budget, demand, imports, mine, plant, scenarios, shock, smelter

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
    "shocks": [shock("late", "delay", 1, 2027, 2027), shock("late", "capacity", 0.4, 2028, stage="separation")],
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
    "projects": [mine(), plant(existing_tpa=50, recovery=0.9), smelter(country="BBB", existing_tpa=10, recovery=0.8)],
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

EQUATIONS: dict[str, Golden] = {
    "usable_capacity": Golden(
        "Existing 20 until 2028. A build of 2026 is due in 2027 (half), 2028 (all); one of 2027 in 2028 "
        "(half). In `late` what is "
        "due in 2027 comes a year later. The mine cannot grow, so it has no row.",
        LATE | {"demand": demand(last=2028)},
    ),
    "nameplate_limit": Golden(
        "Builds of 2026 and 2027 can be in use by 2028: together at most 50 on each history (adaptive).",
        LATE,
        {"policy.investment": "adaptive"},
    ),
    "whole_plants": Golden(
        "Units of 15 and 16 t/y in each year from which a plant may still start; `any` is of any size.",
        UNITS,
        {"policy.whole_plants": True},
    ),
    "throughput_limit": Golden(
        "The mine: 500. The plant: its usable capacity, of which 40 % works in `late` in 2028 (nodes 3 and 4 "
        "are 2028).",
        LATE,
    ),
    "feed_balance": Golden(
        "Per bloc: in west two plants take ore of two mines, one takes gem; in east one mine feeds one plant. "
        "No mine of CCC gives gem.",
        FEEDS,
        {"policy.coordination": "blocs"},
    ),
    "balance": Golden(
        "AAA oxide: what allied plants deliver, imports, release and shortfall cover 100 t and what is bought. "
        "AAA metal has no use. BBB metal: 0.8 of the oxide reduced. CCC has no use for anything.",
        GOODS,
    ),
    "pool": Golden(
        "Oxide is made in AAA, 0.09 t per t of ore, and used in AAA and BBB. Metal can be used in BBB only, so it "
        "is not exchanged.",
        GOODS,
    ),
    "stock_balance": Golden("5 t before 2026; each history of 2027 starts from the stock of 2026.", STOCKS),
    "staff_balance": Golden(
        "50 in 2026. Then 90 % stay; a year later all of `course` join, two years later 75 % of `college`; "
        "hires from 2027.",
        PEOPLE,
    ),
    "seat_limit": Golden(
        "8 seats, and those added in earlier years. An intake of `college` after 2026, and one of `course` "
        "in 2028, would finish "
        "too late.",
        PEOPLE | {"demand": demand(last=2029)},
    ),
    "new_seat_limit": Golden(
        "At most 4 new seats in all. One added in 2026 serves the intake of 2027, which finishes in 2029.",
        PEOPLE | {"demand": demand(last=2029)},
    ),
    "mentor_limit": Golden(
        "Half a trainee per practitioner: the intake of `college` of 2026 is under way in 2026 and 2027, "
        "that of `course` in its "
        "year only.",
        PEOPLE,
    ),
    "secondment_limit": Golden(
        "AAA and BBB lend at most 30 % of their staff. Nobody in another country of the bloc has miners.",
        ABROAD,
        {"policy.secondment_share": 0.3, "policy.coordination": "blocs"},
    ),
    "secondment_pool": Golden(
        "What AAA lends BBB borrows. CCC is in another bloc.",
        ABROAD,
        {"policy.secondment_share": 0.3, "policy.coordination": "blocs"},
    ),
    "staff_limit": Golden(
        "0.2 chemists per tonne in `plant`, 0.3 in `plant_b`, 0.01 miners per tonne of ore; metal plants "
        "need nobody here.",
        ABROAD,
        {"policy.secondment_share": 0.3, "policy.coordination": "blocs"},
    ),
    "investment_spending": Golden(
        "`plant` can start within the horizon only if committed in 2026 (lead time 2, to 2028): half of 4 "
        "MUSD is public, paid in "
        "two parts of 1. `works`: 2 MUSD * 1.5, at once.",
        MONEY | {"demand": demand(last=2028)},
    ),
    "spending_limit": Golden(
        "AAA buys stock at 0.2 MUSD/t. Its own funder and BANK pay in AAA; only BANK pays in BBB.", MONEY
    ),
    "account": Golden(
        "AAA: 10, then 20 and what is left. BANK: nothing in 2026, 7 in 2027; it pays in both countries.", MONEY
    ),
    "cumulative_loss": Golden(
        "Weight 2: 0.2 MUSD/t in the first step, 2 in the second; in 2027 times 0.8. `cut` and `twin` are one history.",
        RISKS,
        {"risk_discount_rate": 0.25},
    ),
    "tail_excess_limit": Golden("One row per history: calm, and cut with twin.", RISKS),
    "expected_loss_definition": Golden("Half each: cut 0.3 and twin 0.2 are one history.", RISKS),
    "risk_definition": Golden(
        "0.6 E + 0.4 (v + sum of 0.5 / (1 - 0.9) e): 0.4 * 5 = 2.",
        RISKS,
        {"objective.risk_aversion": 0.4, "objective.tail": 0.9},
    ),
    "cost_definition": Golden(
        "Rate 0.25: 1, 0.8, 0.64. `plant` (4 MUSD, half of it private, over two years; fixed 0.2 from 2028): "
        "2 + 1.6 + 0.128. "
        "`works` (3 MUSD, fixed 0.1): 3 + 0.244 in 2026, 2.4 + 0.144 in 2027, 1.92 + 0.064 in 2028; variable "
        "0.01, 0.008, "
        "0.0064 in all. Stock: 0.2 bought and 0.008 held per t, 0.16 and 0.0064 in 2027. From 2027 each "
        "history counts half.",
        MONEY
        | {
            "demand": demand(last=2028),
            "projects": [
                *MONEY["projects"][:1],
                MONEY["projects"][1] | {"fixed_opex_usd_per_tpa": 0.2 * MUSD},
                MONEY["projects"][2],
            ],
            "imports": [imports(50)],
            "scenarios": scenarios(calm=0.5, cut=0.5),
            "shocks": [shock("cut", "import", 0, 2027)],
        },
        {"discount_rate": 0.25},
    ),
    "welfare_definition": Golden("cost + risk", RISKS),
}
MORE: dict[str, tuple[str, Golden]] = {
    "throughput_limit_by_stage": (
        "throughput_limit",
        Golden(
            "`plant` (heavy) counts 0.1 t per t of ore, 0.25 per t of gem, and may grow; `works` counts TREO: "
            "0.4 * 30 = 12. "
            "A smelter counts the oxide of all elements. The shock is on separation only.",
            STAGES,
        ),
    ),
    "balance_of_magnets": (
        "balance",
        Golden(
            "100 t of magnets at 0.5 per tonne of metal; the metal, 0.8 per tonne of oxide and 10 t imported, is what "
            "the magnet plant takes; nobody else has a use for oxide or metal.",
            {
                "demand": demand(last=2026, form="magnet"),
                "imports": [imports(10, form="metal")],
                "projects": [
                    mine(),
                    plant(existing_tpa=50),
                    smelter(existing_tpa=10, recovery=0.8),
                    smelter(project="magnets", stage="magnet", existing_tpa=7, recovery=0.5),
                ],
            },
        ),
    ),
    "staff_limit_by_stage": (
        "staff_limit",
        Golden(
            "2 persons per tonne as capacity counts it, heavy tonnes in `plant`, TREO in `works`; 3 per tonne of "
            "oxide in.",
            STAGES
            | {
                "skills": "skill, attrition\nsmith, 0",
                "workforce": "country, skill, initial\nAAA, smith, 5",
                "staffing": "stage, skill, persons_per_ktpa\nseparation, smith, 2000\nmetal, smith, 3000",
            },
        ),
    ),
    "cost_definition_of_people": (
        "cost_definition",
        Golden(
            "Fees of 0.1 and 0.05 MUSD, hires at 0.02; at a rate of 0.25 times 0.8 in 2027 and 0.64 in 2028. A "
            "seat costs 0.3, "
            "but one added in 2026 would serve nobody: an intake of 2027 would finish in 2029.",
            PEOPLE,
            {"discount_rate": 0.25},
        ),
    ),
    "investment_spending_of_people": (
        "investment_spending",
        Golden(
            "The same, not discounted, paid in its year; here 2029 is in the horizon, so a seat of 2026 serves.",
            PEOPLE | {"demand": demand(last=2029)},
        ),
    ),
    "mentor_limit_abroad": (
        "mentor_limit",
        Golden(
            "With secondment, available staff is staff plus borrowed less lent, in every history.",
            PEOPLE
            | {
                "countries": THREE,
                "workforce": "country, skill, initial\nAAA, chemist, 50\nBBB, chemist, 5",
                "demand": demand(last=2027),
                "imports": [imports(9)],
                "scenarios": scenarios(calm=0.5, cut=0.5),
                "shocks": [shock("cut", "import", 0, 2026)],
            },
            {"policy.secondment_share": 0.5},
        ),
    ),
}
BOUNDS: dict[str, Golden] = {
    "imported": Golden("AAA: 40 + 20 t; BBB: 7 t of metal.", GOODS),
    "shortfall": Golden("20 % of 100 t in the first step, 80 % in the second.", RISKS),
    "stock": Golden("At most 30 t.", STOCKS),
    "units": Golden("45 / 15 = 3; 47 / 16 = 2.9, so 2.", UNITS, {"policy.whole_plants": True}),
    "hired": Golden("At most 6 a year, from 2027.", PEOPLE),
}
GOALS: dict[str, Golden] = {
    "risk": Golden("The first criterion.", RISKS),
    "target": Golden(
        "The first criterion; the limit is a bound on risk.",
        RISKS,
        {"objective.goal": "target", "objective.risk_limit": 10.0},
    ),
    "welfare": Golden("The first criterion.", RISKS, {"objective.goal": "welfare"}),
}
