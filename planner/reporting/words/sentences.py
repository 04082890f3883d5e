"""Sentences: passages (macros) of the templates in templates/text, filled with figures. Templates hold the words, code the
figures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.reporting.words.names import begun, midway
from planner.reporting.words.numbers import as_year, count, listed, money, number, percent, period


def _of_lines(text: str) -> list[str]:
    """Lines with anything on them."""
    return [line for line in map(str.strip, text.split("\n")) if line]


# Plain texts, for the screen too: the page escapes them when it shows them.
TEMPLATES = Environment(  # noqa: S701
    loader=PackageLoader("planner.reporting", "templates/text"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
FILTERS = (number, percent, money, midway, begun, listed, period)
TEMPLATES.filters |= {function.__name__: function for function in FILTERS}
TEMPLATES.filters |= {
    "year": as_year,
    "listed_lines": lambda text: listed(_of_lines(text)),
    "each": lambda things, words: [words(thing) for thing in things],
}
TEMPLATES.globals["count"] = count


def passage(template: str, name: str, values: dict[str, Any]) -> str:
    """A passage (macro) of a template over some values, as it is.

    Raises jinja2.UndefinedError if it speaks of a value that is not there.
    """
    module = TEMPLATES.get_template(template).make_module(values)
    return str(getattr(module, name)())


def worded_lines(template: str, name: str, /, **values: Any) -> list[str]:
    """A passage as lines of the screen, blank ones left out."""
    return [line for line in passage(template, name, values).split("\n") if line.strip()]


class Passages:
    """The passages of a subject, which stand in one template or in several: called with the name of one and its figures,
    it gives its sentences."""

    def __init__(self, *templates: str) -> None:
        self.templates = templates

    def __call__(self, name: str, /, **values: Any) -> str:
        """A passage, its lines joined by spaces; '' if it says nothing."""
        return " ".join(self.lines(name, **values))

    def lines(self, name: str, /, **values: Any) -> list[str]:
        """A passage, a line a paragraph."""
        *others, template = self.templates
        for other in others:
            if f"{{% macro {name}(" in source_of(other):
                template = other
        return _of_lines(passage(template, name, values))


@cache
def source_of(template: str) -> str:
    """The text of a template."""
    return files("planner.reporting").joinpath("templates/text", template).read_text("utf-8")
