"""Write the pages that are made of the code, in a checkout: `planner/API.md` of the docstrings of public names, the
others of what is declared."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import planner
from docs.data_package import package_of
from docs.declarations import dictionary, formulation_page, reference_page, results_page
from docs.model_keys import model_page, model_schema
from planner.config import read_toml
from planner.studies.study_file import study_schema

BEGIN, END = "<!-- generated: tables -->", "<!-- end of generated part -->"


def pages(root: Path) -> dict[Path, str]:
    """Each generated page and what it should hold, given the checkout at `root`."""
    inputs = root / "inputs" / "README.md"
    real = root / "inputs" / "allied-2026"
    before, _, rest = inputs.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    models = root / "models"
    files = sorted(models.glob("*.toml"))
    titles = {path.name: str(read_toml(path, "model file").values["title"]) for path in files}
    return {
        models / "README.md": model_page(titles),
        models / "formulation.md": formulation_page(),
        models / "studies" / "REFERENCE.md": reference_page(),
        models / "schema" / "model.json": json.dumps(model_schema(), indent=2) + "\n",
        models / "schema" / "study.json": json.dumps(study_schema(), indent=2) + "\n",
        inputs: f"{before}{BEGIN}\n\n{dictionary()}\n{END}{after}",
        root / "reports" / "README.md": results_page(),
        root / "planner" / "API.md": public_names(),
        real / "datapackage.json": json.dumps(package_of(real), indent=1) + "\n",
    }


def public_names() -> str:
    """Markdown: every name of `planner.__all__` with its signature, its docstring and its public members."""
    head = "# Public names\n\nGenerated from the docstrings by `make docs`. Everything else may change without notice.\n"
    parts = [head]
    for name in sorted(planner.__all__, key=lambda one: (one[0].isupper(), one)):
        value = getattr(planner, name)
        plain = isinstance(value, type) and issubclass(value, BaseModel | Exception)
        call = "" if plain else f"```\n{name}{_signature(value)}\n```\n\n"
        parts.append(f"## `planner.{name}`\n\n{call}{_as_markdown(inspect.getdoc(value) or '')}\n")
        if isinstance(value, type):
            listed = [
                f"- `{member}`: {' '.join(_as_markdown(text).split())}\n"
                for member, text in _members(value)
            ]
            parts += ["".join(listed)] if listed else []
    return "\n".join(parts)


SECTION = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)
ENTRY = re.compile(r"^(\S.*)\n((?:    .*\n?)+)", re.MULTILINE)


def _as_markdown(text: str) -> str:
    """A docstring with its sections as headings in bold, and their entries as a list."""
    opening, *rest = SECTION.split(text)
    parts = [opening.rstrip()]
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        if title == "Examples":
            parts.append(body.rstrip())
            continue
        entries = [f"- `{name}`: {' '.join(told.split())}" for name, told in ENTRY.findall(body)]
        parts.append("\n".join([f"**{title}**\n", *entries]))
    return "\n\n".join(parts)


def _signature(value: Any) -> str:
    """Parameters and result, annotations without quotes, functions as defaults by their names."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(value)))
    return (
        re.sub(r"<function (\w+) at \w+>", r"\1", text)
        .replace("(self, ", "(")
        .replace("(self)", "()")
    )


def _members(value: type) -> Iterator[tuple[str, str]]:
    """Public fields, properties and methods that our own code declares, with a line that says what each is."""
    if issubclass(value, BaseModel):
        for name, field in value.model_fields.items():
            yield (
                name,
                field.description
                or f"see {getattr(field.annotation, '__name__', field.annotation)}",
            )
    for one in inspect.classify_class_attrs(value):
        ours = one.defining_class.__module__.startswith("planner") and not one.name.startswith(
            ("_", "model_")
        )
        member = getattr(value, one.name, None)
        if ours and (callable(member) or isinstance(member, property | cached_property)):
            call = _signature(member) if callable(member) else ""
            yield one.name + call, inspect.getdoc(member) or ""


def main() -> None:
    """Write the pages."""
    for path, text in pages(Path(__file__).parents[1]).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
