"""Bars along one axis: the waterfall of levers, gains beside payments, shortage by country and element."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

WHOLE, FALL, RISE = "risk", "reduction", "increase"
LOOK = {WHOLE: style.PLAIN, FALL: "#009E73", RISE: style.MISSING}
PAYS, GAINS = "pays", "loses less"
ROOM = 1.14
"""Length of the axis of a waterfall over its longest bar: labels stand behind the bars."""
SIDES = {GAINS: style.ACCENT, PAYS: "#E69F00"}


def waterfall(steps: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """Horizontal waterfall. steps: step, kind (a key of `LOOK`), low, high, amount, label."""
    order = style.in_order(steps["step"])
    tips = {"step": "step", "kind": "", "amount": unit}
    look = {kind: hue for kind, hue in LOOK.items() if kind in set(steps["kind"])}
    base = style.marked(steps, tips, source).encode(y=style.rows("step", order))
    room = alt.Scale(domain=[0, ROOM * float(steps["high"].max())], nice=False)
    axis = alt.Axis(format=style.DIGITS, tickCount=6)
    bars = base.mark_bar(height=17).encode(
        x=alt.X("low:Q", title=f"risk, {unit}", axis=axis, scale=room),
        x2="high:Q",
        color=style.coloured("kind", look),
    )
    labels = base.mark_text(align="left", dx=5).encode(x="high:Q", text="label:N")
    return style.across(alt.layer(bars, labels), style.rows_high(order, 26))


def sides(rows: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """Two bars a party. rows: party, side (a key of `SIDES`), musd, amount (in the unit)."""
    order = style.in_order(rows["party"])
    tips = {"party": "party", "side": "", "amount": unit}
    there = {side: hue for side, hue in SIDES.items() if side in set(rows["side"])}
    bars = style.marked(rows, tips, source).mark_bar()
    drawn = bars.encode(
        y=style.rows("party", order),
        yOffset=alt.YOffset("side:N", sort=list(SIDES)),
        x=style.across_amounts("amount", unit, tickCount=6),
        color=style.coloured("side", there),
    )
    return style.across(drawn, 30 * len(order))


def stacked(rows: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """A bar a party, by purpose. rows: party, purpose, amount (in the unit)."""
    order = style.in_order(rows["party"])
    tips = {"party": "funder", "purpose": "for", "amount": unit}
    bars = style.marked(rows, tips, source).mark_bar(height=16)
    drawn = bars.encode(
        y=style.rows("party", order),
        x=style.across_amounts("amount", unit, tickCount=6),
        color=style.by_kind("purpose", style.in_order(rows["purpose"])),
    )
    return style.across(drawn, style.rows_high(order, 24))


def heat(rows: pd.DataFrame, source: str) -> style.Drawing:
    """Unmet share of demand by country and element. rows: country, element, share, tonnes, demand_t, label."""
    countries, elements = style.in_order(rows["country"]), style.in_order(rows["element"])
    tips = {
        "country": "",
        "element": "",
        "share": "unmet, of demand",
        "tonnes": "unmet, t",
        "demand_t": "demand, t",
    }
    columns = alt.Axis(
        orient="top", title=None, labelAngle=0, ticks=False, domain=False, labelLimit=90
    )
    base = style.marked(rows, tips, source).encode(
        y=style.rows("country", countries), x=alt.X("element:N", sort=elements, axis=columns)
    )
    shade = alt.Scale(range=["#fbeae5", style.MISSING], domainMin=0)
    cells = base.mark_rect().encode(color=alt.Color("share:Q", scale=shade, legend=None))
    half = float(rows["share"].max()) / 2
    dark = alt.condition(f"datum.share > {half}", alt.value("white"), alt.value("#3b1409"))
    labels = base.mark_text(fontSize=10.5).encode(text="label:N", color=dark)
    return style.across(alt.layer(cells, labels), style.rows_high(countries, 24))
