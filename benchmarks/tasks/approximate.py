"""Very many scenarios: bounds of the least risk and a plan, as `planner approximate` finds them."""

from __future__ import annotations

import resource
from typing import Any

import planner
from benchmarks.clock import Clock
from planner.decomposition.benders_loop import approximate


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, alone (scenarios in the master), gap (relative, enough), rounds (at most), workers."""
    with clock.section("load"):
        case = planner.load(job["case"])
    alone, rounds, workers = (int(job[key]) for key in ("alone", "rounds", "workers"))
    with clock.section("plan"):
        found = approximate(case, alone=alone, gap=float(job["gap"]), rounds=rounds, workers=workers)
    steps = [[one.measure, one.lower, one.upper, one.cuts] for one in found.rounds]
    # Of the workers only the largest is known; as many times that is the most they can have used together.
    workers_mb = workers * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 if workers > 1 else 0.0
    gaps = {"risk_gap": found.risk_gap, "cost_gap": found.cost_gap}
    return {"risk": found.risk_upper, "cost": found.cost, **gaps, "steps": steps, "workers_mb": workers_mb}


def _quiet(_: str) -> None:
    """Say nothing."""
