"""Medians, spreads, exponents and verdicts from runs."""

from __future__ import annotations

import pytest

from benchmarks.goals import goals
from benchmarks.process import Run
from benchmarks.tables import exponent, rows


def a_run(label: str, cpu: float, wall: float | None = None, **more: object) -> Run:
    return Run("planner", label, wall if wall is not None else cpu, cpu, 100.0, 0.0, **more)  # type: ignore[arg-type]


def test_medians_and_spread() -> None:
    row = rows([a_run("x", cpu) for cpu in (1.0, 2.0, 3.0, 4.0, 10.0)])["x"]
    assert (row.cpu, row.spread("cpu"), row.left_out) == (3.0, 2.0, 0)


def test_runs_that_waited_are_left_out_where_three_did_not() -> None:
    calm = [a_run("x", 1.0) for _ in range(3)]
    row = rows([*calm, a_run("x", 1.5, wall=4.0)])["x"]
    assert (row.cpu, row.left_out) == (1.0, 1)
    row = rows([*calm[:2], a_run("x", 1.5, wall=4.0)])["x"]
    assert row.left_out == 0


def test_exponent_of_a_power() -> None:
    assert exponent([5, 10, 20, 50], [n**1.3 for n in (5, 10, 20, 50)]) == pytest.approx(1.3)


def test_a_ratio_is_held_against_its_target() -> None:
    done = {"figures": {"status": "optimal", "objectives": {"risk": 1.0}}}
    runs = [a_run("main/planner", 1.0, **done), a_run("main/plain", 9.0, **done), a_run("main/linopy", 2.0, **done)]
    verdict = {goal.what: goal.verdict for goal in goals(rows(runs))}
    assert verdict["20 scenarios: planner against plain Pyomo + stock interface"] == "met"
    assert verdict["20 scenarios: planner against linopy + HiGHS defaults"] == "missed"
    assert verdict["100 scenarios, both phases"] == "not measured"


def test_a_failed_run_gives_no_verdict() -> None:
    runs = [a_run("main/planner", 1.0), a_run("main/plain", 1.0, failed="out of memory")]
    goal = next(goal for goal in goals(rows(runs)) if "stock interface" in goal.what)
    assert (goal.verdict, goal.measured) == ("not measured", "out of memory")


def test_many_scenarios_have_a_curve_and_a_verdict_of_their_own() -> None:
    found = {"risk_gap": 0.0009, "cost_gap": 0.0004, "workers_mb": 2048.0}
    runs = [a_run(f"many/{n}", 1.0, wall=0.5 * n**1.1, figures=found) for n in (20, 100, 1000)]
    told = {goal.what: (goal.measured, goal.verdict) for goal in goals(rows(runs))}
    what = "time against scenarios (20, 100, 1000), exponent: planner approximate, wall"
    assert told[what] == ("1.10", "met")
    # 0.5 * 1000^1.1 s = 998 s = 16.6 minutes
    measured, verdict = told["1,000 scenarios: certified gap"]
    assert (measured, verdict) == ("0.09% of risk and of cost, 16.6 minutes, at most 2.1 GB", "missed")
