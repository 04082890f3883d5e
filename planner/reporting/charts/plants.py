"""Charts of plants: when they are built, and capacity by year."""

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


CAPACITY_TIPS = {"stage": "stage", "year": "year", "kind": "", "tpa": "t/y"}
CAPACITY_LOOK = {"existing": style.PLAIN, "new": style.ACCENT}
DASHES = {"used, expected": [1, 0], "used, worst scenario": style.DASHED}


def capacity(frame: pd.DataFrame, used: pd.DataFrame, source: str) -> style.Drawing:
    """Existing and new capacity by year, and what is used of it, by stage.

    frame: stage, year, kind (of `CAPACITY_LOOK`), tpa. used: stage, year, kind (of `DASHES`), tpa.
    """
    both = pd.concat([frame, used])
    base = style.by_year(both, CAPACITY_TIPS, source)
    is_built = alt.FieldOneOfPredicate(field="kind", oneOf=list(CAPACITY_LOOK))
    is_used = alt.FieldOneOfPredicate(field="kind", oneOf=list(DASHES))
    bars = base.transform_filter(is_built).mark_bar()
    lines = base.transform_filter(is_used).mark_line(color=style.INK, strokeWidth=1.6)
    dash = alt.Scale(domain=list(DASHES), range=list(DASHES.values()))
    layers = alt.layer(
        bars.encode(y=style.amounts("tpa", "t/y"), color=style.coloured("kind", CAPACITY_LOOK)),
        lines.encode(y=alt.Y("tpa:Q"), strokeDash=alt.StrokeDash("kind:N", scale=dash)),
    )
    order = style.in_order(frame["stage"])
    return style.freed(style.small_multiples(layers, "stage", columns=3, order=order), "y")
