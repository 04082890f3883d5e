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


def test_ways_that_find_other_objectives_are_told() -> None:
    runs = [
        a_run(label, 1.0, figures={"status": "optimal", "objectives": {"risk": risk, "cost": 1.0}})
        for label, risk in (("main/planner", 99.0), ("main/plain", 99.1))
    ]
    (goal,) = (goal for goal in goals(rows(runs)) if "objectives" in goal.what)
    assert (goal.measured, goal.verdict) == ("1.0e-03", "missed")  # 0.1 of 1 + 99


def test_many_scenarios_have_a_curve_and_verdicts_of_their_own() -> None:
    plain = a_run("main/plain-unreduced", 2.0)
    figures = {"gap": {"risk": 0.002, "cost": 0.001}}
    runs = [
        plain,
        *(a_run(f"many/{n}", n**0.75, wall=n**1.2, figures=figures) for n in (20, 100, 1000)),
    ]
    told = {goal.what: (goal.measured, goal.verdict) for goal in goals(rows(runs))}
    what = "`planner solve`, time against scenarios (20, 100, 1000): exponent"
    assert told[f"{what}, wall"] == ("1.20", "missed") and told[f"{what}, CPU"] == ("0.75", "met")
    assert told["1,000 scenarios: bounds apart"] == ("0.20%", "missed")
    assert told["1,000 scenarios: memory, all processes"] == ("0.1 GB", "met")


def a_session(seconds: dict[str, float], apart: dict[str, float]) -> Run:
    spent = dict.fromkeys(CHANGES, 0.1) | seconds
    told = dict.fromkeys(CHANGES, "")
    figures = {"apart": apart, "rebuilt": told, "status": told}
    return a_run("real/warm", 9.0, figures=figures, sections={"wall": spent, "cpu": spent})


def test_each_kind_of_change_is_held_against_the_seconds_of_its_sort() -> None:
    run = a_session(
        {"budgets x 0.5": 0.7, "project in": 1.4, "adaptive": 3.5},
        {"adaptive": 1e-9, "project in": 2e-7},
    )
    told = {
        goal.what: (goal.measured, goal.verdict)
        for goal in goals(rows([run]))
        if "arm" in goal.what or "real" in goal.what
    }
    figures = sum(not change.structural for change in CHANGES.values())
    assert told["real case, `planner.Session`, a figure changed"] == (
        f"0.10 s, {figures - 1} of {figures} within; not budgets x 0.5 (0.7)",
        "met",
    )
    assert told["real case, `planner.Session`, structure changed"][0].endswith("not adaptive (3.5)")
    assert told[f"real case, slowest of {len(CHANGES)} kinds of change"] == (
        "3.50 s (adaptive)",
        "missed",
    )
    assert told["risk and cost after 2 changes, warm against cold"] == (
        "2.0e-07 (project in)",
        "missed",
    )


def test_the_workbench_is_held_to_its_half_and_to_its_late_changes() -> None:
    quick, slow = ("money", 0.1, 0.3, 0.8, 0.5, 900.0), ("lever", 0.7, 3.1, 3.5, 2.0, 950.0)
    changes = [quick] * 8 + [slow] * 2
    run = a_run("real/workbench", 9.0, figures={"cold": 10.0, "changes": changes})
    told = {
        goal.what: (goal.measured, goal.verdict)
        for goal in goals(rows([run]))
        if "workbench" in goal.what
    }
    name = "real case as it is, workbench"
    figures = told[f"{name}, from a change to its figures"]
    assert figures == ("0.30 s, 3.10 s of 10 changes (3%, 31% of cold)", "missed")
    assert told[f"{name}, from a change to verified tables"][1] == "met"
    assert told[f"{name}, until a change that is replaced has ended"][1] == "missed"
    grown = told[f"{name}, memory after 10 changes"]
    assert grown == ("950 MB, 900 MB half way", "missed")


def test_the_page_tells_every_kind_of_change_and_every_row(tmp_path: Path) -> None:
    page = write_report(
        [a_session({}, {"adaptive": 1e-9}), a_run("many/20", 2.0, failed="no")], tmp_path
    ).read_text()
    assert all(f"| {name} |" in page for name in CHANGES)
    assert "| many/20 | 1 | 0 | no |" in page and (tmp_path / "benchmarks.csv").exists()
