"""A figure typed otherwise that no rule can know: `check --against` says what changed, and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner import Plan
from planner.cli import app
from planner.data.difference import changes
from tests.cases import stored
from tests.faults.books import write_book
from tests.faults.conftest import STARTER, read_text, write_text
from tests.faults.mutations import Text

pytestmark = pytest.mark.usefixtures("without_pages")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The starter, solved."""
    return planner.solve(planner.load(STARTER), baseline=False)


def slipped(folder: Path) -> tuple[Path, Text]:
    """The starter with one capacity ten times as large and the last row of staffing gone."""
    text = read_text(STARTER)
    row = text["projects"][2]
    row[text["projects"][0].index("max_new_tpa")] += "0"
    del text["staffing"][-1]
    return write_text(text, folder), text


def test_check_says_what_changed_since_a_run_or_another_case(plan: Plan, tmp_path: Path) -> None:
    run = stored(plan, tmp_path / "run")
    case, text = slipped(tmp_path / "case")
    name = text["projects"][2][0]
    for against in (run, STARTER):
        told = CliRunner().invoke(app, ["check", str(case), "--against", str(against)])
        assert told.exit_code == 0 and f"2 inputs changed since {against}:" in told.output, (
            told.output
        )
        assert "projects.csv:3: max_new_tpa: " in told.output and f"0 ({name})" in told.output
        assert "staffing.csv:" in told.output and "the row is gone" in told.output
    said = json.loads(
        CliRunner().invoke(app, ["check", str(case), "--against", str(run), "--json"]).output
    )
    assert [(one["place"], one["line"]) for one in said["changed"]] == [
        ("projects.csv", 3),
        ("staffing.csv", 2),
    ]
    same = CliRunner().invoke(app, ["check", str(STARTER), "--against", str(run)])
    assert "no input changed since" in same.output


def test_changes_of_a_workbook_have_their_sheet_and_line(tmp_path: Path) -> None:
    case, text = slipped(tmp_path / "case")
    book = planner.load(write_book(text, tmp_path / "case.xlsx"))
    told = {one.column: (one.place, one.line) for one in changes(planner.load(STARTER), book)}
    assert told["max_new_tpa"] == ("case.xlsx[projects]", 3)
    assert changes(planner.load(case), book) == []
