"""Dependence on origins: the largest origin, its share, and how concentrated supply is, from the table `origins`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from planner.data.case import Case
from planner.results.origins import LAST, STOCK, TRACED, YearlyOrigin
from planner.thresholds import ROUNDING

Concentrations = dict[str, Any]
"""element -> form -> year -> `largest_origin`, `largest_share`, `hhi`."""
Supplied = dict[tuple[str, str, int], dict[str, float]]
"""(element, form, year) -> origin -> tonnes."""


def told_years(case: Case) -> list[int]:
    """First, middle and last year of the horizon."""
    middle = (case.first_year + case.last_year) // 2
    return sorted({case.first_year, middle, case.last_year})


def diversification(case: Case, origins: Iterable[YearlyOrigin]) -> dict[str, Any]:
    """`diversification` of a summary: basis `last`, and under `traced` the other one.

    All groups together; stock has no origin and is not counted. An element and form of which nothing is supplied in a
    year has no entry for it.
    """
    supplied: dict[str, Supplied] = {LAST: {}, TRACED: {}}
    for row in origins:
        _, party, element, form, basis = row.place
        if party or row.origin == STOCK:
            continue
        for year in told_years(case):
            tonnes = float(row.tonnes[year - case.first_year])
            if tonnes > ROUNDING:
                place = (element, form, year)
                by_origin = supplied[basis].setdefault(place, {})
                by_origin[row.origin] = by_origin.get(row.origin, 0.0) + tonnes
    found = _by_element(supplied[LAST])
    found[TRACED] = _by_element(supplied[TRACED])
    return found


def _by_element(supplied: Supplied) -> Concentrations:
    found: Concentrations = {}
    for element, form, year in sorted(supplied):
        by_origin = dict(sorted(supplied[element, form, year].items()))
        by_form = found.setdefault(element, {})
        by_form.setdefault(form, {})[str(year)] = concentration(by_origin)
    return found


def concentration(tonnes: Mapping[str, float]) -> dict[str, Any]:
    """The largest origin (of equals the first by name), its share, and the sum of squared shares of all.

    tonnes: by origin in the order of their names, of which some is above 0.
    """
    total = sum(tonnes.values())
    shares = {origin: amount / total for origin, amount in tonnes.items()}
    largest = max(shares, key=shares.__getitem__)
    return {
        "largest_origin": largest,
        "largest_share": shares[largest],
        "hhi": sum(share**2 for share in shares.values()),
    }
