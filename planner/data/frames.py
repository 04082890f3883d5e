"""Tables of a case as data frames. pandas takes as long to load as a case does: it is loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo

from planner.cells import CARRIED, Quarter, Row, text_of, types_in
from planner.data.change import known_table
from planner.data.schema import Table
from planner.errors import Fault
from planner.late import late

if TYPE_CHECKING:
    import pandas as pd

    from planner.data.case import Case

PERIOD = "period"
PLAIN = {"integer": "int64", "number": "float64", "boolean": "bool", "string": "str"}
WITH_NA = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}
"""pandas types of the types of columns, without and with cells that may be blank."""


def frame_of(case: Case, table: str) -> pd.DataFrame:
    """The rows of a table, in the columns of the data dictionary and the carried ones; see `Case.table`.

    Raises InputError for an unknown table.
    """
    pandas = late("pandas")
    known = known_table(table)
    rows = case.tables.rows(table)
    columns: dict[str, pd.Series[Any]] = {}
    for column, dtype in _dtypes(known, rows).items():
        cells = [_or_none(getattr(row, column)) for row in rows]
        columns[column] = pandas.Series(cells, dtype=dtype)
    frame: pd.DataFrame = pandas.DataFrame(columns)
    return frame


def frame_of_faults(faults: Iterable[Fault]) -> pd.DataFrame:
    """Faults or warnings, a row each."""
    columns = ["rule", "place", "line", "column", "message", "remedy"]
    rows = [[getattr(one, name) for name in columns] for one in faults]
    frame: pd.DataFrame = late("pandas").DataFrame(rows, columns=columns)
    return frame


def _dtypes(table: Table, rows: Iterable[Row]) -> dict[str, str]:
    """pandas types of the columns of a table; those that may be blank take NA."""
    dtypes: dict[str, str] = {}
    for name in (*table.row.columns(), *CARRIED):
        field = table.row.model_fields[name]
        kind = field_type(field)
        if kind == PERIOD:
            has_quarters = any(isinstance(getattr(row, name), Quarter) for row in rows)
            kind = "string" if has_quarters else "integer"
        names = PLAIN if field.default is not None else WITH_NA
        dtypes[name] = names[kind]
    return dtypes


def _or_none(value: object) -> object:
    if value in ("", ()):
        return None
    return text_of(value) if isinstance(value, tuple | Quarter) else value


def field_type(field: FieldInfo) -> str:
    """Type of a column: integer, number, boolean, string, or PERIOD, a year or a quarter."""
    types = types_in(field.annotation)
    if Quarter in types:
        return PERIOD
    if bool in types:
        return "boolean"
    if int in types:
        return "integer"
    return "number" if float in types else "string"
