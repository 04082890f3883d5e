"""How exposed are we? Unmet demand and loss without a plan."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import outcomes, style
from planner.reporting.parts import Chapter, Chart
from planner.reporting.sources import table_rows
from planner.reporting.words.names import names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.sums import EXPECTED, costliest_first, scenarios_by_loss, undone_column
from planner.results.figures.unmet import (
    SMALLEST_T,
    main_scenario,
    short_by_scenario,
    short_expected,
    worst_cases,
)
from planner.results.plan import Plan

say = Passages("exposed.j2")
MOST_SCENARIOS = 40
"""Scenarios that can be chosen, those that lose most."""
ALL = "all, expected"
"""The mean over all scenarios, among those to choose from."""
SOURCE = table_rows("shortfall") + ": tonnes, without_plan_t, demand_t"
DRAWN = ["scenario", "element", "year", "plan", "share", "tonnes", "demand_t"]


def chapter(plan: Plan) -> Chapter | None:
    """How probable a shortage is without a plan, and unmet demand by element."""
    lead = _shortage(plan) if worst_cases(plan) else say("nothing_unmet")
    return Chapter.of("exposed", "How exposed are we?", [by_element(plan)], lead=lead)


def _shortage(plan: Plan) -> str:
    """How probable it is that anybody is short without a plan; '' where nothing is compared."""
    if not plan.compared:
        return ""
    losses = plan.without["scenario_loss_musd"]
    hit = [scenario for scenario, loss in losses.items() if loss > SMALLEST_T]
    chance = sum(plan.weights[scenario] for scenario in hit)
    return say("shortage", chance=chance, hit=len(hit), scenarios=len(plan.weights))


def by_element(plan: Plan) -> Chart | None:
    """Unmet demand of each element by year in a scenario."""
    mean = short_expected(plan).assign(scenario=EXPECTED)
    rows = _shown(plan, pd.concat([mean, short_by_scenario(plan)]))
    if rows.empty:
        return None
    names = _scenarios(plan)
    scenarios = style.chooser("scenario", "Scenario", [*names.values()], names[main_scenario(plan)])
    return Chart(
        name="unmet_by_element",
        title=_title(plan),
        caption=say("by_element", opens=names[main_scenario(plan)]),
        spec=outcomes.unmet(rows, "element", 3, SOURCE, [scenarios]),
        source=SOURCE,
    )


def _title(plan: Plan) -> str:
    """The worst case in the scenario in which the page opens."""
    for case in worst_cases(plan)[:1]:
        element = names_of(plan.case).element(case.element)
        return say("title", at=case.at, element=element, compared=plan.compared)
    return "Nothing is unmet"


def _scenarios(plan: Plan) -> dict[str, str]:
    """Names of the scenarios that can be chosen: those that lose most, and the one in which the page opens."""
    names = {EXPECTED: ALL}
    for scenario in [*scenarios_by_loss(plan)[:MOST_SCENARIOS], main_scenario(plan)]:
        names[scenario] = names_of(plan.case).scenario(scenario)
    return names


def _shown(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of unmet demand as a chart takes them: a row a plan, names for ids, only where any is unmet."""
    names = _scenarios(plan)
    rows = rows[rows["scenario"].isin(names)]
    parts = [rows.assign(plan=outcomes.UNMET_WITH)]
    if plan.compared:
        undone = rows.assign(plan=outcomes.UNMET_WITHOUT, tonnes=rows[undone_column(plan)])
        parts.insert(0, undone)
    found = pd.concat(parts)
    found = found[found["tonnes"] > SMALLEST_T]
    demand = found["demand_t"].where(found["demand_t"] > 0, 1.0)
    found["share"] = found["tonnes"] / demand
    ordered = costliest_first(plan, found, "scenario", "year")
    named = names_of(plan.case).told(ordered)
    named["scenario"] = ordered["scenario"].map(names)
    return named[DRAWN]
