"""The other forms of the report: PDF, Markdown, IAMC long format. Same plan, same bytes; texts stay texts."""

from __future__ import annotations

import re
import zlib
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from planner.reporting.formats.report_forms import plain
from planner.reporting.pages.run import FORMS, write_pages
from planner.reporting.tables.inputs_and_results import IAMC_COLUMNS, iamc_table
from planner.reporting.values.run_view import run_view
from planner.results.plan import PlanValues
from tests.reporting.conftest import PageText


def streams(pdf: bytes) -> str:
    """The page streams of a PDF, unpacked."""
    out = []
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            out.append(zlib.decompress(found[1]).decode("latin-1"))
        except zlib.error:
            continue
    return "\n".join(out)


def test_all_forms_are_there_and_the_same_each_time(
    plan: PlanValues, written: Path, tmp_path: Path
) -> None:
    write_pages(plan, tmp_path)
    for name in FORMS:
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


def test_pdf_has_numbered_pages_contents_and_vector_charts(written: Path) -> None:
    pdf = (written / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert (
        pdf.count(b"/Type/Page\n")
        + pdf.count(b"/Type /Page\n")
        + len(re.findall(rb"/Type\s*/Page[^s]", pdf))
        >= 5
    )
    assert b"/Outlines" in pdf
    assert not re.search(rb"/Subtype\s*/Image", pdf), "charts are vectors"
    drawn = streams(pdf)
    assert drawn.count(" re\n") + drawn.count(" l\n") > 200


def test_markdown_holds_the_answer_and_tables(plan: PlanValues, written: Path) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "## What to decide now" in text
    assert "## What the plan does not protect against" in text
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")
    assert "nan" not in text.lower().split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a|b", "a\\|b"), ("<b>", "\\<b\\>"), ("x_y", "x\\_y"), ("two\nlines", "two lines")],
)
def test_markdown_takes_no_text_for_markup(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_iamc_rows_add_up_to_the_tables(plan: PlanValues) -> None:
    table = iamc_table(run_view(plan))
    assert list(table.columns) == IAMC_COLUMNS
    assert not table.duplicated(IAMC_COLUMNS[:-1]).any()
    assert table["value"].notna().all()

    def total(head: str) -> float:
        return float(table.loc[table["variable"].str.startswith(head), "value"].sum())

    assert total("Shortage|") == pytest.approx(plan.tables["shortfall"]["tonnes"].sum())
    assert total("Demand|") == pytest.approx(plan.tables["shortfall"]["demand_t"].sum())
    made = plan.tables["operations"].query("item == 'made'")["tonnes"].sum()
    assert total("Production|") == pytest.approx(made)
    shares = plan.case.scenarios
    names = run_view(plan).names
    weight = table["scenario"].map({names.scenario(w): p for w, p in shares.items()})
    spent = (table["value"] * weight)[table["variable"].str.startswith("Public Spending|")].sum()
    assert spent == pytest.approx(plan.summary["public_spend_musd"], rel=1e-9)


def test_iamc_file_reads_back(written: Path) -> None:
    table = pd.read_csv(written / "report-iamc.csv")
    assert list(table.columns) == IAMC_COLUMNS
    assert set(table["unit"]) <= {"t/yr", "t", "MUSD/yr", "persons"}


def test_markdown_says_nothing_of_drawings_that_it_lacks(written: Path) -> None:
    text, page = (
        (written / f"report.{kind}").read_text(encoding="utf-8") for kind in ("md", "html")
    )
    for words in ("Where the lines lie", "A gap below the line", "Capacity that idles"):
        assert words in page and words not in text
    lines = [line for line in text.splitlines() if line]
    heads = [(one, two) for one, two in pairwise(lines) if one.startswith("### ")]
    assert heads and not any(two.startswith("#") for _, two in heads)
    assert "### Capacity and its use" not in lines and "Capacity and its use" in page


def test_a_report_without_an_explanation_says_how_to_ask(written: Path, page: PageText) -> None:
    for text in (page.text, (written / "report.md").read_text(encoding="utf-8")):
        assert "“planner explain FOLDER” adds the price of less risk" in text


def test_pdf_holds_its_fonts_and_asks_no_machine_for_them(written: Path) -> None:
    pdf = (written / "report.pdf").read_bytes()
    names = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([A-Za-z-]+)", pdf))
    assert names and names <= {b"LiberationSans", b"LiberationSans-Bold"}
    assert pdf.count(b"/FontFile") >= 2
