"""`planner/API.md`: every public name with its signature, its docstring and its public members."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pydantic import BaseModel

import planner


def public_names() -> str:
    """Markdown: every name of `planner.__all__` with its signature, its docstring and its public members."""
    head = (
        "# Public names\n\nGenerated from the docstrings by `make docs`. Everything else may change without notice.\n"
    )
    parts = [head]
    for name in sorted(planner.__all__, key=lambda one: (one[0].isupper(), one)):
        value = getattr(planner, name)
        plain = isinstance(value, type) and issubclass(value, BaseModel | Exception)
        call = "" if plain else f"```\n{name}{_signature(value)}\n```\n\n"
        parts.append(f"## `planner.{name}`\n\n{call}{inspect.getdoc(value)}\n")
        if isinstance(value, type):
            listed = [f"- `{member}`: {' '.join(text.split())}\n" for member, text in _members(value)]
            parts += ["".join(listed)] if listed else []
    return "\n".join(parts)


def _signature(value: Any) -> str:
    """Parameters and result, annotations without quotes, functions as defaults by their names."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(value)))
    return re.sub(r"<function (\w+) at \w+>", r"\1", text).replace("(self, ", "(").replace("(self)", "()")


def _members(value: type) -> Iterator[tuple[str, str]]:
    """Public fields, properties and methods that our own code declares, with a line that says what each is."""
    if issubclass(value, BaseModel):
        for name, field in value.model_fields.items():
            yield name, field.description or f"see {getattr(field.annotation, '__name__', field.annotation)}"
    for one in inspect.classify_class_attrs(value):
        ours = one.defining_class.__module__.startswith("planner") and not one.name.startswith(("_", "model_"))
        member = getattr(value, one.name, None)
        if ours and (callable(member) or isinstance(member, property | cached_property)):
            call = _signature(member) if callable(member) else ""
            yield one.name + call, inspect.getdoc(member) or ""
