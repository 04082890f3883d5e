"""What commands say about a plan and its explanation at their end, as lines of the screen."""

from __future__ import annotations

from functools import partial

from planner.data.case import Case
from planner.reporting.chapters import recommendation
from planner.reporting.chapters.alternatives import alternative_name, explained, plan_first, say
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import worded_lines
from planner.results.explanation import Explanation
from planner.results.plan import Plan


def closing_lines(plan: Plan) -> list[str]:
    """Risk without and with the plan, then what the page says first."""
    return worded_lines(
        "screen.j2",
        "closing",
        plan=plan.summary,
        before=plan.without.get("risk_musd"),
        tail=1 - plan.case.model.objective.tail,
        told=[
            f"Plan        {recommendation.approve(plan)}",
            *(f"{one.about:<11} {one.sentence}" for one in recommendation.answers(plan)),
        ],
    )


def explain_lines(found: Explanation, case: Case) -> list[str]:
    """Alternatives, levers, information."""
    names = names_of(case)
    called = partial(alternative_name, names=names)
    wide = max(len(called(one).split(":")[0]) for one in found.alternatives)
    return worded_lines(
        "screen.j2",
        "explained",
        found=found,
        alternatives=plan_first(found),
        wide=wide,
        named=called,
        statements=explained(found),
        any_size=say("any_size") if case.model.policy.whole_plants else "",
    )
