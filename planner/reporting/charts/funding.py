"""Charts of what to fund: the efficient frontier, the merit list, when plants are built, and the use that is made of them."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from planner.reporting.charts import style

PHASES = {"under construction": 0.3, "ramping up": 0.65, "full use": 1.0}
"""Phases of a plant, and how strong their colour is."""
LETTER, HIGH, LINE = 0.0135, 330.0, 15.0
"""Width of a letter as a share of the chart of the frontier, its height and that of a line, px."""
LIFTS = (13.0, -16.0, 28.0, -31.0, 43.0, -46.0, 58.0)
"""Heights at which a label is tried, px above its plan."""


def frontier(
    corners: pd.DataFrame, plans: pd.DataFrame, steps: pd.DataFrame, source: str
) -> style.Drawing:
    """Least residual risk for each cost, the named plans and the first steps on it.

    corners: cost (bn USD or MUSD, as `unit` says), share of the risk of no action that remains. plans: name, cost, share,
    risk_musd, cost_musd, chosen, meaning. steps: place, cost, share, projects. Each has `unit`.
    """
    unit = str(plans["unit"].iloc[0])
    across = alt.X("cost:Q", title=f"cost, {unit}, present value", scale=alt.Scale(zero=True))
    up = style.shares(
        "share", "residual risk, % of no action", scale=alt.Scale(domain=[0, 1], nice=True)
    )
    line = alt.Chart(corners).mark_line(color=style.ACCENT, strokeWidth=2.5)
    step_tips = style.told(
        style.word("step", "place"),
        style.word("projects", "projects"),
        style.figure(f"cost, {unit}", "cost"),
        style.figure("risk that remains", "share", ".1%"),
    )
    tips = style.told(
        style.word("plan", "name"),
        style.word("", "meaning"),
        style.figure(f"cost, {unit}", "cost"),
        style.figure("residual risk, MUSD", "risk_musd"),
        style.figure("of no action", "share", ".1%"),
    )
    dots = style.sourced(plans, source).mark_point(
        filled=True, size=110, opacity=1, stroke=style.ACCENT
    )
    fill = alt.condition("datum.chosen", alt.value(style.ACCENT), alt.value("white"))
    layers = [line.encode(x=across, y=up), dots.encode(x=across, y=up, color=fill, tooltip=tips)]
    if len(steps):
        marks = style.sourced(steps, source).mark_point(
            shape="triangle-down", filled=True, size=60, color=style.MISSING, yOffset=-8
        )
        layers.append(marks.encode(x="cost:Q", y="share:Q", tooltip=step_tips))
    return style.across(alt.layer(*layers, *_labels(plans)), HIGH)


def _labels(plans: pd.DataFrame) -> list[alt.Chart]:
    """A label at each plan, at the first height at which it covers no other."""
    most = 1.05 * max(float(plans["cost"].max()), 1e-9)
    taken: list[tuple[float, float, float]] = []
    layers = []
    for row in plans.sort_values("share", ascending=False).to_dict("records"):
        at, wide = row["cost"] / most, LETTER * len(row["name"])
        right = at + wide < 1.0
        start, end = (at, at + wide) if right else (at - wide, at)
        for lift in LIFTS:
            height = HIGH * (1.0 - row["share"]) - lift
            free = height > 0 and all(
                end < other_start or other_end < start or abs(height - other) >= LINE
                for other_start, other_end, other in taken
            )
            if free:
                break
        taken.append((start, end, height))
        mark = alt.Chart(plans[plans["name"] == row["name"]]).mark_text(
            align="left" if right else "right",
            dx=9 if right else 4,
            dy=-lift,
            fontWeight="bold" if row["chosen"] else "normal",
        )
        layers.append(mark.encode(x="cost:Q", y="share:Q", text="name:N"))
    return layers


def merit(frame: pd.DataFrame, source: str) -> style.Drawing:
    """A row a project in the order of merit: public money as a bar, net worth as a dot; both in MUSD, on a scale on which
    small and large amounts are seen. The line stands at 0, as worth is net of cost.

    frame: project, stage, public_musd, worth_musd, when, step.
    """
    order = list(frame["project"])
    amounts = frame[["public_musd", "worth_musd"]]
    ends = {"most": float(amounts.max().max()), "least": float(amounts.min().min())}
    title = "MUSD: public money (bar), net worth (dot); logarithmic above 10"
    tips = style.told(
        style.word("project", "project"),
        style.word("stage", "stage"),
        style.figure("public money, MUSD", "public_musd"),
        style.figure("net worth, MUSD", "worth_musd"),
        style.word("when", "when"),
        style.word("step", "step"),
    )
    base = style.sourced(frame, source).encode(y=style.rows("project", order), tooltip=tips)
    present = {
        stage: style.STAGE_COLOURS[stage]
        for stage in style.STAGE_COLOURS
        if stage in set(frame["stage"])
    }
    money = base.mark_bar(opacity=0.45, height=11).encode(
        x=style.logarithmic("public_musd", title, **ends),
        color=alt.Color("stage:N", scale=style.colours(present)),
    )
    worth = base.mark_point(filled=True, size=70, opacity=1, color=style.INK)
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=style.INK).encode(x="at:Q")
    layers = alt.layer(money, worth.encode(x=style.logarithmic("worth_musd", title, **ends)), zero)
    return style.across(layers, style.ROW * len(order))


def timeline(
    phases: pd.DataFrame, signs: pd.DataFrame, insured: tuple[int, int] | None, source: str
) -> style.Drawing:
    """When each plant is committed, built, ramped up and used in full; the years that the plan insures are shaded.

    phases: plant, stage, phase, start, end (years), tpa. signs: plant, sign, year.
    """
    order = list(dict.fromkeys(phases["plant"]))
    span = alt.Scale(domain=[int(phases["start"].min()), int(phases["end"].max())], nice=False)
    axis = alt.Axis(format=style.YEAR, title=None, tickMinStep=1, orient="top", labelOverlap=True)
    present = {
        stage: hue for stage, hue in style.STAGE_COLOURS.items() if stage in set(phases["stage"])
    }
    tips = style.told(
        style.word("plant", "plant"),
        style.word("phase", "phase"),
        style.figure("from", "start", style.YEAR),
        style.figure("to", "end", style.YEAR),
        style.word("new capacity", "size"),
        style.figure("capital, MUSD", "capex_musd"),
    )
    bars = style.sourced(phases, source).mark_bar(height=12)
    strength = alt.Scale(domain=list(PHASES), range=list(PHASES.values()))
    drawn = bars.encode(
        x=alt.X("start:Q", scale=span, axis=axis),
        x2="end:Q",
        y=style.rows("plant", order),
        color=alt.Color("stage:N", scale=style.colours(present)),
        opacity=alt.Opacity("phase:O", sort=list(PHASES), scale=strength, legend=None),
        tooltip=tips,
    )
    marks = style.sourced(signs, source).mark_point(filled=True, size=55, opacity=1)
    shapes = alt.Scale(domain=["committed", "training begins"], range=["diamond", "triangle-up"])
    hues = alt.Scale(domain=["committed", "training begins"], range=[style.INK, "#7A5195"])
    signed = marks.encode(
        x=alt.X("year:Q", scale=span, axis=axis),
        y=style.rows("plant", order),
        shape=alt.Shape("sign:N", scale=shapes),
        color=alt.Color("sign:N", scale=hues, legend=None),
        tooltip=style.told(
            style.word("plant", "plant"),
            style.word("", "sign"),
            style.figure("year", "year", style.YEAR),
        ),
    )
    layers = [drawn, signed]
    if insured is not None:
        years = pd.DataFrame({"start": [insured[0]], "end": [insured[1] + 1]})
        shade = (
            alt.Chart(years)
            .mark_rect(color="#fdf3d8")
            .encode(x=alt.X("start:Q", scale=span, axis=axis), x2="end:Q")
        )
        layers.insert(0, shade)
    chart = alt.layer(*layers).resolve_scale(color="independent", shape="independent")
    return style.across(chart, (style.ROW + 1) * len(order))


def use_of_plants(
    frame: pd.DataFrame, plants: Sequence[str], scenarios: Sequence[str], source: str
) -> style.Drawing:
    """Use of each new plant in each scenario, as a heat map.

    frame: plant, scenario, share (of its usable capacity), probability.
    """
    names = alt.Axis(title=None, labelAngle=-45, labelLimit=130, ticks=False, domain=False)
    hue = alt.Scale(domain=[0, 1], range=["#f3f6f9", style.ACCENT])
    legend = alt.Legend(title="use of capacity", format=style.PERCENT, gradientLength=160)
    chart = style.sourced(frame, source).mark_rect(stroke="white")
    drawn = chart.encode(
        x=alt.X("scenario:N", sort=list(scenarios), axis=names),
        y=style.rows("plant", plants),
        color=alt.Color("share:Q", scale=hue, legend=legend),
        tooltip=style.told(
            style.word("plant", "plant"),
            style.word("scenario", "scenario"),
            style.figure("probability", "probability", ".1%"),
            style.figure("use of its capacity", "share", ".1%"),
        ),
    )
    return style.across(drawn, (style.ROW - 2) * len(plants))


def capacity(frame: pd.DataFrame, used: pd.DataFrame, source: str) -> style.Drawing:
    """Existing and new capacity by year, and what is used of it, by stage.

    frame: stage, year, kind (`existing` or `new`), tpa. used: stage, year, kind (`used, expected` or `used, worst
    scenario`), tpa.
    """
    both = pd.concat([frame, used])
    look = {"existing": style.PLAIN, "new": style.ACCENT}
    tips = style.told(
        style.word("stage", "stage"),
        style.word("year", "year"),
        style.word("", "kind"),
        style.figure("t/y", "tpa"),
    )
    base = style.sourced(both, source).encode(x=style.years(both), tooltip=tips)
    bars = base.transform_filter("datum.kind == 'existing' || datum.kind == 'new'").mark_bar()
    bars = bars.encode(
        y=style.amounts("tpa", "t/y"), color=alt.Color("kind:N", scale=style.colours(look))
    )
    lines = base.transform_filter("datum.kind != 'existing' && datum.kind != 'new'")
    dash = alt.Scale(domain=["used, expected", "used, worst scenario"], range=[[1, 0], [4, 3]])
    lines = lines.mark_line(color=style.INK, strokeWidth=1.6).encode(
        y="tpa:Q", strokeDash=alt.StrokeDash("kind:N", scale=dash)
    )
    chart = style.small_multiples(
        alt.layer(bars, lines), "stage", columns=3, order=list(dict.fromkeys(frame["stage"]))
    )
    return style.freed(chart, "y")


def spending(frame: pd.DataFrame, order: Sequence[str], others: str, source: str) -> style.Drawing:
    """Public money by year, stacked by kind.

    frame: year, kind, amount (MUSD, expected, not discounted). order: kinds from the ground up.
    """
    ranked = frame.assign(place=frame["kind"].map({kind: at for at, kind in enumerate(order)}))
    tips = style.told(
        style.word("", "kind"), style.word("year", "year"), style.figure("MUSD, expected", "amount")
    )
    chart = style.sourced(ranked, source).mark_bar()
    drawn = chart.encode(
        x=style.years(frame),
        y=style.amounts("amount", "MUSD a year"),
        color=alt.Color("kind:N", scale=style.hues(order, others), sort=list(order)),
        order=alt.Order("place:Q"),
        tooltip=tips,
    )
    return style.across(drawn, 240)


def stock(frame: pd.DataFrame, source: str) -> style.Drawing:
    """Stock at the end of each year. frame: year, stock_t (expected)."""
    tips = style.told(style.word("end of", "year"), style.figure("stock, t, expected", "stock_t"))
    chart = style.sourced(frame, source).mark_bar(color="#b58900")
    drawn = chart.encode(x=style.years(frame), y=style.amounts("stock_t", "t"), tooltip=tips)
    return style.across(drawn, 150)


def teams(frame: pd.DataFrame, source: str) -> style.Drawing:
    """The team that needs the largest share of its staff, by year. frame: year, use, team."""
    tips = style.told(
        style.word("year", "year"),
        style.word("team", "team"),
        style.figure("of its staff is needed", "use", ".1%"),
    )
    chart = style.sourced(frame, source).mark_bar(color=style.ACCENT)
    up = style.shares("use", "% of staff", scale=alt.Scale(domain=[0, 1]))
    return style.across(chart.encode(x=style.years(frame), y=up, tooltip=tips), 150)
