"""The data dictionary in Markdown, from the declarations of the tables."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from planner.data.tables import TABLES, Table


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
        _type(field.annotation),
        extra["unit"],
        _default(field),
        _bounds(field),
        str(field.description),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type(get_args(annotation)[0])
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    if origin in (Union, types.UnionType):
        return _type(next(a for a in get_args(annotation) if a is not type(None)))
    if origin is tuple:
        return "list"
    return {float: "number", int: "whole number", bool: "true/false", str: "text"}[annotation]


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
