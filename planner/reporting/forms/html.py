"""Pages as HTML, everything escaped unless it is our own markup. Charts are embedded as specifications with their data once
and drawn by the bundled script; the security policy of the page lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from planner.errors import PlannerError
from planner.reporting.parts import (
    Answers,
    Card,
    Chapter,
    Chart,
    Front,
    Missing,
    Part,
    ReportTable,
    Text,
    charts_of,
)
from planner.reporting.words.glossary import defined
from planner.reporting.words.numbers import unbroken


@cache
def _environment() -> Environment:
    """The templates of pages: text is escaped and kept from breaking, and a name that is not given is an error."""
    found = Environment(
        loader=PackageLoader("planner.reporting", "templates/page"),
        autoescape=True,
        finalize=unbroken,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["kind"] = kind_of
    found.filters["letters"] = letters
    found.filters["terms"] = with_terms
    return found


KINDS = {
    ReportTable: "table",
    Chart: "chart",
    Text: "text",
    Answers: "statements",
    Missing: "missing",
}
"""Class of a part -> the template that shows it."""


def kind_of(part: Part) -> str:
    """The template that shows a part."""
    return KINDS[type(part)]


def with_terms(text: str) -> Markup:
    """A text whose terms show their definition on hover."""
    pieces = []
    for words, definition in defined(unbroken(text)):
        if definition:
            pieces.append(Markup('<abbr title="{}">{}</abbr>').format(definition, words))
        else:
            pieces.append(escape(words))
    return Markup("").join(pieces)


def letters(cell: str) -> str:
    """The style class of a cell of words, by its length."""
    if len(cell) > 60:
        return "long"
    return "mid" if len(cell) > 20 else ""


def render(
    front: Front,
    chapters: Sequence[Chapter],
    *,
    run: str = "",
    warning: Sequence[str] = (),
    workbook: str = "report.xlsx",
) -> str:
    """A page as text. run: what its sources are of; warning: why its figures must not be used, if they must not;
    workbook: the file beside it that has all rows of its tables."""
    charts = charts_of(front, chapters)
    drawing = static("vega.js") + static("fit.js") if charts else ""
    script = drawing + static("report.js")
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    page = _environment().get_template("page.html.j2")
    return page.render(
        front=front,
        chapters=chapters,
        run=run,
        warning=warning,
        workbook=workbook,
        style=static("report.css"),
        script=script,
        script_hash="sha256-" + base64.b64encode(digest).decode("ascii"),
        chart_data=_as_script(embedded(charts)) if charts else "",
        in_place=False,
    )


def fragment(parts: Sequence[Part], cards: Iterable[Card] = ()) -> Markup:
    """Cards and parts as they stand in a chapter of a page, for a page that is drawn anew piece by piece: each chart has
    its specification and its data in it."""
    figures = _environment().get_template("cards.html.j2").render(cards=list(cards), run="")
    chapter = Chapter(anchor="", title="", parts=parts)
    body = _environment().get_template("chapter_body.html.j2")
    shown = body.render(chapter=chapter, run="", workbook="", in_place=True)
    return Markup(figures + shown)  # noqa: S704  escaped by our own templates


@cache
def static(name: str) -> Markup:
    """A file that goes into pages as it is. Raises PlannerError for one that an installation makes and has not made."""
    path = resources.files("planner.reporting").joinpath("static", name)
    if not path.is_file():  # the script of charts is made by hatch_build.py
        raise PlannerError(f"{name} is made when the planner is installed: pip install -e .")
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    return Markup(text)  # noqa: S704  of our own, or made when the planner was installed


def embedded(charts: Iterable[Chart]) -> dict[str, Any]:
    """Specifications by name, and the data of all of them, each set once."""
    datasets: dict[str, Any] = {}
    specs: dict[str, Any] = {}
    for chart in charts:
        spec = dict(chart.drawing)
        for name, rows in spec.pop("datasets", {}).items():
            datasets[name] = rows
        specs[chart.name] = spec
    return {"datasets": datasets, "charts": specs}


def _as_script(values: dict[str, Any]) -> Markup:
    """Values as JSON that cannot end the element that holds it."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704  no markup is left in it
