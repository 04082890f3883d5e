"""The planner: `planner solve` as the command line runs it, from a folder to a written run; or without reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import planner
import planner.cli
from benchmarks.clock import Clock
from planner.api import plans
from planner.cli import solve as command
from planner.results.store import SUMMARY
from planner.solving import highs, session, solve


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent), out (folder; without it nothing is written), baseline (may be absent)."""
    clock.watch(session.Session, "_build", "build")
    clock.watch(session.Session, "solve", "solve")
    clock.watch(highs._SilentHighs, "run", "run")
    clock.watch(highs._SilentHighs, "passModel", "pass")
    clock.watch(solve, "extract_tables", "extract")
    clock.watch(solve, "shadow_prices", "prices")
    clock.watch(solve, "verify", "verify")
    clock.watch(command, "read_case", "load")
    clock.watch(plans, "solve_case", "plan")
    clock.watch(plans, "write_run", "write")
    model, baseline = job.get("model"), bool(job.get("baseline", False))
    if job.get("out"):
        out = Path(job["out"])
        command.run(Path(job["case"]), Path(model) if model else None, None, out, False, None, None, baseline)
        summary = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
    else:
        with clock.section("load"):
            case = planner.load(job["case"], model=model)
        with clock.section("plan"):
            summary = planner.solve(case, baseline=baseline).summary
    return {
        "status": str(summary["status"]),
        "objectives": {"risk": summary["least_risk_musd"], "cost": summary["cost_musd"]},
        "certificate": summary["certificate"],
        "size": summary["model"],
        "algorithms": summary["algorithms"],
    }
