"""Keep a case's program as arrays, without solving it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.arrays import save
from benchmarks.clock import Clock
from benchmarks.opened import opened
from planner.solving.program_writer import program_of


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: the case, as `opened` takes it, arrays (folder to write)."""
    program = program_of(opened(job))
    folder = Path(job["arrays"])
    folder.mkdir(parents=True, exist_ok=True)
    save(program, folder)
    return program.size
