"""Shapes that several charts have: ends around a centre.

Each is a function from a frame to a chart. In all of them: `tips` names the fields that a mark tells, and what each is
called with its unit; `source` is where in the run folder the figures are; `look` gives each kind its colour.
"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from planner.reporting.charts import style

Tips = Mapping[str, str]
"""Field of a frame -> what a tooltip calls it."""


def around(
    frame: pd.DataFrame,
    across: alt.X,
    to: str,
    *,
    row: str,
    look: Mapping[str, str],
    tips: Tips,
    source: str,
    legend: bool = True,
) -> style.Drawing:
    """Bars from a centre, where a tick stands, to both ends of a row: one bar for each row of the frame.

    frame: columns `row` (its label), `end` (which of the two, a key of `look`), the field of `across` (the centre) and
    `to` (the end). The chart grows with the number of labels.
    """
    order = style.in_order(frame[row])
    base = style.sourced(frame, source).encode(x=across, y=style.rows(row, order))
    ends = base.mark_bar(height=14, opacity=0.9)
    tick = base.mark_tick(color=style.INK, thickness=1.5, height=18)
    hue = style.coloured("end", look, legend=alt.Legend() if legend else None)
    told = ends.encode(x2=alt.X2(f"{to}:Q"), color=hue, tooltip=style.tooltip(frame, tips))
    return style.across(alt.layer(told, tick), style.rows_high(order, 24))
