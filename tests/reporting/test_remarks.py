"""Remarks on the tables: each only where it is so."""

from __future__ import annotations

import dataclasses

import pandas as pd

from planner.reporting.chapters.exposed import losses_sheet
from planner.reporting.chapters.limits import facts
from planner.reporting.chapters.plants import investments, people
from planner.reporting.chapters.stock import schedule
from planner.reporting.words.names import names_of
from planner.results.plan import Plan
from tests.cases import MUSD, budget, imports, mine, plant, record, scenarios
from tests.conftest import SolveCase


def with_tables(plan: Plan, **tables: pd.DataFrame) -> Plan:
    return dataclasses.replace(plan, tables={**plan.tables, **tables})


def test_a_future_that_was_drawn_is_called_by_the_head_of_its_name(solve: SolveCase) -> None:
    odds = scenarios(calm=0.5, war=0.5)
    drawn = [odds[0] | {"name": "Calm: nothing"}, odds[1] | {"name": "War draw 1 of 2: stop 2029"}]
    run = solve(scenarios=drawn)
    assert [names_of(run.case).scenario(w) for w in ("calm", "war")] == ["Calm", "War draw 1 of 2"]
    told = losses_sheet(run).frame
    assert sorted(zip(told["scenario"], told["story"], strict=True)) == [
        ("Calm", "nothing"),
        ("War draw 1 of 2", "stop 2029"),
    ]
    same = [odds[0] | {"name": "War: soft"}, odds[1] | {"name": "War: hard"}]
    assert names_of(solve(scenarios=same).case).scenario("war") == "War: hard"


def test_teams_of_less_than_a_person_are_told_and_counted(plan: Plan) -> None:
    rows = plan.tables["training"].iloc[:1]
    training = pd.concat(
        [
            rows.assign(country="AUS", intake=3.0, new_seats=0.0, probability=1.0),
            rows.assign(country="JPN", intake=0.01, new_seats=0.0, probability=1.0),
            rows.assign(country="USA", intake=0.02, new_seats=0.0, probability=1.0),
        ],
        ignore_index=True,
    )
    workforce = plan.tables["workforce"].assign(hired=0.0)
    table = people(with_tables(plan, training=training, workforce=workforce))
    assert table is not None
    assert [row[0] for row in table.shown] == ["Australia", "Japan", "United States", "All"]
    assert [row[2] for row in table.shown] == ["3", "<1", "<1", "3"]
    assert "Full-time equivalents" in table.note


def test_years_of_equal_purchases_stand_together(solve: SolveCase) -> None:
    odds = scenarios(calm=0.75, cut=0.25)
    held = "country, element, initial_t, purchase_usd_per_kg\nAAA, Dy, 0, 200"
    plan = solve(imports=[imports(100)], scenarios=odds, stockpiles=held)
    good = record(country="AAA", element="Dy", form="oxide", stock_t=0.0, released_t=0.0)
    rows = []
    for year, tonnes in ((2026, 40.0), (2027, 40.0), (2028, 0.04), (2029, 40.0)):
        rows.append(good | {"year": year, "scenario": "calm", "bought_t": 0.0})
        rows.append(good | {"year": year, "scenario": "cut", "bought_t": tonnes})
    table = schedule(with_tables(plan, stocks=pd.DataFrame(rows).assign(quarter=None)))
    assert table is not None
    # A quarter of 40 t is expected, at 0.2 MUSD a tonne; a hundredth of a tonne is told, so that the sum is that of its lots.
    assert table.shown[0] == [
        *("Dy", "oxide", "AAA"),
        *("2026–2027: 10.0, 2028: 0.010, 2029: 10.0", "30.0", "6.00"),
    ]
    assert "No schedule" in table.note


def test_a_part_of_what_could_be_built_is_said(solve: SolveCase) -> None:
    # 5 MUSD build 5 of the 20 t/y that there is room for.
    new = plant(max_new_tpa=20, capex_usd_per_tpa=MUSD)
    table = investments(solve(projects=[mine(), new], budgets=budget(5)))
    assert table is not None
    at = [column.title for column in table.heads].index("share of possible")
    assert table.shown[0][at - 1 : at + 1] == ["5.00", "25 %"]
    assert "a part of what could be built" in table.note


def test_of_whole_plants_their_number_and_their_gap_are_told_alone(solve: SolveCase) -> None:
    """5 MUSD build one unit of 5 t/y of the four that there is room for; no plan of whole plants is better."""
    new = plant(max_new_tpa=20, unit_tpa=5, capex_usd_per_tpa=MUSD)
    whole = {"policy.whole_plants": True, "objective.gap": 0.0}
    plan = solve(whole, projects=[mine(), new], budgets=budget(5))
    table = investments(plan)
    assert table is not None
    fields = [column.field for column in table.heads]
    assert table.shown[0][fields.index("of_possible")] == "25 %"
    told = {row[0]: row[2] for row in facts(plan).shown}
    assert told["optimality gap, share: risk"] == "0"
    assert "status" not in told and "certificate: relative gap" not in told
