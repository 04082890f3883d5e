"""The map: the countries of the case, what they still stand to lose, and what is built where."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts import atlas
from planner.reporting.charts.drawing import INK, STAGE_COLOURS, Drawer, Drawing, labels
from planner.reporting.values.names import STAGES, STAGES_MANY
from planner.reporting.values.numbers import count, listed, number
from planner.reporting.values.parts import Figure
from planner.reporting.values.plants import decisions
from planner.reporting.values.provenance import table_rows, tooltip
from planner.reporting.values.view import EXPECTED, RunView, rows_of

WIDTH, HEIGHT = 860, 400
LAND, PARTNER = "#e6e9ed", "#b9d2e6"
LEAST_AREA, MOST_AREA = 26.0, 900.0
APART = 3.4
"""Degrees between the circles of the stages of one country."""


def world(run: RunView, draw: Drawer) -> Figure | None:
    """Countries of the case by outline, and a circle for each country and stage in which something is built."""
    named = list(run.names.countries)
    placed = [country for country in named if atlas.members(country, named)]
    if not placed:
        return None
    circles = _circles(run)
    lands = [_land(run, country, atlas.members(country, named)) for country in placed]
    partners = {code for country in placed for code in atlas.members(country, named)}
    rest = [{"type": "Feature", "geometry": atlas.shape(c for c in atlas.everywhere() if c not in partners)}]
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
    out: list[dict[str, Any]] = []
    stages = {str(country): [s for s in STAGES if s in set(of)] for country, of in rows.groupby("country")["stage"]}
    for key, plants in rows.groupby(["country", "stage"], sort=True):
        country, stage = str(key[0]), str(key[1])
        at = atlas.point(country)
        if at is None:
            continue
        built = "; ".join(f"{r.name} {number(r.tpa)} {r.unit}, committed {r.year}" for r in rows_of(plants))
        musd = float(plants["expected"].sum())
        place = run.names.country(country)
        words = f"{place}, {STAGES_MANY[stage].lower()}, {number(musd)} MUSD: {built}"
        out.append(
            {
                "longitude": at[0] + APART * (stages[country].index(stage) - (len(stages[country]) - 1) / 2),
                "latitude": at[1],
                "stage": stage,
                "place": place,
                "musd": musd,
                "tip": tooltip(words, table_rows("investments", country=country, stage=stage)),
            }
        )
    columns = ["longitude", "latitude", "stage", "place", "musd", "tip"]
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
    return {"type": "Feature", "geometry": atlas.shape(codes), "tip": tooltip(words, source)}


def _map(rest: list[dict[str, Any]], lands: list[dict[str, Any]], circles: pd.DataFrame, placed: list[str]) -> Drawing:
    points = {country: atlas.point(country) for country in placed}
    names = pd.DataFrame(
        [{"name": c, "longitude": at[0], "latitude": at[1]} for c, at in points.items() if at is not None]
    )
    largest = max(float(circles["musd"].max()), 1e-9) if len(circles) else 1.0
    sized = circles.assign(area=(circles["musd"] / largest * MOST_AREA).clip(lower=LEAST_AREA))
    colour = alt.Fill("stage:N", scale=alt.Scale(domain=list(STAGE_COLOURS), range=list(STAGE_COLOURS.values())))
    east, north = alt.Longitude("longitude:Q"), alt.Latitude("latitude:Q")
    return (
        alt.layer(
            alt.Chart(pd.DataFrame(rest)).mark_geoshape(fill=LAND, stroke="white", strokeWidth=0.4),
            alt.Chart(pd.DataFrame(lands))
            .mark_geoshape(fill=PARTNER, stroke="white", strokeWidth=0.6)
            .encode(description=alt.Description("tip:N")),
            alt.Chart(sized)
            .mark_point(filled=True, stroke="white", strokeWidth=0.8, opacity=0.9)
            .encode(
                size=alt.Size("area:Q", scale=None),
                fill=colour,
                description=alt.Description("tip:N"),
                longitude=east,
                latitude=north,
            ),
            labels(alt.Chart(names), dy=17, color=INK).encode(text=alt.Text("name:N"), longitude=east, latitude=north),
        )
        .project("equalEarth")
        .properties(width=WIDTH, height=HEIGHT)
    )
