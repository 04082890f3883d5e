"""The planner without pages: load, solve, verify, tables; by the public functions that a script calls."""

from __future__ import annotations

from typing import Any

import planner
from benchmarks.clock import Clock
from benchmarks.opened import opened
from benchmarks.tasks.command import told
from planner.data.case import Case
from planner.sharing import funder_payments
from planner.solving import highs


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: the case, as `opened` takes it, whole_plants (may be absent)."""
    clock.watch(highs._SilentHighs, "run", "run")
    clock.watch(funder_payments, "paid", "payments")
    with clock.section("load"):
        case = opened(job)
    if job.get("whole_plants"):
        case = in_whole_plants(case)
    with clock.section("plan"):
        plan = planner.solve(case, baseline=False)
    return told(plan.summary)


def in_whole_plants(case: Case) -> Case:
    """Each plant is built as it is planned or not at all."""
    projects = case.table("projects")
    sized = projects.assign(unit_tpa=projects["max_new_tpa"].where(projects["max_new_tpa"] > 0))
    return case.with_table("projects", sized).changed({"policy.whole_plants": True})
