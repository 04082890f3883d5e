"""Pages as HTML, everything escaped unless it is our own markup; report.md: the answer and the tables as Markdown, for
version control, where the difference of two runs is readable; and report.pdf: the same sections as the page, typeset by
Typst with the same charts as vectors. No browser.

Typst (typst.app) is one wheel without further dependencies, sets contents, page numbers, repeated table headings and
SVG by itself, and gives the same bytes for the same input. ReportLab and fpdf2 need all of that to be programmed.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import accumulate
from pathlib import Path
from typing import Any

import typst
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.reporting.values.page_parts import Front, ReportTable, Section, Statement
from planner.reporting.values.wording import TEMPLATES, passage, unbroken


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("planner.reporting"),
        autoescape=True,
        finalize=unbroken,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_template(template: str, script: str = "", **values: Any) -> str:
    """A page as text, with the common style and script, and another, if any: all that its security policy lets run."""
    style, ours = _ours("report.css"), _ours("report.js") + (_ours(script) if script else "")
    digest = base64.b64encode(hashlib.sha256(ours.encode("utf-8")).digest()).decode("ascii")
    return (
        _environment().get_template(template).render(style=style, script=ours, script_hash=f"sha256-{digest}", **values)
    )


def _ours(name: str) -> Markup:
    text = resources.files("planner.reporting").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text.replace("\r\n", "\n"))  # noqa: S704  our own file


def report_page(
    kind: str, title: str, question: str, statements: Sequence[Statement], sections: Sequence[Section], **more: Any
) -> str:
    """A page that answers one question about a run. more: cards, subtitle, note, script."""
    said = {"cards": (), "subtitle": "", "note": "", "script": "", "kind": kind, "title": title, "question": question}
    return render_template("page.html.j2", **said | {"statements": statements, "sections": sections} | more)


SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\|*_`<>[]#"} | {"\n": " "})


def plain(text: str) -> str:
    """A text in which nothing is taken for markup."""
    return text.translate(SPECIAL)


TEMPLATES.filters["plain"] = plain


def render_markdown(front: Front, sections: Sequence[Section]) -> str:
    """The whole report as text; input tables stay in the workbook."""
    return passage("report.md.j2", "report", {"front": front, "sections": sections}).rstrip() + "\n"


MOST_ROWS = 60
"""Rows of a table that are printed; the workbook has all of them."""
WIDE = 9
"""Columns from which a table is set small."""
POINTS_A_LETTER, POINTS_A_COLUMN, ROOM = 3.1, 7.0, 510.0
"""Size of a small table; one wider than the room of a page lies on its side."""
SHORT, LONG = 24, 100
"""Letters up to which a column is as wide as its words, and beyond which it is not made wider."""
ON_ONE_PAGE = 1_200
"""Letters of a table up to which it is kept on one page."""
WIDTHS = ("76%", "100%")
"""Width of the first chart, which shares the first page with the answer, and of others."""
LEAD = 32
"""Letters up to which what stands before a colon leads a line of the first page."""
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def write_pdf(path: Path, front: Front, sections: Sequence[Section]) -> None:
    """Typeset a report into `path`. The same bytes on every machine: the fonts are our own."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        folder = Path(scratch)

        def save(svg: str) -> str:
            name = f"chart-{len(list(folder.glob('*.svg')))}.svg"
            (folder / name).write_text(str(svg).replace("<svg", f"<svg {NAMESPACES}", 1), encoding="utf-8")
            return name

        half, sizes = sum(map(len, front.lines)) / 2, list(accumulate(map(len, front.lines)))
        first = next((at for at, size in enumerate(sizes, start=1) if size >= half), 0)
        lines = front.lines[:first], front.lines[first:]
        values = {"front": front, "sections": sections, "layout": _layout, "save": save, "lines": lines, "wide": WIDTHS}
        body = passage("report.typ.j2", "report", values | {"most": MOST_ROWS})
        (folder / "report.typ").write_text(body, encoding="utf-8")
        with resources.as_file(resources.files("planner.reporting.formats").joinpath("fonts")) as fonts:
            typst.compile(folder / "report.typ", output=path, root=folder, font_paths=[fonts], ignore_system_fonts=True)


def _quoted(text: str) -> str:
    """A text as a Typst string, in which nothing is taken for markup."""
    safe = unbroken(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{{{ord(c):x}}}" for c in safe) + '"'


def _led(line: str) -> str:
    """A line of the front with its lead, if it has one, in bold."""
    lead, mark, rest = line.partition(": ")
    return f"#strong({_quoted(lead + ':')}) #{_quoted(rest)}" if mark and len(lead) < LEAD else f"#{_quoted(line)}"


TEMPLATES.filters |= {"quoted": _quoted, "led": _led}


def _layout(part: ReportTable) -> dict[str, Any]:
    """Whether a table is set small, lies on its side, is kept on one page; and how wide its columns are."""
    turned = _too_wide(part)
    together = not turned and sum(len(cell) for row in part.shown for cell in row) < ON_ONE_PAGE
    widths = [_width(part, at) for at in range(len(part.heads))]
    return {"small": len(part.heads) > WIDE, "turned": turned, "together": together, "widths": widths}


def _width(part: ReportTable, at: int) -> str:
    """Short heads, numbers and words take what they need; longer ones share the rest by their length."""
    head = part.heads[at]
    if head.number:
        return "auto" if max(len(head.title), len(head.unit)) <= SHORT else f"{SHORT}fr"
    longest = max([len(head.title), *(len(row[at]) for row in part.shown[:MOST_ROWS])])
    return "auto" if longest <= SHORT else f"{min(longest, LONG)}fr"


def _too_wide(part: ReportTable) -> bool:
    if len(part.heads) <= WIDE:
        return False
    rows = [[column.unit for column in part.heads], *part.shown[:MOST_ROWS]]
    widest = (min(max(len(row[at]) for row in rows), SHORT) for at in range(len(part.heads)))
    return sum(POINTS_A_LETTER * letters + POINTS_A_COLUMN for letters in widest) > ROOM
