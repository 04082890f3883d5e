"""Remarks on the tables: each only where it is so."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import planner
from planner.reporting.tables.plan import investments, people, stocks, teams
from planner.reporting.text.answer import answer, hangs_on_words, stock_remarks, trained_words, worth_words
from planner.reporting.values.plan import spent_in_full
from planner.reporting.values.view import RunView, run_view
from planner.reporting.values.wording import headline, spans
from planner.results.plan import PlanValues
from tests.cases import MUSD, budget, imports, mine, plant, scenarios, shock
from tests.conftest import MakeCase, SolveCase


def with_tables(plan: PlanValues, **tables: pd.DataFrame) -> RunView:
    return run_view(dataclasses.replace(plan, tables=plan.tables | tables))


@pytest.mark.parametrize(
    ("years", "words"), [([2027], "2027"), ([2029, 2027, 2028], "2027–2029"), ([2027, 2029, 2030], "2027, 2029–2030")]
)
def test_years_in_words(years: list[int], words: str) -> None:
    assert spans(years) == words


@pytest.fixture
def short_of_room(solve: SolveCase) -> PlanValues:
    """10 MUSD in 2026 build all the 10 t/y that there is room for; 5 MUSD of 2027 are left over."""
    new = plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)
    return solve(projects=[mine(), new], budgets=budget(10, 5))


def test_a_budget_spent_in_full_is_named_though_money_does_not_bind(short_of_room: PlanValues) -> None:
    book = run_view(short_of_room)
    assert spent_in_full(book) == {"AAA": [2026]}
    (binds,) = [s.sentence for s in answer(book) if s.about == "What binds"]
    assert "Some budgets are spent to the last all the same: AAA (2026). More money there would not lower the" in binds
    assert "what holds the risk is room to build more" in binds


def test_no_such_remark_where_money_is_left(solve: SolveCase) -> None:
    new = plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)
    book = run_view(solve(projects=[mine(), new], budgets=budget(11)))
    assert spent_in_full(book) == {}
    (binds,) = [s.sentence for s in answer(book) if s.about == "What binds"]
    assert binds.startswith("Not public money") and "spent to the last" not in binds


def test_nor_where_money_binds(solve: SolveCase) -> None:
    new = plant(max_new_tpa=10, capex_usd_per_tpa=MUSD)
    book = run_view(solve(projects=[mine(), new], budgets=budget(5)))
    (binds,) = [s.sentence for s in answer(book) if s.about == "What binds"]
    assert binds.startswith("For small changes: one more MUSD of the budget of AAA")
    assert "spent to the last" not in binds


def _stocked(solve: SolveCase, short: float) -> RunView:
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
    assert [row[0] for row in table.shown] == ["Australia", "2 other teams", "All"]
    assert [row[2] for row in table.shown] == ["3.00", "<0.05", "3.03"]
    assert "full-time equivalents" in table.note


def test_needed_and_there_are_shown_to_a_tenth(plan: PlanValues) -> None:
    rows = plan.tables["workforce"]
    first = (rows["country"] == rows["country"].iloc[0]) & (rows["skill"] == rows["skill"].iloc[0])
    workforce = rows.assign(needed=[1.26 if yes else 0.04 for yes in first], staff=2.0, available=2.0)
    table = teams(with_tables(plan, workforce=workforce))
    assert table is not None and len(table.shown) == 1
    assert table.shown[0][2] == "1.3 / 2.0"
    assert teams(with_tables(plan, workforce=workforce.assign(needed=0.04))) is None


def test_the_scenario_that_most_of_the_loss_hangs_on(make_case: MakeCase) -> None:
    # 100 t wanted and imported. `brief` (30 %) loses 100 MUSD, `long` (2 %) 200: 30 of 34 MUSD expected, and of the
    # worst tenth 2 % at 200 and 8 % at 100, that is 4 of 12.
    cuts = [shock("brief", "import", 0, 2027, 2027), shock("long", "import", 0, 2027, 2028)]
    chances = scenarios(calm=0.68, brief=0.3, long=0.02)
    plan = planner.solve(make_case(imports=[imports(100)], scenarios=chances, shocks=cuts))
    assert hangs_on_words(run_view(plan)) == (
        "Without a plan “brief” (probability 30 %) alone makes 88.2 % of the expected loss and 66.7 % of the mean loss "
        "of the tail."
    )
    chances = scenarios(calm=0.8, brief=0.15, long=0.05)
    plan = planner.solve(make_case(imports=[imports(100)], scenarios=chances, shocks=cuts))
    # 15 of 25 MUSD expected; of the worst tenth 5 % at 200 and 5 % at 100.
    assert hangs_on_words(run_view(plan)).endswith(
        "60 % of the expected loss, and “long” (probability 5 %) 66.7 % of the mean loss of the tail."
    )


def test_nothing_hangs_on_one_scenario_where_there_is_one_or_no_loss(make_case: MakeCase) -> None:
    assert hangs_on_words(run_view(planner.solve(make_case(imports=[imports(60)])))) == ""
    calm = planner.solve(make_case(imports=[imports(100)], scenarios=scenarios(calm=0.5, other=0.5)))
    assert hangs_on_words(run_view(calm)) == ""


def _without(plan: PlanValues, *, cost: float, expected: float, tail: float) -> RunView:
    """A plan of cost 100, expected loss 40 and 90 in the tail, beside none."""
    old = {"cost_musd": cost, "expected_loss_musd": expected, "cvar_musd": tail, "risk_musd": 0.0}
    s = plan.summary | {"cost_musd": 100.0, "expected_loss_musd": 40.0, "cvar_musd": 90.0, "without_plan": old}
    shortfall = plan.tables["shortfall"].assign(without_plan_t=0.0)
    return run_view(dataclasses.replace(plan, summary=s, tables=plan.tables | {"shortfall": shortfall}))


@pytest.mark.parametrize(
    ("cost", "expected", "tail", "words"),
    [
        (
            30,
            60,
            590,
            ("For 70.0 MUSD more", "20.0 MUSD off the expected loss and 500 MUSD", "costs 50.0 MUSD more than"),
        ),
        (30, 60, 590, ("insurance of the tail; in the worst 10 % of cases it saves more than it costs",)),
        (30, 60, 130, ("costs 50.0 MUSD more than", "values a lower risk above its mean")),
        (30, 140, 590, ("The loss that it avoids on average is more than it costs.",)),
        (100, 60, 590, ("It costs no more than that, and takes 20.0 MUSD off the expected loss.",)),
    ],
)
def test_whether_it_is_worth_it(
    plan: PlanValues, cost: float, expected: float, tail: float, words: tuple[str, ...]
) -> None:
    book = _without(plan, cost=cost, expected=expected, tail=tail)
    told = worth_words(book)
    assert all(word in told for word in words)
    assert ("insurance" in told) == (cost == 30 and expected == 60 and tail == 590)
    settings = book.case.model.model_copy(update={"discount_rate": 0.05, "risk_discount_rate": 0.03})
    apart = worth_words(dataclasses.replace(book, case=dataclasses.replace(book.case, model=settings)))
    assert ("discounted by 5 % a year, losses by 3 %" in apart) == ("costs 50.0 MUSD more" in told)
    (whole,) = [s.sentence for s in answer(book) if s.about == "Cost"]
    assert told in whole


def test_stock_says_in_how_many_scenarios_it_is_bought(solve: SolveCase) -> None:
    plan = solve(imports=[imports(100)], scenarios=scenarios(calm=0.75, cut=0.25))
    good = {"country": "AAA", "element": "Dy", "form": "oxide", "year": 2027, "stock_t": 0.0, "released_t": 0.0}
    some = pd.DataFrame([good | {"scenario": "calm", "bought_t": 0.0}, good | {"scenario": "cut", "bought_t": 40.0}])
    table = stocks(with_tables(plan, stocks=some))
    assert table is not None
    # A quarter of 40 t is expected, 40 t in the one scenario in which it is bought.
    assert table.shown == [["Dy", "oxide", "AAA", "10.0", "1 of 2", "40.0", "2027"]]
    every = stocks(with_tables(plan, stocks=some.assign(bought_t=40.0)))
    assert every is not None and every.shown == [["Dy", "oxide", "AAA", "40.0", "2027"]]
    slight = stocks(with_tables(plan, stocks=some.assign(bought_t=[0.01, 0.01])))
    assert slight is not None and slight.shown == [["others", "", "", "<0.05", "2027"]]


def test_a_part_of_what_could_be_built_is_said(solve: SolveCase) -> None:
    # 5 MUSD build 5 of the 20 t/y that there is room for.
    new = plant(max_new_tpa=20, capex_usd_per_tpa=MUSD)
    table = investments(run_view(solve(projects=[mine(), new], budgets=budget(5))))
    assert [c.title for c in table.columns][5] == "share of possible"
    assert table.shown[0][4:6] == ["5.00", "25 %"]
    assert "rounded to a whole plant" in table.note


@pytest.mark.parametrize(
    ("name", "title"), [("allied-2026", "Allied 2026"), ("starter", "Starter"), ("a_b", "A B"), ("", "")]
)
def test_the_name_of_a_case_as_a_title(name: str, title: str) -> None:
    assert headline(name) == title
