"""Charts of an investment case: cash, public cost by the return of the owners."""

from __future__ import annotations

import altair as alt
import pandas as pd

from planner.reporting.charts import style

CASH_HEIGHT, RETURNS_HEIGHT = 220, 150


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
    return style.across(alt.layer(drawn, line), RETURNS_HEIGHT)
