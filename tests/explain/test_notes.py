"""Sentences that explain what would puzzle a reader: each only where it is so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.data.case import Case
from planner.explanation.explain import explain
from planner.reporting.tables.plan import begun_by_year
from planner.reporting.text.answer import first_words
from planner.reporting.text.explanation import (
    because,
    full_answer,
    information_words,
    insurance_words,
    kept_words,
    made_up_words,
    statements,
    together_words,
    upstream_words,
)
from planner.reporting.values.view import run_view
from planner.reporting.values.wording import Names
from planner.results.explanation import Explanation, Influence, Knowledge, Rung, Trial, Tried, Verdict
from planner.solving.solve import solve_case
from tests.cases import MUSD, budget, mine, near, plant
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


def test_what_is_funded_first_says_why(case: Case, found: Explanation) -> None:
    # Mines take nothing off by themselves; with plants 120 MUSD go.
    book = replace(run_view(solve_case(case, baseline=False)), found=found)
    (first,) = [s.sentence for s in full_answer(book) if s.about == "What to fund first"]
    assert first.endswith(" Why: of all levers most is taken off the risk by separation (120 MUSD).")
    ladder = [replace(rung, change=0.0) for rung in found.ladder]
    assert because(replace(found, ladder=ladder)) == ""


def test_waiting_tells_the_losses_too(case: Case, found: Explanation) -> None:
    # One scenario: the expected loss, the tail and the risk are the same 260 MUSD.
    book = replace(run_view(solve_case(case, baseline=False)), found=found)
    (waiting,) = [s.sentence for s in full_answer(book) if s.about == "If we wait two years"]
    assert "an expected loss of 260 MUSD, a mean loss of the tail of 260." in waiting


def test_what_waiting_keeps(found: Explanation) -> None:
    later = next(r for r in found.timing if r.key == "later")
    # Nothing 300, the plan 180, in 2028 alone 260: 40 of 120 are kept.
    assert later.least_risk == near(260)
    assert later.name.endswith("no new plants, training seats, hires, stock before 2028")
    words = kept_words(found, later)
    assert words == (
        "Waiting keeps 33.3 % of what the plan takes off the risk; everything waits, whatever shows itself: no "
        "new plants, training seats, "
        "hires and stock before 2028."
    )


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
    (words,) = [s.sentence for s in full_answer(book) if s.about == "In every good plan"]
    assert "contains mine, AAA; plant, AAA. Together these cost 100 MUSD of capital in this plan." in words


def test_what_every_good_plan_contains_is_funded_first(case: Case) -> None:
    plan = solve_case(case, baseline=False)
    found = explain(plan, "run", workers=1)
    # Both are in every good plan: 40 t/y for 1 and for 1.5 MUSD each.
    book = run_view(plan, found)
    assert first_words(book).startswith(
        "In 2026: 2 projects that every good plan contains, for 100 MUSD of capital (plant, AAA; mine, AAA). First"
    )
    table = begun_by_year(book)
    assert table is not None and table.shown[0][-2:] == ["100", "plant, AAA; mine, AAA"]
    ranges = [replace(r, word="may") if r.key == "mine" else r for r in found.alternatives.ranges]
    book = run_view(plan, replace(found, alternatives=replace(found.alternatives, ranges=ranges)))
    assert first_words(book).startswith(
        "In 2026: 1 project that every good plan contains, for 60.0 MUSD of capital (plant, AAA) and 1 further project "
        "for 40.0 MUSD of capital (mine, AAA). First output"
    )
    table = begun_by_year(book)
    assert table is not None and [row[-2] for row in table.shown] == ["60.0", "60.0"]


def test_a_step_brings_plants_of_other_stages_into_the_plan(found: Explanation) -> None:
    # Mines alone are of no use, so the step of separation brings both: 40 MUSD of mines, 60 of plants.
    nothing, mines, separation = found.ladder[:3]
    assert [r.capital.get("mine") for r in (nothing, mines, separation)] == near([0.0, 0.0, 40.0])
    assert separation.capital == near({"mine": 40.0, "separation": 60.0, "metal": 0.0})
    assert upstream_words(found) == (
        "The cost of a step includes what it makes worthwhile elsewhere: separation brings mines for 40.0 MUSD of "
        "capital into the plan."
    )
    alone = [replace(r, capital={}) for r in found.ladder]
    assert upstream_words(replace(found, ladder=alone)) == ""


def _together(found: Explanation, alone: float) -> Explanation:
    rung = Rung("national", "Each country alone", alone, alone, None, 0.0, 0.0, "own", 0.0)
    return replace(found, together=[rung, replace(rung, key="blocs", name="Blocs")])


def test_each_alone_may_be_worse_off_than_allies_that_do_nothing(make_case: MakeCase) -> None:
    case = make_case(
        countries=[
            {"country": "AAA", "name": "Aland", "bloc": "north"},
            {"country": "BBB", "name": "Bland", "bloc": "south"},
            {"country": "CCC", "name": "Cland", "bloc": "south"},
        ]
    )
    plan = solve_case(case, baseline=False)
    found = explain(plan, "run", workers=1)
    book, nothing = run_view(plan, found), found.ladder[0].least_risk
    assert nothing == near(300)
    words = together_words(book, _together(found, 450.0))
    assert words.startswith(
        "Blocs: north (Aland); south (Bland, Cland). Each country alone is worse off with all levers"
    )
    assert "(450 MUSD) than the allies together doing nothing (300 MUSD)" in words
    assert together_words(book, _together(found, 300.0)) == "Blocs: north (Aland); south (Bland, Cland)."


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
