"""What is measured is what is said: the command is the command, a warm answer is held against a cold one."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from benchmarks.changes import CHANGES
from benchmarks.clock import Clock
from benchmarks.methods import planner_path
from benchmarks.profiles import STUDIES
from benchmarks.tasks import command, evaluate, points, session, workbench
from planner.results.explanation import EXPLANATION
from tests.cases import stored

STARTER = str(Path(__file__).parents[2] / "inputs" / "starter")


def test_a_command_is_run_as_typed_and_its_failure_is_one(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "left.txt").write_text("of an earlier run")
    clock = Clock()
    assert command.run({"arguments": ["check", STARTER], "out": str(out)}, clock) == {}
    assert not out.exists() and clock.wall["command"] > 0
    with pytest.raises(RuntimeError, match="ended with exit code 2"):
        command.run({"arguments": ["check", str(tmp_path)], "out": str(out)}, clock)


@pytest.mark.usefixtures("without_pages")
def test_a_run_is_explained_in_a_copy(tmp_path: Path) -> None:
    kept, out = stored(planner.solve(planner.load(STARTER)), tmp_path / "kept"), tmp_path / "out"
    found = command.run(
        {"arguments": ["explain", str(out)], "out": str(out), "copied": str(kept)}, Clock()
    )
    assert found["status"] == "optimal" and found["size"]["scenarios"] == 3
    assert (out / EXPLANATION).exists() and not (kept / EXPLANATION).exists()


def test_a_warm_answer_is_held_against_a_cold_one(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ("budgets x 0.5", "lead time +1 year", "goal welfare")
    monkeypatch.setattr(session, "CHANGES", {name: CHANGES[name] for name in kept})
    clock = Clock()
    found = session.run({"case": STARTER, "compare": 2}, clock)
    assert list(found["apart"]) == ["budgets x 0.5", "goal welfare"]  # every second
    assert max(found["apart"].values()) <= 1e-7
    assert set(found["status"].values()) == {"optimal"}
    assert all(clock.wall[name] > 0 for name in kept)


def test_points_of_a_study_are_solved_as_a_function_warm_and_cold(tmp_path: Path) -> None:
    study = STUDIES / "outside.toml"
    clock = Clock()
    found = points.run({"study": str(study), "calls": 4, "points": 6, "cold": 2}, clock)
    assert (found["calls"], found["points"], found["cold"], found["status"]) == (
        4,
        6,
        2,
        ["optimal"],
    )
    assert found["apart"] <= 1e-7
    assert all(clock.wall[name] > 0 for name in ("first call", "calls", "points", "cold"))


def test_a_plan_is_fixed_in_scenarios_one_by_one_and_as_one_program() -> None:
    clock = Clock()
    job = {"case": STARTER, "model": None, "register": STARTER, "alone": [6], "together": [6]}
    found = evaluate.run(job, clock)
    assert found["alone 6"]["scenarios"] == found["together 6"]["scenarios"] >= 4
    assert found["alone 6"]["risk"] > 0 and found["together 6"]["risk"] > 0
    assert all(clock.wall[way] > 0 for way in found)


def test_the_workbench_is_asked_at_random_and_each_change_is_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workbench, "IMPATIENT", 4)
    clock = Clock()
    found = workbench.run(
        {"case": STARTER, "model": None, "draws": 3, "seed": 1, "changes": 8}, clock
    )
    assert (
        len(found["changes"]) == 8
        and [kind for kind, *_ in found["changes"]].count("impatient") == 2
    )
    for _, begun, figures, tables, _, memory in found["changes"]:
        assert 0 <= begun <= figures <= tables and memory > 0
    assert found["cold"] > 0 and clock.wall["first"] > 0


def test_whole_plants_are_whole_and_payments_are_timed() -> None:
    clock = Clock()
    found = planner_path.run({"case": STARTER, "whole_plants": True}, clock)
    assert found["status"] == "optimal" and set(found["gap"]) == {"risk", "cost"}
    assert clock.cpu["payments"] > 0 and clock.cpu["run"] > 0
