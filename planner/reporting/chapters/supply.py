"""Supply against demand: what is met of the demand for each element over all scenarios."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import supply as charts
from planner.reporting.parts import YEAR, Chapter, Chart, Column, Part, ReportTable, text, total
from planner.reporting.run_view import RunView, table_rows
from planner.reporting.words.names import midway
from planner.reporting.words.sentences import Passages
from planner.results.figures.run import EXPECTED
from planner.results.figures.unmet import balances, ever_short, fan, met_by_scenario, missing

say = Passages("supply.j2")
SOURCE = (
    table_rows("shortfall")
    + ": demand_t; met is demand_t less tonnes (with the plan) or without_plan_t"
)


def chapter(run: RunView) -> Chapter | None:
    """The fans, and two sheets of the workbook."""
    parts: list[Part | None] = [met(run), balance_sheet(run), short_sheet(run)]
    kept = [part for part in parts if part is not None]
    return Chapter(anchor="supply", title="Supply against demand", parts=kept, behind=True)


def met(run: RunView) -> Chart | None:
    """Demand and what is met of it over all scenarios, for the elements that are ever short."""
    elements = [element for element in run.elements if ever_short(run, element)]
    if not elements:
        return None
    plans = [("without a plan", "met_without")] if run.compared else []
    plans.append(("with the plan", "met"))
    parts = []
    for element in elements:
        rows = met_by_scenario(run, element)
        for plan, column in plans:
            spread = fan(run, rows, column)
            parts.append(spread.assign(element=run.names.element(element), plan=plan))
    frame = pd.concat(parts)
    first = frame[
        (frame["element"] == run.names.element(elements[0])) & (frame["plan"] == plans[-1][0])
    ]
    deepest = first.iloc[int((first["demand_most"] - first["least"]).to_numpy().argmax())]
    return Chart(
        name="met",
        title=say(
            "met_title", deepest=deepest.to_dict(), element=midway(run.names.element(elements[0]))
        ),
        caption=say("met", several=len(run.weights) > 1),
        spec=charts.met(frame, [run.names.element(element) for element in elements], SOURCE),
        source=SOURCE,
    )


def balance_sheet(run: RunView) -> ReportTable:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = balances(run)
    order = {element: place for place, element in enumerate(run.elements)}
    rows = rows.assign(place=rows["element"].map(order)).sort_values("place", kind="stable")
    columns = [
        text("element"),
        Column(field="year", title="year", form=YEAR),
        Column(field="demand", title="demand", unit="t", summed=True),
        Column(field="met", title="met with the plan", unit="t", summed=True),
    ]
    if run.compared:
        columns.append(
            Column(field="met_without", title="met without a plan", unit="t", summed=True)
        )
    return ReportTable(
        title="Supply and demand",
        columns=columns,
        frame=rows.assign(element=rows["element"].map(run.names.element)),
        on_page=False,
        sum_row="All",
        sheet="supply and demand",
        meaning="expected demand and what is met of it, by element and year",
    )


def short_sheet(run: RunView) -> ReportTable:
    """Who is short of what, and when, with the plan: expected."""
    rows = missing(run, EXPECTED)
    named = rows.assign(
        country=rows["country"].map(run.names.country),
        element=rows["element"].map(run.names.element),
    )
    return ReportTable(
        title="Who is short",
        columns=[
            text("country"),
            text("element"),
            text("form"),
            Column(field="year", title="year", form=YEAR),
            Column(field="tonnes", title="unmet demand, expected", unit="t", summed=True),
            Column(field="demand_t", title="demand, expected", unit="t"),
            total("musd", "loss, expected", "MUSD"),
        ],
        frame=named,
        on_page=False,
        sum_row="All",
        sheet="who is short",
        meaning="expected unmet demand with the plan by country, element, form and year",
    )
