"""Charts of an investment case: NPV in steps, cash and its cover of debt, the spread of the NPV."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

STEPS_LOOK = {"gain": style.ACCENT, "loss": style.MISSING, "sum": style.INK}


def waterfall(frame: pd.DataFrame, steps: Sequence[str], source: str) -> style.Drawing:
    """NPV at market prices, what contracts, tax and debt change, and the NPV of the owners.

    frame: case, step, start, end, amount (MUSD), kind (gain, loss, sum).
    """
    tips = {"case": "", "step": "", "amount": "MUSD"}
    base = style.marked(frame, tips, source).encode(y=style.rows("step", steps))
    bars = base.mark_bar(height=16).encode(
        x=style.across_amounts("start", "MUSD", tickCount=4),
        x2="end:Q",
        color=style.coloured("kind", STEPS_LOOK, legend=None),
    )
    amount = alt.Text("amount:Q", format=style.DIGITS)
    words = base.mark_text(align="left", dx=4).encode(x="most:Q", text=amount)
    order = style.in_order(frame["case"])
    return style.small_multiples(alt.layer(bars, words), "case", columns=2, order=order)


def cash(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Cash flow before debt as bars and debt service as a line. frame: year, cash, service (MUSD, nominal)."""
    tips = {"year": "year", "cash": "cash before debt, MUSD", "service": "debt service, MUSD"}
    base = style.marked(frame, tips, source).encode(x=style.years(frame))
    bars = base.mark_bar(color=style.ACCENT).encode(y=style.amounts("cash", "MUSD, nominal"))
    line = base.mark_line(color=style.MISSING, strokeWidth=2).encode(y="service:Q")
    return style.across(alt.layer(bars, line), 220)


def cover(frame: pd.DataFrame, asked: float, source: str) -> style.Drawing:
    """Cover of debt service by year, as planned and at adverse prices, and the covenant. frame: year, cover, adverse."""
    tips = {"year": "year", "cover": "cover, times", "adverse": "at adverse prices, times"}
    base = style.marked(frame, tips, source).encode(x=style.years(frame))
    bars = base.mark_bar(color=style.PLAIN).encode(y=style.amounts("cover", "times"))
    low = base.mark_bar(color=style.MUTED).encode(y="adverse:Q")
    line = style.constant("y", asked, color=style.MISSING, strokeDash=[4, 3])
    return style.across(alt.layer(bars, low, line), 150)


def spread(frame: pd.DataFrame, order: Sequence[str], title: str, source: str) -> style.Drawing:
    """How often which amount is drawn; red where it is negative. frame: case, low, high, draws."""
    tips = {"low": "from", "high": "to", "draws": "draws"}
    accent, missing = alt.value(style.ACCENT), alt.value(style.MISSING)
    bars = style.marked(frame, tips, source).mark_bar(stroke="white")
    drawn = bars.encode(
        x=style.across_amounts("low", title).bin("binned"),
        x2="high:Q",
        y=style.amounts("draws", "draws"),
        color=alt.condition("datum.low + datum.high < 0", missing, accent),
    )
    return style.small_multiples(drawn, "case", columns=2, order=order)
