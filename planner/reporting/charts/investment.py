"""Charts of an investment case: NPV in steps, cash and its cover of debt, unsure terms."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style


def waterfall(frame: pd.DataFrame, steps: Sequence[str], source: str) -> style.Drawing:
    """NPV at market prices, what contracts, tax and debt change, and the NPV of the owners.

    frame: case, step, start, end, amount (MUSD), kind (gain, loss, sum).
    """
    look = {"gain": style.ACCENT, "loss": style.MISSING, "sum": style.INK}
    tips = style.told(
        style.word("", "case"), style.word("", "step"), style.figure("MUSD", "amount")
    )
    base = style.sourced(frame, source).encode(y=style.rows("step", steps), tooltip=tips)
    bars = base.mark_bar(height=16).encode(
        x=alt.X("start:Q", title="MUSD", axis=alt.Axis(format=style.DIGITS, tickCount=4)),
        x2="end:Q",
        color=alt.Color("kind:N", scale=style.colours(look), legend=None),
    )
    words = base.mark_text(align="left", dx=4).encode(
        x=alt.X("most:Q"), text=alt.Text("amount:Q", format=style.DIGITS)
    )
    order = list(dict.fromkeys(frame["case"]))
    return style.small_multiples(alt.layer(bars, words), "case", columns=2, order=order)


def cash(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Cash flow before debt as bars and debt service as a line. frame: year, cash, service (MUSD, nominal)."""
    tips = style.told(
        style.word("year", "year"),
        style.figure("cash before debt, MUSD", "cash"),
        style.figure("debt service, MUSD", "service"),
    )
    base = style.sourced(frame, source).encode(x=style.years(frame), tooltip=tips)
    bars = base.mark_bar(color=style.ACCENT).encode(y=style.amounts("cash", "MUSD, nominal"))
    line = base.mark_line(color=style.MISSING, strokeWidth=2).encode(y="service:Q")
    return style.across(alt.layer(bars, line), 220)


def cover(frame: pd.DataFrame, asked: float, source: str) -> style.Drawing:
    """Cover of debt service by year, as planned and at adverse prices, and the covenant. frame: year, cover, adverse."""
    tips = style.told(
        style.word("year", "year"),
        style.figure("cover, times", "cover", ".2f"),
        style.figure("at adverse prices", "adverse", ".2f"),
    )
    base = style.sourced(frame, source).encode(x=style.years(frame), tooltip=tips)
    bars = base.mark_bar(color=style.PLAIN).encode(y=style.amounts("cover", "times"))
    low = base.mark_bar(color=style.MUTED).encode(y="adverse:Q")
    line = alt.Chart(pd.DataFrame({"asked": [asked]})).mark_rule(
        color=style.MISSING, strokeDash=[4, 3]
    )
    return style.across(alt.layer(bars, low, line.encode(y="asked:Q")), 150)


def terms(frame: pd.DataFrame, centre: float, source: str) -> style.Drawing:
    """NPV after tax with each unsure term at its low and at its high end, around the NPV as assumed.

    frame: term, end (low, high), npv (MUSD), setting, from_source.
    """
    order = list(dict.fromkeys(frame["term"]))
    look = {"low": style.PLAIN, "high": style.ACCENT}
    tips = style.told(
        style.word("term", "term"),
        style.word("", "end"),
        style.word("value", "setting"),
        style.figure("NPV after tax, MUSD", "npv"),
        style.word("range from", "from_source"),
    )
    centred = frame.assign(centre=centre)
    base = style.sourced(centred, source).encode(y=style.rows("term", order), tooltip=tips)
    bars = base.mark_bar(height=14).encode(
        x=alt.X("centre:Q", title="NPV after tax, MUSD", axis=alt.Axis(format=style.DIGITS)),
        x2="npv:Q",
        color=alt.Color("end:N", scale=style.colours(look)),
    )
    rule = base.mark_tick(color=style.INK, thickness=2, height=18).encode(x="centre:Q")
    return style.across(alt.layer(bars, rule), 24 * len(order))
