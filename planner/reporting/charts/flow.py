"""How one element goes from mine to user in a year of a scenario, as a Sankey diagram laid out here and drawn by Vega.

Oxide and metal are pools: within a group any country may receive from them, so what one plant makes cannot be followed
to one user. Tonnes are of oxide; for metal, of the oxide it contains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    DEMAND,
    INK,
    MUTED,
    STAGE_COLOURS,
    WITHOUT,
    Drawer,
    Drawing,
    Facet,
    labels,
    legend_of,
)
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.view import RunView, records, table_rows, tooltip
from planner.reporting.values.wording import listed, midway, number
from planner.results.schema import IMPORTED

FEED, PLANT, OXIDE, METAL_PLANT, METAL, USER = range(6)
"""Columns from left to right."""

OXIDE_POOL, METAL_POOL = "Oxide", "Metal"

LEAST = 1e-6

KEPT = 7
"""Places named in each column; the rest are added up."""

REST = "Others"


Place = tuple[int, str]
"""Column and name."""


@dataclass(frozen=True)
class Stream:
    """Tonnes from one place to another. `hue`: what kind of thing flows."""

    source: Place
    target: Place
    tonnes: float
    hue: str
    origin: str


def streams(run: RunView, element: str, scenario: str) -> dict[int, list[Stream]]:
    """year -> what flows, the largest places of each column by name."""
    named = _merged(_flows(run, element, scenario))
    out: dict[int, list[Stream]] = {year: [] for year in run.years}
    for r in records(named[named["tonnes"] > LEAST]):
        rows = table_rows(r["table"], scenario, **dict(r["where"]), element=element, year=r["year"])
        stream = Stream((r["from_column"], r["from"]), (r["to_column"], r["to"]), r["tonnes"], r["hue"], rows)
        out[r["year"]].append(stream)
    for year, found in out.items():
        out[year] = [*found, *_left_over(found)]
    return out


Link = tuple[str, str, Place, Place, str]
"""Item and form of the rows ('' for any form), from where, to where, hue; a place is named, or `country`, `feed` or
`project` says which column names it."""

OPERATIONS: Sequence[Link] = (
    ("made", "oxide", (FEED, "feed"), (PLANT, "country"), "feed"),
    ("made", "oxide", (PLANT, "country"), (OXIDE, OXIDE_POOL), "oxide"),
    ("imported", "oxide", (PLANT, "project"), (OXIDE, OXIDE_POOL), "import"),
    ("released", "oxide", (PLANT, "Stock"), (OXIDE, OXIDE_POOL), "stock"),
    ("bought", "oxide", (OXIDE, OXIDE_POOL), (USER, "Into stock"), "stock"),
    ("made", "metal", (METAL_PLANT, "country"), (METAL, METAL_POOL), "metal"),
    ("imported", "metal", (METAL_PLANT, "project"), (METAL, METAL_POOL), "import"),
    ("released", "metal", (METAL_PLANT, "Stock"), (METAL, METAL_POOL), "stock"),
    ("bought", "metal", (METAL, METAL_POOL), (USER, "Into stock"), "stock"),
    ("reduced", "", (OXIDE, OXIDE_POOL), (METAL_PLANT, "country"), "oxide"),
    ("sintered", "", (METAL, METAL_POOL), (USER, "Into magnets"), "metal"),
)

USERS: Sequence[Link] = (
    ("missing", "", (METAL, "Missing"), (USER, "country"), "missing"),
    ("met", "oxide", (OXIDE, OXIDE_POOL), (USER, "country"), "oxide"),
    ("met", "metal", (METAL, METAL_POOL), (USER, "country"), "metal"),
)


def _flows(run: RunView, element: str, scenario: str) -> pd.DataFrame:
    """A row for each row of a result table that a link takes up."""
    done, needs = (
        rows[(rows["scenario"] == scenario) & (rows["element"] == element)]
        for rows in (run.tables["operations"], run.tables["shortfall"])
    )
    done = done.assign(item=done["item"].where(~done["item"].isin(IMPORTED), "imported"))
    met = needs.assign(tonnes=needs["demand_t"] - needs["tonnes"], item="met")
    users = pd.concat([needs.assign(item="missing"), met])
    named: Mapping[str, Callable[[str], str]] = {
        "country": run.names.country,
        "feed": run.names.feed,
        "project": lambda supplier: f"Import: {run.names.party(supplier)}",
    }
    parts = []
    for table, rows, links in (("operations", done, OPERATIONS), ("shortfall", users, USERS)):
        for item, form, source, target, hue in links:
            taken = rows[(rows["item"] == item) & ((rows["form"] == form) | (not form))]
            where = {"item": item if table == "operations" else "", "form": form}
            keys = tuple((key, value) for key, value in where.items() if value)
            part = taken[["year", "tonnes"]].assign(hue=hue, table=table)
            part["where"] = pd.Series([keys] * len(taken), index=taken.index, dtype=object)
            for side, (column, name) in (("from", source), ("to", target)):
                part[f"{side}_column"] = column
                part[side] = taken[name].map(named[name]).astype(object) if name in named else name
            parts.append(part)
    return pd.concat(parts)


def _merged(rows: pd.DataFrame) -> pd.DataFrame:
    """The smaller places of each column under one name, flows between the same places added up."""
    rows = rows.copy()
    for side, other in (("from", "to"), ("to", "from")):
        for column in sorted(rows[f"{side}_column"].unique()):
            at = rows[f"{side}_column"] == column
            ends = [(at, side), (rows[f"{other}_column"] == column, other)]
            places = pd.concat(
                [rows.loc[here, [end, "tonnes"]].set_axis(["place", "tonnes"], axis=1) for here, end in ends]
            )
            sums = places.groupby("place")["tonnes"].sum()
            kept = sorted(sums.index, key=lambda place: (-sums[place], place))[: KEPT if len(sums) > KEPT + 1 else None]
            rows.loc[at, side] = rows.loc[at, side].where(rows.loc[at, side].isin(kept), REST)
    keys = [column for column in rows.columns if column != "tonnes"]
    return rows.groupby(keys, as_index=False, sort=False)[["tonnes"]].sum()


def _left_over(found: list[Stream]) -> list[Stream]:
    """What comes into a pool and is not used."""
    out = []
    for pool in ((OXIDE, OXIDE_POOL), (METAL, METAL_POOL)):
        into = sum(stream.tonnes for stream in found if stream.target == pool)
        used = sum(stream.tonnes for stream in found if stream.source == pool)
        if into - used > max(LEAST, 1e-6 * into):
            words = f"{pool[1].lower()} in less {pool[1].lower()} out"
            out.append(Stream(pool, (USER, "Left over"), into - used, "left", words))
    return out


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

Shown = tuple[str, str, int]
"""Element, scenario and year of a panel."""


def material(run: RunView, draw: Drawer) -> Figure | None:
    """Flows of the elements whose shortage costs most, in the calm and in the worst scenario, a panel per year."""
    main = run.elements[:MAIN]
    if not main:
        return None
    scenarios = list(dict.fromkeys([run.worst, run.calm]))
    opening = _hardest_year(run, main[0], scenarios[0])
    panels: list[Panel] = []
    for element in main:
        found: dict[str, list[Stream]] = {}
        cuts = []
        for at, scenario in enumerate(scenarios):
            for year, flow in streams(run, element, scenario).items():
                key = f"s{at}y{year}"
                found[key] = flow
                cuts.append(_cut(run, key, (element, scenario, year), flow, (main[0], scenarios[0], opening)))
        panels += draw.split(_sankey(found), cuts)
    reading = (
        f"What {listed([midway(run.names.element(e)) for e in main])} goes through on its way to users, in tonnes "
        "of oxide (for metal, the oxide it contains). Thickness: tonnes, on one scale for each element. Oxide and "
        "metal are pools within a group of countries, so what one plant makes is not followed to one user."
    )
    name, future = run.names.element(main[0]), run.names.scenario(scenarios[0])
    source = f"{table_rows('operations')}: items made, imported, released, bought, reduced; {table_rows('shortfall')}"
    return Figure(
        "From mine to user, year by year",
        "",
        panels,
        legend_of([("imports" if kind == "import" else kind, HUES[kind]) for kind in HUES if kind != "left"]),
        layout="wide",
        folded=True,
        source=source,
        start={"Element": name, "Scenario": future, "Year": str(opening)},
        reading=reading,
    )


def _hardest_year(run: RunView, element: str, scenario: str) -> int:
    short = run.tables["shortfall"]
    rows = short[(short["scenario"] == scenario) & (short["element"] == element)]
    by_year = rows.groupby("year")["tonnes"].sum()
    return int(by_year.index[int(by_year.to_numpy().argmax())])


def _cut(run: RunView, key: str, shown: Shown, found: Iterable[Stream], opening: Shown) -> Facet:
    element, scenario, year = shown
    name, future = run.names.element(element), run.names.scenario(scenario)
    into = _sums((stream.source[1], stream.tonnes) for stream in found if stream.target[0] == USER)
    words = ", ".join(f"{midway(place)} {number(tonnes)} t" for place, tonnes in into.items()) or "nothing flows"
    choice = {"Element": name, "Scenario": future, "Year": str(year)}
    return Facet(key, f"{name} in {year}: “{future}”", f"To users: {words}.", choice, printed=shown == opening)


def _sankey(flows: Mapping[str, list[Stream]]) -> Drawing:
    """All the flows on top of each other, each mark under the key of its flow."""
    heights = {key: _heights(found) for key, found in flows.items()}
    # By what goes through a place in all the flows, so that it keeps its rank from panel to panel.
    order = _sums(pair for height in heights.values() for pair in height.items())
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
    title = labels(alt.Chart(heads), align="left", color=MUTED).encode(x=x, y=alt.value(6), text="text:N")
    if places.empty:
        return alt.layer(title).properties(width=WIDTH, height=HEIGHT)
    shapes = alt.Chart(ribbons).mark_point(filled=True, stroke=None, opacity=0.42, size=4)
    shape, hue = alt.Shape("path:N", scale=None), alt.Fill("hue:N", scale=None)
    rects = alt.Chart(places).mark_rect(color=INK, opacity=0.85)
    text_x, text_y = alt.X("text_x:Q", scale=None), alt.Y("text_y:Q", scale=None)
    texts = labels(alt.Chart(places), align="left")
    return alt.layer(
        title,
        shapes.encode(x=alt.value(0), y=alt.value(0), shape=shape, fill=hue, description="tip:N"),
        rects.encode(x=x, x2="right:Q", y=y, y2="bottom:Q", description="tip:N"),
        texts.encode(x=text_x, y=text_y, text="text:N", description="label:N"),
    ).properties(width=WIDTH, height=HEIGHT)


def _x(column: int) -> float:
    return column * (WIDTH - LABEL) / USER


Key = TypeVar("Key")


def _sums(amounts: Iterable[tuple[Key, float]]) -> dict[Key, float]:
    """Amounts added up by key, in the order in which the keys come."""
    sums: dict[Key, float] = {}
    for key, amount in amounts:
        sums[key] = sums.get(key, 0.0) + amount
    return sums


def _heights(found: Sequence[Stream]) -> dict[Place, float]:
    """Tonnes through each place: what comes in or what goes out, whichever is more."""
    into = _sums((stream.target, stream.tonnes) for stream in found)
    out = _sums((stream.source, stream.tonnes) for stream in found)
    return {place: max(into.get(place, 0.0), out.get(place, 0.0)) for place in sorted({*into, *out})}


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
