"""Who is short of what, and when: figures that follow from three scenarios by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

import planner
from planner.reporting.chapters import buys, exposed, stock
from planner.reporting.chapters.exposed import short_sheet
from planner.results.figures.gains import few_in_the_tail
from planner.results.figures.histories import parted, shared_history
from planner.results.figures.money import limits
from planner.results.figures.unmet import most_unmet
from planner.results.plan import Plan
from tests.cases import budget, demand, imports, near, record, scenarios, shock
from tests.conftest import MakeCase, SolveCase


@pytest.fixture
def book(solve: SolveCase) -> Plan:
    """100 t wanted and imported; nothing comes in 2027 in `brief` (30 %), nor in 2027 and 2028 in `long` (20 %)."""
    plan = solve(
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, brief=0.3, long=0.2),
        shocks=[shock("brief", "import", 0, 2027, 2027), shock("long", "import", 0, 2027, 2028)],
    )
    return plan


def test_expected_shortage_is_a_sheet(book: Plan) -> None:
    # 0.3 * 100 + 0.2 * 100 in 2027, 0.2 * 100 in 2028, 1 MUSD each.
    rows = short_sheet(book).shown
    assert rows[:2] == [
        ["AAA", "Dy", "oxide", "2027", "50.0", "100", "50.0"],
        ["AAA", "Dy", "oxide", "2028", "20.0", "100", "20.0"],
    ]
    assert rows[-1] == ["All", "", "", "", "70.0", "", "70.0"]


def test_the_worst_year_is_the_deepest_and_not_the_first(solve: SolveCase) -> None:
    cuts = [shock("stop", "import", 0.8, 2027, 2027), shock("stop", "import", 0.3, 2028, 2028)]
    book = solve(imports=[imports(100)], scenarios=scenarios(calm=0.5, stop=0.5), shocks=cuts)
    (worst,) = most_unmet(book).to_dict("records")
    assert (worst["scenario"], worst["element"], worst["year"]) == ("stop", "Dy", 2028)
    assert worst["share"] == near(0.7)


def test_nobody_is_short(solve: SolveCase) -> None:
    book = solve(imports=[imports(100)])
    assert most_unmet(book).empty and exposed.by_element(book) is None
    assert buys.stays_short(book) == "Nothing, in no scenario of the plan."


def test_the_chart_of_unmet_demand_opens_with_its_worst_expected_year(book: Plan) -> None:
    """Expected: half of the demand of 2027, a fifth of that of 2028."""
    chart = exposed.by_element(book)
    assert chart is not None
    assert chart.title == "50 % of demand for Dy is unmet in 2027"
    assert chart.spec.to_dict()["spec"]["encoding"]["xOffset"]["field"] == "plan"


def test_until_when_scenarios_share_their_history_is_told(book: Plan) -> None:
    """`brief` and `long` part in 2028; `calm` is alone in 2027."""
    assert shared_history(book, "brief", 2027).scenarios == ("brief", "long")
    assert parted(book) == {"year": 2027, "share": near(0.5), "last": 2028}
    told = " ".join(buys.risk_explained(book).paragraphs)
    assert "of 50 % of probability by 2027, and the last part by 2028" in told
    (row,) = buys.short(book).shown
    assert "“brief” and 1 more, their history the same until then (50 % likely)" in row[-1]


def test_the_worst_scenario_is_told_with_its_own_loss_without_the_plan(book: Plan) -> None:
    """`long` loses most without the plan, and `brief` with it."""
    before = {"calm": 0.0, "brief": 155.0, "long": 185.0}
    without = {**book.summary, "scenario_loss_musd": before}
    lost = {"calm": 0.0, "brief": 52.0, "long": 30.0}
    summary = {**book.summary, "scenario_loss_musd": lost, "without_plan": without}
    chart = exposed.losses_chart(dataclasses.replace(book, summary=summary))
    assert chart.title == "Worst scenario: 52.0 MUSD lost, 155 MUSD without a plan"


def test_of_stock_the_first_year_is_told_in_which_it_is_worth_nearly_as_much(book: Plan) -> None:
    """From 2027 on its value rises by what keeping it costs; in 2026 it is worth little."""
    thing = {"scarce": "stock", "item": "", "country": "AAA", "element": "dy", "form": "metal"}
    told = {"unit": "MUSD per t", "objective": "welfare", "quarter": None}
    worth = {2026: 1.9, 2027: 52.0, 2028: 53.0, 2029: 53.8}
    prices = pd.DataFrame(
        {**thing, **told, "year": year, "musd_per_unit": musd} for year, musd in worth.items()
    )
    plan = dataclasses.replace(book, tables={**book.tables, "shadow_prices": prices})
    (row,) = limits(plan).to_dict("records")
    assert (row["year"], row["musd_per_unit"]) == (2027, 52.0)


STORE = {"country": "AAA", "element": "Dy", "initial_t": 0, "max_t": 50}
DEAR = {**imports(200), "price_usd_per_kg": 1}


def stocked(make_case: MakeCase, **tables: Any) -> Plan:
    """A tonne of Dy that is short costs 1 MUSD, and imports stop in 2028."""
    cut = shock("stop", "import", 0, 2028, 2028)
    case = make_case(
        {"objective.goal": "welfare", "objective.risk_aversion": 0.0},
        scenarios=scenarios(calm=0.5, stop=0.5),
        shocks=[cut],
        budgets=budget(100, 100, 100),
        **tables,
    )
    return planner.solve(case)


def stock_of(book: Plan) -> str:
    """What is said of a stock of Dy."""
    told = stock.by_element(book)
    return "" if told is None else " ".join(told.paragraphs)


def test_a_stock_that_is_not_bought_is_named(make_case: MakeCase) -> None:
    """A tonne would bring half of 1 MUSD, and costs 2."""
    store = [record(**STORE, purchase_usd_per_kg=2000)]
    words = stock_of(stocked(make_case, imports=[imports(200)], stockpiles=store))
    assert words == (
        "Dy stays short, and no stock of it is bought: in the scenarios of the plan none is worth its cost, "
        "or none can be had in time."
    )


def test_an_element_without_a_store_is_named(make_case: MakeCase) -> None:
    words = stock_of(stocked(make_case, imports=[imports(100)]))
    assert words == "Dy stays short, and no stock of it is bought: the case has no store of it."


def test_what_a_stock_is_for_is_told(make_case: MakeCase) -> None:
    """50 t are bought for 5 MUSD and used in 2028: in `stop` where 100 are short, in `calm` in place of imports."""
    store = [record(**STORE, purchase_usd_per_kg=100)]
    book = stocked(make_case, imports=[DEAR], stockpiles=store)
    assert stock_of(book) == (
        "Dy: 50.0 t to be bought, 50.0 t of it expected to come. With what is in store today 50.0 t are used, expected. "
        "At most 25.0 t of that, expected, go where it would be short without the plan. In “stop” alone it is 50.0 t. "
        "The rest takes the place of imports. In store at the end: 0 t."
    )
    told = stock.goods(book)
    assert "is for rare years" not in told and "That costs 5.00 MUSD, expected. Held" in told


def test_a_stock_for_rare_years_is_said_to_be_one(make_case: MakeCase) -> None:
    """In one case of ten it meets a shortage."""
    rare = scenarios(calm=0.9, stop=0.1)
    store = [record(**STORE, purchase_usd_per_kg=10)]
    cut = shock("stop", "import", 0, 2028, 2028)
    case = make_case(
        scenarios=rare, shocks=[cut], budgets=budget(9), imports=[DEAR], stockpiles=store
    )
    told = stock.goods(planner.solve(case))
    assert told.endswith(
        "Most of the Dy is for rare years; in all others it takes the place of imports (see Stock)."
    )


@pytest.mark.parametrize(("cut", "early"), [(2026, True), (2027, False)])
def test_a_shortage_before_any_stock_can_be_there_is_said_to_be_one(
    make_case: MakeCase, cut: int, early: bool
) -> None:
    """Imports stop in one year, and fall to 60 t two years later; what is bought between comes too late for the first year of
    all, and not for the second."""
    cuts = [shock("stop", "import", 0, cut, cut), shock("stop", "import", 0.3, cut + 2, cut + 2)]
    case = make_case(
        {"objective.goal": "welfare"},
        demand=demand(last=2029),
        scenarios=scenarios(calm=0.5, stop=0.5),
        shocks=cuts,
        budgets=budget(100, 100, 100),
        imports=[imports(200)],
        stockpiles=[record(**STORE, purchase_usd_per_kg=100)],
    )
    (row,) = buys.short(planner.solve(case)).shown
    assert f"of demand in {cut}" in row[-1]
    assert row[-1].endswith("before any plant of the plan or stock of it is there") is early


def test_who_stays_short_and_until_when_is_told(book: Plan) -> None:
    """50 MUSD are lost in 2027 and 20 in 2028: 71 % by 2027, all by 2028."""
    told = buys.stays_short(book)
    assert told.endswith("Most is lost by users in, MUSD: AAA 70.0; 100 % of all loss by 2028.")


def test_few_scenarios_that_carry_the_worst_cases_are_counted(solve: SolveCase) -> None:
    """Of the worst tenth 2 % lose 200 and 8 % lose 100: 4 of 12. Of the worst half 2 % lose 200 and 28 % 100: 28 of 32."""
    cuts = [shock("long", "import", 0, 2027, 2028), shock("brief", "import", 0, 2027, 2027)]
    book = solve(
        {"objective.tail": 0.5},
        imports=[imports(100)],
        scenarios=scenarios(calm=0.7, brief=0.28, long=0.02),
        shocks=cuts,
    )
    assert few_in_the_tail(book) == {"scenarios": 1, "share": near(28 / 32)}
    words = " ".join(buys.risk_explained(book).paragraphs)
    assert "87.5 % of the mean loss of the worst 50 % comes from 1 of 3 scenarios" in words
