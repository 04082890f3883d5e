"""A sweep over budgets: an ordered chain of points in one session, and some of the points solved cold."""

from __future__ import annotations

from typing import Any

import numpy as np

import planner
from benchmarks.clock import Clock
from benchmarks.tasks.session import budget, silent
from planner.solving.session import Session


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent), points, cold (how many of them are also solved cold), low, high."""
    case = planner.load(job["case"], model=job.get("model"))
    shares = np.linspace(float(job["low"]), float(job["high"]), int(job["points"]))
    chain = []
    with clock.section("sweep"):
        session = Session(budget(case, float(shares[0])))
        for share in shares:
            with clock.section("update"):
                kept = session.update(budget(case, float(share)))
            outcome = session.solve(silent)
            chain.append((outcome.values, kept, [s.algorithm for s in outcome.phases.values()]))
    chosen = np.linspace(0, len(shares) - 1, int(job["cold"])).round().astype(int)
    worst = 0.0
    for i in chosen:
        with clock.section("cold"):
            cold = Session(budget(case, float(shares[i]))).solve(silent)
        worst = max([worst, *(abs(chain[i][0][k] - v) / (1 + abs(v)) for k, v in cold.values.items())])
    again: dict[str, int] = {}
    for _, _, algorithms in chain[1:]:
        for name in algorithms:
            again[name] = again.get(name, 0) + 1
    return {
        "points": len(shares),
        "cold": len(chosen),
        "kept": sum(kept for _, kept, _ in chain),
        "difference": worst,
        "algorithms": again,
        "risk": [values["risk"] for values, _, _ in chain],
    }
