"""How one element goes from mine to user in a year of a scenario, as a Sankey diagram.

Oxide, metal and magnets are pools: within a group any country may receive from them, so what one plant makes cannot be
followed to one user. Tonnes are of oxide; for metal and magnets, of the oxide they contain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from planner.reporting.charts.drawing import (
    DEMAND,
    INK,
    MUTED,
    SMALL,
    STAGE_COLOURS,
    WITHOUT,
    Drawer,
    Plot,
    clipped,
    legend_of,
    px,
)
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.view import RunView, rows_of, table_rows, tooltip
from planner.reporting.values.wording import midway, number, worded
from planner.results.schema import IMPORTED

FEED, PLANT, OXIDE, METAL_PLANT, METAL, MAGNET_PLANT, MAGNET, USER = range(8)
"""Columns from left to right."""

OXIDE_POOL, METAL_POOL, MAGNET_POOL = "Oxide", "Metal", "Magnets"

LEAST = 1e-6

KEPT = 7
"""Places named in each column; the rest are added up."""

REST = "Others"

STOCK, INTO_STOCK, LEFT_OVER = "Stock", "Into stock", "Left over"

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


Link = tuple[str, str, Place, Place, str]
"""Item and form of the rows ('' for any form), from where, to where, hue; a place is named, or `country`, `feed` or
`project` says which column names it."""


def _pool(form: str, made: int, pool: Place) -> list[Link]:
    """What goes into the pool of one form and out of it, whatever the form."""
    return [
        ("made", form, (made, "country"), pool, form),
        ("imported", form, (made, "project"), pool, "import"),
        ("released", form, (made, STOCK), pool, "stock"),
        ("bought", form, pool, (USER, INTO_STOCK), "stock"),
    ]


POOLS = {"oxide": (OXIDE, OXIDE_POOL), "metal": (METAL, METAL_POOL), "magnet": (MAGNET, MAGNET_POOL)}

OPERATIONS: Sequence[Link] = (
    ("made", "oxide", (FEED, "feed"), (PLANT, "country"), "feed"),
    *_pool("oxide", PLANT, POOLS["oxide"]),
    *_pool("metal", METAL_PLANT, POOLS["metal"]),
    *_pool("magnet", MAGNET_PLANT, POOLS["magnet"]),
    ("reduced", "", POOLS["oxide"], (METAL_PLANT, "country"), "oxide"),
    ("sintered", "", POOLS["metal"], (MAGNET_PLANT, "country"), "metal"),
)


def streams(run: RunView, element: str, scenario: str) -> dict[int, list[Stream]]:
    """year -> what flows, the largest places of each column by name."""
    flows = _flows(run, element, scenario)
    kept = _kept(flows)
    out: dict[int, dict[tuple[Place, Place, str, str], float]] = {year: {} for year in run.years}
    for (year, source, target, hue, origin), tonnes in flows.items():
        ends = tuple(place if place in kept else (place[0], REST) for place in (source, target))
        key = (ends[0], ends[1], hue, origin)
        out[year][key] = out[year].get(key, 0.0) + tonnes
    found = {
        year: [Stream(a, b, tonnes, hue, origin) for (a, b, hue, origin), tonnes in of.items() if tonnes > LEAST]
        for year, of in out.items()
    }
    return {year: [*of, *_left_over(of)] for year, of in found.items()}


def _flows(run: RunView, element: str, scenario: str) -> dict[tuple[int, Place, Place, str, str], float]:
    """Tonnes by year, ends, hue and where the figure comes from."""
    done, needs = (
        rows[(rows["scenario"] == scenario) & (rows["element"] == element)]
        for rows in (run.tables["operations"], run.tables["shortfall"])
    )
    named: Mapping[str, Callable[[str], str]] = {
        "country": run.names.country,
        "feed": run.names.feed,
        "project": lambda supplier: f"Import: {run.names.party(supplier)}",
    }
    out: dict[tuple[int, Place, Place, str, str], float] = {}

    def add(year: int, source: Place, target: Place, hue: str, origin: str, tonnes: float) -> None:
        key = (year, source, target, hue, origin)
        out[key] = out.get(key, 0.0) + tonnes

    def place(of: Place, row: object) -> Place:
        return (of[0], named[of[1]](getattr(row, of[1]))) if of[1] in named else of

    for row in rows_of(done):
        item = "imported" if row.item in IMPORTED else row.item
        for wanted, form, source, target, hue in OPERATIONS:
            if item == wanted and form in ("", row.form):
                keys = {"item": item, **({"form": form} if form else {}), "element": element, "year": row.year}
                origin = table_rows("operations", scenario, **keys)
                add(row.year, place(source, row), place(target, row), hue, origin, row.tonnes)
    for row in rows_of(needs):
        origin = table_rows("shortfall", scenario, form=row.form, element=element, year=row.year)
        user = (USER, run.names.country(row.country))
        add(row.year, (METAL, "Missing"), user, "missing", origin, row.tonnes)
        add(row.year, POOLS[row.form], user, row.form, origin, row.demand_t - row.tonnes)
    return out


def _kept(flows: Mapping[tuple[int, Place, Place, str, str], float]) -> set[Place]:
    """The places that are shown by name: of each column the largest."""
    sums = _sums((place, tonnes) for (_, *ends, _, _), tonnes in flows.items() for place in ends)
    kept: set[Place] = set()
    for column in {place[0] for place in sums}:
        ranked = sorted((p for p in sums if p[0] == column), key=lambda p: (-sums[p], p))
        kept.update(ranked[: KEPT if len(ranked) > KEPT + 1 else None])
    return kept


def _left_over(found: list[Stream]) -> list[Stream]:
    """What comes into a pool and is not used."""
    out = []
    for pool in POOLS.values():
        into = sum(stream.tonnes for stream in found if stream.target == pool)
        used = sum(stream.tonnes for stream in found if stream.source == pool)
        if into - used > max(LEAST, 1e-6 * into):
            words = f"{pool[1].lower()} in less {pool[1].lower()} out"
            out.append(Stream(pool, (USER, LEFT_OVER), into - used, "left", words))
    return out


WIDTH, HEIGHT, TOP, GAP, BAR, LABEL = 960, 330, 22, 9, 9, 132

MAIN = 2

HUES = {
    "feed": STAGE_COLOURS["mine"],
    "oxide": STAGE_COLOURS["separation"],
    "metal": STAGE_COLOURS["metal"],
    "magnet": STAGE_COLOURS["magnet"],
    "import": "#9aa3ad",
    "stock": "#d9c400",
    "missing": WITHOUT,
    "left": DEMAND,
}

HEADS = {
    FEED: "From the mine",
    PLANT: "Separated, or bought",
    METAL_PLANT: "Metal made, or bought",
    MAGNET_PLANT: "Magnets made, or bought",
    USER: "Used in",
}


def material(run: RunView, draw: Drawer) -> Figure | None:
    """Flows of the elements whose shortage costs most, in the calm and in the worst scenario, a panel per year."""
    main = run.elements[:MAIN]
    if not main:
        return None
    scenarios = list(dict.fromkeys([run.worst, run.calm]))
    opening = _hardest_year(run, main[0], scenarios[0])
    panels: list[Panel] = []
    shown: set[str] = set()
    for element in main:
        found = {(w, year): flow for w in scenarios for year, flow in streams(run, element, w).items()}
        shown |= {stream.hue for flow in found.values() for stream in flow} - {"left"}
        columns = _columns(found.values())
        heights = {key: _heights(flow) for key, flow in found.items()}
        # By what goes through a place in all the flows, so that it keeps its rank from panel to panel.
        order = _sums(pair for height in heights.values() for pair in height.items())
        scale = min((_scale(height) for height in heights.values() if height), default=1.0)
        for (scenario, year), flow in found.items():
            plot = _sankey(flow, heights[scenario, year], order, scale, columns)
            name, future = run.names.element(element), run.names.scenario(scenario)
            into = _sums((stream.target[1], stream.tonnes) for stream in flow if stream.target[0] == USER)
            told = worded("figures.j2", "flow_panel", into=into)
            choice = {"Element": name, "Future": future, "Year": str(year)}
            printed = (element, scenario, year) == (main[0], scenarios[0], opening)
            panels.append(draw.panel(f"{name} in {year}: “{future}”", told, plot, choice=choice, printed=printed))
    name, future = run.names.element(main[0]), run.names.scenario(scenarios[0])
    source = f"{table_rows('operations')}: items made, imported, released, bought, reduced; {table_rows('shortfall')}"
    return Figure(
        "From mine to user, year by year",
        "",
        panels,
        legend_of([("imports" if kind == "import" else kind, hue) for kind, hue in HUES.items() if kind in shown]),
        layout="wide",
        folded=True,
        source=source,
        start={"Element": name, "Future": future, "Year": str(opening)},
        reading=worded("figures.j2", "flow", elements=[midway(run.names.element(e)) for e in main]),
    )


def _hardest_year(run: RunView, element: str, scenario: str) -> int:
    short = run.tables["shortfall"]
    rows = short[(short["scenario"] == scenario) & (short["element"] == element)]
    by_year = rows.groupby("year")["tonnes"].sum()
    return int(by_year.index[int(by_year.to_numpy().argmax())])


def _columns(flows: Iterable[Sequence[Stream]]) -> dict[int, float]:
    """Where each column that anything flows through begins, px."""
    used = sorted({place[0] for flow in flows for stream in flow for place in (stream.source, stream.target)})
    return {column: at * (WIDTH - LABEL) / max(len(used) - 1, 1) for at, column in enumerate(used)}


def _sankey(
    flow: Sequence[Stream],
    heights: Mapping[Place, float],
    order: Mapping[Place, float],
    scale: float,
    columns: Mapping[int, float],
) -> Plot:
    plot = Plot(WIDTH, HEIGHT)
    for column, x in columns.items():
        plot.text(x, 10, HEADS.get(column, ""), size=SMALL, fill=MUTED)
    tops = _tops(heights, order, scale)
    _ribbons(plot, flow, tops, scale, columns)
    for place, tonnes in heights.items():
        column, name = place
        x, top, height = columns[column], tops[place], max(tonnes * scale, 1.0)
        tip = tooltip(f"{name}: {number(tonnes)} t", "the sum of the flows that meet here")
        plot.rect(x, top, BAR, height, INK, opacity=0.85, tip=tip)
        words = clipped(name, LABEL - 48, SMALL)
        plot.text(x + BAR + 4, top + height / 2 + 3, f"{words} {number(tonnes)}", size=SMALL)
    return plot


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


def _ribbons(
    plot: Plot, found: Sequence[Stream], tops: Mapping[Place, float], scale: float, columns: Mapping[int, float]
) -> None:
    """Ribbons in the order in which their ends lie, so that they cross as little as they can."""
    starts: dict[Place, float] = dict(tops)
    ends: dict[Place, float] = dict(tops)
    begin: dict[int, float] = {}
    for at in sorted(range(len(found)), key=lambda i: (tops[found[i].target], found[i].target)):
        begin[at] = starts[found[at].source]
        starts[found[at].source] += found[at].tonnes * scale
    for at in sorted(range(len(found)), key=lambda i: (tops[found[i].source], found[i].source)):
        stream = found[at]
        high, low, thick = begin[at], ends[stream.target], max(stream.tonnes * scale, 0.4)
        ends[stream.target] += stream.tonnes * scale
        left, right = columns[stream.source[0]] + BAR, columns[stream.target[0]]
        path = f"M{_bend(left, high, right, low)}L{px(right)},{px(low + thick)}"
        path += f"C{_bend(right, low + thick, left, high + thick).partition('C')[2]}Z"
        words = f"{stream.source[1]} to {midway(stream.target[1])}: {number(stream.tonnes)} t"
        plot.path(path, fill=HUES[stream.hue], opacity=0.42, tip=tooltip(words, stream.origin))


def _bend(x1: float, y1: float, x2: float, y2: float) -> str:
    """A curve from one point to another that is level at both ends."""
    mid = px((x1 + x2) / 2)
    return f"{px(x1)},{px(y1)}C{mid},{px(y1)},{mid},{px(y2)},{px(x2)},{px(y2)}"
