"""Keep a case's program as arrays, without solving it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import planner
from benchmarks.arrays import save
from benchmarks.clock import Clock
from planner.solving.program_writer import program_of


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, arrays (folder to write)."""
    program = program_of(planner.load(job["case"]))
    folder = Path(job["arrays"])
    folder.mkdir(parents=True, exist_ok=True)
    save(program, folder)
    return program.size
