"""The head of the report of a run: question, answer, key figures, the efficient frontier with its first steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from planner.reporting.chapters import remains
from planner.reporting.charts.frontier import FrontierPoints, Mark
from planner.reporting.charts.frontier import frontier as draw_frontier
from planner.reporting.parts import Card, Chart, Front, told_chart
from planner.reporting.sources import summary_keys, table_rows
from planner.reporting.words.names import headline, names_of
from planner.reporting.words.numbers import before_and_after, money
from planner.reporting.words.sentences import Passages, worded_lines
from planner.results.explanation import EXPLANATION
from planner.results.figures.decision import (
    alike,
    curve,
    cut_suppliers,
    cut_years,
    doing_nothing,
    effect,
    named,
    next_billion,
)
from planner.results.figures.evaluated import in_fresh_scenarios, out_of_sample
from planner.results.figures.money import cost_increment, public_present
from planner.results.figures.plants import decisions
from planner.results.figures.sums import EXPECTED
from planner.results.plan import Plan

say = Passages("answer.j2")
of_frontier = Passages("frontier.j2")
KIND = "Supply security plan"
MOST_SUPPLIERS = 2
FRONTIER = f"{EXPLANATION}: frontier"


def front(plan: Plan) -> Front:
    """The question and the answer, key figures, and what less risk costs."""
    model = plan.case.model
    untitled = model.title in ("", "defaults", model.name)
    note = say("note", run=plan, found=plan.explanation, objective=model.objective)
    if "gap" in plan.summary:
        certified = worded_lines("screen.j2", "certified_line", plan=plan.summary)
        note = " ".join([note, *certified])
    return Front(
        kind=KIND,
        title=headline(plan.title),
        subtitle="" if untitled else model.title,
        question=say("question", run=plan, cut_off=_cut_off(plan), cut_years=cut_years(plan)),
        claim=claim(plan),
        cards=list(_cards(plan)),
        parts=[frontier_chart(plan) or remains.losses_chart(plan)],
        note=note,
    )


def claim(plan: Plan) -> str:
    """The answer in one line."""
    frontier = curve(plan)
    basis, before, after = _risks(plan)
    core, core_effect = None, None
    if frontier is not None:
        core = named(frontier, "core")
        core_effect = effect(frontier, core.risk)
    return say(
        "claim",
        goal=plan.case.model.objective.goal,
        core=core,
        core_effect=core_effect,
        nothing_cost=doing_nothing(plan).get("cost"),
        cost=plan.summary["cost_musd"],
        basis=basis,
        before=before,
        after=after,
        plants=decisions(plan)["project"].nunique(),
    )


def _risks(plan: Plan) -> tuple[str, float | None, float]:
    """Risk without a plan, None if not known, and with it, behind the word for both: out of sample where both are known
    so."""
    fresh, before = out_of_sample(plan), out_of_sample(plan, whose="without_plan")
    if fresh is not None and before is not None:
        return "out-of-sample", before.value, fresh.value
    return "in-sample", doing_nothing(plan).get("risk"), float(plan.summary["risk_musd"])


def _cut_off(plan: Plan) -> list[str]:
    """Names of the suppliers whose imports some scenario cuts, up to a colon; none where they are many."""
    names = []
    for supplier in cut_suppliers(plan):
        name = names_of(plan.case).party(supplier).split(":")[0]
        if name not in names:
            names.append(name)
    return names if len(names) <= MOST_SUPPLIERS else []


def _cards(plan: Plan) -> Iterator[Card]:
    """Expected loss and the worst cases, out of sample where they are known so; risk; and cost beyond no plan."""
    yield from _loss_cards(plan)
    yield from _risk_cards(plan)
    yield _cost_card(plan)


def _loss_cards(plan: Plan) -> Iterator[Card]:
    """What is lost without the plan and with it, expected and in the worst cases, and the difference."""
    worst = say("worst_title", tail=1 - plan.case.model.objective.tail)
    fresh = {one.figure: one for one in in_fresh_scenarios(plan) if one.way == "policy"}
    for key, title in (("expected_loss_musd", "Expected loss"), ("cvar_musd", worst)):
        value, note = float(plan.summary[key]), ""
        before = plan.without.get(key)
        basis, source = "in-sample", summary_keys(key, f"without_plan.{key}")
        if before is not None:
            note = say("loss_note", by=before - value, low=None, high=None)
        if key in fresh:
            one = fresh[key]
            basis, source = "out of sample", f"evaluation.json: {key}"
            before, value, less = one.without.value, one.plan.value, one.reduction
            note = say("loss_note", by=less.value, low=less.low, high=less.high)
        yield Card(
            title=f"{title}, {basis}",
            value=before_and_after(money, before, value),
            note=note,
            source=source,
        )


def _risk_cards(plan: Plan) -> Iterator[Card]:
    """Risk out of sample where it is known, and in-sample: then a small card beside it."""
    idle, risk = doing_nothing(plan), float(plan.summary["risk_musd"])
    in_sample = Card(
        title="Risk, in-sample",
        value=before_and_after(money, idle.get("risk"), risk),
        note=say("risk_note", run=plan, idle=idle, risk=risk),
        source=summary_keys("risk_musd", "without_plan.risk_musd"),
    )
    if curve(plan) is not None:
        source = f"{summary_keys('risk_musd')}; {FRONTIER}"
        in_sample = replace(in_sample, source=source)
    fresh = out_of_sample(plan)
    if fresh is None:
        yield in_sample
        return
    before = out_of_sample(plan, whose="without_plan")
    yield Card(
        title="Risk, out of sample",
        value=before_and_after(money, before.value if before else None, fresh.value),
        note=say("fresh_note", fresh=fresh, evaluation=plan.evaluation),
        source="evaluation.json: plan.policy.risk_musd, without_plan.policy.risk_musd",
    )
    note = say("in_sample_note", run=plan, idle=idle, risk=risk)
    yield replace(in_sample, note=note, small=True)


def _cost_card(plan: Plan) -> Card:
    without = doing_nothing(plan).get("cost")
    beyond, public = cost_increment(plan, without), public_present(plan)
    cost = float(plan.summary["cost_musd"])
    return Card(
        title="Cost beyond no plan" if beyond is not None else "Cost of the plan",
        value=money(cost if beyond is None else beyond),
        unit="present value, in-sample",
        note=say("cost_note", cost=cost, without=without, public=public),
        source=f"{summary_keys('cost_musd')}; {table_rows('spending', EXPECTED)}, discounted",
    )


def frontier_chart(plan: Plan) -> Chart | None:
    """Least residual risk for each cost, with the named plans; None if it was not asked for."""
    frontier = curve(plan)
    if frontier is None:
        return None
    curve_of = [(corner.cost, corner.risk) for corner in frontier.corners]
    marks = [_mark(same) for same in alike(frontier.plans)]
    points = FrontierPoints(curve=curve_of, marks=marks, source=FRONTIER)
    idle = named(frontier, "nothing")
    return told_chart(
        of_frontier,
        "frontier",
        draw_frontier(points),
        FRONTIER,
        nothing=idle.risk,
        idle=idle,
        next_billion=next_billion(frontier),
        gap=frontier.gap,
    )


def _mark(same: list[Any]) -> Mark:
    """Plans of the frontier that do not differ, as one mark."""
    kinds = {"chosen": "now", "nothing": "no action"}
    found = [kinds[plan.key] for plan in same if plan.key in kinds]
    return Mark(plan_name(same), same[0].cost, same[0].risk, found[0] if found else "kept")


def plan_name(same: list[Any]) -> str:
    """The name of a plan of the frontier, or of several that do not differ."""
    return of_frontier("plan_name", alike=same)
