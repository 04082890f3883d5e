"""What the README shows is run: its Python example, its commands, and the figures it quotes."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

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
    assert (elsewhere / "shortage.svg").read_text(encoding="utf-8").startswith("<svg")
    risks = {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in capsys.readouterr().out.splitlines()[:4]
    }
    assert risks["as it is"] < risks["half the money"] < risks["each alone"]


def test_the_sampler_example_runs(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[1], "README.md", "exec"), {})  # noqa: S102 - our own README
    assert {"money", "capex"} <= set(capsys.readouterr().out.replace("'", " ").split())


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
