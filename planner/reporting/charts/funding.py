"""Charts of what to fund: the efficient frontier, when plants are built, and capacity by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import altair as alt
import numpy as np
import pandas as pd

from planner.reporting.charts import style

Align: TypeAlias = Literal["left", "right", "center"]
"""Where the name of a plan is held: at its left end, its right, or its middle."""
PHASES = {"under construction": 0.3, "ramping up": 0.65, "full use": 1.0}
"""Phases of a plant, and how strong their colour is."""
HIGH, LINE = 330.0, 15.0
"""Height of the chart of the frontier, and of a line, px."""
LETTER, NARROW = 0.0115, 0.0195
"""Width of a letter as a share of the width of the chart on a wide page, and on a narrow one, where a name is broken."""
LIFTS = (13.0, -15.0, 0.0, 28.0, -30.0, 43.0, -45.0, 58.0, -60.0)
"""Heights at which a label is tried, px above its plan."""
BESIDE = {"left": 9, "center": 0, "right": -9}
"""Distance of a label from its plan, px to the right, by its alignment."""
GAP = 9.0
"""Least distance of a label's middle from the line, px."""


@dataclass(frozen=True, kw_only=True)
class LabelPlace:
    """The place of a label: its start and end as shares of the width, the heights of its first and last line in px from
    the top, and how it is drawn there. A name that is broken on a narrow page grows away from its plan."""

    start: float
    end: float
    first: float
    last: float
    align: Align
    lift: float


PLAN_TIPS = {
    "name": "plan",
    "meaning": "",
    "cost": "cost",
    "risk_musd": "in-sample residual risk, MUSD",
    "share": "of no action",
}


def frontier(corners: pd.DataFrame, plans: pd.DataFrame, unit: str, source: str) -> style.Drawing:
    """Least residual risk for each cost, and the named plans on it.

    corners: cost (as `unit` says), share of the risk of no action that remains. plans: name, cost, share, risk_musd,
    chosen, meaning.
    """
    chart = style.marked(plans, PLAN_TIPS | {"cost": f"cost, {unit}"}, source)
    dots = chart.mark_point(filled=True, size=110, opacity=1, stroke=style.ACCENT)
    line = alt.Chart(corners).mark_line(color=style.ACCENT, strokeWidth=2.5)
    across = alt.X("cost:Q", title=f"cost, {unit}, present value", scale=alt.Scale(zero=True))
    up = style.shares("share", "in-sample residual risk, % of no action")
    fill = alt.condition("datum.chosen", alt.value(style.ACCENT), alt.value("white"))
    layers = [line.encode(x=across, y=up), dots.encode(x=across, y=up, color=fill)]
    layers += _labels(plans, corners)
    return style.across(alt.layer(*layers), HIGH)


def _labels(plans: pd.DataFrame, corners: pd.DataFrame) -> list[alt.Chart]:
    """A label at each plan, at the first place at which it covers no other label and the line does not cross it."""
    most = 1.05 * max(float(plans["cost"].max()), 1e-9)
    line = corners.sort_values("cost")
    taken: list[LabelPlace] = []
    layers = []
    for row in plans.sort_values("share", ascending=False).to_dict("records"):
        broken = row["name"].split(" = ")
        wide = max(LETTER * len(row["name"]), NARROW * max(map(len, broken)))
        ground = HIGH * (1.0 - row["share"])
        tried = _places(row["cost"] / most, ground, wide, lines=len(broken))
        free = [place for place in tried if _is_free(place, taken, line, most)]
        place = (free or tried)[0]
        taken.append(place)
        label = alt.Chart(plans[plans["name"] == row["name"]])
        dx = BESIDE[place.align]
        weight: Literal["bold", "normal"] = "bold" if row["chosen"] else "normal"
        mark = label.mark_text(dy=-place.lift, dx=dx, align=place.align, fontWeight=weight)
        layers.append(mark.encode(x=alt.X("cost:Q"), y=alt.Y("share:Q"), text=alt.Text("name:N")))
    return layers


def _places(at: float, ground: float, wide: float, *, lines: int) -> list[LabelPlace]:
    """The places of a label in the chart or right above it, the nearest to its plan first; at: share of the width."""
    places = []
    for lift in LIFTS:
        height = ground - lift
        if not -LINE < height < HIGH - LINE:
            continue
        more = (lines - 1) * LINE
        first, last = (height - more, height) if lift > 0 else (height, height + more)
        for align, start in _beginnings(at, wide).items():
            end = start + wide
            place = LabelPlace(start=start, end=end, first=first, last=last, align=align, lift=lift)
            places.append(place)
    return places


def _beginnings(at: float, wide: float) -> dict[Align, float]:
    """The start of a label by its alignment: right of its plan, left of it, over its middle, where there is room; one that
    has none on either side stands on the right."""
    found: dict[Align, float] = {}
    has_room_left = at >= wide
    if at + wide < 1.0 or not has_room_left:
        found["left"] = at
    if has_room_left:
        found["right"] = at - wide
    half = wide / 2
    if half <= at <= 1.0 - half:
        found["center"] = at - half
    return found


def _is_free(
    place: LabelPlace, taken: Sequence[LabelPlace], line: pd.DataFrame, most: float
) -> bool:
    """A label covers no other, and the line keeps away from it on its whole length."""
    for other in taken:
        beside = other.start <= place.end and place.start <= other.end
        if beside and other.first < place.last + LINE and place.first < other.last + LINE:
            return False
    along = np.linspace(place.start, place.end, 30) * most
    drawn = (along >= line["cost"].min()) & (along <= line["cost"].max())
    height = HIGH * (1.0 - np.interp(along[drawn], line["cost"], line["share"]))
    above, below = height <= place.first - GAP, height >= place.last + GAP
    return bool((above | below).all())


SIGNS = {"committed": style.INK, "training begins": "#7A5195"}
SHAPES = ["diamond", "triangle-up"]
"""Shapes of the signs, in their order."""
PHASE_TIPS = {
    "plant": "plant",
    "phase": "phase",
    "start": "from",
    "end": "to",
    "size": "new capacity",
    "capex_musd": "capital, MUSD",
}
SIGN_TIPS = {"plant": "plant", "sign": "", "year": "year"}


def timeline(phases: pd.DataFrame, signs: pd.DataFrame, source: str) -> style.Drawing:
    """When each plant is committed, built, ramped up and used in full.

    phases: plant, stage, phase (one of `PHASES`), start, end, size (t/y, with its unit), capex_musd. signs: plant, sign,
    year.
    """
    order = style.in_order(phases["plant"])
    plants = style.rows("plant", order)
    years = _years_above(int(phases["start"].min()), int(phases["end"].max()))
    bars, marks = _phases(phases, years, plants, source), _signs(signs, years, plants, source)
    chart = alt.layer(bars, marks).resolve_scale(color="independent", shape="independent")
    return style.across(chart, style.rows_high(order, style.ROW + 1))


def _years_above(first: int, last: int) -> alt.X:
    """An axis of years above a chart, for any field."""
    return alt.X(
        type="quantitative",
        scale=alt.Scale(domain=[first, last], nice=False),
        axis=alt.Axis(
            format=style.YEAR,
            title=None,
            tickMinStep=1,
            orient="top",
            labelOverlap=True,
            labelSeparation=6,
        ),
    )


def _phases(phases: pd.DataFrame, years: alt.X, plants: alt.Y, source: str) -> alt.Chart:
    """A bar for each phase of each plant, the stronger the more of it works."""
    strength = alt.Scale(domain=list(PHASES), range=list(PHASES.values()))
    bars = style.marked(phases, PHASE_TIPS, source).mark_bar(height=12)
    drawn: alt.Chart = bars.encode(
        x=years.field("start"),
        x2=alt.X2("end:Q"),
        y=plants,
        color=style.coloured("stage", style.stage_colours(phases["stage"])),
        opacity=alt.Opacity("phase:O", sort=list(PHASES), scale=strength, legend=None),
    )
    return drawn


def _signs(signs: pd.DataFrame, years: alt.X, plants: alt.Y, source: str) -> alt.Chart:
    """Marks of the years in which money is committed and training begins."""
    shapes = alt.Scale(domain=list(SIGNS), range=SHAPES)
    marks = style.marked(signs, SIGN_TIPS, source).mark_point(filled=True, size=55, opacity=1)
    drawn: alt.Chart = marks.encode(
        x=years.field("year"),
        y=plants,
        shape=alt.Shape("sign:N", scale=shapes),
        color=style.coloured("sign", SIGNS, legend=None),
    )
    return drawn


CAPACITY_TIPS = {"stage": "stage", "year": "year", "kind": "", "tpa": "t/y"}
CAPACITY_LOOK = {"existing": style.PLAIN, "new": style.ACCENT}
DASHES = {"used, expected": [1, 0], "used, worst scenario": style.DASHED}


def capacity(frame: pd.DataFrame, used: pd.DataFrame, source: str) -> style.Drawing:
    """Existing and new capacity by year, and what is used of it, by stage.

    frame: stage, year, kind (of `CAPACITY_LOOK`), tpa. used: stage, year, kind (of `DASHES`), tpa.
    """
    both = pd.concat([frame, used])
    base = style.by_year(both, CAPACITY_TIPS, source)
    is_built = alt.FieldOneOfPredicate(field="kind", oneOf=list(CAPACITY_LOOK))
    is_used = alt.FieldOneOfPredicate(field="kind", oneOf=list(DASHES))
    bars = base.transform_filter(is_built).mark_bar()
    lines = base.transform_filter(is_used).mark_line(color=style.INK, strokeWidth=1.6)
    dash = alt.Scale(domain=list(DASHES), range=list(DASHES.values()))
    layers = alt.layer(
        bars.encode(y=style.amounts("tpa", "t/y"), color=style.coloured("kind", CAPACITY_LOOK)),
        lines.encode(y=alt.Y("tpa:Q"), strokeDash=alt.StrokeDash("kind:N", scale=dash)),
    )
    order = style.in_order(frame["stage"])
    return style.freed(style.small_multiples(layers, "stage", columns=3, order=order), "y")
