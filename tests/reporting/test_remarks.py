"""Remarks on the tables: each only where it is so."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from planner.reporting.answer import answer
from planner.reporting.book import Book, open_book
from planner.reporting.grids_plan import people, teams
from planner.reporting.remarks import spent_in_full, stock_remarks, trained_words, years_words
from planner.results.plan import PlanValues
from tests.cases import MUSD, budget, imports, mine, plant
from tests.conftest import SolveCase


def with_tables(plan: PlanValues, **tables: pd.DataFrame) -> Book:
    return open_book(dataclasses.replace(plan, tables=plan.tables | tables))


@pytest.mark.parametrize(
    ("years", "words"), [([2027], "2027"), ([2029, 2027, 2028], "2027–2029"), ([2027, 2029, 2030], "2027, 2029–2030")]
)
def test_years_in_words(years: list[int], words: str) -> None:
    assert years_words(years) == words


@pytest.fixture
def short_of_room(solve: SolveCase) -> PlanValues:
    """10 MUSD in 2026 build all the 10 t/y that there is room for; 5 MUSD of 2027 are left over."""
    new = plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)
    return solve(projects=[mine(), new], budgets=budget(10, 5))


def test_a_budget_spent_in_full_is_named_though_money_does_not_bind(short_of_room: PlanValues) -> None:
    book = open_book(short_of_room)
    assert spent_in_full(book) == {"AAA": [2026]}
    (binds,) = [s.sentence for s in answer(book) if s.about == "What binds"]
    assert "Some budgets are spent to the last all the same: AAA (2026). More money there would not lower the" in binds
    assert "what holds the risk is room to build more" in binds


def test_no_such_remark_where_money_is_left(solve: SolveCase) -> None:
    new = plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)
    book = open_book(solve(projects=[mine(), new], budgets=budget(11)))
    assert spent_in_full(book) == {}
    (binds,) = [s.sentence for s in answer(book) if s.about == "What binds"]
    assert binds.startswith("Not public money") and "spent to the last" not in binds


def test_nor_where_money_binds(solve: SolveCase) -> None:
    new = plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)
    book = open_book(solve(projects=[mine(), new], budgets=budget(5)))
    (binds,) = [s.sentence for s in answer(book) if s.about == "What binds"]
    assert binds.startswith("One more MUSD of the budget of AAA") and "spent to the last" not in binds


def _stocked(solve: SolveCase, short: float) -> Book:
    """20 t bought in 2026 and released in 2028; plants make 40 t in 2026 and 15 t in 2028."""
    plan = solve(imports=[imports(100)])
    key = {"scenario": "base", "country": "AAA", "element": "Dy", "form": "oxide"}
    stocks = pd.DataFrame(
        [
            key | {"year": 2026, "stock_t": 20.0, "bought_t": 20.0, "released_t": 0.0},
            key | {"year": 2028, "stock_t": 0.0, "bought_t": 0.0, "released_t": 20.0},
        ]
    )
    made = key | {"item": "made", "project": "plant", "feed": "ore"}
    operations = pd.DataFrame([made | {"year": 2026, "tonnes": 40.0}, made | {"year": 2028, "tonnes": 15.0}])
    shortfall = plan.tables["shortfall"].assign(without_plan_t=short)
    summary = plan.summary | {"without_plan": plan.summary}
    plan = dataclasses.replace(plan, summary=summary)
    return with_tables(plan, stocks=stocks, operations=operations, shortfall=shortfall)


def test_stock_of_what_is_never_short_is_explained(solve: SolveCase) -> None:
    assert stock_remarks(_stocked(solve, short=0.0)) == [
        "Dy is bought into stock although it is short in no scenario, with or without the plan. It is bought in every "
        "scenario; in the one with most of it, “Base”, 20.0 t in 2026, released in 2028, while what plants make of it "
        "falls from 40.0 t in 2026 to 15.0 t a year; the stock takes the place of that output."
    ]


def test_stock_of_what_may_be_short_needs_no_explanation(solve: SolveCase) -> None:
    assert stock_remarks(_stocked(solve, short=1.0)) == []


def test_those_who_begin_are_told_beside_those_who_complete(plan: PlanValues) -> None:
    training = plan.tables["training"].iloc[:2].assign(intake=[30.0, 10.0], probability=[1.0, 0.5])
    words = trained_words(with_tables(plan, training=training))
    assert words == "who complete their training within these years, of 35.0 who begin it"
    assert trained_words(with_tables(plan, training=training.iloc[:0])).endswith("within these years")


def test_teams_of_less_than_a_twentieth_stand_together(plan: PlanValues) -> None:
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
    assert [row[0] for row in table.rows] == ["Australia", "2 other teams", "All"]
    assert [row[2] for row in table.rows] == ["3.00", "0.030", "3.03"]
    assert "full-time equivalents" in table.note


def test_needed_and_there_are_shown_to_a_tenth(plan: PlanValues) -> None:
    rows = plan.tables["workforce"]
    first = (rows["country"] == rows["country"].iloc[0]) & (rows["skill"] == rows["skill"].iloc[0])
    workforce = rows.assign(needed=[1.26 if yes else 0.04 for yes in first], staff=2.0, available=2.0)
    table = teams(with_tables(plan, workforce=workforce))
    assert table is not None and len(table.rows) == 1
    assert table.rows[0][2] == "1.3 / 2.0"
    assert teams(with_tables(plan, workforce=workforce.assign(needed=0.04))) is None
