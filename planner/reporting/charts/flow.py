"""The flow of a material from mine to user, year by year, as a Sankey diagram laid out here and drawn by Vega."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import DEMAND, INK, MUTED, STAGE_COLOURS, WITHOUT, Drawer, Drawing, Facet, labels
from planner.reporting.values.flows import USER, Stream, streams
from planner.reporting.values.names import midway
from planner.reporting.values.numbers import listed, number
from planner.reporting.values.parts import Figure, Panel
from planner.reporting.values.provenance import table_rows, tooltip
from planner.reporting.values.view import RunView

WIDTH, HEIGHT, TOP, GAP, BAR, LABEL = 860, 330, 22, 9, 9, 128
MAIN = 2
LETTERS = 19
HUES = {
    "feed": STAGE_COLOURS["mine"],
    "oxide": STAGE_COLOURS["separation"],
    "metal": STAGE_COLOURS["metal"],
    "import": "#9aa3ad",
    "stock": "#d9c400",
    "missing": WITHOUT,
    "left": DEMAND,
}
HEADS = ("From the mine", "Separated in, or bought", "", "Metal made in, or bought", "", "Used in")
Place = tuple[int, str]


def material(run: RunView, draw: Drawer) -> Figure | None:
    """Flows of the elements whose shortage costs most, in the calm and in the worst scenario, a panel per year."""
    main = run.elements[:MAIN]
    if not main:
        return None
    scenarios = list(dict.fromkeys([run.worst, run.calm]))
    opening = _hardest_year(run, main[0], scenarios[0])
    panels: list[Panel] = []
    for element in main:
        found = {
            f"s{at}y{year}": flow for at, w in enumerate(scenarios) for year, flow in streams(run, element, w).items()
        }
        cuts = [
            _cut(run, element, f"s{at}y{year}", w, year, found, (main[0], scenarios[0], opening))
            for at, w in enumerate(scenarios)
            for year in run.years
        ]
        panels += draw.split(_sankey(found), cuts)
    reading = (
        f"What {listed([midway(run.names.element(e)) for e in main])} goes through on its way to users, in tonnes "
        "of oxide (for metal, the oxide it contains). Thickness: tonnes, on one scale for each element. Oxide and "
        "metal are pools within a group of countries, so what one plant makes is not followed to one user."
    )
    start = {
        "Element": run.names.element(main[0]),
        "Scenario": run.names.scenario(scenarios[0]),
        "Year": str(opening),
    }
    legend = [
        (HUES["feed"], "box", "feed"),
        (HUES["oxide"], "box", "oxide"),
        (HUES["metal"], "box", "metal"),
        (HUES["import"], "box", "imports"),
        (HUES["stock"], "box", "stock"),
        (HUES["missing"], "box", "missing"),
    ]
    source = f"{table_rows('operations')}: items made, imported, released, bought, reduced; {table_rows('shortfall')}"
    return Figure(
        "From mine to user, year by year",
        "",
        panels,
        legend,
        "wide",
        folded=True,
        source=source,
        start=start,
        reading=reading,
    )


def _hardest_year(run: RunView, element: str, scenario: str) -> int:
    short = run.tables["shortfall"]
    rows = short[(short["scenario"] == scenario) & (short["element"] == element)]
    by_year = rows.groupby("year")["tonnes"].sum()
    return int(by_year.index[int(by_year.to_numpy().argmax())])


def _cut(
    run: RunView,
    element: str,
    key: str,
    scenario: str,
    year: int,
    found: Mapping[str, list[Stream]],
    opening: tuple[str, str, int],
) -> Facet:
    name, future = run.names.element(element), run.names.scenario(scenario)
    into: dict[str, float] = {}
    for stream in found[key]:
        if stream.target[0] == USER:
            into[stream.source[1]] = into.get(stream.source[1], 0.0) + stream.tonnes
    words = ", ".join(f"{midway(place)} {number(tonnes)} t" for place, tonnes in into.items()) or "nothing flows"
    return Facet(
        key,
        f"{name} in {year}: “{future}”",
        f"To users: {words}.",
        {"Element": name, "Scenario": future, "Year": str(year)},
        printed=(element, scenario, year) == opening,
    )


def _sankey(flows: Mapping[str, list[Stream]]) -> Drawing:
    """All the flows on top of each other, each mark under the key of its flow."""
    heights = {key: _heights(found) for key, found in flows.items()}
    order = _order(heights.values())
    scale = min((_scale(height) for height in heights.values() if height), default=1.0)
    bars: list[dict[str, Any]] = []
    bands: list[dict[str, Any]] = []
    for key, found in flows.items():
        tops = _tops(heights[key], order, scale)
        bars += [_bar(key, place, tops[place], tonnes, scale) for place, tonnes in heights[key].items()]
        bands += _bands(key, found, tops, scale)
    heads = pd.DataFrame([{"x": _x(c), "text": text} for c, text in enumerate(HEADS) if text])
    places, ribbons = pd.DataFrame(bars), pd.DataFrame(bands)
    x, y = alt.X("x:Q", scale=None, axis=None), alt.Y("y:Q", scale=None, axis=None)
    title = labels(alt.Chart(heads), align="left", color=MUTED).encode(x=x, y=alt.value(6), text=alt.Text("text:N"))
    if places.empty:
        return alt.layer(title).properties(width=WIDTH, height=HEIGHT)
    return alt.layer(
        title,
        alt.Chart(ribbons)
        .mark_point(filled=True, stroke=None, opacity=0.42, size=4)
        .encode(
            x=alt.value(0),
            y=alt.value(0),
            shape=alt.Shape("path:N", scale=None),
            fill=alt.Fill("hue:N", scale=None),
            description=alt.Description("tip:N"),
        ),
        alt.Chart(places)
        .mark_rect(color=INK, opacity=0.85)
        .encode(x=x, x2=alt.X2("right:Q"), y=y, y2=alt.Y2("bottom:Q"), description=alt.Description("tip:N")),
        labels(alt.Chart(places), align="left").encode(
            x=alt.X("text_x:Q", scale=None),
            y=alt.Y("text_y:Q", scale=None),
            text=alt.Text("text:N"),
            description=alt.Description("label:N"),
        ),
    ).properties(width=WIDTH, height=HEIGHT)


def _x(column: int) -> float:
    return column * (WIDTH - LABEL) / USER


def _heights(found: Sequence[Stream]) -> dict[Place, float]:
    """Tonnes through each place: what comes in or what goes out, whichever is more."""
    into: dict[Place, float] = {}
    out: dict[Place, float] = {}
    for stream in found:
        into[stream.target] = into.get(stream.target, 0.0) + stream.tonnes
        out[stream.source] = out.get(stream.source, 0.0) + stream.tonnes
    return {place: max(into.get(place, 0.0), out.get(place, 0.0)) for place in sorted({*into, *out})}


def _order(heights: Iterable[Mapping[Place, float]]) -> dict[Place, float]:
    """Places by what goes through them in all the flows, so that each keeps its rank from panel to panel."""
    sums: dict[Place, float] = {}
    for height in heights:
        for place, tonnes in height.items():
            sums[place] = sums.get(place, 0.0) + tonnes
    return sums


def _scale(heights: Mapping[Place, float]) -> float:
    """Pixels per tonne that fit the fullest column."""
    out = []
    for column in {place[0] for place in heights}:
        tonnes = [t for place, t in heights.items() if place[0] == column]
        out.append((HEIGHT - TOP - GAP * len(tonnes)) / max(sum(tonnes), 1e-9))
    return min(out)


def _tops(heights: Mapping[Place, float], order: Mapping[Place, float], scale: float) -> dict[Place, float]:
    """Upper edge of each place, px: the largest first."""
    tops, at = {}, dict.fromkeys(range(USER + 1), float(TOP))
    for place in sorted(heights, key=lambda place: (-order[place], place)):
        tops[place] = at[place[0]]
        at[place[0]] += heights[place] * scale + GAP
    return tops


def _bar(key: str, place: Place, top: float, tonnes: float, scale: float) -> dict[str, Any]:
    column, name = place
    height = max(tonnes * scale, 1.0)
    return {
        "x": _x(column),
        "right": _x(column) + BAR,
        "y": top,
        "bottom": top + height,
        "text_x": _x(column) + BAR + 4,
        "text_y": top + height / 2,
        "text": f"{name if len(name) <= LETTERS else name[: LETTERS - 1].rstrip() + '…'} {number(tonnes)}",
        "label": f"{key}\n",
        "tip": f"{key}\n" + tooltip(f"{name}: {number(tonnes)} t", "the sum of the flows that meet here"),
    }


def _bands(key: str, found: Sequence[Stream], tops: Mapping[Place, float], scale: float) -> list[dict[str, Any]]:
    """Ribbons as paths, in the order in which their ends lie so that they cross as little as they can."""
    starts: dict[Place, float] = dict(tops)
    ends: dict[Place, float] = dict(tops)
    begin: dict[int, float] = {}
    for at in sorted(range(len(found)), key=lambda i: (tops[found[i].target], found[i].target)):
        begin[at] = starts[found[at].source]
        starts[found[at].source] += found[at].tonnes * scale
    out = []
    for at in sorted(range(len(found)), key=lambda i: (tops[found[i].source], found[i].source)):
        stream = found[at]
        high, low, thick = begin[at], ends[stream.target], max(stream.tonnes * scale, 0.4)
        ends[stream.target] += stream.tonnes * scale
        left, right = _x(stream.source[0]) + BAR, _x(stream.target[0])
        mid = (left + right) / 2
        path = (
            f"M{left:.1f},{high:.1f}C{mid:.1f},{high:.1f},{mid:.1f},{low:.1f},{right:.1f},{low:.1f}"
            f"L{right:.1f},{low + thick:.1f}C{mid:.1f},{low + thick:.1f},{mid:.1f},{high + thick:.1f},"
            f"{left:.1f},{high + thick:.1f}Z"
        )
        words = f"{stream.source[1]} to {midway(stream.target[1])}: {number(stream.tonnes)} t"
        out.append({"path": path, "hue": HUES[stream.hue], "tip": f"{key}\n" + tooltip(words, stream.origin)})
    return out
