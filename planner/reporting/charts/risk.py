"""Charts of risk: loss by scenario, cumulative levers, unsure inputs, and who carries it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

WITH, WITHOUT = "with the plan", "without a plan"
LOOK = {WITH: style.ACCENT, WITHOUT: style.PLAIN}
ALONE, TOGETHER = "stand-alone burden", "charge together"


def losses(frame: pd.DataFrame, marks: pd.DataFrame, source: str) -> style.Drawing:
    """Loss in each scenario without a plan and with it, on a scale on which small and large losses are seen.

    frame: scenario (with its probability), story, plan, loss_musd. marks: name, loss_musd: mean and tail with the plan.
    """
    order = list(dict.fromkeys(frame["scenario"]))
    title, most = "loss, MUSD (logarithmic above 10)", max(10.0, float(frame["loss_musd"].max()))
    across = style.logarithmic("loss_musd", title, most)
    tips = style.told(
        style.word("scenario", "scenario"),
        style.word("", "story"),
        style.word("", "plan"),
        style.figure("loss, MUSD", "loss_musd"),
    )
    base = style.sourced(frame, source).encode(x=across, y=style.rows("scenario", order))
    line = base.mark_line(color=style.RULE, strokeWidth=3).encode(detail="scenario:N")
    dots = base.mark_point(filled=True, size=70, opacity=1)
    dots = dots.encode(color=alt.Color("plan:N", scale=style.colours(LOOK)), tooltip=tips)
    rules = style.sourced(marks, source).mark_rule(color=style.MUTED, strokeDash=[4, 3])
    rules = rules.encode(
        x=across, tooltip=style.told(style.word("", "name"), style.figure("MUSD", "loss_musd"))
    )
    return style.across(alt.layer(rules, line, dots), style.ROW * len(order))


def levers(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Residual risk as levers are added one after the other. frame: lever, risk_musd, kind (none, some, all)."""
    order = list(frame["lever"])
    look = {"none": style.PLAIN, "some": "#8db9d8", "all": style.ACCENT}
    tips = style.told(
        style.word("levers", "lever"), style.figure("residual risk, MUSD", "risk_musd")
    )
    base = style.sourced(frame, source).encode(
        x=alt.X("risk_musd:Q", title="residual risk, MUSD", axis=alt.Axis(format=style.DIGITS)),
        y=style.rows("lever", order),
    )
    hue = alt.Color("kind:N", scale=style.colours(look), legend=None)
    bars = base.mark_bar().encode(color=hue, tooltip=tips)
    words = base.mark_text(align="left", dx=4).encode(
        text=alt.Text("risk_musd:Q", format=style.DIGITS)
    )
    return style.across(alt.layer(bars, words), 26 * len(order))


def tornado(frame: pd.DataFrame, title: str, source: str) -> style.Drawing:
    """Change of a figure with each unsure input at the ends of its range, the largest first.

    frame: input, setting, change; title: of the change, with its unit.
    """
    order = list(dict.fromkeys(frame["input"]))
    axis = alt.Axis(format="+,.3~r", tickCount=6)
    tips = style.told(
        style.word("input", "input"),
        style.word("at", "setting"),
        style.figure(title, "change", "+,.3~r"),
    )
    base = style.sourced(frame, source).encode(
        x=alt.X("change:Q", title=title, axis=axis), y=style.rows("input", order), tooltip=tips
    )
    hue = alt.condition(alt.datum.change > 0, alt.value(style.MISSING), alt.value(style.ACCENT))
    bars = base.mark_bar(height=14, opacity=0.85).encode(color=hue)
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=style.INK).encode(x="at:Q")
    return style.across(alt.layer(bars, zero), 24 * len(order))


def sharing(frame: pd.DataFrame, source: str) -> style.Drawing:
    """What each party would carry alone and what it carries together, who gains most first.

    frame: party, kind (`ALONE` or `TOGETHER`), musd, gain_musd, transfer_musd, words.
    """
    order = list(dict.fromkeys(frame["party"]))
    look = {ALONE: style.PLAIN, TOGETHER: style.ACCENT}
    title = "cost plus risk, MUSD (logarithmic above 10)"
    most, least = float(frame["musd"].max()), float(frame["musd"].min())
    tips = style.told(
        style.word("party", "party"),
        style.word("", "kind"),
        style.figure("MUSD", "musd"),
        style.figure("gain by acting together, MUSD", "gain_musd"),
        style.word("transfer", "words"),
    )
    base = style.sourced(frame, source).encode(
        x=style.logarithmic("musd", title, most, least), y=style.rows("party", order)
    )
    line = base.mark_line(color=style.RULE, strokeWidth=4).encode(detail="party:N")
    dots = base.mark_point(filled=True, size=80, opacity=1)
    dots = dots.encode(color=alt.Color("kind:N", scale=style.colours(look)), tooltip=tips)
    return style.across(alt.layer(line, dots), (style.ROW + 4) * len(order))


def histogram(frame: pd.DataFrame, order: Sequence[str], title: str, source: str) -> style.Drawing:
    """How often which amount is drawn; red where it is negative. frame: case, low, high, draws."""
    tips = style.told(
        style.figure("from", "low"), style.figure("to", "high"), style.figure("draws", "draws")
    )
    hue = alt.condition(
        "datum.low + datum.high < 0", alt.value(style.MISSING), alt.value(style.ACCENT)
    )
    chart = style.sourced(frame, source).mark_bar(stroke="white")
    drawn = chart.encode(
        x=alt.X("low:Q", title=title, axis=alt.Axis(format=style.DIGITS)),
        x2="high:Q",
        y=style.amounts("draws", "draws"),
        color=hue,
        tooltip=tips,
    )
    return style.small_multiples(drawn, "case", columns=2, order=order)
