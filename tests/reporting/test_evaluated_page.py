"""A report of a plan that was evaluated: which risk it calls out of sample, and which in-sample."""

from __future__ import annotations

import dataclasses
from typing import Any

from planner.reporting.chapters import limits, remains
from planner.reporting.chapters.answer import front
from planner.reporting.chapters.fresh import bounds_table
from planner.results.plan import Plan
from tests.cases import near


def estimates(risk: float) -> dict[str, Any]:
    """Three figures that are as large as the risk (MUSD), the interval a tenth either way."""
    one = {"value": risk, "low": 0.9 * risk, "high": 1.1 * risk}
    return dict.fromkeys(("risk_musd", "expected_loss_musd", "cvar_musd"), one)


def evaluation(**stated: object) -> dict[str, Any]:
    """What evaluation.json says of a plan that leaves a risk of 700 of 7,000 MUSD in 240 scenarios, and of 500 if each of
    them were known."""
    found: dict[str, Any] = {
        "futures": 240,
        "policy": "myopic",
        "policy_is": "nothing is known but the past",
        **stated,
    }
    for way, risk in {"plan": 700.0, "without_plan": 7000.0, "difference": 6300.0}.items():
        found[way] = {"policy": estimates(risk), "foreseen": estimates(risk - 200)}
    return found


def test_the_first_screen_leads_with_losses_out_of_sample(plan: Plan) -> None:
    begin = front(dataclasses.replace(plan, evaluation=evaluation(out_of_sample=True)))
    expected, worst, fresh, inside = begin.cards[:4]
    assert expected.title == "Expected loss, out of sample"
    assert worst.title == "Worst 10 % of cases, mean loss, out of sample"
    assert "the plan reduces it by" in expected.note and "95 %" in worst.note
    assert (fresh.title, fresh.value) == ("Risk, out of sample", "7.00 bn USD → 700 MUSD")
    assert "in 240 fresh scenarios" in fresh.note
    assert inside.title == "Risk, in-sample" and inside.small


def test_scenarios_that_the_plan_was_made_for_are_not_called_fresh(plan: Plan) -> None:
    """Evaluated in its own scenarios alone, as by a register without hazards, a plan has no risk out of sample: neither
    the cards nor the claim take that figure, and each loss of the page says that it is in-sample."""
    seen = dataclasses.replace(plan, evaluation=evaluation(out_of_sample=False))
    bare = plan
    assert front(seen).claim == front(bare).claim
    titles = [card.title for card in front(seen).cards]
    assert titles[2] == "Risk, in-sample" and not any("out of sample" in one for one in titles)
    chapter = remains.chapter(seen)
    assert chapter is not None
    losses = [card for card in chapter.cards if "loss" in card.title.lower()]
    assert {card.note for card in losses} == {"in-sample"}


def test_the_page_states_both_bounds_and_names_the_policy(plan: Plan) -> None:
    table = bounds_table(dataclasses.replace(plan, evaluation=evaluation()))
    assert table is not None
    assert table.title == (
        "In 240 fresh scenarios the plan reduces expected loss by 6.30 bn USD, the mean of the worst 10 % by 6.30 bn USD"
    )
    assert "Policy myopic: nothing is known but the past." in table.note
    assert "lies between this policy and operations that know" in table.note
    # A difference of two bounds bounds nothing.
    assert "For the reduction the two are no bounds." in table.note
    by_way = [(row[0], row[1], row[2], row[3], row[6], row[7]) for row in table.shown]
    known = "each scenario from its start (lower bound)"
    assert by_way[0] == (
        *("Expected loss", "the past alone", "700", "630 to 770"),
        *("6,300", "5,670 to 6,930"),
    )
    assert [row[0] for row in by_way[:3]] == ["Expected loss", "Mean loss of the tail", "Risk"]
    assert by_way[5] == ("Risk", known, "500", "450 to 550", "6,100", "5,490 to 6,710")
    assert len(by_way) == 6
    alone = evaluation()
    for way in ("plan", "without_plan", "difference"):
        alone[way] = alone[way] | {"foreseen": None}
    one = bounds_table(dataclasses.replace(plan, evaluation=alone))
    assert one is not None and len(one.shown) == 3 and "lies between" not in one.note


def test_the_workbook_leads_with_losses_out_of_sample(plan: Plan) -> None:
    """The first rows of its first sheet; what the optimiser saw is called in-sample."""
    rows = limits.facts(dataclasses.replace(plan, evaluation=evaluation())).rows
    assert rows[0][:4] == ["expected loss, out of sample, 240 scenarios", "MUSD", 700.0, 7000.0]
    assert [row[2] for row in rows[1:3]] == [near(630.0), near(770.0)]
    named = {row[0]: row[2] for row in rows}
    assert named["risk, in-sample"] == plan.summary["risk_musd"]
    losses = [row[0] for row in rows if row[1] == "MUSD" and ("risk" in row[0] or "loss" in row[0])]
    unlabelled = [one for one in losses if "sample" not in one and "least risk" not in one]
    assert unlabelled == []
    assert limits.facts(plan).rows[0][0] == "status"
