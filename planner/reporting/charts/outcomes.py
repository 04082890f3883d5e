"""Charts of what happens with the plan and without one: unmet demand and loss."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

WITH, WITHOUT = "with the plan", "without a plan"
LOOK = {WITH: style.ACCENT, WITHOUT: style.PLAIN}
UNMET_WITH, UNMET_WITHOUT = "unmet with the plan", "unmet without a plan"
UNMET_LOOK = {UNMET_WITHOUT: style.PLAIN, UNMET_WITH: style.MISSING}
UNMET_TIPS = {
    "element": "element",
    "year": "year",
    "plan": "",
    "share": "share of demand",
    "tonnes": "unmet, t",
    "demand_t": "demand, t",
}


def unmet(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Unmet demand by year, per cent of demand, red with the plan beside grey without one, a chart for each element.

    frame: element, year, plan (`UNMET_WITH` or `UNMET_WITHOUT`), share, tonnes, demand_t.
    """
    chart = style.by_year(frame, UNMET_TIPS, source)
    up = style.shares("share", "% of demand", stack=None)
    hue = style.coloured("plan", UNMET_LOOK)
    beside = alt.XOffset(field="plan", type="nominal", sort=list(UNMET_LOOK))
    drawn = chart.mark_bar().encode(y=up, color=hue, xOffset=beside)
    return style.small_multiples(
        drawn, "element", columns=3, order=style.in_order(frame["element"])
    )


def losses(frame: pd.DataFrame, marks: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """Loss in each scenario without a plan and with it: two dots on a row and a line between them.

    frame: scenario (with its probability), story, plan, loss. marks: name, loss: mean and tail with the plan.
    """
    across = style.across_amounts("loss", f"loss, {unit}", tickCount=6)
    told = style.marked(marks, {"name": "", "loss": unit}, source)
    rules = told.mark_rule(color=style.MUTED, strokeDash=style.DASHED).encode(x=across)
    order = style.in_order(frame["scenario"])
    tips = {"scenario": "scenario", "story": "", "plan": "", "loss": f"loss, {unit}"}
    base = style.marked(frame, tips, source).encode(x=across, y=style.rows("scenario", order))
    line = base.mark_line(color=style.RULE, strokeWidth=4).encode(detail="scenario:N")
    dots = base.mark_point(filled=True, size=75, opacity=1)
    layers = alt.layer(rules, line, dots.encode(color=style.coloured("plan", LOOK)))
    return style.across(layers, style.rows_high(order, style.ROW + 2))
