"""Pages as HTML, everything escaped unless it is our own markup, and report.md: the answer and the tables as Markdown,
for version control, where the difference of two runs is readable."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.reporting.values.page_parts import Front, Section, Statement
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
