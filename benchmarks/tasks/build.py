"""Load, build and hand over, without solving: as the planner does."""

from __future__ import annotations

from typing import Any

import planner
from benchmarks.clock import Clock
from planner.solving import highs, session


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent)."""
    clock.watch(session, "build_model", "model")
    clock.watch(session, "compile_program", "compile")
    clock.watch(highs.Solver, "__init__", "hand over")
    with clock.section("load"):
        case = planner.load(job["case"], model=job.get("model"))
    with clock.section("build"):
        held = session.Session(case)
    return {"size": held.program.size, "nodes": len(held.scope.tree.nodes), "live": len(held.scope.active_nodes)}
