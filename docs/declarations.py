"""What is declared, as pages in Markdown: the formulation, the data dictionary in `inputs/README.md`, result tables in
`reports/README.md`, and the reference of study files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic.fields import FieldInfo

from planner.config import ModelFile
from planner.data.export import choices_of
from planner.data.frames import PERIOD, field_type
from planner.data.schema import BY_NAME, TABLES, Table
from planner.formulation.declarations import Equation, Variable, cell
from planner.formulation.whole_program import EQUATIONS, VARIABLES
from planner.results.schema import EVERY_TABLE
from planner.results.study import MEANINGS
from planner.studies.study_file import study_schema

HERE = Path(__file__).parent
SYMBOLS = tomllib.loads((HERE / "symbols.toml").read_text(encoding="utf-8"))
"""Rows of the page's symbols: `sets`, `data` with their cells, and what is `derived` of data and variables."""


def formulation_page() -> str:
    """The specification that a modeller reads."""
    defaults = ", ".join(
        f"`{key}` {_shown(value)}" for key, value in ModelFile().flat().items() if _shown(value)
    )
    text = (HERE / "formulation.md").read_text(encoding="utf-8")
    parts = {"defaults": [defaults], "symbols": _symbols(), "equations": _equations()}
    for name, lines in parts.items():
        text = text.replace(f"[[{name}]]", "\n".join(lines).strip())
    return text


def _symbols() -> Iterator[str]:
    yield from (
        "## Symbols",
        "",
        "### Sets and indices",
        "",
        "| symbol | meaning |",
        "| --- | --- |",
    )
    for latex, meaning in SYMBOLS["sets"]:
        yield f"| ${latex}$ | {meaning} |"
    yield ""
    yield from (
        "### Data",
        "",
        "| symbol | from | unit there | meaning |",
        "| --- | --- | --- | --- |",
    )
    for latex, meaning, *cells in SYMBOLS["data"]:
        places = ", ".join(f"`{text}`" for text in cells)
        yield f"| ${latex}$ | {places} | {_unit(cells)} | {meaning} |"
    yield ""
    yield from (
        "### Variables",
        "",
        "| symbol | name | unit | at most | meaning |",
        "| --- | --- | --- | --- | --- |",
    )
    for variable in VARIABLES:
        limit = "free" if variable.free else f"${variable.limit}$" if variable.limit else ""
        yield f"| ${indexed(variable)}$ | `{variable.name}` | {variable.unit} | {limit} | {variable.meaning} |"
    yield ""
    yield "All are at least 0 but $y$, which is free."
    yield ""
    yield from ("### Derived", "")
    for latex, meaning, unit, formula in SYMBOLS["derived"]:
        yield f"{meaning[0].upper()}{meaning[1:]} ({unit}):"
        yield from _block(f"{latex} = {formula}")


def indexed(variable: Variable) -> str:
    """A variable with its index, on the trees of the page: accounts are those of histories."""
    letters = ",".join("n" if letter == "a" else letter for letter in variable.letters)
    return f"{variable.symbol}_{{{letters}}}" if letters else variable.symbol


def _unit(cells: list[str]) -> str:
    units = []
    for table, column, _ in map(cell, cells):
        extra: Any = (
            BY_NAME[table].row.model_fields[column].json_schema_extra
            if table != "model"
            else {"unit": ""}
        )
        units.append(str(extra["unit"]))
    return ", ".join(dict.fromkeys(unit for unit in units if unit))


def _block(latex: str) -> Iterator[str]:
    yield from ("", "```math", latex, "```", "")


def _equations() -> Iterator[str]:
    for equation in EQUATIONS:
        yield f"### `{equation.name}`"
        yield ""
        yield f"{equation.meaning[0].upper()}{equation.meaning[1:]}{_each(equation)}. In `{equation.rule.__module__}`."
        yield from _block(equation.latex)


def _each(equation: Equation) -> str:
    return f", for every {equation.each}" if equation.each else ""


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
    words = {
        "number": "number",
        "integer": "whole number",
        "boolean": "true/false",
        "string": "text",
    }
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
    yield "A committed example is in [`reference/starter-base`](reference/starter-base); `planner report` of it writes its page."
    yield ""
    yield "`planner evaluate` with a register writes `evaluation.json`: under `plan`, `without_plan` and `difference` the risk, the"
    yield "expected loss and the CVaR with 95 % intervals, of the policy and with each scenario foreseen; under `ranges` the plan's"
    yield "risk by the best and the worst `odds` and by `losses` per kg at both ends (null without bounds or ends); and with `--gap`"
    yield "the `optimality_gap`, its mean `value` and the 95 % bound `high`. `planner explain` writes `explain.json`, `planner coverage`"
    yield "`coverage.json`."
    for table in EVERY_TABLE.values():
        yield from (
            "",
            f"## `{table.name}`",
            "",
            f"{table.meaning[0].upper()}{table.meaning[1:]}.",
            "",
        )
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
    "StudyLever": "`[[levers]]`",
    "Option": "`[[levers.options]]`",
}
"""Declaration -> its heading."""
DESIGNS = {
    "OneAtATime": "levels = 3",
    "Grid": "levels = 4",
    "LatinHypercube": "points = 64\nseed = 1",
    "Sobol": "points = 64\nseed = 1",
    "PointList": 'file = "points.csv"',
}
"""Declaration -> keys of the design, as one would write them."""
Schema = dict[str, Any]


def reference_page() -> str:
    """models/studies/REFERENCE.md."""
    text = (HERE / "studies.md").read_text(encoding="utf-8")
    schema = study_schema()
    said: dict[str, Schema] = {"StudyFile": schema, **schema["$defs"]}
    designs = [
        (said[name], said[name]["properties"]["kind"]["const"], example)
        for name, example in DESIGNS.items()
    ]
    parts = {
        "[[sections]]": [
            line for name, title in SECTIONS.items() for line in _section(title, said[name], said)
        ],
        "[[designs]]": [
            line
            for design, kind, example in designs
            for line in (
                *_section(f"`{kind}`", design, said),
                *("```toml", "[design]", f'kind = "{kind}"', example, "```", ""),
            )
        ],
        "[[outcomes]]": [
            "| outcome | meaning |",
            "| --- | --- |",
            *(f"| `{n}` | {m} |" for n, m in MEANINGS.items()),
        ],
    }
    for mark, lines in parts.items():
        text = text.replace(mark, "\n".join(lines).strip())
    return text


def _section(title: str, section: Schema, said: Mapping[str, Schema]) -> Iterator[str]:
    yield from (
        f"### {title}",
        "",
        " ".join(section["description"].split()),
        "",
        *_keys(section, said),
        "",
    )


def _keys(section: Schema, said: Mapping[str, Schema]) -> Iterator[str]:
    yield from ("| key | value | left out | meaning |", "| --- | --- | --- | --- |")
    for name, key in section["properties"].items():
        if name == "kind" and "const" in key:
            continue
        given = "required" if name in section.get("required", ()) else _shown(key.get("default"))
        given = f"`{given}`" if given not in ("", "required") else given
        cells = (
            f"`{name}`",
            _type_in_words(key, said),
            given,
            " ".join(key.get("description", "").split()),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(value: object) -> str:
    """A value as files state it; nothing where there is none."""
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, dict):
        value = {key: of for key, of in value.items() if of is not None}
    return (
        ""
        if value in ("", None, [], {})
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true/false",
    "object": "section",
}


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
    bounds = ", ".join(
        f"{sign} {said[key]:g}" for key, sign in signs.items() if abs(said.get(key, 1e9)) < 1e9
    )
    return f"{WORDS[said['type']]}{f' {bounds}' if bounds else ''}"
