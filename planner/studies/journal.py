"""An append-only record that survives a kill at any moment.

One line per entry: eight hexadecimal digits of its SHA-256, a space, JSON. A line that was cut short does not
match its digits; it is cut off when the journal is opened again, and nothing before it is touched. One process
writes; the lock is the system's, so it goes with the process.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import IO, Any

from planner.errors import RunFolderError

if sys.platform != "win32":
    import fcntl

Entry = dict[str, Any]
SYNC_SECONDS = 2.0
"""A kill loses nothing that was written; a power cut loses at most this much."""
LOCK_SECONDS = 2.0
"""How long another process that is just ending may keep the lock."""


class Journal:
    """The journal of a study, open for writing. Raises RunFolderError if another process has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] = path.open("ab")
        if not _locked(self._file):
            self._file.close()
            raise RunFolderError(f"{path.parent}: another process is running this study")
        with suppress(FileNotFoundError):
            self._file.truncate(_good_bytes(path))
        self._synced = monotonic()

    def append(self, entry: Entry) -> None:
        """Write one entry, whole."""
        self._file.write(_line(entry))
        self._file.flush()
        if monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._synced = monotonic()

    def close(self) -> None:
        """Write through to the disk and let go."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _locked(file: IO[bytes]) -> bool:
    """Lock a file for this process. Returns whether that was possible."""
    if sys.platform == "win32":
        return True
    until = monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if monotonic() > until:
                return False
            sleep(0.05)
        else:
            return True


def read_journal(path: Path) -> Iterator[Entry]:
    """All whole entries, in order; may be read while another process writes."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            entry = _parsed(line)
            if entry is None:
                return
            yield entry


def _line(entry: Entry) -> bytes:
    text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return hashlib.sha256(text).hexdigest()[:8].encode() + b" " + text + b"\n"


def _parsed(line: bytes) -> Entry | None:
    digits, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest()[:8].encode() != digits:
        return None
    entry: Entry = json.loads(text)
    return entry


def _good_bytes(path: Path) -> int:
    good = 0
    with path.open("rb") as file:
        for line in file:
            if _parsed(line) is None:
                break
            good += len(line)
    return good
