"""Who is short of what, and when: figures that follow from three scenarios by hand."""

from __future__ import annotations

import pytest

from planner.reporting.chapters import exposed
from planner.reporting.chapters.supply import short_sheet
from planner.reporting.words.names import names_of
from planner.results.figures.sums import worst_scenario
from planner.results.figures.unmet import main_scenario, worst_cases, worst_shares
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
    at = worst_shares(book)["stop", "Dy"]
    assert at.year == 2028 and (at.share, at.before) == (near(0.7), near(0.7))
    (worst,) = worst_cases(book)
    assert (worst.scenario, worst.element, worst.at.year) == ("stop", "Dy", 2028)


def test_of_the_futures_the_likely_ones_come_first(solve: SolveCase) -> None:
    # `rare` loses most but has one per cent; `war` loses less and has three.
    cuts = [shock("rare", "import", 0, 2027, 2028), shock("war", "import", 0, 2027, 2027)]
    chances = scenarios(calm=0.96, rare=0.01, war=0.03)
    book = solve(imports=[imports(100)], scenarios=chances, shocks=cuts)
    assert (main_scenario(book), worst_scenario(book)) == ("war", "rare")
    assert [m.scenario for m in worst_cases(book)] == ["war", "rare"]


def test_nobody_is_short(solve: SolveCase) -> None:
    book = solve(imports=[imports(100)])
    assert worst_cases(book) == []


def test_a_page_opens_in_its_scenario_however_many_lose_more(
    book: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 3,000 scenarios as probable as each other the one that is reached with 2 % is the sixtieth."""
    monkeypatch.setattr(exposed, "MOST_SCENARIOS", 0)
    opening = names_of(book.case).scenario(main_scenario(book))
    chart = exposed.by_element(book)
    assert chart is not None and opening in chart.spec.to_json()
