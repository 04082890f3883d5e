"""`planner explain` on a run folder: what it writes, when it is used, and when it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

import planner
from planner.api import explanations
from planner.cli import app
from planner.data.load import checked_case
from planner.explanation.explain import explain
from planner.results.explanation import EXPLANATION, Explanation, read_explanation
from planner.results.folders import SUMS
from planner.results.store import fingerprint
from tests.conftest import Once
from tests.reporting.conftest import PageText, explained_starter, read_page

STARTER = Path(__file__).parents[2] / "inputs" / "starter"
Plan = planner.Plan


MOST_SHEETS = 25


@pytest.fixture(scope="session")
def explained(once: Once) -> Path:
    """The starter, explained by the command; nobody changes it."""
    return once("explained-starter", explained_starter) / "run"


@pytest.fixture
def run(explained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(explained, tmp_path / "run"))


def page_of(run: Path) -> PageText:
    return read_page((run / "report.html").read_text(encoding="utf-8"))


def test_the_report_says_why(explained: Path) -> None:
    page, found = page_of(explained), read_explanation(explained)
    assert found is not None
    assert "planner explain RUN" not in page.text.partition("Annex")[0]
    for field in ("alternatives", "claims", "droppings"):
        assert f"{EXPLANATION}: {field}" in page.text
    assert {path.name for path in explained.iterdir()} >= {
        *("summary.json", "solution.npy", "inputs", "tables", SUMS),
        *("coverage.json", EXPLANATION, "report.html", "report.xlsx"),
    }


def test_the_workbook_says_why(explained: Path) -> None:
    found = read_explanation(explained)
    assert found is not None
    book = openpyxl.load_workbook(explained / "report.xlsx", data_only=True)
    assert "alternatives" in book.sheetnames and len(book.sheetnames) <= MOST_SHEETS
    heading, *rows = book["alternatives"].iter_rows(min_row=1, values_only=True)
    at = heading.index("risk (bn USD)")
    assert rows[0][at] == pytest.approx(found.own.risk / 1000)


def test_what_was_found_reads_back_as_it_was(explained: Path) -> None:
    read = read_explanation(explained)
    assert isinstance(read, Explanation)
    again = explain(planner.open_run(explained), explained.name, more=True)
    assert read == Explanation(**{**vars(again)})
    assert json.loads((explained / EXPLANATION).read_text(encoding="utf-8"))[
        "run_sha256"
    ] == fingerprint(explained)


@pytest.mark.parametrize("part", ["summary.json", "tables/investments.csv", "inputs/demand.csv"])
def test_what_was_found_out_about_another_run_is_not_used(run: Path, part: str) -> None:
    assert read_explanation(run) is not None
    path = run / part
    path.write_text(path.read_text(encoding="utf-8").replace("1", "2", 1), encoding="utf-8")
    assert read_explanation(run) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run_sha256": 1}'])
def test_a_damaged_explanation_is_not_used(run: Path, text: str) -> None:
    (run / EXPLANATION).write_text(text, encoding="utf-8")
    assert read_explanation(run) is None
    values = {"run_sha256": fingerprint(run), "run": "x"}
    (run / EXPLANATION).write_text(json.dumps(values), encoding="utf-8")
    assert read_explanation(run) is None


def test_nothing_is_written_if_the_run_is_another_meanwhile(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run / EXPLANATION).unlink()
    before = (run / "report.html").read_bytes()

    def changed(plan: Plan, *args: object, **options: object) -> Explanation:
        shutil.rmtree(run / "inputs")
        checked_case(STARTER, changes={"objective.tail": 0.5}).write(run / "inputs")
        return explain(plan, "run")

    monkeypatch.setattr(explanations, "explain", changed)
    done = CliRunner().invoke(app, ["explain", str(run)])
    assert done.exit_code != 0
    assert "another run was put there meanwhile" in " ".join(done.output.split())
    assert not (run / EXPLANATION).exists() and (run / "report.html").read_bytes() == before
