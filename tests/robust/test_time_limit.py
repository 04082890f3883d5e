"""A solve that is stopped says what it knows of the optimum: bounds that hold, whenever it is stopped."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import planner
from planner.solving.diagnose import why_unproven
from planner.solving.goals import silent
from planner.solving.solution import Bounds, Solution, Stop
from planner.solving.warm_program import WarmProgram
from tests.cases import REAL

ROOT = Path(__file__).parents[2]


def test_a_solve_out_of_time_reports_the_bounds_it_has(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from planner.cli import app; app()",
        "solve",
        str(REAL),
        "--time-limit",
        "1",
    ]
    command.append("--no-baseline")
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 4, done.stderr
    assert "stopped before an optimum was proven (time_limit); least risk: " in done.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    known = summary["bounds"]["risk"]
    assert 0 <= known["at_least"] < known.get("at_most", math.inf)
    assert not (tmp_path / "run" / "tables").exists()


def test_phases_that_ended_are_known_exactly() -> None:
    session = WarmProgram(planner.load(ROOT / "inputs" / "starter"))
    minimise = session.solver.minimise

    def stopping(column: int, **asked: Any) -> object:
        solution = minimise(column, **asked)
        if session.program.columns[column][0] == "cost":
            return replace(solution, stop=Stop.TIME_LIMIT, x=np.empty(0), bounds=Bounds(5.0, 9.0))
        return solution

    session.solver.minimise = stopping  # type: ignore[method-assign]
    outcome = session.solve(lambda _: None)
    least = outcome.values["risk"]
    assert outcome.bounds() == {
        "risk": {"at_least": least, "at_most": least},
        "cost": {"at_least": 5.0, "at_most": 9.0},
    }
    assert str(Bounds(**outcome.bounds()["cost"])) == "between 5 and 9 MUSD"


def test_the_cost_of_the_plan_of_least_risk_bounds_a_solve_that_stops_after_it() -> None:
    session = WarmProgram(planner.load(ROOT / "inputs" / "starter"))
    minimise, column = session.solver.minimise, session.program.column["cost", None]
    stopped = Solution(Stop.TIME_LIMIT, np.empty(0), np.empty(0), None)

    def stopping(one: int, **asked: Any) -> Solution:
        return stopped if one == column else minimise(one, **asked)

    session.solver.minimise = stopping  # type: ignore[method-assign]
    outcome = session.solve(silent)
    assert outcome.bounds()["cost"] == {
        "at_least": 0.0,
        "at_most": outcome.phases["risk"].x[column],
    }


def test_unproven_names_the_rows_that_are_missed_and_their_inputs() -> None:
    session = WarmProgram(planner.load(ROOT / "inputs" / "starter"))
    outcome = session.solve(lambda _: None)
    name, last = list(outcome.phases.items())[-1]
    upper, program = session.solver.upper, session.program
    x, duals = last.x.copy(), last.duals.copy()
    x[program.column["shortfall", ("JPN", "Dy", "oxide", 4, 0)]] += 50.0
    missed = replace(outcome, phases=outcome.phases | {name: replace(last, x=x)})
    told = why_unproven(session.scope, program, upper, missed)
    assert "elements.csv:2" in told[0] and "is missed by" in told[0]
    duals[program.row["balance", ("JPN", "Dy", "oxide", 4)]] *= -1e6
    priced = replace(outcome, phases=outcome.phases | {name: replace(last, duals=duals)})
    told = why_unproven(session.scope, program, upper, priced)
    assert any("has a price of the wrong sign" in line or "farther apart" in line for line in told)
