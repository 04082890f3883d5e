"""A command as it is typed, from its first import to its last file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.clock import Clock
from planner.cli import app
from planner.results.store import SUMMARY
from planner.solving import highs


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: arguments (of `planner`), out (folder removed before), copied (a folder to lay there first; may be absent).

    The section `run` has the seconds that HiGHS took in this process.
    """
    out = Path(job["out"])
    shutil.rmtree(out, ignore_errors=True)
    if job.get("copied"):
        shutil.copytree(job["copied"], out)
    clock.watch(highs._SilentHighs, "run", "run")
    with clock.section("command"):
        code = app(job["arguments"], standalone_mode=False)
    if code:
        raise RuntimeError(f"planner {' '.join(job['arguments'])} ended with exit code {code}")
    summary = out / SUMMARY
    return told(json.loads(summary.read_text(encoding="utf-8"))) if summary.exists() else {}


def told(summary: dict[str, Any]) -> dict[str, Any]:
    """What the page needs of a summary."""
    kept = ("status", "gap", "bounds", "certificate", "seconds")
    risk, cost = summary["risk_musd"], summary["cost_musd"]
    of_goal_risk = "least_risk_musd" in summary
    return {
        "objectives": {"risk": summary["least_risk_musd"], "cost": cost}
        if of_goal_risk
        else {"welfare": cost + risk},
        "size": summary["model"],
        **{key: summary[key] for key in kept if key in summary},
    }
