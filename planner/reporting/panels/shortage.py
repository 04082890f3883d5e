"""Unmet demand by element and year, with the plan and without one."""

from __future__ import annotations

import pandas as pd

from planner.reporting.charts import outcomes
from planner.reporting.parts import (
    Chart,
    ReportTable,
    amounts,
    changed,
    per_cent,
    text,
    total,
    whole,
)
from planner.reporting.words.names import names_of
from planner.reporting.words.numbers import NOTHING, percent
from planner.results.figures.sums import costliest_first, undone_column
from planner.results.figures.unmet import SMALLEST_T, most_unmet, short_expected, unmet_by_element
from planner.results.plan import Plan
from planner.results.reader import rows_of

SOURCE = "tables/shortfall.csv, weighted by probability: tonnes, without_plan_t, demand_t"
UNMET = ReportTable(
    title="Unmet demand",
    columns=[
        text("element"),
        whole("year"),
        text("plan", "case"),
        amounts("tonnes", "unmet, expected", "t"),
        amounts("demand_t", "demand, expected", "t"),
        per_cent("share", "of demand"),
    ],
)
"""A row an element, year and case."""


def unmet_chart(plan: Plan) -> Chart | None:
    """Unmet demand of each element by year, expected; None where nothing is unmet."""
    rows = short_expected(plan)
    both = [rows.assign(plan=outcomes.UNMET_WITH)]
    if plan.compared:
        both.insert(0, rows.assign(plan=outcomes.UNMET_WITHOUT, tonnes=rows[undone_column(plan)]))
    frame = pd.concat(both)
    frame = frame[frame["tonnes"] > SMALLEST_T]
    if frame.empty:
        return None
    named = names_of(plan.case).told(costliest_first(plan, frame, "year"))
    named = named.assign(share=named["tonnes"] / named["demand_t"])
    return Chart(
        name="unmet_by_element",
        title=_title(plan, rows),
        spec=outcomes.unmet(named, SOURCE),
        caption="Expected over the scenarios; by element, the costliest shortage first.",
        source=SOURCE,
        table=UNMET.over(named),
    )


def _title(plan: Plan, rows: pd.DataFrame) -> str:
    """The year with the largest unmet share, without the plan and with it."""
    worst = rows[undone_column(plan)] / rows["demand_t"].where(rows["demand_t"] > 0)
    at = rows.iloc[int(worst.to_numpy(float, na_value=0.0).argmax())]
    name, left = names_of(plan.case).element(at["element"]), at["tonnes"] / at["demand_t"]
    if not plan.compared:
        return f"Largest expected shortage: {name} in {at['year']:.0f}, {percent(left)} of demand"
    return (
        f"Largest expected shortage without a plan: {name} in {at['year']:.0f}, "
        f"{percent(worst.max())} of demand; with the plan {percent(left)}"
    )


BY_ELEMENT = ReportTable(
    title="Unmet demand by element, all years",
    sum_row="All",
    sheet="short by element",
    meaning="demand and unmet demand of each element over all years, expected, and its worst year",
    source="tables/shortfall.csv, weighted by probability",
    columns=[
        text("element"),
        total("demand_t", "demand", "t"),
        total("without_plan_t", "unmet without a plan", "t"),
        total("tonnes", "unmet with the plan", "t"),
        changed("moved", "change", "t", summed=True),
        per_cent("share", "of demand"),
        text("worst", "deepest shortage in one scenario"),
    ],
)
"""A row an element."""


def by_element(plan: Plan, other: Plan | None = None) -> ReportTable:
    """Expected unmet demand of each element over all years; with another plan also the change from it."""
    names, frame = names_of(plan.case), unmet_by_element(plan)
    deepest = {}
    for row in rows_of(most_unmet(plan)):
        deepest[row.element] = f"{percent(row.share)} in {row.year}, {names.scenario(row.scenario)}"
    demand = frame["demand_t"].where(frame["demand_t"] > 0)
    frame = frame.assign(
        share=(frame["tonnes"] / demand).fillna(0.0),
        worst=[deepest.get(element, NOTHING) for element in frame.index],
    )
    left_out = [] if plan.compared else ["without_plan_t"]
    if other is None:
        left_out.append("moved")
    else:
        was = unmet_by_element(other)["tonnes"]
        frame = frame.assign(moved=frame["tonnes"] - was.reindex(frame.index, fill_value=0.0))
    named = names.told(costliest_first(plan, frame.reset_index()))
    return BY_ELEMENT.over(named, left_out)
