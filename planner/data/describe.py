"""The declarations of tables and model file for others: JSON Schema and Frictionless descriptors.

https://json-schema.org/draft/2020-12, https://specs.frictionlessdata.io/data-package
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from planner.config.model_file import ModelFile
from planner.data.cells import CARRIED, Quarter
from planner.data.checks import DEFINED, FIXED, REFERENCES
from planner.data.schema import TABLES, Table

LISTS_OF_NAMES = {("projects", "feeds"), ("funders", "countries"), ("hazards", "within")}
"""Columns that hold several names, which no foreign key of a table can follow."""
PERIOD = "period"
SHARED = {("feeds", "feed"), ("ramps", "ramp"), ("funders", "funder")}
"""Names that several rows share, so that they are no key of their table."""


def model_schema() -> dict[str, Any]:
    """JSON Schema of a model file."""
    schema = ModelFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Model file of the planner"}


def datapackage(name: str, headers: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, Any]:
    """Frictionless descriptor of a case folder; `headers` are those of the tables it has (None: all)."""
    wanted = [table for table in TABLES if headers is None or table.name in headers]
    present = {table.name for table in wanted}
    return {
        "name": "".join(c if (c.isascii() and c.isalnum()) or c in "-_." else "-" for c in name.casefold()),
        "title": name,
        "profile": "tabular-data-package",
        "resources": [
            {
                "name": table.name,
                "path": f"{table.name}.csv",
                "profile": "tabular-data-resource",
                "description": table.meaning,
                "format": "csv",
                "encoding": "utf-8",
                "schema": table_schema(table, present, (headers or {}).get(table.name, ())),
            }
            for table in wanted
        ],
    }


def table_schema(table: Table, present: set[str], header: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields in the order of the header (none: all), key and references of a table."""
    fields = [
        {"name": name, "type": "string", "description": "carried, never computed with"}
        if name in CARRIED
        else describe_column(name, table.row.model_fields[name])
        for name in header or (*table.row.columns(), *CARRIED)
    ]
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    # A primary key must be filled in every row, which a key with blanks for "all" is not.
    if all(table.row.model_fields[column].is_required() for column in table.key):
        schema["primaryKey"] = list(table.key)
    keys = []
    for source, column, kind in REFERENCES:
        defined = DEFINED.get(kind)
        if source == table.name and defined and defined[0] in present and defined not in SHARED:
            optional = not table.row.model_fields[column].is_required()
            if (source, column) not in LISTS_OF_NAMES and not optional and (not header or column in header):
                keys.append({"fields": column, "reference": {"resource": defined[0], "fields": defined[1]}})
    if keys:
        schema["foreignKeys"] = keys
    return schema


def describe_column(name: str, field: FieldInfo) -> dict[str, Any]:
    """One Frictionless field: name, type, meaning, unit and bounds."""
    extra: Any = field.json_schema_extra
    kind = field_type(field)
    out: dict[str, Any] = {"name": name, "type": kind, "description": str(field.description)}
    if extra["unit"]:
        out["unit"] = extra["unit"]
    if kind == "boolean":
        out |= {"trueValues": ["true", "1", "yes"], "falseValues": ["false", "0", "no"]}
    limits: dict[str, Any] = {}
    if field.is_required():
        limits["required"] = True
    if kind == PERIOD:
        out["type"] = "string"
        limits["pattern"] = "[0-9]{1,4}|[0-9]{4}Q[1-4]"
    if choices := choices_of(field):
        limits["enum"] = list(choices)
    for bound in field.metadata:
        for key, word in (("ge", "minimum"), ("le", "maximum"), ("gt", "minimum")):
            if hasattr(bound, key):
                limits[word] = getattr(bound, key)
    if limits:
        out["constraints"] = limits
    return out


def field_type(field: FieldInfo) -> str:
    """Frictionless type of a column, or PERIOD: a year or a quarter."""
    parts = _types(field.annotation)
    if Quarter in parts:
        return PERIOD
    names = {bool: "boolean", int: "integer", float: "number"}
    return next((name for type_, name in names.items() if type_ in parts), "string")


def _types(annotation: Any) -> set[Any]:
    """All that an annotation is made of."""
    return {annotation}.union(*(_types(part) for part in get_args(annotation)))


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Words that a column is limited to; () if none."""
    for part in (field.annotation, *get_args(field.annotation)):
        if get_origin(part) is Literal:
            return tuple(str(choice) for choice in get_args(part))
    return ()


def list_source(table: str, column: str) -> tuple[str, str] | tuple[str, ...]:
    """Where the drop-down of a column takes its words from: a table and column, or fixed words; () if none."""
    for source, name, kind in REFERENCES:
        if (source, name) == (table, column) and (source, name) not in LISTS_OF_NAMES:
            return DEFINED.get(kind) or FIXED[kind]
    return ()
