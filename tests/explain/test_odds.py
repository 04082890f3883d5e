"""How much of the plan hangs on the odds, and what can wait where futures were drawn: figures by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.data.case import with_rows
from planner.explanation.explain import explain
from planner.results.explanation import Explanation
from tests.behaviour.test_odds import choice
from tests.behaviour.test_staged import DRAWN, case_of
from tests.cases import near, shock


def explained(case: planner.Case) -> Explanation:
    return explain(planner.solve(case, baseline=False), "run")


@pytest.mark.parametrize("odds", ["given", "worst"])
def test_what_changes_from_the_given_odds_to_the_worst_is_told_of_both(
    tmp_path: Path, odds: str
) -> None:
    """Nothing against half a plant of 30 MUSD: all of the capital changes, whichever of the two the plan goes by."""
    found = explained(choice(tmp_path, odds)).odds
    assert found is not None
    assert (found.given.cost, found.given.risk_given, found.given.risk_worst) == near((0, 40, 50))
    assert (found.worst.cost, found.worst.risk_given, found.worst.risk_worst) == near((15, 30, 30))
    assert found.worst.new_capacity == near({"plant": 50})
    assert found.changed_share == near(1)


def test_without_bounds_nothing_is_asked_of_other_odds(tmp_path: Path) -> None:
    case = choice(tmp_path, "given")
    rows = [
        row.model_copy(update={"probability_low": None, "probability_high": None})
        for row in case.tables.scenarios
    ]
    assert explained(with_rows(case, scenarios=tuple(rows))).odds is None


def test_where_storylines_show_nothing_nothing_waits(tmp_path: Path) -> None:
    """All that happens was drawn: a plan in stages answers no single draw, so it is the committed one, and builds for 50
    what saves 60."""
    drawn = [shock(w, "import", 0, **DRAWN) for w in ("a-1", "a-2", "b-1")]
    found = explained(case_of(tmp_path, "committed", drawn))
    staged = found.alternative("staged")
    assert staged is not None and staged.objective == near(found.own.objective)


def test_odds_that_turn_a_claim_are_named(tmp_path: Path) -> None:
    """By the given odds no plant pays, and nothing is judged; by the worst half a plant brings 50 down to 45, and all of
    that is separation's.

    In the plan for the worst odds early and late lose 100 each, for 15 MUSD; without a plan late loses 200. If late
    cannot happen, the plan costs 15 MUSD for nothing, so no lever takes anything off; at 0.2 it saves 20 for 15.
    """
    given = explained(choice(tmp_path / "given", "given"))
    assert given.odds is not None and (given.odds.other, given.odds.trials) == ("worst", [])
    assert given.claims == []
    worst = explained(choice(tmp_path / "worst", "worst"))
    assert worst.odds is not None and worst.odds.other == "given"
    [separation] = [
        one for one in worst.claims if (one.lever, one.basis) == ("separation", "missing")
    ]
    assert (separation.verdict, separation.share) == ("large", near(1))
    assert worst.odds.trials == []
