"""Supply against demand: what is met of the demand for each element over all scenarios."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import outcomes as charts
from planner.reporting.charts import style
from planner.reporting.parts import (
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    figures,
    in_musd,
    per_cent,
    text,
    told_chart,
    total,
    whole,
)
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
    """The fans, and three sheets of the workbook."""
    parts = [met(run), balance_sheet(run), short_sheet(run), losses_sheet(run)]
    return Chapter.of("supply", "Supply against demand", parts, behind=True)


def met(run: RunView) -> Chart | None:
    """Demand and what is met of it over all scenarios, for the elements that are ever short."""
    elements = ever_short(run)
    if not elements:
        return None
    plans = {charts.WITH: "met"}
    if run.compared:
        plans = {charts.WITHOUT: "met_without", **plans}
    parts = []
    for element in elements:
        rows = met_by_scenario(run, element)
        for plan, column in plans.items():
            parts.append(fan(run, rows, column).assign(element=element, plan=plan))
    frame = run.names.told(pd.concat(parts))
    names = style.in_order(frame["element"])
    first = frame[(frame["element"] == names[0]) & (frame["plan"] == charts.WITH)]
    gap = (first["demand_most"] - first["least"]).to_numpy()
    deepest = first.iloc[int(gap.argmax())].to_dict()
    return told_chart(
        say,
        "met",
        charts.met(frame, names, SOURCE),
        SOURCE,
        deepest=deepest,
        element=midway(names[0]),
        several=len(run.weights) > 1,
    )


class Balance(DeclaredTable):
    """A row an element and year."""

    title = "Supply and demand"
    on_page = False
    sum_row = "All"
    sheet = "supply and demand"
    meaning = "expected demand and what is met of it, by element and year"

    element = text()
    year = whole("year")
    demand = figures("demand", "t", summed=True)
    met = figures("met with the plan", "t", summed=True)
    met_without = figures("met without a plan", "t", summed=True)


def balance_sheet(run: RunView) -> ReportTable:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = run.costliest_first(balances(run))
    return Balance.over(
        run.names.told(rows), columns=Balance.all() if run.compared else Balance.all("met_without")
    )


class Short(DeclaredTable):
    """A row a country, element, form and year."""

    title = "Who is short"
    on_page = False
    sum_row = "All"
    sheet = "who is short"
    meaning = "expected unmet demand with the plan by country, element, form and year"

    country = text()
    element = text()
    form = text()
    year = whole("year")
    tonnes = figures("unmet demand, expected", "t", summed=True)
    demand_t = figures("demand, expected", "t")
    musd = total("loss, expected", "MUSD")


def short_sheet(run: RunView) -> ReportTable:
    """Expected unmet demand with the plan by country, good and year."""
    return Short.over(run.names.told(missing(run, EXPECTED)))


class LossByScenario(DeclaredTable):
    """A row a scenario."""

    title = "Loss by scenario"
    on_page = False
    sum_row = "All"
    sheet = "loss by scenario"
    meaning = "what each scenario costs the users"

    scenario = text()
    probability = per_cent("probability", summed=True)
    before = in_musd("loss without a plan")
    loss = in_musd("loss with the plan")
    story = text("what happens")


def losses_sheet(run: RunView) -> ReportTable:
    """Loss of each scenario without the plan and with it."""
    before = run.without.get("scenario_loss_musd", {})
    rows = []
    for scenario in run.by_loss:
        rows.append(
            {
                "scenario": run.names.scenario(scenario),
                "probability": run.weights.get(scenario),
                "before": before.get(scenario),
                "loss": run.summary["scenario_loss_musd"][scenario],
                "story": run.names.stories.get(scenario, ""),
            }
        )
    left_out = [] if run.compared else ["before"]
    if not any(run.names.stories.values()):
        left_out.append("story")
    return LossByScenario.from_rows(rows, LossByScenario.all(*left_out))
