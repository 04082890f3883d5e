"""report.xlsx: an index, and tables as native Excel tables with filters, sums as formulas, set up to be printed.
Same plan, same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range

from planner.reporting.tables import plan
from planner.reporting.tables.decision import ally_sheet, decision_sheets
from planner.reporting.tables.explanation import explanation_tables
from planner.reporting.tables.inputs_and_results import inputs_sheet, result_sheets, summary_sheet
from planner.reporting.values.page_parts import ReportTable
from planner.reporting.values.run_view import RunView
from planner.reporting.values.wording import worded

MADE = datetime(2000, 1, 1)
"""A fixed stamp, so that the bytes depend on the plan alone."""
OPTIONS = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers", "nan_inf_to_errors"), False)
LONGEST, MOST_OF_A_HEADING = 32_767, 240
"""Letters that Excel takes in a cell, and in the heading of a table with room to tell it from its like."""
MOST_ROWS = 100_000
"""Rows of a sheet; what has more is cut, and the index says so. Excel ends at 1,048,576."""
WIDEST, NARROWEST = 60, 9
SHEETS: tuple[Callable[[RunView], ReportTable | None], ...] = (
    *(plan.investments, plan.balance_sheet, plan.spending_sheet, plan.payers, plan.cost, plan.shortfalls),
    *(ally_sheet, plan.short_sheet),
)
"""Those of a plan, in order; results by year follow."""
A4 = 9


def write_workbook(run: RunView, path: Path) -> None:
    """Write the workbook of a plan."""
    with xlsxwriter.Workbook(str(path), OPTIONS | {"tmpdir": str(path.parent)}) as target:
        target.set_properties({"title": run.title, "created": MADE})
        writer, sheets = _Writer(target), sheets_of(run)
        writer.index(run, sheets)
        for sheet in sheets:
            writer.table(sheet)


def sheets_of(run: RunView) -> list[ReportTable]:
    """The sheets after the index, in order."""
    sheets = [summary_sheet(run), *decision_sheets(run)]
    if run.found is not None:
        sheets += [table for table in explanation_tables(run.found, run.names) if table.sheet]
    if "risk_musd" in run.summary:
        made = (sheet_of(run) for sheet_of in SHEETS)
        sheets += [*(sheet for sheet in made if sheet is not None), *result_sheets(run)]
    return [*sheets, inputs_sheet(run.case, run.names)]


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

    def index(self, run: RunView, sheets: Sequence[ReportTable]) -> None:
        """The first sheet: what each sheet is, and the units."""
        page = self._page("index")
        page.hide_gridlines(2)
        page.write_string(0, 0, f"Supply security plan: {run.title}"[:LONGEST], self._bold)
        page.write_string(1, 0, worded("decision.j2", "units"))
        for place, (heading, width) in enumerate((("sheet", 24), ("rows", 10), ("what it says", 110))):
            page.set_column(place, place, width)
            page.write_string(3, place, heading, self._head)
        for row, sheet in enumerate(sheets, start=4):
            page.write_url(row, 0, f"internal:'{sheet.sheet}'!A1", self._link, sheet.sheet)
            page.write_number(row, 1, len(sheet.rows))
            cut = f" (the first {MOST_ROWS:,} rows)" if len(sheet.rows) > MOST_ROWS else ""
            page.write_string(row, 2, sheet.meaning + cut)

    def table(self, sheet: ReportTable) -> None:
        """A sheet with one native table: header frozen, filters on, sums below."""
        page = self._page(sheet.sheet)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_row(0, 32)
        columns, last = sheet.sheet_columns, max(min(len(sheet.rows), MOST_ROWS), 1)
        headings, heads = _unique([column.full[:MOST_OF_A_HEADING] for column, _ in columns]), []
        for place, (column, values) in enumerate(columns):
            form = self._format(column.form.excel)
            page.set_column(place, place, _width(headings[place], values, column.form.excel), form)
            heads.append({"header": headings[place], "header_format": self._head})
        page.add_table(
            *(0, 0, last, len(columns) - 1),
            {"name": "t_" + sheet.sheet.replace(" ", "_"), "columns": heads, "style": "Table Style Light 1"},
        )
        for place, (column, values) in enumerate(columns):
            form = self._format(column.form.excel)
            for row, value in enumerate(values[:MOST_ROWS], start=1):
                if isinstance(value, str):
                    if value:
                        page.write_string(row, place, value[:LONGEST])
                elif value is not None and value == value:
                    page.write_number(row, place, value, form)
            if sheet.total and column.summed:
                # A range, not the name of the column: not every program reads a name with brackets in it.
                whole = sum(value for value in values if isinstance(value, int | float))
                page.write_formula(last + 1, place, f"=SUBTOTAL(109,{xl_range(1, place, last, place)})", form, whole)
        if sheet.total:
            page.write_string(last + 1, 0, sheet.total, self._head)


def _unique(headings: Sequence[str]) -> list[str]:
    """Headings told apart without regard to case, as Excel tables demand."""
    seen, out = Counter[str](), []
    for heading in headings:
        seen[heading.casefold()] += 1
        often = seen[heading.casefold()]
        out.append(heading if often == 1 else f"{heading} {often}")
    return out


def _width(heading: str, values: Sequence[Any], form: str) -> float:
    longest = 10 if form else max((len(value) for value in values[:2000] if isinstance(value, str)), default=0)
    return min(max(longest + 2, len(heading) * 0.75 + 3, NARROWEST), WIDEST)
