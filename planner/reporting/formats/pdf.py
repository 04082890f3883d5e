"""report.pdf: the same sections as the page, typeset by Typst with the same charts as vectors. No browser.

Typst (typst.app) is one wheel without further dependencies, sets contents, page numbers, repeated table headings and
SVG by itself, and gives the same bytes for the same input. ReportLab and fpdf2 need all of that to be programmed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from importlib import resources
from itertools import accumulate
from pathlib import Path

import typst

from planner.reporting.values.page_parts import Card, Figure, Front, Legend, Part, ReportTable, Section, Text
from planner.reporting.values.wording import unbroken

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
FIRST = "76%"
"""Width of the first chart, which shares the first page with the answer."""
LEAD = 32
"""Letters up to which what stands before a colon leads a line of the first page."""
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SETUP = """
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: (x: 18mm, top: 20mm, bottom: 18mm), numbering: "1 / 1",
  header: context if counter(page).get().first() > 1 [#set text(8pt, fill: luma(110)); #{title}])
#set text(font: "Liberation Sans", size: 9.5pt, lang: "en", fallback: true)
#set par(leading: 0.6em)
#set heading(numbering: none)
#show heading.where(level: 1): it => block(above: 1.6em, below: 0.7em, text(15pt, fill: rgb("#0b4f7d"), it.body))
#show heading.where(level: 2): it => block(above: 1.2em, below: 0.5em, text(11pt, it.body))
#show figure: set block(breakable: true)
#set table(stroke: (x, y) => if y == 0 {{ (bottom: 0.8pt + luma(90)) }} else {{ (bottom: 0.3pt + luma(215)) }},
  inset: (x: 3pt, y: 2.5pt))
"""


def write_pdf(path: Path, front: Front, sections: Sequence[Section]) -> None:
    """Typeset a report into `path`. The same bytes on every machine: the fonts are our own."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        folder = Path(scratch)
        parts = [line for section in sections for line in _section(section, folder)]
        body = "\n".join([SETUP.format(title=_quoted(front.title)), *_front(front), *parts])
        (folder / "report.typ").write_text(body, encoding="utf-8")
        with resources.as_file(resources.files("planner.reporting.formats").joinpath("fonts")) as fonts:
            typst.compile(folder / "report.typ", output=path, root=folder, font_paths=[fonts], ignore_system_fonts=True)


def _quoted(text: str) -> str:
    """A text as a Typst string, in which nothing is taken for markup."""
    safe = unbroken(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{{{ord(c):x}}}" for c in safe) + '"'


def _front(front: Front) -> Iterator[str]:
    yield f'#text(20pt, weight: "bold", {_quoted(front.title)})\n'
    yield f"#text(12pt, fill: luma(90), {_quoted(front.subtitle)})\n" if front.subtitle else ""
    yield f"#text(10pt, fill: luma(90), {_quoted(front.question)})\n"
    yield f'#text(14pt, weight: "bold", fill: rgb("#0b4f7d"), {_quoted(front.claim)})\n'
    yield "#grid(columns: (1fr,) * 4, gutter: 6pt,"
    yield from map(_card, front.cards)
    yield ")\n"
    half, sizes = sum(map(len, front.lines)) / 2, list(accumulate(map(len, front.lines)))
    first = next((at for at, size in enumerate(sizes, start=1) if size >= half), 0)
    yield "#[#set text(7.8pt)\n#set par(leading: 0.5em, spacing: 0.95em)\n#grid(columns: (1fr, 1fr), gutter: 14pt,"
    yield from (f"[{'#parbreak()'.join(map(_led, lines))}]," for lines in (front.lines[:first], front.lines[first:]))
    yield ")]\n"


def _led(line: str) -> str:
    """A line of the front with its lead, if it has one, in bold."""
    lead, mark, rest = line.partition(": ")
    return f"#strong({_quoted(lead + ':')}) #{_quoted(rest)}" if mark and len(lead) < LEAD else f"#{_quoted(line)}"


def _card(card: Card) -> str:
    head = f"#text(7.5pt, fill: luma(90), {_quoted(card.title)})"
    value = f'#text(13pt, weight: "bold", {_quoted(card.value)}) #text(8pt, {_quoted(card.unit)})'
    note = f"#text(7pt, fill: luma(90), {_quoted(card.note)})"
    return f'block(fill: rgb("#f5f7f9"), inset: 6pt, width: 100%, height: 88pt)[{head} \\ {value} \\ {note}],'


def _section(section: Section, folder: Path) -> Iterator[str]:
    if section.anchor != "answer":  # that of the first page stands under the claim
        yield f"#heading(level: 1, {_quoted(section.title)})"
    if section.lead:
        yield f"#block(sticky: true)[#text(fill: luma(90), {_quoted(section.lead)})]\n"
    for part in section.parts:
        yield from _part(part, folder, FIRST if section.anchor == "answer" else "100%")


def _part(part: Part, folder: Path, wide: str) -> Iterator[str]:
    if isinstance(part, Text):
        yield from (f"{'- ' if part.listed else ''}#{_quoted(text)}\n" for text in part.paragraphs)
    elif isinstance(part, ReportTable):
        yield from _grid(part)
    else:
        yield from _figure(part, folder, wide)


def _grid(part: ReportTable) -> Iterator[str]:
    wide, turned = len(part.heads) > WIDE, _too_wide(part)
    if turned:
        yield "#page(flipped: true)[#set table(inset: (x: 3pt, y: 1.7pt))"
    together = not turned and sum(len(cell) for row in part.shown for cell in row) < ON_ONE_PAGE
    if together:
        yield "#block(breakable: false)["
    yield f"#heading(level: 2, {_quoted(part.title)})"
    widths = ", ".join(_width(part, at) for at in range(len(part.heads)))
    sides = ", ".join("right" if column.number else "left" for column in part.heads)
    yield f"#set text({6 if wide else 7.5}pt)\n#table(columns: ({widths},), align: ({sides},), table.header("
    for column in part.heads:
        unit = f" \\ #text(0.85em, fill: luma(110), {_quoted(column.unit)})" if column.unit else ""
        yield f"[*#{_quoted(column.title)}*{unit}],"
    yield "),"
    for row in part.shown[:MOST_ROWS]:
        yield ", ".join(_quoted(cell) for cell in row) + ","
    yield ")"
    left = len(part.shown) - MOST_ROWS
    notes = [part.note] if part.note else []
    if left > 0:
        notes.append(f"{left:,} more rows in report.xlsx.")
    if notes:
        yield f"#text(7.5pt, fill: luma(90), {_quoted(' '.join(notes))})"
    yield "]" if turned or together else "#set text(9.5pt)\n"


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


def _figure(part: Figure, folder: Path, wide: str) -> Iterator[str]:
    yield f"#heading(level: 2, {_quoted(part.title)})"
    if part.legend:
        yield f"#block(sticky: true)[{_legend(part.legend)}]"
    columns = {"small": 3, "pair": 2}.get(part.layout, 1)
    yield f"#grid(columns: (1fr,) * {columns}, gutter: 8pt,"
    for panel in part.panels:
        if not panel.printed:
            continue
        name = f"chart-{len(list(folder.glob('*.svg')))}.svg"
        (folder / name).write_text(str(panel.svg).replace("<svg", f"<svg {NAMESPACES}", 1), encoding="utf-8")
        legend = f" \\ {_legend(panel.legend)}" if panel.legend else ""
        head = f'#text(8pt, weight: "bold", {_quoted(panel.title)}) \\ ' if panel.title != part.title else ""
        yield f'block(breakable: false)[{head}#image("{name}", width: {wide}){legend}],'
    yield f")\n#text(8.5pt, fill: luma(60), {_quoted(part.caption)})\n"


def _legend(entries: Legend) -> str:
    marks = [
        f'#box[#box(width: 8pt, height: 6pt, fill: rgb("{colour}")) #{_quoted(label)}]' for colour, _, label in entries
    ]
    return "#text(7.5pt, fill: luma(90), [" + " #h(8pt) ".join(marks) + "])\n"
