"""Sentences that explain what would puzzle a reader: each only where it is so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.data.case import Case
from planner.explanation.explain import explain
from planner.reporting.text.explanation import (
    explained,
    information_words,
    insurance_words,
    made_up_words,
    statements,
)
from planner.reporting.values.view import run_view
from planner.reporting.values.wording import Names
from planner.results.explanation import Explanation, Influence, Knowledge, Rung, Trial, Tried, Verdict
from planner.solving.solve import solve_case
from tests.cases import MUSD, budget, mine, plant
from tests.conftest import MakeCase


@pytest.fixture
def case(make_case: MakeCase) -> Case:
    """100 t wanted in each of three years; a mine and a plant of 40 t/y, for 1 and 1.5 MUSD per t/y, run at once.
    Without the mine there is no ore, so mines alone take nothing off, nor do plants without them."""
    return make_case(
        projects=[
            mine(existing_tpa=0, max_new_tpa=40, capex_usd_per_tpa=MUSD),
            plant(max_new_tpa=40, capex_usd_per_tpa=1.5 * MUSD),
        ],
        budgets=budget(100),
    )


@pytest.fixture
def found(case: Case) -> Explanation:
    return explain(solve_case(case, baseline=False), "run", workers=1)


def test_a_step_that_takes_nothing_off_but_is_needed_with_the_rest(found: Explanation) -> None:
    # 300 MUSD without, 180 with both; mines come first and take nothing off by themselves.
    assert insurance_words(found) == (
        "Mines are in the plan (40.0 MUSD of capital) although their step of the ladder takes 0 MUSD off: with "
        "everything else in place they take 120 MUSD off the risk."
    )


def test_it_insures_against_what_a_trial_shows(found: Explanation) -> None:
    worse = Trial("separation capacity", "× 0.4", "", 200.0, 500.0, 1.5, True)
    verdict = replace(_verdict("mine"), trials=[worse])
    assert "and 300 MUSD with separation capacity × 0.4 (500 → 200 MUSD): they insure against that" in insurance_words(
        replace(found, verdicts=[verdict])
    )


def test_no_such_sentence_where_the_step_takes_something_off(found: Explanation) -> None:
    ladder = [found.ladder[0], replace(found.ladder[1], change=-10.0), *found.ladder[2:]]
    assert insurance_words(replace(found, ladder=ladder)) == ""


def _knowledge(stochastic: float, evpi: float, vss: float, regret: float) -> Knowledge:
    return Knowledge(stochastic, stochastic - evpi, evpi, stochastic + vss, vss, {}, {}, {"base": regret})


@pytest.mark.parametrize(
    ("knowledge", "said"),
    [
        (_knowledge(1000, 1, 500, 20), True),
        (_knowledge(1000, 50, 500, 20), False),
        (_knowledge(1000, 1, 50, 20), False),
        (_knowledge(1000, 1, 500, 80), False),
        (_knowledge(0, 0, 0, 0), False),
    ],
)
def test_information_worth_nothing_beside_a_large_vss(found: Explanation, knowledge: Knowledge, said: bool) -> None:
    words = information_words(replace(found, knowledge=knowledge))
    assert bool(words) == said
    assert not said or "largest regret 20.0 MUSD" in words


def _verdict(claim: str, turns_on: tuple[str, ...] = ()) -> Verdict:
    return Verdict(claim, "not decided", 100.0, 150.0, 0.5, 0.1, [], turns_on)


@pytest.mark.parametrize(("effect", "with_it", "said"), [(0.0, 180.0, True), (30.0, 180.0, False), (0.0, 150.0, False)])
def test_an_input_that_the_plan_makes_up_for(found: Explanation, effect: float, with_it: float, said: bool) -> None:
    name = "metal makers"
    trials = [Trial(name, "× 0.5", "", with_it, 190.0, 0.06, True), Trial(name, "× 2", "", 180.0, 290.0, 0.6, False)]
    lean = Influence(name, "", [Tried("× 2", 180.0 + effect)], effect, [], 1, {}, [])
    verdict = replace(_verdict("people", (name,)), trials=trials)
    words = made_up_words(replace(found, influences=[lean]), verdict)
    assert bool(words) == said
    assert not said or "without training and hiring the risk is between 190 and 290 MUSD" in words


def test_musts_are_told_with_their_place_and_what_they_cost(case: Case) -> None:
    plan = solve_case(case, baseline=False)
    book = run_view(plan, explain(plan, "run", workers=1))
    assert book.found is not None
    (words,) = [s.sentence for s in explained(book.found, book.names) if s.about == "In every good plan"]
    assert "contains mine, AAA; plant, AAA. Together these cost 100 MUSD of capital in this plan." in words


def test_money_beside_the_value_of_information(case: Case, found: Explanation) -> None:
    names = Names(case)
    once = Rung("committed", "Committed", 100.0, 100.0, 80.0, 0.0, 0.0)
    later = replace(once, key="adaptive", cost=30.0)

    def said(*timing: Rung) -> str:
        return next(s.sentence for s in statements(replace(found, timing=timing), names) if s.about == "Information")

    assert "worth 50.0 MUSD: at the same risk the plan that answers costs 30.0 in place of 80.0 MUSD" in said(
        once, later
    )
    assert "valued in risk, not in money" in said(once)
    assert "In money" not in said(once) and "In money" not in said(once, replace(later, cost=80.0))
    assert "In money" not in said(once, replace(later, least_risk=50.0))
