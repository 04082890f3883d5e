"""The decision page of a plan whose frontier, droppings and charges are made up: figures by hand."""

from __future__ import annotations

import dataclasses

import pytest

from planner.reporting.chapters import fund, sharing
from planner.reporting.chapters.answer import claim, plan_name
from planner.reporting.chapters.plants import investments
from planner.reporting.forms.workbook import sheets_of
from planner.reporting.pages.run import Report, report_of
from planner.reporting.words.names import names_of
from planner.results.explanation import Explanation
from planner.results.figures.decision import alike, effect, named, next_billion, risk_at, share_rows
from planner.results.figures.decision import curve as frontier_of
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


def test_between_corners_the_curve_is_straight(run: Plan) -> None:
    curve = frontier_of(run)
    assert curve is not None
    # From 900 to 2,200 MUSD the risk falls from 2,400 to 2,110.
    assert risk_at(curve, 1550.0) == pytest.approx(2255.0)
    assert (risk_at(curve, 0.0), risk_at(curve, 1e6)) == (15000.0, 2090.0)
    assert effect(curve, named(curve, "core").risk) == pytest.approx(12600 / 12910)
    assert next_billion(curve) == pytest.approx(290 * 1000 / 1300)


def test_the_claim_is_the_core_and_its_price_beyond_no_action(run: Plan) -> None:
    # The core plan costs 900 MUSD, of which the run without a plan spends 2.
    assert run.without["cost_musd"] == pytest.approx(2, abs=0.01)
    assert claim(run).startswith("898 MUSD more buys 97.6 % of possible in-sample protection")


def test_the_first_screen_draws_the_curve_and_names_what_is_missed_most(
    run: Plan, made: Report
) -> None:
    assert fund.lead(run).startswith("Missed most if it is dropped: Coast separation plant; ")
    (chart,) = made.front.charts
    assert chart.name == "frontier" and "next billion" not in chart.caption


def test_what_each_plant_adds_is_a_table_and_a_sheet(run: Plan, made: Report) -> None:
    assert run.explanation is not None
    table = fund.droppings_table(run, run.explanation)
    assert table is not None
    assert table.title == "Without Coast separation plant 5.00 bn USD more of cost and risk"
    first = dict(zip([column.title for column in table.columns], table.rows[0], strict=True))
    assert first["dropping it adds"] == 5000.0
    assert (first["capital"], first["public part"]) == (100.0, 50.0)
    names = [sheet.sheet for sheet in sheets_of(made.chapters)]
    assert {"alternatives", "droppings", "gets and pays"} <= set(names)
    assert len(names) == len(set(names)) < 27


def test_plans_that_are_one_have_one_name(run: Plan) -> None:
    curve = frontier_of(run)
    assert curve is not None
    plans = list(curve.plans)
    plans[2] = dataclasses.replace(plans[1], key="chosen")
    names = [plan_name(same) for same in alike(plans)]
    assert len(names) == 4
    assert "Least risk-adjusted cost = recommended" in names


def test_a_billion_within_the_doubt_of_the_curve_is_not_told(run: Plan) -> None:
    # The next billion takes off 223 MUSD.
    curve = frontier_of(run)
    assert curve is not None
    curves = [dataclasses.replace(curve, gap=gap) for gap in (222.0, 224.0)]
    assert [next_billion(one) is None for one in curves] == [False, True]


def test_a_plant_that_is_worth_nothing_is_one_of_several(run: Plan) -> None:
    assert run.explanation is not None
    quick = dataclasses.replace(
        run, explanation=dataclasses.replace(run.explanation, near_optimal=None)
    )
    droppings = run.explanation.droppings
    worth = {names_of(run.case).project(row.project): row.adds for row in droppings}
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
