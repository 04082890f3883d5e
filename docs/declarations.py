"""What is declared, as pages in Markdown: the data dictionary in `inputs/README.md`, result tables in
`reports/README.md`, and the reference of study files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic.fields import FieldInfo

from planner.data.export import PERIOD, choices_of, field_type
from planner.data.schema import TABLES, Table
from planner.results.schema import EVERY_TABLE
from planner.results.study import MEANINGS
from planner.studies.outcomes import TABLES as KEPT
from planner.studies.study_file import study_schema


def dictionary() -> str:
    """Every table: meaning, key, and a row per column with type, unit, default, bounds and meaning."""
    return "\n".join(line for table in TABLES for line in _table(table))


def _table(table: Table) -> Iterator[str]:
    yield f"### `{table.name}`{'' if table.required else ' (optional)'}"
    yield ""
    key = ", ".join(f"`{column}`" for column in table.key)
    yield f"{table.meaning[0].upper()}{table.meaning[1:]}. A row is identified by {key}."
    yield ""
    yield "| column | type | unit | default | bounds | meaning |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name in table.row.columns():
        yield _column(name, table.row.model_fields[name])
    yield ""


def _column(name: str, field: FieldInfo) -> str:
    extra: Any = field.json_schema_extra
    cells = [
        f"`{name}`",
        _type(field),
        extra["unit"],
        _default(field),
        _bounds(field),
        str(field.description),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(field: FieldInfo) -> str:
    if choices := choices_of(field):
        return " or ".join(f"`{choice}`" for choice in choices)
    if get_origin(field.annotation) is tuple:
        return "list"
    words = {"number": "number", "integer": "whole number", "boolean": "true/false", "string": "text"}
    return {**words, PERIOD: "year or quarter"}[field_type(field)]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, "", ()):
        return "blank"
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def _bounds(field: FieldInfo) -> str:
    words = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    found = [
        f"{sign} {getattr(bound, key):g}"
        for bound in field.metadata
        for key, sign in words.items()
        if hasattr(bound, key) and abs(getattr(bound, key)) < 1e12
    ]
    return ", ".join(found)


def results_page() -> str:
    """The dictionary of result tables in Markdown."""
    return "\n".join(_results()) + "\n"


def _results() -> Iterator[str]:
    yield "# Runs: what a run folder holds"
    yield ""
    yield "`summary.json` has the figures, `inputs/` the case as it was read, `tables/` the result tables below as CSV."
    yield "Tonnes are of oxide; for metal and magnets, of the oxide they contain. Money is real MUSD of the case's base"
    yield "year. `SHA256SUMS` has the digest of each of these files, as `sha256sum --check` reads it: a run that was"
    yield "changed since is refused by every command but `replay`, which tells what differs."
    yield "A committed example is in [`reference/starter-base`](reference/starter-base)."
    for table in EVERY_TABLE.values():
        yield from ("", f"## `{table.name}`", "", f"{table.meaning[0].upper()}{table.meaning[1:]}.", "")
        yield "| column | type | unit | heading | meaning |"
        yield "| --- | --- | --- | --- | --- |"
        for column in table.columns:
            meaning = f"{column.meaning} (optional)" if column.optional else column.meaning
            cells = (f"`{column.name}`", column.kind, column.unit, column.heading, meaning)
            yield f"| {' | '.join(cells)} |"


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
        "[[tables]]": [", ".join(f"`{name}`" for name in KEPT)],
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
        cells = (f"`{name}`", _type_in_words(key, said), given, " ".join(key.get("description", "").split()))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(default: object) -> str:
    if isinstance(default, dict) and default:
        return f"`{ {key: value for key, value in default.items() if value is not None} }`"
    return (
        "" if default in ("", None, [], {}) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    )


WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true/false", "object": "section"}


def _type_in_words(said: Schema, defs: Mapping[str, Schema]) -> str:
    """A type of JSON Schema in words."""
    if "$ref" in said:
        found = defs[said["$ref"].rpartition("/")[2]]
        return "section" if found.get("type") == "object" else _type_in_words(found, defs)
    if "enum" in said:
        return " or ".join(f"`{word}`" for word in said["enum"])
    if "const" in said:
        return f"`{said['const']}`"
    if options := said.get("anyOf") or said.get("oneOf"):
        words = [_type_in_words(option, defs) for option in options if option.get("type") != "null"]
        return "any value" if len(words) > 3 else " or ".join(dict.fromkeys(words))
    if said.get("type") == "array":
        return f"list of {_type_in_words(said.get('items', {}), defs).removeprefix('any ')}s"
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = ", ".join(f"{sign} {said[key]:g}" for key, sign in signs.items() if abs(said.get(key, 1e9)) < 1e9)
    return f"{WORDS[said['type']]}{f' {bounds}' if bounds else ''}"
