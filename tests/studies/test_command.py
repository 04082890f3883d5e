"""`planner study`: exit codes, and options that do not apply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from planner.cli import app
from planner.data.case import Case
from planner.data.changed_case import Changer
from planner.solving.engine import Question
from tests.studies.processes import written
from tests.studies.studies import BUDGET, DEMAND, STARTER

LIST = {**STARTER, "uncertainties": [DEMAND], "design": {"kind": "list", "file": "points.csv"}}


def study(*arguments: object) -> Result:
    """`planner study ..`."""
    return CliRunner().invoke(app, ["study", *map(str, arguments)])


@pytest.mark.parametrize(
    ("asked", "points", "code", "told"),
    [
        (
            LIST,
            "demand\n1.05\n",
            4,
            "no point has an optimum; the first ended as crashed: MemoryError",
        ),
        (
            LIST,
            "demand\n1.0\n1.05\n",
            4,
            "1 of 2 points failed; the first ended as crashed: MemoryError",
        ),
        (LIST, "demand\nabc\n", 2, "points.csv:2: demand: 'abc' is no number"),
        (LIST, 'demand\n1.01\n""\n', 0, "2 of 2 points: 2 optimal"),
        (
            {
                **LIST,
                "uncertainties": [
                    {
                        **BUDGET,
                        "name": "limit",
                        "change": "objective.risk_limit=?",
                        "values": [0.001],
                        "range": None,
                    }
                ],
                "design": {"kind": "grid"},
                "set": {"objective.goal": "target", "objective.risk_limit": 3000.0},
            },
            "",
            3,
            "ended as infeasible",
        ),
        (LIST, "demand\n", 2, "has no points"),
    ],
)
def test_a_study_in_which_points_failed_does_not_end_with_0(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    points: str,
    code: int,
    told: str,
) -> None:
    on = Question.on

    def out_of_memory(question: Question, changer: Changer) -> Case:
        if any(change.endswith("x1.05") for change in question.changes):
            raise MemoryError
        return on(question, changer)

    monkeypatch.setattr(Question, "on", out_of_memory)
    (tmp_path / "points.csv").write_text(points)
    plain = {
        **asked,
        "uncertainties": [{k: v for k, v in u.items() if v} for u in asked["uncertainties"]],
    }
    found = study("run", written(plain, tmp_path / "s.toml"), "--out", tmp_path / "out")
    assert found.exit_code == code, found.output
    assert told in found.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["run", "LIST", "--workers", "2", "--scheduler", "tcp://nowhere:1"],
            "leave one of the two out",
        ),
        (["run", "LIST", "--plan", "nowhere"], "No such option"),
        (["run", "LIST", "another"], "unexpected extra argument"),
        (["status", "DIR", "--workers", "1"], "No such option"),
        (["report", "DIR", "--out", "x"], "No such option"),
        (["status", "DIR"], "is not a study folder"),
        (["LIST"], "No such command"),
    ],
)
def test_an_option_that_does_not_apply_is_an_error(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "points.csv").write_text("demand\n1.0\n")
    files = {"LIST": LIST}
    given = [
        written(files[a], tmp_path / f"{a}.toml")
        if a in files
        else tmp_path / a
        if a == "DIR"
        else a
        for a in arguments
    ]
    out = ["--out", tmp_path / "out"] if arguments[0] == "run" else []
    found = study(*given, *out)
    assert found.exit_code == 2, found.output
    assert told in found.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["tcp://nowhere:1", "--workers", "2"], "--workers: does not apply beside --scheduler"),
        (["tcp://nowhere:1", "--method", "whole"], "--method: does not apply beside --scheduler"),
        (["nonsense://"], "no dask scheduler answers there"),
    ],
)
def test_a_scheduler_solves_scenarios_and_is_asked_alone(
    tmp_path: Path, options: list[str], told: str
) -> None:
    given = ["solve", STARTER["case"], "--out", str(tmp_path / "out"), "--scheduler", *options]
    found = CliRunner().invoke(app, given)
    assert found.exit_code == 2, found.output
    assert told in found.output
    assert not (tmp_path / "out").exists()
