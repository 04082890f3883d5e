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
from planner.reporting.sources import table_rows
from planner.reporting.words.names import midway, names_of
from planner.reporting.words.sentences import Passages
from planner.results.figures.sums import EXPECTED, costliest_first, scenarios_by_loss
from planner.results.figures.unmet import balances, ever_short, fan, met_by_scenario, missing
from planner.results.plan import Plan

say = Passages("supply.j2")
SOURCE = (
    table_rows("shortfall")
    + ": demand_t; met is demand_t less tonnes (with the plan) or without_plan_t"
)


def chapter(plan: Plan) -> Chapter | None:
    """The fans, and three sheets of the workbook."""
    parts = [met(plan), balance_sheet(plan), short_sheet(plan), losses_sheet(plan)]
    return Chapter.of("supply", "Supply against demand", parts, behind=True)


def met(run: Plan) -> Chart | None:
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
    frame = names_of(run.case).told(pd.concat(parts))
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


def balance_sheet(plan: Plan) -> ReportTable:
    """Expected demand and what is met of it by element and year; rows of an element stand together."""
    rows = costliest_first(plan, balances(plan))
    return Balance.over(
        names_of(plan.case).told(rows),
        columns=Balance.all() if plan.compared else Balance.all("met_without"),
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


def short_sheet(plan: Plan) -> ReportTable:
    """Expected unmet demand with the plan by country, good and year."""
    return Short.over(names_of(plan.case).told(missing(plan, EXPECTED)))


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


def losses_sheet(plan: Plan) -> ReportTable:
    """Loss of each scenario without the plan and with it."""
    before = plan.without.get("scenario_loss_musd", {})
    rows = []
    for scenario in scenarios_by_loss(plan):
        rows.append(
            {
                "scenario": names_of(plan.case).scenario(scenario),
                "probability": plan.weights.get(scenario),
                "before": before.get(scenario),
                "loss": plan.summary["scenario_loss_musd"][scenario],
                "story": names_of(plan.case).stories.get(scenario, ""),
            }
        )
    left_out = [] if plan.compared else ["before"]
    if not any(names_of(plan.case).stories.values()):
        left_out.append("story")
    return LossByScenario.from_rows(rows, LossByScenario.all(*left_out))
