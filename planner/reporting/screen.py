"""What commands say about a plan and its explanation at their end, as lines of the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.data.case import Case
from planner.data.stages import stages_told
from planner.reporting.chapters.why import explained, say
from planner.reporting.run_view import RunView, run_view
from planner.reporting.words.names import Names, midway
from planner.reporting.words.numbers import SLIGHT, number
from planner.reporting.words.sentences import worded_lines
from planner.results.explanation import Explanation
from planner.results.figures.people_and_stock import most_hired, stock_traded
from planner.results.figures.plants import expected_sum
from planner.results.figures.run import records
from planner.results.plan import PlanValues

NAMED, MOST_COUNTRIES = 4, 6


def closing_lines(plan: PlanValues) -> list[str]:
    """Builds with place, year and capital; risk without and with the plan; unmet demand."""
    run = run_view(plan)
    without = run.summary.get("without_plan", {})
    return worded_lines(
        "screen.j2",
        "closing",
        plan=run.summary,
        before=without.get("risk_musd"),
        tail=1 - run.case.model.objective.tail,
        most=NAMED,
        builds=list(_builds(run)),
        trained=_trained(run),
        hired=most_hired(run),
        stock=stock_traded(run),
        payers=_payers(run),
        short=_unmet(run),
        **_worst(run),
    )


def _payers(run: RunView) -> list[str]:
    """Expected payments of those who pay most."""
    spending = run.tables["spending"].groupby("funder")["expected"].sum()
    most = spending.sort_values(ascending=False).head(NAMED)
    return [f"{run.names.party(str(funder))} {number(amount)}" for funder, amount in most.items()]


def _builds(run: RunView) -> Iterator[tuple[str, float, list[str]]]:
    """Word of a stage, its capital (expected, MUSD), and its projects, the costliest first."""
    table = run.tables["investments"]
    known = {row.stage for row in run.case.projects.values()}
    for stage in stages_told(known):
        rows = table[table["stage"] == stage.name]
        capital = expected_sum(rows, "capex_musd")
        first = rows.groupby("project", as_index=False).agg(
            country=("country", "first"), year=("year", "min"), capex=("capex_musd", "sum")
        )
        first = first.sort_values(["capex", "year"], ascending=[False, True], kind="stable")
        names = []
        for row in records(first):
            names.append(f"{run.names.project(row['project'])} ({row['country']}, {row['year']})")
        yield stage.short, capital, names


def _trained(run: RunView) -> list[str]:
    skills = sorted(run.summary["trained"].items(), key=lambda item: -item[1])
    return [
        f"{number(persons)} {run.names.skill(skill)}" for skill, persons in skills if persons > 0
    ]


def _unmet(run: RunView) -> list[str]:
    """Expected unmet demand by element, the most first."""
    tonnes = run.summary["expected_shortfall_t"]
    before = run.summary.get("without_plan", {}).get("expected_shortfall_t", {})
    told = []
    for element, amount in sorted(tonnes.items(), key=lambda item: -item[1]):
        if amount > SLIGHT:
            words = f"{midway(run.names.element(element))} {number(amount)} t"
            if element in before:
                words += f" (without a plan {number(before[element])})"
            told.append(words)
    return told


def _worst(run: RunView) -> dict[str, Any]:
    """The worst scenario, and when and where more than a hundredth of demand is unmet in it."""
    losses, table = run.summary["scenario_loss_musd"], run.tables["shortfall"]
    worst = max(losses, key=lambda scenario: losses[scenario])
    hit = (table["scenario"] == worst) & (table["tonnes"] > 0.01 * table["demand_t"])
    countries = sorted(map(run.names.country, table.loc[hit, "country"].unique()))
    return {
        "worst": run.names.scenario(worst),
        "years": sorted(table.loc[hit, "year"].unique()),
        "countries": countries[:MOST_COUNTRIES],
    }


def explain_lines(found: Explanation, case: Case) -> list[str]:
    """Cumulative levers, verdicts, bottleneck, information."""
    wide = max(len(rung.name.split(":")[0]) for rung in found.ladder)
    return worded_lines(
        "screen.j2",
        "explained",
        found=found,
        wide=wide,
        statements=explained(found, Names(case)),
        any_size=say("any_size") if case.model.policy.whole_plants else "",
    )
