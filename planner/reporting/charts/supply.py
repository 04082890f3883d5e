"""Charts of supply: demand and what is met of it, and where goods come from."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import shapes, style

LOOK = {"with the plan": style.ACCENT, "without a plan": style.PLAIN}


def met(frame: pd.DataFrame, elements: Sequence[str], source: str) -> style.Drawing:
    """Demand and what is met of it over all scenarios, without the plan and with it, of an element that can be chosen.

    frame: element, plan, year, mean, low, high, least, most, demand_least, demand_most (t).
    """
    tips = {
        "element": "element",
        "year": "year",
        "plan": "",
        "mean": "met, expected, t",
        "low": "in 1 of 10 scenarios at most, t",
        "least": "in the worst scenario, t",
        "demand_most": "demand at most, t",
    }
    chosen = style.chooser("element", "Element", elements, elements[0])
    base = style.with_choosers(style.marked(frame, tips, source), chosen)
    base = base.encode(x=style.years(frame))
    hue = style.coloured("plan", LOOK, legend=None)
    up = style.amounts("demand_most", "t a year")
    demand = base.mark_line(color=style.RULE, strokeWidth=7).encode(y=up)
    every = base.mark_area(opacity=0.15).encode(y="least:Q", y2="most:Q", color=hue)
    most = base.mark_area(opacity=0.3).encode(y="low:Q", y2="high:Q", color=hue)
    mean = base.mark_line(strokeWidth=2.4, point=True).encode(y="mean:Q", color=hue)
    chart = alt.layer(demand, every, most, mean)
    return style.small_multiples(chart, "plan", columns=2, order=list(LOOK)[::-1])


def by_source(
    flows: pd.DataFrame,
    use: pd.DataFrame,
    *,
    kinds: Sequence[str],
    choosers: Sequence[alt.Parameter],
    source: str,
) -> style.Drawing:
    """Where a good comes from in a scenario; both can be chosen. The line is its use.

    flows: scenario, good, year, kind, tonnes. use: scenario, good, year, use_t. kinds: from the ground up.
    """
    tips = {"good": "good", "year": "year", "kind": "", "tonnes": "t"}
    up = style.amounts("tonnes", "t a year")
    bars = shapes.stacked_bars(flows, up, kinds=kinds, tips=tips, source=source, choosers=choosers)
    told = style.marked(use, {"year": "year", "use_t": "use, t"}, source)
    line = style.with_choosers(told, *choosers)
    line = line.mark_line(color=style.INK, interpolate="step", strokeWidth=1.6)
    step = line.encode(x=style.years(flows), y="use_t:Q")
    return style.across(alt.layer(bars, step), 260)
