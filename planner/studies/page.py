"""A page of a study: the look of the reports, offline, no script."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.reporting.parts import Section


def render(title: str, lead: str, sections: Sequence[Section], warnings: Sequence[str] = ()) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=PackageLoader("planner.studies"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files("planner.reporting").joinpath("templates/report.css").read_text(encoding="utf-8")
    return environment.get_template("study.html.j2").render(
        style=Markup(style),  # noqa: S704  our own file
        title=title,
        lead=lead,
        sections=list(sections),
        warnings=list(warnings),
    )
