"""A report of a plan that was evaluated: which risk it calls out of sample, and which in-sample."""

from __future__ import annotations

from typing import Any

from planner.reporting.chapters import remains
from planner.reporting.chapters.answer import front
from planner.reporting.run_view import run_view
from planner.results.plan import PlanValues


def estimates(risk: float) -> dict[str, Any]:
    """Three figures that are as large as the risk (MUSD), the interval a tenth either way."""
    one = {"value": risk, "low": 0.9 * risk, "high": 1.1 * risk}
    return dict.fromkeys(("risk_musd", "expected_loss_musd", "cvar_musd"), one)


def evaluation(**stated: object) -> dict[str, Any]:
    """What evaluation.json says of a plan that leaves a risk of 700 of 7,000 MUSD in 240 scenarios."""
    found: dict[str, Any] = {"futures": 240, **stated}
    for way, risk in {"plan": 700.0, "without_plan": 7000.0, "difference": 6300.0}.items():
        found[way] = {"policy": estimates(risk), "foreseen": None}
    return found


def test_the_first_screen_leads_with_the_risk_out_of_sample(plan: PlanValues) -> None:
    begin = front(run_view(plan, beside={"evaluation": evaluation(out_of_sample=True)}))
    fresh, inside = begin.cards[:2]
    assert (fresh.title, fresh.value) == ("Risk, out of sample", "7.00 bn USD → 700 MUSD")
    assert "in 240 fresh scenarios" in fresh.note
    assert inside.title == "Risk, in-sample" and inside.small


def test_scenarios_that_the_plan_was_made_for_are_not_called_fresh(plan: PlanValues) -> None:
    """Evaluated in its own scenarios alone, as by a register without hazards, a plan has no risk out of sample: neither
    the cards nor the claim take that figure, and each loss of the page says that it is in-sample."""
    seen = run_view(plan, beside={"evaluation": evaluation(out_of_sample=False)})
    bare = run_view(plan)
    assert front(seen).claim == front(bare).claim
    titles = [card.title for card in front(seen).cards]
    assert titles[0] == "Risk, in-sample" and "Risk, out of sample" not in titles
    chapter = remains.chapter(seen)
    assert chapter is not None
    losses = [card for card in chapter.cards if "loss" in card.title.lower()]
    assert {card.note for card in losses} == {"in-sample"}
