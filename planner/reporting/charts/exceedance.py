"""The chart of the loss distribution: probability of a larger loss, with the plan and without one."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

WITH, WITHOUT = "with the plan", "without a plan"
LOOK = {WITHOUT: style.PLAIN, WITH: style.ACCENT}
HEIGHT = 330
"""Height of the chart, px."""


def exceedance(curves: pd.DataFrame, tail: float, unit: str, source: str) -> style.Drawing:
    """Probability of a larger loss against the loss, as steps.

    curves: plan (a key of `LOOK`), loss, probability. tail: probability of the worst cases, marked by a line.
    """
    tips = {"plan": "", "loss": f"loss, {unit}", "probability": "probability of more"}
    across = alt.X("loss:Q", title=f"loss, {unit}", axis=alt.Axis(format=style.DIGITS, tickCount=6))
    up = alt.Y(
        "probability:Q",
        title="probability of a larger loss",
        axis=alt.Axis(format=style.PERCENT, tickCount=5),
        scale=style.FULL,
    )
    lines = style.marked(curves, tips, source).mark_line(interpolate="step-after", strokeWidth=2.5)
    drawn = lines.encode(x=across, y=up, color=style.coloured("plan", LOOK))
    worst = style.constant("y", tail, color=style.MISSING, strokeDash=style.DASHED)
    return style.across(alt.layer(worst, drawn), HEIGHT)
