"""report.xlsx: an index, and every table of the chapters that names a sheet as a native Excel table with filters, sums as
formulas, set up to be printed. Same plan, same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range

from planner.reporting.parts import Chapter, Front, ReportTable

MADE = datetime(2000, 1, 1)
"""A fixed stamp, so that the bytes depend on the plan alone."""
OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
LONGEST, MOST_OF_A_HEADING = 32_767, 240
"""Letters that Excel takes in a cell, and in the heading of a table with room to tell it from its like."""
MOST_ROWS = 100_000
"""Rows of a sheet; a longer table is cut, and the index says so. Excel ends at 1,048,576."""
WIDEST, NARROWEST = 60, 9
"""Width of a column, letters."""
A4 = 9
INDEX = (("sheet", 32), ("rows", 22), ("contents", 60))
"""Headings of the index and the width of their columns."""


def write_workbook(
    path: Path, title: str, units: str, chapters: Sequence[Chapter], front: Front | None = None
) -> None:
    """Write the workbook of some chapters.

    units: line under the title of the first sheet. front: its answer, tiles and tables stand on the first sheet.
    """
    sheets = sheets_of(chapters)
    options = {**OPTIONS, "tmpdir": str(path.parent)}
    with xlsxwriter.Workbook(str(path), options) as target:
        target.set_properties({"title": title, "created": MADE})
        writer = _Writer(target)
        writer.index(title, units, sheets, front)
        for sheet in sheets:
            writer.table(sheet)


def sheets_of(chapters: Sequence[Chapter]) -> list[ReportTable]:
    """The sheets after the index: the summary, then the others in the order of the chapters."""
    found = []
    for chapter in chapters:
        found += [table for table in chapter.tables if table.sheet]
    return sorted(found, key=lambda table: table.sheet != "summary")


class _Writer:
    """Writes sheets into one workbook and keeps its formats."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._formats: dict[str, Any] = {}
        self._bold = target.add_format({"bold": True, "font_size": 14})
        self._link = target.add_format({"font_color": "#0b4f7d", "underline": 1})
        self._head = target.add_format({"bold": True, "text_wrap": True, "valign": "top"})

    def _format(self, form: str) -> Any:
        if form and form not in self._formats:
            self._formats[form] = self._target.add_format({"num_format": form})
        return self._formats.get(form)

    def _page(self, name: str) -> Any:
        """A sheet that is printed as wide as the paper, with its heading on every page."""
        page = self._target.add_worksheet(name)
        page.set_paper(A4)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_footer("&L&A&R&P / &N")
        return page

    def index(
        self, title: str, units: str, sheets: Sequence[ReportTable], front: Front | None
    ) -> None:
        """The first sheet: the answer with its tiles and tables, and the contents of the other sheets."""
        page = self._page("index")
        page.hide_gridlines(2)
        page.write_string(0, 0, (front.title if front else title)[:LONGEST], self._bold)
        page.write_string(1, 0, units)
        row = 3
        if front is not None:
            row = self._answer(page, front, row)
        for place, (heading, width) in enumerate(INDEX):
            page.set_column(place, place, width)
            page.write_string(row, place, heading, self._head)
        for line, sheet in enumerate(sheets, start=row + 1):
            rows = len(sheet.frame)
            cut = f" (the first {MOST_ROWS:,} rows)" if rows > MOST_ROWS else ""
            page.write_url(line, 0, f"internal:'{sheet.sheet}'!A1", self._link, sheet.sheet)
            page.write_number(line, 1, rows)
            page.write_string(line, 2, (sheet.meaning or sheet.title) + cut)

    def _answer(self, page: Any, front: Front, row: int) -> int:
        """Tiles and tables of the first screen, from a row on; returns the row after them."""
        for card in front.cards:
            for place, words in enumerate((card.title, card.value, card.note)):
                page.write_string(row, place, words)
            row += 1
        for table in front.panels:
            if not isinstance(table, ReportTable):
                continue
            row += 1
            for place, column in enumerate(table.heads):
                page.write_string(row, place, column.full, self._head)
            for values in table.rows:
                row += 1
                self._row(page, row, values)
            row += 1
        return row + 1

    @staticmethod
    def _row(page: Any, row: int, values: Sequence[Any]) -> None:
        for place, value in enumerate(values):
            if isinstance(value, str):
                page.write_string(row, place, value)
            elif value is not None and value == value:
                page.write_number(row, place, value)

    def table(self, sheet: ReportTable) -> None:
        """A sheet with one native table: header frozen, filters on, sums below."""
        page = self._page(sheet.sheet)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_row(0, 32)
        columns = sheet.sheet_columns
        headings = _unique([column.full[:MOST_OF_A_HEADING] for column, _ in columns])
        look = {
            "name": "t_" + sheet.sheet.replace(" ", "_"),
            "columns": [{"header": head, "header_format": self._head} for head in headings],
            "style": "Table Style Light 1",
        }
        last = max(min(len(sheet.frame), MOST_ROWS), 1)
        page.add_table(0, 0, last, len(columns) - 1, look)
        for place, (column, values) in enumerate(columns):
            form = self._format(column.form.excel)
            width = _width(headings[place], values, column.form.excel)
            page.set_column(place, place, width, form)
            self._column(page, place, values, form)
            if sheet.sum_row and column.summed:
                # By its range: not every program reads a name with brackets in it.
                formula = f"=SUBTOTAL(109,{xl_range(1, place, last, place)})"
                page.write_formula(last + 1, place, formula, form, sheet.sum_of(column.field))
        if sheet.sum_row:
            page.write_string(last + 1, 0, sheet.sum_row, self._head)

    @staticmethod
    def _column(page: Any, place: int, values: Sequence[Any], form: Any) -> None:
        """The cells of a column, blank where there is no value."""
        for row, value in enumerate(values[:MOST_ROWS], start=1):
            if isinstance(value, str):
                if value:
                    page.write_string(row, place, value[:LONGEST])
            elif value is not None and value == value:
                page.write_number(row, place, value, form)


def _unique(headings: Sequence[str]) -> list[str]:
    """Headings told apart without regard to case, as Excel tables demand."""
    seen = Counter[str]()
    found = []
    for heading in headings:
        folded = heading.casefold()
        seen[folded] += 1
        found.append(heading if seen[folded] == 1 else f"{heading} {seen[folded]}")
    return found


def _width(heading: str, values: Sequence[Any], form: str) -> float:
    """Width of a column: that of its longest cell, or heading on two lines."""
    longest = 10 if form else 0
    if not form:
        for value in values[:2000]:
            if isinstance(value, str):
                longest = max(longest, len(value))
    of_heading = 0.75 * len(heading) + 3
    return min(max(longest + 2, of_heading, NARROWEST), WIDEST)
