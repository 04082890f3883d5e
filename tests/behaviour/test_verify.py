"""The verifier catches faults: a good plan is spoiled in one place, and the rule that this breaks is named."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import planner
from planner.data.build_schedule import BuildSchedule
from planner.data.case import Case
from planner.data.lookups import Lookups
from planner.data.scenario_tree import Tree
from planner.results.reader import read_amounts
from planner.results.scenario_inputs import ScenarioInputs
from planner.results.tables import TableViews
from planner.verification import material_rules, money_rules, people_rules, plant_rules, verify
from planner.verification.recomputed_inputs import RecomputedInputs
from tests.cases import (
    MUSD,
    budget,
    demand,
    imports,
    load_case,
    mine,
    near,
    plant,
    scenarios,
    shock,
    smelter,
    some,
    stored,
)

Frames = dict[str, pd.DataFrame]
Spoil = Callable[[Frames], None]

FULL: dict[str, Any] = {
    "countries": "country, bloc\nAAA, west\nBBB, west\nCCC, east",
    "elements": "element, heavy, loss_usd_per_kg\nDy, true, 1000\nNd, false, 200",
    "demand": [
        *demand(100, 2026, 2029),
        *demand(60, 2026, 2029, country="BBB"),
        *demand(20, 2026, 2029, country="BBB", form="metal"),
        *demand(30, 2026, 2029, country="CCC"),
    ],
    "imports": [
        imports(110),
        imports(50, country="BBB"),
        imports(25, country="BBB", form="metal"),
        imports(30, country="CCC"),
    ],
    "feeds": "feed, element, share\nore, Dy, 0.2\nore, Nd, 0.3\ngem, Dy, 0.5",
    "projects": [
        mine(existing_tpa=400),
        mine(project="gem_mine", feeds="gem", existing_tpa=10),
        plant(
            existing_tpa=20,
            basis="heavy",
            max_new_tpa=60,
            lead_time_years=1,
            capex_usd_per_tpa=0.5 * MUSD,
            earliest_year=2026,
            recovery=0.9,
            variable_opex_usd_per_t=1000,
        ),
        plant(project="idle", country="CCC", existing_tpa=20),
        plant(project="crewless", country="BBB", existing_tpa=20),
        smelter(
            country="BBB",
            existing_tpa=10,
            max_new_tpa=20,
            recovery=0.9,
            capex_usd_per_tpa=0.2 * MUSD,
        ),
    ],
    "skills": "skill, attrition, mentor_ratio\nchemist, 0.1, 0.2\nsmith, 0.1, \nghost, 0, ",
    "staffing": "stage, project, skill, persons_per_ktpa\n"
    "separation, , chemist, 1000\nseparation, crewless, ghost, 1\nmetal, , smith, 1000",
    "workforce": "country, skill, initial, hires_per_year, hire_cost_usd\n"
    "AAA, chemist, 20, 4, 100000\nBBB, chemist, 6, 0, 0\n"
    "AAA, smith, 6, 0, 0\nBBB, smith, 8, 3, 0",
    "training": "programme, country, skill, duration_years, seats, max_new_seats,"
    " cost_per_trainee_usd, cost_per_seat_usd\n"
    "school, AAA, chemist, 1, 2, 2, 100000, 100000",
    "budgets": [*budget(30, 10, 5), *budget(10, 10, funder="BBB")],
    "stockpiles": "country, element, initial_t, max_t, purchase_t_per_year, purchase_usd_per_kg,"
    " holding_usd_per_kg_year\nAAA, Dy, 5, 40, 40, 300, 5",
    "loss_tiers": "element, form, up_to_share, loss_usd_per_kg\nDy, metal, 1, 5000",
    "scenarios": scenarios(calm=0.5, cut=0.3, late=0.2),
    "shocks": [
        shock("cut", "import", 0, 2028),
        shock("late", "import", 0, 2028),
        shock("late", "delay", 1, 2027, 2028),
    ],
}
WHOLE = [row | {"unit_tpa": 5} if row["project"] == "smelter" else row for row in FULL["projects"]]
DIVIDED: dict[str, Any] = FULL | {
    "demand": [*FULL["demand"], *demand(8, 2026, 2029, form="magnet")],
    "projects": [
        *FULL["projects"],
        smelter(project="magnets", stage="magnet", existing_tpa=5, recovery=0.9),
    ],
    "scenarios": scenarios(calm=0.5, cut=0.3, late=0.2),
    "shocks": [
        shock("cut", "import", 0, "2027Q2", "2028Q3", country="AAA") | {"leak": 0.5},
        shock("late", "import", 0, 2028),
    ],
    "resale": "country, share\nBBB, 0.4\nCCC, 0.4",
}
CALM: dict[str, Any] = {
    "countries": "country\nAAA\nBBB",
    "demand": [*demand(60, 2026, 2028), *demand(20, 2026, 2028, country="BBB", form="metal")],
    "imports": [imports(30) | {"price_usd_per_kg": 100}, imports(15, country="BBB")],
    "feeds": "feed, element, share\nore, Dy, 0.5\nswarf, Dy, 1",
    "projects": [
        mine(existing_tpa=40, variable_opex_usd_per_t=2000, credit_usd_per_t=500),
        mine(project="scrap", existing_tpa=30),
        plant(existing_tpa=40, rise=0.1, feeds="ore;swarf"),
        smelter(country="BBB", existing_tpa=25, recovery=0.8),
        {"project": "thrift", "country": "AAA", "stage": "saving", "existing_tpa": 5},
    ],
    "availability": "project, year, tonnes\nscrap, 2026, 10",
    "savings": "project, element, form, tonnes, max_share\nthrift, Dy, oxide, 2, 0.1",
    "returns": "project, stage, element, feed, share\n, metal, Dy, swarf, 0.2",
    "scenarios": scenarios(calm=0.5, cut=0.5),
    "shocks": [
        shock("cut", "import", 0.5, 2027),
        shock("calm", "capacity", 0, 2027, project="plant"),
    ],
}
WITHIN = [shock("cut", "import", 0.5, 2027, 2027), *FULL["shocks"]]
FORCED = [
    row | {"must_run": "true"} if row["project"] == "thrift" else row for row in CALM["projects"]
]
MODEL: dict[str, object] = {
    "policy.coordination": "blocs",
    "policy.secondment_share": 0.5,
    "policy.budget_carry_over": False,
}


DRAWN = [row | {"hazard": "drawn"} for row in FULL["shocks"]]
"""Shocks of one storyline, of which all scenarios are draws."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, planner.Plan]:
    """Plans of the full case: under each policy, without levers, of draws, and with a future that cannot happen."""
    adaptive = {"policy.investment": "adaptive"}
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "committed": ({}, FULL),
        "adaptive": (adaptive, FULL),
        "no levers": ({"levers": []}, FULL),
        "calm years": ({"policy.coordination": "allied"}, CALM),
        "whole": ({"policy.whole_plants": True}, FULL | {"projects": WHOLE}),
        "quarters": (
            adaptive | {"policy.committed_through": 2026, "policy.coordination": "allied"},
            DIVIDED,
        ),
        "staged": ({"policy.investment": "staged"}, FULL | {"shocks": DRAWN}),
        "scheduled": (
            {"policy.stock": "scheduled", "policy.first_decision_year": 2027},
            FULL | {"shocks": WITHIN},
        ),
        "decided late": ({"policy.first_decision_year": 2027}, FULL),
        "forced": ({"policy.coordination": "allied"}, CALM | {"projects": FORCED}),
        "impossible": (adaptive, FULL | {"scenarios": scenarios(calm=0.5, cut=0.5, late=0)}),
    }
    return {
        name: planner.solve(
            load_case(tmp_path_factory.mktemp("full"), {**MODEL, **model}, **tables), baseline=False
        )
        for name, (model, tables) in cases.items()
    }


def test_the_good_plans_hold_and_use_every_part(good: dict[str, planner.Plan]) -> None:
    """Otherwise the corruptions below would spoil nothing."""
    for plan in good.values():
        assert verify.verify(plan.case, plan.tables).holds
    tables = good["committed"].tables
    assert {
        "mined",
        "separated",
        "made",
        "reduced",
        "imported",
        "given",
        "received",
        "released",
        "bought",
    } <= set(tables["operations"]["item"])
    assert {"capex separation", "training fees", "hiring", "stock purchases"} <= set(
        tables["spending"]["item"]
    )
    assert tables["workforce"]["lent"].max() > 0.1
    calm = good["calm years"].tables["operations"]
    assert {"run", "saved", "returned"} <= set(calm["item"])
    divided = good["quarters"].tables
    assert {"sintered", "resold"} <= set(divided["operations"]["item"])
    assert set(divided["shortfall"].query("year == 2027")["quarter"]) == {1, 2, 3, 4}


def test_tables_say_the_amounts_of_the_plan_to_the_last_bit(
    good: dict[str, planner.Plan], tmp_path: Path
) -> None:
    for name, plan in good.items():
        assert read_amounts(plan.case, plan.tables) == plan.amounts, name
        assert planner.open_run(stored(plan, tmp_path / name)).amounts == plan.amounts, name


def test_what_was_not_verified_is_not_written(
    good: dict[str, planner.Plan], tmp_path: Path
) -> None:
    plan = good["committed"]
    tables = plan.tables
    assert isinstance(tables, TableViews)
    other = dataclasses.replace(tables, amounts=dataclasses.replace(tables.amounts))
    spoiled = other["stocks"].assign(stock_t=other["stocks"]["stock_t"] + 1.0)
    other._made["stocks"] = spoiled
    with pytest.raises(planner.PlannerError, match="its tables say something else than the plan"):
        dataclasses.replace(plan, tables=other).write(tmp_path / "run")
    assert not (tmp_path / "run").exists()


# ---- how to spoil --------------------------------------------------------------------------------------


def matching(frame: pd.DataFrame, where: dict[str, object]) -> pd.Series[bool]:
    """Which rows have these values; there are some."""
    keep = pd.Series(True, index=frame.index)
    for name, value in where.items():
        keep &= frame[name] == value
    assert keep.any(), f"no row has {where}"
    return keep


def bump(table: str, column: str, by: float, *, every: bool = False, **where: object) -> Spoil:
    """Add to a column in the first matching row (or in all)."""

    def spoil(tables: Frames) -> None:
        frame = tables[table]
        hit = frame.index[matching(frame, where)]
        frame.loc[hit if every else hit[:1], column] += by

    return spoil


def add(table: str, **row: object) -> Spoil:
    """Append a row; text columns left out are blank, numbers 0."""

    def spoil(tables: Frames) -> None:
        frame = tables[table]
        blank = {
            name: 0.0 if pd.api.types.is_numeric_dtype(frame[name]) else ""
            for name in frame.columns
        }
        blank |= {"quarter": None} if "quarter" in frame else {}
        tables[table] = pd.concat([frame, pd.DataFrame([blank | row])], ignore_index=True)

    return spoil


def drop(table: str, **where: object) -> Spoil:
    """Remove all matching rows."""

    def spoil(tables: Frames) -> None:
        frame = tables[table]
        tables[table] = frame[~matching(frame, where)].reset_index(drop=True)

    return spoil


def relabel(table: str, column: str, value: object, **where: object) -> Spoil:
    """Write another text into all matching rows."""

    def spoil(tables: Frames) -> None:
        frame = tables[table]
        frame.loc[matching(frame, where), column] = value

    return spoil


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(tables: Frames) -> None:
        for each in spoils:
            each(tables)

    return spoil


def flow(item: str, tonnes: float, **row: object) -> Spoil:
    """One more flow, in `calm` in 2026."""
    return add(
        "operations",
        **{"scenario": "calm", "year": 2026, "country": "AAA", "item": item, "tonnes": tonnes}
        | row,
    )


def build(project: str, stage: str, country: str, year: int, tpa: float, who: str = "all") -> Spoil:
    """One more build."""
    where = {"project": project, "stage": stage, "country": country, "year": year}
    return add("investments", **where, tpa=tpa, capex_musd=0.0, probability=1.0, scenarios=who)


def train(year: int, who: str = "all", probability: float = 1.0, **amount: float) -> Spoil:
    """One more intake of the school, or new seats in it."""
    school = {"programme": "school", **CHEMIST, "year": year}
    return add("training", **school, **amount, probability=probability, scenarios=who)


def spend(
    funder: str, country: str, musd: float, year: int = 2026, quarter: int | None = None
) -> Spoil:
    """One more payment."""
    return add(
        "spending",
        funder=funder,
        country=country,
        year=year,
        quarter=quarter,
        item="hiring",
        musd=musd,
        probability=1.0,
        scenarios="all",
    )


DY = {"element": "Dy", "form": "oxide"}
CHEMIST = {"country": "AAA", "skill": "chemist"}
SMITH = {"country": "BBB", "skill": "smith"}
NOW = {"scenario": "calm", "year": 2026}
STAFF = {**NOW, **CHEMIST}

FAULTS: dict[str, dict[str, dict[str, Spoil]]] = {
    # plan that is spoiled: {rule that must be named: {fault: how}}
    "committed": {
        "throughput_limit": {
            "a mine digs beyond its capacity": flow("mined", 500, project="mine", feed="ore"),
            "a plant takes more than it can": flow("separated", 900, project="plant", feed="ore"),
            "a smelter takes more than it can": flow(
                "reduced", 90, country="BBB", project="smelter", **DY
            ),
            "a plant runs before it is ready": bump("investments", "year", 1, project="plant"),
            "what was built is forgotten": drop("investments", project="plant"),
        },
        "feed_balance": {
            "more ore is used than mined": flow("separated", 10, project="plant", feed="gem"),
            "ore comes from another bloc": flow(
                "separated", 10, country="CCC", project="idle", feed="ore"
            ),
        },
        "accepted_feeds": {
            "a plant takes a feed it does not accept": flow(
                "separated", 1, project="plant", feed="gem"
            ),
            "a mine gives a feed that is not its own": flow(
                "mined", 50, year=2029, project="mine", feed="gem"
            ),
        },
        "staff_of_nobody": {
            "a plant without people runs": flow(
                "separated", 1, country="BBB", project="crewless", feed="ore"
            )
        },
        "made": {
            "more is made than the ore holds": bump(
                "operations", "tonnes", 1, item="made", form="oxide"
            ),
            "more metal is made than oxide was taken": bump(
                "operations", "tonnes", 1, item="made", form="metal"
            ),
        },
        "flow_not_negative": {"a flow runs backwards": flow("released", -1, **DY)},
        "export_limit": {
            "imports are passed on": both(
                flow("given", 100, **DY),
                flow("received", 100, country="BBB", **DY),
                bump("shortfall", "tonnes", 100, **NOW, country="AAA"),
            )
        },
        "pool": {
            "more is received than given": flow("received", 1, country="BBB", **DY),
            "goods cross from one bloc to another": flow("received", 1, country="CCC", **DY),
        },
        "import_limit": {
            "more is imported than can be sold": flow("imported", 200, project="CHN", **DY),
            "imports come from a supplier nobody knows": flow("imported", 1, project="MYS", **DY),
            "imports arrive although they are cut": flow(
                "imported", 1, scenario="cut", year=2028, project="CHN", **DY
            ),
        },
        "balance": {
            "a shortfall is hidden": bump(
                "shortfall", "tonnes", -1, scenario="cut", year=2028, country="AAA"
            ),
            "metal plants use oxide that is not there": flow(
                "reduced", 60, country="BBB", project="smelter", **DY
            ),
            "a shortfall is not a number": bump(
                "shortfall", "tonnes", float("nan"), **NOW, country="AAA"
            ),
        },
        "shortfall_limit": {
            "more is short than demanded": bump(
                "shortfall", "tonnes", 500, scenario="cut", year=2028, country="AAA"
            )
        },
        "shortfall_not_negative": {
            "a shortfall is negative": bump("shortfall", "tonnes", -1, **NOW, country="AAA")
        },
        "stock_balance": {
            "stock appears": bump("stocks", "stock_t", 1, **NOW),
            "stock is released twice": flow("released", 5, **DY),
        },
        "stock_not_negative": {"a stock is negative": bump("stocks", "stock_t", -100, **NOW)},
        "stock_limit": {"a stock overflows": bump("stocks", "stock_t", 100, **NOW)},
        "purchase_limit": {"more is bought than is on offer": flow("bought", 100, **DY)},
        "stock_of_nothing": {
            "stock is released where there is none": flow("released", 1, country="BBB", **DY)
        },
        "nameplate_limit": {
            "more is built than allowed": bump("investments", "tpa", 100, project="plant")
        },
        "build_not_negative": {
            "a build is negative": build("plant", "separation", "AAA", 2027, -1)
        },
        "build_window": {
            "a build comes too late to start": build("plant", "separation", "AAA", 2029, 1),
            "a project that cannot grow is built": build("mine", "mine", "AAA", 2026, 1),
        },
        "staff_balance": {
            "staff appears": bump("workforce", "staff", 1, scenario="calm", year=2027, **CHEMIST),
            "there is more staff at the start": bump("workforce", "staff", 1, **STAFF),
            "trainees join a year early": bump("training", "year", -1, every=True),
        },
        "hired_in_first_year": {
            "hires come in the first year": bump("workforce", "hired", 1, **STAFF)
        },
        "hire_limit": {
            "more are hired than can be": bump(
                "workforce", "hired", 9, scenario="calm", year=2027, **CHEMIST
            )
        },
        "seat_limit": {"more start than there are seats": bump("training", "intake", 5)},
        "intake_not_negative": {"an intake is negative": bump("training", "intake", -50)},
        "new_seat_limit": {"more seats are added than allowed": bump("training", "new_seats", 5)},
        "new_seats_in_last_year": {"seats are added in the last year": train(2029, new_seats=1.0)},
        "mentor_limit": {
            "trainees are more than mentors can carry": bump("training", "intake", 50)
        },
        "secondment_limit": {"more is lent than may be": bump("workforce", "lent", 15, **STAFF)},
        "secondment_pool": {
            "somebody is lent to nobody": bump("workforce", "lent", 1, **STAFF),
            "somebody is borrowed from nowhere": bump("workforce", "borrowed", 1, **STAFF),
        },
        "secondment_not_negative": {
            "lending runs backwards": bump("workforce", "lent", -30, **STAFF)
        },
        "staff_limit": {"plants run without their people": drop("workforce", **STAFF)},
        "account": {
            "a budget is overrun": spend("AAA", "AAA", 100),
            "money is spent in a year that has none": bump(
                "spending", "year", 3, item="capex separation"
            ),
            "money left over is carried although it may not": spend("AAA", "AAA", 1, 2029),
        },
        "funder_reach": {
            "a funder pays where it may not": spend("AAA", "BBB", 1),
            "a funder nobody knows pays": spend("BANK", "AAA", 1),
        },
        "paid_not_negative": {"a payment is negative": spend("BBB", "BBB", -1)},
        "spending_limit": {
            "something is not paid for": drop("spending", item="capex separation"),
            "money is spent on nothing": spend("AAA", "AAA", 0.5),
            "a purchase is not paid for": bump("spending", "musd", -0.5, item="stock purchases"),
        },
        "hire_not_negative": {
            "people are fired": both(
                bump("workforce", "hired", -4, scenario="calm", year=2029, **SMITH),
                bump("workforce", "staff", -4, scenario="calm", year=2029, **SMITH),
            )
        },
        "flow_of_plant": {
            "a separation plant digs": flow("mined", 50, year=2029, project="plant", feed="ore"),
            "a separation plant smelts": both(
                relabel(
                    "operations", "project", "crewless", scenario="cut", year=2028, item="reduced"
                ),
                relabel(
                    "operations",
                    "project",
                    "crewless",
                    scenario="cut",
                    year=2028,
                    item="made",
                    form="metal",
                ),
            ),
            "a mine digs abroad": flow(
                "mined", 5000, year=2029, country="CCC", project="mine", feed="ore"
            ),
        },
        "payments_as_stated": {
            "a payment is understated in its table": bump("payments", "paid_musd", -1),
            "a budget is overstated in its table": bump("payments", "budget_musd", 1),
            "a funder is left out of its table": drop("payments", funder="BBB"),
            "a funder stands twice in its table": add("payments", funder="BBB"),
        },
        "payments_in_range": {
            "a funder pays less than it must": bump("payments", "least_musd", 1),
            "a funder pays more than it may": bump("payments", "most_musd", -100),
        },
        "table_as_made": {
            "demand is understated": bump("shortfall", "demand_t", -1, **NOW, country="AAA"),
            "a demand is left out": drop("shortfall", **NOW, country="AAA"),
            "a build comes before the horizon": build("plant", "separation", "AAA", 2025, 1),
            "trainees start before the horizon": train(2025, intake=1.0),
            "a release answers a cut before it shows itself": flow(
                "released", 0.5, scenario="cut", **DY
            ),
            "a shortfall differs before the cut": bump(
                "shortfall", "tonnes", 1, scenario="cut", year=2026, country="CCC"
            ),
            "a stock differs before the cut": bump(
                "stocks", "stock_t", 1, scenario="cut", year=2026
            ),
            "staff differs before the cut": bump(
                "workforce", "staff", 1, scenario="cut", year=2026, **CHEMIST
            ),
            "a committed build differs between histories": build(
                "plant", "separation", "AAA", 2028, 1, "cut"
            ),
            "committed training differs between histories": train(2028, "cut", 0.3, intake=0.1),
            "committed hiring differs between histories": both(
                bump("workforce", "hired", -0.5, scenario="calm", year=2028, **SMITH),
                bump("workforce", "staff", -0.5, scenario="calm", year=2028, **SMITH),
                bump("workforce", "staff", -0.45, scenario="calm", year=2029, **SMITH),
            ),
            "a capacity is overstated in its table": bump("capacity", "usable_tpa", 100),
            "a capex is understated in its table": bump("investments", "capex_musd", -1),
            "a probability is wrong in its table": bump("investments", "probability", -0.5),
            "available people are overstated in their table": bump("workforce", "available", 10),
            "expected spending is overstated in its table": bump("spending", "expected", 1),
            "purchases differ between the two tables that hold them": bump(
                "stocks", "bought_t", 10
            ),
            "a scenario of operations is not of the case": relabel(
                "operations", "scenario", "nobody", **NOW, item="mined"
            ),
            "a year of shortfall is not of the case": relabel("shortfall", "year", 2035, **NOW),
            "a good of shortfall is not of the case": relabel("shortfall", "form", "powder", **NOW),
            "a country of a stock is not of the case": relabel("stocks", "country", "BBB", **NOW),
            "a plant of capacity is not of the case": relabel(
                "capacity", "project", "nobody", project="mine"
            ),
            "a team is not of the case": relabel("workforce", "skill", "ghost", **STAFF),
            "a project that is built is not of the case": relabel(
                "investments", "project", "nobody", project="plant"
            ),
            "a scenario that trains is not of the case": relabel(
                "training", "scenarios", "calm;nobody", scenarios="all"
            ),
            "a country that is paid for is not of the case": relabel(
                "spending", "country", "ZZZ", country="AAA"
            ),
            "an item of operations is not of the case": relabel(
                "operations", "item", "lost", item="given"
            ),
            "an element that is mined is not of the case": relabel(
                "operations", "element", "Dy", item="mined"
            ),
        },
    },
    "scheduled": {
        "scheduled_delivery": {
            "more is delivered than trade leaves": bump("purchases", "tonnes", 1)
        },
        "purchase_not_negative": {
            "less than nothing is scheduled": bump("purchases", "tonnes", -1000)
        },
        "purchase_limit": {"more is scheduled than is on offer": bump("purchases", "tonnes", 100)},
        "purchase_window": {
            "something is scheduled before the first decision": add(
                "purchases", year=2026, country="AAA", **DY, tonnes=1, scenarios="all"
            )
        },
        "table_as_made": {"what is scheduled has another price": bump("purchases", "musd", 1)},
    },
    "decided late": {
        "build_window": {
            "something is built before the first decision": build(
                "plant", "separation", "AAA", 2026, 1
            )
        },
        "first_decision_year": {
            "seats are added before the first decision": bump("training", "new_seats", 1, year=2026)
        },
    },
    "forced": {
        "must_run": {"what must run does not": bump("operations", "tonnes", -1, item="run")}
    },
    "no levers": {
        "stock_lever": {"stock is bought without the lever": flow("bought", 1, **DY)},
        "build_window": {
            "a build is made without the lever": build("plant", "separation", "AAA", 2026, 1)
        },
        "hire_limit": {
            "people are hired without the lever": bump(
                "workforce", "hired", 1, scenario="calm", year=2027, **CHEMIST
            )
        },
        "training_lever": {"seats are added without the lever": train(2026, new_seats=1.0)},
    },
    "adaptive": {
        "table_as_made": {
            "a build answers a delay before it shows itself": build(
                "plant", "separation", "AAA", 2026, 1, "late"
            ),
            "training answers a cut before it shows itself": train(2026, "cut", 0.3, intake=0.1),
        }
    },
    "staged": {
        "table_as_made": {
            "a build answers a single draw": build("plant", "separation", "AAA", 2028, 1, "cut")
        }
    },
    "impossible": {
        "nothing_decided_at_probability_0": {
            "a build for what cannot happen": build("plant", "separation", "AAA", 2029, 1, "late")
        }
    },
    "whole": {
        "whole_plants": {"a part of a plant is built": build("smelter", "metal", "BBB", 2026, 1)}
    },
    "quarters": {
        "leak": {
            "more is had from others than leaks": bump("operations", "tonnes", 60, item="resold"),
            "goods are had from others of a supplier that cuts nobody off": flow(
                "resold", 1, project="CHN", element="Dy", form="oxide"
            ),
        },
        "resale": {
            "more is had from others than they can sell on": bump(
                "operations", "tonnes", 30, item="resold"
            )
        },
        "staff_of_the_year": {
            "staff differ between the quarters of a year": bump("workforce", "staff", 1, quarter=2)
        },
        "hired_within_year": {
            "somebody is hired within a year": bump("workforce", "hired", 1, quarter=3)
        },
        "made": {
            "more magnets are made than metal allows": bump(
                "operations", "tonnes", 5, item="made", form="magnet"
            )
        },
        "balance": {
            "magnets are made of metal that is not there": flow(
                "sintered", 40, project="magnets", element="Dy", form="metal"
            )
        },
        "throughput_limit": {
            "a plant runs beyond a quarter of its year": bump(
                "operations", "tonnes", 150, item="mined", project="mine", quarter=1
            )
        },
        "staff_limit": {
            "a plant has more people at work in a quarter than there are": flow(
                "reduced",
                9,
                year=2027,
                quarter=1,
                country="BBB",
                project="smelter",
                element="Dy",
                form="oxide",
            )
        },
        "spending_limit": {
            "a purchase is paid in a quarter in which nothing is bought": spend(
                "BBB", "BBB", 1, 2027, quarter=2
            )
        },
        "table_as_made": {
            "builds of a year that is committed differ": build(
                "smelter", "metal", "BBB", 2026, 1, "cut"
            ),
            "a build of a year answers what its second quarter reveals": build(
                "smelter", "metal", "BBB", 2027, 1, "cut"
            ),
            "a quarter of operations is not of the case": relabel(
                "operations", "quarter", 4, year=2029, item="imported"
            ),
        },
    },
    "calm years": {
        "rise_limit": {
            "output rises faster than it may": drop("operations", item="separated", year=2026)
        },
        "availability_limit": {
            "more scrap is collected than there is": flow("mined", 5, project="scrap", feed="ore")
        },
        "saving_limit": {
            "more is saved than the throughput replaces": drop("operations", item="run")
        },
        "saving_share": {
            "more is saved than may be": bump("operations", "tonnes", 1, item="saved")
        },
        "saving_of_nothing": {
            "something else is saved": relabel("operations", "form", "metal", item="saved")
        },
        "returned": {
            "more returns than is said": bump("operations", "tonnes", 1, item="returned"),
            "something returns of what does not": flow(
                "returned", 1, country="BBB", project="smelter", feed="ore"
            ),
        },
    },
}


MODULES = (verify, material_rules, money_rules, people_rules, plant_rules)


def broken_by(plan: planner.Plan, spoil: Spoil) -> set[str]:
    """The rules that a spoiled copy of the plan breaks."""
    tables = {name: frame.copy() for name, frame in plan.tables.items()}
    spoil(tables)
    return broken_rules(plan.case, tables)


def broken_rules(case: Case, tables: Frames) -> set[str]:
    """The rules that tables break."""
    found = verify.verify(case, tables)
    assert found.holds == (found.worst <= 1e-6)
    return {rule for rule, amount in found.violations.items() if amount > 1e-6}


@pytest.mark.parametrize(
    ("which", "rule", "fault"),
    [
        pytest.param(which, rule, fault, id=fault)
        for which, rules in FAULTS.items()
        for rule, faults in rules.items()
        for fault in faults
    ],
)
def test_a_fault_is_caught_by_the_rule_it_breaks(
    good: dict[str, planner.Plan], which: str, rule: str, fault: str
) -> None:
    assert rule in broken_by(good[which], FAULTS[which][rule][fault])


def test_every_rule_is_shown_to_catch_something() -> None:
    sources = "".join(inspect.getsource(module) for module in MODULES)
    rules = set(re.findall(r'(?:at_most|equal|never)\(\s*"(\w+)"', sources))
    shown = {rule for of_plan in FAULTS.values() for rule in of_plan}
    assert rules == shown | {"intake_window"}  # by a test of its own


def test_every_number_counts_in_the_first_row_of_its_table_and_in_the_last(
    good: dict[str, planner.Plan],
) -> None:
    """More of it or less is found, whatever the scenario, period or good that stands first or last."""
    plan, unseen = good["quarters"], []
    places: list[tuple[str, str, int]] = []
    for name in sorted(set(plan.tables) - {"shadow_prices"}):
        frame = plan.tables[name]
        numbers = [c for c in frame if pd.api.types.is_float_dtype(frame[c])]
        ends = (0, len(frame) - 1)
        places += [(name, column, row) for column, row in itertools.product(numbers, ends)]
    for name, column, row in some(places, 3):

        def spoil(
            tables: Frames, by: float, name: str = name, at: tuple[int, str] = (row, column)
        ) -> None:
            tables[name].loc[at] += by

        if not any(
            broken_by(plan, functools.partial(spoil, by=much)) for much in (1000.0, -1000.0)
        ):
            unseen.append((name, column, row))
    assert not unseen


def test_an_intake_after_the_last_year_of_its_programme_is_found(
    good: dict[str, planner.Plan],
) -> None:
    plan = good["committed"]
    last = int(plan.tables["training"].query("intake > 0.1")["year"].max())
    for year, broken in ((last, False), (last - 1, True), (2020, True)):
        ending = plan.case.changed({"training.school.last_intake_year": year})
        assert ("intake_window" in broken_rules(ending, plan.tables)) == broken


def test_losses_cost_and_spending_are_recomputed_from_the_tables(
    good: dict[str, planner.Plan],
) -> None:
    """A tonne more short in `cut` in 2028 is 1 MUSD more there; a t/y of smelter more is 0.2 MUSD more of cost."""
    plan = good["committed"]
    tables = {name: frame.copy() for name, frame in plan.tables.items()}
    bump("shortfall", "tonnes", 1, scenario="cut", year=2028, country="AAA")(tables)
    build("smelter", "metal", "BBB", 2027, 1)(tables)
    spend("BBB", "BBB", 3)(tables)
    before, after = verify.verify(plan.case, plan.tables), verify.verify(plan.case, tables)
    assert after.totals.losses.by_scenario["cut"] - before.totals.losses.by_scenario["cut"] == near(
        1
    )
    assert after.totals.losses.expected - before.totals.losses.expected == near(0.3)
    assert after.totals.cost - before.totals.cost == near(0.2)
    assert after.totals.public_spend - before.totals.public_spend == near(3)


def test_a_violation_is_measured_against_the_size_of_the_rule(
    good: dict[str, planner.Plan],
) -> None:
    """100 t beyond a budgeted 30 MUSD: 100 over 1 + the larger side."""
    plan: planner.Plan = good["committed"]
    tables = {name: frame.copy() for name, frame in plan.tables.items()}
    spend("AAA", "AAA", 100)(tables)
    spent = tables["spending"].query("funder == 'AAA' and year == 2026")["musd"].sum()
    assert verify.verify(plan.case, tables).violations["account"] == near(
        (spent - 30) / (1 + spent)
    )


OF_THE_PROGRAM = {
    Tree: (
        "demands",
        "import_limits",
        "import_factors",
        "import_prices",
        "capacity_factors",
        "existing",
        "usable_shares",
        "capital_due",
        "fixed_cost_due",
    ),
    Lookups: (
        "full_capex",
        "public_capex",
        "throughput_cost",
        "net_purchase_price",
        "capacity_use",
    ),
    BuildSchedule: ("capital_share", "output_share", "cost_share", "ramp"),
}
"""Functions by which the program is written, and none of those that the tree is made of."""


@pytest.mark.parametrize("which", ["committed", "quarters", "calm years"])
def test_the_verifier_asks_nothing_that_the_program_is_written_by(
    good: dict[str, planner.Plan], which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = good[which]
    cost, amounts = plan.summary["cost_musd"], plan.amounts

    def shared(*_: object) -> None:
        raise AssertionError("a fault in this would pass unseen")

    for home, names in OF_THE_PROGRAM.items():
        for name in names:
            monkeypatch.setattr(home, name, shared)
    checked = verify.verify_amounts(amounts)
    assert checked.holds
    assert checked.totals.cost == near(cost)


def test_every_input_is_recomputed() -> None:
    of_tables = {name for name in vars(ScenarioInputs) if not name.startswith("_")}
    assert of_tables <= vars(RecomputedInputs).keys()


def test_the_verifier_needs_a_case_only(good: dict[str, planner.Plan]) -> None:
    """It knows nothing of Pyomo or of the solver."""
    case: Case = good["committed"].case
    assert case is not None
    for module in MODULES:
        assert "pyomo" not in inspect.getsource(module).replace("without Pyomo", "").lower()
        assert "formulation" not in inspect.getsource(module)
