"""The starter case solved once, and helpers to read the pages back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli import app
from planner.data.load import checked_case
from planner.reporting.pages.run import Report, report_of, write_pages
from planner.reporting.parts import Answers, Chart, Missing, Part, Text
from planner.results.explanation import Explanation, read_explanation
from planner.results.plan import Plan
from tests.cases import stored
from tests.conftest import Once

STARTER = Path(__file__).parents[2] / "inputs" / "starter"


class PageText(HTMLParser):
    """Text, tags and attributes of a page."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def read_page(html: str) -> PageText:
    page = PageText()
    page.feed(html)
    assert not page.open, f"left open: {page.open}"
    return page


@pytest.fixture(scope="session")
def plan() -> Plan:
    return planner.solve(planner.load(STARTER))


@pytest.fixture(scope="session")
def written(plan: Plan, once: Once) -> Path:
    """The report of the starter in every form; nobody changes it."""
    return once("written-starter", partial(write_pages, plan))


@pytest.fixture(scope="session")
def report(plan: Plan) -> Report:
    """Head and chapters of the starter's report."""
    return report_of(plan)


@pytest.fixture(scope="session")
def explained(once: Once) -> Path:
    """The run folder of the starter, explained, with its report in every form; nobody changes it."""
    return once("explained-starter", explained_starter) / "run"


def explained_starter(folder: Path) -> None:
    """Write it as `run` into a folder, by the commands."""
    run = stored(planner.solve(planner.load(STARTER)), folder / "run")
    for command in (["explain", "--more"], ["report"]):
        done = CliRunner().invoke(app, [*command, str(run)])
        assert done.exit_code == 0, (done.output, done.exception)


@pytest.fixture(scope="session")
def explanation(explained: Path) -> Explanation:
    """The explanation of the starter, read back."""
    found = read_explanation(explained)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def page(written: Path) -> PageText:
    return read_page((written / "report.html").read_text(encoding="utf-8"))


Vary = Callable[..., Plan]


@pytest.fixture
def vary(tmp_path: Path) -> Vary:
    """Solve the starter with some files changed (None: left out) and keys of the model set."""

    def solve(
        files: Mapping[str, Callable[[str], str] | None] | None = None,
        *,
        baseline: bool = True,
        **keys: object,
    ) -> Plan:
        folder = tmp_path / "case"
        shutil.copytree(STARTER, folder)
        for name, edit in (files or {}).items():
            path = folder / f"{name}.csv"
            if edit is None:
                path.unlink()
            else:
                path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        case = checked_case(
            folder, changes={key.replace("__", "."): value for key, value in keys.items()}
        )
        return planner.solve(case, baseline=baseline)

    return solve


def words_of(part: Part) -> list[str]:
    """The sentences of a part: its paragraphs, caption or note."""
    if isinstance(part, Text):
        return list(part.paragraphs)
    if isinstance(part, Answers):
        return [one.line for one in part.statements]
    if isinstance(part, Missing):
        return [part.title]
    return [part.caption if isinstance(part, Chart) else part.note]
