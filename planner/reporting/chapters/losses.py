"""Loss by scenario, without the plan and with it."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import risk as charts
from planner.reporting.parts import (
    PAGE,
    Chapter,
    Chart,
    DeclaredTable,
    ReportTable,
    figures,
    per_cent,
    text,
    told_chart,
)
from planner.reporting.run_view import RunView, summary_keys
from planner.reporting.words.numbers import amount, percent
from planner.reporting.words.sentences import Passages
from planner.results.figures.run import WITHOUT
from planner.results.figures.unmet import totals

say = Passages("losses.j2")
MOST_SCENARIOS = 40
"""Scenarios that are drawn, those that lose most."""
NO_LOSS = 0.005
"""MUSD up to which a scenario causes no loss."""
SOURCE = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "without_plan")


def chapter(run: RunView) -> Chapter | None:
    """What each scenario costs: the chart, and the table with tonnes by element."""
    return Chapter.of("losses", "Loss by scenario", [chart(run), table(run)], behind=True)


def chart(run: RunView) -> Chart:
    """Loss in each scenario, the largest first."""
    shown = run.by_loss[:MOST_SCENARIOS]
    losses = {charts.WITH: run.summary["scenario_loss_musd"]}
    if run.compared:
        losses = {charts.WITHOUT: run.without["scenario_loss_musd"], **losses}
    rows = []
    for scenario in shown:
        probability = percent(run.weights.get(scenario))
        told = {
            "scenario": f"{run.names.scenario(scenario)} ({probability})",
            "story": run.names.stories.get(scenario, ""),
        }
        for plan, by_scenario in losses.items():
            rows.append({**told, "plan": plan, "loss_musd": by_scenario[scenario]})
    marks = [
        {"name": "expected loss with the plan", "loss_musd": run.summary["expected_loss_musd"]},
        {"name": "mean loss of the tail with the plan", "loss_musd": run.summary["cvar_musd"]},
    ]
    spared, worst = [], []
    for by_scenario in reversed(losses.values()):
        spared.append(sum(loss <= NO_LOSS for loss in by_scenario.values()))
        worst.append(max(by_scenario.values()))
    return told_chart(
        say,
        "losses",
        charts.losses(pd.DataFrame(rows), pd.DataFrame(marks), SOURCE),
        SOURCE,
        spared=spared,
        worst=worst,
        scenarios=len(run.by_loss),
        shown=len(shown),
    )


class LossTable(DeclaredTable):
    """A row a scenario; a column for each element that is ever unmet comes before the story."""

    title = "Loss and unmet demand by scenario"
    source = "summary.json: scenario_loss_musd, without_plan; tables/shortfall.csv"
    folded = True
    sum_row = "All"
    sheet = "loss by scenario"
    meaning = "what each scenario costs the users"

    scenario = text()
    probability = per_cent("probability", summed=True)
    before = figures("loss without a plan", "MUSD")
    loss = figures("loss with the plan", "MUSD")
    story = text("what happens")


def table(run: RunView) -> ReportTable:
    """Loss and unmet demand by scenario, without the plan and with it."""
    rows = totals(run).set_index(["scenario", "element"])
    unmet = [WITHOUT, "tonnes"] if run.compared else ["tonnes"]
    short = rows[unmet].groupby("element").sum().sum(axis=1)
    elements = [element for element in run.elements if short.get(element, 0.0) > 0]
    losses, before = run.summary["scenario_loss_musd"], run.without.get("scenario_loss_musd", {})
    cells = []
    for scenario in run.by_loss:
        row = {
            "scenario": run.names.scenario(scenario),
            "probability": run.weights.get(scenario),
            "before": before.get(scenario),
            "loss": losses[scenario],
            "story": run.names.stories.get(scenario, ""),
        }
        for element in elements:
            at = (scenario, element)
            row[element] = " → ".join(amount(float(rows[plan].get(at, 0.0))) for plan in unmet)
        cells.append(row)
    left_out = [] if run.compared else ["before"]
    *columns, story = LossTable.all(*left_out)
    for element in elements:
        title = run.names.element(element)
        columns.append(figures(title, "t unmet", field=element, only=PAGE))
    if any(run.names.stories.values()):
        columns.append(story)
    return LossTable.over(
        pd.DataFrame(cells), columns=columns, note=say("table", compared=run.compared)
    )
