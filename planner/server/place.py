"""What a workbench is opened on, and where it keeps what is kept."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import planner
from planner.data.case import Case
from planner.results.store import SUMMARY, file_name


@dataclass(frozen=True)
class Place:
    """What a workbench is opened on: a case and a model on disk, or a run folder; and where its journal is."""

    path: Path
    model: Path | None
    settings: Mapping[str, object]
    folder: Path

    @property
    def is_run(self) -> bool:
        """Whether it is a run folder."""
        return (self.path / SUMMARY).is_file()

    @property
    def source(self) -> Path:
        """Folder or workbook of the case itself."""
        return self.path / "inputs" if self.is_run else self.path

    def load(self) -> Case:
        """The case as it is on disk. Raises InputError."""
        return planner.load(self.source, self.model, dict(self.settings))

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Changes when a file of the case or of the model does."""
        files = sorted(self.source.glob("*")) if self.source.is_dir() else [self.source]
        found = []
        for path in [*files, *([self.model] if self.model else [])]:
            try:
                found.append((path.name, path.stat().st_mtime_ns, path.stat().st_size))
            except OSError:
                continue  # it is just being replaced
        return tuple(found)


def folder_for(path: Path, case: Case) -> Path:
    """Where the journal and the kept variants of a case or a run belong: among the reports of its workspace."""
    if (path / SUMMARY).is_file():
        return path.resolve().parent / f"workbench-{path.resolve().name}"
    inputs = path.resolve().parent
    reports = inputs.parent / "reports" if inputs.name == "inputs" else Path("reports")
    return reports / f"workbench-{file_name(f'{case.name}-{case.model.name}') or 'case'}"


def typed(path: Path) -> str:
    """A path as one types it in the current folder."""
    near = path.resolve().is_relative_to(Path.cwd())
    return shlex.quote(str(path.resolve().relative_to(Path.cwd()) if near else path))
