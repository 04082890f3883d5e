"""report.pdf: the chapters of the page typeset by Typst, charts drawn by vl-convert; no browser. Both come with the extra
`pdf`.

Typst (typst.app) is one wheel without further dependencies, sets contents, page numbers, repeated table headings and
SVG by itself, and gives the same bytes for the same input. ReportLab and fpdf2 need all of that to be programmed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.late import late, missing
from planner.reporting.forms.html import kind_of
from planner.reporting.parts import Chapter, Chart, Front, ReportTable, charts_of
from planner.reporting.words.numbers import unbroken
from planner.reporting.words.sentences import TEMPLATES, passage

INSTALLED = not missing("typst", "vl_convert")
"""The extra `pdf` is installed."""
FONT, MEASURED = "Libertinus Serif", "Liberation Sans"
"""The font of a printed report, which typst brings, and one that vl-convert brings, a little wider, by which charts are laid
out."""
VEGA_LITE = "6.4"
"""The version of Vega-Lite whose specifications Altair writes."""
MOST_PRINTED = 50
"""Rows of a table that are printed; the workbook has all of them."""
WIDE = 9
"""Columns from which a table is set small."""
SHORT, LONG = 24, 100
"""Letters up to which a column is as wide as its words, and beyond which it is not made wider."""
PICTURE, TEXT_WIDTH = 720, 493.0
"""Width of a chart that is as wide as the text, px, and that of the text, pt."""


def write_pdf(
    path: Path, front: Front, chapters: Sequence[Chapter], workbook: str = "report.xlsx"
) -> None:
    """Typeset a report into `path`. The same bytes on every machine: the fonts are those that typst brings. workbook: the file that has
    the rows of long tables that are not printed.

    Raises NotInstalledError where the extra `pdf` is not installed.
    """
    typst = late("typst")
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        folder = Path(scratch)
        widths = {}
        for chart in charts_of(front, chapters):
            picture = drawn(chart)
            widths[chart.name] = printed_width(picture)
            (folder / f"{chart.name}.svg").write_text(picture, encoding="utf-8")
        values = {
            "chart_widths": widths,
            "front": front,
            "chapters": chapters,
            "layout": layout,
            "kind": kind_of,
            "most": MOST_PRINTED,
            "workbook": workbook,
        }
        body = passage("report.typ.j2", "report", values)
        (folder / "report.typ").write_text(body, encoding="utf-8")
        typst.compile(folder / "report.typ", output=path, root=folder, ignore_system_fonts=True)


def drawn(chart: Chart) -> str:
    """A chart as SVG, what can be chosen as it is at first."""
    config = {**chart.drawing["config"], "font": MEASURED}
    spec = {**chart.drawing, "config": config}
    if "width" in spec:
        spec["width"] = PICTURE
        spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    svg: str = late("vl_convert").vegalite_to_svg(spec, vl_version=VEGA_LITE)
    return svg.replace(MEASURED, FONT)


def printed_width(picture: str) -> float:
    """The printed width of a chart, pt: all in one scale, so that their letters are of one size, none wider than the
    text."""
    found = re.search(r'<svg[^>]* width="([\d.]+)', picture)
    wide = float(found[1]) if found else PICTURE
    return min(TEXT_WIDTH, wide * TEXT_WIDTH / PICTURE)


def _quoted(text: str) -> str:
    """A text as a Typst string, in which nothing is taken for markup."""
    safe = unbroken(text).replace("\\", "\\\\").replace('"', '\\"')
    letters = [c if c >= " " else f"\\u{{{ord(c):x}}}" for c in safe]
    return '"' + "".join(letters) + '"'


TEMPLATES.filters["quoted"] = _quoted


def layout(part: ReportTable) -> dict[str, Any]:
    """The layout of a printed table: set small, and the widths of its columns."""
    return {
        "small": len(part.heads) > WIDE,
        "widths": [_width(part, at) for at in range(len(part.heads))],
    }


def _width(part: ReportTable, at: int) -> str:
    """Short heads, numbers and words take what they need; longer ones share the rest by their length."""
    head = part.heads[at]
    if head.number:
        return "auto" if max(len(head.title), len(head.unit)) <= SHORT else f"{SHORT}fr"
    cells = [len(row[at]) for row in part.shown[:MOST_PRINTED]]
    longest = max([len(head.title), *cells])
    return "auto" if longest <= SHORT else f"{min(longest, LONG)}fr"
