"""Studies on the starter case for tests, and workers that misbehave on purpose."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from planner.data.load import checked_case
from planner.results.journal import JOURNAL
from planner.solving.engine import Solved
from planner.studies.outcomes import PointMeasures, point_figures

ROOT = Path(__file__).parents[2]
STARTER = {
    "case": str(ROOT / "inputs" / "starter"),
    "model": str(ROOT / "models" / "least_risk.toml"),
}
BUDGET = {"name": "budget", "change": "budgets.*.*.musd=x?", "range": [0.5, 1.5]}
DEMAND = {"name": "demand", "change": "demand.*.*.*.*.tonnes=x?", "range": [0.9, 1.1]}
CUT = {"name": "cut", "change": "scenarios.cut.probability=?", "range": [0.05, 0.4]}
RICH = 1.46
"""Share of the budget that one point alone exceeds."""
FINAL = ("study.json", "design.parquet", "results.parquet")


def sample(points: int = 24, **more: Any) -> dict[str, Any]:
    """A Latin hypercube over budget, demand and the probability of a cut."""
    design = {"kind": "lhs", "points": points, "seed": 1}
    return {**STARTER, "uncertainties": [BUDGET, DEMAND, CUT], "design": design, **more}


def files(folder: Path) -> dict[str, bytes]:
    """What must be the same byte for byte."""
    return {name: (folder / name).read_bytes() for name in FINAL}


def runs(folder: Path) -> Counter[str]:
    """How often each point was written down."""
    with closing(sqlite3.connect(folder / JOURNAL)) as journal:
        return Counter(
            name for (name,) in journal.execute("SELECT id FROM entries WHERE kind = 'point'")
        )


def slow(solved: Solved) -> PointMeasures:
    """What is kept of a point, after a while, so that a study can be killed in the middle."""
    time.sleep(0.1)
    return point_figures(solved)


def dying_once(marker: Path, solved: Solved) -> PointMeasures:
    """What is kept of a point, or death at the first rich one that any process meets. marker: file that tells them that
    one was."""
    if is_rich(solved) and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return point_figures(solved)


def dying_always(solved: Solved) -> PointMeasures:
    """What is kept of a point, or death at the richest."""
    if is_rich(solved):
        os.kill(os.getpid(), signal.SIGKILL)
    return point_figures(solved)


def is_rich(solved: Solved) -> bool:
    """Whether a point is the one with the largest budget."""
    base = checked_case(STARTER["case"], model=STARTER["model"])
    return sum(solved.scope.case.budget.values()) > RICH * sum(base.budget.values())
