"""Loss by scenario, without the plan and with it."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import risk as charts
from planner.reporting.parts import Chapter, Chart, Column, ReportTable, figures, share, text
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
    return Chapter(
        anchor="losses", title="Loss by scenario", parts=[chart(run), table(run)], behind=True
    )


def chart(run: RunView) -> Chart:
    """Loss in each scenario, the largest first."""
    shown = run.by_loss[:MOST_SCENARIOS]
    plans = [(charts.WITH, run.summary)]
    if run.compared:
        plans.insert(0, (charts.WITHOUT, run.without))
    rows = []
    for scenario in shown:
        for plan, figures_of in plans:
            probability = percent(run.weights.get(scenario))
            rows.append(
                {
                    "scenario": f"{run.names.scenario(scenario)} ({probability})",
                    "story": run.names.stories.get(scenario, ""),
                    "plan": plan,
                    "loss_musd": figures_of["scenario_loss_musd"][scenario],
                }
            )
    marks = [
        {"name": "expected loss with the plan", "loss_musd": run.summary["expected_loss_musd"]},
        {"name": "mean loss of the tail with the plan", "loss_musd": run.summary["cvar_musd"]},
    ]
    spared = [sum(z <= NO_LOSS for z in of["scenario_loss_musd"].values()) for _, of in plans]
    worst = [max(of["scenario_loss_musd"].values()) for _, of in plans]
    return Chart(
        name="losses",
        title=say("title", spared=spared[::-1], worst=worst[::-1], scenarios=len(run.by_loss)),
        caption=say("caption", shown=len(shown), scenarios=len(run.by_loss)),
        spec=charts.losses(pd.DataFrame(rows), pd.DataFrame(marks), SOURCE),
        source=SOURCE,
    )


def table(run: RunView) -> ReportTable:
    """Loss and unmet demand by scenario, without the plan and with it."""
    rows = totals(run).set_index(["scenario", "element"])
    columns = ["tonnes", WITHOUT] if run.compared else ["tonnes"]
    short = rows[columns].groupby("element").sum().sum(axis=1)
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
            told = [amount(float(rows[c].get((scenario, element), 0.0))) for c in reversed(columns)]
            row[element] = " → ".join(told)
        cells.append(row)
    heads: list[Column] = [text("scenario"), share("probability", "probability", summed=True)]
    if run.compared:
        heads.append(figures("before", "loss without a plan", "MUSD"))
    heads.append(figures("loss", "loss with the plan", "MUSD"))
    for element in elements:
        title = run.names.element(element)
        heads.append(figures(element, title, "t unmet", only="page"))
    if any(run.names.stories.values()):
        heads.append(text("story", "what happens"))
    names = ["scenario", "probability", "before", "loss", "story", *elements]
    return ReportTable(
        title="Loss and unmet demand by scenario",
        columns=heads,
        frame=pd.DataFrame(cells, columns=names),
        note=say("table", compared=run.compared),
        source="summary.json: scenario_loss_musd, without_plan; tables/shortfall.csv",
        folded=True,
        sum_row="All",
        sheet="loss by scenario",
        meaning="what each scenario costs the users",
    )
