"""What the README shows is run: its Python example, its commands, and the figures it quotes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the inputs and models of the checkout, to run examples in."""
    for name in ("inputs", "models"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_example_runs(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[0], "README.md", "exec"), {})  # noqa: S102 - our own README
    assert (elsewhere / "reports" / "starter-mine" / "report.html").exists()
    assert "vega" in (elsewhere / "unmet.html").read_text(encoding="utf-8")
    risks: list[float] = []
    for line in capsys.readouterr().out.splitlines():
        risks.append(float(line.rpartition(" ")[2]))
    as_it_is = planner.open_run(elsewhere / "reports" / "starter-mine").summary["risk_musd"]
    half_the_money, each_alone = risks
    assert as_it_is < half_the_money < each_alone


def test_every_line_of_its_blocks_is_one_that_is_run_here_or_by_make() -> None:
    """A block of Python, commands of the planner, targets of the Makefile, and the installation, which `make demo` does too."""
    assert len(blocks("python")) == 1
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for block in blocks(""):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            known = words[0] == "planner" or words == ["pip", "install", "."]
            assert known or (words[0] == "make" and words[1] in targets), line


def test_it_is_a_page_that_somebody_reads() -> None:
    assert len(TEXT.splitlines()) <= 90


def test_its_figures_are_those_of_the_page_of_the_real_case() -> None:
    """Money and plants that the sentences tell, each as the case's own page has it."""
    told = TEXT.partition("## What the real case says")[2].partition("## Install")[0]
    figures = re.findall(r"\d+,\d{3}|\d+ (?=scenarios|plants|hazards|%)", told)
    assert len(figures) >= 5
    page = (ROOT / "inputs" / "allied-2026" / "README.md").read_text(encoding="utf-8")
    assert [figure for figure in figures if figure not in page] == []
    shares = re.findall(r"[\d.]+ to [\d.]+ %|\d+\.\d %", told)
    assert len(shares) == 8
    assert [share for share in shares if share not in page] == []


def test_its_counts_are_those_of_the_real_case() -> None:
    case = planner.load(ROOT / "inputs" / "allied-2026")
    savings = [row for row in case.tables.projects if row.stage == "saving"]
    plants = len(case.tables.projects) - len(savings)
    hazards = {row.event for row in case.tables.hazards}
    assert (len(case.countries), len(case.elements)) == (15, 6)
    counts = f"fifteen countries, six elements, {plants} plants from mine to magnet, {len(savings)} ways of using less"
    assert f"{counts} and {len(hazards)} hazards" in TEXT


def test_its_risk_and_cost_are_those_of_the_committed_run() -> None:
    run = json.loads(
        (ROOT / "reports/reference/allied-2026-decision/figures.json").read_text("utf-8")
    )
    for key in ("without_plan", "without_plan_cost", "risk", "cost"):
        assert f"{run['summary'][f'{key}_musd']:,.0f}" in TEXT


@pytest.mark.usefixtures("without_pages")
def test_the_commands_run(elsewhere: Path) -> None:
    commands = [
        line for block in blocks("") for line in block.splitlines() if line.startswith("planner ")
    ]
    assert len(commands) >= 5
    for command in commands:
        result = CliRunner().invoke(app, shlex.split(command, comments=True)[1:])
        assert result.exit_code == 0, (command, result.output)
    assert any((elsewhere / "work" / "reports").iterdir())
