"""Where in the run folder a figure comes from, in words."""

from __future__ import annotations

from planner.results.figures.sums import EXPECTED


def table_rows(table: str, scenario: str = "") -> str:
    """'tables/shortfall.csv, weighted by probability'. scenario: `expected` for the mean over all."""
    place = f"tables/{table}.csv"
    return f"{place}, weighted by probability" if scenario == EXPECTED else place


def summary_keys(*keys: str) -> str:
    """'summary.json: risk_musd, without_plan.risk_musd'."""
    return f"summary.json: {', '.join(keys)}"
