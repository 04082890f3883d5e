"""Ctrl-C at any moment of a solve ends it at once with exit code 130 and nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli import app

ROOT = Path(__file__).parents[2]
CODE = "from planner.cli import app; app()"


@pytest.mark.parametrize("before", ["loading", "building the program"])
def test_ctrl_c_ends_a_solve_with_130_and_writes_nothing(tmp_path: Path, before: str) -> None:
    case, out = str(ROOT / "inputs" / "allied-2026"), str(tmp_path / "run")
    command = [sys.executable, "-c", CODE, "solve", case, "--out", out]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        # A step is told when it ends, so the step after it has begun.
        while before not in (line := process.stderr.readline()):
            assert line, "ended before it was stopped"
        os.kill(process.pid, signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert said.endswith("stopped; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_target_stores_its_smallest_changes(tmp_path: Path) -> None:
    options = ["--set", "objective.goal=target", "--set", "objective.risk_limit=1500"]
    result = CliRunner().invoke(
        app, ["solve", str(ROOT / "inputs" / "starter"), *options, "--out", str(tmp_path / "run")]
    )
    assert result.exit_code == 3
    found = json.loads((tmp_path / "run" / "summary.json").read_text())["smallest_changes"]
    assert found["least_risk"] > found["limit"] == 1500.0
