"""Templates to pages: one look, one script, everything escaped unless it is our own markup."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.reporting.values.parts import Card, Section, Statement


def render(template: str, **values: Any) -> str:
    """A page as text, with the common style and the common script, the only one its security policy lets run."""
    environment = Environment(
        loader=PackageLoader("planner.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _ours("report.css"), _ours("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template(template).render(
        style=style, script=script, script_hash=f"sha256-{digest}", **values
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
) -> str:
    """A page that answers one question about a run."""
    return render(
        "page.html.j2",
        kind=kind,
        title=title,
        subtitle=subtitle,
        question=question,
        statements=statements,
        cards=cards,
        note=note,
        sections=sections,
    )
