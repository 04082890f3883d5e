"""The pages of a run."""

from __future__ import annotations

from pathlib import Path

from planner.results.plan import PlanValues


def write_pages(plan: PlanValues, folder: Path) -> None:
    """Write report.html and report.xlsx into a run folder."""
