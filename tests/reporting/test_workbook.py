"""report.xlsx: native tables that agree with the result tables; texts stay texts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from planner.reporting.pages.run import write_page_and_workbook
from planner.results.plan import Plan
from tests.reporting.conftest import Vary

GIVEN = [
    *("index", "summary", "plants", "people", "losses", "loss by scenario", "short by element"),
    *("who is short", "cost", "payments", "spending", "stock", "dependence", "marginal values"),
    "inputs",
]
ASKED = ("charges", "alternatives", "levers", "uncertain inputs", "plants dropped", "targets")
MOST_SHEETS = 25


def sheet(path: Path, name: str) -> Worksheet:
    found = openpyxl.load_workbook(path)[name]
    assert isinstance(found, Worksheet)
    return found


def column(page: Worksheet, heading: str) -> list[object]:
    headings = [cell.value for cell in page[1]]
    place = headings.index(heading)
    return [row[place] for row in page.iter_rows(min_row=2, values_only=True)]


def test_sheets_in_order_and_all_in_the_index(written: Path) -> None:
    book = openpyxl.load_workbook(written / "report.xlsx")
    assert book.sheetnames == GIVEN
    first_column = [row[0].value for row in book["index"].iter_rows()]
    assert first_column[first_column.index("sheet") + 1 :] == book.sheetnames[1:]
    assert first_column[0].startswith("Approve 3 plants")


def test_there_are_few_sheets_and_each_can_be_printed(written: Path) -> None:
    book = openpyxl.load_workbook(written / "report.xlsx")
    assert len(book.sheetnames) + len(ASKED) <= MOST_SHEETS
    for page in book.worksheets:
        assert page.page_setup.fitToHeight == 0 and page.page_setup.orientation == "landscape"
        assert page.title == "index" or page.print_title_rows == "$1:$1"


def test_sums_are_formulas_with_their_values(plan: Plan, written: Path) -> None:
    page = sheet(written / "report.xlsx", "payments")
    last = [cell.value for cell in list(page.iter_rows())[-1]]
    assert last[0] == "All" and str(last[1]).startswith("=SUBTOTAL(109,")
    held = openpyxl.load_workbook(written / "report.xlsx", data_only=True)["payments"]
    value = list(held.iter_rows(values_only=True))[-1][1]
    assert value == pytest.approx(plan.summary["public_spend_musd"], rel=1e-9)


def test_every_sheet_is_a_filtered_table_with_a_frozen_header(written: Path) -> None:
    book = openpyxl.load_workbook(written / "report.xlsx")
    for page in book.worksheets[1:]:
        assert page.freeze_panes == "A2"
        (table,) = page.tables.values()
        assert table.autoFilter is not None
        headings = [cell.value for cell in page[1]]
        assert len({str(h).casefold() for h in headings}) == len(headings)


def test_no_text_becomes_a_formula_or_link(vary: Vary, tmp_path: Path) -> None:
    text = '"=HYPERLINK(""http://evil.example"",""x"")"'
    source = ",http://evil.example,"
    plan = vary(
        {"projects": lambda t: t.replace("Desert mine", text).replace(",illustration,", source, 1)},
        baseline=False,
    )
    write_page_and_workbook(plan, tmp_path)
    found = 0
    for page in openpyxl.load_workbook(tmp_path / "report.xlsx").worksheets:
        for row in page.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or str(cell.value).startswith("=SUBTOTAL(109,")
                assert cell.hyperlink is None or (
                    page.title == "index" and not cell.hyperlink.target
                )
                found += str(cell.value).startswith("=HYPERLINK")
    assert found > 1
    with zipfile.ZipFile(tmp_path / "report.xlsx") as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]


def test_inputs_carry_their_sources(plan: Plan, written: Path) -> None:
    page = sheet(written / "report.xlsx", "inputs")
    headings = ("figure, as --set names it", "value", "source", "confidence")
    rows = list(zip(*(column(page, heading) for heading in headings), strict=True))
    budgets = plan.case.tables.budgets
    for row in budgets:
        address = f"budgets.{row.funder}.{row.year}.musd"
        assert (address, row.musd, row.source or None, row.confidence or None) in rows
    assert sum(str(row[0]).startswith("budgets.") for row in rows) == len(budgets)
