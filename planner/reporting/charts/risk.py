"""Charts of risk: loss by scenario, and what cumulative levers leave of it."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import shapes, style

WITH, WITHOUT = "with the plan", "without a plan"
LOOK = {WITH: style.ACCENT, WITHOUT: style.PLAIN}
LEVERS_LOOK = {"none": style.PLAIN, "some": "#8db9d8", "all": style.ACCENT}


def losses(frame: pd.DataFrame, marks: pd.DataFrame, source: str) -> style.Drawing:
    """Loss in each scenario without a plan and with it, on a scale on which small and large losses are seen.

    frame: scenario (with its probability), story, plan, loss_musd. marks: name, loss_musd: mean and tail with the plan.
    """
    title, most = "loss, MUSD (logarithmic above 10)", max(10.0, float(frame["loss_musd"].max()))
    across = style.logarithmic("loss_musd", title, most)
    told = style.marked(marks, {"name": "", "loss_musd": "MUSD"}, source)
    rules = told.mark_rule(color=style.MUTED, strokeDash=[4, 3]).encode(x=across)
    tips = {"scenario": "scenario", "story": "", "plan": "", "loss_musd": "loss, MUSD"}
    return shapes.two_dots(
        frame,
        across,
        row="scenario",
        kind="plan",
        look=LOOK,
        tips=tips,
        source=source,
        marks=[rules],
    )


def levers(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Residual risk as levers are added one after the other. frame: lever, risk_musd, kind (none, some, all)."""
    order = list(frame["lever"])
    tips = {"lever": "levers", "risk_musd": "residual risk, MUSD"}
    base = style.marked(frame, tips, source).encode(
        x=style.across_amounts("risk_musd", "residual risk, MUSD"), y=style.rows("lever", order)
    )
    bars = base.mark_bar().encode(color=style.coloured("kind", LEVERS_LOOK, legend=None))
    amount = alt.Text("risk_musd:Q", format=style.DIGITS)
    words = base.mark_text(align="left", dx=4).encode(text=amount)
    return style.across(alt.layer(bars, words), 26 * len(order))
