"""A run folder held against what was written: the digests of its files.

The record of digests (`planner.results.folders`) tells of accidents and of edits by hand; who renews it as well is found
out by `planner replay`, which solves the run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from planner.errors import RunFolderError
from planner.results.folders import MISSING, SUMS, changes, current_sums, first_few
from planner.results.schema import LATER_TABLES

ASKED_LATER = (
    "explain.json",
    "evaluation.json",
    "removals.json",
    "coverage.json",
    *(f"tables/{name}.csv" for name in LATER_TABLES),
)
"""Files that may be gone: they can be asked for again."""


def changed_files(folder: Path) -> list[str]:
    """Files of a run that were changed, taken away or added since it was written, a line each; its pages do not count.

    Raises RunFolderError if nobody can tell.
    """
    return changes_since_written(folder, current_sums(folder))


def changes_since_written(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """Files of a folder that have changed since it was written. digests: present ones, by name."""
    if not (folder / SUMS).is_file():
        raise RunFolderError(
            f"{folder}: holds no {SUMS}, so nobody can tell whether it is as it was written; solve the case again"
        )
    messages = []
    for name, how in changes(folder, digests).items():
        may_be_gone = how == MISSING and name in ASKED_LATER
        if _counts(name) and not may_be_gone:
            messages.append(f"{name}: {'is' if how == MISSING else 'was'} {how}")
    return messages


def _counts(name: str) -> bool:
    """Summary, solution, inputs and tables say what a run is; pages and what others put there do not."""
    folder, _, rest = name.rpartition("/")
    return folder in ("inputs", "tables") if folder else rest.endswith((".json", ".npy"))


def refuse_if(folder: Path, messages: list[str]) -> None:
    """Raise RunFolderError if there are messages about a run."""
    remedy = "solve the case again; `planner replay` tells what else differs"
    if messages:
        raise RunFolderError(f"{folder}: is not as it was written; {remedy}:{first_few(messages)}")
