"""The chart of levers: their shares of the whole reduction, with ranges, beside the lines by which they are judged."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

LOOK = {"large": style.ACCENT, "small": style.PLAIN, "open": style.MISSING}
TITLE = "share of the reduction by all levers"
PER_CENT = alt.Axis(format=style.PERCENT, tickCount=6)
TIPS = {"claim": "", "verdict": "judged", "share": "as given", "low": "least", "high": "most"}


def shares(frame: pd.DataFrame, lines: Sequence[float], source: str) -> style.Drawing:
    """The share of each measure as given, its range as a bar, and the lines by which it is judged.

    frame: claim, verdict, share, low, high.
    """
    order = style.in_order(frame["claim"])
    there = {word: hue for word, hue in LOOK.items() if word in set(frame["verdict"])}
    base = style.sourced(frame, source).encode(
        y=style.rows("claim", order),
        color=alt.Color("verdict:N", scale=style.colours(there), title=None),
        tooltip=style.tooltip(frame, TIPS, style.ONE_DIGIT),
    )
    bars = base.mark_rule(strokeWidth=9, opacity=0.5).encode(
        x=alt.X("low:Q", title=TITLE, axis=PER_CENT), x2=alt.X2("high:Q")
    )
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(x=alt.X("share:Q"))
    rules = []
    for line in lines:
        rules.append(style.constant("x", line, color=style.MISSING, strokeDash=style.DASHED))
    return style.across(alt.layer(bars, dots, *rules), style.rows_high(order, 26))
