"""How one element goes from mine to user in a year of a scenario, as a Sankey diagram laid out here and drawn by Vega.

Oxide and metal are pools: within a group any country may receive from them, so what one plant makes cannot be followed
to one user. Tonnes are of oxide; for metal, of the oxide it contains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import DEMAND, INK, MUTED, STAGE_COLOURS, WITHOUT, Drawer, Drawing, Facet, labels
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


@dataclass(frozen=True)
class Stream:
    """Tonnes from one place to another; a place is (column, name). `hue`: what kind of thing flows."""

    source: tuple[int, str]
    target: tuple[int, str]
    tonnes: float
    hue: str
    origin: str


def streams(run: RunView, element: str, scenario: str) -> dict[int, list[Stream]]:
    """year -> what flows, the largest places of each column by name."""
    named = _merged(pd.concat([_operations(run, element, scenario), _users(run, element, scenario)]))
    out: dict[int, list[Stream]] = {year: [] for year in run.years}
    for r in records(named[named["tonnes"] > LEAST]):
        rows = table_rows(r["table"], scenario, **dict(r["where"]), element=element, year=r["year"])
        stream = Stream((r["from_column"], r["from"]), (r["to_column"], r["to"]), r["tonnes"], r["hue"], rows)
        out[r["year"]].append(stream)
    for year, found in out.items():
        out[year] = [*found, *_left_over(found)]
    return out


def _row(
    rows: pd.DataFrame, source: tuple[int, object], target: tuple[int, object], hue: str, **where: str
) -> pd.DataFrame:
    table = where.pop("table", "operations")
    return pd.DataFrame(
        {
            "year": rows["year"],
            "from_column": source[0],
            "from": source[1],
            "to_column": target[0],
            "to": target[1],
            "tonnes": rows["tonnes"],
            "hue": hue,
            "table": table,
            "where": [tuple(where.items())] * len(rows),
        }
    )


def _operations(run: RunView, element: str, scenario: str) -> pd.DataFrame:
    rows = run.tables["operations"]
    rows = rows[(rows["scenario"] == scenario) & (rows["element"] == element)]
    parts = []
    for form, pool, column in (("oxide", OXIDE_POOL, OXIDE), ("metal", METAL_POOL, METAL)):
        made = rows[(rows["form"] == form) & (rows["item"] == "made")]
        country = made["country"].map(run.names.country)
        plant = PLANT if form == "oxide" else METAL_PLANT
        if form == "oxide":
            feeds = made["feed"].map(run.names.feed)
            parts.append(_row(made, (FEED, feeds), (plant, country), "feed", item="made", form=form))
        parts.append(_row(made, (plant, country), (column, pool), form, item="made", form=form))
        imported = rows[(rows["form"] == form) & rows["item"].isin(IMPORTED)]
        suppliers = "Import: " + imported["project"].map(run.names.party).astype(object)
        parts.append(_row(imported, (plant, suppliers), (column, pool), "import", item="imported", form=form))
        released = rows[(rows["form"] == form) & (rows["item"] == "released")]
        parts.append(_row(released, (plant, "Stock"), (column, pool), "stock", item="released", form=form))
        bought = rows[(rows["form"] == form) & (rows["item"] == "bought")]
        parts.append(_row(bought, (column, pool), (USER, "Into stock"), "stock", item="bought", form=form))
    reduced = rows[rows["item"] == "reduced"]
    country = reduced["country"].map(run.names.country)
    parts.append(_row(reduced, (OXIDE, OXIDE_POOL), (METAL_PLANT, country), "oxide", item="reduced"))
    sintered = rows[rows["item"] == "sintered"]
    parts.append(_row(sintered, (METAL, METAL_POOL), (USER, "Into magnets"), "metal", item="sintered"))
    return pd.concat(parts)


def _users(run: RunView, element: str, scenario: str) -> pd.DataFrame:
    needs = run.tables["shortfall"]
    needs = needs[(needs["scenario"] == scenario) & (needs["element"] == element)]
    user = needs["country"].map(run.names.country)
    met = needs.assign(tonnes=needs["demand_t"] - needs["tonnes"])
    parts = [_row(needs, (METAL, "Missing"), (USER, user), "missing", table="shortfall")]
    for form, pool, column in (("oxide", OXIDE_POOL, OXIDE), ("metal", METAL_POOL, METAL)):
        of_form = met["form"] == form
        parts.append(_row(met[of_form], (column, pool), (USER, user[of_form]), form, table="shortfall", form=form))
    return pd.concat(parts)


def _merged(rows: pd.DataFrame) -> pd.DataFrame:
    """The smaller places of each column under one name, flows between the same places added up."""
    rows = rows.copy()
    for side in ("from", "to"):
        other = "to" if side == "from" else "from"
        for column in sorted(rows[f"{side}_column"].unique()):
            at = rows[f"{side}_column"] == column
            places = pd.concat(
                [
                    rows[at].rename(columns={side: "place"})[["place", "tonnes"]],
                    rows[rows[f"{other}_column"] == column].rename(columns={other: "place"})[["place", "tonnes"]],
                ]
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
