"""The journal of a folder: every answer as it came in, which a kill at any moment leaves whole.

Whatever asks many questions that take long (the points of a study, the doubts of an explanation) writes each answer here
before anything else happens with it, under a name that tells its question from all others, and asks none again whose
name has an answer. Answers are plain values; `kind` keeps those of different kinds apart. It knows nothing of what is
asked.

>>> from tempfile import mkdtemp
>>> path = Path(mkdtemp()) / JOURNAL
>>> with Journal(path) as journal:
...     journal.append("doubt", [Entry("price doubled", {"risk_musd": 3.5})])
>>> answers = {entry.name: entry.answer for entry in read_entries(path, "doubt")}
>>> [name for name in ("price doubled", "price halved") if name not in answers]   # what is left to be asked
['price halved']
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from planner.errors import RunFolderError

JOURNAL = "journal.db"
LOCK_SECONDS = 2.0
"""Seconds that another process that is just ending may keep the lock."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, stands INTEGER NOT NULL DEFAULT 1, kind TEXT NOT NULL, id TEXT NOT NULL, status TEXT,
    message TEXT, seconds REAL, found TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS standing ON entries (kind, id) WHERE stands;
"""
STANDING = (
    "SELECT id, {}, status, message, seconds FROM entries WHERE stands AND kind = ? ORDER BY number"
)
WITHDRAW = "UPDATE entries SET stands = 0 WHERE stands AND kind = ? AND id = ?"
ADD = "INSERT INTO entries (kind, id, status, message, seconds, found) VALUES (?, ?, ?, ?, ?, ?)"


class Entry(NamedTuple):
    """An answer. status, message, seconds: how its question ended, where that is told."""

    name: str
    answer: Any
    status: str | None = None
    message: str | None = None
    seconds: float | None = None


class Journal:
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
            raise RunFolderError(f"{path.parent}: another process is at work in it") from None
        self._database = sqlite3.connect(path)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            self.close()
            raise _unwritable(path, error) from error
        except sqlite3.Error as error:
            self.close()
            raise _damaged(path, error) from error

    def append(self, kind: str, entries: Sequence[Entry]) -> None:
        """Write entries of a kind, all or none; each takes the place of an older one of its name."""
        rows = [(kind, one.name, *one[2:], _text(one.answer)) for one in entries]
        with self._writing() as database:
            database.executemany(WITHDRAW, [row[:2] for row in rows])
            database.executemany(ADD, rows)

    def withdraw(self, kind: str, names: Iterable[str]) -> None:
        """Have the entries of some names stand no longer."""
        with self._writing() as database:
            database.executemany(WITHDRAW, [(kind, name) for name in names])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database:
                yield self._database
        except sqlite3.Error as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Write through to the disk and let go; a finished database is one file."""
        # Where somebody reads it, the next one to close it makes it one file.
        with suppress(sqlite3.Error):
            self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()
        self._lock.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_entries(path: Path, kind: str, answers: bool = True) -> Iterator[Entry]:
    """The entries of a kind that stand, in the order in which they came; may be read while another process writes.

    answers: without them it is quicker, where many are large. Raises RunFolderError.
    """
    if not path.exists():
        return
    query = STANDING.format("found" if answers else "'null'")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            for name, text, *end in database.execute(query, (kind,)):
                yield Entry(name, json.loads(text), *end)
    except sqlite3.Error as error:
        if "no such table" not in str(error):  # another process is just about to make it
            raise _damaged(path, error) from error


def _unwritable(path: Path, error: sqlite3.Error) -> RunFolderError:
    return RunFolderError(f"{path}: cannot be written: {error}")


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _damaged(path: Path, error: sqlite3.Error) -> RunFolderError:
    return RunFolderError(f"{path}: cannot be read: {error}; take a new folder")
