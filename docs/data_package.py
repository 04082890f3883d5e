"""The Frictionless data package of the real case: what may be done with it, and the columns of each table.

https://specs.frictionlessdata.io/data-package
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from planner.cells import CARRIED
from planner.data.checks import DEFINED, REFERENCES, Reading
from planner.data.export import choices_of
from planner.data.frames import PERIOD, field_type
from planner.data.schema import TABLES, Table
from planner.data.sheets import read_folder

SHARED = {("feeds", "feed"), ("ramps", "ramp"), ("funders", "funder")}
"""Names that several rows share, so that they are no key of their table."""
LISTS_OF_NAMES = {("projects", "feeds"), ("funders", "countries"), ("hazards", "within")}
"""Columns that hold several names, so that none of them is a foreign key."""


def package_of(folder: Path) -> dict[str, Any]:
    """The data package of the real case."""
    reading = Reading()
    headers = {name: sheet.header for name, sheet in read_folder(folder, reading).items()}
    reading.refuse()
    found = datapackage(folder.name, headers)
    about = {
        "title": "Allied heavy rare earths: plants from mine to magnet, use, trade, people, money, hazards",
        "version": "3.0",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    }
    return {"name": found["name"], **about, **{key: found[key] for key in ("profile", "resources")}}


def datapackage(name: str, headers: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, Any]:
    """Frictionless descriptor of a case folder; `headers` are those of the tables it has (None: all)."""
    wanted = [table for table in TABLES if headers is None or table.name in headers]
    present = {table.name for table in wanted}
    resources: list[dict[str, Any]] = []
    for table in wanted:
        header = () if headers is None else headers[table.name]
        resource = {
            "name": table.name,
            "path": f"{table.name}.csv",
            "profile": "tabular-data-resource",
            "description": table.meaning,
            "format": "csv",
            "encoding": "utf-8",
            "schema": table_schema(table, present, header),
        }
        resources.append(resource)
    return {
        "name": re.sub("[^A-Za-z0-9_.-]", "-", name.casefold()),
        "title": name,
        "profile": "tabular-data-package",
        "resources": resources,
    }


def table_schema(table: Table, present: set[str], header: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields in the order of the header (none: all), key and references of a table."""
    fields: list[dict[str, Any]] = []
    for name in header or (*table.row.columns(), *CARRIED):
        field = {"name": name, "type": "string", "description": "carried, never computed with"}
        if name not in CARRIED:
            field = describe_column(name, table.row.model_fields[name])
        fields.append(field)
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    # A primary key must be filled in every row, which a key with blanks for "all" is not.
    if all(table.row.model_fields[column].is_required() for column in table.key):
        schema["primaryKey"] = list(table.key)
    references: list[dict[str, Any]] = []
    for column, (other, defining) in _foreign_keys(table):
        if other in present and (not header or column in header):
            reference = {"resource": other, "fields": defining}
            references.append({"fields": column, "reference": reference})
    if references:
        schema["foreignKeys"] = references
    return schema


def _foreign_keys(table: Table) -> Iterator[tuple[str, tuple[str, str]]]:
    """Columns of a table that always name one row of another, and the table and column that they name."""
    for source, column, kind in REFERENCES:
        defined = DEFINED.get(kind)
        if source != table.name or defined is None or defined in SHARED:
            continue
        # A list names several rows, a funder a country or a row of its own table.
        is_one = (source, column) not in (*LISTS_OF_NAMES, ("budgets", "funder"))
        if is_one and table.row.model_fields[column].is_required():
            yield column, defined


_BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "minimum"}


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
    choices = choices_of(field)
    if choices:
        limits["enum"] = list(choices)
    for bound in field.metadata:
        for name_of_bound, word in _BOUNDS.items():
            if hasattr(bound, name_of_bound):
                limits[word] = getattr(bound, name_of_bound)
    if limits:
        out["constraints"] = limits
    return out
