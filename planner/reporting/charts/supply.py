"""Charts of supply: demand and what is met of it, where goods come from, and how much depends on one origin."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

LOOK = {"with the plan": style.ACCENT, "without a plan": style.PLAIN}


def met(frame: pd.DataFrame, elements: Sequence[str], source: str) -> style.Drawing:
    """Demand and what is met of it over all scenarios, without the plan and with it, of an element that can be chosen.

    frame: element, plan, year, mean, low, high, least, most, demand_least, demand_most (t).
    """
    chosen = style.chooser("element", "Element", elements, elements[0])
    base = style.sourced(frame, source).transform_filter(alt.datum.element == chosen)
    tips = style.told(
        style.word("element", "element"),
        style.word("year", "year"),
        style.word("", "plan"),
        style.figure("met, expected, t", "mean"),
        style.figure("in 1 of 10 scenarios at most, t", "low"),
        style.figure("in the worst scenario, t", "least"),
        style.figure("demand at most, t", "demand_most"),
    )
    base = base.encode(x=style.years(frame), tooltip=tips)
    up = style.amounts("demand_most", "t a year")
    hue = alt.Color("plan:N", scale=style.colours(LOOK), legend=None)
    demand = base.mark_line(color=style.RULE, strokeWidth=7).encode(y=up)
    every = base.mark_area(opacity=0.15).encode(y="least:Q", y2="most:Q", color=hue)
    most = base.mark_area(opacity=0.3).encode(y="low:Q", y2="high:Q", color=hue)
    mean = base.mark_line(strokeWidth=2.4, point=True).encode(y="mean:Q", color=hue)
    chart = alt.layer(demand, every, most, mean).add_params(chosen)
    return style.small_multiples(
        chart, "plan", columns=2, order=["without a plan", "with the plan"]
    )


def by_source(
    flows: pd.DataFrame,
    use: pd.DataFrame,
    *,
    scenarios: Sequence[str],
    goods: Sequence[str],
    order: Sequence[str],
    start: tuple[str, str],
    source: str,
) -> style.Drawing:
    """Where a good comes from in a scenario; both can be chosen. The line is its use.

    flows: scenario, good, year, kind, tonnes. use: scenario, good, year, use_t. order: kinds from the ground up.
    """
    scenario = style.chooser("scenario", "Scenario", scenarios, start[0])
    good = style.chooser("good", "Good", goods, start[1])
    both = (alt.datum.scenario == scenario) & (alt.datum.good == good)
    along = style.years(pd.concat([flows[["year"]], use[["year"]]]))
    ranked = flows.assign(place=flows["kind"].map({kind: at for at, kind in enumerate(order)}))
    tips = style.told(
        style.word("good", "good"),
        style.word("year", "year"),
        style.word("", "kind"),
        style.figure("t", "tonnes"),
    )
    bars = style.sourced(ranked, source).transform_filter(both).mark_bar()
    bars = bars.encode(
        x=along,
        y=style.amounts("tonnes", "t a year"),
        color=alt.Color("kind:N", scale=style.hues(order), sort=list(order)),
        order=alt.Order("place:Q"),
        tooltip=tips,
    )
    line = style.sourced(use, source).transform_filter(both)
    line = line.mark_line(color=style.INK, interpolate="step", strokeWidth=1.6).encode(
        x=along,
        y="use_t:Q",
        tooltip=style.told(style.word("year", "year"), style.figure("use, t", "use_t")),
    )
    return style.across(alt.layer(bars, line).add_params(scenario, good), 260)


def largest_origin(frame: pd.DataFrame, lines: pd.DataFrame, source: str) -> style.Drawing:
    """Share of the largest origin of each good by year, without the plan and with it, with official lines.

    frame: good, year, plan, share, origin. lines: name, share.
    """
    tips = style.told(
        style.word("good", "good"),
        style.word("year", "year"),
        style.word("", "plan"),
        style.word("largest origin", "origin"),
        style.figure("share", "share", ".1%"),
    )
    up = style.shares("share", "% of supply", scale=alt.Scale(domain=[0, 1]))
    drawn = style.sourced(frame, source).mark_line(point=True, strokeWidth=2.2)
    drawn = drawn.encode(
        x=style.years(frame),
        y=up,
        color=alt.Color("plan:N", scale=style.colours(LOOK)),
        tooltip=tips,
    )
    limit = (
        alt.Chart().transform_calculate(line=f"{float(lines['share'].max())}")
        if len(lines)
        else None
    )
    layers = [drawn]
    if limit is not None:
        rule = limit.mark_rule(color=style.MISSING, strokeDash=[4, 3])
        layers.append(rule.encode(y="line:Q"))
    chart = alt.layer(*layers, data=frame)
    return style.small_multiples(chart, "good", columns=3, order=list(dict.fromkeys(frame["good"])))


def origins(
    frame: pd.DataFrame, goods: Sequence[str], order: Sequence[str], others: str, source: str
) -> style.Drawing:
    """Supply of a good that can be chosen by origin over the years, tonnes a year.

    frame: good, year, origin, tonnes, share.
    """
    good = style.chooser("good", "Good", goods, goods[0])
    tips = style.told(
        style.word("good", "good"),
        style.word("year", "year"),
        style.word("origin", "origin"),
        style.figure("t, expected", "tonnes"),
        style.figure("share", "share", ".1%"),
    )
    ranked = frame.assign(place=frame["origin"].map({name: at for at, name in enumerate(order)}))
    chart = style.sourced(ranked, source).transform_filter(alt.datum.good == good).mark_bar()
    drawn = chart.encode(
        x=style.years(frame),
        y=style.amounts("tonnes", "t a year, expected"),
        color=alt.Color("origin:N", scale=style.hues(order, others), sort=list(order)),
        order=alt.Order("place:Q"),
        tooltip=tips,
    ).add_params(good)
    return style.across(drawn, 240)


def single_losses(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Share of demand that can be met if nothing, one origin, or one origin and one more is lost, by element and year.

    frame: element, year, case (in order), share, without.
    """
    tips = style.told(
        style.word("element", "element"),
        style.word("year", "year"),
        style.word("", "case"),
        style.word("without", "without"),
        style.figure("demand that can be met", "share", ".1%"),
    )
    look = dict(
        zip(dict.fromkeys(frame["case"]), (style.PLAIN, style.ACCENT, style.MISSING), strict=False)
    )
    up = style.shares("share", "% of demand met", scale=alt.Scale(domain=[0, 1]))
    chart = style.sourced(frame, source).mark_line(point=True)
    drawn = chart.encode(
        x=style.years(frame),
        y=up,
        color=alt.Color("case:N", scale=style.colours(look)),
        tooltip=tips,
    )
    return style.small_multiples(
        drawn, "element", columns=3, order=list(dict.fromkeys(frame["element"]))
    )


def coverage_matrix(
    frame: pd.DataFrame, missing: Sequence[str], years: Sequence[str], source: str
) -> style.Drawing:
    """Share of demand that can be met, by element and by what is missing, in a year that can be chosen, as a matrix.

    frame: year (text), without, element, share, loss_musd.
    """
    chosen = style.chooser("coverage_year", "Year", years, years[-1])
    tips = style.told(
        style.word("year", "year"),
        style.word("without", "without"),
        style.word("element", "element"),
        style.figure("demand that can be met", "share", ".1%"),
        style.figure("loss of such a year, MUSD", "loss_musd"),
    )
    names = alt.Axis(title=None, labelAngle=0, orient="top", ticks=False, domain=False)
    base = style.sourced(frame, source).transform_filter(alt.datum.year == chosen)
    base = base.encode(
        x=alt.X("element:N", axis=names, sort=list(dict.fromkeys(frame["element"]))),
        y=style.rows("without", missing),
        tooltip=tips,
    )
    hue = alt.Scale(domain=[0, 0.5, 1], range=[style.MISSING, "#f6ddb0", "#e7f0f7"])
    legend = alt.Legend(title="demand that can be met", format=style.PERCENT, gradientLength=160)
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color("share:Q", scale=hue, legend=legend)
    )
    words = base.mark_text(fontSize=10).encode(text=alt.Text("share:Q", format=style.PERCENT))
    return style.across(alt.layer(cells, words).add_params(chosen), style.ROW * len(missing))
