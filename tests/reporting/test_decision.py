"""The decision page of a plan whose frontier, droppings and charges are made up: figures by hand."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from planner.reporting.chapters import alternatives, buys, sharing, shelves, sure
from planner.reporting.forms.workbook import sheets_of
from planner.reporting.pages.run import Report, report_of
from planner.results.explanation import AlternativePlan, Explanation
from planner.results.figures.decision import share_rows
from planner.results.figures.gains import also_built
from planner.results.figures.recommended import (
    CHEAP,
    DEAR,
    HARDLY,
    LEFT_OPEN,
    OTHER_SIZE,
    RUNS,
    shelf_of,
    welfare_left_open,
)
from planner.results.plan import Plan
from tests.reporting.decided import made_up, made_up_droppings, with_shares


@pytest.fixture(scope="module")
def run(plan: Plan, explanation: Explanation) -> Plan:
    asked = dataclasses.replace(
        explanation, frontier=made_up(plan), droppings=made_up_droppings(plan)
    )
    return dataclasses.replace(with_shares(plan), explanation=asked)


@pytest.fixture(scope="module")
def made(run: Plan) -> Report:
    return report_of(run)


def test_the_frontier_names_its_plans(made: Report) -> None:
    (chart,) = [
        one for chapter in made.chapters for one in chapter.charts if one.name == "frontier"
    ]
    names = [row.get("name") for rows in chart.drawing["datasets"].values() for row in rows]
    assert {"recommended", "least risk", "least risk-adjusted cost"} <= set(names)
    assert "No action leaves a risk of 15.0 bn USD" in chart.caption


def test_what_each_plant_adds_is_a_table_and_a_sheet(run: Plan, made: Report) -> None:
    table = shelves.table(run, shelves.shelved(run))
    assert table is not None
    rows = [dict(zip((c.title for c in table.columns), row, strict=True)) for row in table.rows]
    by_name = {row["plant"]: row for row in rows}
    # It costs 15.6 MUSD; where it was dropped 100 MUSD, all of them idle in calm years, for 10 MUSD of cost 5,010 of risk.
    first = by_name["Coast separation plant, Australia"]
    assert first["dropping it adds"] == 5000.0 and first["shelf"] == CHEAP
    assert first["capital"] == pytest.approx(15.6, abs=0.1)
    assert first["capital of that size, idle in calm years"] == 100.0
    assert first["risk avoided"] == 501.0
    names = [sheet.sheet for sheet in sheets_of(made.chapters)]
    assert {"alternatives", "shelves", "gets and pays"} <= set(names)
    assert len(names) == len(set(names)) < 27


@pytest.mark.parametrize(
    ("risk", "cost", "calm", "shelf"),
    [
        (5.0, 0.0, 0.5, RUNS),
        (5.0, 3.0, 0.9, RUNS),
        (0.0, 100.0, 0.49, DEAR),  # 100 more of cost, where 51 of 100 are idle in calm years
        (2.0, 100.0, 0.49, CHEAP),
        (30.0, -10.0, 0.9, CHEAP),  # 20 more of cost plus risk, 10 idle
        (29.9, -10.0, 0.9, DEAR),
        (199.0, 0.0, 0.0, DEAR),
    ],
)
def test_a_shelf_follows_from_what_dropping_changes(
    risk: float, cost: float, calm: float, shelf: str
) -> None:
    assert shelf_of(shelved(risk, cost, calm, idle=100.0 * (1.0 - calm))) == shelf


def shelved(risk: float, cost: float, calm: float, idle: float, **other: float) -> Any:
    """A plant of 1 t/y that is used in cuts, what dropping it changes, and the capital that is idle in calm years (MUSD)."""
    told = {"risk": risk, "cost": cost, "adds": risk + cost, "calm": calm, "idle": idle}
    return SimpleNamespace(**{**told, "cuts": 0.9, "tpa": 1.0, "dropped": 1.0, **other})


def test_another_size_than_the_plan_builds_puts_a_plant_on_no_shelf() -> None:
    """As it is dropped it is cheap: 141 MUSD for 24 idle. The plan builds three times as much, of which 74 lie idle."""
    told = {"risk": 120.0, "cost": 21.0, "calm": 0.0, "idle": 24.0}
    assert shelf_of(shelved(**told)) == CHEAP
    assert shelf_of(shelved(**told, tpa=3.1)) == OTHER_SIZE
    assert shelf_of(shelved(**told, tpa=1.09)) == CHEAP
    assert shelf_of(shelved(5.0, 3.0, 0.9, 10.0, dropped=1.2)) == OTHER_SIZE


def test_nothing_is_said_of_what_another_size_adds(run: Plan, explanation: Explanation) -> None:
    """One plant was dropped at half the size that the plan builds; the others as they are."""
    droppings = made_up_droppings(run)
    droppings[0] = dataclasses.replace(droppings[0], tpa=droppings[0].tpa / 2)
    asked = dataclasses.replace(
        run, explanation=dataclasses.replace(explanation, droppings=droppings)
    )
    rows = shelves.shelved(asked).set_index("project")
    first = rows.loc[droppings[0].project]
    assert first["scale"] == pytest.approx(0.5)
    assert first[["idle", "adds", "risk", "cost", "avoided"]].isna().all()
    assert rows["adds"].notna().sum() == len(droppings) - 1


def test_a_plant_that_rests_in_cuts_too_is_hardly_used_whatever_it_adds() -> None:
    nan = float("nan")
    for calm, cuts in ((0.0, 0.006), (0.01, 0.0), (nan, 0.0), (nan, nan)):
        assert shelf_of(shelved(120.0, 21.0, calm, 24.0, cuts=cuts)) == HARDLY
    assert shelf_of(shelved(120.0, 21.0, 0.0, 24.0, cuts=0.02)) == CHEAP
    assert shelf_of(shelved(120.0, 21.0, nan, 24.0, cuts=0.02)) == CHEAP


@pytest.mark.parametrize(
    ("risk", "cost", "gap", "shelf"),
    [
        (-7.0, 27.0, 20.1, LEFT_OPEN),
        (-7.0, 27.0, 20.0, DEAR),  # it adds as much as was left open
        (-7.0, 27.0, 0.0, DEAR),
        (7.0, 3.0, 20.0, DEAR),
    ],
)
def test_a_plant_without_which_risk_is_lower_is_no_insurance(
    risk: float, cost: float, gap: float, shelf: str
) -> None:
    assert shelf_of(shelved(risk, cost, 0.1, 90.0), gap) == shelf


def test_what_the_solver_left_open_is_told_in_money(run: Plan) -> None:
    """The least is proven to be at most 40 MUSD lower than cost plus risk; a gap of another figure says nothing of that."""
    whole = run.summary["cost_musd"] + run.summary["risk_musd"]
    opened = dataclasses.replace(run, summary={**run.summary, "gap": {"welfare": 40.0 / whole}})
    assert welfare_left_open(opened) == pytest.approx(40.0)
    assert welfare_left_open(run) == 0.0
    words = "The solver left 40.0 MUSD open for whole plants; 1 of 3 add less"
    assert words in shelves.lead(opened, shelves.shelved(opened))
    risk = " ".join(buys.risk_explained(opened).paragraphs)
    assert "at most 40.0 MUSD above the least, measured against plants of any size" in risk


def test_charges_of_allies_add_up(run: Plan) -> None:
    rows = share_rows(run)
    table = sharing.table(run)
    assert table is not None
    titles = [column.title for column in table.heads]
    total = dict(zip(titles, table.shown[-1], strict=True))
    assert total["transfer to others"] == "0" and float(total["charge"]) == 100.0 * len(rows)


def told_of(key: str, cost: float, expected_loss: float, risk: float) -> AlternativePlan:
    """An alternative of a cost, an expected loss and a risk (MUSD)."""
    return AlternativePlan(
        key=key,
        changes=["levers=[]"] if key.startswith("no_") else [],
        objective=cost + risk,
        risk=risk,
        cost=cost,
        cost_beyond=cost,
        expected_loss=expected_loss,
        cvar=2 * risk - expected_loss,
        public=0.0,
        builds={},
    )


@pytest.fixture(scope="module")
def beside(run: Plan, explanation: Explanation) -> Plan:
    """A plan beside others, of plants of any size: without new mines 100 MUSD are saved by cost and expected loss, and 500
    lost by risk; two years late both are dearer, by 300 and 900."""
    shown = [
        told_of("no_new_mines", 700.0, 1200.0, 2800.0),
        told_of("later", 900.0, 1400.0, 3000.0),
        told_of("linear", 1000.0, 1000.0, 2000.0),
        told_of("plan", 1050.0, 1010.0, 2050.0),
    ]
    asked = dataclasses.replace(explanation, goal="welfare", alternatives=shown)
    return dataclasses.replace(run, explanation=asked)


def test_the_plan_stands_first_and_how_others_are_asked_stands_in_the_workbook(
    beside: Plan,
) -> None:
    assert beside.explanation is not None
    table = alternatives.alternatives(beside, beside.explanation)
    names = [row[0] for row in table.shown]
    assert names[0] == "The plan as recommended" and names[-1].startswith("Plants of any size")
    at = [head.field for head in table.heads].index("both")
    # 3,100 of the plan; 3,500 without new mines, 3,900 two years late, 3,000 with plants of any size.
    assert [row[at] for row in table.shown] == ["0", "+400", "+800", "\u2212100"]
    assert "as it is asked" not in [head.title for head in table.heads]
    assert "as it is asked" in [column.title for column, _ in table.sheet_columns]
    assert "how sure differences between rows are was not computed." in table.note


def test_how_many_plants_stand_in_other_plans_is_counted(
    run: Plan, explanation: Explanation
) -> None:
    """Three plants, of which one stands in the plan two years late; one of fewer levers is no such plan, nor the plan itself."""
    own = list(run.tables["investments"]["project"].unique())
    assert len(own) == 3
    shown = [
        dataclasses.replace(told_of("no_new_mines", 1.0, 1.0, 2.0), builds={}),
        told_of("nothing", 1.0, 1.0, 2.0),
        dataclasses.replace(told_of("later", 1.0, 1.0, 2.0), builds={own[0]: 5.0, "other": 1.0}),
        told_of("plan", 1.0, 1.0, 2.0),
    ]
    asked = dataclasses.replace(explanation, alternatives=shown, odds=None)
    beside = dataclasses.replace(run, explanation=asked)
    assert also_built(beside) == {"later": 1}
    told = sure.brief(beside)
    assert "Of the 3 plants so many stand in other plans too: 1 two years late." in told


def lead_of(plan: Plan) -> str:
    chapter = alternatives.chapter(plan)
    assert chapter is not None
    return chapter.lead


def test_the_price_of_waiting_says_how_much_of_it_is_expected(beside: Plan) -> None:
    """Beside the plan to be approved cost 150 less, expected loss 390 and risk 950 more: 800 in all, 240 of it expected; it is
    told once."""
    words = alternatives.waiting(beside)
    assert "800 MUSD higher than with this plan: 240 MUSD of it expected, the rest by the" in words
    assert "800 MUSD" not in lead_of(beside)


def test_what_is_bought_for_the_worst_cases_is_said(beside: Plan, explanation: Explanation) -> None:
    """Without new mines cost and expected loss are 1,900 of 2,060; none else is cheaper."""
    words = "By cost and expected loss alone “No new mines” is cheaper than the plan to be approved by 160 MUSD: "
    assert words + "what it has more is bought for the worst cases." in lead_of(beside)
    shown = [told_of("linear", 1.0, 1.0, 2.0), told_of("no_new_mines", 1.0, 1.5, 2.5)]
    asked = dataclasses.replace(explanation, alternatives=[*shown, told_of("plan", 1.0, 1.0, 2.0)])
    assert "alone" not in lead_of(dataclasses.replace(beside, explanation=asked))
