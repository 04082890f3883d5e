"""The chart of plants: when they are built."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

PHASES = {"under construction": 0.3, "ramping up": 0.65, "full use": 1.0}
"""Phases of a plant, and how strong their colour is."""
PHASE_TIPS = {
    "plant": "plant",
    "phase": "phase",
    "start": "from",
    "end": "to",
    "size": "new capacity",
    "capex_musd": "capital, MUSD",
}


def timeline(phases: pd.DataFrame, source: str) -> style.Drawing:
    """When each plant is built, ramped up and used in full: a bar for each phase, the stronger the more of it works.

    phases: plant, stage, phase (one of `PHASES`), start, end, size (t/y, with its unit), capex_musd.
    """
    order = style.in_order(phases["plant"])
    strength = alt.Scale(domain=list(PHASES), range=list(PHASES.values()))
    years = alt.Scale(domain=[int(phases["start"].min()), int(phases["end"].max())], nice=False)
    axis = alt.Axis(
        format=style.YEAR,
        title=None,
        tickMinStep=1,
        orient="top",
        labelOverlap=True,
        labelSeparation=6,
    )
    bars = style.marked(phases, PHASE_TIPS, source).mark_bar(height=12)
    drawn = bars.encode(
        x=alt.X("start:Q", scale=years, axis=axis),
        x2=alt.X2("end:Q"),
        y=style.rows("plant", order),
        color=style.coloured("stage", style.stage_colours(phases["stage"])),
        opacity=alt.Opacity("phase:O", sort=list(PHASES), scale=strength, legend=None),
    )
    return style.across(drawn, style.rows_high(order, style.ROW + 1))
