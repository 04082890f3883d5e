"""The pages of a run."""

from __future__ import annotations

from pathlib import Path

from planner.reporting.book import open_book
from planner.reporting.page import render_page
from planner.reporting.workbook import write_workbook
from planner.results.plan import PlanValues


def write_pages(plan: PlanValues, folder: Path) -> None:
    """Write report.html and report.xlsx into a run folder."""
    book = open_book(plan)
    (folder / "report.html").write_text(render_page(book), encoding="utf-8", newline="\n")
    write_workbook(book, folder / "report.xlsx")
