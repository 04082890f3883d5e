"""Charts of plants: when each is built, capacity and its use, and the map of what is built where.

world.json holds the outlines of countries, made from Natural Earth 1:110 m (public domain, naturalearthdata.com),
simplified to about half a degree, Antarctica and small islands left out: ISO 3166 code -> `at`, a point inside as
[longitude, latitude] in degrees, and `land`, its polygons as GeoJSON coordinates.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd

from planner.reporting.charts.drawing import (
    EXISTING,
    INK,
    MUTED,
    SMALL,
    STAGE_COLOURS,
    WITH,
    Bands,
    Drawer,
    Plot,
    clipped,
    mixed,
    outline_of,
    stacked,
    tipped,
)
from planner.reporting.values.page_parts import Figure
from planner.reporting.values.plan import (
    UNITS,
    capacity,
    capacity_groups,
    decisions,
    everywhere,
    stock_held,
    tightest_team,
    training_begins,
)
from planner.reporting.values.supply import insured_years
from planner.reporting.values.view import EXPECTED, RunView, records, rows_of, table_rows, tooltip
from planner.reporting.values.wording import STAGES, STAGES_MANY, number, percent, worded

ROW, STAGE_ROW, NAMES = 19, 24, 250

TONES = {"under construction": 0.28, "running in": 0.62, "full use": 1.0}


def timeline(run: RunView, draw: Drawer) -> Figure:
    """Commitment, training, construction, first product and full use of every new plant by stage; below, stock and the
    tightest people on the same axis; the years that the plan insures are shaded."""
    rows = decisions(run)
    stages = [stage for stage in STAGES if (rows["stage"] == stage).any()]
    plants, insured = rows["label"].nunique(), insured_years(run)
    height = ROW * plants + STAGE_ROW * (len(stages) + 1) + 3 * ROW + 26
    plot = Plot(960, height, left=NAMES, right=66, top=24, bottom=4)
    years = [*run.years, run.years[-1] + 1]
    bands = plot.years(years[:-1], most=15, gap=0.0, at_top=True)
    if insured:
        start = bands.at(insured[0])
        plot.rect(start, plot.top, bands.at(insured[-1]) + bands.step - start, height - 30, "#fdf3d8")
        plot.text(start + 4, height - 1, f"years insured: {insured[0]}–{insured[-1]}", size=SMALL, fill=MUTED)
    at = plot.top
    for stage in stages:
        plot.text(6, at + 17, STAGES_MANY[stage], weight="bold", fill=STAGE_COLOURS[stage])
        plot.text(plot.right + 8, at + 17, "new t/y", size=SMALL, fill=MUTED)
        at = _stage_rows(run, plot, bands, rows[rows["stage"] == stage], at + STAGE_ROW)
    _strips(run, plot, bands, at)
    told = worded("figures.j2", "timeline", rows=rows, first=_first(rows), everywhere=everywhere(rows))
    legend = [
        (INK, "box", "diamond: money committed, permits in hand"),
        ("#7A5195", "box", "triangle: training must begin"),
        (STAGE_COLOURS["metal"], "box", "pale to full: under construction, running in, full use"),
        ("#f3d98b", "box", "years in which somebody would be short without the plan"),
    ]
    source = table_rows("investments") + "; lead times and ramps: inputs/projects.csv, inputs/ramps.csv"
    title = worded("figures.j2", "timeline_title", rows=rows, first=_first(rows))
    return Figure(title, told, [draw.panel(title, told, plot)], legend, layout="wide", source=source)


def _first(rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.sort_values(["first_output", "order"], ascending=[True, False]).iloc[0]
    return {"year": int(first["first_output"]), "stage": str(first["stage"])}


def _stage_rows(run: RunView, plot: Plot, bands: Bands, rows: pd.DataFrame, at: float) -> float:
    """The plants of a stage from `at` down; returns where the next stage begins."""
    last = run.years[-1] + 1
    for label, parts in rows.groupby("label", sort=False):
        plot.text(plot.left - 6, at + 13, clipped(str(label), plot.left - 24), anchor="end")
        for row in rows_of(parts):
            turns = (row.year, row.first_output, min(row.full_output, last), last)
            tip = tooltip(
                f"{row.label}: committed in {row.year}, first output {row.first_output}, full use {row.full_output}; "
                f"{number(row.tpa)} {row.unit}, {number(row.capex_musd)} MUSD",
                table_rows("investments", project=row.project, year=row.year),
            )
            for tone, start, stop in zip(TONES.values(), turns[:-1], turns[1:], strict=True):
                if stop > start:
                    x = bands.start + bands.step * (start - run.years[0])
                    hue = mixed("#ffffff", STAGE_COLOURS[row.stage], tone)
                    plot.rect(x, at + 3, bands.step * (stop - start), 12, hue, tip=tip)
            begins = training_begins(run, row.project, row.first_output)
            if begins is not None:
                x = bands.start + bands.step * (begins - run.years[0]) + 12
                plot.path(outline_of([(x - 4, at + 14), (x, at + 6), (x + 4, at + 14)]) + "Z", fill="#7A5195")
            plot.diamond(bands.start + bands.step * (row.year - run.years[0]) + 3, at + 9, 5, INK, tip=tip)
        plot.text(plot.right + 8, at + 13, number(float(parts["tpa"].sum())))
        at += ROW
    return at


def _strips(run: RunView, plot: Plot, bands: Bands, at: float) -> None:
    """Stock held and the tightest team of each year, as shaded cells."""
    held, team = stock_held(run), tightest_team(run)
    plot.text(6, at + 17, "Stock and people", weight="bold")
    at += STAGE_ROW
    if held:
        most = max(held.values())
        plot.text(plot.left - 6, at + 13, "stock at the end of the year, t, expected", anchor="end")
        for year, tonnes in held.items():
            hue = mixed("#f6f1e2", "#b58900", tonnes / most if most > 0 else 0.0)
            tip = tooltip(f"Stock, end of {year}: {number(tonnes)} t", table_rows("stocks", EXPECTED, year=year))
            plot.rect(bands.at(year), at + 1, bands.width - 1, ROW - 3, hue, tip=tip)
            plot.text(bands.mid(year), at + 13, number(tonnes), anchor="middle", size=SMALL)
        at += ROW
    if team:
        plot.text(plot.left - 6, at + 13, "tightest team, use in %", anchor="end")
        for year, (share, who) in team.items():
            hue = mixed("#eef3f8", WITH, share**3)
            tip = tooltip(f"{who}, {year}: {percent(share)} in use", table_rows("workforce", year=year))
            plot.rect(bands.at(year), at + 1, bands.width - 1, ROW - 3, hue, tip=tip)
            ink = "#ffffff" if share > 0.9 else INK
            plot.text(bands.mid(year), at + 13, f"{100 * share:.0f}", anchor="middle", size=SMALL, fill=ink)


def capacities(run: RunView, draw: Drawer) -> Figure:
    """Existing and new capacity by year and what is used of it, by stage."""
    panels = []
    for stage, kind in capacity_groups(run):
        rows = capacity(run, (stage, kind))
        sums = run.expected(rows, ["year"], ["existing_tpa", "new_tpa", "throughput_t"])
        worst = run.within(rows, run.worst, ["year"], ["throughput_t"])
        unit = UNITS[kind]
        runs = dict(zip(worst["year"], worst["throughput_t"], strict=True))
        bars = pd.concat([_capacity_bars(sums, runs, stage, name, unit) for name in ("existing", "new")])
        colours = [("existing", EXISTING), ("new", STAGE_COLOURS[stage])]
        used = dict(zip(sums["year"], sums["throughput_t"], strict=True))
        top = max([*used.values(), *runs.values()])
        plot, bands, scale = stacked(bars, run.years, colours, f"{unit}/y", top=top)
        for amounts, dash in ((used, ""), (runs, "4 3")):
            points = [(bands.mid(y), scale(amounts.get(y, 0.0))) for y in run.years]
            plot.curve(points, INK, wide=1.6, dash=dash)
        last = sums.iloc[-1]
        told = worded("figures.j2", "capacity", last=last.to_dict(), unit=unit)
        panels.append(draw.panel(f"{STAGES_MANY[stage]}, {unit}/y", told, plot))
    legend = [
        (EXISTING, "box", "existing"),
        (STAGE_COLOURS["separation"], "box", "new (colour of the stage)"),
        (INK, "line", "in use, expected"),
        (INK, "dash", "in use, worst future"),
    ]
    source = table_rows("capacity", EXPECTED) + ": existing_tpa, new_tpa, throughput_t"
    reading = worded("figures.j2", "capacities", worst=run.names.scenario(run.worst))
    return Figure("Capacity and its use", "", panels, legend, source=source, reading=reading)


def _capacity_bars(sums: pd.DataFrame, runs: dict[int, float], stage: str, name: str, unit: str) -> pd.DataFrame:
    """The bars of existing or new capacity, t/y, with what each says."""
    rows = tipped(
        sums.assign(kind=name, amount=sums[f"{name}_tpa"]),
        lambda r: (
            f"{STAGES_MANY[stage]}, {r['year']}: {name} {number(r['amount'])} {unit}/y; all that runs: "
            f"expected {number(r['throughput_t'])}, worst future {number(runs.get(r['year'], 0.0))}"
        ),
        "capacity",
        EXPECTED,
        stage=stage,
    )
    return rows[["year", "kind", "amount", "tip"]]


WIDTH, HEIGHT = 860, 400

LAND, PARTNER = "#e6e9ed", "#b9d2e6"

LEAST_RADIUS, MOST_RADIUS = 2.9, 17.0

APART = 3.4
"""Degrees between the circles of the stages of one country."""


def world(run: RunView, draw: Drawer) -> Figure | None:
    """Countries of the case by outline, and a circle for each country and stage in which something is built."""
    named = list(run.names.countries)
    placed = [country for country in named if outlines_of(country, named)]
    if not placed:
        return None
    circles = _circles(run)
    sums = circles.groupby("place")["musd"].sum().sort_values(ascending=False, kind="stable")
    most = [f"{place} {number(float(musd))}" for place, musd in sums.head(3).items()]
    missing = [run.names.country(country) for country in named if country not in placed]
    told = worded("figures.j2", "world", countries=len(sums), most=most, off_map=missing)
    plot, partners = Plot(WIDTH, HEIGHT), {code for country in placed for code in outlines_of(country, named)}
    plot.path(_land(code for code in all_outlines() if code not in partners), fill=LAND, hue="#ffffff", wide=0.4)
    for country in placed:
        outline = _land(outlines_of(country, named))
        plot.path(outline, fill=PARTNER, hue="#ffffff", wide=0.6, tip=_country_tip(run, country))
    largest = max(float(circles["musd"].max()), 1e-9) if len(circles) else 1.0
    for circle in records(circles):
        x, y = equal_earth(circle["longitude"], circle["latitude"])
        radius = max(LEAST_RADIUS, MOST_RADIUS * math.sqrt(circle["musd"] / largest))
        hue = STAGE_COLOURS[circle["stage"]]
        plot.dot(x, y, radius, hue, hue="#ffffff", opacity=0.9, tip=circle["tip"])
    for country in placed:
        if (point := point_in(country)) is not None:
            x, y = equal_earth(*point)
            plot.text(x, y + 20, country, anchor="middle", size=SMALL)
    legend = [(STAGE_COLOURS[stage], "box", STAGES[stage]) for stage in STAGES if (circles["stage"] == stage).any()]
    panel = draw.panel("What is built where", told, plot)
    source = f"{table_rows('investments')}; outlines: Natural Earth 1:110 m, public domain"
    return Figure("What is built where", told, [panel], legend, layout="wide", source=source)


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


def _country_tip(run: RunView, country: str) -> str:
    losses, paid = run.losses, run.tables["spending"]
    left = float(losses.loc[losses["country"] == country, "musd"].sum())
    spent = float(paid.loc[paid["country"] == country, "expected"].sum())
    tables = [name for name in ("shortfall", "spending") if (run.tables[name]["country"] == country).any()]
    source = "; ".join(table_rows(name, EXPECTED, country=country) for name in tables) or "inputs/countries.csv"
    words = f"{run.names.country(country)}: expected loss left {number(left)} MUSD, public money {number(spent)} MUSD"
    return tooltip(words, source)


EUROPEAN_UNION = (
    *("AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL", "ITA"),
    *("LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)

REST_OF_UNION = ("EUU", "EUE", "EU")
"""Codes in use for the Union; on a map, its members that a case does not name."""

POINT_OF_UNION = (22.5, 47.5)

A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
"""Equal Earth: Savric, Patterson and Jenny, Int. J. Geographical Information Science 33 (2019)."""


def equal_earth(longitude: float, latitude: float) -> tuple[float, float]:
    """Place on the map (px) of a point in degrees."""
    theta = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    square = theta * theta
    sixth = square**3
    slope = 9 * A4 * sixth * square + 7 * A3 * sixth + 3 * A2 * square + A1
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(theta) / (3 * slope)
    y = theta * (A1 + A2 * square + sixth * (A3 + A4 * square))
    scale = (WIDTH - 10) / 5.41326
    return WIDTH / 2 + x * scale, HEIGHT / 2 + 10 - y * scale


def _land(codes: Iterable[str]) -> str:
    """Some outlines together as a path."""
    rings = (ring for code in codes for part in _world()[code]["land"] for ring in part)
    return "".join(outline_of(equal_earth(*point[:2]) for point in ring) + "Z" for ring in rings)


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


def all_outlines() -> tuple[str, ...]:
    """Codes of all outlines."""
    return tuple(_world())
