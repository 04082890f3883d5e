"""What a user waits for before anything is solved: import, help, check and load, each in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

from benchmarks.clock import Clock

STARTS = {
    "import planner": ("import planner", 0.3),
    "planner --help": ("from planner.cli import app; app(['--help'])", 0.5),
    "planner check": ("from planner.cli import app; app(['check', {case!r}])", 0.9),
    "planner.load": ("import planner; planner.load({case!r})", 0.5),
}
"""Code, and the CPU seconds it may take, by what is started."""


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case. The CPU seconds of each start are sections of the clock."""
    for name, (code, _) in STARTS.items():
        before = _of_children()
        command = [sys.executable, "-c", code.format(case=job["case"])]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own code
        clock.cpu[name] += _of_children() - before
    return {}


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
