"""Tables of a case as data frames. Loaded on first use: pandas takes as long as to load a case."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from planner.data.case import Case, known_table
from planner.data.cells import CARRIED, Quarter, Row, text_of
from planner.data.describe import PERIOD, field_type
from planner.data.schema import Table


def frame_of(case: Case, table: str) -> pd.DataFrame:
    """The rows of a table, in the columns of the data dictionary and the carried ones; see `Case.frame`.

    Raises InputError for an unknown table.
    """
    rows = case.tables.rows(table)
    return pd.DataFrame(
        {
            column: pd.Series([_or_none(getattr(row, column)) for row in rows], dtype=dtype)
            for column, dtype in _dtypes(known_table(table), rows).items()
        }
    )


def _dtypes(table: Table, rows: Iterable[Row]) -> dict[str, str]:
    """pandas types of the columns of a table; those that may be blank take NA."""
    plain = {"integer": "int64", "number": "float64", "boolean": "bool", "string": "str"}
    with_na = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}
    fields = {name: table.row.model_fields[name] for name in (*table.row.columns(), *CARRIED)}
    kinds = {name: field_type(f) for name, f in fields.items()}
    for name in (name for name, kind in kinds.items() if kind == PERIOD):
        quartered = any(isinstance(getattr(row, name), Quarter) for row in rows)
        kinds[name] = "string" if quartered else "integer"
    return {name: (with_na if f.default is None else plain)[kinds[name]] for name, f in fields.items()}


def _or_none(value: object) -> object:
    return None if value in ("", ()) else text_of(value) if isinstance(value, tuple | Quarter) else value
