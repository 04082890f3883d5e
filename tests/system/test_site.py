"""What the pages of the site tell to type works as it stands there, one page after the other, from an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import altair
import pytest

import planner
from docs.lessons import BLOCK, LessonError, worked
from docs.warnings_page import warnings_page
from planner.errors import RULES
from tests.cases import LONG

PAGES = Path(__file__).parents[2] / "docs" / "pages"
HEAVY = ("draw-scenarios", "first-study", "judge-an-investment")
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
CLAIMS = {
    "1-first-case": "after < before and half > after",
    "2-diversification": "both['with it']['tonnes'].sum() <= 40.001 < both['without the target']['tonnes'].sum()",
    "3-scenarios": "risks['risk_musd'].is_monotonic_increasing",
    "4-salib": "indices['index'].max() > 0.1",
    "5-ema-prim": "box.density > bad.mean()",
    "6-optuna": "search.best_value > as_it_is",
    "7-investment-case": "returns.npv_after_tax < 0 and len(rows) == 8",
    "8-shares": "all(row.charge <= row.alone + 1e-3 for row in shares.rows)"
    " and abs(sum(row.charge for row in shares.rows) - shares.optimum) < 0.01",
    "9-your-own-chart": "len(unmet) > 0",
}
"""Notebook -> what its text says, of its names."""
NAV = (PAGES.parent / "mkdocs.yml").read_text("utf-8")
NOTEBOOKS = [
    path
    for path in sorted((PAGES.parent / "notebooks").glob("*.py"))
    if LONG or path.stem not in SLOW_NOTEBOOKS
]
TUTORIALS = sorted(PAGES.glob("tutorials/*.md"))
GUIDES = sorted(PAGES.glob("how-to/*.md"))
GALLERY = PAGES / "reference" / "charts.md"
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

    def show(title: str, chart: altair.TopLevelMixin) -> str:
        charts.append(chart)
        return "CHART"

    done = worked(text, show)
    assert done.count("CHART") == len(charts) >= text.count("<!-- chart: ")
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
        (line,) = [
            block["text"] for block in BLOCK.finditer(page) if (block["file"] or "").endswith(name)
        ]
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
def test_a_notebook_runs_and_what_its_text_says_holds(script: Path) -> None:
    code = f"import runpy\nlocals().update(runpy.run_path({script.name!r}))\nassert {CLAIMS[script.stem]}"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=script.parent, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def test_a_notebook_says_what_it_needs_and_shows_a_picture() -> None:
    for script in sorted((PAGES.parent / "notebooks").glob("*.py")):
        text = script.read_text("utf-8")
        assert "\n# Needs: the planner" in text, script
        assert 'altair.renderers.enable("svg")' in text, script
        assert "planner.chart(" in text or "altair.Chart(" in text, script
        assert "assert" not in text, script
        assert re.search(rf"- ([^\n]+): notebooks/{script.name}$", NAV, re.MULTILINE), script


def test_links_call_a_page_as_it_calls_itself() -> None:
    """The lists of the home page and of the guides, so that a reader finds again what he has read of."""
    nav = (PAGES.parent / "mkdocs.yml").read_text("utf-8")
    called = {
        page: title for title, page in re.findall(r"- ([^:\n]+): (\S+\.md)$", nav, re.MULTILINE)
    }
    for listing in ("index.md", "how-to/index.md"):
        place = PAGES / listing
        text = place.read_text("utf-8").partition("## Begin")[2] or place.read_text("utf-8")
        for words, target in re.findall(r"\[([^\]]+)\]\(([\w/.-]+\.md)\)", text):
            page = (place.parent / target).resolve().relative_to(PAGES)
            if str(page) in called:
                assert words == called[str(page)], page
            elif (PAGES / page).exists() and "run of" not in text[: text.index(words)][-10:]:
                heading = (PAGES / page).read_text("utf-8").partition("\n")[0]
                assert heading == f"# {words}", page


def test_what_a_page_prints_stands_below_what_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = '```python\nprint("one")\n```\n\nText.\n\n```sh title="exit code 2"\nplanner check nowhere\n```\n'
    shown = worked(page, lambda title, chart: "")
    assert (
        shown.index("print(")
        < shown.index("\none\n")
        < shown.index("Text.")
        < shown.index("no such case")
    )
    with pytest.raises(LessonError, match="nowhere"):
        worked("```sh\nplanner check nowhere\n```\n", lambda title, chart: "")
    with pytest.raises(LessonError, match="after these files"):
        worked('```toml title="work/mine.toml"\na = 1\n```\n', lambda title, chart: "")


def test_the_list_of_warnings_has_every_rule() -> None:
    page = warnings_page()
    assert len(RULES["warnings"]) > 40
    for rules in RULES.values():
        for name, rule in rules.items():
            assert page.count(f"**`{name}`**: {rule.says}.") == 1


def test_the_picture_of_the_chain_has_the_figures_of_the_teaching_case() -> None:
    root = PAGES.parents[1]
    case = planner.load(root / "inputs" / "starter")
    share = {row.element: row.share for row in case.tables.feeds}
    oxide = {
        name: 100 * part * case.projects["coast_plant"].recovery for name, part in share.items()
    }
    metal = oxide["Tb"] * case.projects["metal_works"].recovery
    page = (PAGES / "index.md").read_text("utf-8")
    assert f"or {100 * sum(share.values()):.3g} t of heavy elements" in page
    assert f"gives {oxide['Dy']:.3g} t of dysprosium, {oxide['Tb']:.3g} t of terbium" in page
    assert f"takes {oxide['Tb']:.3g} t of terbium; gives {metal:.2g} t" in page


@pytest.mark.usefixtures("without_pages")
def test_the_gallery_shows_the_charts_that_can_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = worked(GALLERY.read_text("utf-8"), lambda title, chart: title)
    names = planner.chart(planner.open_run("work/reports/first"))
    assert re.findall(r"^## `(\w+)`$", shown, re.MULTILINE) == names
