"""The map of plants: outlines from Natural Earth (public domain, 1:110 million, simplified), one point a plant."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import altair as alt
import pandas as pd

from planner.reporting.charts import style

LAND, MEMBER = "#e9edf1", "#cfd8e1"
SHAPES = {"operates": "circle", "announced": "diamond", "recommended": "triangle-up"}
"""State of a plant -> its mark."""
TIPS = {
    "name": "plant",
    "place": "country",
    "stage": "stage",
    "state": "state",
    "tpa": "capacity, t/y",
}
HEIGHT = 470
"""Height of the map, px."""


@cache
def _world() -> Mapping[str, Any]:
    """Country (ISO3) -> its middle `at` (longitude, latitude) and the `rings` of its outline."""
    text = files("planner.reporting").joinpath("static", "world.json").read_text("utf-8")
    world: Mapping[str, Any] = json.loads(text)
    return world


def middle_of(country: str) -> tuple[float, float] | None:
    """Longitude and latitude of the middle of a country (ISO3); None for a code that is no country."""
    outline = _world().get(country)
    return None if outline is None else (outline["at"][0], outline["at"][1])


def world_map(plants: pd.DataFrame, members: Collection[str], source: str) -> style.Drawing:
    """Draw plants on the outlines of countries.

    plants: name, place, stage, state (a key of `SHAPES`), tpa, size (share of the largest of its stage), longitude,
    latitude. members: countries that are tinted.
    """
    features = [_feature(members, inside=False), _feature(members, inside=True)]
    land = alt.Chart(alt.InlineData(values=features)).mark_geoshape(
        strokeWidth=0.5, stroke="white", aria=False
    )
    tint = alt.condition("datum.properties.member", alt.value(MEMBER), alt.value(LAND))
    states = [state for state in SHAPES if state in set(plants["state"])]
    points = style.marked(plants, TIPS, source).mark_point(
        filled=True, opacity=0.85, stroke="white", strokeWidth=0.6
    )
    drawn = points.encode(
        longitude="longitude:Q",
        latitude="latitude:Q",
        color=style.coloured("stage", style.stage_colours(plants["stage"])),
        shape=alt.Shape(
            "state:N", scale=alt.Scale(domain=states, range=[SHAPES[state] for state in states])
        ),
        size=alt.Size("size:Q", scale=alt.Scale(domain=[0, 1], range=[25, 420]), legend=None),
    )
    chart = alt.layer(land.encode(color=tint), drawn).project("naturalEarth1")
    return style.across(chart.resolve_scale(color="independent"), HEIGHT)


def _feature(members: Collection[str], *, inside: bool) -> dict[str, Any]:
    """The outlines of the members, or of all others, as one feature."""
    rings = []
    for country, outline in _world().items():
        if (country in members) == inside:
            rings += [[ring] for ring in outline["rings"]]
    return {
        "type": "Feature",
        "properties": {"member": inside},
        "geometry": {"type": "MultiPolygon", "coordinates": rings},
    }
