"""Tasks of worker processes that load nothing else, so that a process is there at once."""

from __future__ import annotations

import os
from pathlib import Path


def die_at_first(note: Path, times: int) -> int:
    """End this process, as often as told; then the number of processes that ended so."""
    before = note.stat().st_size if note.exists() else 0
    if before < times:
        note.write_bytes(b"x" * (before + 1))
        os._exit(1)
    return before


class Counter:
    """Counts its calls."""

    def __init__(self, first: int) -> None:
        self._count = first

    def next(self) -> tuple[int, int]:
        """The process, and how many calls there were before."""
        self._count += 1
        return os.getpid(), self._count - 1

    def die(self) -> None:
        """End this process."""
        os._exit(1)
