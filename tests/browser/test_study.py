"""The points of a study in a browser: a range dragged in one panel keeps its points in all, a click lets all through."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Locator

from planner.api.studies import study_report
from planner.parallel import Here
from planner.studies.run import run_points
from tests.browser.conftest import all_drawn, open_page, until
from tests.studies.studies import sample


def kept(dots: Locator) -> int:
    """Dots in the one colour; the others are pale."""
    return dots.evaluate_all(
        "all => all.filter(dot => dot.getAttribute('fill') === '#0b6db0').length"
    )


def test_points_are_kept_by_dragging_a_range(window: BrowserContext, tmp_path: Path) -> None:
    run_points(sample(12, check_share=0.0), tmp_path / "study", Here)
    faults: list[str] = []
    page = open_page(window, study_report(tmp_path / "study"), faults)
    all_drawn(page)
    chart = page.locator(".chart[data-chart='points.0']")
    chart.scroll_into_view_if_needed()
    dots = chart.locator(".mark-symbol path")
    every = kept(dots)
    assert every == dots.count() >= 24
    box = dots.first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 8, y - 8)
    page.mouse.down()
    page.mouse.move(x + 8, y + 8, steps=4)
    page.mouse.up()
    until(page, lambda: 0 < kept(dots) < every)
    page.mouse.dblclick(x, y)
    until(page, lambda: kept(dots) == every)
    page.close()
    assert faults == []
