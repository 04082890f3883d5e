"""From capital to cost by hand, and tables of money without holes."""

from __future__ import annotations

import dataclasses

import pytest

import planner
from planner.reporting.chapters.money import bridge_table, payers, spending, unpaid
from planner.reporting.words.numbers import number
from planner.results.figures.money import bridge, cost_parts
from planner.results.plan import Plan
from tests.cases import MUSD, budget, demand, mine, plant
from tests.conftest import MakeCase, SolveCase
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


def test_the_bridge_leads_from_capital_to_cost(built: Plan) -> None:
    """Half of 10 MUSD of capital is public; fixed cost of 2 and running cost of 1 MUSD a year are nobody's budget's."""
    later = 1 / 1.1 + 1 / 1.21
    table = bridge_table(built)
    assert table.shown == [
        ["Capital of what is built, not discounted", "10.0"],
        ["less what owners pay of it", "−5.00"],
        ["Public money, as it is paid", "5.00"],
        ["Public money, present value", "5.00"],
        ["what owners pay of the capital, present value", "5.00"],
        ["running cost of plants, net of what else they sell", number(3 * later)],
        ["Cost of the plan, present value", number(10 + 3 * later)],
    ]


def test_what_running_costs_beyond_imports_is_in_no_budget(make_case: MakeCase) -> None:
    """A plant replaces no import and runs for 0.8 MUSD a year in 2027 and 2028; its capital is paid."""
    made = plant(
        max_new_tpa=1,
        capex_usd_per_tpa=MUSD,
        lead_time_years=1,
        public_share=0.5,
        variable_opex_usd_per_t=0.8 * MUSD,
    )
    case = make_case(projects=[mine(), made], budgets=budget(100), demand=demand(1))
    plan = planner.solve(case)
    assert unpaid(plan) == pytest.approx(1.6)
    assert "are the 1.60 MUSD that no budget holds." in bridge_table(plan).note
    assert unpaid(planner.solve(case, baseline=False)) == 0


@pytest.mark.parametrize("keys", [{}, *VARIANTS], ids=str)
def test_every_step_of_the_bridge_is_what_lies_between_two_sums(
    vary: Vary, keys: dict[str, object]
) -> None:
    plan = vary(baseline=False, **keys)
    reached = 0.0
    for step in bridge(plan, 3.0):
        if step.is_sum and step.key != "capital":
            assert step.musd == pytest.approx(reached, rel=1e-9, abs=1e-6), step.key
        reached = step.musd if step.is_sum else reached + step.musd
    sums = {step.key: step.musd for step in bridge(plan, 3.0)}
    assert sums["public"] == pytest.approx(plan.summary["public_spend_musd"], abs=1e-6)
    assert sums["cost"] == plan.summary["cost_musd"]


def test_years_in_which_nothing_is_spent_are_shown(plan: Plan) -> None:
    rows = (
        plan.tables["spending"]
        .iloc[:2]
        .assign(year=[2027, 2030], funder="JPN", expected=[3.0, 4.0], item="hiring")
    )
    run = dataclasses.replace(plan, tables=plan.tables | {"spending": rows.assign(country="JPN")})
    table = spending(run)
    assert [c.full for c in table.columns] == ["year", "paid by Japan (MUSD)", "for Hiring (MUSD)"]
    by_year = {row[0]: row[1:] for row in table.rows}
    assert [by_year[year] for year in (2027, 2028, 2030)] == [[3.0] * 2, [0.0] * 2, [4.0] * 2]
    # By item in the workbook alone.
    assert table.shown[-1] == ["All", "7.00"]
    # Years before the first payment and after the last are left out.
    assert [row[0] for row in table.shown] == ["2027", "2028", "2029", "2030", "All"]


def test_what_all_pay_in_a_year_stands_beside_each(plan: Plan) -> None:
    rows = (
        plan.tables["spending"]
        .iloc[:2]
        .assign(year=2027, funder=["JPN", "USA"], expected=[3.0, 4.0], item="hiring", country="JPN")
    )
    run = dataclasses.replace(plan, tables=plan.tables | {"spending": rows})
    table = spending(run)
    assert table.heads[-1].title == "paid by all"
    assert table.shown == [["2027", "4.00", "3.00", "7.00"], ["All", "4.00", "3.00", "7.00"]]


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
    fields = [column.field for column in table.heads]
    shown = [fields.index(field) for field in ("party", "paid", "least", "most", "budget")]
    assert [[row[at] for at in shown] for row in table.shown] == [
        ["AAA", "20.0", "0", "30.0", "100"],
        ["BANK", "10.0", "0", "30.0", "50.0"],
        ["CCC", "0", "0", "0", "7.00"],
        ["All", "30.0", "", "", "157"],
    ]


def test_what_a_party_pays_for_comes_to_all_public_money(plan: Plan) -> None:
    table = payers(plan)
    assert table is not None
    told = [words for purposes in table.frame["purposes"] for words in purposes]
    amounts = [float(words.rpartition(" ")[2]) for words in told]
    assert sum(amounts) == pytest.approx(plan.summary["public_spend_musd"], rel=0.01)
    assert any(words.startswith("people and stock") for words in told)


def test_what_each_party_pays_stands_beside_what_it_gains(make_case: MakeCase) -> None:
    """BBB, whose 100 t a year the plant of AAA makes, pays nothing and loses 200 less; AAA needs 10 and pays 110."""
    case = make_case(
        countries="country\nAAA\nBBB",
        demand=[*demand(10), *demand(100, country="BBB")],
        projects=[mine(), plant(max_new_tpa=110, lead_time_years=1, capex_usd_per_tpa=MUSD)],
        budgets=budget(200),
    )
    plan = planner.solve(case)
    table = payers(plan)
    assert table is not None
    fields = [column.field for column in table.heads]
    rows = [dict(zip(fields, row, strict=True)) for row in table.shown]
    told = [(row["party"], row["paid"], row["gain"], row["gain_share"]) for row in rows]
    assert told == [
        ("AAA", "110", "20.0", "9.1 %"),
        ("BBB", "0", "200", "90.9 %"),
        ("All", "110", "220", "100 %"),
    ]
    assert (
        "A split that no party gains by leaving, for plants of any size: planner shares RUN."
        in table.note
    )
