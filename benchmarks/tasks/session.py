"""A session that is asked again: cold, then after a change of a few per cent, with a cold solve to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import planner
from benchmarks.clock import Clock
from planner.data.case import Case
from planner.solving.session import Session


def budget(case: Case, share: float) -> Case:
    """Every budget times 1 + share."""
    rows = tuple(row.model_copy(update={"musd": row.musd * (1 + share)}) for row in case.tables.budgets)
    return replace(case, tables=replace(case.tables, budgets=rows))


def probability(case: Case, share: float) -> Case:
    """The second scenario's probability times 1 + share, the first one's less by as much."""
    rows = sorted(case.tables.scenarios, key=lambda row: row.scenario)
    moved = rows[1].probability * share
    rows[0] = rows[0].model_copy(update={"probability": rows[0].probability - moved})
    rows[1] = rows[1].model_copy(update={"probability": rows[1].probability + moved})
    return replace(case, tables=replace(case.tables, scenarios=tuple(rows)))


CHANGES: dict[str, tuple[Callable[[Case, float], Case], float]] = {
    "budget +5 %": (budget, 0.05),
    "budget -5 %": (budget, -0.05),
    "probability +5 %": (probability, 0.05),
    "probability -5 %": (probability, -0.05),
}


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: case, model (may be absent)."""
    case = planner.load(job["case"], model=job.get("model"))
    with clock.section("cold"):
        session = Session(case)
        session.solve(silent)
    worst, algorithms, kept = 0.0, {}, True
    for name, (change, share) in CHANGES.items():
        other = change(case, share)
        session.update(case)
        session.solve(silent)
        with clock.section(name):
            with clock.section(f"{name}: update"):
                kept &= session.update(other)
            warm = session.solve(silent)
        cold = Session(other).solve(silent)
        algorithms[name] = [s.algorithm for s in warm.phases.values()]
        worst = max([worst, *(abs(warm.values[k] - v) / (1 + abs(v)) for k, v in cold.values.items())])
    return {"difference": worst, "algorithms": algorithms, "kept": kept, "size": session.program.size}


def silent(_: str) -> None:
    """Say nothing."""
    pass
