"""report.md: the answer and the tables as Markdown, for version control; the difference of two runs is readable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.reporting.values.parts import Card, Figure, ReportTable, Section, Statement, Text

SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\|*_`<>[]#"} | {"\n": " "})


def render_markdown(
    title: str,
    question: str,
    statements: Sequence[Statement],
    cards: Sequence[Card],
    sections: Sequence[Section],
    unknown: Sequence[str],
) -> str:
    """The whole report as text. Charts are told by their sentence, or left out; input tables stay in the workbook."""
    lines = [f"# {plain(title)}", "", plain(question), "", "| | |", "| --- | --- |"]
    lines += [f"| {plain(c.title)} | {plain(' '.join(filter(None, (c.value, c.unit))))}{_note(c)} |" for c in cards]
    lines += [""] + [line for s in statements for line in (f"**{plain(s.about)}.** {plain(s.sentence)}", "")]
    for section in sections:
        lines += _section(section)
    lines += ["## What this model does not know", "", *(f"- {plain(line)}" for line in unknown)]
    return "\n".join(lines) + "\n"


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
                yield from (plain(paragraph), "")
            continue
        if isinstance(part, Figure) and not part.takeaway:
            continue
        yield from (f"### {plain(part.title)}", "")
        if isinstance(part, Figure):
            yield from (plain(part.takeaway), "")
        else:
            yield from _table(part)


def _table(part: ReportTable) -> Iterator[str]:
    heads = [plain(c.title) + (f" ({plain(c.unit)})" if c.unit else "") for c in part.columns]
    yield f"| {' | '.join(heads)} |"
    yield "|" + "|".join(" ---: " if c.number else " --- " for c in part.columns) + "|"
    yield from (f"| {' | '.join(plain(cell) for cell in row)} |" for row in part.rows)
    yield ""
    if part.note:
        yield from (plain(part.note), "")
