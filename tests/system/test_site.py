"""What the pages of the site tell to type works as it stands there, one page after the other, from an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import altair
import pytest

import planner
from docs.lessons import BLOCK, worked
from tests.cases import LONG

PAGES = Path(__file__).parents[2] / "docs" / "pages"
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
def test_what_a_page_tells_to_type_works(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands, files, Python and charts, one after the other."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text("utf-8")
    charts: list[altair.TopLevelMixin] = []

    def show(chart: altair.TopLevelMixin) -> str:
        charts.append(chart)
        return "CHART"

    done = worked(text, show)
    assert done.count("CHART") == len(charts) == text.count("<!-- chart: ")
    assert "<!-- chart" not in done


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
        (line,) = [block["text"] for block in BLOCK.finditer(page) if (block["file"] or "").endswith(name)]
        with (folder / name).open("a", encoding="utf-8") as table:
            table.write(line)
        summary = planner.solve(planner.load(folder), baseline=False).summary
        built.append(summary["new_capacity_tpa"].get("gulf_plant", 0.0) > 1)
        risks.append(summary["risk_musd"])
    assert built == [False, True]
    assert risks[1] < risks[0]


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
