"""What commands say about a plan and its explanation at their end, as lines of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from planner.data.case import Case
from planner.data.stages import stages_told
from planner.reporting.chapters.alternatives import alternative_name, explained, say
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.numbers import SLIGHT, number
from planner.reporting.words.sentences import worded_lines
from planner.results.explanation import Explanation
from planner.results.figures.money import largest_first, spent
from planner.results.figures.people_and_stock import most_hired, stock_traded
from planner.results.figures.plants import built
from planner.results.figures.sums import records
from planner.results.figures.unmet import hardest_hit, worst_left
from planner.results.plan import Plan

NAMED, MOST_COUNTRIES = 4, 6


def closing_lines(plan: Plan) -> list[str]:
    """Builds with place, year and capital; risk without and with the plan; unmet demand."""
    without = plan.summary.get("without_plan", {})
    return worded_lines(
        "screen.j2",
        "closing",
        plan=plan.summary,
        before=without.get("risk_musd"),
        tail=1 - plan.case.model.objective.tail,
        most=NAMED,
        builds=list(_builds(plan)),
        trained=_trained(plan),
        hired=most_hired(plan),
        stock=stock_traded(plan),
        payers=_payers(plan),
        short=_unmet(plan),
        **_worst(plan),
    )


def _payers(plan: Plan) -> list[str]:
    """Expected payments of those who pay most."""
    paid, names = spent(plan, "funder"), names_of(plan.case)
    most = largest_first(plan, "funder")[:NAMED]
    return [f"{names.party(funder)} {number(paid[funder])}" for funder in most]


def _builds(plan: Plan) -> Iterator[tuple[str, float, list[str]]]:
    """Word of a stage, its capital (expected, MUSD), and its projects, the costliest first."""
    order, ascending = ["capex_musd", "year"], [False, True]
    plants = built(plan).sort_values(order, ascending=ascending, kind="stable").reset_index()
    known = {row.stage for row in plan.case.projects.values()}
    for stage in stages_told(known):
        of_stage = plants[plants["stage"] == stage.name]
        names = []
        for row in records(of_stage):
            name = names_of(plan.case).project(row["project"])
            names.append(f"{name} ({row['country']}, {row['year']})")
        yield plan.case.lookups.stages[stage.name].short, float(of_stage["capex_musd"].sum()), names


def _trained(plan: Plan) -> list[str]:
    skills = sorted(plan.summary["trained"].items(), key=lambda item: -item[1])
    return [
        f"{number(persons)} {names_of(plan.case).skill(skill)}"
        for skill, persons in skills
        if persons > 0
    ]


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


def _worst(plan: Plan) -> dict[str, Any]:
    """The worst scenario, and when and where more than a hundredth of demand is unmet in it."""
    hit = hardest_hit(plan)
    names = names_of(plan.case)
    countries = sorted(map(names.country, hit["country"].unique()))
    return {
        "worst": names.scenario(worst_left(plan)),
        "years": sorted(hit["year"].unique()),
        "countries": countries[:MOST_COUNTRIES],
    }


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
        wide=wide,
        named=called,
        missed=missed,
        statements=explained(found),
        any_size=say("any_size") if case.model.policy.whole_plants else "",
    )
