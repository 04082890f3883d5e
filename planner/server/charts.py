"""Charts of the workbench: the efficient frontier, a study of one number, and plans side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts import style

ROOM = 0.08
"""Share of the range of risks that an axis leaves free above and below."""
LEFT_OF = 0.55
"""Share of the cost axis from which on a name stands on the left of its point."""
HEIGHT, PER_PLAN = 230, 46
SOLVED = "solved in the background, figures only"
STORED = "summary.json: risk_musd, cost_musd"
GREY = "#aeb7c1"
AXIS = alt.Axis(tickCount=6)
PARTS = {"cost": style.ACCENT, "residual risk": style.MISSING}
"""Colours of the parts of the risk-adjusted cost."""
LOOKS = {"now": style.ACCENT, "pinned": style.INK, "kept": GREY, "no action": GREY}
"""Colours of the plans on the frontier, by their kind."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A plan on the frontier, MUSD. kind: one of `LOOKS`."""

    name: str
    cost: float
    risk: float
    kind: str


@dataclass(frozen=True, kw_only=True)
class FrontierPoints:
    """All that stands on the efficient frontier of one state.

    curve: cost and risk (MUSD) of solved plans. before: the same of the state that is compared with. marks: plans with
    a name. least: the least attainable risk, if it is known.
    """

    curve: Sequence[tuple[float, float]]
    before: Sequence[tuple[float, float]]
    marks: Sequence[Mark]
    least: float | None


def frontier(points: FrontierPoints) -> dict[str, Any]:
    """Residual risk against cost as a Vega-Lite specification; the risk axis shows the range of the plans, not zero."""
    marks = pd.DataFrame([vars(mark) for mark in together(points.marks)])
    low, high = risk_range(points)
    across = alt.X("cost:Q", title="cost of the plan, MUSD, present value", axis=AXIS)
    scale = alt.Scale(domain=[low, high], zero=False, nice=False, clamp=False)
    up = alt.Y("risk:Q", title="residual risk, MUSD", scale=scale)
    layers: list[Any] = []
    for rows, hue in ((points.before, GREY), (points.curve, style.ACCENT)):
        if rows:
            layers.append(_line(rows, hue, across, up))
    if points.least is not None:
        layers += _least(points.least, up)
    tips = style.told(
        style.word("plan", "name"),
        style.figure("cost, MUSD", "cost"),
        style.figure("residual risk, MUSD", "risk"),
    )
    hues = alt.Scale(domain=list(LOOKS), range=list(LOOKS.values()))
    within = marks[marks["risk"] <= high]
    plans = style.sourced(within, STORED).encode(x=across, y=up)
    dots = plans.mark_point(filled=True, size=110, opacity=1)
    layers.append(dots.encode(color=alt.Color("kind:N", scale=hues, legend=None), tooltip=tips))
    layers += _names(within)
    chart = alt.layer(*layers).properties(width="container", height=HEIGHT)
    return style.specification(chart)


def _line(rows: Sequence[tuple[float, float]], hue: str, across: alt.X, up: alt.Y) -> alt.Chart:
    frame = pd.DataFrame(sorted(rows), columns=["cost", "risk"])
    tips = style.told(
        style.figure("cost, MUSD", "cost"), style.figure("residual risk, MUSD", "risk")
    )
    line = style.sourced(frame, SOLVED).mark_line(
        color=hue, strokeWidth=2, clip=True, point=alt.OverlayMarkDef(size=22, color=hue)
    )
    drawn: alt.Chart = line.encode(x=across, y=up, tooltip=tips)
    return drawn


def _least(least: float, up: alt.Y) -> list[Any]:
    frame = pd.DataFrame({"risk": [least], "words": ["least attainable risk"]})
    rule = alt.Chart(frame).mark_rule(color=style.MISSING, strokeDash=[5, 4]).encode(y=up)
    words = alt.Chart(frame).mark_text(
        align="left", baseline="bottom", dx=4, dy=-3, color=style.MISSING, fontSize=10.5
    )
    return [rule, words.encode(x=alt.value(0), y=up, text="words:N")]


def _names(marks: pd.DataFrame) -> list[Any]:
    """The name of each plan beside it: on its left where it stands on the right, the lower plan's name below it."""
    most = max(float(marks["cost"].max()), 1e-9)
    ordered = marks.sort_values("risk", ascending=False).reset_index(drop=True)
    found = []
    for place, row in enumerate(ordered.to_dict("records")):
        is_right = row["cost"] > LEFT_OF * most
        names = alt.Chart(ordered[ordered["name"] == row["name"]]).mark_text(
            align="right" if is_right else "left",
            dx=-10 if is_right else 10,
            dy=-10 if place % 2 == 0 else 12,
            limit=190,
            fontWeight="bold" if row["kind"] == "now" else "normal",
        )
        found.append(names.encode(x="cost:Q", y="risk:Q", text="name:N"))
    return found


def risk_range(points: FrontierPoints) -> tuple[float, float]:
    """The risks (MUSD) between which the axis runs: those of all plans but the one without action, which is far off."""
    risks = [risk for _, risk in (*points.curve, *points.before)]
    risks += [mark.risk for mark in points.marks if mark.kind != "no action"]
    if points.least is not None:
        risks.append(points.least)
    low, high = min(risks), max(risks)
    room = ROOM * ((high - low) or high or 1.0)
    return max(0.0, low - room), high + room


def together(marks: Sequence[Mark]) -> list[Mark]:
    """Marks of which no two lie on each other: those that do share a label, as the first of their kinds."""
    order = list(LOOKS)
    found: dict[tuple[str, str], Mark] = {}
    for mark in sorted(marks, key=lambda one: order.index(one.kind)):
        at = f"{mark.cost:.5g}", f"{mark.risk:.5g}"
        there = found.get(at)
        if there is None:
            found[at] = mark
        else:
            name = f"{there.name}, {mark.name}"
            found[at] = Mark(name=name, cost=there.cost, risk=there.risk, kind=there.kind)
    return list(found.values())


def side_by_side(plans: Sequence[tuple[str, float, float]]) -> dict[str, Any]:
    """Cost and residual risk of plans as bars on one another. plans: name, cost, risk (MUSD), in their order."""
    rows = []
    for name, cost, risk in plans:
        for at, (part, musd) in enumerate((("cost", cost), ("residual risk", risk))):
            rows.append({"plan": name, "part": part, "musd": musd, "place": at})
    frame = pd.DataFrame(rows)
    colours = alt.Color("part:N", scale=style.colours(PARTS), title=None)
    tips = style.told(
        style.word("plan", "plan"), style.word("part", "part"), style.figure("MUSD", "musd")
    )
    bars = style.sourced(frame, STORED).mark_bar(height=22)
    drawn = bars.encode(
        y=style.rows("plan", [name for name, _, _ in plans]),
        x=alt.X("musd:Q", title="MUSD, present value", axis=AXIS),
        color=colours,
        order="place:Q",
        tooltip=tips,
    )
    chart = drawn.properties(width="container", height=PER_PLAN * len(plans))
    return style.specification(chart)


def answers(rows: Sequence[tuple[float, float, float]], unit: str) -> dict[str, Any]:
    """Residual risk and cost against a number that became a range. rows: value, risk, cost (MUSD)."""
    frame = pd.DataFrame(rows, columns=["value", "residual risk", "cost"])
    long = frame.melt("value", var_name="part", value_name="musd")
    tips = style.told(
        style.figure("value", "value"), style.word("", "part"), style.figure("MUSD", "musd")
    )
    lines = style.sourced(long, SOLVED).mark_line(point=True, strokeWidth=2)
    drawn = lines.encode(
        x=alt.X("value:Q", title=f"value{unit}", scale=alt.Scale(zero=False)),
        y=alt.Y("musd:Q", title="MUSD"),
        color=alt.Color("part:N", scale=style.colours(PARTS), title=None),
        tooltip=tips,
    )
    return style.specification(drawn.properties(width="container", height=HEIGHT))
