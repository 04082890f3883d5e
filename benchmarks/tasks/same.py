"""Compare the programs that the paths hand to HiGHS."""

from __future__ import annotations

from typing import Any

from benchmarks import same
from benchmarks.clock import Clock
from benchmarks.opened import opened


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: the case, as `opened` takes it."""
    return same.check(opened(job))
