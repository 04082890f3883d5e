"""Run folders: written whole or not at all, read back as values.

RUN/summary.json     figures, certificate, versions
RUN/tables/*.csv     result tables
RUN/solution.npy     columns and row duals of each phase, at which a later solve begins
RUN/inputs/*.csv     the case as it was read, and model.toml: enough to solve it again
RUN/report.*         pages, written by planner.reporting
RUN/SHA256SUMS       digests of all these, by which a run that was changed is known, and what is not the planner's

Text that a spreadsheet would take for a formula is written with an apostrophe before it, and read back without.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from planner.cells import armour, unarmour
from planner.data.case import Case
from planner.data.load import checked_case
from planner.data.sheets import leads_out
from planner.errors import RunFolderError
from planner.results.folders import (
    Fill,
    clear_leftovers,
    current_sums,
    fill_again,
    write_folder,
    write_json,
)
from planner.results.integrity import changed_files, changes_since_written, refuse_if
from planner.results.plan import Plan, Status
from planner.results.reader import read_amounts
from planner.results.schema import LATER_TABLES, RUN_FORMAT, TEXT_COLUMNS
from planner.results.typed import typed_tables

SUMMARY, SOLUTION = "summary.json", "solution.npy"
A_RUN = "a run folder"
MAKES_RUNS = "`planner solve --out FOLDER` and `plan.write(folder)` make one"
LONGEST_NAME, DIGITS_OF_LONG_NAMES = 120, 8
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RecursionError,
    ArithmeticError,
    MemoryError,
)
NO_ARRAY = (SyntaxError, TokenError)
"""Other errors of reading an array: its header is read as Python."""


def write_run(plan: Plan, folder: Path, pages: Fill | None = None, *, force: bool = False) -> Path:
    """Write a run folder: tables and inputs, the pages of a plan, then the summary. Replaces an older run.

    Everything is written beside the target and moved there at the end, so the folder is whole or as before.
    force: replace an older run even if somebody added or changed files in it. Raises RunFolderError if the target is
    something else than a run folder, holds such files, or cannot be written.
    """
    target = Path(folder)
    fill = partial(_fill, plan, pages)
    write_folder(target, SUMMARY, A_RUN, fill, force=force)
    return target


def default_folder(case: Case) -> Path:
    """reports/CASE-MODEL."""
    return Path("reports") / (file_name(f"{case.name}-{case.model.name}") or "run")


def file_name(text: str) -> str:
    """A name for a file, whatever the text holds: no part of it is taken for a path. '' if nothing is left. What is too
    long ends in digits of its own, so that two long names stay two."""
    name = re.sub(r"[^\w .()+-]", "_", text).strip(" .")
    if len(name) <= LONGEST_NAME:
        return name
    digits = hashlib.sha256(text.encode()).hexdigest()[:DIGITS_OF_LONG_NAMES]
    return f"{name[: LONGEST_NAME - len(digits) - 1]}-{digits}"


def _fill(plan: Plan, pages: Fill | None, folder: Path) -> None:
    """Write all that a run folder holds; the seconds of the reports stand in the summary, which is written last."""
    started = perf_counter()
    _refuse_other_tables(plan, folder)
    plan.case.write(folder / "inputs")
    if plan.point is not None:
        np.save(folder / SOLUTION, plan.point, allow_pickle=False)
    if plan.tables:
        (folder / "tables").mkdir()
        for name, table in plan.tables.items():
            write_table(name, table, folder)
    if pages is not None:
        pages(folder)
    seconds = plan.summary["seconds"] | {"report": round(perf_counter() - started, 3)}
    summary = plan.summary | {"seconds": seconds}
    write_json(summary, folder / SUMMARY)


def _refuse_other_tables(plan: Plan, folder: Path) -> None:
    """Raise RunFolderError unless the tables, read back, are the amounts that were verified."""
    if plan.tables and read_amounts(plan.case, plan.tables, plan.amounts.trees) != plan.amounts:
        raise RunFolderError(f"{folder}: its tables say something else than the plan")


def write_table(name: str, table: pd.DataFrame, folder: Path) -> None:
    """Write a result table into the folder of a run."""
    path = folder / "tables" / f"{name}.csv"
    _armoured(table).to_csv(path, index=False, lineterminator="\n")


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV."""
    return _armoured(table).to_csv(index=False, lineterminator="\n")


def _armoured(table: pd.DataFrame) -> pd.DataFrame:
    """A table of which no text, headings included, is taken for a formula."""
    safe = {}
    for name, column in table.items():
        is_figure = is_numeric_dtype(column)
        safe[armour(str(name))] = column if is_figure else column.map(_armoured_cell)
    return pd.DataFrame(safe)


def _armoured_cell(cell: object) -> object:
    return armour(cell) if isinstance(cell, str) else cell


def refresh_pages(folder: Path, pages: Fill, belongs_to: str = "") -> None:
    """Write the pages of a run folder again, all of them or none.

    belongs_to: the `fingerprint` of the run that they are of. Raises RunFolderError, also if another run is there now.
    """

    def fill(fresh: Path) -> None:
        digests = current_sums(folder)
        changed = changes_since_written(folder, digests)
        if changed or belongs_to not in ("", fingerprint(folder)):
            raise RunFolderError(
                f"{folder}: another run was put there meanwhile; nothing was written"
            )
        fill_again(folder, fresh, pages, digests)

    write_folder(folder, SUMMARY, A_RUN, fill, again=True)


def fingerprint(folder: Path) -> str:
    """SHA-256 of a run folder as it says of itself: summary, inputs and tables, not the pages made of them, nor the
    tables that may be asked for later."""
    found = hashlib.sha256()
    for path in [folder / SUMMARY, *_files(folder, "inputs"), *_files(folder, "tables")]:
        if path.parent.name == "tables" and path.stem in LATER_TABLES:
            continue
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def _files(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*"))


def read_run(folder: str | Path, *, as_written: bool = True) -> Plan:
    """Read a run folder back.

    as_written: refuse one that was changed since it was written.
    Raises RunFolderError if it is none, InputError if its inputs were damaged.
    """
    folder = Path(folder)
    clear_leftovers(folder)
    try:
        _refuse_what_is_no_run(folder)
        if as_written:
            refuse_if(folder, changed_files(folder))
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        status = Status(summary["status"])
        _refuse_older(folder, summary)
        name = str(summary["case"])
        tables = {
            path.stem: _read_table(path) for path in sorted((folder / "tables").glob("*.csv"))
        }
    except UNREADABLE as error:
        raise RunFolderError(f"{folder}: is not a run folder: {error}") from error
    case = replace(checked_case(folder / "inputs"), name=name)
    try:
        typed = typed_tables(tables)
    except ValueError as error:
        raise RunFolderError(f"{folder}: is not a run folder: {error}") from error
    point = _read_point(folder / SOLUTION)
    return Plan(case=case, status=status, summary=summary, tables=typed, point=point)


def _read_point(solution: Path) -> NDArray[np.float64] | None:
    """Columns and row duals at which a later solve begins; None of a run without. Raises RunFolderError."""
    if not solution.exists():
        return None
    try:
        point = np.load(solution, allow_pickle=False)
    except (*UNREADABLE, *NO_ARRAY):
        point = None
    if not isinstance(point, np.ndarray) or point.dtype != np.float64:
        raise RunFolderError(
            f"{solution}: is not the solution that the planner wrote; solve the case again"
        )
    return point


def _refuse_older(folder: Path, summary: Mapping[str, Any]) -> None:
    if summary.get("format") != RUN_FORMAT:
        inputs = folder / "inputs"
        again = f"`planner solve {inputs} --model {inputs / 'model.toml'} --out {folder} --force`"
        raise RunFolderError(
            f"{folder}: was written by another version of the planner; {again} makes it again"
        )


def _refuse_what_is_no_run(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if leads_out(path, folder):
            raise RunFolderError(f"{path}: is a link that leads out of the run folder")
        if not (path.is_file() or path.is_dir()):
            raise RunFolderError(f"{path}: is neither a file nor a folder; take it away")
    if not (folder / SUMMARY).is_file():
        raise RunFolderError(f"{folder}: is not a run folder: it holds no {SUMMARY}; {MAKES_RUNS}")


def _read_table(path: Path) -> pd.DataFrame:
    """A result table with ids as text, whatever they look like, and numbers to the last digit."""
    table = pd.read_csv(
        path,
        dtype=dict.fromkeys(TEXT_COLUMNS, str),
        keep_default_na=False,
        na_values={"year": [""], "quarter": [""]},
    )
    for column in table.columns.intersection(list(TEXT_COLUMNS), sort=False):
        places, words = pd.factorize(table[column])
        plain = pd.array([unarmour(word) for word in words.tolist()], dtype="str")
        table[column] = plain.take(places)
    may_be_blank = ["quarter", "year"] if path.stem == "shadow_prices" else ["quarter"]
    blank = table.columns.intersection(may_be_blank)
    return table.astype(dict.fromkeys(blank, "Int64"))
