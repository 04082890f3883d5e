"""Charts of plants: when each is built, capacity and its use, and the map of what is built where.

world.json holds the outlines of countries, made from Natural Earth 1:110 m (public domain, naturalearthdata.com),
simplified to about half a degree, Antarctica and small islands left out: ISO 3166 code -> `at`, a point inside as
[longitude, latitude] in degrees, and `land`, its polygons as GeoJSON coordinates.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    INK,
    STAGE_COLOURS,
    Drawer,
    Drawing,
    labels,
    stacked,
    tipped,
    x_years,
    y_amount,
    y_names,
    year_axis,
)
from planner.reporting.values.page_parts import Figure, Panel
from planner.reporting.values.plan import UNITS, capacity, capacity_groups, decisions, everywhere
from planner.reporting.values.view import EXPECTED, RunView, rows_of, table_rows, tooltip
from planner.reporting.values.wording import STAGES, STAGES_MANY, count, listed, number

LABEL_WIDTH, BAR_WIDTH, ROW = 250, 560, 19

TONES = {"under construction": 0.28, "running in": 0.62, "full use": 1.0}


def timeline(run: RunView, draw: Drawer) -> Figure:
    """Commitment, construction, running in and full use of every new plant, by stage."""
    rows = decisions(run)
    panels = [
        _bars(run, draw, stage, rows[rows["stage"] == stage]) for stage in STAGES if (rows["stage"] == stage).any()
    ]
    first, last = int(rows["year"].min()), int(rows["year"].max())
    when = f"all in {first}" if first == last else f"between {first} and {last}"
    takeaway = (
        f"{count(rows['project'].nunique(), 'project')} are committed {when}; the first new output comes in "
        f"{int(rows['first_output'].min())}, full use of the last in {int(rows['full_output'].max())}."
    )
    reading = "Pale: under construction; middle: running in; full colour: full nameplate usable. Numbers: new t/y."
    if not everywhere(rows):
        takeaway += " Some commitments are made in some scenarios only; the table says in which."
    legend = [(STAGE_COLOURS[stage], "box", STAGES[stage]) for stage in STAGES if (rows["stage"] == stage).any()]
    source = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
    title = "When each plant is committed, built and in use"
    return Figure(title, takeaway, panels, legend, layout="wide", source=source, reading=reading)


def _bars(run: RunView, draw: Drawer, stage: str, rows: pd.DataFrame) -> Panel:
    end = run.years[-1] + 1
    edge = end + 0.08 * (end - run.years[0])
    order = list(dict.fromkeys(rows["label"]))
    spans = _spans(rows, end)
    sums = rows.groupby("label", sort=False).agg(tpa=("tpa", "sum"), place=("first_output", "min")).reset_index()
    sums["text"] = [number(t) for t in sums["tpa"]]
    y = y_names("label", order, LABEL_WIDTH - 10, LABEL_WIDTH)
    offset = BAR_WIDTH / (edge - run.years[0]) / 2
    axis = year_axis(run.years, 15, orient="top", labelFlush=False, labelOffset=offset)
    x = alt.X("start:Q", scale=alt.Scale(domain=[run.years[0], edge], nice=False, zero=False), axis=axis)
    bars = alt.Chart(spans).mark_bar(color=STAGE_COLOURS[stage], height=12)
    starts = alt.Chart(rows[["label", "year"]])
    sizes = labels(alt.Chart(sums.assign(end=end)), align="left", dx=5)
    chart = alt.layer(
        bars.encode(x=x, x2="stop:Q", y=y, opacity=alt.Opacity("tone:Q", scale=None), description="tip:N"),
        starts.mark_point(shape="diamond", filled=True, color=INK, size=34, opacity=1).encode(x="year:Q", y=y),
        sizes.encode(x="end:Q", y=y, text="text:N"),
    ).properties(width=BAR_WIDTH, height=ROW * len(order))
    named = "; ".join(f"{r.label} {number(r.tpa)} t/y from {r.place}" for r in rows_of(sums))
    return draw.panel(f"{STAGES_MANY[stage]} (t/y)", named, chart)


def _spans(rows: pd.DataFrame, end: int) -> pd.DataFrame:
    """A row for each time of a plant that has a tone: start and stop (years), tone, what it says."""
    full = rows["full_output"].clip(upper=end)
    begins, ends = (rows["year"], rows["first_output"], full), (rows["first_output"], full, full.clip(lower=end))
    times = zip(TONES, begins, ends, strict=True)
    spans = pd.concat([rows.assign(start=start, stop=stop, state=state) for state, start, stop in times])
    spans = spans[spans["stop"] > spans["start"]]
    spans["tip"] = [
        tooltip(
            f"{row.label}: {row.state} from {row.start} to {row.stop}; committed in {row.year}, "
            f"{number(row.tpa)} {row.unit}, {number(row.capex_musd)} MUSD",
            table_rows("investments", project=row.project, year=row.year),
        )
        for row in rows_of(spans)
    ]
    return spans.assign(tone=spans["state"].map(TONES))[["label", "start", "stop", "tone", "tip"]]


def capacities(run: RunView, draw: Drawer) -> Figure:
    """Existing and new capacity by year and what is used of it, by stage."""
    panels = []
    for stage, kind in capacity_groups(run):
        rows = capacity(run, (stage, kind))
        sums = run.expected(rows, ["year"], ["existing_tpa", "new_tpa", "throughput_t"])
        worst = run.within(rows, run.worst, ["year"], ["throughput_t"])
        unit = UNITS[kind]
        bars = pd.concat([_capacity_bars(run, sums, worst, stage, name, unit) for name in ("existing", "new")])
        used = pd.concat([sums.assign(which="expected"), worst.assign(which="worst")])
        dash = alt.StrokeDash("which:N", scale=alt.Scale(domain=["expected", "worst"], range=[[1, 0], [4, 3]]))
        lines = alt.Chart(used).mark_line(color=INK, strokeWidth=1.6)
        lines = lines.encode(x=x_years(run.years), y=y_amount("throughput_t", f"{unit}/y"), strokeDash=dash)
        colours = [("existing", EXISTING), ("new", STAGE_COLOURS[stage])]
        chart = alt.layer(stacked(bars, run.years, colours, f"{unit}/y"), lines)
        last = sums.iloc[-1]
        told = (
            f"In {int(last['year'])}: existing {number(last['existing_tpa'])}, new {number(last['new_tpa'])}, "
            f"expected use {number(last['throughput_t'])} {unit}/y."
        )
        panels.append(draw.panel(f"{STAGES_MANY[stage]}, {unit}/y", told, chart))
    reading = (
        "Bars: capacity that exists and that the plan adds. Solid line: what is expected to run; dashed line: what "
        f"runs in the worst scenario, “{run.names.scenario(run.worst)}”. Capacity that idles in calm years is the "
        "insurance."
    )
    legend = [
        (EXISTING, "box", "existing"),
        (STAGE_COLOURS["separation"], "box", "new (colour of the stage)"),
        (INK, "line", "in use, expected"),
        (INK, "dash", "in use, worst scenario"),
    ]
    source = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t"
    return Figure("Capacity and its use", "", panels, legend, source=source, reading=reading)


def _capacity_bars(
    run: RunView, sums: pd.DataFrame, worst: pd.DataFrame, stage: str, name: str, unit: str
) -> pd.DataFrame:
    """The bars of existing or new capacity, t/y, with what each says."""
    runs = dict(zip(worst["year"], worst["throughput_t"], strict=True))
    rows = tipped(
        sums.assign(kind=name, amount=sums[f"{name}_tpa"]),
        lambda r: (
            f"{STAGES_MANY[stage]}, {r['year']}: {name} {number(r['amount'])} {unit}/y; all that runs: "
            f"expected {number(r['throughput_t'])}, worst scenario {number(runs.get(r['year'], 0.0))}"
        ),
        "capacity",
        EXPECTED,
        stage=stage,
    )
    return rows[["year", "kind", "amount", "tip"]]


WIDTH, HEIGHT = 860, 400

LAND, PARTNER = "#e6e9ed", "#b9d2e6"

LEAST_AREA, MOST_AREA = 26.0, 900.0

APART = 3.4
"""Degrees between the circles of the stages of one country."""


def world(run: RunView, draw: Drawer) -> Figure | None:
    """Countries of the case by outline, and a circle for each country and stage in which something is built."""
    named = list(run.names.countries)
    placed = [country for country in named if outlines_of(country, named)]
    if not placed:
        return None
    circles = _circles(run)
    lands = [_land(run, country, outlines_of(country, named)) for country in placed]
    partners = {code for country in placed for code in outlines_of(country, named)}
    rest = [{"type": "Feature", "geometry": joined_outlines(c for c in all_outlines() if c not in partners)}]
    missing = [run.names.country(country) for country in named if country not in placed]
    sums = circles.groupby("place")["musd"].sum().sort_values(ascending=False, kind="stable")
    most = listed([f"{place} {number(float(musd))}" for place, musd in sums.head(3).items()])
    takeaway = (
        f"New plants in {count(len(sums), 'country', 'countries')}; most capital goes to {most} MUSD."
        if len(sums)
        else "No new plant is committed anywhere."
    )
    reading = "Blue: the countries of the case. Area of a circle: capital of its new plants, public and private."
    if missing:
        reading += f" Not on this map: {listed(missing)}."
    legend = [(STAGE_COLOURS[stage], "box", STAGES[stage]) for stage in STAGES if (circles["stage"] == stage).any()]
    panel = draw.panel("What is built where", takeaway, _map(rest, lands, circles, placed))
    source = f"{table_rows('investments')}; outlines: Natural Earth 1:110 m, public domain"
    return Figure("What is built where", takeaway, [panel], legend, layout="wide", source=source, reading=reading)


def _circles(run: RunView) -> pd.DataFrame:
    """A row per country and stage with new plants: where it lies, its capital (MUSD), what it says."""
    rows = decisions(run)
    rows = rows.assign(expected=rows["capex_musd"] * rows["probability"])
    columns = ["longitude", "latitude", "stage", "place", "musd", "tip"]
    out = []
    stages = {str(country): [s for s in STAGES if s in set(of)] for country, of in rows.groupby("country")["stage"]}
    for key, plants in rows.groupby(["country", "stage"], sort=True):
        country, stage = str(key[0]), str(key[1])
        at = point_in(country)
        if at is None:
            continue
        built = "; ".join(f"{r.name} {number(r.tpa)} {r.unit}, committed {r.year}" for r in rows_of(plants))
        musd, place = float(plants["expected"].sum()), run.names.country(country)
        words = f"{place}, {STAGES_MANY[stage].lower()}, {number(musd)} MUSD: {built}"
        tip = tooltip(words, table_rows("investments", country=country, stage=stage))
        aside = APART * (stages[country].index(stage) - (len(stages[country]) - 1) / 2)
        out.append((at[0] + aside, at[1], stage, place, musd, tip))
    return pd.DataFrame(out, columns=columns).sort_values("musd", ascending=False, kind="stable", ignore_index=True)


def _land(run: RunView, country: str, codes: tuple[str, ...]) -> dict[str, Any]:
    losses, paid = run.losses, run.tables["spending"]
    left = float(losses.loc[losses["country"] == country, "musd"].sum())
    spent = float(paid.loc[paid["country"] == country, "expected"].sum())
    words = (
        f"{run.names.country(country)}: expected loss left with the plan {number(left)} MUSD, public money spent "
        f"here {number(spent)} MUSD"
    )
    tables = [name for name in ("shortfall", "spending") if (run.tables[name]["country"] == country).any()]
    source = "; ".join(table_rows(name, EXPECTED, country=country) for name in tables) or "inputs/countries.csv"
    return {"type": "Feature", "geometry": joined_outlines(codes), "tip": tooltip(words, source)}


def _map(rest: list[dict[str, Any]], lands: list[dict[str, Any]], circles: pd.DataFrame, placed: list[str]) -> Drawing:
    points = [(country, *point) for country in placed if (point := point_in(country)) is not None]
    names = pd.DataFrame(points, columns=["name", "longitude", "latitude"])
    largest = max(float(circles["musd"].max()), 1e-9) if len(circles) else 1.0
    sized = circles.assign(area=(circles["musd"] / largest * MOST_AREA).clip(lower=LEAST_AREA))
    at = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    dots = alt.Chart(sized).mark_point(filled=True, stroke="white", strokeWidth=0.8, opacity=0.9)
    hues = alt.Scale(domain=list(STAGE_COLOURS), range=list(STAGE_COLOURS.values()))
    fill, size = alt.Fill("stage:N", scale=hues), alt.Size("area:Q", scale=None)
    shapes = alt.Chart(pd.DataFrame(lands)).mark_geoshape(fill=PARTNER, stroke="white", strokeWidth=0.6)
    chart = alt.layer(
        alt.Chart(pd.DataFrame(rest)).mark_geoshape(fill=LAND, stroke="white", strokeWidth=0.4),
        shapes.encode(description="tip:N"),
        dots.encode(size=size, fill=fill, description="tip:N", **at),
        labels(alt.Chart(names), dy=17, color=INK).encode(text="name:N", **at),
    )
    return chart.project("equalEarth").properties(width=WIDTH, height=HEIGHT)


EUROPEAN_UNION = (
    *("AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL", "ITA"),
    *("LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)

REST_OF_UNION = ("EUU", "EUE", "EU")
"""Codes in use for the Union; on a map, its members that a case does not name."""

POINT_OF_UNION = (22.5, 47.5)


@cache
def _world() -> dict[str, dict[str, Any]]:
    text = resources.files("planner.reporting.charts").joinpath("world.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def outlines_of(country: str, named: Iterable[str]) -> tuple[str, ...]:
    """The outlines that stand for a country of a case which names these countries."""
    if country in REST_OF_UNION:
        return tuple(code for code in EUROPEAN_UNION if code in _world() and code not in set(named))
    return (country,) if country in _world() else ()


def point_in(country: str) -> tuple[float, float] | None:
    """Longitude and latitude of a point inside a country, or None if it is not on the map."""
    if country in REST_OF_UNION:
        return POINT_OF_UNION
    found = _world().get(country)
    return (found["at"][0], found["at"][1]) if found else None


def joined_outlines(codes: Iterable[str]) -> dict[str, Any]:
    """GeoJSON of some outlines together."""
    return {"type": "MultiPolygon", "coordinates": [part for code in codes for part in _world()[code]["land"]]}


def all_outlines() -> tuple[str, ...]:
    """Codes of all outlines."""
    return tuple(_world())
