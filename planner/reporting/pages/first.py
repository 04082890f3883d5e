"""The pages of a run by two processes: one draws the page while the other writes the workbook."""

from __future__ import annotations

from pathlib import Path

from planner.background import Aside
from planner.reporting.pages.all_forms import FORMS, write_book, write_page, write_pages
from planner.results.plan import PlanValues


def write_first_pages(other: Aside, plan: PlanValues, target: Path) -> None:
    """Write report.html and report.xlsx into a folder."""
    page = other(write_page, plan, target)
    try:
        write_book(plan, target)
    except BaseException:
        other.end()  # before the folder that it writes into is removed
        raise
    page.result()


def write_again(other: Aside, plan: PlanValues, target: Path) -> None:
    """Write the pages of a run folder again: the printed forms too if one of them is there already."""
    if any((target / name).exists() for name in FORMS[2:]):
        write_pages(plan, target)
    else:
        write_first_pages(other, plan, target)
