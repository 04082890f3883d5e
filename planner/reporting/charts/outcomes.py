"""Charts of what happens with the plan and without one: unmet demand, loss, demand that is met, where goods come from."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import shapes, style

WITH, WITHOUT = "with the plan", "without a plan"
LOOK = {WITH: style.ACCENT, WITHOUT: style.PLAIN}
UNMET_WITH, UNMET_WITHOUT = "unmet with the plan", "unmet without a plan"
UNMET_LOOK = {UNMET_WITHOUT: style.PLAIN, UNMET_WITH: style.MISSING}
UNMET_TIPS = {
    "scenario": "scenario",
    "country": "country",
    "element": "element",
    "year": "year",
    "plan": "",
    "share": "share of demand",
    "tonnes": "unmet, t",
    "demand_t": "demand, t",
}


def unmet(
    frame: pd.DataFrame, panels: str, columns: int, source: str, choosers: Sequence[alt.Parameter]
) -> style.Drawing:
    """Unmet demand by year, per cent of demand, red with the plan before grey without one, side by side for each value of
    `panels`, of what is chosen.

    frame: scenario, element, year, plan (`UNMET_WITH` or `UNMET_WITHOUT`), share, tonnes, demand_t, and country where
    that is told.
    """
    tips = {field: title for field, title in UNMET_TIPS.items() if field in frame}
    chart = style.by_year(frame, tips, source, choosers=choosers)
    up = style.shares("share", "% of demand", stack=None)
    hue = style.coloured("plan", UNMET_LOOK)
    smallest_in_front = alt.Order("share:Q", sort="descending")
    bars = chart.mark_bar()
    drawn = bars.encode(y=up, color=hue, order=smallest_in_front)
    order = style.in_order(frame[panels]) if panels == "element" else None
    return style.small_multiples(drawn, panels, columns, order)


def losses(frame: pd.DataFrame, marks: pd.DataFrame, source: str) -> style.Drawing:
    """Loss in each scenario without a plan and with it, on a scale on which small and large losses are seen.

    frame: scenario (with its probability), story, plan, loss_musd. marks: name, loss_musd: mean and tail with the plan.
    """
    most = max(10.0, float(frame["loss_musd"].max()))
    across = style.logarithmic("loss_musd", "loss, MUSD (logarithmic above 10)", most)
    told = style.marked(marks, {"name": "", "loss_musd": "MUSD"}, source)
    rules = told.mark_rule(color=style.MUTED, strokeDash=style.DASHED).encode(x=across)
    return shapes.two_dots(
        frame,
        across,
        row="scenario",
        kind="plan",
        look=LOOK,
        tips={"scenario": "scenario", "story": "", "plan": "", "loss_musd": "loss, MUSD"},
        source=source,
        marks=[rules],
    )


MET_TIPS = {
    "element": "element",
    "year": "year",
    "plan": "",
    "mean": "met, expected, t",
    "low": "in 1 of 10 scenarios at most, t",
    "least": "in the worst scenario, t",
    "demand_most": "demand at most, t",
}


def met(frame: pd.DataFrame, elements: Sequence[str], source: str) -> style.Drawing:
    """Demand and what is met of it over all scenarios, without the plan and with it, of an element that can be chosen.

    frame: element, plan, year, mean, low, high, least, most, demand_least, demand_most (t).
    """
    chosen = style.chooser("element", "Element", elements, elements[0])
    base = style.by_year(frame, MET_TIPS, source, choosers=[chosen])
    demand = base.mark_line(color=style.RULE, strokeWidth=7)
    every = base.mark_area(opacity=0.15)
    most = base.mark_area(opacity=0.3)
    mean = base.mark_line(strokeWidth=2.4, point=True)
    hue = style.coloured("plan", LOOK, legend=None)
    layers = alt.layer(
        demand.encode(y=style.amounts("demand_most", "t a year")),
        every.encode(y=alt.Y("least:Q"), y2=alt.Y2("most:Q"), color=hue),
        most.encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=hue),
        mean.encode(y=alt.Y("mean:Q"), color=hue),
    )
    return style.small_multiples(layers, "plan", columns=2, order=[WITHOUT, WITH])
