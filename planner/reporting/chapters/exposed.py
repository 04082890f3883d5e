"""How exposed are we? Unmet demand and loss without a plan, and who is short."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.reporting.charts import exposure as charts
from planner.reporting.parts import Card, Chapter, Chart, Part
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


def chapter(run: RunView) -> Chapter | None:
    """Loss without a plan in its parts, unmet demand by element and by country."""
    parts: list[Part] = []
    for chart in (by_element(run), by_country(run)):
        if chart is not None:
            parts.append(chart)
    cases = worst_cases(run)
    return Chapter(
        anchor="exposed",
        title="How exposed are we?",
        lead=say("lead", run=run, case=cases[0] if cases else None, compared=run.compared),
        cards=list(_cards(run)),
        parts=parts,
    )


def _cards(run: RunView) -> Iterator[Card]:
    """Expected loss and loss of the tail apart, before they are added to risk."""
    if not run.compared:
        return
    tail = percent(round(1 - run.case.model.objective.tail, 6))
    for key, title, note in (
        ("expected_loss_musd", "Expected loss without a plan", "mean over all scenarios"),
        (
            "cvar_musd",
            "Loss in the tail without a plan",
            f"mean of the worst {tail} of cases (CVaR)",
        ),
    ):
        yield Card(
            title=title,
            value=money(run.without[key]),
            note=note,
            source=summary_keys(f"without_plan.{key}"),
        )
    hit = [w for w, loss in run.without["scenario_loss_musd"].items() if loss > SMALLEST_T]
    likely = sum(run.weights.get(w, 0.0) for w in hit)
    yield Card(
        title="Probability of a shortage",
        value=percent(likely),
        note=say("shortage", hit=len(hit), scenarios=len(run.weights)),
        source=summary_keys("without_plan.scenario_loss_musd"),
    )


def by_element(run: RunView) -> Chart | None:
    """Unmet demand of each element by year in a scenario."""
    keys = ["scenario", "element", "year"]
    columns = short_columns(run)
    each = run.tables["shortfall"].groupby(keys, as_index=False)[columns].sum()
    mean = run.expected(run.tables["shortfall"], keys[1:], columns).assign(scenario=EXPECTED)
    rows = _shown(run, pd.concat([mean, each]))
    if rows.empty:
        return None
    main = main_scenario(run)
    cases = worst_cases(run)
    return Chart(
        name="unmet_by_element",
        title=_title(run, cases[0].scenario, cases[0].element) if cases else "Nothing is unmet",
        caption=say("by_element"),
        spec=charts.unmet_by_element(rows, _choices(run), _scenario(run, main), SOURCE),
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
    main = main_scenario(run)
    in_main = set(rows.loc[rows["scenario"] == _scenario(run, main), "element"])
    elements = [
        name for name in map(run.names.element, run.elements) if name in set(rows["element"])
    ]
    start = next((element for element in elements if element in in_main), elements[0])
    rows = rows.assign(country=rows["country"].map(run.names.country))
    chosen = [name for name in _choices(run) if name in set(rows["scenario"])]
    opening = _scenario(run, main) if _scenario(run, main) in chosen else chosen[0]
    return Chart(
        name="unmet_by_country",
        title=say("country_title", countries=rows["country"].nunique(), compared=run.compared),
        caption=say("by_country", run=run, shown=len(chosen), scenarios=len(run.weights)),
        spec=charts.unmet_by_country(
            rows, scenarios=chosen, elements=elements, start=(opening, start), source=SOURCE
        ),
        source=SOURCE,
    )


def _title(run: RunView, scenario: str, element: str) -> str:
    at = worst_shares(run)[scenario, element]
    return say("title", at=at, element=run.names.element(element), compared=run.compared)


def _choices(run: RunView) -> list[str]:
    """Names of the scenarios that can be chosen, those that lose most."""
    return [ALL, *(_scenario(run, w) for w in run.by_loss[:MOST_SCENARIOS])]


def _scenario(run: RunView, scenario: str) -> str:
    return ALL if scenario == EXPECTED else run.names.scenario(scenario)


def _shown(run: RunView, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of unmet demand as a chart takes them: a row a plan, names for ids, only where any is unmet."""
    told = set(run.by_loss[:MOST_SCENARIOS]) | {EXPECTED}
    rows = rows[rows["scenario"].isin(told)]
    plans = [(charts.WITHOUT, run.undone), (charts.WITH, "tonnes")]
    parts = []
    for plan, column in plans if run.compared else plans[1:]:
        part = rows.assign(plan=plan, tonnes=rows[column])
        parts.append(part[part["tonnes"] > SMALLEST_T])
    found = pd.concat(parts)
    order = {element: place for place, element in enumerate(run.elements)}
    found = found.assign(
        share=found["tonnes"] / found["demand_t"].where(found["demand_t"] > 0, 1.0),
        place=found["element"].map(order),
    ).sort_values(["place", "scenario", "year"], kind="stable")
    found["element"] = found["element"].map(run.names.element)
    names = {w: _scenario(run, w) for w in found["scenario"].unique()}
    found["scenario"] = found["scenario"].map(names)
    columns = ["scenario", "element", "year", "plan", "share", "tonnes", "demand_t"]
    country = ["country"] if "country" in found else []
    return found[[*columns, *country]]
