"""`planner.Session` asked again after every kind of change, tables and verification included, and cold to compare."""

from __future__ import annotations

from typing import Any

import planner
from benchmarks.changes import CHANGES
from benchmarks.clock import Clock, tell

COMPARED = ("least_risk_musd", "risk_musd", "cost_musd")


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent), compare (every how-manieth change is also solved cold; 0: none).

    Each change starts from the case as it was, solved; its seconds are a section of its name.
    """
    case = planner.load(job["case"], model=job.get("model"))
    with clock.section("first"):
        session = planner.Session(case)
        answer(session.solve())
    rebuilt, apart, status = {}, {}, {}
    for i, (name, change) in enumerate(CHANGES.items()):
        other = change.of(case)
        with clock.section(name):
            warm = answer(session.solve(other))
        rebuilt[name], status[name] = session.rebuilt, warm["status"]
        if job["compare"] and i % job["compare"] == 0:
            with clock.section(f"cold: {name}"):
                cold = answer(planner.solve(other, baseline=False))
            apart[name] = difference(warm, cold)
        held = f", apart from cold {apart[name]:.1e}" if name in apart else ""
        tell(
            f"{name}: CPU {clock.cpu[name]:.2f} s, wall {clock.wall[name]:.2f} s, {warm['status']}{held}"
        )
        session.solve(case)
    return {"rebuilt": rebuilt, "apart": apart, "status": status}


def answer(plan: Any) -> dict[str, Any]:
    """The summary of a plan, once its tables are there too."""
    for table in plan.tables.values():
        len(table)
    return dict(plan.summary)


def difference(warm: dict[str, Any], cold: dict[str, Any]) -> float:
    """Largest difference of the figures that have one value in every optimum, relative; 1 where the ends differ."""
    if warm["status"] != cold["status"]:
        return 1.0
    pairs = [
        (warm[key], cold[key])
        for key in COMPARED
        if warm.get(key) is not None and cold.get(key) is not None
    ]
    return max((abs(one - two) / (1 + abs(two)) for one, two in pairs), default=0.0)
