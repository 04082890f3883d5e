"""report.xlsx: native tables that agree with the result tables; texts stay texts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from planner.data.schema import TABLES
from planner.reporting.pages.run import write_pages
from planner.results.plan import PlanValues
from planner.results.schema import TABLE_COLUMNS
from tests.reporting.conftest import Vary

DERIVED = [
    *("index", "summary", "supply and demand", "spending by funder", "spending by item"),
    *("cost parts", "loss by scenario", "who is short"),
]


def sheet(path: Path, name: str) -> Worksheet:
    found = openpyxl.load_workbook(path)[name]
    assert isinstance(found, Worksheet)
    return found


def column(page: Worksheet, heading: str) -> list[object]:
    headings = [cell.value for cell in page[1]]
    place = headings.index(heading)
    return [row[place] for row in page.iter_rows(min_row=2, values_only=True)]


def total(page: Worksheet, heading: str) -> float:
    return sum(float(value) for value in column(page, heading) if isinstance(value, int | float))


def test_sheets_in_order_and_all_in_the_index(plan: PlanValues, written: Path) -> None:
    book = openpyxl.load_workbook(written / "report.xlsx")
    results = [name.replace("_", " ") for name in TABLE_COLUMNS]
    inputs = [f"input {t.name.replace('_', ' ')}" for t in TABLES if plan.case.tables.rows(t.name)]
    assert book.sheetnames == [*DERIVED, *results, *inputs]
    listed = [row[0].value for row in book["index"].iter_rows(min_row=5)]
    assert listed == book.sheetnames[1:]
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_every_sheet_is_a_filtered_table_with_a_frozen_header(written: Path) -> None:
    book = openpyxl.load_workbook(written / "report.xlsx")
    for page in book.worksheets[1:]:
        assert page.freeze_panes == "A2"
        (table,) = page.tables.values()
        assert table.autoFilter is not None
        headings = [cell.value for cell in page[1]]
        assert len({str(h).casefold() for h in headings}) == len(headings)


@pytest.mark.parametrize(
    ("table", "source", "heading"),
    [
        ("spending", "expected", "expected (MUSD)"),
        ("spending", "musd", "paid in these scenarios (MUSD)"),
        ("investments", "tpa", "new capacity (t/y)"),
        ("investments", "capex_musd", "capital (MUSD)"),
        ("operations", "tonnes", "amount (t)"),
        ("shortfall", "tonnes", "shortfall (t)"),
        ("shortfall", "without_plan_t", "shortfall without a plan (t)"),
        ("stocks", "bought_t", "bought (t)"),
        ("workforce", "staff", "staff (persons)"),
        ("capacity", "throughput_t", "throughput (t)"),
        ("training", "intake", "trainees taken in (persons)"),
        ("shadow_prices", "musd_per_unit", "worth (see unit)"),
    ],
)
def test_sums_agree_with_the_tables(plan: PlanValues, written: Path, table: str, source: str, heading: str) -> None:
    page = sheet(written / "report.xlsx", table.replace("_", " "))
    assert total(page, heading) == pytest.approx(plan.tables[table][source].astype(float).sum(), rel=1e-12)
    assert page.max_row == max(len(plan.tables[table]), 1) + 1


@pytest.mark.parametrize("by", ["funder", "item"])
def test_spending_pivots_add_up(plan: PlanValues, written: Path, by: str) -> None:
    page = sheet(written / "report.xlsx", f"spending by {by}")
    headings = [str(cell.value) for cell in page[1]][1:]
    spent = sum(total(page, heading) for heading in headings)
    assert spent == pytest.approx(plan.summary["public_spend_musd"], rel=1e-9)


def test_supply_and_demand_adds_up(plan: PlanValues, written: Path) -> None:
    page = sheet(written / "report.xlsx", "supply and demand")
    missing = total(page, "demand (t)") - total(page, "met with the plan (t)")
    assert missing == pytest.approx(sum(plan.summary["expected_shortfall_t"].values()), rel=1e-9)
    missing = total(page, "demand (t)") - total(page, "met without a plan (t)")
    assert missing == pytest.approx(sum(plan.summary["without_plan"]["expected_shortfall_t"].values()), rel=1e-9)


def test_cost_parts_add_up(plan: PlanValues, written: Path) -> None:
    page = sheet(written / "report.xlsx", "cost parts")
    assert total(page, "present value (MUSD)") == pytest.approx(plan.summary["cost_musd"], rel=1e-9)
    assert total(page, "public money (MUSD)") == pytest.approx(plan.summary["public_spend_musd"], rel=1e-9)


def test_who_is_short_adds_up(plan: PlanValues, written: Path) -> None:
    page = sheet(written / "report.xlsx", "who is short")
    assert total(page, "loss, expected (MUSD)") == pytest.approx(plan.summary["expected_loss_musd"], rel=1e-6)
    short = sum(plan.summary["expected_shortfall_t"].values())
    assert total(page, "short, expected (t)") == pytest.approx(short, rel=1e-6)


def test_charts_are_native(written: Path) -> None:
    with zipfile.ZipFile(written / "report.xlsx") as archive:
        charts = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) >= 5


def test_no_text_becomes_a_formula_or_link(vary: Vary, tmp_path: Path) -> None:
    text = '"=HYPERLINK(""http://evil.example"",""x"")"'
    source = ",http://evil.example,"
    plan = vary({"projects": lambda t: t.replace("Desert mine", text).replace(",illustration,", source, 1)})
    write_pages(plan, tmp_path)
    found = 0
    for page in openpyxl.load_workbook(tmp_path / "report.xlsx").worksheets:
        for row in page.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None or (page.title == "index" and not cell.hyperlink.target)
                found += str(cell.value).startswith("=HYPERLINK")
    assert found > 3
    with zipfile.ZipFile(tmp_path / "report.xlsx") as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]


def test_inputs_carry_their_sources(plan: PlanValues, written: Path) -> None:
    for table in TABLES:
        rows = plan.case.tables.rows(table.name)
        if rows:
            page = sheet(written / "report.xlsx", f"input {table.name.replace('_', ' ')}")
            assert sorted(str(v or "") for v in column(page, "source")) == sorted(row.source for row in rows)
