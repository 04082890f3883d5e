"""The decision page of a plan whose frontier, merit list and charges are made up: figures by hand."""

from __future__ import annotations

import dataclasses

import pytest

from planner.reporting.chapters import fund, sharing, why
from planner.reporting.chapters.answer import claim
from planner.reporting.chapters.fund import tag
from planner.reporting.chapters.plants import investments
from planner.reporting.forms.workbook import sheets_of
from planner.reporting.pages.run import Report, report_of
from planner.reporting.words.names import names_of
from planner.results.explanation import Explanation
from planner.results.figures.decision import (
    decided,
    effect,
    named,
    next_billion,
    risk_at,
    share_rows,
    steps,
)
from planner.results.plan import Plan
from tests.reporting.decided import made_up, with_shares


@pytest.fixture(scope="module")
def run(plan: Plan, explanation: Explanation) -> Plan:
    decision = made_up(plan)
    return dataclasses.replace(
        with_shares(plan), explanation=dataclasses.replace(explanation, decision=decision)
    )


@pytest.fixture(scope="module")
def made(run: Plan) -> Report:
    return report_of(run)


def test_between_corners_the_curve_is_straight(run: Plan) -> None:
    found = decided(run)
    assert found is not None
    curve = found.frontier
    # From 900 to 2,200 MUSD the risk falls from 2,400 to 2,110.
    assert risk_at(curve, 1550.0) == pytest.approx(2255.0)
    assert (risk_at(curve, 0.0), risk_at(curve, 1e6)) == (15000.0, 2090.0)
    assert effect(curve, named(curve, "core").risk) == pytest.approx(12600 / 12910)
    assert next_billion(curve) == pytest.approx(290 * 1000 / 1300)


def test_the_claim_is_the_core_and_its_price_beyond_no_action(run: Plan) -> None:
    # The core plan costs 900 MUSD, of which 100 are spent without a plan.
    assert claim(run).startswith("800 MUSD more buys 97.6 % of possible in-sample protection")


def test_the_first_screen_says_what_the_first_step_leaves(run: Plan, made: Report) -> None:
    # The first step is one project: 100 MUSD of public money, and half of the 15,000 MUSD remain.
    assert "Fund first: Coast separation plant." in fund.lead(run)
    (row, *_) = fund.steps_table(run, decided(run)).rows
    assert (row[0], row[1], row[2]) == (1, "Coast separation plant, Australia", 100.0)
    assert row[4] == 0.5
    (chart,) = made.front.charts
    assert chart.name == "frontier" and "Step 1" in chart.caption


def test_what_steps_are_worth_adds_up_to_what_the_plan_is_worth(run: Plan) -> None:
    found = decided(run)
    assert found is not None
    nothing, row = named(found.frontier, "nothing"), found.merit[0]
    ends = [(9.0, 400.0, 5000.0), (9.0, 300.0, 6000.0), (2.0, 900.0, 2400.0)]
    rows = [
        dataclasses.replace(row, weight=weight, cost=cost, risk=risk) for weight, cost, risk in ends
    ]
    core = named(found.frontier, "core")
    assert [step.worth for step in steps(rows, nothing)] == [9700.0, 2100.0]
    assert nothing.cost + nothing.risk - core.cost - core.risk == 9700.0 + 2100.0


def test_five_plans_and_the_list_are_tables_and_sheets(run: Plan, made: Report) -> None:
    found = decided(run)
    assert found is not None
    shown = why.named_plans(run, found).shown
    assert [row[0] for row in shown] == [
        "No action",
        "Least risk-adjusted cost",
        "Recommended",
        "Within 1 % of the least risk",
        "Least risk",
    ]
    assert [row[1] for row in shown] == ["100", "900", "4,600", "2,200", "5,900"]
    assert shown[0][5] == "0 %" and shown[4][5] == "100 %"
    merit = fund.merit_table(run, found)
    assert [row[4] for row in merit.rows] == [
        100.0 * (place + 1) for place in range(len(found.merit))
    ]
    unbuilt = next(
        p for p in run.case.projects if p not in set(run.tables["investments"]["project"])
    )
    assert (
        tag(run, dataclasses.replace(found.merit[-1], project=unbuilt))
        == "not in this plan: last 1 % of risk"
    )
    assert tag(run, dataclasses.replace(found.merit[0], public=1e6)) != "not in this plan"
    names = [sheet.sheet for sheet in sheets_of(made.chapters)]
    assert {"frontier", "merit list", "gets and pays"} <= set(names)
    assert len(names) == len(set(names)) < 27


def test_plans_that_are_one_stand_in_one_row(run: Plan) -> None:
    found = decided(run)
    assert found is not None
    plans = list(found.frontier.plans)
    plans[2] = dataclasses.replace(plans[1], key="chosen")
    same = dataclasses.replace(found, frontier=dataclasses.replace(found.frontier, plans=plans))
    table = why.named_plans(run, same)
    assert (table.title, table.rows[1][0]) == (
        "4 plans on the efficient frontier",
        "Least risk-adjusted cost = recommended",
    )


def test_what_is_left_falls_down_the_list(run: Plan) -> None:
    found = decided(run)
    assert found is not None
    row = found.merit[0]
    risks = [(9.0, 50.0), (9.0, 40.0), (9.0, 50.0), (8.0, 45.0), (7.0, 30.0)]
    rows = [dataclasses.replace(row, weight=weight, risk=risk) for weight, risk in risks]
    nothing = dataclasses.replace(named(found.frontier, "nothing"), cost=0.0, risk=60.0)
    found_steps = steps(rows, nothing)
    assert [(step.place, len(step.projects), step.risk) for step in found_steps] == [
        (1, 3, 40.0),
        (2, 1, 40.0),
        (3, 1, 30.0),
    ]


def test_a_step_within_the_doubt_of_the_curve_is_not_told(run: Plan) -> None:
    # The next billion takes off 223 MUSD.
    found = decided(run)
    assert found is not None
    curves = [dataclasses.replace(found.frontier, gap=gap) for gap in (222.0, 224.0)]
    assert [next_billion(curve) is None for curve in curves] == [False, True]


def test_a_plant_that_is_worth_nothing_is_one_of_several(run: Plan) -> None:
    found = decided(run)
    assert found is not None and run.explanation is not None
    quick = dataclasses.replace(
        run, explanation=dataclasses.replace(run.explanation, goal="welfare", alternatives=None)
    )
    worth = {names_of(run.case).project(row.project): row.worth for row in found.merit}
    table = investments(quick)
    at = [column.title for column in table.columns].index("in equally good plans, t/y")
    told = {row[0]: row[at] for row in table.rows}
    assert told == {name: "needed" if worth[name] > 0 else "one of several: none" for name in told}
    assert "one of several: none" in told.values()


def test_charges_of_allies_add_up(run: Plan) -> None:
    rows = share_rows(run)
    table = sharing.table(run)
    assert table is not None
    titles = [column.title for column in table.heads]
    total = dict(zip(titles, table.shown[-1], strict=True))
    assert total["transfer to others"] == "0" and float(total["charge"]) == 100.0 * len(rows)
