"""Putting a folder in the place of another in one step, whoever else is at it and whenever the program is killed."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_AT_CWD, _EXCHANGE = -100, 2
_OLD, _LOCK = "old", "lock"
STALE_SECONDS = 600
"""Age at which a folder without a lock cannot be one that is just being made."""


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder next to `target` to fill; gone afterwards. What killed programs left there is put right first."""
    _put_right(target)
    with tempfile.TemporaryDirectory(prefix=_prefix(target), dir=target.parent, ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        # Locked before it gets its name, so that nobody takes it for the lock of a program that was killed.
        with (scratch / f"{_LOCK}~").open("w") as lock:
            with suppress(OSError):
                _lock(lock.fileno(), wait=False)
            (scratch / f"{_LOCK}~").rename(scratch / _LOCK)
            yield scratch


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """One program at a time; the lock ends with the program and leaves no file behind."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no locks; the exchange is one step all the same
            _lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def exchange(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target` in one step; what was there before ends up in the place of `fresh`."""
    if not target.exists():
        with suppress(FileExistsError):
            fresh.rename(target)
            _settle(target.parent)
            return
    if not _swap(fresh, target):
        _two_steps(fresh, target)
    _settle(target.parent)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there, so that it is whole or as before."""
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as scratch:
        fresh = Path(scratch) / path.name
        write(fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)


def _swap(one: Path, two: Path) -> bool:
    """renameat2(RENAME_EXCHANGE), which Python does not offer. False where the system has none."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return call is not None and call(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(two), _EXCHANGE) == 0


def _two_steps(fresh: Path, target: Path) -> None:
    """Where nothing can be exchanged: aside and in. `_put_right` mends what a kill in between leaves."""
    old = fresh.parent / _OLD
    target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        old.rename(target)
        raise


def _put_right(target: Path) -> None:
    """Bring back a run that was aside when its program was killed, and remove what killed programs left."""
    if not target.parent.is_dir():
        return
    for left in target.parent.glob(f"{_prefix(target)}*"):
        with suppress(OSError):
            if not (left / _LOCK).exists():
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)  # killed before it had its lock
                continue
            with (left / _LOCK).open("r+") as lock:
                if not _lock(lock.fileno(), wait=False):
                    continue  # its program is alive
                if (left / _OLD).is_dir() and not target.exists():
                    (left / _OLD).rename(target)
                shutil.rmtree(left, ignore_errors=True)


def _prefix(target: Path) -> str:
    return f".{target.name[:100]}~"


def _lock(descriptor: int, wait: bool) -> bool:
    """Whether the lock is ours."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _settle(folder: Path) -> None:
    """Let the new name survive a power cut."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
