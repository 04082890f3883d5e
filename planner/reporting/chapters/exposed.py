"""How exposed are we? Unmet demand and loss without a plan, and who is short."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.reporting.charts import outcomes, style
from planner.reporting.parts import Card, Chapter, Chart, told_chart
from planner.reporting.run_view import RunView, summary_keys, table_rows
from planner.reporting.words.numbers import money, percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.run import EXPECTED
from planner.results.figures.unmet import (
    SMALLEST_T,
    main_scenario,
    short_by,
    short_by_country,
    short_columns,
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
    lead = "" if run.worst_cases else say("nothing_unmet")
    return Chapter.of("exposed", "How exposed are we?", parts, lead=lead, cards=list(_cards(run)))


def _cards(run: RunView) -> Iterator[Card]:
    """Expected loss and loss of the tail apart, before they are added to risk."""
    if not run.compared:
        return
    yield Card(
        title="Expected loss without a plan",
        value=money(run.without["expected_loss_musd"]),
        note="mean over all scenarios, in-sample",
        source=summary_keys("without_plan.expected_loss_musd"),
    )
    yield Card(
        title="Loss in the tail without a plan",
        value=money(run.without["cvar_musd"]),
        note=f"mean of the worst {tail(run)} of cases (CVaR), in-sample",
        source=summary_keys("without_plan.cvar_musd"),
    )
    losses = run.without["scenario_loss_musd"]
    hit = [scenario for scenario, loss in losses.items() if loss > SMALLEST_T]
    likely = sum(run.weights[scenario] for scenario in hit)
    yield Card(
        title="Probability of a shortage",
        value=percent(likely),
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


def by_country(run: RunView) -> Chart | None:
    """Unmet demand of an element country by country in a scenario."""
    every = short_by_country(run)
    rows = _shown(run, every[every["country"].isin(_shortest(run, every))])
    if rows.empty:
        return None
    there = set(rows["scenario"])
    scenarios = [name for name in _scenarios(run).values() if name in there]
    main = run.names.scenario(main_scenario(run))
    opening = main if main in there else scenarios[0]
    elements = style.in_order(rows["element"])
    in_main = style.in_order(rows.loc[rows["scenario"] == main, "element"])
    first = [*in_main, *elements][0]
    by_scenario = style.chooser("scenario", "Scenario", scenarios, opening)
    by_element = style.chooser("element", "Element", elements, first)
    return told_chart(
        say,
        "by_country",
        outcomes.unmet(rows, "country", 4, SOURCE, [by_scenario, by_element]),
        SOURCE,
        name="unmet_by_country",
        run=run,
        countries=rows["country"].nunique(),
        compared=run.compared,
        shown=len(scenarios),
        scenarios=len(run.weights),
    )


def _shortest(run: RunView, rows: pd.DataFrame) -> pd.Index:
    """The countries that are drawn: those with the most unmet demand, with the plan and without it together."""
    by_country = rows.groupby("country")[["tonnes", run.undone]].sum()
    unmet = by_country.sum(axis=1)
    most_first = unmet.sort_values(ascending=False, kind="stable")
    return most_first.index[:MOST_COUNTRIES]


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
    return named[[*DRAWN, "country"] if "country" in named else DRAWN]
