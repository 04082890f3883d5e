"""How exposed are we? Unmet demand and loss without a plan."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import outcomes, style
from planner.reporting.parts import Card, Chapter, Chart
from planner.reporting.run_view import RunView, summary_keys, table_rows
from planner.reporting.words.numbers import percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.run import EXPECTED
from planner.results.figures.unmet import SMALLEST_T, main_scenario, short_by, short_columns

say = Passages("exposed.j2")
MOST_SCENARIOS = 40
"""Scenarios that can be chosen, those that lose most."""
ALL = "all, expected"
"""The mean over all scenarios, among those to choose from."""
SOURCE = table_rows("shortfall") + ": tonnes, without_plan_t, demand_t"
DRAWN = ["scenario", "element", "year", "plan", "share", "tonnes", "demand_t"]


def chapter(run: RunView) -> Chapter | None:
    """How probable a shortage is without a plan, and unmet demand by element."""
    parts = [by_element(run)]
    lead = "" if run.worst_cases else say("nothing_unmet")
    cards = [_shortage_card(run)] if run.compared else []
    return Chapter.of("exposed", "How exposed are we?", parts, lead=lead, cards=cards)


def _shortage_card(run: RunView) -> Card:
    """How probable it is that anybody is short without a plan."""
    losses = run.without["scenario_loss_musd"]
    hit = [scenario for scenario, loss in losses.items() if loss > SMALLEST_T]
    return Card(
        title="Probability of a shortage without a plan",
        value=percent(sum(run.weights[scenario] for scenario in hit)),
        note=say("shortage", hit=len(hit), scenarios=len(run.weights)),
        source=summary_keys("without_plan.scenario_loss_musd"),
    )


def tail(run: RunView) -> str:
    """The share of cases that CVaR is the mean of."""
    return percent(round(1 - run.case.model.objective.tail, 6))


def by_element(run: RunView) -> Chart | None:
    """Unmet demand of each element by year in a scenario."""
    keys, columns = ["scenario", "element", "year"], short_columns(run)
    short = run.tables["shortfall"]
    mean = run.expected(short, keys[1:], columns).assign(scenario=EXPECTED)
    rows = _shown(run, pd.concat([mean, short_by(run, keys)]))
    if rows.empty:
        return None
    names = _scenarios(run)
    scenarios = style.chooser("scenario", "Scenario", [*names.values()], names[main_scenario(run)])
    return Chart(
        name="unmet_by_element",
        title=_title(run),
        caption=say("by_element"),
        spec=outcomes.unmet(rows, "element", 3, SOURCE, [scenarios]),
        source=SOURCE,
    )


def _title(run: RunView) -> str:
    """The worst case in the scenario in which the page opens."""
    for case in run.worst_cases[:1]:
        element = run.names.element(case.element)
        return say("title", at=case.at, element=element, compared=run.compared)
    return "Nothing is unmet"


def _scenarios(run: RunView) -> dict[str, str]:
    """Names of the scenarios that can be chosen: those that lose most, and the one in which the page opens."""
    names = {EXPECTED: ALL}
    for scenario in [*run.by_loss[:MOST_SCENARIOS], main_scenario(run)]:
        names[scenario] = run.names.scenario(scenario)
    return names


def _shown(run: RunView, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of unmet demand as a chart takes them: a row a plan, names for ids, only where any is unmet."""
    names = _scenarios(run)
    rows = rows[rows["scenario"].isin(names)]
    parts = [rows.assign(plan=outcomes.UNMET_WITH)]
    if run.compared:
        undone = rows.assign(plan=outcomes.UNMET_WITHOUT, tonnes=rows[run.undone])
        parts.insert(0, undone)
    found = pd.concat(parts)
    found = found[found["tonnes"] > SMALLEST_T]
    demand = found["demand_t"].where(found["demand_t"] > 0, 1.0)
    found["share"] = found["tonnes"] / demand
    ordered = run.costliest_first(found, "scenario", "year")
    named = run.names.told(ordered)
    named["scenario"] = ordered["scenario"].map(names)
    return named[DRAWN]
