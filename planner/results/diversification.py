"""Dependence on origins: the largest origin, its share, and how concentrated supply is, from the table `origins`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.results.origins import LAST, STOCK, TRACED

Concentrations = dict[str, Any]
"""element -> form -> year -> `largest_origin`, `largest_share`, `hhi`."""


def told_years(case: Case) -> list[int]:
    """First, middle and last year of the horizon."""
    middle = (case.first_year + case.last_year) // 2
    return sorted({case.first_year, middle, case.last_year})


def diversification(case: Case, origins: pd.DataFrame) -> dict[str, Any]:
    """`diversification` of a summary: basis `last`, and under `traced` the other one.

    origins: the table of that name. All groups together; stock has no origin and is not counted. An element and form
    of which nothing is supplied in a year has no entry for it.
    """
    of_years = origins[origins["year"].isin(told_years(case))]
    of_groups = of_years[(of_years["party"] == "") & (of_years["origin"] != STOCK)]
    found = _by_element(of_groups[of_groups["basis"] == LAST])
    found[TRACED] = _by_element(of_groups[of_groups["basis"] == TRACED])
    return found


def _by_element(origins: pd.DataFrame) -> Concentrations:
    places = ["element", "form", "year"]
    sums = origins.groupby([*places, "origin"])["tonnes"].sum()
    tonnes: dict[Any, float] = sums.to_dict()
    by_origin: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for (element, form, year, origin), amount in tonnes.items():
        by_origin[element, form, str(year)][origin] = amount
    found: Concentrations = {}
    for (element, form, year), supplied in by_origin.items():
        by_form = found.setdefault(element, {})
        by_form.setdefault(form, {})[year] = concentration(supplied)
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
