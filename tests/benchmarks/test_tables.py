"""Medians, spreads, exponents and verdicts from runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.changes import CHANGES
from benchmarks.goals import goals
from benchmarks.process import Run
from benchmarks.report import write_report
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
    runs = [a_run("main/planner", 1.0, **done), a_run("main/plain-unreduced", 5.0, **done)]
    runs += [a_run("many/20", 2.1, **done), a_run("main/linopy", 2.0, **done)]
    verdict = {goal.what: goal.verdict for goal in goals(rows(runs))}
    assert verdict["20 scenarios, plan only: plain Pyomo takes"] == "met"
    assert verdict["20 scenarios, folder to report: plain Pyomo takes"] == "missed"
    assert verdict["20 scenarios, plan only: linopy takes"] == ""  # told, without a target
    assert verdict["real case, `planner solve` from folder to pages"] == "not measured"


def test_a_failed_run_gives_no_verdict() -> None:
    runs = [a_run("main/planner", 1.0), a_run("main/plain-unreduced", 1.0, failed="out of memory")]
    goal = next(goal for goal in goals(rows(runs)) if "plain Pyomo" in goal.what)
    assert (goal.verdict, goal.measured) == ("not measured", "out of memory")


def test_seconds_on_the_wall_are_not_judged_where_a_run_waited_for_others() -> None:
    told = {}
    for wall, cpu in ((7.0, 6.9), (9.0, 8.9), (9.0, 5.0)):
        cold = next(
            goal for goal in goals(rows([a_run("real/cold", cpu, wall)])) if "pages" in goal.what
        )
        told[wall, cpu] = cold.verdict
    assert list(told.values()) == ["met", "missed", "not judged: it waited for others"]


def a_session(seconds: dict[str, float], apart: dict[str, float]) -> Run:
    spent = dict.fromkeys(CHANGES, 0.1) | seconds
    told = dict.fromkeys(CHANGES, "")
    figures = {"apart": apart, "rebuilt": told, "status": told}
    return a_run("real/warm", 9.0, figures=figures, sections={"wall": spent, "cpu": spent})


def test_the_page_tells_every_kind_of_change_and_every_row(tmp_path: Path) -> None:
    page = write_report(
        [a_session({}, {"adaptive": 1e-9}), a_run("many/20", 2.0, failed="no")], tmp_path
    ).read_text()
    assert all(f"| {name} |" in page for name in CHANGES)
    assert "| many/20 | 1 | 0 | no |" in page and (tmp_path / "benchmarks.csv").exists()
