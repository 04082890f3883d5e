"""Plan: what a solve found, as values. Nothing of the model inside; it can be pickled and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planner.data.case import Case
from planner.results.status import Status

TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "investments": ("project", "stage", "country", "year", "tpa", "capex_musd", "probability", "scenarios"),
    "capacity": (
        "scenario",
        "year",
        "project",
        "stage",
        "country",
        "existing_tpa",
        "new_tpa",
        "factor",
        "usable_tpa",
        "throughput_t",
    ),
    "training": ("programme", "country", "skill", "year", "intake", "new_seats", "probability", "scenarios"),
    "workforce": ("scenario", "year", "country", "skill", "staff", "hired", "lent", "borrowed", "available", "needed"),
    "operations": ("scenario", "year", "country", "item", "project", "feed", "element", "form", "tonnes"),
    "shortfall": ("scenario", "year", "country", "element", "form", "tonnes", "demand_t"),
    "stocks": ("scenario", "year", "country", "element", "form", "stock_t", "bought_t", "released_t"),
    "spending": ("funder", "country", "year", "item", "musd", "expected", "probability", "scenarios"),
    "shadow_prices": ("scarce", "item", "country", "element", "form", "year", "musd_per_unit", "unit", "objective"),
}
"""Columns of every result table, in order. Tonnes are oxide (contained, for metal). `shortfall` also has
`without_plan_t`, the shortfall if nothing is added, where that was solved for."""
NUMBER_COLUMNS = frozenset(
    column
    for columns in TABLE_COLUMNS.values()
    for column in columns
    if column == "year"
    or column.endswith(("_t", "_tpa", "_musd", "_per_unit"))
    or column
    in (
        "tpa",
        "probability",
        "factor",
        "intake",
        "new_seats",
        "staff",
        "hired",
        "lent",
        "borrowed",
        "available",
        "needed",
        "tonnes",
        "musd",
        "expected",
    )
)
TEXT_COLUMNS = frozenset(column for columns in TABLE_COLUMNS.values() for column in columns) - NUMBER_COLUMNS
"""Columns that hold ids and words, in whatever table they stand."""


@dataclass(frozen=True)
class PlanValues:
    """A case and what was found for it: `summary` as in summary.json, and the result tables by name."""

    case: Case
    status: Status
    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(repr=False)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a result table. Raises KeyError for an unknown name."""
        return self.tables[name].copy()
