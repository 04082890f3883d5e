"""What is measured is what is said: the command is the command, a warm answer is held against a cold one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.changes import CHANGES
from benchmarks.clock import Clock
from benchmarks.tasks import command, session

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


def test_a_warm_answer_is_held_against_a_cold_one(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ("budgets x 0.5", "lead time +1 year", "goal welfare")
    monkeypatch.setattr(session, "CHANGES", {name: CHANGES[name] for name in kept})
    clock = Clock()
    found = session.run({"case": STARTER, "compare": 2}, clock)
    assert list(found["apart"]) == ["budgets x 0.5", "goal welfare"]  # every second
    assert max(found["apart"].values()) <= 1e-7
    assert set(found["status"].values()) == {"optimal"}
    assert all(clock.wall[name] > 0 for name in kept)


def test_answers_that_differ_are_seen() -> None:
    ours = {"status": "optimal", "risk_musd": 100.0, "cost_musd": 1.0}
    assert session.difference(ours, ours | {"risk_musd": 99.0}) == pytest.approx(0.01)  # 1 of 1 + 99
    assert session.difference(ours, ours | {"status": "unproven"}) == 1.0
