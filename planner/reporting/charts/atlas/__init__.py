"""Outlines of countries for maps, offline: world.json, made from Natural Earth 1:110 m (public domain,
naturalearthdata.com), simplified to about half a degree, Antarctica and small islands left out.

world.json: ISO 3166 code -> `at`, a point inside as [longitude, latitude] in degrees, and `land`, its polygons as
GeoJSON coordinates.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

EUROPEAN_UNION = (
    *("AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN", "IRL", "ITA"),
    *("LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE"),
)
REST_OF_UNION = ("EUU", "EUE", "EU")
"""Codes in use for the Union; on a map, its members that a case does not name."""
POINT_OF_UNION = (22.5, 47.5)


@cache
def _world() -> dict[str, dict[str, Any]]:
    text = resources.files("planner.reporting.charts.atlas").joinpath("world.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def members(country: str, named: Iterable[str]) -> tuple[str, ...]:
    """The outlines that stand for a country of a case which names these countries."""
    if country in REST_OF_UNION:
        return tuple(code for code in EUROPEAN_UNION if code in _world() and code not in set(named))
    return (country,) if country in _world() else ()


def point(country: str) -> tuple[float, float] | None:
    """Longitude and latitude of a point inside a country, or None if it is not on the map."""
    if country in REST_OF_UNION:
        return POINT_OF_UNION
    found = _world().get(country)
    return (found["at"][0], found["at"][1]) if found else None


def shape(codes: Iterable[str]) -> dict[str, Any]:
    """GeoJSON of some outlines together."""
    return {"type": "MultiPolygon", "coordinates": [part for code in codes for part in _world()[code]["land"]]}


def everywhere() -> tuple[str, ...]:
    """Codes of all outlines."""
    return tuple(_world())
