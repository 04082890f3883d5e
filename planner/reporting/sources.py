"""Where in the run folder a figure comes from, in words."""

from __future__ import annotations


def summary_keys(*keys: str) -> str:
    """'summary.json: risk_musd, without_plan.risk_musd'."""
    return f"summary.json: {', '.join(keys)}"
