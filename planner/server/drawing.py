"""Drawings as SVG text to put into a page: one look, no identifiers that clash, readable by screen readers.

Written directly: a library of charts took 4 of the 5 seconds of a report, and did not tell how wide a label is. A mark
with a tip keeps its words as `data-tip` and where they come from as `data-from`, which the script of the page shows on
demand. Lengths in px.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from planner.data.stages import STAGES
from planner.reporting.run_view import table_rows
from planner.reporting.words.numbers import number
from planner.results.figures.run import records

INK, MUTED, RULE, DOMAIN = "#1d2733", "#5b6773", "#dfe4ea", "#9aa3ad"
WITH, WITHOUT, DEMAND = "#0072B2", "#D55E00", "#c3cad2"
EXISTING = "#aeb7c1"
STAGE_COLOURS = {name: stage.colour for name, stage in STAGES.items()}
HUES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#7A5195")
"""Okabe and Ito's colours, told apart by colour-blind readers."""
GREYS = ("#9aa3ad", "#c9cfd6", "#6c7680", "#e1e5e9")
OTHERS = "#b9a892"
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
SIZE, SMALL = 11.0, 9.5
BOLDER = 1.17
"""How wide bold text is, where other text is 1.03."""
XY = tuple[float, float]
Dash = str
Legend = Sequence[tuple[str, str, str]]
"""(colour, shape: box, line, dash or band, label)."""


@dataclass(frozen=True)
class Panel:
    """One drawing with its heading."""

    title: str
    svg: Markup
    legend: Legend = ()


def tooltip(text: str, source: str) -> str:
    """What a mark says about itself: its figures, then where they come from."""
    return "\n".join(" ".join(part.split()) for part in (text, source))


def px(value: float) -> str:
    """A length with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def shade(opacity: float) -> str:
    """How much a mark covers, where that is not all."""
    return "" if opacity == 1 else f"{opacity:g}"


def text_width(text: str, size: float = SIZE, weight: str = "") -> float:
    """About how wide a text is, rather more than less: fonts differ from machine to machine."""
    wide = sum(
        0.3 if c in "iljtfrI.,:;'|()[] " else 0.92 if c in "mwMW%" else 0.7 if c.isupper() else 0.57
        for c in text
    )
    return (BOLDER if weight else 1.03) * size * wide


def clipped(text: str, room: float, size: float = SIZE) -> str:
    """The text, or as much of it as there is room for."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


@dataclass(frozen=True)
class Scale:
    """Amounts along a line: `low` lies at the px `start`, `high` at `end`. bend: straight, or by square root or log."""

    low: float
    high: float
    start: float
    end: float
    bend: Callable[[float], float] = float

    def __call__(self, value: float) -> float:
        """Where an amount lies, px."""
        first, last = self.bend(self.low), self.bend(self.high)
        share = (self.bend(value) - first) / ((last - first) or 1.0)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class Bands:
    """Things side by side along a line, each with the same room; `gap`: share of it left free."""

    items: Sequence[Hashable]
    start: float
    end: float
    gap: float = 0.2

    @property
    def step(self) -> float:
        """Room of one thing with the gap beside it."""
        return (self.end - self.start) / max(len(self.items), 1)

    @property
    def width(self) -> float:
        """Room of one thing."""
        return self.step * (1 - self.gap)

    def at(self, item: Hashable) -> float:
        """Where its room begins."""
        return self.start + self.step * (self.items.index(item) + self.gap / 2)

    def mid(self, item: Hashable) -> float:
        """The middle of its room."""
        return self.at(item) + self.width / 2


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round amounts between two ends, about `most` of them."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * nice for nice in (1, 2, 5, 10) if span / (power * nice) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [step * at for at in range(first, last + 1)]


def round_up(value: float, most: int = 4) -> float:
    """The first round amount that is not below."""
    marks = ticks(0.0, max(value, 1e-9), most)
    step = marks[1] - marks[0] if len(marks) > 1 else max(value, 1e-9)
    return step * math.ceil(value / step - 1e-9) or step


def axis_number(value: float) -> str:
    """An amount as an axis has it: no more digits than it needs."""
    return f"{value:,.10g}".replace("-", "−")


class Plot:
    """One drawing: marks are added from back to front. The plot itself lies within the margins."""

    def __init__(
        self,
        width: float,
        height: float,
        *,
        left: float = 46,
        right: float = 8,
        top: float = 8,
        bottom: float = 20,
    ) -> None:
        self.width, self.height = width, height
        self.left, self.right, self.top, self.bottom = left, width - right, top, height - bottom
        self._parts: list[str] = []

    @property
    def inside(self) -> str:
        """What is drawn, as SVG without its frame."""
        return "".join(self._parts)

    def _add(self, tag: str, tip: str = "", within: str = "", **attributes: str) -> None:
        words, _, source = map(escape, tip.partition("\n"))
        told = {"data-tip": words, "data-from": source} if tip else {}
        known = {
            name.replace("_", "-"): value for name, value in attributes.items() if value
        } | told
        inside = " ".join(f'{name}="{value}"' for name, value in known.items())
        self._parts.append(f"<{tag} {inside}>{within}</{tag}>" if within else f"<{tag} {inside}/>")

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        opacity: float = 1,
        tip: str = "",
    ) -> None:
        """A filled box; a negative height or width reaches back."""
        x, width = (x + width, -width) if width < 0 else (x, width)
        y, height = (y + height, -height) if height < 0 else (y, height)
        place = {"x": px(x), "y": px(y), "width": px(width), "height": px(height)}
        self._add("rect", tip, **place, fill=fill, opacity=shade(opacity))

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        hue: str,
        *,
        wide: float = 1,
        dash: Dash = "",
        tip: str = "",
    ) -> None:
        """A straight line."""
        ends = {"x1": px(x1), "y1": px(y1), "x2": px(x2), "y2": px(y2)}
        self._add("line", tip, **ends, stroke=hue, stroke_width=f"{wide:g}", stroke_dasharray=dash)

    def path(
        self,
        outline: str,
        *,
        fill: str = "none",
        hue: str = "",
        wide: float = 1,
        opacity: float = 1,
        tip: str = "",
        dash: Dash = "",
    ) -> None:
        """A shape given by its outline."""
        stroke = (
            {"stroke": hue, "stroke_width": f"{wide:g}", "stroke_linejoin": "round"} if hue else {}
        )
        self._add(
            "path",
            tip,
            d=outline,
            fill=fill,
            **stroke,
            stroke_dasharray=dash,
            opacity=shade(opacity),
        )

    def curve(
        self,
        points: Iterable[XY],
        hue: str,
        *,
        wide: float = 2,
        opacity: float = 1,
        dash: Dash = "",
    ) -> None:
        """A line through some points."""
        self.path(outline_of(points), hue=hue, wide=wide, opacity=opacity, dash=dash)

    def area(
        self, upper: Sequence[XY], lower: Sequence[XY], fill: str, *, opacity: float = 1
    ) -> None:
        """What lies between two lines."""
        self.path(outline_of([*upper, *reversed(lower)]) + "Z", fill=fill, opacity=opacity)

    def dot(
        self,
        x: float,
        y: float,
        radius: float,
        fill: str,
        *,
        hue: str = "",
        opacity: float = 1,
        tip: str = "",
    ) -> None:
        """A circle, with a rim of another colour if wanted."""
        rim = {"stroke": hue, "stroke_width": "1.6"} if hue else {}
        self._add(
            "circle",
            tip,
            cx=px(x),
            cy=px(y),
            r=px(radius),
            fill=fill,
            **rim,
            opacity=shade(opacity),
        )

    def diamond(self, x: float, y: float, radius: float, fill: str, *, tip: str = "") -> None:
        """A small diamond."""
        corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
        self.path(outline_of(corners) + "Z", fill=fill, tip=tip)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        size: float = SIZE,
        fill: str = INK,
        weight: str = "",
    ) -> None:
        """Words on a base line; anchor: start, middle or end."""
        look = {"font_size": f"{size:g}", "fill": fill, "text_anchor": anchor.removeprefix("start")}
        self._add("text", within=str(escape(words)), x=px(x), y=px(y), **look, font_weight=weight)

    def years(
        self, years: Sequence[int], *, most: int = 6, gap: float = 0.2, at_top: bool = False
    ) -> Bands:
        """Years along the bottom, or along the top: at most so many of them written out."""
        bands = Bands(list(years), self.left, self.right, gap)
        level = self.top - 6 if at_top else self.bottom + 14
        for year in list(years)[:: -(-len(years) // most)]:
            self.text(bands.mid(year), level, str(year), anchor="middle", fill=MUTED)
        if not at_top:
            self.line(self.left, self.bottom, self.right, self.bottom, DOMAIN)
        return bands

    def amounts(
        self, top: float, unit: str = "", *, low: float = 0.0, most: int = 4, nice: bool = True
    ) -> Scale:
        """Amounts up the side from `low` with rules across; the unit stands on top of them."""
        high = round_up(top, most) if nice and low == 0 else top
        if unit:
            self.text(2, self.top - 9, unit, size=SMALL, fill=MUTED)
        scale = Scale(low, high, self.bottom, self.top)
        for mark in ticks(low, high, most):
            self.line(self.left, scale(mark), self.right, scale(mark), RULE)
            self.text(self.left - 5, scale(mark) + 4, axis_number(mark), anchor="end", fill=MUTED)
        return scale

    def across(
        self,
        low: float,
        high: float,
        title: str = "",
        *,
        marks: Sequence[float] = (),
        bend: Callable[[float], float] = float,
    ) -> Scale:
        """Amounts along the bottom with rules up."""
        scale = Scale(low, high, self.left, self.right, bend)
        for mark in marks or ticks(low, high, 5):
            self.line(scale(mark), self.top, scale(mark), self.bottom, RULE)
            self.text(scale(mark), self.bottom + 14, axis_number(mark), anchor="middle", fill=MUTED)
        if title:
            self.text(
                (self.left + self.right) / 2, self.bottom + 29, title, anchor="middle", fill=MUTED
            )
        return scale

    def names(self, names: Sequence[str], *, gap: float = 0.2) -> Bands:
        """Names down the side, cut where they are longer than the margin."""
        bands = Bands(list(range(len(names))), self.top, self.bottom, gap)
        for place, name in enumerate(names):
            self.text(
                self.left - 6,
                bands.mid(place) + SIZE / 3,
                clipped(name, self.left - 10),
                anchor="end",
            )
        return bands

    def tips(self, bands: Bands, told: Mapping[int, str]) -> None:
        """Marks over the full height, one a year, that tell the figures of a chart of lines."""
        for year, tip in told.items():
            x = bands.mid(year) - bands.step / 2
            self.rect(x, self.top, bands.step, self.bottom - self.top, INK, opacity=0, tip=tip)


def outline_of(points: Iterable[XY]) -> str:
    """A path through some points."""
    return "M" + "L".join(f"{px(x)},{px(y)}" for x, y in points)


def stairs(points: Sequence[XY], half: float) -> list[XY]:
    """Points as steps that reach `half` px to either side."""
    return [(x + side, y) for x, y in points for side in (-half, half)]


class Drawer:
    """Turns drawings into panels; counts them, so that every identifier on a page is its own."""

    def __init__(self) -> None:
        self._drawn = 0

    def panel(self, title: str, told: str, plot: Plot, legend: Legend = ()) -> Panel:
        """A drawing as a panel with an accessible title and description."""
        return Panel(title, self._svg(title, told, plot), legend)

    def _svg(self, title: str, told: str, plot: Plot) -> Markup:
        self._drawn += 1
        name = f"c{self._drawn}"
        size = f'width="{px(plot.width)}" height="{px(plot.height)}" viewBox="0 0 {px(plot.width)} {px(plot.height)}"'
        svg = (
            f'<svg {size} font-family="{FONT}" role="img" aria-labelledby="{name}t {name}d">'
            f'<title id="{name}t">{escape(title)}</title><desc id="{name}d">{escape(told)}</desc>{plot.inside}</svg>'
        )
        return Markup(svg)  # noqa: S704  escape() escapes all texts


def tipped(
    rows: pd.DataFrame,
    words: Callable[[dict[str, Any]], str],
    table: str,
    scenario: str = "",
    **keys: object,
) -> pd.DataFrame:
    """The rows with a column `tip`, what the mark of each says: the words for it, then where they come from, the rows
    of a result table with these keys and its year."""
    tips = [
        tooltip(words(r), table_rows(table, scenario, **keys, year=r["year"]))
        for r in records(rows)
    ]
    return rows.assign(tip=tips)


def stacked(
    data: pd.DataFrame,
    years: Sequence[int],
    colours: Sequence[tuple[str, str]],
    unit: str,
    *,
    width: float = 340,
    height: float = 200,
    top: float | None = None,
) -> tuple[Plot, Bands, Scale]:
    """Stacked bars by year of the columns year, kind, amount and, if there, tip, in the order of `colours` from the
    ground up; what is below zero hangs down. Returns the plot and its axes, for more to be drawn into it."""
    rows = records(data[data["amount"] != 0])
    above, below = (dict.fromkeys(years, 0.0) for _ in range(2))
    for row in rows:
        (above if row["amount"] > 0 else below)[row["year"]] += row["amount"]
    plot, low = Plot(width, height, top=20), min(below.values(), default=0.0)
    high = max([top or 0.0, *above.values()]) or 1.0
    scale, bands = plot.amounts(high, unit, low=low), plot.years(years)
    order = {name: place for place, (name, _) in enumerate(colours)}
    hues, reached = dict(colours), {year: [0.0, 0.0] for year in years}
    for row in sorted(rows, key=lambda r: order[r["kind"]]):
        side = 0 if row["amount"] > 0 else 1
        start = reached[row["year"]][side]
        reached[row["year"]][side] = end = start + row["amount"]
        x, y = bands.at(row["year"]), scale(end)
        plot.rect(x, y, bands.width, scale(start) - y, hues[row["kind"]], tip=row.get("tip", ""))
    return plot, bands, scale


def mixed(first: str, second: str, share: float) -> str:
    """A colour between two, `share` of the way from the first to the second."""
    parts = ((int(first[at : at + 2], 16), int(second[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def bars_along(rows: Sequence[tuple[str, float, str, str]], *, title: str = "") -> Plot:
    """A bar for each (name, amount, colour, tip), with its figure at its end."""
    plot = Plot(
        700, 26 * len(rows) + (40 if title else 24), left=240, right=70, bottom=36 if title else 20
    )
    top = max([1e-9, *(amount for _, amount, _, _ in rows)])
    scale, names = plot.across(0.0, top, title), plot.names([name for name, *_ in rows], gap=0.3)
    for place, (_, amount, hue, tip) in enumerate(rows):
        plot.rect(plot.left, names.at(place), scale(amount) - plot.left, names.width, hue, tip=tip)
        plot.text(scale(amount) + 5, names.mid(place) + 4, number(amount))
    return plot


def legend_of(colours: Sequence[tuple[str, str]], shape: str = "box") -> Legend:
    """A legend of boxes, or of another shape."""
    return [(hue, shape, name) for name, hue in colours]
