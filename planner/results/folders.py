"""Folders and files put in the place of older ones in one step, and the record of what the planner wrote.

A folder is filled beside its target and exchanged with it in one step, so that whoever else is at it and whenever the
program is killed the target is the old folder or the new one, whole. `SHA256SUMS` in it has a line per file, as
`sha256sum -c SHA256SUMS` reads it. What the record does not know, or knows with another digest, is somebody else's:
a folder that holds such files is not replaced unless the caller says so.
"""

from __future__ import annotations

import ctypes
import glob
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from xlsxwriter.exceptions import XlsxWriterException

from planner.errors import RunFolderError
from planner.host import collector_paused, scratch_folder

if sys.platform != "win32":
    import fcntl

SUMS = "SHA256SUMS"
ADDED, CHANGED, MISSING = "added", "changed", "missing"
SHOWN = 5
"""Files that a message names before it counts the others."""
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_LITTER = re.compile(r"(\.~lock\..*#|~\$.*|\.DS_Store|Thumbs\.db|desktop\.ini)")
"""Files that desktops and office programs leave, which nobody wrote on purpose."""
Fill = Callable[[Path], None]
_AT_CWD, _EXCHANGE = -100, 2
_OLD, _LOCK, _CLAIM = "old", "lock", "claim-"
STALE_SECONDS = 600
"""Age at which a folder without a lock cannot be one that is just being made."""

# ---- the record of what was written ----------------------------------------------------------------------------------


def write_sums(folder: Path) -> None:
    """Write the digests of all that a folder holds."""
    _write_record(folder, current_sums(folder))


def _write_record(folder: Path, digests: Mapping[str, str]) -> None:
    lines = [f"{digests[name]}  {name}\n" for name in sorted(digests)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def recorded_sums(folder: Path) -> dict[str, str]:
    """Name -> digest as recorded when the folder was written. Raises OSError or ValueError if there is no record."""
    found = {}
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if match:
            found[match[2]] = match[1]
    return found


def current_sums(folder: Path) -> dict[str, str]:
    """Name -> digest of every file that the folder holds now, but those of folders with a record of their own."""
    return {_name(path, folder): _digest(path) for path in _own_files(folder)}


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own_files(folder: Path) -> Iterator[Path]:
    """The files of a folder and of folders in it, in order, but for links, litter and runs of their own."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            continue
        if path.is_dir():
            if not (path / SUMS).is_file():
                yield from _own_files(path)
        elif path.is_file() and path.name != SUMS and not _LITTER.fullmatch(path.name):
            yield path


def foreign_files(folder: Path) -> list[str]:
    """Files that were added to a folder, or changed in it, since the planner wrote it: a line each.

    A folder without a record is nobody's work but somebody else's: every file in it is named.
    """
    return [f"{name}: was {how}" for name, how in _foreign(folder, current_sums(folder)).items()]


def _foreign(folder: Path, digests: Mapping[str, str]) -> dict[str, str]:
    """What was `added` or `changed` of a folder, of the runs of their own in it, of links and of empty folders."""
    try:
        changed = changes(folder, digests)
    except (OSError, ValueError):
        changed = dict.fromkeys(digests, ADDED)
    found = {name: how for name, how in changed.items() if how != MISSING}
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            found[path.name] = ADDED
        elif path.is_dir() and (path / SUMS).is_file():
            for name, how in _foreign(path, current_sums(path)).items():
                found[f"{path.name}/{name}"] = how
        elif path.is_dir() and not any(path.iterdir()):
            found[f"{path.name}/"] = ADDED
    return found


def changes(folder: Path, digests: Mapping[str, str]) -> dict[str, str]:
    """Name -> what became of it since the planner wrote the folder: `added`, `changed` or `missing`. digests: of its
    files now. Raises OSError or ValueError if there is no record."""
    written = recorded_sums(folder)
    found = {}
    for name in [*digests, *written]:
        if name not in written:
            found[name] = ADDED
        elif name not in digests:
            found[name] = MISSING
        elif written[name] != digests[name]:
            found[name] = CHANGED
    return found


def refuse_foreign(target: Path, mark: str, what: str, force: bool = False) -> None:
    """Raise RunFolderError if `target` is there and must not be replaced.

    mark: the file by which the kind of folder is known; what: the kind in words. A folder of another kind is never
    replaced. One of this kind that holds files which somebody added or changed is replaced with `force` alone.
    """
    try:
        real = target.resolve()
        other = _is_other(real, mark)
        foreign = []
        if real.is_dir() and not (other or force):
            with hold_lock(real.parent):  # a folder that is exchanged meanwhile is looked at whole
                foreign = foreign_files(real)
    except (OSError, ValueError) as error:
        said = f"{str(target)!r:.200}: cannot be {what}: {error}; nothing was written"
        raise RunFolderError(said) from None
    if other:
        raise RunFolderError(f"{target}: exists and is not {what}; name another folder")
    if foreign:
        raise RunFolderError(
            f"{target}: holds what the planner did not write; nothing was written. Move it elsewhere, name another "
            f"folder, or replace all of it by force (`--force`, `force=True`):{first_few(foreign)}"
        )


def first_few(lines: Sequence[str]) -> str:
    """The first of some lines for a message, and how many there are besides."""
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "".join(f"\n  {line}" for line in [*lines[:SHOWN], *more])


# ---- a folder, whole or not at all -----------------------------------------------------------------------------------


@collector_paused()
def write_folder(
    target: Path, mark: str, what: str, fill: Fill, *, again: bool = False, force: bool = False
) -> None:
    """Have a folder filled beside its target and put it there, whole or not at all; replaces an older one of its kind.

    mark: the file by which the kind is known; what: the kind in words. again: the folder that is there is filled
    anew from itself by `fill`, which keeps what others added to it. force: replace what others added or changed.
    Raises RunFolderError if the target is something else, holds such files, or cannot be written.
    """
    refuse_foreign(target, mark, what, force=force or again)
    try:
        real = target.resolve()
        before = (real / mark).read_bytes() if again else b""
        real.parent.mkdir(parents=True, exist_ok=True)
        while not _put_there(real, mark, fill, again):
            if (real / mark).read_bytes() != before:
                raise _other_run(target)
    except (OSError, XlsxWriterException) as error:
        raise _unwritable(target, error) from error


def _put_there(real: Path, mark: str, fill: Fill, again: bool) -> bool:
    """Have a folder filled and put in its place. Returns False, and nothing is there, where it was filled from a folder
    that another program changed meanwhile."""
    seen = _stamps(real) if again else {}
    with beside(real) as scratch:
        fresh = scratch / "run"
        fresh.mkdir()
        fill(fresh)
        if not again:
            write_sums(fresh)
        _to_disk(fresh)
        with hold_lock(real.parent):
            if _is_other(real, mark):
                raise _other_run(real)
            if again and _stamps(real) != seen:
                return False
            exchange(fresh, real)
    return True


def _other_run(target: Path) -> RunFolderError:
    return RunFolderError(f"{target}: another run was put there meanwhile; nothing was written")


def _unwritable(target: Path, error: Exception) -> RunFolderError:
    return RunFolderError(f"{target}: cannot be written: {error}; nothing was written")


def fill_again(folder: Path, fresh: Path, fill: Fill, digests: Mapping[str, str]) -> None:
    """Fill `fresh` with what `folder` holds and have `fill` write into it; the record then knows what `fill` wrote.

    What others added stays, and stays theirs. digests: `current_sums` of the folder. Raises RunFolderError where `fill`
    would replace a file that somebody added or changed.
    """
    foreign = _foreign(folder, digests)
    shutil.copytree(folder, fresh, dirs_exist_ok=True, symlinks=True)
    copied = _stamps(fresh)
    fill(fresh)
    now = {}
    for name, stamp in _stamps(fresh).items():
        untouched = copied.get(name) == stamp
        now[name] = digests[name] if untouched else _digest(fresh / name)
    replaced = [name for name in digests if name in foreign and now.get(name) != digests[name]]
    if replaced:
        raise RunFolderError(
            f"{folder}: {', '.join(replaced[:SHOWN])} would be replaced, and somebody changed it since it was "
            "written; move it elsewhere first. Nothing was written"
        )
    own = {name: digest for name, digest in now.items() if name not in foreign}
    _write_record(fresh, own)


def _stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Name -> time, size and inode of every file: the same as long as nobody writes it."""
    stamps = {}
    for path in _own_files(folder):
        status = path.stat()
        stamps[_name(path, folder)] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return stamps


def _is_other(folder: Path, mark: str) -> bool:
    """Something is there that is neither empty nor of the kind known by `mark`."""
    ours = folder.is_dir() and ((folder / mark).exists() or not any(folder.iterdir()))
    return folder.exists() and not ours


def _to_disk(folder: Path) -> None:
    """Make sure that the files are on the disk before the folder takes its place."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


# ---- one step --------------------------------------------------------------------------------------------------------


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder next to `target` to fill; gone afterwards. What killed programs left there is put right first."""
    clear_leftovers(target)
    with _locked_folder(target) as scratch:
        yield scratch


@contextmanager
def _locked_folder(target: Path, kind: str = "") -> Iterator[Path]:
    """A folder next to `target`, with a lock that ends with this program."""
    # Locked before it gets its name, so that nobody takes it for the lock of a program that was killed.
    with (
        scratch_folder(_prefix(target) + kind, target.parent) as scratch,
        (scratch / f"{_LOCK}~").open("w") as lock,
    ):
        with suppress(OSError):
            _lock(lock.fileno(), wait=False)
        (scratch / f"{_LOCK}~").rename(scratch / _LOCK)
        yield scratch


@contextmanager
def claim(target: Path) -> Iterator[None]:
    """Alone at a folder that is filled at the end of long work. Raises RunFolderError if another program claims it."""
    real = target.resolve()
    with ExitStack() as until_the_end:
        try:
            real.parent.mkdir(parents=True, exist_ok=True)
            with hold_lock(real.parent):
                clear_leftovers(real)
                if any(_is_held(left / _LOCK) for left in _left_beside(real, _CLAIM)):
                    raise RunFolderError(
                        f"{target}: another planner is at work for this folder; wait until it has ended, or name "
                        "another folder. Nothing was written"
                    )
                until_the_end.enter_context(_locked_folder(real, _CLAIM))
        except OSError as error:
            raise _unwritable(target, error) from error
        yield


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """One program at a time; the lock ends with the program and leaves no file behind."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems have no locks; the exchange is one step all the same.
        with suppress(OSError):
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


def write_json(values: object, path: Path) -> None:
    """Write a file of JSON that people can read too; raises ValueError for what is no number."""
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there, so that it is whole or as before."""
    with beside(path) as scratch:
        fresh = scratch / path.name
        write(fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)


def _swap(one: Path, two: Path) -> bool:
    """renameat2(RENAME_EXCHANGE), which Python does not offer. False where the system has none."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    failed = call(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(two), _EXCHANGE)
    return not failed


def _two_steps(fresh: Path, target: Path) -> None:
    """Move the old folder aside and the new one in, where a system cannot exchange them.

    `clear_leftovers` mends what a kill in between leaves.
    """
    old = fresh.parent / _OLD
    target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        old.rename(target)
        raise


def clear_leftovers(target: Path) -> None:
    """Bring back a run that was aside when its program was killed, and remove what killed programs left."""
    if not target.parent.is_dir():
        return
    for left in _left_beside(target):
        with suppress(OSError):
            if (left / _LOCK).exists():
                _clear_locked(left, target)
            elif time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)  # killed before it had its lock


def _clear_locked(left: Path, target: Path) -> None:
    """Clear a folder with a lock, unless its program is alive."""
    with (left / _LOCK).open("r+") as lock:
        if _lock(lock.fileno(), wait=False):
            if (left / _OLD).is_dir() and not target.exists():
                (left / _OLD).rename(target)
            shutil.rmtree(left, ignore_errors=True)


def _left_beside(target: Path, kind: str = "") -> list[Path]:
    """Folders that programs, alive or killed, made next to a target."""
    return list(target.parent.glob(f"{glob.escape(_prefix(target) + kind)}*"))


def _is_held(lock: Path) -> bool:
    """A program that is alive holds a lock; where a system has no locks nobody can tell."""
    if sys.platform == "win32":
        return False
    with suppress(OSError), lock.open("r+") as file:
        return not _lock(file.fileno(), wait=False)
    return False


def _prefix(target: Path) -> str:
    return f".{target.name[:100]}~"


def _lock(descriptor: int, wait: bool) -> bool:
    """Take a lock. Returns False if somebody else holds it, or the system has none."""
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
