"""Where a figure comes from: the file in the run folder, and a filter on its columns that leads to its rows."""

from __future__ import annotations

from planner.reporting.values.view import EXPECTED

WEIGHTED = "weighted by probability"


def table_rows(table: str, scenario: str = "", **keys: object) -> str:
    """'tables/shortfall.csv, rows with element=dy, year=2029'. scenario: an id, or `expected` for the mean over all."""
    weighted = scenario == EXPECTED
    filters = [f"scenario={scenario}"] if scenario and not weighted else []
    filters += [f"{column}={value}" for column, value in keys.items()]
    return (
        f"tables/{table}.csv"
        + (f", rows with {', '.join(filters)}" if filters else "")
        + (f", {WEIGHTED}" if weighted else "")
    )


def summary_keys(*keys: str) -> str:
    """'summary.json: risk_musd, without_plan.risk_musd'."""
    return f"summary.json: {', '.join(keys)}"


def tooltip(text: str, source: str) -> str:
    """What a mark says about itself: its figures, then where they come from."""
    return "\n".join(" ".join(part.split()) for part in (text, source))
