"""What the pages of the site tell to type works as it stands there, one page after the other, from an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from tests.cases import LONG

PAGES = Path(__file__).parents[2] / "docs" / "pages"
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', re.DOTALL | re.MULTILINE)
"""A block: its language, the file that it is or that it is added to, if it says one, and its text."""
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
HEAVY = (
    "draw-scenarios",
    "back-test",
    "first-study",
    "own-case",
    "efficient-frontier",
    "judge-an-investment",
)
"""Pages that take more than a few seconds, in the long runs alone."""
SLOW_NOTEBOOKS = (
    "3-scenarios",
    "4-salib",
    "5-ema-prim",
    "6-optuna",
    "7-investment-case",
    "8-shares",
    "9-your-own-chart",
)
NOTEBOOKS = [
    path
    for path in sorted((PAGES.parent / "notebooks").glob("*.py"))
    if LONG or path.stem not in SLOW_NOTEBOOKS
]
TUTORIALS = sorted(PAGES.glob("tutorials/*.md"))
GUIDES = sorted(PAGES.glob("how-to/*.md"))
QUICK = [page for page in (*TUTORIALS, *GUIDES) if LONG or page.stem not in HEAVY]


@pytest.fixture
def without_printed_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Investment cases are written as pages alone: workbook and PDF take seconds, and have tests of their own."""
    monkeypatch.setattr("planner.api.investment_cases.write_business_case", lambda *given: None)
    monkeypatch.setattr(
        "planner.api.investment_cases.write_business_case_pdf", lambda *given: False
    )


@pytest.mark.usefixtures("without_pages", "without_printed_cases")
@pytest.mark.parametrize("page", QUICK, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files: dict[str, str] = {}
    for language, name, text in FENCE.findall(page.read_text("utf-8")):
        if language == "sh":
            for line in text.splitlines():
                put_down(files)
                run(line)
        elif name:
            files[name] = text
    assert files == {}


def test_the_plant_of_the_case_of_ones_own_is_built_once_there_are_people(tmp_path: Path) -> None:
    """As the page tells: first the plan leaves it out, since nobody is there to run it."""
    page = (PAGES / "tutorials" / "own-case.md").read_text("utf-8")
    folder = tmp_path / "mine"
    root = PAGES.parents[1]
    case = planner.load(root / "inputs" / "starter", model=root / "models" / "base.toml")
    case.write(folder)
    built: list[bool] = []
    risks: list[float] = []
    for name in ("projects.csv", "workforce.csv"):
        (line,) = [text for _, path, text in FENCE.findall(page) if path.endswith(name)]
        with (folder / name).open("a", encoding="utf-8") as table:
            table.write(line)
        summary = planner.solve(planner.load(folder), baseline=False).summary
        built.append(summary["new_capacity_tpa"].get("gulf_plant", 0.0) > 1)
        risks.append(summary["risk_musd"])
    assert built == [False, True]
    assert risks[1] < risks[0]


def put_down(files: dict[str, str]) -> None:
    """Write the files that a page shows, once their folder is there; lines of a table are added to it."""
    for name in list(files):
        path = Path(name)
        if path.parent.exists():
            mode = "a" if path.suffix == ".csv" else "x"
            with path.open(mode, encoding="utf-8") as file:
                file.write(files.pop(name))


def run(line: str) -> None:
    """Run a command as a page has it."""
    words = shlex.split(line)
    assert words[0] == "planner", line
    found = CliRunner().invoke(app, words[1:])
    assert found.exit_code == 0, f"{line}\n{found.output}"


@pytest.mark.usefixtures("without_pages")
@pytest.mark.parametrize("page", [*TUTORIALS, *GUIDES], ids=lambda page: page.stem)
def test_the_python_of_a_page_works(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = PYTHON.findall(page.read_text("utf-8"))
    if blocks:
        run("planner init work")
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)  # noqa: S102 - our own pages


def test_every_page_is_in_the_navigation() -> None:
    listed = (PAGES.parent / "mkdocs.yml").read_text("utf-8")
    missing = [
        str(path.relative_to(PAGES))
        for path in PAGES.rglob("*.md")
        if str(path.relative_to(PAGES)) not in listed
    ]
    assert missing == []


def test_the_page_on_python_has_every_public_name_once() -> None:
    page = (PAGES / "reference" / "python.md").read_text("utf-8")
    assert sorted(re.findall(r"^::: planner\.(\w+)$", page, re.MULTILINE)) == planner.__all__


def test_the_overview_links_every_guide() -> None:
    overview = (PAGES / "how-to" / "index.md").read_text("utf-8")
    assert [
        page.stem for page in GUIDES if page.stem != "index" and page.name not in overview
    ] == []


@pytest.mark.parametrize(
    ("folder", "schema"),
    [
        ("models", "model.json"),
        ("models/studies", "study.json"),
        ("inputs/workshop", "model.json"),
        ("inputs/backtest-2025", "model.json"),
    ],
)
def test_an_editor_finds_the_schema_of_each_file(folder: str, schema: str) -> None:
    root = PAGES.parents[1]
    for path in sorted((root / folder).glob("*.toml")):
        mark, _, place = path.read_text("utf-8").partition("\n")[0].partition(" ")
        assert mark == "#:schema", path
        assert (path.parent / place).resolve() == root / "models" / "schema" / schema, path


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_its_claims_hold(script: Path) -> None:
    """Each asserts what its text tells."""
    assert "assert " in script.read_text("utf-8")
    run = subprocess.run(
        [sys.executable, script.name], cwd=script.parent, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
