"""Charts of what to fund: when plants are built, and capacity by year."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

PHASES = {"under construction": 0.3, "ramping up": 0.65, "full use": 1.0}
"""Phases of a plant, and how strong their colour is."""
SIGNS = {"committed": style.INK, "training begins": "#7A5195"}
SHAPES = ["diamond", "triangle-up"]
"""Shapes of the signs, in their order."""
PHASE_TIPS = {
    "plant": "plant",
    "phase": "phase",
    "start": "from",
    "end": "to",
    "size": "new capacity",
    "capex_musd": "capital, MUSD",
}
SIGN_TIPS = {"plant": "plant", "sign": "", "year": "year"}


def timeline(phases: pd.DataFrame, signs: pd.DataFrame, source: str) -> style.Drawing:
    """When each plant is committed, built, ramped up and used in full.

    phases: plant, stage, phase (one of `PHASES`), start, end, size (t/y, with its unit), capex_musd. signs: plant, sign,
    year.
    """
    order = style.in_order(phases["plant"])
    plants = style.rows("plant", order)
    years = _years_above(int(phases["start"].min()), int(phases["end"].max()))
    bars, marks = _phases(phases, years, plants, source), _signs(signs, years, plants, source)
    chart = alt.layer(bars, marks).resolve_scale(color="independent", shape="independent")
    return style.across(chart, style.rows_high(order, style.ROW + 1))


def _years_above(first: int, last: int) -> alt.X:
    """An axis of years above a chart, for any field."""
    return alt.X(
        type="quantitative",
        scale=alt.Scale(domain=[first, last], nice=False),
        axis=alt.Axis(
            format=style.YEAR,
            title=None,
            tickMinStep=1,
            orient="top",
            labelOverlap=True,
            labelSeparation=6,
        ),
    )


def _phases(phases: pd.DataFrame, years: alt.X, plants: alt.Y, source: str) -> alt.Chart:
    """A bar for each phase of each plant, the stronger the more of it works."""
    strength = alt.Scale(domain=list(PHASES), range=list(PHASES.values()))
    bars = style.marked(phases, PHASE_TIPS, source).mark_bar(height=12)
    drawn: alt.Chart = bars.encode(
        x=years.field("start"),
        x2=alt.X2("end:Q"),
        y=plants,
        color=style.coloured("stage", style.stage_colours(phases["stage"])),
        opacity=alt.Opacity("phase:O", sort=list(PHASES), scale=strength, legend=None),
    )
    return drawn


def _signs(signs: pd.DataFrame, years: alt.X, plants: alt.Y, source: str) -> alt.Chart:
    """Marks of the years in which money is committed and training begins."""
    shapes = alt.Scale(domain=list(SIGNS), range=SHAPES)
    marks = style.marked(signs, SIGN_TIPS, source).mark_point(filled=True, size=55, opacity=1)
    drawn: alt.Chart = marks.encode(
        x=years.field("year"),
        y=plants,
        shape=alt.Shape("sign:N", scale=shapes),
        color=style.coloured("sign", SIGNS, legend=None),
    )
    return drawn


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
