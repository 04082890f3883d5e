"""The folder of a study.

DIR/study.json        what was asked: the study file, seed, versions, input hashes, names of columns
DIR/inputs/           the case as it was read, and model.toml
DIR/design.parquet    every row of the design: its point and values
DIR/journal.db        every result as it came in, also of studies run here before; the only file written while running
DIR/results.parquet   every row of the design with status, message and all outcomes; written when all is done
DIR/plans.parquet     what the plan of each point decides, by year; likewise
DIR/checks.csv        points solved again from nothing: warm, cold, difference
DIR/report.html, tables/*.csv   from `planner study report`

Equal studies have equal bytes in all files but the journal, whatever was killed on the way.
"""

from __future__ import annotations

import json
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from planner.data.case import Case
from planner.data.cells import is_number
from planner.errors import RunFolderError
from planner.host import scratch_folder
from planner.results.folders import refuse_foreign, write_sums, write_whole
from planner.results.store import write_case
from planner.results.study import LIST_GROUPS, OPTIMAL
from planner.solving.highs import versions
from planner.studies.points import Point
from planner.studies.study_file import StudyFile, Value, build_study

STUDY, DESIGN = "study.json", "design.parquet"
RESULTS, CHECKS, PLANS = "results.parquet", "checks.csv", "plans.parquet"
CURVE = "frontier.csv"


def prepare(
    folder: Path,
    study: StudyFile,
    case: Case,
    *,
    points: Sequence[Point] = (),
    base: Mapping[str, Any] | None = None,
    force: bool = False,
) -> tuple[int, int]:
    """Lay out a study folder, or bring an older one up to date; without points for a frontier.

    force: replace the inputs of a former study even if somebody changed them or added to them since.
    Returns how many points of this study had been run in the folder for a former one, and of how many others, which are
    not of this one, the journal has results. Raises RunFolderError.
    """
    others = folder.exists() and any(folder.iterdir())
    if others and not (folder / STUDY).exists():
        raise RunFolderError(
            f"{folder}: exists and is not a study folder; choose another with --out"
        )
    asked: dict[str, Any] = {
        "study": study.model_dump(mode="json", exclude_defaults=True),
        "case": case.name,
        "inputs_sha256": case.sha256,
        "versions": versions(),
        "computed_with": libraries(),
    }
    wanted = {point.id for point in points}
    if points:
        asked["uncertainties"] = study.names
        asked["levers"] = study.lever_names
        asked["base"] = base
        asked["rows"] = len(points)
        asked["points"] = len(wanted)
    text = json.dumps(asked, indent=2, ensure_ascii=False) + "\n"
    known: set[str] = set()
    inputs = folder / "inputs"
    replaces = not inputs.exists() or case.sha256 != read_asked(folder)["inputs_sha256"]
    if replaces and inputs.exists():
        refuse_foreign(inputs, "model.toml", "inputs of a study", force=force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STUDY).exists() and (folder / STUDY).read_text(encoding="utf-8") != text:
            known = names_ended(folder / JOURNAL, POINT)
            for name in (RESULTS, PLANS, CHECKS, DESIGN, CURVE):
                (folder / name).unlink(missing_ok=True)
        if replaces:
            shutil.rmtree(inputs, ignore_errors=True)
            with scratch_folder(".inputs-", folder) as scratch:
                write_case(case, scratch / "inputs")
                write_sums(scratch / "inputs")
                (scratch / "inputs").rename(inputs)
        if points:
            write_parquet(folder / DESIGN, _design(study, points), provenance_of(asked))
        write_whole(folder / STUDY, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return len(known & wanted), len(known - wanted)


LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "SALib", "scikit-learn")
"""Libraries that draw, compute and keep the points beside the planner and its solver."""
PROVENANCE = b"planner"
"""Key of the metadata of a table in which it is told where it comes from."""


def libraries() -> dict[str, str]:
    """Versions of all that computes beside the planner and its solver."""
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in LIBRARIES}


def write_parquet(path: Path, table: pd.DataFrame, provenance: Mapping[str, Any]) -> None:
    """Write a table, whole or not at all; where it comes from is in its metadata."""
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    known = arrow.schema.metadata or {}
    told = json.dumps(provenance, sort_keys=True, ensure_ascii=False).encode()
    arrow = arrow.replace_schema_metadata({**known, PROVENANCE: told})
    write_whole(path, lambda fresh: parquet.write_table(arrow, fresh, compression="zstd"))


def provenance_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Provenance of the tables of a study: its title, the case and the versions that computed it."""
    keys = ("case", "inputs_sha256", "versions", "computed_with")
    return {"study": asked["study"].get("title", ""), **{key: asked.get(key) for key in keys}}


def read_asked(folder: Path) -> dict[str, Any]:
    """study.json. Raises RunFolderError if the folder is no study."""
    if not (folder / STUDY).is_file():
        said = f"it holds no {STUDY}; `planner study run --out FOLDER` and `planner.study` make one"
        raise RunFolderError(f"{folder}: is not a study folder: {said}")
    try:
        asked: dict[str, Any] = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error
    return asked


def study_of(asked: Mapping[str, Any]) -> StudyFile:
    """The study file that was asked for."""
    return build_study(asked["study"], STUDY)


def _design(study: StudyFile, points: Sequence[Point]) -> pd.DataFrame:
    """The table of the points: row, id, a column for each uncertainty and lever, and the settings as JSON."""
    table = pd.DataFrame({"point": [point.id for point in points]})
    table.insert(0, "row", range(len(points)))
    for place, name in enumerate([*study.names, *study.lever_names]):
        cells = [point.row[place] for point in points]
        if all(cell is None or is_number(cell) for cell in cells):
            table[name] = pd.Series(cells, dtype=float)
        else:
            table[name] = pd.Series(map(_cell_text, cells), dtype="str")
    table["settings"] = [json.dumps(point.settings) for point in points]
    return table


def _cell_text(cell: Value | None) -> str | None:
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell)


def read_design(folder: Path) -> pd.DataFrame:
    """The design. Raises RunFolderError."""
    try:
        return pd.read_parquet(folder / DESIGN)
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error


def points_of(folder: Path) -> list[Point]:
    """The point of every row of the design."""
    design = read_design(folder)
    cells = design.drop(columns=["row", "point", "settings"]).astype(object)
    plain = cells.where(cells.notna(), None).to_numpy()
    found: list[Point] = []
    for name, text, row in zip(design["point"], design["settings"], plain, strict=True):
        found.append(Point(name, json.loads(text), tuple(row)))
    return found


def assemble(folder: Path) -> pd.DataFrame:
    """All rows of the design with what is known of them; a point without a result has no status."""
    design = read_design(folder).drop(columns="settings")
    names = design["point"].unique()
    place = {name: row for row, name in enumerate(names)}
    status = np.full(len(names), None, dtype=object)
    message = status.copy()
    columns: dict[str, NDArray[np.float64]] = {}
    for name, ended, told, found in read_journal(folder / JOURNAL, FOUND, POINT):
        row = place.get(name)
        if row is None:
            continue
        status[row], message[row] = ended, told
        for outcome, value in json.loads(found)["values"].items():
            if outcome not in columns:
                columns[outcome] = np.full(len(names), np.nan)
            columns[outcome][row] = value
    for outcome, values in columns.items():
        if outcome.split(".")[0] in LIST_GROUPS:
            values[(status == OPTIMAL) & np.isnan(values)] = 0.0
    known = pd.DataFrame(dict(sorted(columns.items())), index=range(len(names)))
    known.insert(0, "status", pd.Series(status, dtype="str"))
    known.insert(1, "message", pd.Series(message, dtype="str"))
    rows = known.iloc[design["point"].map(place)]
    return pd.concat([design, rows.reset_index(drop=True)], axis=1)


def read_results(folder: Path) -> pd.DataFrame:
    """The results: the finished table, or what is known while the study runs."""
    return pd.read_parquet(folder / RESULTS) if (folder / RESULTS).exists() else assemble(folder)


def read_plan_table(folder: Path) -> pd.DataFrame:
    """Decisions of the plans of all points, in the order of the design: point, decision, thing, year, amount."""
    if (folder / PLANS).exists():
        return pd.read_parquet(folder / PLANS)
    order = {name: row for row, name in enumerate(read_design(folder)["point"])}
    rows: list[tuple[str, str, str, int, float]] = []
    for name, _, _, found in read_journal(folder / JOURNAL, FOUND, POINT):
        if name in order:
            for decision, thing, year, amount in json.loads(found)["plan"]:
                rows.append((name, sys.intern(decision), sys.intern(thing), year, amount))
    table = pd.DataFrame(rows, columns=["point", "decision", "thing", "year", "amount"])
    places = table["point"].map(order).argsort(kind="stable")
    return table.iloc[places].reset_index(drop=True)


# ---- the journal, which a kill at any moment leaves whole -----------------------------------------------------------

JOURNAL = "journal.db"
LOCK_SECONDS = 2.0
"""Seconds that another process that is just ending may keep the lock."""
BASE, POINT, COLD, PART = "base", "point", "cold", "part"
"""Kinds of entries: the bases from which every chain starts; points; points solved again from nothing; parts of a
frontier."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, stands INTEGER NOT NULL DEFAULT 1, kind TEXT NOT NULL, id TEXT NOT NULL, status TEXT,
    message TEXT, seconds REAL, found TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS standing ON entries (kind, id) WHERE stands;
"""
FOUND = "SELECT id, status, message, found FROM entries WHERE stands AND kind = ? ORDER BY number"
ENDED = "SELECT id, status, message, seconds FROM entries WHERE stands AND kind = ? ORDER BY number"
AGAIN = "UPDATE entries SET stands = 0 WHERE stands AND kind = ? AND id = ?"
ADD = "INSERT INTO entries (kind, id, status, message, seconds, found) VALUES (?, ?, ?, ?, ?, ?)"


class Entry(NamedTuple):
    """A row of the journal. found: plain values. status, message, seconds: of a result."""

    name: str
    found: Any
    status: str | None = None
    message: str | None = None
    seconds: float | None = None


class RunJournal:
    """The database of a folder, open for writing by this process alone, whoever reads it meanwhile.

    Raises RunFolderError if another process has it, or if it is damaged or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = sqlite3.connect(path.with_suffix(".lock"), timeout=LOCK_SECONDS)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self._lock.close()
            raise RunFolderError(f"{path.parent}: another process is running this study") from None
        self._database = sqlite3.connect(path)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(SCHEMA)
        except sqlite3.Error as error:
            self.close()
            raise _damaged(path, error) from error

    def append(self, kind: str, entries: Sequence[Entry]) -> None:
        """Write entries of a kind, all or none; each takes the place of an older one of its name."""
        rows = [(kind, one.name, *one[2:], _text(one.found)) for one in entries]
        with self._writing() as database:
            database.executemany(AGAIN, [row[:2] for row in rows])
            database.executemany(ADD, rows)

    def set_aside(self, names: Iterable[str]) -> None:
        """Have the results of some points stand no longer."""
        with self._writing() as database:
            database.executemany(AGAIN, product((POINT, COLD), names))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database:
                yield self._database
        except sqlite3.Error as error:
            raise RunFolderError(f"{self.path}: cannot be written: {error}") from error

    def close(self) -> None:
        """Write through to the disk and let go; a finished database is one file."""
        with suppress(
            sqlite3.Error
        ):  # somebody reads it: the next one to close it makes it one file
            self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()
        self._lock.close()

    def __enter__(self) -> RunJournal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_journal(path: Path, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
    """The rows of one of the queries above; may be read while another process writes. Raises RunFolderError."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            yield from database.execute(query, values)
    except sqlite3.Error as error:
        if "no such table" not in str(error):  # another process is just about to make it
            raise _damaged(path, error) from error


def names_ended(path: Path, kind: str) -> set[str]:
    """The names of the points of which a journal has a result of a kind. Raises RunFolderError."""
    return {name for name, *_ in read_journal(path, ENDED, kind)}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _damaged(path: Path, error: sqlite3.Error) -> RunFolderError:
    return RunFolderError(f"{path}: cannot be read: {error}; run the study into a new folder")
