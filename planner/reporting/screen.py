"""What commands say about a plan and its explanation at their end, as lines of the screen."""

from __future__ import annotations

from functools import partial

from planner.data.case import Case
from planner.reporting.chapters import recommendation
from planner.reporting.chapters.alternatives import alternative_name, explained, plan_first, say
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.numbers import SLIGHT, number
from planner.reporting.words.sentences import worded_lines
from planner.results.explanation import Explanation
from planner.results.figures.recommended import recommended
from planner.results.plan import Plan
from planner.results.reader import rows_of

NAMED = 4


def closing_lines(plan: Plan) -> list[str]:
    """Risk without and with the plan, what the page says first, the largest builds, and unmet demand."""
    return worded_lines(
        "screen.j2",
        "closing",
        plan=plan.summary,
        before=plan.without.get("risk_musd"),
        tail=1 - plan.case.model.objective.tail,
        told=recommendation.told(plan),
        largest=_largest(plan),
        short=_unmet(plan)[:NAMED],
    )


def _largest(plan: Plan) -> list[str]:
    """The plants and measures of the most capital."""
    largest = []
    for row in rows_of(recommended(plan).head(NAMED)):
        name = names_of(plan.case).placed(row.project)
        largest.append(f"{name} {number(row.capex_musd)}")
    return largest


def _unmet(plan: Plan) -> list[str]:
    """Expected unmet demand by element, the most first."""
    tonnes = plan.summary["expected_shortfall_t"]
    before = plan.summary.get("without_plan", {}).get("expected_shortfall_t", {})
    told = []
    for element, amount in sorted(tonnes.items(), key=lambda item: -item[1]):
        if amount > SLIGHT:
            words = f"{midway(names_of(plan.case).element(element))} {number(amount)} t"
            if element in before:
                words += f" (without a plan {number(before[element])})"
            told.append(words)
    return told


def explain_lines(found: Explanation, case: Case) -> list[str]:
    """Alternatives, what each plant adds, levers, information."""
    names = names_of(case)
    called = partial(alternative_name, names=names)
    wide = max(len(called(one).split(":")[0]) for one in found.alternatives)
    missed = [(names.placed(one.project), one.adds) for one in found.droppings[:NAMED]]
    return worded_lines(
        "screen.j2",
        "explained",
        found=found,
        alternatives=plan_first(found),
        wide=wide,
        named=called,
        missed=missed,
        statements=explained(found),
        any_size=say("any_size") if case.model.policy.whole_plants else "",
    )
