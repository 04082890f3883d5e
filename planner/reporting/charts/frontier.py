"""The chart of the efficient frontier of cost and risk, with the plans known: on the page of a run and on the workbench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts import style

ROOM = 0.15
"""Share of the range of risks that an axis leaves free above and below."""
HEIGHT = 230
"""Height of a chart, px."""
AXIS = alt.Axis(tickCount=6)
LOOKS = {"now": style.ACCENT, "pinned": style.INK, "no action": style.PLAIN}
"""Colours of plans on the frontier, by their kind; others have colours of their own."""
KINDS = ("now", "pinned", "kept", "no action")
COST_AND_RISK = (style.figure("cost, MUSD", "cost"), style.figure("residual risk, MUSD", "risk"))
"""Lines of the tooltip of a plan."""


@dataclass(frozen=True)
class Mark:
    """A plan on the frontier: its name, cost and risk (MUSD). kind: one of `KINDS`."""

    name: str
    cost: float
    risk: float
    kind: str


@dataclass(frozen=True, kw_only=True)
class FrontierPoints:
    """All that stands on the efficient frontier of one state.

    curve: cost and risk (MUSD) of solved plans. marks: plans with a name. source: where the figures of both are.
    """

    curve: Sequence[tuple[float, float]]
    marks: Sequence[Mark]
    source: str


def frontier(points: FrontierPoints) -> style.Drawing:
    """Residual risk against cost; the risk axis shows the range of the plans, not zero."""
    low, high = risk_range(points)
    across = alt.X("cost:Q", title="cost of the plan, MUSD, present value", axis=AXIS)
    scale = alt.Scale(domain=[low, high], zero=False, nice=False, clamp=False)
    up = alt.Y("risk:Q", title="residual risk, MUSD", scale=scale)
    layers: list[Any] = []
    if points.curve:
        layers.append(_line(points.curve, points.source).encode(x=across, y=up))
    marks = pd.DataFrame(map(vars, together(points.marks)))
    within = marks[marks["risk"] <= high]
    dots = _dots(within, points.source)
    layers.append(dots.encode(x=across, y=up))
    return style.across(alt.layer(*layers), HEIGHT)


def _line(rows: Sequence[tuple[float, float]], source: str) -> alt.Chart:
    frame = pd.DataFrame(sorted(rows), columns=["cost", "risk"])
    dots = alt.OverlayMarkDef(size=22, color=style.ACCENT)
    line = style.sourced(frame, source).mark_line(
        color=style.ACCENT, strokeWidth=2, clip=True, point=dots
    )
    tips = style.told(*COST_AND_RISK)
    drawn: alt.Chart = line.encode(tooltip=tips)
    return drawn


def _dots(marks: pd.DataFrame, source: str) -> alt.Chart:
    """A dot for each plan, named in the legend."""
    others = iter(style.HUES[1:] * len(marks))
    look = {row["name"]: LOOKS.get(row["kind"]) or next(others) for row in marks.to_dict("records")}
    dots = style.sourced(marks, source).mark_point(filled=True, size=110, opacity=1)
    tips = style.told(style.word("plan", "name"), *COST_AND_RISK)
    drawn: alt.Chart = dots.encode(color=style.coloured("name", look), tooltip=tips)
    return drawn


def risk_range(points: FrontierPoints) -> tuple[float, float]:
    """The risks (MUSD) between which the axis runs: those of all plans but the one without action, which is far off."""
    risks = [risk for _, risk in points.curve]
    risks += [mark.risk for mark in points.marks if mark.kind != "no action"]
    low = min(risks)
    high = max(risks)
    room = ROOM * ((high - low) or high or 1.0)
    return max(0.0, low - room), high + room


def together(marks: Sequence[Mark]) -> list[Mark]:
    """Marks of which no two lie on each other: those that do share a label, as the first of their kinds."""
    order = list(KINDS)
    found: dict[tuple[str, str], Mark] = {}
    for mark in sorted(marks, key=lambda one: order.index(one.kind)):
        place = (f"{mark.cost:.5g}", f"{mark.risk:.5g}")
        if place in found:
            there = found[place]
            names = f"{there.name}, {mark.name}"
            mark = replace(there, name=names)
        found[place] = mark
    return list(found.values())
