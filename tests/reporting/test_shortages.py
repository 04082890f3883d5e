"""Who is short of what, and when: figures that follow from three scenarios by hand."""

from __future__ import annotations

import pytest

from planner.reporting.chapters import exposed
from planner.reporting.chapters.exposed import short_sheet
from planner.results.figures.unmet import most_unmet
from planner.results.plan import Plan
from tests.cases import imports, near, scenarios, shock
from tests.conftest import SolveCase


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
    chapter = exposed.chapter(book)
    assert chapter is not None and "leaves anybody short" in chapter.lead


def test_the_chart_of_unmet_demand_opens_with_its_worst_expected_year(book: Plan) -> None:
    """Expected: half of the demand of 2027, a fifth of that of 2028."""
    chart = exposed.by_element(book)
    assert chart is not None
    assert chart.title == "50 % of demand for Dy is unmet in 2027"
