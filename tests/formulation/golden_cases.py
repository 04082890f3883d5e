"""The tiny cases behind the goldens, one per equation or bound, and what to check them against."""

from __future__ import annotations

from tests.cases import MUSD, budget, demand, imports, mine, plant, scenarios, shock, smelter
from tests.formulation.golden_tables import (
    ABROAD,
    CUT_OFF,
    FEEDS,
    GOODS,
    LATE,
    MONEY,
    ODDS,
    PEOPLE,
    PRICED,
    QUARTERS,
    RISKS,
    SCRAP,
    STAGES,
    STOCKS,
    SWARF,
    TARGETS,
    THREE,
    THRIFT,
    UNITS,
    WARM,
    Golden,
)

WORST = {"objective.odds": "worst", "objective.risk_aversion": 0.4, "objective.tail": 0.9}
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
    "must_run": Golden(
        "`there`: its 40 t/y, of which half works in `bad` in 2027. `new`: its usable capacity, the same part of it. A "
        "saving that need not run has no row.",
        {
            "demand": demand(last=2027),
            "projects": [
                {
                    "project": "there",
                    "country": "AAA",
                    "stage": "saving",
                    "existing_tpa": 40,
                    "must_run": "true",
                },
                {
                    "project": "new",
                    "country": "AAA",
                    "stage": "saving",
                    "max_new_tpa": 30,
                    "must_run": "true",
                },
                {"project": "free", "country": "AAA", "stage": "saving", "existing_tpa": 10},
            ],
            "savings": [
                {"project": name, "element": "Dy", "form": "oxide", "tonnes": 1}
                for name in ("there", "new", "free")
            ],
            "scenarios": scenarios(calm=0.5, bad=0.5),
            "shocks": [shock("bad", "capacity", 0.5, 2027, stage="saving")],
        },
    ),
    "scheduled_delivery": Golden(
        "2026 and calm 2027: what is scheduled. `cut` in 2027: CHN sells 0.25 of 120 t, AUS twice its 40: (30 + 40) / "
        "160. Nothing may be scheduled of metal, whose store is closed.",
        {
            "demand": demand(last=2027),
            "imports": [imports(120), imports(40, supplier="AUS")],
            "stockpiles": "country, element, form, initial_t, max_t, purchase_usd_per_kg\n"
            "AAA, Dy, oxide, 5, 30, 200\nAAA, Dy, metal, 0, 0, 300",
            "budgets": budget(10),
            "scenarios": scenarios(calm=0.5, cut=0.5),
            "shocks": [
                shock("cut", "import", 0.25, 2027, supplier="CHN"),
                shock("cut", "import", 2, 2027, supplier="AUS"),
            ],
        },
        {"policy.stock": "scheduled"},
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
    "resale": Golden(
        "BBB, cut to 0.5, has what CCC can sell on, 0.5 * 20 t. AAA, cut to 0.25, and BBB together have that and what "
        "BBB can: 0.25 * 40 * 0.5 t.",
        CUT_OFF,
    ),
    "stock_balance": Golden(
        "5 t before 2026; each history of 2027 starts from the stock of 2026.", STOCKS
    ),
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
        "AAA buys stock at 0.2 MUSD/t. Its own funder and BANK pay in AAA; only BANK pays in BBB.",
        MONEY,
    ),
    "account": Golden(
        "AAA: 10, then 20 and what is left. BANK: nothing in 2026, 7 in 2027; it pays in both countries.",
        MONEY,
    ),
    "served_target": Golden(
        "A quarter of all demand, 0.25 * 150 t in 2027, may be short; more at a price.", TARGETS
    ),
    "origin_target": Golden(
        "AAA in 2026: CHN with HKG at most 0.6 of 100 t not short, what the smelter takes, and purchases less releases; "
        "ROW by itself.",
        TARGETS,
        {"policy.coordination": "blocs"},
    ),
    "made_target": Golden(
        "`home`: 0.25 of AAA's use in 2026, against what counts of its output. `dug`: 0.4 of it in 2027, against 0.1 t of "
        "Dy per tonne of ore.",
        TARGETS,
        {"policy.coordination": "blocs"},
    ),
    "counted_output": Golden("0.1 t per t of ore that `plant` takes, in 2026.", TARGETS),
    "counted_use": Golden(
        "AAA and BBB together: 140 t not short, the smelter's intake, purchases, less imports of both and what AAA releases: "
        "BBB may throw stock away.",
        TARGETS,
        {"policy.coordination": "blocs"},
    ),
    "outside_used": Golden(
        "The same of each of the two, at least 0.", TARGETS, {"policy.coordination": "blocs"}
    ),
    "retained_stock": Golden("AAA releases no more than it uses: in 2026 and 2027.", TARGETS),
    "imports_by_supplier": Golden("AAA in 2026: three suppliers.", TARGETS),
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
    "rise_limit": Golden(
        "The mine may grow by 50 = 0.25 * 200 t a year; in `shut`, where nothing of it worked in 2026, all 200 start in "
        "2027. `plant`: 10 = 0.5 * 20 and of a build of 2026 0.4 in 2027 and 0.6 in 2028 start. `heavy` comes online in "
        "2028: 10 start and 1 may grow, at 0.5 t of Dy per t of ore.",
        WARM,
    ),
    "availability_limit": Golden(
        "20, 40, 60 t a year; 2027 is divided, so 10 t a quarter. Of the other mine nothing is told.",
        SCRAP,
    ),
    "saving_limit": Golden(
        "A tonne of `thrift` replaces 2 t of Dy and 0.5 of Tb, one of `swap` 1 t of Dy.", THRIFT
    ),
    "demand_limit": Golden(
        "Both savings and the shortfall of Dy within 100 t, 150 in `boom`; of Tb within 20.", THRIFT
    ),
    "storyline_risk": Golden(
        "Three quarters of the war are cut, a quarter twin: of Z 0.6 * 0.75 and 0.6 * 0.25, of e 0.4 / (1 - 0.9) "
        "times as much.",
        ODDS,
        WORST,
    ),
    "odds_excess_limit": Golden("The probability of `lost` is fixed: it has no row.", ODDS, WORST),
}
MORE: dict[str, tuple[str, Golden]] = {
    "origin_target_of_shocks": (
        "origin_target",
        Golden(
            "As `origin_target`, with demand of 0.9 * 100 t; 0.6 of it are 54.",
            TARGETS
            | {
                "scenarios": scenarios(only=1),
                "shocks": [
                    shock("only", "demand", 0.9),
                    shock("only", "import", 0.8, supplier="CHN"),
                ],
                "recoveries": [{"project": "plant", "element": "Dy", "recovery": 0.9}],
            },
        ),
    ),
    "cost_definition_of_targets": (
        "cost_definition",
        Golden(
            "0.02 MUSD per tonne above the share of an origin, 0.03 per tonne not served.", TARGETS
        ),
    ),
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
    "feed_balance_with_returns": (
        "feed_balance",
        Golden(
            "Of Dy that metal plants take in 0.05 return as swarf, 0.2 in `smelter_b`. West has both plants; CCC has "
            "no oxide. Nothing returns of Nd.",
            SWARF,
            {"policy.coordination": "blocs"},
        ),
    ),
    "imports_by_supplier_at_a_price": (
        "imports_by_supplier",
        Golden("Two sell to AAA at a price, so each has its own; to BBB one alone.", PRICED),
    ),
    "balance_with_savings": (
        "balance",
        Golden("What both save of Dy stands on the left; of Tb what `thrift` saves.", THRIFT),
    ),
    "cost_definition_of_calm_years": (
        "cost_definition",
        Golden(
            "Imports in AAA 0.05 and 0.06 MUSD/t, in BBB 0.04; in 2027 each history counts half, and `flood` makes CHN's "
            "0.01 and 0.008, resold to AAA at its own 0.01. The mine costs 0.03 - 0.02, the plant nothing. Purchases: "
            "0.2 - 0.05 in AAA, in BBB 0.03 - 0.04 count as nothing.",
            PRICED,
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
    "throughput_limit_of_quarters": (
        "throughput_limit",
        Golden(
            "A quarter has a quarter of the 20 t/y; in `cut` half of them work in two quarters of 2027. From the "
            "fourth on, and before the second of calm, imports cover all demand.",
            QUARTERS
            | {
                "projects": [mine(existing_tpa=400), plant(existing_tpa=20)],
                "shocks": [
                    *QUARTERS["shocks"],
                    shock("cut", "capacity", 0.5, "2027Q2", "2027Q3", project="plant"),
                ],
            },
        ),
    ),
    "staff_limit_of_quarters": (
        "staff_limit",
        Golden(
            "0.2 persons per t/y are 0.8 per tonne in a quarter.",
            QUARTERS
            | {
                "projects": [mine(), plant(existing_tpa=20)],
                "skills": "skill, attrition\nchemist, 0",
                "staffing": "stage, skill, persons_per_ktpa\nseparation, chemist, 200",
                "workforce": "country, skill, initial\nAAA, chemist, 3",
            },
        ),
    ),
    "spending_limit_of_quarters": (
        "spending_limit",
        Golden(
            "What is decided for a year falls due in its first quarter, purchases in theirs. BBB buys no stock: it has "
            "rows for first periods alone.",
            MONEY | {k: QUARTERS[k] for k in ("scenarios", "shocks", "imports")},
        ),
    ),
    "account_of_quarters": (
        "account",
        Golden(
            "The budget of 2027 is there from its first quarter. Without carry-over what is left of 2026 is lost, and "
            "what is left of a quarter is not.",
            MONEY | {k: QUARTERS[k] for k in ("scenarios", "shocks", "imports")},
            {"policy.budget_carry_over": False},
        ),
    ),
    "cost_definition_of_quarters": (
        "cost_definition",
        Golden(
            "Stock is paid when it is bought, 0.2 MUSD/t, and held at the end of 2026 and of the fourth quarter of "
            "2027, 0.008 MUSD/t; each history of 2027 counts half.",
            {k: MONEY[k] for k in ("demand", "stockpiles")}
            | QUARTERS
            | {"shocks": [shock("cut", "import", 0, "2027Q2")]},
        ),
    ),
    "risk_definition_under_worst_odds": (
        "risk_definition",
        Golden(
            "At least 0.4 calm, 1/3 war (of which cut, three quarters, has 0.25) and 0.1 lost; of the 1/6 left 0.2 may be "
            "calm and 1/15 war (cut: 0.3). 0.4 v.",
            ODDS,
            WORST,
        ),
    ),
    "nameplate_limit_committed_through": (
        "nameplate_limit",
        Golden(
            "One decision for 2026 and 2027, one for each history of 2028.",
            LATE
            | {
                "shocks": [shock("late", "capacity", 0.4, 2026, stage="separation")],
                "demand": demand(last=2028),
            }
            | {"projects": [mine(), plant(max_new_tpa=50)]},
            {"policy.investment": "adaptive", "policy.committed_through": 2027},
        ),
    ),
}
BOUNDS: dict[str, Golden] = {
    "imported_from": Golden("AAA in 2026: 50, 20 and 30 t.", TARGETS),
    "saved": Golden(
        "`thrift` replaces at most 0.3 of 100 t of Dy, of 150 in `boom`, and 0.6 of 20 t of Tb; `swap` all of Dy.",
        THRIFT,
    ),
    "resold": Golden(
        "AAA: 0.5 of the 0.75 * 80 t that are cut; BBB: 0.1 of 0.5 * 40 t; MYS sells as ever.",
        CUT_OFF,
    ),
    "imported": Golden("AAA: 40 + 20 t; BBB: 7 t of metal.", GOODS),
    "shortfall": Golden("20 % of 100 t in the first step, 80 % in the second.", RISKS),
    "stock": Golden("At most 30 t.", STOCKS),
    "bought": Golden(
        "8 t a year are on offer: 8 in 2026, 2 in each quarter of 2027.",
        QUARTERS
        | {
            "demand": demand(last=2027),
            "stockpiles": "country, element, initial_t, purchase_t_per_year, purchase_usd_per_kg\n"
            "AAA, Dy, 0, 8, 200",
        },
    ),
    "scheduled": Golden(
        "8 t a year are on offer.",
        {
            "demand": demand(last=2027),
            "stockpiles": "country, element, initial_t, purchase_t_per_year, purchase_usd_per_kg\n"
            "AAA, Dy, 0, 8, 200",
            "budgets": budget(10),
        },
        {"policy.stock": "scheduled"},
    ),
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
