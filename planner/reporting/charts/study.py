"""Charts of a study: one-at-a-time, indices, responses, points, plans held fixed, the frontier of money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd

from planner.reporting.charts import style
from planner.results.study import moves

LOW, HIGH = "at the lowest value", "at the highest value"


def domain(amounts: pd.DataFrame) -> list[float]:
    """The least and the most of some amounts, with a little room; more where they differ by the solver's tolerance alone,
    which would else be drawn as an effect."""
    values = [float(value) for value in amounts.to_numpy().ravel() if value == value]
    low, high = min(values), max(values)
    room = 0.04 * (high - low) if moves(values) else 0.04 * abs(high) or 1.0
    return [low - room, high + room]


def one_at_a_time(frame: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """The outcome at the lowest and at the highest value of each uncertainty, around the case as it is.

    frame: name, base, at_low, low, at_high, high, swing.
    """
    order = list(frame["name"])
    ends = pd.concat(
        [
            frame.assign(end=LOW, value=frame["at_low"], setting=frame["low"].astype(str)),
            frame.assign(end=HIGH, value=frame["at_high"], setting=frame["high"].astype(str)),
        ]
    )[["name", "base", "end", "value", "setting"]]
    axis = alt.Axis(format=style.DIGITS, tickCount=6)
    reach = alt.Scale(domain=domain(ends[["base", "value"]]), nice=False)
    tips = style.told(
        style.word("uncertainty", "name"),
        style.word("", "end"),
        style.word("value", "setting"),
        style.figure(f"outcome, {unit}", "value"),
    )
    base = style.sourced(ends, source).encode(y=style.rows("name", order))
    look = {LOW: style.MISSING, HIGH: style.ACCENT}
    bars = base.mark_bar(height=14).encode(
        x=alt.X("base:Q", title=unit, axis=axis, scale=reach),
        x2="value:Q",
        color=alt.Color("end:N", scale=style.colours(look)),
        tooltip=tips,
    )
    rule = base.mark_tick(color=style.INK, thickness=1.5, height=18).encode(x="base:Q")
    return style.across(alt.layer(bars, rule), 24 * len(order))


def indices(frame: pd.DataFrame, order: Sequence[str], title: str, source: str) -> style.Drawing:
    """Indices of each uncertainty with their 95 % intervals. frame: name, kind, value, low, high."""
    tips = style.told(
        style.word("uncertainty", "name"),
        style.word("", "kind"),
        style.figure(title or "index", "value"),
        style.figure("95 % interval from", "low"),
        style.figure("to", "high"),
    )
    kinds = list(dict.fromkeys(frame["kind"]))
    base = style.sourced(frame, source).encode(
        y=style.rows("name", order), yOffset=alt.YOffset("kind:N", sort=kinds), tooltip=tips
    )
    bars = base.mark_bar().encode(
        x=alt.X("value:Q", title=title, axis=alt.Axis(format=style.DIGITS)),
        color=alt.Color("kind:N", scale=style.hues(kinds)),
    )
    interval = base.mark_rule(color=style.INK).encode(x="low:Q", x2="high:Q")
    return style.across(alt.layer(bars, interval), (14 * len(kinds) + 12) * len(order))


def responses(frame: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """An outcome along each uncertainty: mean, and 10 to 90 % of the points.

    frame: uncertainty, value (a number or a text), mean, low, high.
    """
    numbers = pd.api.types.is_numeric_dtype(frame["value"])
    tips = style.told(
        style.word("uncertainty", "uncertainty"),
        style.word("value", "value"),
        style.figure(f"mean, {unit}", "mean"),
        style.figure("10 % of points below", "low"),
        style.figure("90 % of points below", "high"),
    )
    kind: Literal["quantitative", "nominal"] = "quantitative" if numbers else "nominal"
    across = alt.X(
        field="value",
        type=kind,
        title=None,
        scale=alt.Scale(zero=False) if numbers else alt.Undefined,
    )
    base = style.sourced(frame, source).encode(x=across, tooltip=tips)
    band = base.mark_area(opacity=0.2, color=style.ACCENT) if numbers else base.mark_rule()
    reach = domain(frame[["low", "mean", "high"]])
    up = style.amounts("low", unit, scale=alt.Scale(domain=reach, nice=False))
    mean = base.mark_line(color=style.ACCENT, point=True).encode(y="mean:Q")
    chart = alt.layer(band.encode(y=up, y2="high:Q"), mean)
    order = list(dict.fromkeys(frame["uncertainty"]))
    drawn = style.small_multiples(chart, "uncertainty", columns=3, order=order)
    return style.freed(drawn, "x")


def heat_map(frame: pd.DataFrame, names: tuple[str, str], unit: str, source: str) -> style.Drawing:
    """Mean of an outcome over two uncertainties. frame: first, second, mean."""
    tips = style.told(
        style.word(names[0], "first"), style.word(names[1], "second"), style.figure(unit, "mean")
    )
    base = style.sourced(frame, source).encode(
        x=alt.X("first:O", title=names[0], axis=alt.Axis(labelAngle=0)),
        y=alt.Y("second:O", title=names[1], sort="descending"),
        tooltip=tips,
    )
    hue = alt.Scale(range=["#eef4fa", style.ACCENT])
    cells = base.mark_rect().encode(
        color=alt.Color("mean:Q", scale=hue, legend=alt.Legend(title=unit))
    )
    words = base.mark_text().encode(text=alt.Text("mean:Q", format=style.DIGITS))
    return style.across(alt.layer(cells, words), 30 * frame["second"].nunique())


def risk_against_cost(frame: pd.DataFrame, source: str) -> style.Drawing:
    """A dot for each point: cost of the plan and residual risk. frame: option, point, cost_musd, risk_musd."""
    options = list(dict.fromkeys(frame["option"]))
    legend = alt.Legend() if len(options) > 1 else None
    tips = style.told(
        style.word("point", "point"),
        style.word("option", "option"),
        style.figure("cost, MUSD", "cost_musd"),
        style.figure("residual risk, MUSD", "risk_musd"),
    )
    chart = style.sourced(frame, source).mark_point(filled=True, size=35, opacity=0.7)
    free = alt.Scale(zero=False)
    drawn = chart.encode(
        x=alt.X("cost_musd:Q", title="cost, MUSD", scale=free, axis=alt.Axis(format=style.DIGITS)),
        y=style.amounts("risk_musd", "residual risk, MUSD", scale=free),
        color=alt.Color("option:N", scale=style.hues(options), legend=legend),
        tooltip=tips,
    )
    return style.across(drawn, 300)


def all_points(
    frame: pd.DataFrame, varied: Sequence[str], outcomes: Sequence[str], source: str
) -> style.Drawing:
    """Each outcome against each uncertainty, a dot a point. A range dragged in one panel keeps its points in all; ranges
    in several panels keep the points that lie in all of them. frame: point, and a column for each name."""
    brush = alt.selection_interval(name="brush", resolve="intersect")
    tips = [word(name) for name in (*varied, *outcomes)]
    free = alt.Scale(zero=False)
    panel: alt.Chart = (
        style.sourced(frame, source)
        .mark_point(filled=True, size=25)
        .encode(
            x=alt.X(alt.repeat("column"), type="quantitative", scale=free),
            y=alt.Y(alt.repeat("row"), type="quantitative", scale=free),
            color=alt.condition(brush, alt.value(style.ACCENT), alt.value(style.RULE)),
            tooltip=style.told(style.word("point", "point"), *tips),
        )
        .properties(width=150, height=120)
        .add_params(brush)
    )
    drawn: style.Drawing = panel.repeat(column=list(varied), row=list(outcomes))
    return drawn


def word(name: str) -> alt.Tooltip:
    """A value of a point in a tooltip."""
    return alt.Tooltip(field=name, type="nominal", title=name)


def fixed_plans(frame: pd.DataFrame, best: str, source: str) -> style.Drawing:
    """Risk of each fixed plan, and of the best plan for each point, points in order of risk.

    frame: plan, rank (share of the points), risk_musd.
    """
    order = [best, *(plan for plan in dict.fromkeys(frame["plan"]) if plan != best)]
    tips = style.told(
        style.word("plan", "plan"),
        style.figure("points below", "rank", style.PERCENT),
        style.figure("risk, MUSD", "risk_musd"),
    )
    chart = style.sourced(frame, source).mark_line(strokeWidth=2)
    along = alt.X(
        "rank:Q", title="points in order of risk, per cent", axis=alt.Axis(format=style.PERCENT)
    )
    drawn = chart.encode(
        x=along,
        y=style.amounts("risk_musd", "risk, MUSD"),
        color=alt.Color("plan:N", scale=style.hues(order, best), sort=order),
        tooltip=tips,
    )
    return style.across(drawn, 280)


def money_frontier(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Least risk by size of all budgets, with its breakpoints. frame: budget_musd, risk_musd, worth."""
    tips = _of_budgets()
    base = style.sourced(frame, source).encode(
        x=_budgets(), y=style.amounts("risk_musd", "least risk, MUSD")
    )
    line = base.mark_line(color=style.ACCENT)
    dots = base.mark_point(filled=True, size=25, color=style.INK).encode(tooltip=tips)
    return style.across(alt.layer(line, dots), 280)


def worth_of_money(frame: pd.DataFrame, source: str) -> style.Drawing:
    """MUSD by which one more MUSD reduces the risk, by size of all budgets. frame: as for `money_frontier`."""
    chart = style.sourced(frame, source).mark_line(color=style.MISSING, interpolate="step-before")
    drawn = chart.encode(
        x=_budgets(), y=style.amounts("worth", "MUSD of risk per MUSD"), tooltip=_of_budgets()
    )
    return style.across(drawn, 220)


def _budgets() -> alt.X:
    return alt.X("budget_musd:Q", title="budgets, MUSD", axis=alt.Axis(format=style.DIGITS))


def _of_budgets() -> list[alt.Tooltip]:
    return style.told(
        style.figure("budgets, MUSD", "budget_musd"),
        style.figure("least risk, MUSD", "risk_musd"),
        style.figure("one more MUSD reduces it by, MUSD", "worth"),
    )
