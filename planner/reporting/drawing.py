"""Altair charts as SVG text to put into a page: one look, no identifiers that clash, readable by screen readers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup, escape

from planner.reporting.parts import Legend, Panel

INK, MUTED, RULE = "#1d2733", "#5b6773", "#dfe4ea"
WITH, WITHOUT, DEMAND = "#0072B2", "#D55E00", "#c3cad2"
EXISTING = "#aeb7c1"
STAGE_COLOURS = {"mine": "#E69F00", "separation": "#0072B2", "metal": "#009E73"}
HUES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#7A5195")
"""Okabe and Ito's colours, told apart by colour-blind readers."""
GREYS = ("#9aa3ad", "#c9cfd6", "#6c7680", "#e1e5e9")
OTHERS = "#b9a892"
Drawing = alt.Chart | alt.LayerChart | alt.FacetChart
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "transparent",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelPadding": 5,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": RULE,
        "domainColor": "#9aa3ad",
        "tickColor": "#9aa3ad",
        "tickSize": 4,
    },
    "text": {"font": FONT, "fontSize": 11, "color": INK},
    "legend": {"disable": True},
}


class Drawer:
    """Turns charts into panels; counts them, so that every identifier on a page is its own."""

    def __init__(self) -> None:
        self._drawn = 0

    def panel(self, title: str, description: str, chart: Drawing, legend: Legend = ()) -> Panel:
        """A chart as a panel with an accessible title and description."""
        self._drawn += 1
        spec = chart.to_dict(validate=False)
        spec["config"] = CONFIG
        svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
        inline = _inline(svg, f"c{self._drawn}", title, description)
        return Panel(title, Markup(inline), legend)  # noqa: S704  Vega and _inline escape texts


def _inline(svg: str, prefix: str, title: str, description: str) -> str:
    """SVG for a page: no namespaces, no styling hooks, own ids, two decimals, a title and a description."""
    ids = {old: f"{prefix}-{place}" for place, old in enumerate(re.findall(r'\sid="([^"]+)"', svg))}
    svg = re.sub(r"<[^>]+>", lambda tag: _slim(tag[0], ids), svg)
    label = (
        f' role="img" aria-labelledby="{prefix}t {prefix}d"><title id="{prefix}t">{escape(title)}</title>'
        f'<desc id="{prefix}d">{escape(description)}</desc>'
    )
    head, body = svg.split(">", 1)
    return head + label + body


def _slim(tag: str, ids: dict[str, str]) -> str:
    tag = re.sub(r' (?:xmlns(?::xlink)?|version|class|role|aria-[a-z]+|pointer-events)="[^"]*"', "", tag)
    tag = re.sub(r'(\sid="|url\(#)([^")]+)', lambda found: found[1] + ids.get(found[2], found[2]), tag)
    return re.sub(r"-?\d+\.\d{3,}(?:e-?\d+)?", lambda n: f"{float(n[0]):.2f}".rstrip("0").rstrip("."), tag)


def year_ticks(years: Sequence[int], most: int = 6) -> list[int]:
    """At most `most` years, evenly spread from the first on."""
    step = -(-len(years) // most)
    return list(years[::step])


def x_years(years: Sequence[int], most: int = 6) -> alt.X:
    """Years as bands, for bars."""
    return alt.X(
        "year:O",
        scale=alt.Scale(domain=list(years), paddingInner=0.2),
        axis=alt.Axis(
            title=None, labelAngle=0, values=year_ticks(years, most), format="d", ticks=False, labelOverlap=False
        ),
    )


def x_time(years: Sequence[int], most: int = 6) -> alt.X:
    """Years as points, for lines."""
    return alt.X(
        "year:Q",
        scale=alt.Scale(domain=[years[0], max(years[-1], years[0] + 1)], nice=False, zero=False),
        axis=alt.Axis(
            title=None, values=year_ticks(years, most), format="d", grid=False, labelFlush=False, labelOverlap=False
        ),
    )


def y_amount(column: str, title: str, top: float | None = None) -> alt.Y:
    """Amounts from zero."""
    scale = alt.Scale(zero=True, nice=True) if top is None else alt.Scale(domain=[0, top], nice=False)
    return alt.Y(
        f"{column}:Q", scale=scale, axis=alt.Axis(title=title, tickCount=4, format=",~r", domain=False, ticks=False)
    )


def coloured(column: str, colours: Sequence[tuple[str, str]]) -> alt.Color:
    """A colour for each of the named things."""
    return alt.Color(
        f"{column}:N", scale=alt.Scale(domain=[name for name, _ in colours], range=[hue for _, hue in colours])
    )


def stacked(
    data: pd.DataFrame,
    years: Sequence[int],
    colours: Sequence[tuple[str, str]],
    unit: str,
    *,
    width: int = 300,
    height: int = 170,
    top: float | None = None,
) -> alt.Chart:
    """Stacked bars by year of the columns year, kind, amount, in the order of `colours` from the ground up."""
    order = {name: place for place, (name, _) in enumerate(colours)}
    table = data.assign(order=data["kind"].map(order)).sort_values(["year", "order"])
    chart: alt.Chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=x_years(years),
            y=y_amount("amount", unit, top),
            color=coloured("kind", colours),
            order="order:Q",
        )
        .properties(width=width, height=height)
    )
    return chart


def legend_of(colours: Sequence[tuple[str, str]]) -> Legend:
    """Boxes for a legend."""
    return [(hue, "box", name) for name, hue in colours]
