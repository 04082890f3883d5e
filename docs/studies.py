"""The reference of study files, a page in Markdown made of the declarations that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from planner.results.study import MEANINGS
from planner.studies.outcomes import TABLES
from planner.studies.study_file import study_schema

SECTIONS = {
    "StudyFile": "The file",
    "Uncertainty": "`[[uncertainties]]`",
    "Distribution": "`distribution` of an uncertainty",
    "Address": "`also` of an uncertainty",
    "StudyLever": "`[[levers]]`",
    "Option": "`[[levers.options]]`",
    "Setting": "`changes` of an option",
    "Correlated": "`[[correlated]]`",
}
"""Declaration -> its heading."""
DESIGNS = {
    "OneAtATime": "levels = 3",
    "Grid": "levels = 4\nfraction = 0.5\nseed = 1",
    "LatinHypercube": "points = 64\nseed = 1",
    "Sobol": "points = 64\nsecond_order = true\nseed = 1",
    "Morris": "trajectories = 20\nlevels = 4\nseed = 1",
    "PointList": 'file = "points.csv"',
    "FrontierDesign": "scale = [0.0, 1.5]",
}
"""Declaration -> keys of the design, as one would write them."""
Schema = dict[str, Any]


def reference_page() -> str:
    """models/studies/REFERENCE.md."""
    text = Path(__file__).with_name("studies.md").read_text(encoding="utf-8")
    schema = study_schema()
    said: dict[str, Schema] = {"StudyFile": schema, **schema["$defs"]}
    designs = [(said[name], said[name]["properties"]["kind"]["const"], example) for name, example in DESIGNS.items()]
    parts = {
        "[[sections]]": [line for name, title in SECTIONS.items() for line in _section(title, said[name], said)],
        "[[designs]]": [
            line
            for design, kind, example in designs
            for line in (
                *_section(f"`{kind}`", design, said),
                *("```toml", "[design]", f'kind = "{kind}"', example, "```", ""),
            )
        ],
        "[[outcomes]]": ["| outcome | meaning |", "| --- | --- |", *(f"| `{n}` | {m} |" for n, m in MEANINGS.items())],
        "[[tables]]": [", ".join(f"`{name}`" for name in TABLES)],
    }
    for mark, lines in parts.items():
        text = text.replace(mark, "\n".join(lines).strip())
    return text


def _section(title: str, section: Schema, said: Mapping[str, Schema]) -> Iterator[str]:
    yield from (f"### {title}", "", " ".join(section["description"].split()), "", *_keys(section, said), "")


def _keys(section: Schema, said: Mapping[str, Schema]) -> Iterator[str]:
    yield from ("| key | value | left out | meaning |", "| --- | --- | --- | --- |")
    for name, key in section["properties"].items():
        if name == "kind" and "const" in key:
            continue
        given = "required" if name in section.get("required", ()) else _shown(key.get("default"))
        cells = (f"`{name}`", _type(key, said), given, " ".join(key.get("description", "").split()))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(default: object) -> str:
    if isinstance(default, dict) and default:
        return f"`{ {key: value for key, value in default.items() if value is not None} }`"
    return (
        "" if default in ("", None, [], {}) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    )


WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true/false", "object": "section"}


def _type(said: Schema, defs: Mapping[str, Schema]) -> str:
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
