"""Altair charts as SVG text to put into a page: one look, no identifiers that clash, readable by screen readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from altair.utils import schemapi
from markupsafe import Markup, escape

from planner.reporting.values.page_parts import Legend, Panel
from planner.reporting.values.view import records, table_rows, tooltip

INK, MUTED, RULE = "#1d2733", "#5b6773", "#dfe4ea"
WITH, WITHOUT, DEMAND = "#0072B2", "#D55E00", "#c3cad2"
EXISTING = "#aeb7c1"
STAGE_COLOURS = {"mine": "#E69F00", "separation": "#0072B2", "metal": "#009E73", "magnet": "#8C510A"}
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
    "aria": True,
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
    """Turns charts into panels; counts them, so that every identifier on a page is its own.

    A mark whose `description` is what `provenance.tooltip` gives keeps it as `data-tip` and `data-from`, which the
    script of the page shows on demand.
    """

    def __init__(self) -> None:
        self._drawn = 0

    def panel(
        self, title: str, told: str, chart: Drawing, legend: Legend = (), choice: Mapping[str, str] | None = None
    ) -> Panel:
        """A chart as a panel with an accessible title and description."""
        return Panel(title, self._inline(_svg(chart), title, told), legend, choice or {})

    def split(self, chart: Drawing, cuts: Sequence[Facet]) -> list[Panel]:
        """Panels that share their axes, from one drawing: each mark begins its description with a line that names the
        key of its panel. One drawing costs far less time than one per panel."""
        pieces, panels = _pieces(_svg(chart)), []
        for cut in cuts:
            svg = "".join(piece for key, piece in pieces if key in ("", cut.key))
            drawn = self._inline(svg, cut.title, cut.description)
            panels.append(Panel(cut.title, drawn, (), cut.choice, cut.printed))
        return panels

    def _inline(self, svg: str, title: str, description: str) -> Markup:
        """The drawing with identifiers of its own, a title and a description."""
        self._drawn += 1
        prefix = f"c{self._drawn}"
        ids = {old: f"{prefix}-{place}" for place, old in enumerate(re.findall(r'<\w+ id="([^"]+)"', svg))}
        if ids:
            svg = re.sub(r'( id="|url\(#)([^")]+)', lambda found: found[1] + ids.get(found[2], found[2]), svg)
        label = (
            f' role="img" aria-labelledby="{prefix}t {prefix}d"><title id="{prefix}t">{escape(title)}</title>'
            f'<desc id="{prefix}d">{escape(description)}</desc>'
        )
        head, body = svg.split(">", 1)
        return Markup(head + label + body)  # noqa: S704  Vega and escape() escape texts


@dataclass(frozen=True)
class Facet:
    """One panel of a drawing that is split: the key its marks bear (letters and digits), and what the panel says."""

    key: str
    title: str
    description: str
    choice: Mapping[str, str] = field(default_factory=dict)
    printed: bool = True


def _svg(chart: Drawing) -> str:
    """A chart as SVG for a page: no namespaces, no styling hooks, two decimals, marks with their words as data."""
    spec = chart.to_dict(validate=False)
    spec["config"] = CONFIG
    svg = str(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE))
    svg = svg.replace('font-size="0px"', f'font-size="{LABEL_SIZE}px"')
    return NOTHING_DRAWN.sub("", re.sub(r"<[a-z][^>]+>", lambda tag: _slim(tag[0]), svg))


LABEL_SIZE = 9.5


def labels(base: alt.Chart, dy: float = 3, **style: Any) -> alt.Chart:
    """Texts within a plot. They are drawn without a size, which is set afterwards: the converter measures each text
    that has one, at a millisecond apiece, to find the edge of the drawing, and these never reach it."""
    chart: alt.Chart = base.mark_text(fontSize=0, dy=dy, **style)
    return chart


BREAK = "&#xA;"
"""How Vega writes the end of a line in a description."""
LABEL = re.compile(r' aria-label="([^"]*)"')
HOOKS = re.compile(r' (?:xmlns(?::xlink)?|version|class|role|aria-[a-z]+|pointer-events)="[^"]*"| opacity="1"')
LONG = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
NOTHING_DRAWN = re.compile(r'<path d="(?:|M0,0h0v0h0Z)"(?: display="none")?/>|<text [^>]*opacity="0"[^>]*>[^<]*</text>')
KEYED = re.compile(r'<(path|text|line) data-key="(\w+)"([^>]*?)(/>|>[^<]*</\1>)')


def _slim(tag: str) -> str:
    """A tag without what only a style sheet or an editor needs. The description of a mark stays as data: its figures,
    where they come from and, if it has three lines, the key of its panel; a key alone says nothing."""
    label = LABEL.search(tag)
    lines = label[1].split(BREAK) if label else []
    data = f' data-key="{lines.pop(0)}"' if len(lines) == 3 or (len(lines) == 2 and not lines[1]) else ""
    data += f' data-tip="{lines[0]}" data-from="{lines[1]}"' if len(lines) == 2 else ""
    tag = LONG.sub(lambda n: f"{float(n[0]):.2f}".rstrip("0").rstrip("."), HOOKS.sub("", tag))
    return re.sub(r"^<\w+", lambda name: name[0] + data, tag) if data else tag


def _pieces(svg: str) -> list[tuple[str, str]]:
    """A drawing as (key, text): marks with the key of their panel, what all panels share with an empty key."""
    pieces, end = [], 0
    for mark in KEYED.finditer(svg):
        pieces += [("", svg[end : mark.start()]), (mark[2], f"<{mark[1]}{mark[3]}{mark[4]}")]
        end = mark.end()
    return [*pieces, ("", svg[end:])]


@contextmanager
def fast_charts() -> Iterator[None]:
    """While charts are put together: Altair neither checks each part against its schema nor cleans the tables, which
    are clean and take a third of the time."""
    with schemapi.debug_mode(False), alt.data_transformers.enable("plain"):
        yield


def _plain(data: Any, **_: object) -> Any:
    return {"values": data.to_dict("records")} if isinstance(data, pd.DataFrame) else data


alt.data_transformers.register("plain", _plain)


def year_bands(rows: pd.DataFrame, years: Sequence[int], height: int) -> alt.Chart:
    """Invisible marks, one a year over the full height, that tell the figures of a chart of lines. rows: year, tip."""
    first, last = years[0], max(years[-1], years[0] + 1)
    bands = rows[["year", "tip"]].assign(
        start=(rows["year"] - 0.5).clip(lower=first), stop=(rows["year"] + 0.5).clip(upper=last)
    )
    base = alt.Chart(bands).mark_rect(opacity=0, color=INK)
    top, foot = alt.value(0), alt.value(height)
    chart: alt.Chart = base.encode(x="start:Q", x2="stop:Q", y=top, y2=foot, description="tip:N")
    return chart


def warm_up() -> None:
    """Draw something small: the first drawing of a process starts the converter, which takes a second."""
    nothing = alt.Chart(pd.DataFrame({"year": [0], "t": [0.0]})).mark_bar().encode(x="year:O", y="t:Q")
    vl_convert.vegalite_to_svg(nothing.to_dict(validate=False), vl_version=VEGA_LITE)


def x_years(years: Sequence[int], most: int = 6, gap: float = 0.2) -> alt.X:
    """Years as bands, for bars; without a gap, for the cells of a table."""
    axis = year_axis(years, most, labelAngle=0, ticks=False)
    return alt.X("year:O", scale=alt.Scale(domain=list(years), paddingInner=gap), axis=axis)


def x_time(years: Sequence[int]) -> alt.X:
    """Years as points, for lines."""
    scale = alt.Scale(domain=[years[0], max(years[-1], years[0] + 1)], nice=False, zero=False)
    return alt.X("year:Q", scale=scale, axis=year_axis(years, 6, grid=False, labelFlush=False))


def year_axis(years: Sequence[int], most: int, **style: Any) -> alt.Axis:
    """An axis with at most so many years written on it, evenly spread from the first on."""
    shown = list(years[:: -(-len(years) // most)])
    return alt.Axis(title=None, values=shown, format="d", labelOverlap=False, **style)


def y_names(column: str, order: Iterable[str], limit: int, extent: int | None = None, **style: Any) -> alt.Y:
    """Names down the side in a given order, at most `limit` px of each; `extent`: px that they take whatever they are,
    so that panels line up."""
    room: dict[str, Any] = {} if extent is None else {"minExtent": extent, "maxExtent": extent}
    axis = alt.Axis(title=None, labelLimit=limit, domain=False, ticks=False, labelColor=INK, **room, **style)
    return alt.Y(f"{column}:N", sort=list(order), axis=axis)


def y_amount(column: str, title: str, top: float | None = None) -> alt.Y:
    """Amounts from zero."""
    scale = alt.Scale(zero=True, nice=True) if top is None else alt.Scale(domain=[0, top], nice=False)
    return alt.Y(
        f"{column}:Q", scale=scale, axis=alt.Axis(title=title, tickCount=4, format=",~r", domain=False, ticks=False)
    )


def x_amount(column: str, title: str | None, ends: tuple[float, float], **axis: Any) -> alt.X:
    """Amounts along the bottom, from end to end."""
    shown = alt.Axis(title=title, **{"tickCount": 5, "format": ",~r", **axis})
    return alt.X(f"{column}:Q", scale=alt.Scale(domain=list(ends), nice=False), axis=shown)


def coloured(column: str, colours: Sequence[tuple[str, str]]) -> alt.Color:
    """A colour for each of the named things."""
    names, hues = [name for name, _ in colours], [hue for _, hue in colours]
    return alt.Color(f"{column}:N", scale=alt.Scale(domain=names, range=hues))


def tipped(
    rows: pd.DataFrame, words: Callable[[dict[str, Any]], str], table: str, scenario: str = "", **keys: object
) -> pd.DataFrame:
    """The rows with a column `tip`, what the mark of each says: the words for it, then where they come from, the rows
    of a result table with these keys and its year."""
    tips = [tooltip(words(r), table_rows(table, scenario, **keys, year=r["year"])) for r in records(rows)]
    return rows.assign(tip=tips)


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
    """Stacked bars by year of the columns year, kind, amount and, if there, tip, in the order of `colours` from the
    ground up."""
    order = {name: place for place, (name, _) in enumerate(colours)}
    table = data.assign(order=data["kind"].map(order)).sort_values(["year", "order"])
    table = table[table["amount"] != 0] if table["amount"].any() else table
    bars = alt.Chart(table).mark_bar().properties(width=width, height=height)
    chart: alt.Chart = bars.encode(
        x=x_years(years), y=y_amount("amount", unit, top), color=coloured("kind", colours), order="order:Q"
    )
    return chart.encode(description="tip:N") if "tip" in table else chart


def cells(data: pd.DataFrame, y: alt.Y, years: Sequence[int], tones: Mapping[float, str], dark: float) -> Drawing:
    """A table of years whose cells are shaded by the column share, between `tones` (share -> colour), with the column
    text on top, white above the share `dark`. Other columns: year, what `y` names, tip and, in a drawing that is split,
    label: the key of the panel."""
    base = alt.Chart(data.assign(dark=data["share"] > dark)).encode(x=x_years(years, 8, 0.0), y=y)
    tone = alt.Color("share:Q", scale=alt.Scale(domain=list(tones), range=list(tones.values())))
    ink = alt.condition("datum.dark", alt.value("white"), alt.value(INK))
    texts = labels(base.transform_filter("datum.text != ''")).encode(text="text:N", color=ink, description="label:N")
    return alt.layer(base.mark_rect(stroke="white").encode(color=tone, description="tip:N"), texts)


def legend_of(colours: Sequence[tuple[str, str]], shape: str = "box") -> Legend:
    """A legend of boxes, or of another shape."""
    return [(hue, shape, name) for name, hue in colours]
