"""Tables of a case as data frames. pandas takes as long to load as a case does: it is loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from pydantic.fields import FieldInfo

from planner.data.cells import CARRIED, Quarter, Row, text_of
from planner.data.change import known_table
from planner.data.lookups import Lookups
from planner.data.schema import Table

if TYPE_CHECKING:
    import pandas as pd

PERIOD = "period"


def frame_of(case: Lookups, table: str) -> pd.DataFrame:
    """The rows of a table, in the columns of the data dictionary and the carried ones; see `Case.frame`.

    Raises InputError for an unknown table.
    """
    pandas = import_module("pandas")
    known = known_table(table)
    rows = case.tables.rows(table)
    columns: dict[str, pd.Series[Any]] = {}
    for column, dtype in _dtypes(known, rows).items():
        cells = [_or_none(getattr(row, column)) for row in rows]
        columns[column] = pandas.Series(cells, dtype=dtype)
    frame: pd.DataFrame = pandas.DataFrame(columns)
    return frame


def _dtypes(table: Table, rows: Iterable[Row]) -> dict[str, str]:
    """pandas types of the columns of a table; those that may be blank take NA."""
    plain = {"integer": "int64", "number": "float64", "boolean": "bool", "string": "str"}
    with_na = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}
    fields = {name: table.row.model_fields[name] for name in (*table.row.columns(), *CARRIED)}
    kinds = {name: field_type(f) for name, f in fields.items()}
    for name in (name for name, kind in kinds.items() if kind == PERIOD):
        quartered = any(isinstance(getattr(row, name), Quarter) for row in rows)
        kinds[name] = "string" if quartered else "integer"
    return {
        name: (with_na if f.default is None else plain)[kinds[name]] for name, f in fields.items()
    }


def _or_none(value: object) -> object:
    if value in ("", ()):
        return None
    return text_of(value) if isinstance(value, tuple | Quarter) else value


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
