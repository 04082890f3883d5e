"""The first screen about dependence, on a case that can be worked out by hand.

AAA needs 100 t a year, which CHN can sell until it is cut off from 2027 on; a plant of AAA makes 30 t, and from 2027 on 40 t
more with the plan. A tonne short costs 1 MUSD.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.explanation.coverage import coverage
from planner.reporting.chapters import dependence
from planner.reporting.parts import Chapter, ReportTable
from planner.results.coverage import Coverage
from planner.results.plan import Plan
from tests.cases import budget, imports, mine, plant, scenarios, shock
from tests.conftest import MakeCase
from tests.reporting.conftest import words_of

ROOT = Path(__file__).parents[2]
CUT_OFF = {
    "imports": [imports(100, supplier="chn")],
    "suppliers": [{"supplier": "chn", "name": "China: oxide", "origin": "CHN"}],
    "projects": [mine(), plant(existing_tpa=30, max_new_tpa=40, earliest_year=2027)],
    "budgets": budget(1, 1, 1),
    "scenarios": scenarios(cut=1),
    "shocks": [shock("cut", "import", 0, start=2027)],
}


@pytest.fixture
def plan(make_case: MakeCase) -> Plan:
    return planner.solve(make_case(**CUT_OFF))


def told(plan: Plan) -> Chapter:
    found = dependence.chapter(plan)
    assert found is not None
    return found


def removed(plan: Plan) -> Plan:
    """The plan with its coverage in the first and the last year."""
    table = coverage(plan, (2026, 2028)).table("coverage")
    return replace(plan, tables={**plan.tables, "coverage": table})


def at_a_glance(chapter: Chapter) -> ReportTable:
    return chapter.tables[0]


def test_the_worst_single_loss_is_told_before_and_after(plan: Plan) -> None:
    chapter = told(removed(plan))
    assert (
        "The worst single loss in 2026 is that of China: 70.0 MUSD without a plan, 70.0 MUSD with it."
        in chapter.lead
    )
    assert (
        "The worst single loss in 2028 is that of China: 70.0 MUSD without a plan, 30.0 MUSD with it."
        in chapter.lead
    )


def test_a_row_says_what_an_element_depends_on(plan: Plan) -> None:
    table = at_a_glance(told(removed(plan)))
    fields = [column.field for column in table.columns]
    by_year = {row[1]: dict(zip(fields, row, strict=True)) for row in table.shown}
    assert (by_year["2028"]["origin"], by_year["2028"]["share"]) == ("AAA", "100 %")
    assert (by_year["2026"]["origin_before"], by_year["2026"]["share_before"]) == ("China", "100 %")
    assert by_year["2028"]["without"] == "China"
    assert (by_year["2026"]["met_before"], by_year["2026"]["met"]) == ("30 %", "30 %")
    assert (by_year["2028"]["met_before"], by_year["2028"]["met"]) == ("30 %", "70 %")


def test_it_is_said_where_nothing_was_taken_away(plan: Plan) -> None:
    chapter = told(plan)
    assert "planner coverage RUN" in chapter.lead
    fields = [column.field for column in at_a_glance(chapter).columns]
    assert fields == ["element", "year", "origin_before", "share_before", "origin", "share"]


def test_the_model_of_the_act_has_its_lines() -> None:
    """10 % mined, 40 % processed as oxide and as metal, 25 % recycled, at most 65 % from one third country, by 2030."""
    model = tomllib.loads((ROOT / "models/crma.toml").read_text(encoding="utf-8"))
    asked: dict[str, set[float]] = defaultdict(set)
    for row in model["targets"]:
        line, _, element = row["target"].rpartition("_")
        assert (row["party"], row["first_year"], row["element"]) == ("EU", 2030, element)
        assert row["kind"] == ("origin_share" if line.startswith("one_origin") else "made_share")
        asked[line].add(row["share"])
    assert asked == {
        "mined": {0.1},
        "recycled": {0.25},
        "processed_oxide": {0.4},
        "processed_metal": {0.4},
        "one_origin_oxide": {0.65},
        "one_origin_metal": {0.65},
        "one_origin_magnet": {0.65},
    }


def test_shares_are_said_to_be_those_of_one_plan_of_several(plan: Plan) -> None:
    rows = removed(plan).tables["coverage"]
    whole = rows[rows["without"] == "nothing"].assign(served_share=0.9)
    without = whole.assign(without="project:plant", served_share=0.5)
    table = pd.concat([rows[rows["without"] != "nothing"], whole, without], ignore_index=True)
    assert Coverage(table).single_points
    both = replace(plan, tables={**plan.tables, "coverage": table})
    chapter = dependence.chapter(both)
    assert chapter is not None
    told = {part.title: " ".join(words_of(part)) for part in chapter.parts}
    silent = [title for title, words in told.items() if "one of several equally good" not in words]
    # Targets are no shares of the plan.
    assert [title for title in silent if "origin" in title or "point" in title.lower()] == []
    assert len(told) - len(silent) == 2


def test_the_worst_further_loss_is_told_with_the_largest_origin_shut(plan: Plan) -> None:
    """With China open no plant is missed by more than a tenth; in 2028 all 100 t are lost without China and AAA, 30 t
    without China alone."""
    chapter = told(removed(plan))
    (points,) = [part for part in chapter.parts if part.title.startswith("Single points")]
    words = " ".join(words_of(points))
    assert words.startswith("With trade as it is today")
    assert (
        "With China shut, the worst further loss in 2028 is that of AAA: users lose 100 MUSD in that year, 30.0 MUSD with China"
        in words
    )
