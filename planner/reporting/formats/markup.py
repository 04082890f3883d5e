"""Pages as HTML, everything escaped unless it is our own markup, and report.md: the answer and the tables as Markdown,
for version control, where the difference of two runs is readable."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.reporting.values.page_parts import Card, Figure, Front, ReportTable, Section, Statement, Text
from planner.reporting.values.wording import unbroken


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
    kind: str,
    title: str,
    question: str,
    statements: Sequence[Statement],
    sections: Sequence[Section],
    *,
    cards: Sequence[Card] = (),
    subtitle: str = "",
    note: str = "",
    script: str = "",
) -> str:
    """A page that answers one question about a run."""
    return render_template(
        "page.html.j2",
        script,
        kind=kind,
        title=title,
        subtitle=subtitle,
        question=question,
        statements=statements,
        cards=cards,
        note=note,
        sections=sections,
    )


SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\|*_`<>[]#"} | {"\n": " "})


def render_markdown(front: Front, sections: Sequence[Section]) -> str:
    """The whole report as text. Charts are told by their sentence, or left out; input tables stay in the workbook."""
    lines = [
        f"# {plain(front.title)}",
        "",
        *([f"_{plain(front.subtitle)}_", ""] if front.subtitle else []),
        plain(front.question),
        "",
        f"**{plain(front.claim)}**",
        "",
        "| | |",
        "| --- | --- |",
    ]
    lines += [
        f"| {plain(c.title)} | {plain(' '.join(filter(None, (c.value, c.unit))))}{_note(c)} |" for c in front.cards
    ]
    lines += ["", *(line for text in front.lines for line in (plain(text), ""))]
    for section in sections:
        told = list(_section(section))
        lines += told if len(told) > HEADING else []
    return "\n".join(lines).rstrip() + "\n"


HEADING = 2
"""Lines of a chapter of which only drawings without a sentence are left."""


def plain(text: str) -> str:
    """A text in which nothing is taken for markup."""
    return text.translate(SPECIAL)


def _note(card: Card) -> str:
    return f" ({plain(card.note)})" if card.note else ""


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {plain(section.title)}", "")
    if section.lead:
        yield from (plain(section.lead), "")
    for part in section.parts:
        if isinstance(part, Text):
            for paragraph in part.paragraphs:
                yield from (f"- {plain(paragraph)}",) if part.listed else (plain(paragraph), "")
            yield ""
            continue
        if isinstance(part, Figure) and not part.takeaway:
            continue
        yield from (f"### {plain(part.title)}", "")
        if isinstance(part, Figure):
            yield from (plain(part.takeaway), "")
        else:
            yield from _table(part)


def _table(part: ReportTable) -> Iterator[str]:
    heads = [plain(c.title) + (f" ({plain(c.unit)})" if c.unit else "") for c in part.heads]
    yield f"| {' | '.join(heads)} |"
    yield "|" + "|".join(" ---: " if c.number else " --- " for c in part.heads) + "|"
    yield from (f"| {' | '.join(plain(cell) for cell in row)} |" for row in part.shown)
    yield ""
    if part.note:
        yield from (plain(part.note), "")
