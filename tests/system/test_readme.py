"""What the README shows is run: its Python example, its commands, and the figures it quotes."""

from __future__ import annotations

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
    assert (elsewhere / "shortage.svg").read_text(encoding="utf-8").startswith("<svg")
    risks = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in capsys.readouterr().out.splitlines()[:4]}
    assert risks["as it is"] < risks["half the money"] < risks["each alone"]


def test_the_sampler_example_runs(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[1], "README.md", "exec"), {})  # noqa: S102 - our own README
    assert {"money", "capex"} <= set(capsys.readouterr().out.replace("'", " ").split())


@pytest.mark.usefixtures("without_pages")
def test_the_commands_run(elsewhere: Path) -> None:
    commands = [line for block in blocks("") for line in block.splitlines() if line.startswith("planner ")]
    assert len(commands) >= 5
    for command in commands:
        result = CliRunner().invoke(app, shlex.split(command, comments=True)[1:])
        assert result.exit_code == 0, (command, result.output)
    assert any((elsewhere / "work" / "reports").iterdir())


ROWS: dict[str, tuple[str, dict[str, object]]] = {
    "nothing": ("base", {"levers": []}),
    "mines only": ("mining_only", {}),
    "mines and separation": ("base", {"levers": ["mine", "separation"]}),
    "mines, separation and metal": ("base", {"levers": ["mine", "separation", "metal"]}),
    "the same with training": ("base", {"levers": ["mine", "separation", "metal", "training", "hiring"]}),
    "the same with stockpiles": ("base", {}),
    "everything, but each": ("national", {}),
    "everything, answering": ("adaptive", {}),
}


def test_the_quoted_figures_are_what_the_planner_gives() -> None:
    """Asked of one session, each answer certified and verified like one from nothing, at a fraction of the time."""
    session, apart, losses = None, {}, {}
    for label, (model, overrides) in ROWS.items():
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| {label}"))
        quoted = [float(cell.replace(",", "")) for cell in row.split("|")[2:4]]
        path = ROOT / "models" / f"{model}.toml"
        case = planner.load(ROOT / "inputs" / "allied-2026", model=path, overrides=overrides)
        session = session or planner.Session(case)
        plan = session.solve(case)
        assert plan.status.value == "optimal" and max(plan.summary["certificate"].values()) <= 1e-6, label
        losses[label] = plan.summary["scenario_loss_musd"]
        found = [plan.summary["risk_musd"], plan.summary["cost_musd"]]
        if found != pytest.approx(quoted, abs=0.5):
            apart[label] = found
    assert apart == {}
    assert losses["nothing"]["s01_no_cut"] == 0.0, "nothing is short if nothing is cut"
