"""The planner, as the command line runs it: from a folder to a written run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import planner
import planner.cli
from benchmarks.clock import Clock
from planner.solving import highs, session, solve


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent), out (folder), baseline (may be absent)."""
    clock.watch(session.Session, "_build", "build")
    clock.watch(session.Session, "solve", "solve")
    clock.watch(highs._SilentHighs, "run", "run")
    clock.watch(highs._SilentHighs, "passModel", "pass")
    clock.watch(solve, "extract_tables", "extract")
    clock.watch(solve, "shadow_prices", "prices")
    clock.watch(solve, "verify", "verify")
    with clock.section("load"):
        case = planner.load(job["case"], model=job.get("model"))
    with clock.section("plan"):
        plan = planner.solve(case, baseline=bool(job.get("baseline", False)))
    if job.get("out"):
        with clock.section("write"):
            plan.write(Path(job["out"]))
    summary = plan.summary
    return {
        "status": str(summary["status"]),
        "objectives": {"risk": summary["least_risk_musd"], "cost": summary["cost_musd"]},
        "certificate": summary["certificate"],
        "size": summary["model"],
        "algorithms": summary["algorithms"],
    }
