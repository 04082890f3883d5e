"""Tables of a case as data frames. Loaded on first use: pandas takes as long as to load a case."""

from __future__ import annotations

import pandas as pd

from planner.data.case import Case, known_table
from planner.data.describe import field_type
from planner.data.schema import CARRIED, Table


def frame_of(case: Case, table: str) -> pd.DataFrame:
    """The rows of a table, in the columns of the data dictionary and the carried ones; see `Case.frame`.

    Raises InputError for an unknown table.
    """
    return pd.DataFrame(
        {
            column: pd.Series([_or_none(getattr(row, column)) for row in case.tables.rows(table)], dtype=dtype)
            for column, dtype in _dtypes(known_table(table)).items()
        }
    )


def _dtypes(table: Table) -> dict[str, str]:
    """pandas types of the columns of a table; those that may be blank take NA."""
    plain = {"integer": "int64", "number": "float64", "boolean": "bool", "string": "str"}
    with_na = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}
    fields = {name: table.row.model_fields[name] for name in (*table.row.columns(), *CARRIED)}
    return {name: (with_na if f.default is None else plain)[field_type(f)] for name, f in fields.items()}


def _or_none(value: object) -> object:
    return None if value in ("", ()) else ";".join(value) if isinstance(value, tuple) else value
