"""A page never keeps a solved run from being written: a part that fails is left out with a warning."""

from __future__ import annotations

import pytest

from planner.errors import ChapterWarning
from planner.reporting.pages import run as page_of_run
from planner.reporting.pages.run import render_page, report_of
from planner.results.plan import Plan
from tests.reporting.conftest import read_page


def fails(plan: Plan) -> list[None]:
    raise ValueError(f"{plan.title} is odd")


def test_a_part_that_fails_is_left_out_with_a_warning(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(page_of_run.PANELS, "Why", fails)
    with pytest.warns(ChapterWarning, match="“Why” of the reports could not be made"):
        page = read_page(render_page(report_of(plan)))
    anchors = [value for tag, name, value in page.attributes if tag == "section" and name == "id"]
    assert "why" not in anchors and "where-and-when" in anchors
