"""One look for all charts: colours, number formats, tooltips with unit and source."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Literal, TypeAlias, cast

import altair as alt
import pandas as pd

from planner.data.stages import STAGES

Drawing: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart | alt.RepeatChart
"""A chart that is ready to be shown."""
INK, MUTED, RULE = "#1d2733", "#5b6773", "#dfe4ea"
ACCENT, MISSING, PLAIN = "#0b6db0", "#c8401f", "#aeb7c1"
"""The one colour; red for what is missing or lost; grey for what is compared with."""
STAGE_COLOURS = {stage.heading: stage.colour for stage in STAGES.values()}
"""Colours of stages by their heading."""
HUES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#7A5195", "#8C510A", "#b58900")
"""Okabe and Ito's colours, told apart by colour-blind readers, and two more."""
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
DIGITS, PERCENT, ONE_DIGIT, YEAR = ",.3~r", ".0%", ".1%", "d"
"""Formats of amounts, shares, shares to a tenth of a per cent, and years."""
TOLD_AS = {"share": ONE_DIGIT, "probability": ONE_DIGIT, "cover": ".2f", "adverse": ".2f"}
"""Fields that are no amounts, and how a tooltip tells them."""
ORDINAL = frozenset({"year", "start", "end"})
"""Fields of numbers that are told as they are."""
DASHED = [4, 3]
"""Lengths of the dashes of a line and of what is left between them, px."""
FULL = alt.Scale(domain=[0, 1])
"""A scale of shares from nothing to all."""
WIDTH, ROW = 640, 20
"""Width of a chart where nobody says how wide it may be, and height of a row, px."""
LETTERS, LINE = 37, 13
"""Letters of a line of a label of a row, and its height, px; on a narrow page fit.js takes fewer letters."""
HEADING_LETTER = 7.2
"""Width of a letter of the heading of one of small multiples, px; they are as wide as their charts at most."""


def figure(title: str, field: str, form: str = DIGITS) -> alt.Tooltip:
    """A number in a tooltip; its title names the unit."""
    return alt.Tooltip(field=field, type="quantitative", title=title, format=form)


def word(title: str, field: str) -> alt.Tooltip:
    """A name or a year in a tooltip."""
    return alt.Tooltip(field=field, type="nominal", title=title)


def told(*tips: alt.Tooltip) -> list[alt.Tooltip]:
    """The lines of a tooltip, the source last."""
    return [*tips, word("source", "source")]


def tooltip(
    frame: pd.DataFrame, tips: Mapping[str, str], amounts_as: str = DIGITS
) -> list[alt.Tooltip]:
    """The lines of a tooltip, the source last. tips: field of the frame -> what it is called, with its unit.

    Numbers are told as `amounts_as`, but for those of `TOLD_AS`; names, years and places in an order as they are.
    """
    lines = []
    for field, title in tips.items():
        if field in ORDINAL or not pd.api.types.is_numeric_dtype(frame[field]):
            lines.append(word(title, field))
        else:
            lines.append(figure(title, field, TOLD_AS.get(field, amounts_as)))
    return told(*lines)


def sourced(frame: pd.DataFrame, source: str) -> alt.Chart:
    """A chart over a frame whose rows know their source."""
    return alt.Chart(frame).transform_calculate(source=json.dumps(source))


def marked(frame: pd.DataFrame, tips: Mapping[str, str], source: str) -> alt.Chart:
    """A chart over a frame whose marks tell some of its fields; tips: as for `tooltip`."""
    chart: alt.Chart = sourced(frame, source).encode(tooltip=tooltip(frame, tips))
    return chart


def years(of: pd.DataFrame) -> alt.X:
    """Years from left to right, a band each, from the first of a frame to its last."""
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=6, title=None, ticks=False)
    first, last = int(of["year"].min()), int(of["year"].max())
    scale = alt.Scale(domain=list(range(first, last + 1)))
    return alt.X(field="year", type="ordinal", axis=axis, scale=scale)


def by_year(frame: pd.DataFrame, tips: Mapping[str, str], source: str) -> alt.Chart:
    """A chart as of `marked` over the years of a frame."""
    chart: alt.Chart = marked(frame, tips, source).encode(x=years(frame))
    return chart


def amounts(field: str, title: str, **more: Any) -> alt.Y:
    """Amounts from the ground up."""
    axis = alt.Axis(title=title, format=DIGITS, tickCount=5)
    return alt.Y(field=field, type="quantitative", axis=axis, **more)


def shares(field: str, title: str, scale: alt.Scale = FULL, **more: Any) -> alt.Y:
    """Shares from the ground up, in per cent."""
    axis = alt.Axis(title=title, format=PERCENT, tickCount=5)
    return alt.Y(field=field, type="quantitative", axis=axis, scale=scale, **more)


def across_amounts(field: str, title: str, **axis: Any) -> alt.X:
    """Amounts from left to right."""
    shown = alt.Axis(title=title, format=DIGITS, **axis)
    return alt.X(field=field, type="quantitative", axis=shown)


def rows(field: str, order: Sequence[str]) -> alt.Y:
    """Named rows from the top down; a long name stands on several lines."""
    return alt.Y(field=field, type="nominal", sort=list(order), axis=of_lines(LETTERS))


def of_lines(letters: int, **more: Any) -> alt.Axis:
    """An axis whose labels are broken after words into lines of at most so many letters, around the middle of their
    band."""
    lines = _broken(letters)
    to_the_middle = f"-{LINE / 2} * (length({lines}) - 1)"
    return alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labelExpr=lines,
        labelLineHeight=LINE,
        labelOffset={"condition": {"test": "true", "expr": to_the_middle}, "value": 0},
        **more,
    )


def _broken(letters: int) -> str:
    """The expression that breaks a label after words into lines of at most so many letters."""
    marked = f"replace(datum.label, regexp('(.{{1,{letters}}})( |$)', 'g'), '$1\\n')"
    return f"split(trim({marked}), '\\n')"


def lines_of(name: str, letters: int) -> list[str]:
    """The lines of a label."""
    return re.sub(rf"(.{{1,{letters}}})( |$)", r"\1\n", name).strip().split("\n")


def rows_high(order: Sequence[str], row: float = ROW) -> float:
    """The height of named rows, px: each is `row` high, or as high as the label of the most lines."""
    most = max((len(lines_of(name, LETTERS)) for name in order), default=1)
    return len(order) * max(row, most * LINE + 3)


def colours(by: Mapping[str, str]) -> alt.Scale:
    """A scale that gives each name its colour."""
    return alt.Scale(domain=list(by), range=list(by.values()))


def hues(kinds: Sequence[str]) -> alt.Scale:
    """A colour for each kind, in order."""
    return colours(dict(zip(kinds, cycle(HUES), strict=False)))


def coloured(field: str, by: Mapping[str, str], **more: Any) -> alt.Color:
    """Marks in the colour of their name."""
    return alt.Color(field=field, type="nominal", scale=colours(by), **more)


def by_kind(field: str, kinds: Sequence[str]) -> alt.Color:
    """Marks in a colour for each kind, the kinds in order."""
    return alt.Color(field=field, type="nominal", scale=hues(kinds), sort=list(kinds))


def in_order(values: pd.Series) -> list[str]:
    """The values of a column, each once, in the order in which they stand."""
    return list(dict.fromkeys(values))


def stage_colours(stages: pd.Series) -> dict[str, str]:
    """The colours of the stages that are there."""
    present = in_order(stages)
    others = iter(hue for stage, hue in STAGE_COLOURS.items() if stage not in present)
    found = {stage: hue for stage, hue in STAGE_COLOURS.items() if stage in present}
    for stage in present:
        if stage not in found:
            found[stage] = next(others)  # as the case calls it
    return found


def constant(axis: Literal["x", "y"], at: float, **look: Any) -> alt.Chart:
    """A line across a chart at an amount."""
    rule = alt.Chart(pd.DataFrame({"at": [at]})).mark_rule(**look)
    place = alt.X("at:Q") if axis == "x" else alt.Y("at:Q")
    found: alt.Chart = rule.encode(**{axis: place})
    return found


def small_multiples(
    chart: Drawing, field: str, columns: int, order: Sequence[str] | None = None
) -> Drawing:
    """A chart for each value of a field, side by side; fewer stand beside one another on a narrow page. A long heading
    stands on several lines."""
    wide = WIDTH / columns - 60
    header = alt.Header(
        title=None,
        labelFontWeight="bold",
        labelAnchor="start",
        labelExpr=_broken(int(wide / HEADING_LETTER) + 1),
        labelLineHeight=LINE + 2,
    )
    sort = alt.Undefined if order is None else list(order)
    by = alt.Facet(field=field, type="nominal", header=header, sort=sort)
    sized = cast(alt.Chart, _sized(chart, wide, 0.62 * wide + 20))
    drawn: Drawing = sized.facet(facet=by, columns=columns)
    drawn.usermeta = {"columns": columns}
    return drawn


def freed(chart: Drawing, axis: Literal["x", "y"]) -> Drawing:
    """Small multiples each with an axis of its own."""
    own: dict[str, Any] = {axis: "independent"}
    found: Drawing = chart.resolve_scale(**own)
    return found


def across(chart: Drawing, height: float) -> Drawing:
    """A chart, made as wide as the page lets it be, and so many px high."""
    return _sized(chart, WIDTH, height)


def _sized(chart: Drawing, width: float, height: float) -> Drawing:
    """A chart, made so many px wide and high."""
    # In place: each copy of a chart of several layers makes all of them anew.
    chart.width = width
    chart.height = height
    return chart


_AXIS = alt.AxisConfig(
    labelColor=INK,
    titleColor=MUTED,
    titleFontWeight="normal",
    gridColor=RULE,
    domainColor=MUTED,
    tickColor=MUTED,
    labelFontSize=11,
    titleFontSize=11,
)
_LEGEND = alt.LegendConfig(
    orient="top",
    title=None,
    labelColor=INK,
    labelFontSize=11,
    labelLimit=260,
    columns=3,
    symbolType="square",
)
CONFIG = alt.Config(
    font=FONT,
    background="white",
    padding=2,
    axis=_AXIS,
    axisY=alt.AxisConfig(labelLimit=230),
    legend=_LEGEND,
    view=alt.ViewConfig(stroke=None),
    text=alt.MarkConfig(fontSize=11, color=INK),
    header=alt.HeaderConfig(labelFontSize=12, labelColor=INK, labelLimit=0),
)
"""The look that all charts share."""


def finished(chart: Any) -> Any:
    """A chart, given the look that all share."""
    chart.config = CONFIG
    return chart


def specification(chart: Any) -> dict[str, Any]:
    """A chart as Vega-Lite, its data beside it under `datasets`."""
    with alt.data_transformers.enable("default", max_rows=None):
        found: dict[str, Any] = finished(chart).to_dict(validate=False)
    return found
