"""Sankey diagram of the material flow of one element, as layers of Vega-Lite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts import style

SMALL = 0.004
"""Share of the height below which a link is not drawn."""
BLOCK = 0.1
"""Half the width of a block, columns."""
BEND = "datum.p == 1 ? 0.35 : datum.p == 2 ? 0.65 : datum.p / 3"
"""Place of the four points of a link between its ends: the ends, and two between which it bends."""
HEIGHT = 330
"""Height of the chart, px."""
GONE = {"used": "#b9c3cd", "saved": "#6B8E23", "unmet": style.MISSING}
"""Colours of the parts of the demand."""


def sankey(
    links: pd.DataFrame,
    blocks: pd.DataFrame,
    columns: Sequence[str],
    choices: Mapping[str, Sequence[Any]],
    first: Mapping[str, Any],
    source: str,
) -> style.Drawing:
    """Draw the flow that is chosen.

    links: e, y, s (element, year, scenario), origin, t, x0, x1, y0, y1, h. blocks: e, y, s, origin, t, x, y0, h, label.
    Heights are shares. columns: headings. choices, first: what may be chosen, and what is at first, by e, y, s.
    """
    origins = style.in_order(blocks["origin"])
    suppliers = [origin for origin in origins if origin not in GONE]
    look = dict(zip(suppliers, (*style.HUES, *["#7f8b97"] * len(suppliers)), strict=False))
    look |= {origin: hue for origin, hue in GONE.items() if origin in origins}
    colour = style.coloured("origin", look, legend=alt.Legend(symbolOpacity=1, columns=6))
    labels = {"e": "Element ", "y": "Year ", "s": "Scenario "}
    params = []
    for key, values in choices.items():
        box = alt.binding_select(options=list(values), name=labels[key])
        params.append(alt.param(name=f"chosen_{key}", value=first[key], bind=box))
    chosen = " && ".join(f"datum.{key} == chosen_{key}" for key in choices)
    tips = [style.word("from", "origin"), style.figure("t", "t")]
    scale = alt.Scale(domain=[-0.25, len(columns) - 0.75], nice=False)
    across = alt.X("x:Q", axis=_headings(columns), scale=scale)
    up = alt.Y("low:Q", axis=None, scale=alt.Scale(domain=[0, 1.02], nice=False))
    bands = (
        alt.Chart(links)
        .transform_filter(chosen)
        .transform_calculate(p="[0, 1, 2, 3]")
        .transform_flatten(["p"])
        .transform_calculate(
            x=f"datum.x0 + {BLOCK} + (datum.x1 - datum.x0 - {2 * BLOCK}) * ({BEND})",
            low="datum.p < 2 ? datum.y0 : datum.y1",
            high="(datum.p < 2 ? datum.y0 : datum.y1) + datum.h",
            source=f"'{source}'",
        )
        .mark_area(interpolate="monotone", opacity=0.42)
        .encode(x=across, y=up, y2="high:Q", detail="i:N", color=colour, tooltip=style.told(*tips))
    )
    bars = (
        alt.Chart(blocks)
        .transform_filter(chosen)
        .transform_calculate(
            left=f"datum.x - {BLOCK}",
            right=f"datum.x + {BLOCK}",
            low="datum.y0",
            high="datum.y0 + datum.h",
            source=f"'{source}'",
        )
    )
    drawn = bars.mark_rect().encode(
        x=alt.X("left:Q", axis=_headings(columns), scale=scale),
        x2="right:Q",
        y=up,
        y2="high:Q",
        color=colour,
        tooltip=style.told(*tips),
    )
    names = (
        bars.transform_filter("datum.h > 0.06")
        .transform_calculate(middle="datum.y0 + datum.h / 2")
        .mark_text(fontSize=10.5, align="left", dx=4, color=style.INK)
        .encode(x="right:Q", y=alt.Y("middle:Q"), text="label:N")
    )
    chart = alt.layer(bands, drawn, names).add_params(*params)
    return style.across(chart, HEIGHT)


def _headings(columns: Sequence[str]) -> alt.Axis:
    """The names of the columns, above them."""
    words = "".join(f"datum.value == {at} ? '{name}' : " for at, name in enumerate(columns))
    return alt.Axis(
        orient="top",
        title=None,
        values=list(range(len(columns))),
        labelExpr=f"{words}''",
        labelFontWeight="bold",
        grid=False,
        domain=False,
        ticks=False,
    )
