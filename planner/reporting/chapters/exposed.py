"""How exposed are we? Unmet demand without a plan and with it, who is short, and the loss of each scenario."""

from __future__ import annotations

import pandas as pd

from planner.reporting.chapters import buys
from planner.reporting.charts import outcomes
from planner.reporting.parts import (
    Chapter,
    Chart,
    ReportTable,
    figures,
    in_musd,
    per_cent,
    text,
    told_chart,
    total,
    whole,
)
from planner.reporting.sources import summary_keys, table_rows
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import money, percent, unbroken, unit_of_money
from planner.reporting.words.sentences import Passages
from planner.results.figures.sums import EXPECTED, costliest_first, scenarios_by_loss, undone_column
from planner.results.figures.unmet import SMALLEST_T, missing, short_expected
from planner.results.plan import Plan

say = Passages("exposed.j2")
LOSSES = summary_keys("scenario_loss_musd", "expected_loss_musd", "cvar_musd", "without_plan")
MARKS = {
    "expected_loss_musd": "expected loss with the plan",
    "cvar_musd": "mean loss of the worst cases with the plan",
}
"""Figures of the plan that are drawn beside the losses of its scenarios."""
MOST_SCENARIOS = 40
"""Scenarios that are drawn: those that lose most."""
SOURCE = table_rows("shortfall", EXPECTED) + ": tonnes, without_plan_t, demand_t"


def chapter(plan: Plan) -> Chapter | None:
    """Unmet demand by element and year, and two sheets of the workbook."""
    parts = [
        by_element(plan),
        buys.in_sample(plan),
        losses_chart(plan),
        short_sheet(plan),
        losses_sheet(plan),
    ]
    return Chapter.of("exposed", "How exposed are we?", parts, behind=True)


def by_element(plan: Plan) -> Chart | None:
    """Unmet demand of each element by year, expected; None where nobody is short."""
    rows = short_expected(plan)
    undone = undone_column(plan)
    worst = rows[undone] / rows["demand_t"].where(rows["demand_t"] > 0)
    both = [rows.assign(plan=outcomes.UNMET_WITH)]
    if plan.compared:
        both.insert(0, rows.assign(plan=outcomes.UNMET_WITHOUT, tonnes=rows[undone]))
    frame = pd.concat(both)
    frame = frame[frame["tonnes"] > SMALLEST_T]
    if frame.empty:
        return None
    named = names_of(plan.case).told(costliest_first(plan, frame, "year"))
    named = named.assign(share=named["tonnes"] / named["demand_t"])
    at = rows.iloc[int(worst.to_numpy(float, na_value=0.0).argmax())]
    return told_chart(
        say,
        "by_element",
        outcomes.unmet(named, SOURCE),
        SOURCE,
        name="unmet_by_element",
        element=names_of(plan.case).element(at["element"]),
        year=at["year"],
        without=worst.max(),
        left=at["tonnes"] / at["demand_t"],
        compared=plan.compared,
    )


SHORT = ReportTable(
    title="Who is short",
    on_page=False,
    sum_row="All",
    sheet="who is short",
    meaning="expected unmet demand with the plan by country, element, form and year",
    columns=[
        text("country"),
        text("element"),
        text("form"),
        whole("year"),
        figures("tonnes", "unmet demand, expected", "t", summed=True),
        figures("demand_t", "demand, expected", "t"),
        total("musd", "loss, expected", "MUSD"),
    ],
)
"""A row a country, element, form and year."""


def short_sheet(plan: Plan) -> ReportTable:
    """Expected unmet demand with the plan by country, good and year."""
    return SHORT.over(names_of(plan.case).told(missing(plan)))


LOSS_BY_SCENARIO = ReportTable(
    title="Loss by scenario",
    on_page=False,
    sum_row="All",
    sheet="loss by scenario",
    meaning="what each scenario costs the users",
    columns=[
        text("scenario"),
        per_cent("probability", summed=True),
        in_musd("before", "loss without a plan"),
        in_musd("loss", "loss with the plan"),
        text("story", "what happens"),
    ],
)
"""A row a scenario."""


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
    return LOSS_BY_SCENARIO.over(pd.DataFrame(rows, dtype=object), left_out)


def losses_chart(plan: Plan) -> Chart:
    """Loss in each scenario, the largest first."""
    rows = losses_sheet(plan).frame.head(MOST_SCENARIOS)
    chances = rows["probability"].map(percent).map(unbroken)
    rows = rows.assign(scenario=rows["scenario"] + " (" + chances + ")")
    both = {outcomes.WITHOUT: "before", outcomes.WITH: "loss"}
    unit, per = unit_of_money(max(plan.summary["scenario_loss_musd"].values()))
    drawn = [
        rows.assign(plan=kind, loss=rows[column].astype(float) / per)
        for kind, column in both.items()
        if column in rows and rows[column].notna().all()
    ]
    worst = int(drawn[-1]["loss"].to_numpy().argmax())
    marks = pd.DataFrame(
        {"name": list(MARKS.values()), "loss": [plan.summary[key] / per for key in MARKS]}
    )
    frame = pd.concat(drawn)[["scenario", "story", "plan", "loss"]]
    return told_chart(
        say,
        "losses",
        outcomes.losses(frame, marks, unit, LOSSES),
        LOSSES,
        worst=[money(part["loss"].iloc[worst] * per) for part in reversed(drawn)],
    )
