"""Parallel coordinates of a study in a browser: what is dragged over stays, a click lets all through."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from planner.api.studies import study_report
from planner.parallel import Here
from planner.studies.run import run_points
from tests.browser.conftest import open_page
from tests.studies.studies import sample

LINES = "els => els.map(e => e.getAttribute('opacity'))"


def test_lines_are_kept_by_dragging_along_an_axis(browser: Browser, tmp_path: Path) -> None:
    run_points(sample(12, check_share=0.0), tmp_path / "study", Here)
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = open_page(context, study_report(tmp_path / "study"), faults)
    drawing = page.locator("figure.brush svg")
    drawing.scroll_into_view_if_needed()
    box, line = drawing.bounding_box(), drawing.locator("path").first.get_attribute("d")
    assert box is not None and line is not None
    scale = box["width"] / float(str(drawing.get_attribute("width")))
    x, y = (
        box[side] + scale * float(at)
        for side, at in zip("xy", line[1:].split("L")[0].split(","), strict=True)
    )
    shown = [drawing.locator("path").evaluate_all(LINES)]
    for end in (y + 5, y):
        page.mouse.move(x, y - 5 if end != y else y)
        page.mouse.down()
        page.mouse.move(x, end)
        page.mouse.up()
        shown.append(drawing.locator("path").evaluate_all(LINES))
    context.close()
    assert [set(of) for of in shown] == [{"0.5"}, {"0.5", "0.04"}, {"0.5"}]
    assert faults == []
