"""The first screen about dependence, on a case that can be worked out by hand.

AAA needs 100 t a year, which CHN can sell until it is cut off from 2027 on; a plant of AAA makes 30 t, and from 2027 on 40 t
more with the plan. A tonne short costs 1 MUSD.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import planner
from planner.explanation.coverage import coverage
from planner.reporting.chapters import dependence
from planner.reporting.parts import Chapter, ReportTable
from planner.reporting.run_view import run_view
from planner.results.plan import PlanValues
from tests.cases import budget, imports, mine, plant, scenarios, shock
from tests.conftest import MakeCase

CUT_OFF = {
    "imports": [imports(100, supplier="chn")],
    "suppliers": [{"supplier": "chn", "name": "China: oxide", "origin": "CHN"}],
    "projects": [mine(), plant(existing_tpa=30, max_new_tpa=40, earliest_year=2027)],
    "budgets": budget(1, 1, 1),
    "scenarios": scenarios(cut=1),
    "shocks": [shock("cut", "import", 0, start=2027)],
}


@pytest.fixture
def plan(make_case: MakeCase) -> PlanValues:
    return planner.solve(make_case(**CUT_OFF))


def told(plan: PlanValues) -> Chapter:
    found = dependence.chapter(run_view(plan))
    assert found is not None
    return found


def removed(plan: PlanValues) -> PlanValues:
    """The plan with its coverage in the first and the last year."""
    table = coverage(plan, (2026, 2028)).table()
    return replace(plan, tables=plan.tables | {"coverage": table})


def at_a_glance(chapter: Chapter) -> ReportTable:
    return chapter.tables[0]


def test_the_worst_single_loss_is_told_before_and_after(plan: PlanValues) -> None:
    chapter = told(removed(plan))
    assert (
        "loss is that of China: in 2028 it costs 70.0 MUSD without a plan and 30.0 MUSD"
        in chapter.lead
    )
    assert [card.value for card in chapter.cards[:2]] == ["70.0 MUSD", "70.0 MUSD → 30.0 MUSD"]


def test_a_row_says_what_an_element_depends_on(plan: PlanValues) -> None:
    table = at_a_glance(told(removed(plan)))
    row = dict(zip([column.title for column in table.columns], *table.shown, strict=True))
    assert row["most from one origin, 2028"] == "100 % AAA (oxide)"
    assert row["can be met without China, 2026"] == "30 %"
    assert row["can be met without China, 2028"] == "30 % → 70 %"


def test_the_command_is_named_where_nothing_was_taken_away(plan: PlanValues) -> None:
    chapter = told(plan)
    assert "planner coverage adds" in chapter.lead and not chapter.cards
    headings = [column.title for column in at_a_glance(chapter).columns]
    assert headings == ["element", "most from one origin, 2026", "most from one origin, 2028"]
