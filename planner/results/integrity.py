"""A run folder held against what was written: the digests of its files, and the form of its summary and tables.

The record of digests (`planner.results.folders`) tells of accidents and of edits by hand; who renews it as well is found
out by `planner replay`, which solves the run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.results.folders import SHOWN, SUMS, current_sums, recorded_sums
from planner.results.schema import LATER_TABLES, RESULT_TABLES, SCHEDULE

ASKED_LATER = (
    "explain.json",
    "evaluation.json",
    "removals.json",
    "coverage.json",
    *(f"tables/{name}.csv" for name in LATER_TABLES),
)
"""Files that may be gone: they can be asked for again."""
_DESCRIBED = {"model": dict, "seconds": dict, "versions": dict, "goal": str, "inputs_sha256": str}
"""Keys that every summary has beside the figures, and their types."""


def changed_files(folder: Path) -> list[str]:
    """Files of a run that were changed, taken away or added since it was written, a line each; its pages do not count.

    Raises RunFolderError if nobody can tell.
    """
    return changes_since_written(folder, current_sums(folder))


def changes_since_written(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """Files of a folder that have changed since it was written. digests: present ones, by name."""
    if not (folder / SUMS).is_file():
        raise RunFolderError(
            f"{folder}: holds no {SUMS}, so nobody can tell whether it is as it was written; solve the case again"
        )
    written = recorded_sums(folder)
    messages = []
    for name in filter(_counts, written):
        if name in digests and digests[name] != written[name]:
            messages.append(f"{name}: was changed")
        elif name not in digests and name not in ASKED_LATER:
            messages.append(f"{name}: is missing")
    for name in filter(_counts, digests):
        if name not in written:
            messages.append(f"{name}: was added")
    return messages


def _counts(name: str) -> bool:
    """Summary, solution, inputs and tables say what a run is; pages and what others put there do not."""
    folder, _, rest = name.rpartition("/")
    return folder in ("inputs", "tables") if folder else rest.endswith((".json", ".npy"))


def misfits(
    case: Case, summary: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]
) -> list[str]:
    """Parts of a run that are not of its form or not of its inputs, a line each."""
    messages = list(_of_summary(summary))
    if messages:
        return messages
    if case.sha256 != summary["inputs_sha256"]:
        return ["inputs/: are not what the run was solved from (inputs_sha256 differs)"]
    return list(_of_tables(tables)) if "risk_musd" in summary or tables else []


def _of_summary(summary: Mapping[str, Any]) -> Iterator[str]:
    """Keys of a summary that are missing or hold no value of their kind."""
    for key, kind in _DESCRIBED.items():
        if key not in summary:
            yield f"summary.json: {key}: is missing"
        elif not _is_plain(summary[key], kind):
            yield f"summary.json: {key}: is not right"
    for key, value in summary.items():
        if key.endswith("_musd") and not isinstance(value, dict):
            is_figure = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not is_figure:
                yield f"summary.json: {key}: is not right"


def _is_plain(value: object, kind: type) -> bool:
    """A value is of a kind; a dictionary holds nothing but figures and texts."""
    if not isinstance(value, kind):
        return False
    inner = value.values() if isinstance(value, dict) else ()
    return all(one is None or isinstance(one, int | float | str) for one in inner)


def _of_tables(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Tables and columns that are missing or of another type than declared."""
    for name, declared in RESULT_TABLES.items():
        if name not in tables and name == SCHEDULE:
            continue
        if name not in tables:
            yield f"tables/{name}.csv: is missing"
            continue
        table = tables[name]
        for column in declared.columns:
            where = f"tables/{name}.csv: {column.name}"
            if column.name not in table:
                if not column.optional:
                    yield f"{where}: is missing"
            elif len(table) and not column.is_text and not is_numeric_dtype(table[column.name]):
                yield f"{where}: holds something else than figures"


def refuse_if(folder: Path, messages: list[str]) -> None:
    """Raise RunFolderError if there are messages about a run."""
    if not messages:
        return
    more = [f"and {len(messages) - SHOWN} more"] if len(messages) > SHOWN else []
    listed = "\n".join(f"  {line}" for line in [*messages[:SHOWN], *more])
    remedy = "solve the case again; `planner replay` tells what else differs"
    raise RunFolderError(f"{folder}: is not as it was written; {remedy}:\n{listed}")
