"""Charts of an investment case: NPV in steps, cash and its cover of debt, the spread of the NPV."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

STEPS_LOOK = {"gain": style.ACCENT, "loss": style.MISSING, "sum": style.INK}
BAR, LABEL_APART = 16, 4
"""Height of a bar, and how far its label stands from it (px)."""
CASH_HEIGHT, COVER_HEIGHT = 220, 150
IS_LOSS = "datum.low + datum.high < 0"
"""The middle of a range of amounts is below nought."""


def waterfall(frame: pd.DataFrame, steps: Sequence[str], source: str) -> style.Drawing:
    """NPV at market prices, what contracts, tax and debt change, and the NPV of the owners.

    frame: case, step, start, end, amount (MUSD), kind (gain, loss, sum).
    """
    tips = {"case": "", "step": "", "amount": "MUSD"}
    base = style.marked(frame, tips, source)
    by_step = base.encode(y=style.rows("step", steps))
    start = style.across_amounts("start", "MUSD", tickCount=4)
    colour = style.coloured("kind", STEPS_LOOK, legend=None)
    bars = by_step.mark_bar(height=BAR).encode(x=start, x2=alt.X2("end:Q"), color=colour)
    amount = alt.Text("amount:Q", format=style.DIGITS)
    labels = by_step.mark_text(align="left", dx=LABEL_APART)
    labels = labels.encode(x=alt.X("most:Q"), text=amount)
    both = alt.layer(bars, labels)
    order = style.in_order(frame["case"])
    return style.small_multiples(both, "case", columns=2, order=order)


def cash(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Cash flow before debt as bars and debt service as a line. frame: year, cash, service (MUSD, nominal)."""
    tips = {"year": "year", "cash": "cash before debt, MUSD", "service": "debt service, MUSD"}
    by_year = style.by_year(frame, tips, source)
    amount = style.amounts("cash", "MUSD, nominal")
    bars = by_year.mark_bar(color=style.ACCENT).encode(y=amount)
    line = by_year.mark_line(color=style.MISSING, strokeWidth=2)
    line = line.encode(y=alt.Y("service:Q"))
    both = alt.layer(bars, line)
    return style.across(both, CASH_HEIGHT)


def cover(frame: pd.DataFrame, asked: float, source: str) -> style.Drawing:
    """Cover of debt service by year, as planned and at adverse prices, and the covenant. frame: year, cover, adverse."""
    tips = {"year": "year", "cover": "cover, times", "adverse": "at adverse prices, times"}
    by_year = style.by_year(frame, tips, source)
    times = style.amounts("cover", "times")
    planned = by_year.mark_bar(color=style.PLAIN).encode(y=times)
    adverse = by_year.mark_bar(color=style.MUTED).encode(y=alt.Y("adverse:Q"))
    covenant = style.constant("y", asked, color=style.MISSING, strokeDash=style.DASHED)
    all_three = alt.layer(planned, adverse, covenant)
    return style.across(all_three, COVER_HEIGHT)


def returns(frame: pd.DataFrame, asked: float, source: str) -> style.Drawing:
    """Public cost by the return of the owners; the line is what they ask. frame: rate, cost (MUSD)."""
    tips = {"rate": "return of the owners, real", "cost": "public cost, MUSD"}
    base = style.marked(frame, tips, source)
    across = alt.X(
        "rate:Q", title="return of the owners, real", axis=alt.Axis(format=".0%", tickCount=6)
    )
    drawn = base.mark_line(point=True, color=style.ACCENT)
    drawn = drawn.encode(x=across, y=style.amounts("cost", "public cost, MUSD"))
    line = style.constant("x", asked, color=style.MISSING, strokeDash=style.DASHED)
    return style.across(alt.layer(drawn, line), COVER_HEIGHT)


def spread(frame: pd.DataFrame, order: Sequence[str], title: str, source: str) -> style.Drawing:
    """The histogram of drawn amounts; red where they are negative. frame: case, low, high, draws."""
    tips = {"low": "from", "high": "to", "draws": "draws"}
    base = style.marked(frame, tips, source)
    bars = base.mark_bar(stroke="white")
    loss = alt.value(style.MISSING)
    gain = alt.value(style.ACCENT)
    colour = alt.condition(IS_LOSS, loss, gain)
    from_low = style.across_amounts("low", title).bin("binned")
    how_often = style.amounts("draws", "draws")
    drawn = bars.encode(x=from_low, x2=alt.X2("high:Q"), y=how_often, color=colour)
    return style.small_multiples(drawn, "case", columns=2, order=order)
