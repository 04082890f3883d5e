"""Result tables as they are declared: columns in order, each of its type, from whatever they were made or read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from planner.results.schema import EVERY_TABLE, Kind

DTYPES = {Kind.TEXT: "str", Kind.YEAR: "int64", Kind.QUARTER: "Int64"}
"""Kind of a column -> the type of its cells; of all others: float64."""


class ReadTables(dict[str, pd.DataFrame]):
    """Tables by name; its text is their names."""

    def __repr__(self) -> str:
        return names_of_tables(self)


def names_of_tables(tables: Iterable[str]) -> str:
    """The text of tables by name."""
    return f"Tables({', '.join(tables)})"


def typed_tables(tables: Mapping[str, pd.DataFrame]) -> ReadTables:
    """Result tables, typed."""
    return ReadTables((name, typed_table(name, table)) for name, table in tables.items())


def typed_table(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """A result table, typed: texts have no blanks, a year has none but that of what is scarce in no year.

    Raises ValueError for a table that no run has, and for words where a number should be."""
    if name not in EVERY_TABLE:
        raise ValueError(f"tables/{name}.csv: is no table of a run")
    wrong = {}
    for column in EVERY_TABLE[name].columns:
        if column.name not in table:
            continue
        cells = table[column.name]
        dtype = DTYPES.get(column.kind, "float64")
        if cells.dtype == dtype or (column.kind is Kind.YEAR and cells.dtype == "Int64"):
            continue
        wrong[column.name] = dtype
    return table.astype(wrong) if wrong else table


def empty_table(name: str) -> pd.DataFrame:
    """A result table without rows."""
    columns = [column.name for column in EVERY_TABLE[name].columns if not column.optional]
    return typed_table(name, pd.DataFrame(columns=columns))
