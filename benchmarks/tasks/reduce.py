"""Fewer scenarios with a proven error: bounds of the least risk by adaptive groups."""

from __future__ import annotations

from typing import Any

import planner
from benchmarks.clock import Clock
from benchmarks.reduction import cpu_seconds, rounds


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, groups (at first, then how many more each time), workers, enough (a relative gap)."""
    with clock.section("load"):
        case = planner.load(job["case"])
    lower, upper, steps = 0.0, float("inf"), []
    with clock.section("plan"):
        for count, found in rounds(case, list(job["groups"]), int(job["workers"])):
            lower, upper = max(lower, found.lower), min(upper, found.upper)
            steps.append({"groups": count, "lower": found.lower, "upper": found.upper, "cpu": cpu_seconds()})
            if (upper - lower) / upper <= job["enough"]:
                break
    return {"lower": lower, "upper": upper, "gap": (upper - lower) / upper, "steps": steps}
