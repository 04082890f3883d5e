"""The folder of a study.

DIR/study.json        what was asked: the study file, seed, versions, input hashes, names of columns
DIR/inputs/           the case as it was read, and model.toml
DIR/design.parquet    every row of the design: its point and values
DIR/journal.db        every result as it came in, and where each chain stands; the only file written while running
DIR/results.parquet   every row of the design with status, message and all outcomes; written when all is done
DIR/plans.parquet     what the plan of each point decides, by year; likewise
DIR/before/N/         a study that was run into the same folder before, if it has results that this one has not
DIR/checks.csv        points solved again from nothing: warm, cold, difference
DIR/report.html, tables/*.csv   from `planner study report`

Equal studies have equal bytes in all files but the journal, whatever was killed on the way.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from planner.data.case import Case
from planner.errors import RunFolderError
from planner.results.store import write_case, write_whole
from planner.results.study import LIST_GROUPS, OPTIMAL
from planner.solving.highs import versions
from planner.studies.points import Point
from planner.studies.study_file import StudyFile, build_study

STUDY, DESIGN = "study.json", "design.parquet"
RESULTS, CHECKS, PLANS = "results.parquet", "checks.csv", "plans.parquet"
CURVE, BEFORE = "frontier.csv", "before"


def prepare(
    folder: Path, study: StudyFile, case: Case, points: Sequence[Point] = (), base: Mapping[str, Any] | None = None
) -> tuple[str, int]:
    """Lay out a study folder, or bring an older one up to date; without points for a frontier.

    Returns where the study that was there is kept, if it has results that this one has not, and how many points of this
    one had been run for it. Raises RunFolderError.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / STUDY).exists():
        raise RunFolderError(f"{folder}: exists and is not a study folder; choose another with --out")
    asked: dict[str, Any] = {
        "study": study.model_dump(mode="json", exclude_defaults=True),
        "case": case.name,
        "inputs_sha256": case.sha256,
        "versions": versions(),
    }
    wanted = {point.id for point in points}
    if points:
        asked["uncertainties"], asked["levers"] = [u.name for u in study.uncertainties], [v.name for v in study.levers]
        asked |= {"base": base, "rows": len(points), "points": len(wanted)}
    text = json.dumps(asked, indent=2, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = _laid_aside(folder, text, wanted)
        if not (folder / "inputs").exists() or case.sha256 != read_asked(folder)["inputs_sha256"]:
            shutil.rmtree(folder / "inputs", ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=".inputs-", dir=folder) as scratch:
                write_case(case, Path(scratch) / "inputs")
                (Path(scratch) / "inputs").rename(folder / "inputs")
        if points:
            write_whole(folder / DESIGN, lambda path: _write_design(path, study, points))
        write_whole(folder / STUDY, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{folder}: cannot be written: {error}") from error
    return kept


def _laid_aside(folder: Path, text: str, wanted: set[str]) -> tuple[str, int]:
    """Lay aside the study of a folder if another is to be run, which the text says, that has not all its results.

    wanted: points of the other. Returns where it is kept, if it is, and how many points of the other have been run.
    """
    if not (folder / STUDY).exists() or (folder / STUDY).read_text(encoding="utf-8") == text:
        return "", 0
    done = {name for name, *_ in read_journal(folder / JOURNAL, ENDED, POINT)}
    known = read_results(folder).select(["point", "status"]).to_pylist() if (folder / DESIGN).exists() else []
    lost = any(row["status"] and row["point"] not in wanted for row in known) or (folder / CURVE).exists()
    kept = _copied(folder) if lost else ""
    for name in (RESULTS, PLANS, CHECKS, DESIGN, CURVE):
        (folder / name).unlink(missing_ok=True)
    return kept, len(done & wanted)


def _copied(folder: Path) -> str:
    """A copy of the study of a folder inside it; where it is, seen from the folder."""
    number = next(n for n in itertools.count(1) if not (folder / BEFORE / str(n)).exists())
    with tempfile.TemporaryDirectory(prefix=".before-", dir=folder) as scratch:
        aside = Path(scratch) / "study"
        shutil.copytree(folder, aside, ignore=shutil.ignore_patterns("journal.*", BEFORE, ".*"))
        if (folder / DESIGN).exists():
            pq.write_table(read_results(folder), aside / RESULTS, compression="zstd")
            write_plans(folder, aside / PLANS)
        (folder / BEFORE).mkdir(exist_ok=True)
        aside.rename(folder / BEFORE / str(number))
    return f"{BEFORE}/{number}"


def read_asked(folder: Path) -> dict[str, Any]:
    """study.json. Raises RunFolderError if the folder is no study."""
    try:
        asked: dict[str, Any] = json.loads((folder / STUDY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error
    return asked


def study_of(asked: Mapping[str, Any]) -> StudyFile:
    """The study file that was asked for."""
    return build_study(asked["study"], STUDY)


def _write_design(path: Path, study: StudyFile, points: Sequence[Point]) -> None:
    columns: dict[str, Any] = {
        "row": pa.array(range(len(points)), pa.int64()),
        "point": pa.array([point.id for point in points], pa.string()),
    }
    for i, name in enumerate([*(u.name for u in study.uncertainties), *(lever.name for lever in study.levers)]):
        columns[name] = _column([point.row[i] for point in points])
    columns["settings"] = pa.array([json.dumps(point.settings, sort_keys=True) for point in points], pa.string())
    pq.write_table(pa.table(columns), path, compression="zstd")


def _column(values: list[Any]) -> pa.Array:
    numbers = all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values)
    if numbers:
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values], pa.string())


def read_design(folder: Path) -> pa.Table:
    """The design. Raises RunFolderError."""
    try:
        return pq.read_table(folder / DESIGN)
    except (OSError, pa.ArrowException) as error:
        raise RunFolderError(f"{folder}: is not a study folder: {error}") from error


def points_of(folder: Path) -> list[Point]:
    """The point of every row of the design."""
    design = read_design(folder).to_pydict()
    names, settings = design.pop("point"), design.pop("settings")
    del design["row"]
    rows = zip(*design.values(), strict=True) if design else [()] * len(names)
    return [Point(name, json.loads(text), row) for name, text, row in zip(names, settings, rows, strict=True)]


def assemble(folder: Path) -> pa.Table:
    """All rows of the design with what is known of them; a point without a result has the status null."""
    design = read_design(folder).drop(["settings"])
    ids = design["point"].to_pylist()
    place = {name: i for i, name in enumerate(dict.fromkeys(ids))}
    status: list[str | None] = [None] * len(place)
    message: list[str | None] = [None] * len(place)
    columns: dict[str, list[float | None]] = {}
    for name, ended, told, found in read_journal(folder / JOURNAL, FOUND, POINT):
        if (i := place.get(name)) is not None:
            status[i], message[i] = ended, told
            for outcome, value in json.loads(found)["values"].items():
                columns.setdefault(outcome, [None] * len(place))[i] = value
    for outcome, values in columns.items():
        if outcome.split(".")[0] in LIST_GROUPS:
            columns[outcome] = [0.0 if v is None and s == OPTIMAL else v for v, s in zip(values, status, strict=True)]
    rows = pa.array([place[name] for name in ids], pa.int64())
    table = design.append_column("status", pa.array(status, pa.string()).take(rows))
    table = table.append_column("message", pa.array(message, pa.string()).take(rows))
    for outcome in sorted(columns):
        table = table.append_column(outcome, pa.array(columns[outcome], pa.float64()).take(rows))
    return table


def read_results(folder: Path) -> pa.Table:
    """The results: the finished table, or what is known while the study runs."""
    path = folder / RESULTS
    return pq.read_table(path) if path.exists() else assemble(folder)


PLAN_COLUMNS = dict.fromkeys(("point", "decision", "thing"), pa.string()) | {"year": pa.int64(), "amount": pa.float64()}


def write_plans(folder: Path, path: Path) -> None:
    """Write plans.parquet: point, decision, thing, year, amount; points in the order of the design."""
    order = {name: i for i, name in enumerate(dict.fromkeys(read_design(folder)["point"].to_pylist()))}
    columns, same = [list[Any]() for _ in PLAN_COLUMNS], dict[Any, Any]()  # equal words and years are held once
    for name, _, _, found in read_journal(folder / JOURNAL, FOUND, POINT):
        for row in json.loads(found)["plan"] if name in order else ():
            for column, value in zip(columns, (name, *row), strict=True):
                column.append(same.setdefault(value, value) if column is not columns[-1] else value)
    rows = pa.array(np.argsort([order[name] for name in columns[0]], kind="stable"), pa.int64())
    made = {name: pa.array(of, kind).take(rows) for (name, kind), of in zip(PLAN_COLUMNS.items(), columns, strict=True)}
    pq.write_table(pa.table(made), path, compression="zstd")


def read_plan_table(folder: Path) -> pa.Table:
    """What the plans of all points decide: the finished table, or what is known while the study runs."""
    if not (folder / PLANS).exists():
        with tempfile.TemporaryDirectory() as scratch:
            write_plans(folder, Path(scratch) / PLANS)
            return pq.read_table(Path(scratch) / PLANS)
    return pq.read_table(folder / PLANS)


# ---- the journal, which a kill at any moment leaves whole -----------------------------------------------------------

JOURNAL = "journal.db"
LOCK_SECONDS = 2.0
"""How long another process that is just ending may keep the lock."""
BASE, POINT, COLD, PLAN, PART = "base", "point", "cold", "plan", "part"
"""Kinds of entries: the case as it is, from which every chain starts; points; points solved again from nothing; chains
of points to solve; parts of a frontier."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, stands INTEGER NOT NULL DEFAULT 1, kind TEXT NOT NULL, id TEXT NOT NULL, status TEXT,
    message TEXT, seconds REAL, found TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS standing ON entries (kind, id) WHERE stands;
CREATE TABLE IF NOT EXISTS states (chain TEXT PRIMARY KEY, state TEXT NOT NULL);
"""
FOUND = "SELECT id, status, message, found FROM entries WHERE stands AND kind = ? ORDER BY number"
ENDED = "SELECT id, status, message, seconds FROM entries WHERE stands AND kind = ? ORDER BY number"
STATES = "SELECT chain, state FROM states"
AGAIN = "UPDATE entries SET stands = 0 WHERE stands AND kind = ? AND id = ?"
ADD = "INSERT INTO entries (kind, id, status, message, seconds, found) VALUES (?, ?, ?, ?, ?, ?)"
KEEP = "INSERT OR REPLACE INTO states VALUES (?, ?)"


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

    def append(
        self, kind: str, name: str, found: Any, told: Mapping[str, Any] | None = None, again: Iterable[str] = (),
        chain: str = "", state: Any = None,
    ) -> None:  # fmt: skip
        """Write an entry, whole. found: plain values. told: status, message and seconds of a result. again: points
        whose results no longer stand. state: where the chain now stands."""
        told = told or {}
        entry = (kind, name, told.get("status"), told.get("message"), told.get("seconds"), _text(found))
        try:
            with self._database:
                self._database.executemany(AGAIN, [(of, one) for one in again for of in (POINT, COLD)])
                self._database.execute(AGAIN, (kind, name))
                self._database.execute(ADD, entry)
                if chain:
                    self._database.execute(KEEP, (chain, _text(state)))
        except sqlite3.Error as error:
            raise RunFolderError(f"{self.path}: cannot be written: {error}") from error

    def close(self) -> None:
        """Write through to the disk and let go; a finished database is one file."""
        with suppress(sqlite3.Error):  # somebody reads it: the next one to close it makes it one file
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


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _damaged(path: Path, error: sqlite3.Error) -> RunFolderError:
    return RunFolderError(f"{path}: cannot be read: {error}; run the study into a new folder")
