"""The decision page of a plan whose frontier, merit list, slips and charges are made up: figures by hand."""

from __future__ import annotations

import dataclasses
import re

import pytest

from planner.explanation.explain import explain
from planner.reporting.formats.report_forms import sheets_of
from planner.reporting.pages.run import front, render_page, sections
from planner.reporting.tables import decision as tables
from planner.reporting.tables.plan import investments
from planner.reporting.values.decision import (
    decided,
    effect,
    named,
    next_billion,
    outlook,
    risk_at,
    share_rows,
    steps,
    tag,
)
from planner.reporting.values.page_parts import Figure, ReportTable
from planner.reporting.values.run_view import RunView, run_view
from planner.results.plan import PlanValues
from tests.reporting.conftest import read_page
from tests.reporting.decided import made_up, with_shares
from tests.reporting.test_page import MOST_IN_A_SENTENCE, MOST_WORDS, sentences, too_long, words


@pytest.fixture(scope="module")
def run(plan: PlanValues) -> RunView:
    found = explain(plan, "run", workers=1)
    return run_view(with_shares(plan), dataclasses.replace(found, decision=made_up(plan)))


def test_between_corners_the_curve_is_straight(run: RunView) -> None:
    found = decided(run)
    assert found is not None
    curve = found.frontier
    # From 900 to 2,200 MUSD the risk falls from 2,400 to 2,110.
    assert risk_at(curve, 1550.0) == pytest.approx(2255.0)
    assert (risk_at(curve, 0.0), risk_at(curve, 1e6)) == (15000.0, 2090.0)
    assert effect(curve, named(curve, "core").risk) == pytest.approx(12600 / 12910)
    assert next_billion(curve) == pytest.approx(290 * 1000 / 1300)


def test_the_claim_is_the_core_and_its_price(run: RunView) -> None:
    claim = front(run).claim
    assert claim.startswith("900 MUSD buys 97.6 % of the protection")
    assert outlook(run)["core"].cost == 900.0


def test_the_first_lines_say_what_to_fund_and_what_half_and_twice_the_cost_do(run: RunView) -> None:
    # The first step is one project: 100 MUSD of public money, and half of the 15,000 MUSD are left.
    first, money = front(run).lines[:2]
    said = "It takes 100 MUSD of public money and leaves 50 % of the risk of doing nothing."
    assert first == f"Fund first: Coast separation plant. {said}"
    # Of 15,000 - 2,090 that can be taken off, half the cost leaves 19; 4,600 MUSD leave 2,095.
    assert (
        "half the cost (2.30 bn USD of it public) has 99.9 % of all that any plan can take off."
        in money
    )
    assert "It leaves 14.1 % of the risk of doing nothing, the plan 14.0 %, twice the cost" in money


def test_what_steps_are_worth_adds_up_to_what_the_plan_is_worth(run: RunView) -> None:
    found = decided(run)
    assert found is not None
    nothing, row = named(found.frontier, "nothing"), found.merit[0]
    ends = [(9.0, 400.0, 5000.0), (9.0, 300.0, 6000.0), (2.0, 900.0, 2400.0)]
    rows = [
        dataclasses.replace(row, weight=weight, cost=cost, risk=risk) for weight, cost, risk in ends
    ]
    core = named(found.frontier, "core")
    assert [worth for _, _, worth in steps(rows, nothing)] == [None, 9700.0, 2100.0]
    assert nothing.cost + nothing.risk - core.cost - core.risk == 9700.0 + 2100.0


def test_five_plans_and_the_list_are_tables_and_sheets(run: RunView) -> None:
    found = decided(run)
    assert found is not None
    shown = tables.named_plans(run, found).shown
    assert [row[0] for row in shown] == [
        "Nothing new",
        "Least cost plus risk",
        "Put forward",
        "Within 1 % of the least risk",
        "Least risk",
        "Half the cost",
        "Twice the cost",
    ]
    assert [row[1] for row in shown] == ["100", "900", "4,600", "2,200", "5,900", "2,300", "9,200"]
    assert [row[2] for row in shown[5:]] == ["2,300", "2,300"] and [
        row[4] for row in shown[5:]
    ] == ["2,109", "2,090"]
    assert shown[0][5] == "0 %" and shown[4][5] == "100 %"
    merit = tables.merit(run, found)
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
    names = [sheet.sheet for sheet in sheets_of(run)]
    assert (
        names[1:5] == ["frontier", "merit list", "execution", "gets and pays"] and len(names) < 25
    )


def test_plans_that_are_one_stand_in_one_row(run: RunView) -> None:
    found = decided(run)
    assert found is not None
    plans = list(found.frontier.plans)
    plans[2] = dataclasses.replace(plans[1], key="chosen")
    same = dataclasses.replace(found, frontier=dataclasses.replace(found.frontier, plans=plans))
    table = tables.named_plans(run, same)
    assert (table.title, table.rows[1][0]) == (
        "6 plans on the curve",
        "Least cost plus risk = put forward",
    )


def test_what_is_left_falls_down_the_list(run: RunView) -> None:
    found = decided(run)
    assert found is not None
    row = found.merit[0]
    risks = [(9.0, 50.0), (9.0, 40.0), (9.0, 50.0), (8.0, 45.0), (7.0, 30.0)]
    rows = [dataclasses.replace(row, weight=weight, risk=risk) for weight, risk in risks]
    nothing = dataclasses.replace(named(found.frontier, "nothing"), cost=0.0, risk=60.0)
    assert [(step, left) for step, left, _ in steps(rows, nothing)] == [
        *((1, None), (1, None), (1, 40.0)),
        *((2, 40.0), (3, 30.0)),
    ]


def test_a_step_within_the_doubt_of_the_curve_is_not_told(run: RunView) -> None:
    # The next billion takes off 223 MUSD.
    found = decided(run)
    assert found is not None
    curves = [dataclasses.replace(found.frontier, gap=gap) for gap in (222.0, 224.0)]
    assert [next_billion(curve) is None for curve in curves] == [False, True]


def test_a_plant_that_is_worth_nothing_is_one_of_several(run: RunView) -> None:
    found = decided(run)
    assert found is not None and run.found is not None
    quick = dataclasses.replace(
        run, found=dataclasses.replace(run.found, goal="welfare", alternatives=None)
    )
    worth = {run.names.project(row.project): row.worth for row in found.merit}
    table = investments(quick)
    at = [column.title for column in table.columns].index("in equally good plans, t/y")
    told = {row[0]: row[at] for row in table.rows}
    assert told == {name: "needed" if worth[name] > 0 else "one of several: none" for name in told}
    assert "one of several: none" in told.values()


def test_charges_of_allies_add_up(run: RunView) -> None:
    rows = share_rows(run)
    table = tables.gets_and_pays(run, rows)
    titles = [column.title for column in table.heads]
    total = dict(zip(titles, table.shown[-1], strict=True))
    assert total["gives to others"] == "0" and float(total["carries together"]) == 100.0 * len(rows)


def test_the_page_tells_it_in_few_words(run: RunView) -> None:
    html = render_page(run)
    text = read_page(html).text
    for said in (
        "What to fund first",
        "Who gets, who pays, who would leave",
        "does not protect against",
        "Nobody gains by leaving",
    ):
        assert said in text
    before = re.sub(
        r"<(style|script).*?</\1>",
        " ",
        html[html.index("<body") : html.index("<svg")],
        flags=re.DOTALL,
    )
    assert len(words(re.sub(r"<[^>]+>", " ", before))) <= MOST_WORDS
    lines = [front(run).claim, *front(run).lines]
    for section in sections(run):
        lines += [
            section.lead,
            *(part.caption for part in section.parts if isinstance(part, Figure)),
        ]
        lines += [part.note for part in section.parts if isinstance(part, ReportTable)]
        titles = [part.title for part in section.parts if isinstance(part, Figure)]
        assert too_long([front(run).claim, *titles]) == []
    assert [
        s for line in lines for s in sentences(line) if len(words(s)) > MOST_IN_A_SENTENCE
    ] == []
