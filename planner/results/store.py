"""Run folders: written whole or not at all, read back as values.

RUN/summary.json     figures, certificate, versions
RUN/tables/*.csv     result tables
RUN/inputs/*.csv     the case as it was read, and model.toml: enough to solve it again
RUN/report.*         pages, written by planner.reporting
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from planner.config import ModelFile
from planner.data.case import Case
from planner.data.load import load
from planner.data.schema import CARRIED
from planner.data.tables import TABLES
from planner.errors import RunFolderError
from planner.results.plan import TEXT_COLUMNS, PlanValues
from planner.results.status import Status

SUMMARY = "summary.json"
Fill = Callable[[Path], None]


def write_run(plan: PlanValues, folder: Path, pages: Fill) -> Path:
    """Write a run folder: tables and inputs, then what `pages` adds, then the summary. Replaces an older run.

    Everything is written beside the target and moved there at the end, so the folder is whole or as before.
    Raises RunFolderError if the target is something else than a run folder, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and not _is_run(folder):
        raise RunFolderError(f"{folder}: exists and is not a run folder; choose another with --out")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            fresh = Path(scratch) / "run"
            fresh.mkdir()
            _fill(plan, fresh, pages)
            _swap(fresh, folder, Path(scratch) / "old")
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return folder


def _is_run(folder: Path) -> bool:
    return folder.is_dir() and ((folder / SUMMARY).exists() or not any(folder.iterdir()))


def _fill(plan: PlanValues, folder: Path, pages: Fill) -> None:
    started = perf_counter()
    write_case(plan.case, folder / "inputs")
    if plan.tables:
        (folder / "tables").mkdir()
        for name, table in plan.tables.items():
            table.to_csv(folder / "tables" / f"{name}.csv", index=False, lineterminator="\n")
        pages(folder)
    seconds = plan.summary["seconds"] | {"report": round(perf_counter() - started, 3)}
    (folder / SUMMARY).write_text(summary_json(plan.summary | {"seconds": seconds}), encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        with suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def refresh_pages(folder: Path, pages: Fill) -> None:
    """Write the pages of a run folder again; each file is replaced whole. Raises RunFolderError."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.resolve().parent) as scratch:
            pages(Path(scratch))
            for path in sorted(Path(scratch).iterdir()):
                path.replace(folder / path.name)
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error


def summary_json(summary: dict[str, Any]) -> str:
    """summary.json as text."""
    return json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_case(case: Case, folder: Path) -> None:
    """Write the tables of a case as CSV and its model file as `model.toml`; loading them gives the same case."""
    folder.mkdir(parents=True)
    for table in TABLES:
        rows = case.tables.rows(table.name)
        if not rows and not table.required:
            continue
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            columns = [*table.row.columns(), *CARRIED]
            writer.writerow(columns)
            writer.writerows([_cell(getattr(row, column)) for column in columns] for row in rows)
    (folder / "model.toml").write_text(model_toml(case.model), encoding="utf-8")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return ";".join(value) if isinstance(value, tuple) else str(value)


def model_toml(model: ModelFile) -> str:
    """A model file as TOML with every key set."""
    lines: list[str] = []
    sections: list[str] = []
    for key, value in model.model_dump(mode="json", exclude_none=True).items():
        if isinstance(value, dict):
            sections += ["", f"[{key}]", *(f"{inner} = {_toml(v)}" for inner, v in value.items())]
        else:
            lines.append(f"{key} = {_toml(value)}")
    return "\n".join([*lines, *sections]) + "\n"


def _toml(value: object) -> str:
    # JSON texts, numbers, booleans and lists of them are TOML too.
    return json.dumps(value, ensure_ascii=False)


def read_run(folder: str | Path) -> PlanValues:
    """Read a run folder back. Raises RunFolderError if it is none."""
    folder = Path(folder)
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        tables = {path.stem: _read_table(path) for path in sorted((folder / "tables").glob("*.csv"))}
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: is not a run folder: {error}") from error
    case = replace(load(folder / "inputs"), name=summary["case"])
    return PlanValues(case, Status(summary["status"]), summary, tables)


def _read_table(path: Path) -> pd.DataFrame:
    """A result table with ids as text, whatever they look like, and numbers to the last digit."""
    ids = dict.fromkeys(TEXT_COLUMNS, str)
    table = pd.read_csv(path, dtype=ids, keep_default_na=False, na_values={"year": [""]})
    return table.astype({"year": "Int64"}) if path.stem == "shadow_prices" else table
