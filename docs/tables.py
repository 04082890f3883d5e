"""The data dictionary in `inputs/README.md`, and `reports/README.md`: tables and columns as they are declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_origin

from pydantic.fields import FieldInfo

from planner.data.export import PERIOD, choices_of, field_type
from planner.data.schema import TABLES, Table
from planner.results.schema import EVERY_TABLE


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
