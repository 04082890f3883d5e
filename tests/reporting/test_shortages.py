"""Who is short of what, and when: figures that follow from three scenarios by hand."""

from __future__ import annotations

import pytest

from planner.reporting.tables.money import who_is_short
from planner.reporting.text.answer import answer, cards, short_words, worst_year
from planner.reporting.values.supply import hardest_left, likeliest_left
from planner.reporting.values.view import RunView, run_view
from tests.cases import imports, scenarios, shock
from tests.conftest import SolveCase


@pytest.fixture
def book(solve: SolveCase) -> RunView:
    """100 t wanted and imported; nothing comes in 2027 in `brief` (30 %), nor in 2027 and 2028 in `long` (20 %)."""
    plan = solve(
        imports=[imports(100)],
        scenarios=scenarios(calm=0.5, brief=0.3, long=0.2),
        shocks=[shock("brief", "import", 0, 2027, 2027), shock("long", "import", 0, 2027, 2028)],
    )
    return run_view(plan)


def test_expected_and_hardest_by_year(book: RunView) -> None:
    expected, hardest = who_is_short(book)
    assert [c.title for c in expected.columns[3:5]] == ["2027", "2028"]
    # 0.3 * 100 + 0.2 * 100 in 2027, 0.2 * 100 in 2028; 70 t of the 200 t wanted in these two years, 1 MUSD each.
    assert expected.shown[0] == ["AAA", "Dy", "oxide", "50.0", "20.0", "70.0", "35 %", "70.0"]
    assert expected.shown[-1] == ["Loss, MUSD", "", "", "50.0", "20.0", "", "", "70.0"]
    assert hardest.title.endswith(": long")
    assert hardest.shown[0] == ["AAA", "Dy", "oxide", "100", "100", "200", "100 %", "200"]


def test_likeliest_and_hardest_are_told_with_what_is_missing(book: RunView) -> None:
    assert (likeliest_left(book), hardest_left(book)) == ("brief", "long")
    words = short_words(book)
    assert "2 scenarios of 3 still leave a loss, together with a probability of 50 %" in words
    assert "The likeliest of them is “brief” (probability 30 %): 100 MUSD, 100 t of Dy in 2027 missing." in words
    assert "The hardest is “long” (probability 20 %): 200 MUSD, 200 t of Dy in 2027–2028 missing." in words
    assert "AAA 2027, 50.0 t of Dy oxide (50 % of its demand); AAA 2028, 20.0 t" in words


def test_the_card_names_the_worst_year(book: RunView) -> None:
    (card,) = [c for c in cards(book) if c.title == "Demand met"]
    # 70 t of 300 t are missing on average; in 2027 of a cut everything is.
    assert card.value == "76.7 %"
    assert card.note.endswith("worst year: 0 % of Dy in 2027, “brief”")


def test_the_worst_year_is_the_deepest_and_not_the_first(solve: SolveCase) -> None:
    cuts = [shock("stop", "import", 0.8, 2027, 2027), shock("stop", "import", 0.3, 2028, 2028)]
    book = run_view(solve(imports=[imports(100)], scenarios=scenarios(calm=0.5, stop=0.5), shocks=cuts))
    assert worst_year(book) == "worst year: 30 % of Dy in 2028, “stop”"


def test_one_future_has_one_table_and_no_word_of_scenarios(solve: SolveCase) -> None:
    book = run_view(solve(imports=[imports(60)]))
    (table,) = who_is_short(book)
    assert table.shown[0][3:] == ["40.0", "40.0", "40.0", "120", "40 %", "120"]
    words = short_words(book)
    assert "expected" not in words and "scenario" not in words
    assert "120 t of Dy" in words


def test_nobody_is_short(solve: SolveCase) -> None:
    book = run_view(solve(imports=[imports(100)]))
    assert who_is_short(book) == []
    assert [s.sentence for s in answer(book) if s.about == "Who remains short"] == [
        "Nobody: demand is met in full in every scenario."
    ]
    assert all("worst year" not in card.note for card in cards(book))
