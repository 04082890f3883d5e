"""From capital to cost by hand, what is begun first, and tables of money without holes."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from planner.reporting.chapters.fund import begun_table
from planner.reporting.chapters.money import cost, payers, spending_sheet
from planner.reporting.parts import ReportTable
from planner.reporting.words.numbers import number
from planner.results.figures.money import cost_parts
from planner.results.plan import Plan
from tests.cases import MUSD, budget, mine, plant
from tests.conftest import SolveCase
from tests.reporting.conftest import Vary

VARIANTS = [
    {"policy__investment": "adaptive"},
    {"policy__coordination": "national", "discount_rate": 0.1},
    {"levers": []},
]


@pytest.mark.parametrize("keys", VARIANTS, ids=str)
def test_the_parts_add_up_to_the_cost_and_to_the_public_money(
    vary: Vary, keys: dict[str, object]
) -> None:
    plan = vary(baseline=False, **keys)
    parts = cost_parts(plan)
    assert parts.set_index("part")["present"].to_dict() == plan.summary["cost_parts_musd"]
    assert parts["public"].sum() == pytest.approx(
        plan.summary["public_spend_musd"], rel=1e-9, abs=1e-9
    )


@pytest.fixture
def built(solve: SolveCase) -> Plan:
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


def test_the_table_shows_where_the_totals_meet(built: Plan) -> None:
    """Half of 10 MUSD of capital is public; fixed cost of 2 and running cost of 1 MUSD a year are nobody's budget's."""
    later = 1 / 1.1 + 1 / 1.21
    table = cost(built)
    assert table.shown == [
        ["Capital, public and private", "5.00", "10.0"],
        ["Fixed cost of new plants", "0", number(2 * later)],
        ["Running cost, net of credits", "0", number(later)],
        ["All", "5.00", number(10 + 3 * later)],
    ]


def test_years_in_which_nothing_is_spent_are_shown(plan: Plan) -> None:
    rows = (
        plan.tables["spending"]
        .iloc[:2]
        .assign(year=[2027, 2030], funder="JPN", expected=[3.0, 4.0], item="hiring")
    )
    run = dataclasses.replace(plan, tables=plan.tables | {"spending": rows.assign(country="JPN")})
    table = spending_sheet(run)
    assert [c.full for c in table.columns] == ["year", "paid by Japan (MUSD)", "for Hiring (MUSD)"]
    by_year = {row[0]: row[1:] for row in table.shown}
    assert [by_year[str(year)] for year in (2027, 2028, 2030)] == [
        ["3.00"] * 2,
        ["0"] * 2,
        ["4.00"] * 2,
    ]
    assert by_year["All"] == ["7.00"] * 2


def begun(
    plan: Plan, built: list[int], spent: list[tuple[int, str, float]]
) -> tuple[ReportTable, str]:
    """What is begun where the first plant of a plan is built in some years, for 8 MUSD each, and so much is spent; its
    project."""
    first = plan.tables["investments"].iloc[0].to_dict()
    line = plan.tables["spending"].iloc[0].to_dict() | {"country": "JPN"}
    always = {"probability": 1.0, "scenarios": "all"}
    tables = plan.tables | {
        "investments": pd.DataFrame(
            [first | always | {"year": year, "capex_musd": 8.0} for year in built]
        ),
        "spending": pd.DataFrame(
            [
                line | always | {"year": year, "item": item, "musd": musd, "expected": musd}
                for year, item, musd in spent
            ]
        ),
    }
    table = begun_table(dataclasses.replace(plan, tables=tables))
    assert table is not None
    return table, str(first["project"])


def test_what_is_begun_is_told_year_by_year(plan: Plan) -> None:
    items = [(2027, "stock purchases", 12.0), (2027, "training fees", 0.5)]
    items += [(2028, "hiring", 0.25), (2030, "hiring", 1.0)]
    table, project = begun(plan, [2028], items)
    place = {"desert_mine": "Desert mine", "coast_plant": "Coast separation plant"}[project]
    share = plan.case.projects[project].public_share
    by_year = {row[0]: row[2:] for row in table.shown}
    assert by_year["2027"][0].startswith("stock (")
    assert by_year["2027"][0].endswith("; training and hiring")
    money = number(8 * share + 0.25)
    assert by_year["2028"] == [f"{place}, Australia; training and hiring", "1", "8.00", money]
    assert by_year["2030"] == ["training and hiring", "0", "0", "1.00"]
    assert by_year["All"] == ["", "1", "8.00", number(12.5 + 8 * share + 1.25)]


def test_after_the_last_plant_years_stand_together(plan: Plan) -> None:
    table, _ = begun(plan, [2027, 2028], [(2029, "hiring", 1.0), (2031, "hiring", 1.0)])
    assert [row[0] for row in table.shown] == ["2027", "2028", "2029–2031", "All"]
    # The second part of the same plant is no second plant.
    assert [row[3] for row in table.shown] == ["1", "0", "0", "1"]
    assert table.shown[2][2:] == ["training and hiring", "0", "0", "2.00"]


def test_nothing_to_fund(solve: SolveCase) -> None:
    assert begun_table(solve()) is None


def test_who_pays_names_every_funder_its_range_and_its_budget_and_all_of_them_add_up(
    solve: SolveCase,
) -> None:
    # 30 in AAA, of 100 and of 50: 20 and 10, either of them all of it. CCC may pay nowhere and keeps its 7.
    plan = solve(
        countries="country\nAAA\nCCC",
        projects=[mine(), plant(max_new_tpa=30, capex_usd_per_tpa=MUSD)],
        budgets=[*budget(100), *budget(50, funder="BANK"), *budget(7, funder="CCC")],
        funders="funder, countries\nBANK, AAA",
    )
    table = payers(plan)
    assert table is not None
    assert [c.title for c in table.columns] == ["funder", "pays", "at least", "at most", "budget"]
    assert table.shown == [
        ["AAA", "20.0", "0", "30.0", "100"],
        ["BANK", "10.0", "0", "30.0", "50.0"],
        ["CCC", "0", "0", "0", "7.00"],
        ["All", "30.0", "", "", "157"],
    ]
