"""A page never keeps a solved run from being written: what fails in a chapter is told in its place."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.reporting.pages.run import CHAPTERS
from planner.reporting.parts import SHARE, Chapter, ReportTable, figures
from planner.results.plan import Plan
from tests.cases import imports, write_case
from tests.reporting.conftest import read_page

HALF_AT_HOME = {"target": "home", "kind": "made_share", "element": "Dy", "form": "oxide"} | {
    "share": 0.5
}
FAILS = "could not be made (ValueError: "


def odd(value: object) -> str:
    """Has no words for anything."""
    raise ValueError(f"{value} is odd")


def fails(run: Plan) -> Chapter:
    """A chapter that cannot be made."""
    return Chapter(anchor="first", title="", lead=odd(run.title))


def has_an_odd_cell(run: Plan) -> Chapter:
    """A chapter that is made but cannot be put into words."""
    table = ReportTable(
        title="odd",
        columns=[figures("share", form=replace(SHARE, text=odd))],
        frame=pd.DataFrame({"share": [0.0]}),
    )
    return Chapter(anchor="odd", title=run.title, parts=[table])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chapters fail, the first and the last."""
    chapters = (fails, *CHAPTERS, has_an_odd_cell)
    monkeypatch.setattr("planner.reporting.pages.run.CHAPTERS", chapters)
    monkeypatch.setattr(fails, "__module__", "chapters.first")
    monkeypatch.setattr(has_an_odd_cell, "__module__", "chapters.last")


def test_a_plan_that_loses_where_nothing_was_lost_before_is_written_and_told(
    tmp_path: Path,
) -> None:
    """A target keeps imports out, so that a scenario without any loss has one: no share of nothing is told."""
    case = write_case(tmp_path / "case", imports=[imports(100)], targets=[HALF_AT_HOME])
    result = CliRunner().invoke(app, ["solve", str(case), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    page = read_page((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert "Worst scenario: 300 MUSD lost, 0 MUSD without a plan" in page.text


def on_the_screen(
    message: Warning | str, category: type[Warning], file: str, line: int, *rest: object
) -> None:
    """What the interpreter does with a warning where no test collects it."""
    sys.stderr.write(warnings.formatwarning(message, category, file, line))


@pytest.mark.filterwarnings("default::planner.errors.ChapterWarning")
def test_the_command_writes_the_run_and_a_line_for_each_broken_chapter(
    broken: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "showwarning", on_the_screen)
    case = write_case(tmp_path / "case")
    result = CliRunner().invoke(app, ["solve", str(case), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    told = [line for line in result.stderr.splitlines() if line.startswith("warning: the chapter")]
    for line, name in zip(told, ("first", "last"), strict=True):
        assert line.startswith(f"warning: the chapter “{name}” of the reports {FAILS}")
    page = read_page((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert page.text.count(f"This {FAILS}") == 2
    assert page.text.index("Chapter “first” is missing") < page.text.index("Chapter “last” is")
