"""Points of a study one after the other: a session asked from outside, and as its worker solves them, warm and cold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import planner
from benchmarks.clock import Clock
from planner.data.changed_case import Changer
from planner.solving.engine import Engine
from planner.studies.design import design
from planner.studies.outcomes import point_figures
from planner.studies.points import Settler, chains, points
from planner.studies.run import open_case
from planner.studies.study_file import read_study


def run(job: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """job: study (file), calls (of a session at points without an order; 0: none), points (of the design that a
    worker solves, at most), cold (how many of those again from nothing). Points of each kind, the seconds by section.
    """
    path = Path(job["study"])
    asked = read_study(path)
    case = open_case(asked, path.parent)
    settler, rows = Settler(asked, case), design(asked, path.parent)
    if job["calls"]:
        session = planner.Session(case)
        with clock.section("first call"):
            session.figures()
        places = np.random.default_rng(1).choice(len(rows), job["calls"])
        with clock.section("calls"):
            for place in places:
                changes = settler.changes(rows[place])
                session.figures(Changer(case).apply(changes, make_room=True).checked())
    found = points(settler, sha256=case.sha256, rows=rows)
    solved = [point for chain in chains(asked, found) for point in chain][: job["points"]]
    engine = Engine(case, asked.time_limit)
    questions = [point.question for point in solved]
    bases, apart = engine.bases, 0.0
    with clock.section("points"):
        ((_, warm),) = engine.answered([questions], point_figures, begins=[bases])
    with clock.section("cold"):
        again = [questions[1 : 1 + job["cold"]]]
        ((_, cold),) = engine.answered(again, point_figures, begins=[{}])
    for there, alone in zip(warm[1:], cold, strict=False):
        risk = alone.get("cold")["risk_musd"]
        apart = max(apart, abs(there.get("warm")["risk_musd"] - risk) / (1 + abs(risk)))
    ends_of = sorted({result.status for result in (*warm, *cold)})
    return {
        "calls": job["calls"],
        "points": len(solved),
        "cold": len(cold),
        "apart": apart,
        "status": ends_of,
    }
