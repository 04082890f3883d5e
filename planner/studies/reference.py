"""The reference of study files, a page in Markdown made of the declarations that read them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from planner.results.study import MEANINGS
from planner.studies.expressions import TABLES
from planner.studies.file import (
    Address,
    Correlated,
    Distribution,
    FrontierDesign,
    Grid,
    LatinHypercube,
    Morris,
    OneAtATime,
    Option,
    PointList,
    Setting,
    Sobol,
    StudyFile,
    StudyLever,
    Uncertainty,
)

SECTIONS: dict[str, type[BaseModel]] = {
    "The file": StudyFile,
    "`[[uncertainties]]`": Uncertainty,
    "`distribution` of an uncertainty": Distribution,
    "`also` of an uncertainty": Address,
    "`[[levers]]`": StudyLever,
    "`[[levers.options]]`": Option,
    "`changes` of an option": Setting,
    "`[[correlated]]`": Correlated,
}
"""Heading -> what its keys are."""
EXAMPLES: dict[type[BaseModel], str] = {
    OneAtATime: "levels = 3",
    Grid: "levels = 4\nfraction = 0.5\nseed = 1",
    LatinHypercube: "points = 64\nseed = 1",
    Sobol: "points = 64\nsecond_order = true\nseed = 1",
    Morris: "trajectories = 20\nlevels = 4\nseed = 1",
    PointList: 'file = "points.csv"',
    FrontierDesign: "scale = [0.0, 1.5]",
}
"""Keys of a design, as one would write them."""


def reference_page() -> str:
    """models/studies/REFERENCE.md."""
    text = files("planner.studies").joinpath("reference_page.md").read_text(encoding="utf-8")
    parts = {
        "[[sections]]": [line for title, section in SECTIONS.items() for line in _section(title, section)],
        "[[designs]]": [line for design in EXAMPLES for line in _design(design)],
        "[[outcomes]]": ["| outcome | meaning |", "| --- | --- |", *(f"| `{n}` | {m} |" for n, m in MEANINGS.items())],
        "[[tables]]": [", ".join(f"`{name}`" for name in TABLES)],
    }
    for mark, lines in parts.items():
        text = text.replace(mark, "\n".join(lines).strip())
    return text


def _section(title: str, section: type[BaseModel]) -> Iterator[str]:
    yield from (f"### {title}", "", _said(section), "", *_keys(section), "")


def _design(design: type[BaseModel]) -> Iterator[str]:
    kind = design.model_json_schema()["properties"]["kind"]["const"]
    yield from (f"### `{kind}`", "", _said(design), "", *_keys(design), "")
    yield from ("```toml", "[design]", f'kind = "{kind}"', EXAMPLES[design], "```", "")


def _said(section: type[BaseModel]) -> str:
    return " ".join((inspect.getdoc(section) or "").split())


def _keys(section: type[BaseModel]) -> Iterator[str]:
    yield from ("| key | value | left out | meaning |", "| --- | --- | --- | --- |")
    schema = section.model_json_schema()
    for name, said in schema["properties"].items():
        if name == "kind" and "const" in said:
            continue
        default = section.model_fields[name].get_default(call_default_factory=True)
        given = "required" if name in schema.get("required", ()) else _shown(default)
        meaning = " ".join(said.get("description", "").split())
        cells = (f"`{name}`", _type(said, schema.get("$defs", {})), given, meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(default: object) -> str:
    if isinstance(default, BaseModel):
        return f"`{default.model_dump(exclude_none=True)}`"
    return (
        "" if default in ("", None, [], {}) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    )


WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true/false", "object": "section"}


def _type(said: dict[str, Any], defs: dict[str, Any]) -> str:
    """A type of JSON Schema in words."""
    if "$ref" in said:
        found = defs[said["$ref"].rpartition("/")[2]]
        return "section" if found.get("type") == "object" else _type(found, defs)
    if "enum" in said:
        return " or ".join(f"`{word}`" for word in said["enum"])
    if "const" in said:
        return f"`{said['const']}`"
    if options := said.get("anyOf") or said.get("oneOf"):
        words = [_type(option, defs) for option in options if option.get("type") != "null"]
        return "any value" if len(words) > 3 else " or ".join(dict.fromkeys(words))
    if said.get("type") == "array":
        return f"list of {_type(said.get('items', {}), defs).removeprefix('any ')}s"
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = ", ".join(f"{sign} {said[key]:g}" for key, sign in signs.items() if abs(said.get(key, 1e9)) < 1e9)
    return f"{WORDS[said['type']]}{f' {bounds}' if bounds else ''}"
