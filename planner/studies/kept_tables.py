"""Tables in the folder of a study: Parquet where pyarrow is installed, else CSV, with the same cells to the last digit."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from planner.late import late
from planner.results.folders import write_whole

TEXTS = frozenset({"point", "settings"})
"""Columns of words that a design has whatever the study."""


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table, whole or not at all, in the form that its name says; one of the other form goes."""
    if path.suffix == ".csv":
        write_whole(path, lambda fresh: table.to_csv(fresh, index=False, lineterminator="\n"))
    else:
        write_whole(path, lambda fresh: table.to_parquet(fresh, index=False, compression="zstd"))
    _of_other_form(path).unlink(missing_ok=True)


def read_table(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """The table of that name, or of the other form where it was written elsewhere. texts: columns of words beside `TEXTS`.

    Raises FileNotFoundError where neither is there, NotInstalledError for Parquet without pyarrow, OSError, ValueError.
    """
    written = path if path.exists() else _of_other_form(path)
    if written.suffix == ".parquet":
        late("pyarrow")
        return pd.read_parquet(written)
    names = pd.read_csv(written, nrows=0).columns
    words = [name for name in names if name in TEXTS or name in texts]
    table = pd.read_csv(
        written, dtype=dict.fromkeys(words, "str"), keep_default_na=False, na_values=[""]
    )
    for name in words:
        table[name] = table[name].astype("str")
    return table


def remove_table(path: Path) -> None:
    """Remove a table, in either form, if it is there."""
    path.unlink(missing_ok=True)
    _of_other_form(path).unlink(missing_ok=True)


def _of_other_form(path: Path) -> Path:
    return path.with_suffix(".parquet" if path.suffix == ".csv" else ".csv")
