"""What is known of a study while it runs: a database in its folder, which a kill at any moment leaves whole.

Results are kept as they came in; one that another takes the place of no longer stands. Of each chain of points the last
state is kept, from which another process takes it up.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from planner.errors import RunFolderError

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
        self._path = path
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
            raise RunFolderError(f"{self._path}: cannot be written: {error}") from error

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
