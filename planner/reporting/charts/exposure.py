"""Chart of unmet demand by year, in small multiples."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

WITH, WITHOUT = "unmet with the plan", "unmet without a plan"
LOOK = {WITHOUT: style.PLAIN, WITH: style.MISSING}
TIPS = {
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
    frame: pd.DataFrame, panels: str, columns: int, source: str, *choosers: alt.Parameter
) -> style.Drawing:
    """Unmet demand by year, per cent of demand, red with the plan before grey without one, side by side for each value of
    `panels`, of what is chosen.

    frame: scenario, element, year, plan (`WITH` or `WITHOUT`), share, tonnes, demand_t, and country where that is told.
    """
    tips = {field: title for field, title in TIPS.items() if field in frame}
    chart = style.with_choosers(style.marked(frame, tips, source), *choosers)
    bars = chart.mark_bar().encode(
        x=style.years(frame),
        y=style.shares("share", "% of demand", stack=None),
        color=style.coloured("plan", LOOK),
        order=alt.Order("share:Q", sort="descending"),
    )
    order = style.in_order(frame[panels]) if panels == "element" else None
    return style.small_multiples(bars, panels, columns, order)
