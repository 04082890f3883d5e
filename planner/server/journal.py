"""The case of a workbench, and all that was changed and kept there, on disk before it is answered.

A kill at any moment loses nothing: journal.json is replaced whole at each change. Beside it lies a run folder for every
kept variant.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter

import planner
from planner.data.case import Case
from planner.data.change import Change
from planner.data.load import checked_case
from planner.errors import RunFolderError
from planner.results.folders import write_whole
from planner.results.plan import Plan
from planner.results.store import SUMMARY, file_name, write_run
from planner.server.answers import AskedAndGot
from planner.server.edits import Edits

if sys.platform != "win32":
    import fcntl

JOURNAL = "journal.json"
LOCK = "open"
MOST_STEPS = 500
"""States that can be undone."""
MOST_BYTES = 50_000_000
LONGEST_ADDRESS = 200
"""Bytes of the address of a workbench."""


@dataclass(frozen=True)
class OpenedCase:
    """The case of a workbench: a case and a model on disk, or a run folder; and where its journal is."""

    path: Path
    model: Path | None
    settings: Sequence[Change]
    folder: Path
    case: Case | None = None
    """As it was read to know the folder, so that it is not read twice."""

    @property
    def source(self) -> Path:
        """Folder or workbook of the case itself."""
        return self.path / "inputs" if (self.path / SUMMARY).is_file() else self.path

    def load(self) -> Case:
        """The case as it is on disk. Raises InputError."""
        return checked_case(self.source, self.model, self.settings)

    def store(self, plan: Plan) -> None:
        """Write the run folder of a plan that is not kept, unless it is there."""
        if not (self.folder / shown_as(plan.case) / SUMMARY).exists():
            write_run(plan, self.folder / shown_as(plan.case))

    def store_frontier(self, case: Case, points: Sequence[AskedAndGot]) -> None:
        """Write the frontier of a case as far as it is traced."""
        text = FRONTIER.dump_json((planner.__version__, list(points)))
        write_whole(self._frontier_of(case), lambda path: path.write_bytes(text))

    def stored_frontier(self, case: Case) -> list[AskedAndGot]:
        """The frontier of a case as far as it was traced by this version."""
        try:
            version, points = FRONTIER.validate_json(self._frontier_of(case).read_bytes())
        except (OSError, ValueError):
            return []
        return points if version == planner.__version__ else []

    def _frontier_of(self, case: Case) -> Path:
        return self.folder / f"frontier-{case.sha256[:12]}.json"


FRONTIER = TypeAdapter(
    tuple[str, list[AskedAndGot]], config=ConfigDict(ser_json_inf_nan="constants")
)
"""A frontier as it is kept: the version that traced it, and its points."""


def shown_as(case: Case) -> str:
    """The name of the run folder of a plan that is not kept."""
    return f"plan-{case.sha256[:12]}"


def folder_for(path: Path, case: Case) -> Path:
    """The folder for the journal and the kept variants of a case or a run: among the reports of its workspace."""
    if (path / SUMMARY).is_file():
        return path.resolve().parent / f"workbench-{path.resolve().name}"
    inputs = path.resolve().parent
    reports = Path("reports")
    if inputs.name == "inputs":
        reports = inputs.parent / "reports"
    name = file_name(f"{case.name}-{case.model.name}")
    return reports / f"workbench-{name or 'case'}"


def address_at(port: int, beside: Path) -> str:
    """The address of a workbench at a port, of those whose folders lie beside one; '' if none of them is there."""
    for lock in sorted(beside.parent.glob(f"workbench-*/{LOCK}")):
        with suppress(OSError), lock.open("rb") as file:
            address = _holder(file.fileno())
            if f":{port}/" in address:
                return address
    return ""


def _holder(lock: int) -> str:
    """The address of the server that holds a lock; '' if none did, and it is taken."""
    if sys.platform != "win32":
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.pread(lock, LONGEST_ADDRESS, 0).decode(errors="replace") or "another address"
    return ""


def typed(path: Path) -> str:
    """A path as one types it in the current folder."""
    here = Path.cwd()
    if path.resolve().is_relative_to(here):
        path = path.resolve().relative_to(here)
    return shlex.quote(str(path))


@dataclass(frozen=True)
class Kept:
    """A kept variant: its name, that of its run folder, and the edits that lead to it."""

    name: str
    folder: Annotated[str, Field(pattern=r"^\d{3,}-[a-z0-9-]+$")]
    edits: Edits
    risk: float
    cost: float


@dataclass(frozen=True)
class Record:
    """All that is remembered. steps: every state, as edits, with the present one at `at`. pinned: folder of the variant
    that others are compared with; '' for the case as it is."""

    steps: tuple[Edits, ...] = ((),)
    at: int = 0
    pinned: str = ""
    kept: tuple[Kept, ...] = ()
    kept_ever: int = 0

    @property
    def edits(self) -> Edits:
        """The present state."""
        return self.steps[self.at]

    def then(self, edits: Edits) -> Record:
        """The record after a change; what was undone is gone."""
        if edits == self.edits:
            return self
        done = self.steps[: self.at + 1]
        steps = (*done, edits)[-MOST_STEPS:]
        return replace(self, steps=steps, at=len(steps) - 1)

    def moved(self, by: int) -> Record:
        """Undone (-1) or done again (+1)."""
        last = len(self.steps) - 1
        at = min(max(self.at + by, 0), last)
        return replace(self, at=at)


RECORD = TypeAdapter(Record)


class EditJournal:
    """The record of one folder, held by one server at a time. Raises RunFolderError if another one holds it, or if
    its file is none of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            self._lock = os.open(folder / LOCK, flags, 0o600)
            other = _holder(self._lock)
        except OSError as error:
            raise RunFolderError(f"{folder}: cannot be written: {error}") from error
        if other:
            os.close(self._lock)
            said = f"a workbench is open on it already, at {other}; close that one first"
            raise RunFolderError(f"{folder}: {said}")
        self.record = self._read()

    def announce(self, address: str) -> None:
        """Write where the folder is served, which its owner alone can read, for whoever wants it too."""
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, address.encode(), 0)

    def close(self) -> None:
        """Let another server have the folder."""
        self.announce("")
        os.close(self._lock)

    def take(self, record: Record) -> None:
        """Remember a record: on disk when this returns. Raises RunFolderError."""
        if record == self.record:
            return
        text = RECORD.dump_json(record, indent=1)
        try:
            write_whole(self.folder / JOURNAL, lambda path: path.write_bytes(text))
        except OSError as error:
            said = f"cannot be written: {error}; the change was not made"
            raise RunFolderError(f"{self.folder}: {said}") from error
        self.record = record

    def _read(self) -> Record:
        """The record that the journal holds, a new one if there is none.

        Raises RunFolderError for a file that is no journal.
        """
        path = self.folder / JOURNAL
        try:
            if not path.exists():
                return Record()
            if path.is_symlink() or path.stat().st_size > MOST_BYTES:
                raise RunFolderError("is a link, or too large")
            record = RECORD.validate_json(path.read_bytes(), strict=True)
            if not 0 <= record.at < len(record.steps):
                raise RunFolderError("the present state is none of those listed")
            return record
        except (OSError, ValueError, RunFolderError) as error:
            said = f"is no journal of the workbench: {error}; move it away"
            raise RunFolderError(f"{path}: {said}") from error
