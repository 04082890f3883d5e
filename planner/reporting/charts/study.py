"""Charts of a study: indices, responses, the frontier of money."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import shapes, style
from planner.results.study import moves

LOW, HIGH = "at the lowest value", "at the highest value"
ENDS = {LOW: style.MISSING, HIGH: style.ACCENT}


FREE = alt.Scale(zero=False)
"""A scale of amounts that need not begin at 0."""


def domain(amounts: pd.DataFrame) -> list[float]:
    """The least and the most of some amounts, with a little room; more where they differ by the solver's tolerance alone,
    which would else be drawn as an effect."""
    values = amounts.to_numpy().ravel()
    known = values[~pd.isna(values)].astype(float)
    low, high = float(known.min()), float(known.max())
    room = 0.04 * (high - low)
    if not moves(list(known)):
        room = 0.04 * abs(high) or 1.0
    return [low - room, high + room]


def one_at_a_time(frame: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """The outcome at the lowest and at the highest value of each uncertainty, around the case as it is.

    frame: name, base, at_low, low, at_high, high, swing.
    """
    low = frame.assign(end=LOW, value=frame["at_low"], setting=frame["low"].astype(str))
    high = frame.assign(end=HIGH, value=frame["at_high"], setting=frame["high"].astype(str))
    ends = pd.concat([low, high])[["name", "base", "end", "value", "setting"]]
    reach = alt.Scale(domain=domain(ends[["base", "value"]]), nice=False)
    axis = alt.Axis(format=style.DIGITS, tickCount=6)
    outcome = alt.X("base:Q", title=unit, axis=axis, scale=reach)
    tips = {"name": "uncertainty", "end": "", "setting": "value", "value": f"outcome, {unit}"}
    return shapes.around(ends, outcome, "value", row="name", look=ENDS, tips=tips, source=source)


def indices(frame: pd.DataFrame, order: Sequence[str], title: str, source: str) -> style.Drawing:
    """Indices of each uncertainty with their intervals. frame: name, kind, value, low, high."""
    tips = {
        "name": "uncertainty",
        "kind": "",
        "value": title or "index",
        "low": "interval from",
        "high": "to",
    }
    kinds = style.in_order(frame["kind"])
    chart = style.marked(frame, tips, source)
    base = chart.encode(y=style.rows("name", order), yOffset=alt.YOffset("kind:N", sort=kinds))
    bars = base.mark_bar()
    interval = base.mark_rule(color=style.INK)
    layers = alt.layer(
        bars.encode(x=style.across_amounts("value", title), color=style.by_kind("kind", kinds)),
        interval.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
    )
    height_of_a_name = 14 * len(kinds) + 12
    return style.across(layers, height_of_a_name * len(order))


def responses(frame: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """An outcome along each uncertainty: mean, and 10 to 90 % of the points.

    frame: uncertainty, value, mean, low, high.
    """
    tips = {
        "uncertainty": "uncertainty",
        "value": "value",
        "mean": f"mean, {unit}",
        "low": "10 % of points below",
        "high": "90 % of points below",
    }
    chart = style.marked(frame, tips, source)
    base = chart.encode(x=alt.X(field="value", type="quantitative", title=None, scale=FREE))
    band = base.mark_area(opacity=0.2, color=style.ACCENT)
    reach = alt.Scale(domain=domain(frame[["low", "mean", "high"]]), nice=False)
    mean = base.mark_line(color=style.ACCENT, point=True)
    layers = alt.layer(
        band.encode(y=style.amounts("low", unit, scale=reach), y2=alt.Y2("high:Q")),
        mean.encode(y=alt.Y("mean:Q")),
    )
    order = style.in_order(frame["uncertainty"])
    drawn = style.small_multiples(layers, "uncertainty", columns=3, order=order)
    return style.freed(drawn, "x")
