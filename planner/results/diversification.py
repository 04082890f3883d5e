"""Dependence on origins: the largest origin, its share, and how concentrated supply is, from the table `origins`."""

from __future__ import annotations

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
    of_groups = origins[(origins["party"] == "") & (origins["origin"] != STOCK)]
    of_years = of_groups[of_groups["year"].isin(told_years(case))]
    found = _by_element(of_years[of_years["basis"] == LAST])
    found[TRACED] = _by_element(of_years[of_years["basis"] == TRACED])
    return found


def _by_element(origins: pd.DataFrame) -> Concentrations:
    found: Concentrations = {}
    for (element, form, year), rows in origins.groupby(["element", "form", "year"]):
        by_form = found.setdefault(str(element), {})
        by_year = by_form.setdefault(str(form), {})
        by_year[str(year)] = concentration(rows.groupby("origin")["tonnes"].sum())
    return found


def concentration(tonnes: pd.Series[float]) -> dict[str, Any]:
    """The largest origin (of equals the first by name), its share, and the sum of squared shares of all.

    tonnes: by origin, of which some is above 0.
    """
    shares = (tonnes / tonnes.sum()).sort_index()
    largest = str(shares.idxmax())
    return {
        "largest_origin": largest,
        "largest_share": float(shares[largest]),
        "hhi": float((shares**2).sum()),
    }
