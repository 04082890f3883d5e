"""Charts of claims: measures beside their threshold, and what each lever makes of the whole."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

GIVEN, TRIALS = "as given", "in trials, one input at a time"
OTHER = "by the other odds"
LOOK = {GIVEN: style.INK, TRIALS: style.PLAIN, OTHER: style.ACCENT}
TITLE = "share of the reduction by all levers"
PER_CENT = alt.Axis(format=style.PERCENT, tickCount=6)
CLAIM_TIPS = {"claim": "claim", "kind": "", "low": "least", "high": "most"}
LEVER_TIPS = {"lever": "lever", "first_in": "first in", "last_out": "last out"}


def verdicts(frame: pd.DataFrame, threshold: float, source: str) -> style.Drawing:
    """The share of the whole reduction that each claim measures, with the threshold as a rule.

    frame: claim, kind (`GIVEN`, `TRIALS`, `OTHER`), low, high: shares.
    """
    there = set(frame["kind"])
    look = {kind: hue for kind, hue in LOOK.items() if kind in there}
    order = style.in_order(frame["claim"])
    chart = style.sourced(frame, source)
    share = alt.X("low:Q", title=TITLE, axis=PER_CENT)
    hue = alt.Color("kind:N", scale=style.colours(look), title=None)
    tips = style.tooltip(frame, CLAIM_TIPS, style.ONE_DIGIT)
    base = chart.encode(x=share, y=style.rows("claim", order), color=hue, tooltip=tips)
    range_of_shares = base.encode(x2=alt.X2("high:Q"))
    marks = {
        TRIALS: range_of_shares.mark_rule(strokeWidth=9),
        GIVEN: base.mark_point(filled=True, size=80, opacity=1),
        OTHER: base.mark_point(shape="diamond", filled=True, size=80, opacity=1),
    }
    layers = []
    for kind, mark in marks.items():
        if kind in there:  # a layer without a row has no scale and no words for who cannot see it
            layers.append(mark.transform_filter(alt.datum.kind == kind))
    line = style.constant("x", threshold, color=style.MISSING, strokeDash=style.DASHED)
    return style.across(alt.layer(*layers, line), style.rows_high(order, 30))


def lever_values(frame: pd.DataFrame, source: str) -> style.Drawing:
    """The loss without each lever as a bar, what it reduces alone as its mark.

    frame: lever, first_in, last_out: shares of the whole.
    """
    order = list(frame["lever"])
    chart = style.sourced(frame, source)
    tips = style.tooltip(frame, LEVER_TIPS, style.ONE_DIGIT)
    base = chart.encode(y=style.rows("lever", order), tooltip=tips)
    bars = base.mark_bar(color=style.ACCENT, opacity=0.85)
    first = base.mark_point(shape="triangle-right", size=70, filled=True, color=style.INK)
    layers = alt.layer(
        bars.encode(x=alt.X("last_out:Q", title=TITLE, axis=PER_CENT)),
        first.encode(x=alt.X("first_in:Q")),
    )
    return style.across(layers, style.rows_high(order, 26))
