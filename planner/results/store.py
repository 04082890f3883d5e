"""Run folders: written whole or not at all, read back as values.

RUN/summary.json     figures, certificate, versions
RUN/tables/*.csv     result tables
RUN/solution.npy     columns and row duals of each phase, from which the plan can be proven
RUN/inputs/*.csv     the case as it was read, and model.toml: enough to solve it again
RUN/SHA256SUMS       digests of these, by which a run that was changed is known
RUN/report.*         pages, written by planner.reporting

A run is filled beside its target and exchanged with it in one step, so that whoever else is at it and whenever the
program is killed the target is the old run or the new one, whole. Text that a spreadsheet would take for a formula is
written with an apostrophe before it, and read back without.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from xlsxwriter.exceptions import XlsxWriterException

from planner.config import ModelFile
from planner.data.case import Case
from planner.data.cells import armour, unarmour
from planner.data.export import write_tables
from planner.data.load import load
from planner.data.sheets import leads_out
from planner.errors import RunFolderError
from planner.host import collector_paused, scratch_folder
from planner.results.integrity import changed_files, contradictions, refuse_if, write_sums
from planner.results.plan import PlanValues, Status
from planner.results.schema import SHARES, TEXT_COLUMNS

SUMMARY, SOLUTION = "summary.json", "solution.npy"
ROWS = 100_000
"""Rows of a table that are put into words at a time."""
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
"""What else reading an array may end in: its header is read as Python."""
QUOTE = '"'
TO_QUOTE = re.compile('[,"\r\n]')
Fill = Callable[[Path], None]
Pages = Callable[[Path], AbstractContextManager[object]]
"""Begins the pages of a folder; at the end of the block they are there."""


def write_run(plan: PlanValues, folder: Path, pages: Pages = nullcontext) -> Path:
    """Write a run folder: tables and inputs, while `pages` makes its own, then the summary. Replaces an older run.

    Everything is written beside the target and moved there at the end, so the folder is whole or as before.
    Raises RunFolderError if the target is something else than a run folder, or cannot be written.
    """
    target = Path(folder)
    write_folder(target, SUMMARY, "a run folder", lambda fresh: _fill(plan, fresh, pages))
    return target


@collector_paused()
def write_folder(target: Path, mark: str, what: str, fill: Fill, again: bool = False) -> None:
    """Have a folder filled beside its target and put it there, whole or not at all; replaces an older one of its kind.

    mark: the file by which the kind is known; what: the kind in words; again: it is filled from the folder that is
    there. Raises RunFolderError if the target is something else, or cannot be written.
    """
    try:
        real = target.resolve()
        taken, before = _is_other(real, mark), (real / mark).read_bytes() if again else b""
    except (OSError, ValueError) as error:
        raise RunFolderError(
            f"{str(target)!r:.200}: cannot be {what}: {error}; nothing was written"
        ) from None
    if taken:
        raise RunFolderError(f"{target}: exists and is not {what}; choose another with --out")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        with beside(real) as scratch:
            fresh = scratch / "run"
            fresh.mkdir()
            fill(fresh)
            _to_disk(fresh)
            with hold_lock(real.parent):
                if _is_other(real, mark) or (again and (real / mark).read_bytes() != before):
                    raise RunFolderError(
                        f"{target}: another run was put there meanwhile; nothing was written"
                    )
                exchange(fresh, real)
    except (OSError, XlsxWriterException) as error:
        raise RunFolderError(
            f"{target}: cannot be written: {error}; nothing was written"
        ) from error


def default_folder(case: Case) -> Path:
    """reports/CASE-MODEL."""
    return Path("reports") / (file_name(f"{case.name}-{case.model.name}") or "run")


def file_name(text: str) -> str:
    """A name for a file, whatever the text holds: no part of it is taken for a path. '' if nothing is left."""
    return re.sub(r"[^\w .()+-]", "_", text).strip(" .")[:120]


def _is_other(folder: Path, mark: str) -> bool:
    """Whether something is there that is neither empty nor of the kind known by `mark`."""
    ours = folder.is_dir() and ((folder / mark).exists() or not any(folder.iterdir()))
    return folder.exists() and not ours


def _fill(plan: PlanValues, folder: Path, pages: Pages) -> None:
    started = perf_counter()
    with pages(folder) if plan.tables else nullcontext():
        write_case(plan.case, folder / "inputs")
        if plan.point is not None:
            np.save(folder / SOLUTION, plan.point, allow_pickle=False)
        if plan.tables:
            (folder / "tables").mkdir()
        for name, table in plan.tables.items():
            write_table(name, table, folder)
    seconds = plan.summary["seconds"] | {"report": round(perf_counter() - started, 3)}
    summary = json.dumps(
        plan.summary | {"seconds": seconds}, indent=2, ensure_ascii=False, allow_nan=False
    )
    (folder / SUMMARY).write_text(summary + "\n", encoding="utf-8")
    write_sums(folder)


def write_table(name: str, table: pd.DataFrame, folder: Path) -> None:
    """Write a result table into the folder of a run."""
    with (folder / "tables" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(table))


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV."""
    return "".join(csv_lines(table))


def csv_lines(table: pd.DataFrame) -> Iterator[str]:
    """The lines of a table as CSV: as pandas writes them, but that no text, headings included, is taken for a formula.

    Each text and number is put into words once, however many rows hold it.
    """
    yield ",".join(map(_cell, map(str, table.columns))) + "\n"
    columns = [_in_words(table.iloc[:, i]) for i in range(table.shape[1])]
    for begin in range(0, len(table), ROWS):
        cells = (words[places[begin : begin + ROWS]].tolist() for words, places in columns)
        for line in map(",".join, zip(*cells, strict=True)):
            yield line + "\n"


def _in_words(column: pd.Series[Any]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """The cells that a column has, and the place of that of each row."""
    if column.dtype == object:  # of which 1, 1.0 and True would be one
        places, values = np.arange(len(column)), column.tolist()
    else:
        places, found = pd.factorize(column, use_na_sentinel=False)
        values = found.tolist()
    return np.array([_cell(value) for value in values], dtype=object), places


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    text = armour(value) if isinstance(value, str) else str(value)
    return f'"{text.replace(QUOTE, 2 * QUOTE)}"' if TO_QUOTE.search(text) else text


def _to_disk(folder: Path) -> None:
    """Make sure that the files are on the disk before the folder takes its place."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def refresh_pages(folder: Path, pages: Fill, belongs_to: str = "") -> None:
    """Write the pages of a run folder again, all of them or none.

    belongs_to: the `fingerprint` of the run that they are of. Raises RunFolderError, also if another run is there now.
    """

    def fill(fresh: Path) -> None:
        shutil.copytree(folder, fresh, dirs_exist_ok=True)
        if changed_files(fresh) or belongs_to not in ("", fingerprint(fresh)):
            raise RunFolderError(
                f"{folder}: another run was put there meanwhile; nothing was written"
            )
        pages(fresh)
        write_sums(fresh)

    write_folder(folder, SUMMARY, "a run folder", fill, again=True)


def fingerprint(folder: Path) -> str:
    """SHA-256 of what a run folder says of itself: summary, inputs and tables, not the pages made of them, nor the
    table that may be asked for later."""
    found = hashlib.sha256()
    tables = (path for path in sorted((folder / "tables").glob("*")) if path.stem != SHARES.name)
    for path in [folder / SUMMARY, *sorted((folder / "inputs").glob("*")), *tables]:
        content = path.read_bytes()
        found.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()


def write_case(case: Case, folder: Path) -> None:
    """Write the tables of a case as CSV and its model file as `model.toml`; loading them gives the same case."""
    folder.mkdir(parents=True)
    write_tables(case, folder)
    (folder / "model.toml").write_text(model_toml(case.model), encoding="utf-8")


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
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_run(folder: str | Path, *, as_written: bool = True) -> PlanValues:
    """Read a run folder back.

    as_written: refuse one that was changed since it was written, or that says anything else than what its tables give.
    Raises RunFolderError if it is none, InputError if its inputs were damaged.
    """
    folder = Path(folder)
    try:
        for path in sorted(folder.rglob("*")):
            if leads_out(path, folder):
                raise RunFolderError(f"{path}: is a link that leads out of the run folder")
            if not (path.is_file() or path.is_dir()):
                raise RunFolderError(f"{path}: is neither a file nor a folder; take it away")
        if not (folder / SUMMARY).is_file():
            raise RunFolderError(f"{folder}: is not a run folder: it holds no {SUMMARY}")
        if as_written:
            refuse_if(folder, changed_files(folder))
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        status, name = Status(summary["status"]), str(summary["case"])
        tables = {
            path.stem: _read_table(path) for path in sorted((folder / "tables").glob("*.csv"))
        }
        point = (
            np.load(folder / SOLUTION, allow_pickle=False) if (folder / SOLUTION).exists() else None
        )
    except (*UNREADABLE, *NO_ARRAY) as error:
        raise RunFolderError(f"{folder}: is not a run folder: {error}") from error
    case = replace(load(folder / "inputs"), name=name)
    if as_written:
        refuse_if(folder, contradictions(case, summary, tables))
    return PlanValues(case, status, summary, tables, point)


def _read_table(path: Path) -> pd.DataFrame:
    """A result table with ids as text, whatever they look like, and numbers to the last digit."""
    ids = dict.fromkeys(TEXT_COLUMNS, str)
    table = pd.read_csv(
        path, dtype=ids, keep_default_na=False, na_values={"year": [""], "quarter": [""]}
    )
    texts = [column for column in table.columns if column in TEXT_COLUMNS]
    for column in texts:
        places, words = pd.factorize(table[column])
        table[column] = pd.array([unarmour(word) for word in words.tolist()], dtype="str").take(
            places
        )
    blank = [
        column
        for column in ("quarter", *(("year",) if path.stem == "shadow_prices" else ()))
        if column in table
    ]
    return table.astype(dict.fromkeys(blank, "Int64"))


if sys.platform != "win32":
    import fcntl

# ---- a folder or file in the place of another in one step -----------------------------------------------------------

_AT_CWD, _EXCHANGE = -100, 2
_OLD, _LOCK = "old", "lock"
STALE_SECONDS = 600
"""Age at which a folder without a lock cannot be one that is just being made."""


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder next to `target` to fill; gone afterwards. What killed programs left there is put right first."""
    _put_right(target)
    # Locked before it gets its name, so that nobody takes it for the lock of a program that was killed.
    with (
        scratch_folder(_prefix(target), target.parent) as scratch,
        (scratch / f"{_LOCK}~").open("w") as lock,
    ):
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
        with suppress(
            OSError
        ):  # some network file systems have no locks; the exchange is one step all the same
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
    with scratch_folder(f".{path.name}-", path.parent) as scratch:
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
    return (
        call is not None
        and call(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(two), _EXCHANGE) == 0
    )


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
