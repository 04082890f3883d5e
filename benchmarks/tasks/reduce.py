"""Very many scenarios: bounds of the least risk and a plan, as `planner approximate` finds them."""

from __future__ import annotations

from typing import Any

import planner
from benchmarks.clock import Clock
from planner.studies.approximate import approximate


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, groups (at first), more (each round), gap (relative, enough), rounds (at most), workers."""
    with clock.section("load"):
        case = planner.load(job["case"])
    groups, more, rounds, workers = (int(job[key]) for key in ("groups", "more", "rounds", "workers"))
    with clock.section("plan"):
        found = approximate(case, groups, more, float(job["gap"]), rounds, workers, _quiet)
    steps = [{"groups": len(one.groups), "lower": one.lower, "upper": one.upper} for one in found.rounds]
    return {"lower": found.lower, "upper": found.best.upper, "gap": found.gap, "steps": steps}


def _quiet(_: str) -> None:
    """Say nothing."""
