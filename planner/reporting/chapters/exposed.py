"""How exposed are we? Unmet demand and loss without a plan, and who is short."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.reporting.charts import outcomes, style
from planner.reporting.parts import Card, Chapter, Chart
from planner.reporting.run_view import RunView, summary_keys, table_rows
from planner.reporting.words.numbers import money, percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.run import EXPECTED
from planner.results.figures.unmet import (
    SMALLEST_T,
    main_scenario,
    short_by_country,
    short_columns,
    worst_cases,
    worst_shares,
)

say = Passages("exposed.j2")
MOST_SCENARIOS, MOST_COUNTRIES = 40, 12
"""Scenarios that can be chosen and countries that are drawn, those that lose most."""
ALL = "all, expected"
"""The mean over all scenarios, among those to choose from."""
SOURCE = table_rows("shortfall") + ": tonnes, without_plan_t, demand_t"
DRAWN = ["scenario", "element", "year", "plan", "share", "tonnes", "demand_t"]


def chapter(run: RunView) -> Chapter | None:
    """Loss without a plan in its parts, unmet demand by element and by country."""
    parts = [by_element(run), by_country(run)]
    lead = "" if worst_cases(run) else say("nothing_unmet")
    return Chapter.of("exposed", "How exposed are we?", parts, lead=lead, cards=list(_cards(run)))


def _cards(run: RunView) -> Iterator[Card]:
    """Expected loss and loss of the tail apart, before they are added to risk."""
    if not run.compared:
        return
    tail = percent(round(1 - run.case.model.objective.tail, 6))
    yield Card(
        title="Expected loss without a plan",
        value=money(run.without["expected_loss_musd"]),
        note="mean over all scenarios",
        source=summary_keys("without_plan.expected_loss_musd"),
    )
    yield Card(
        title="Loss in the tail without a plan",
        value=money(run.without["cvar_musd"]),
        note=f"mean of the worst {tail} of cases (CVaR)",
        source=summary_keys("without_plan.cvar_musd"),
    )
    losses = run.without["scenario_loss_musd"]
    hit = [scenario for scenario, loss in losses.items() if loss > SMALLEST_T]
    likely = sum(run.weights.get(scenario, 0.0) for scenario in hit)
    yield Card(
        title="Probability of a shortage",
        value=percent(likely),
        note=say("shortage", hit=len(hit), scenarios=len(run.weights)),
        source=summary_keys("without_plan.scenario_loss_musd"),
    )


def by_element(run: RunView) -> Chart | None:
    """Unmet demand of each element by year in a scenario."""
    keys, columns = ["scenario", "element", "year"], short_columns(run)
    short = run.tables["shortfall"]
    each = short.groupby(keys, as_index=False)[columns].sum()
    mean = run.expected(short, keys[1:], columns).assign(scenario=EXPECTED)
    rows = _shown(run, pd.concat([mean, each]))
    if rows.empty:
        return None
    cases = worst_cases(run)
    opening = _scenario(run, main_scenario(run))
    scenarios = style.chooser("scenario", "Scenario", _choices(run), opening)
    return Chart(
        name="unmet_by_element",
        title=_title(run, cases[0].scenario, cases[0].element) if cases else "Nothing is unmet",
        caption=say("by_element"),
        spec=outcomes.unmet(rows, "element", 3, SOURCE, [scenarios]),
        source=SOURCE,
    )


def by_country(run: RunView) -> Chart | None:
    """Unmet demand of an element country by country in a scenario."""
    rows = short_by_country(run)
    most = rows.groupby("country")[["tonnes", run.undone]].sum().sum(axis=1)
    countries = most.sort_values(ascending=False, kind="stable").index[:MOST_COUNTRIES]
    rows = _shown(run, rows[rows["country"].isin(countries)])
    if rows.empty:
        return None
    rows = rows.assign(country=rows["country"].map(run.names.country))
    there = set(rows["scenario"])
    chosen = [name for name in _choices(run) if name in there]
    main = _scenario(run, main_scenario(run))
    opening = main if main in there else chosen[0]
    known = set(rows["element"])
    elements = [name for name in map(run.names.element, run.elements) if name in known]
    in_main = set(rows.loc[rows["scenario"] == main, "element"])
    start = next((element for element in elements if element in in_main), elements[0])
    scenarios = style.chooser("scenario", "Scenario", chosen, opening)
    of_element = style.chooser("element", "Element", elements, start)
    spec = outcomes.unmet(rows, "country", 4, SOURCE, [scenarios, of_element])
    return Chart(
        name="unmet_by_country",
        title=say("country_title", countries=rows["country"].nunique(), compared=run.compared),
        caption=say("by_country", run=run, shown=len(chosen), scenarios=len(run.weights)),
        spec=spec,
        source=SOURCE,
    )


def _title(run: RunView, scenario: str, element: str) -> str:
    at = worst_shares(run)[scenario, element]
    return say("title", at=at, element=run.names.element(element), compared=run.compared)


def _choices(run: RunView) -> list[str]:
    """Names of the scenarios that can be chosen, those that lose most."""
    return [ALL, *(_scenario(run, scenario) for scenario in run.by_loss[:MOST_SCENARIOS])]


def _scenario(run: RunView, scenario: str) -> str:
    return ALL if scenario == EXPECTED else run.names.scenario(scenario)


def _shown(run: RunView, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of unmet demand as a chart takes them: a row a plan, names for ids, only where any is unmet."""
    told = {*run.by_loss[:MOST_SCENARIOS], EXPECTED}
    rows = rows[rows["scenario"].isin(told)]
    columns = {outcomes.UNMET_WITH: "tonnes"}
    if run.compared:
        columns = {outcomes.UNMET_WITHOUT: run.undone, **columns}
    parts = []
    for plan, column in columns.items():
        part = rows.assign(plan=plan, tonnes=rows[column])
        parts.append(part[part["tonnes"] > SMALLEST_T])
    found = pd.concat(parts)
    order = {element: place for place, element in enumerate(run.elements)}
    demand = found["demand_t"].where(found["demand_t"] > 0, 1.0)
    found = found.assign(share=found["tonnes"] / demand, place=found["element"].map(order))
    found = found.sort_values(["place", "scenario", "year"], kind="stable")
    found["element"] = found["element"].map(run.names.element)
    names = {scenario: _scenario(run, scenario) for scenario in told}
    found["scenario"] = found["scenario"].map(names)
    return found[[*DRAWN, "country"] if "country" in found else DRAWN]
