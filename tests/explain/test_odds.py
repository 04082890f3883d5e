"""How much of the plan hangs on the odds, and what can wait where futures were drawn: figures by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.explanation.explain import explain
from planner.results.explanation import Explanation
from tests.behaviour.test_odds import choice
from tests.behaviour.test_staged import LATE, case_of
from tests.cases import near


def explained(case: planner.Case) -> Explanation:
    return explain(planner.solve(case, baseline=False), "run", workers=1)


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
    assert explained(case.with_tables(scenarios=tuple(rows))).odds is None


def test_where_futures_were_drawn_what_waits_answers_storylines(tmp_path: Path) -> None:
    """Staged builds in 2028 in one storyline, with a probability of one half; adaptive would build for draws in 2027."""
    flexible = explained(case_of(tmp_path, "committed", LATE)).flexibility
    assert flexible is not None
    [plant] = flexible.commitments
    assert (plant.first_year, plant.probability, plant.most) == (2028, near(0.5), near(100))
