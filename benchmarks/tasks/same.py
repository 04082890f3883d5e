"""Compare the programs that the paths hand to HiGHS."""

from __future__ import annotations

from typing import Any

import planner
from benchmarks import same
from benchmarks.clock import Clock


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case."""
    return same.check(planner.load(job["case"]))
