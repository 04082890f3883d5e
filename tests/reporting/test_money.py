"""From capital to cost by hand, what is begun first, and tables of money without holes."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from planner.reporting.tables.money import from_capital_to_cost, paid
from planner.reporting.tables.plan import begun_by_year
from planner.reporting.text.answer import first_words
from planner.reporting.values.plan import CostPart, cost_parts
from planner.reporting.values.view import run_view
from planner.results.plan import PlanValues
from tests.cases import MUSD, budget, mine, near, plant
from tests.conftest import SolveCase
from tests.reporting.conftest import Vary

VARIANTS = [
    {},
    {"policy__investment": "adaptive"},
    {"policy__coordination": "national"},
    {"objective__goal": "welfare"},
    {"discount_rate": 0.1},
    {"levers": []},
]


@pytest.mark.parametrize("keys", VARIANTS, ids=str)
def test_the_parts_add_up_to_the_cost_and_to_the_public_money(vary: Vary, keys: dict[str, object]) -> None:
    plan = vary(baseline=False, **keys)
    parts = cost_parts(run_view(plan))
    assert sum(part.present for part in parts) == pytest.approx(plan.summary["cost_musd"], rel=1e-9, abs=1e-9)
    assert sum(part.public for part in parts) == pytest.approx(plan.summary["public_spend_musd"], rel=1e-9, abs=1e-9)


@pytest.fixture
def built(solve: SolveCase) -> PlanValues:
    """10 t/y at 1 MUSD per t/y, half of it public, built in 2026 and running in 2027 and 2028 at 0.2 MUSD per t/y and
    0.1 MUSD per t, discounted by 10 % a year."""
    new = plant(
        max_new_tpa=10,
        capex_usd_per_tpa=MUSD,
        public_share=0.5,
        lead_time_years=1,
        fixed_opex_usd_per_tpa=0.2 * MUSD,
        variable_opex_usd_per_t=0.1 * MUSD,
    )
    return solve({"discount_rate": 0.1}, projects=[mine(), new], budgets=budget(100))


def test_parts_of_one_plant_by_hand(built: PlanValues) -> None:
    by_name = {part.name: part for part in cost_parts(run_view(built))}
    later = 1 / 1.1 + 1 / 1.21
    assert _amounts(by_name["Capital: separation plants"]) == near((5.0, 5.0, 10.0))
    assert _amounts(by_name["Fixed cost of new plants"]) == near((0.0, 4.0, 2 * later))
    assert _amounts(by_name["Running of new capacity"]) == near((0.0, 2.0, later))
    assert by_name["Running of existing capacity"].present == near(0.0)
    assert built.summary["cost_musd"] == near(10 + 3 * later)


def test_the_table_shows_where_the_totals_meet(built: PlanValues) -> None:
    table = from_capital_to_cost(run_view(built))
    assert table is not None
    rows = {row[0]: row[1:] for row in table.shown}
    assert rows["Capital: separation plants"] == ["5.00", "5.00", "10.0", "0", "10.0"]
    assert rows["All"] == ["5.00", "11.0", "16.0", "−0.793", "15.2"]


def _amounts(part: CostPart) -> tuple[float, float, float]:
    return part.public, part.others, part.present


def test_years_in_which_nothing_is_spent_are_shown(plan: PlanValues) -> None:
    rows = plan.tables["spending"].iloc[:2].assign(year=[2027, 2030], funder="JPN", expected=[3.0, 4.0])
    table = paid(run_view(dataclasses.replace(plan, tables=plan.tables | {"spending": rows})), "funder")
    assert table is not None
    assert [c.title for c in table.columns[1:5]] == ["2027", "2028", "2029", "2030"]
    assert table.shown[0][1:6] == ["3.00", "0", "0", "4.00", "7.00"]


def test_what_is_begun_first_is_told_year_by_year(plan: PlanValues) -> None:
    first = plan.tables["investments"].iloc[0].to_dict()
    investments = pd.DataFrame([first | {"year": 2028, "capex_musd": 8.0, "probability": 1.0, "scenarios": "all"}])
    line = plan.tables["spending"].iloc[0].to_dict() | {"country": "JPN", "probability": 1.0, "scenarios": "all"}
    spending = pd.DataFrame(
        [
            line | {"year": 2027, "item": "stock purchases", "musd": 12.0, "expected": 12.0},
            line | {"year": 2027, "item": "training fees", "musd": 0.5, "expected": 0.5},
            line | {"year": 2028, "item": "hiring", "musd": 0.25, "expected": 0.25},
            line | {"year": 2030, "item": "hiring", "musd": 0.75, "expected": 0.75},
            line | {"year": 2029, "item": "stock purchases", "musd": 1.5, "expected": 1.5},
            line | {"year": 2031, "item": "hiring", "musd": 0.25, "expected": 0.25},
        ]
    )
    tables = plan.tables | {"investments": investments, "spending": spending}
    book = run_view(dataclasses.replace(plan, tables=tables))
    words, table = first_words(book), begun_by_year(book)
    name = "Desert mine, Australia" if first["project"] == "desert_mine" else "Coast separation plant, Australia"
    assert words.startswith("In 2027: stock for 12.0 MUSD (")
    assert " and training and hiring for 0.500 MUSD. " in words
    assert f"In 2028: 1 project for 8.00 MUSD of capital ({name}) and training and hiring for 0.250 MUSD. " in words
    assert "In 2029: stock for 1.50 MUSD" in words
    assert "From 2030 to 2031: training and hiring for 1.00 MUSD." in words
    assert table is not None
    assert [row[:4] + row[5:6] for row in table.shown] == [
        ["2027", "0", "0", "12.0", "0.500"],
        ["2028", "1", "8.00", "0", "0.250"],
        ["2029", "0", "0", "1.50", "0"],
        ["2030", "0", "0", "0", "0.750"],
        ["2031", "0", "0", "0", "0.250"],
        ["All", "1", "8.00", "13.5", "1.75"],
    ]
    assert words.index("In 2027") < words.index("In 2028") < words.index("In 2029") < words.index("From 2030")


def test_nothing_to_fund(solve: SolveCase) -> None:
    book = run_view(solve())
    assert first_words(book).startswith("Nothing is worth funding") and begun_by_year(book) is None


def test_who_pays_names_every_funder_its_range_and_its_budget_and_all_of_them_add_up(solve: SolveCase) -> None:
    # 30 in AAA, of 100 and of 50: 20 and 10, either of them all of it. CCC may pay nowhere and keeps its 7.
    plan = solve(
        countries="country\nAAA\nCCC",
        projects=[mine(), plant(max_new_tpa=30, capex_usd_per_tpa=MUSD)],
        budgets=[*budget(100), *budget(50, funder="BANK"), *budget(7, funder="CCC")],
        funders="funder, countries\nBANK, AAA",
    )
    table = paid(run_view(plan), "funder")
    assert table is not None
    assert [c.title for c in table.columns] == ["funder", "2026", "sum", "may pay", "budget"]
    assert table.shown == [
        ["AAA", "20.0", "20.0", "0 to 30.0", "100"],
        ["BANK", "10.0", "10.0", "0 to 30.0", "50.0"],
        ["CCC", "0", "0", "0", "7.00"],
        ["All", "30.0", "30.0", "", "157"],
    ]
