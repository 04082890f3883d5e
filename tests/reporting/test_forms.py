"""The other forms of the report: PDF. Same plan, same bytes; texts stay texts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

from planner.reporting.pages.run import FORMS
from planner.results.plan import Plan
from tests.cases import stored


def streams(pdf: bytes) -> str:
    """The page streams of a PDF, unpacked."""
    out = []
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            out.append(zlib.decompress(found[1]).decode("latin-1"))
        except zlib.error:
            continue
    return "\n".join(out)


WRITE = "import sys, pathlib, planner; from planner.reporting.pages.run import write_pages; run = pathlib.Path(sys.argv[1]); "
WRITE += "write_pages(planner.open_run(run), run.parent)"


def test_all_forms_of_a_run_read_back_are_the_same_where_no_font_is_installed(
    plan: Plan, written: Path, tmp_path: Path
) -> None:
    run, fonts = stored(plan, tmp_path / "run"), tmp_path / "fonts.conf"
    fonts.write_text('<?xml version="1.0"?><fontconfig></fontconfig>', encoding="utf-8")
    bare = {"FONTCONFIG_FILE": str(fonts), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", WRITE, str(run)], check=True, env=os.environ | bare)
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
    # 186: the charts of the teaching case, since the annex has a third fewer of them.
    assert drawn.count(" re\n") + drawn.count(" l\n") > 150


def test_pdf_holds_its_fonts_and_asks_no_machine_for_them(written: Path) -> None:
    pdf = (written / "report.pdf").read_bytes()
    names = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([A-Za-z-]+)", pdf))
    assert names and names <= {b"LibertinusSerif-Regular", b"LibertinusSerif-Bold"}
    assert pdf.count(b"/FontFile") >= 2
