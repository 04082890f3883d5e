"""Pictures of the page of a run: `python -m docs.pictures NAME=RUN ..`.

Each run gives report-NAME-1440.png and -dark.png (first screen), -390.png (whole page on a phone) and -print.png (whole
page as printed) in docs/pages/assets. Needs Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

import planner
from planner.reporting.pages.run import render_page, report_of

ASSETS = Path(__file__).parent / "pages" / "assets"
DESK, PHONE, PAPER = (1440, 900), (390, 844), (794, 1123)
"""Widths and heights of the views, px; paper is A4 at 96 dots per inch."""
DRAWN_MS = 60_000


def take_pictures(name: str, run: Path) -> list[Path]:
    """Draw the page of a run and write its pictures; returns their files."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "report.html"
        page.write_text(render_page(report_of(planner.open_run(run))), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        files = [
            _picture(browser, page, ASSETS / f"report-{name}-1440.png", DESK),
            _picture(browser, page, ASSETS / f"report-{name}-dark.png", DESK, scheme="dark"),
            _picture(browser, page, ASSETS / f"report-{name}-390.png", PHONE, whole=True),
            _picture(
                browser, page, ASSETS / f"report-{name}-print.png", PAPER, whole=True, media="print"
            ),
        ]
        browser.close()
    return files


def _picture(
    browser: Browser,
    page: Path,
    target: Path,
    size: tuple[int, int],
    *,
    whole: bool = False,
    scheme: str = "light",
    media: str = "screen",
) -> Path:
    """One view of a page, the whole of it or its first screen."""
    width, height = size
    view = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    view.emulate_media(media=media)  # type: ignore[arg-type]
    view.goto(page.as_uri())
    _wait_for_charts(view)
    view.screenshot(path=target, full_page=whole)
    view.close()
    return target


def _wait_for_charts(view: Page) -> None:
    """Return when every chart is drawn."""
    waited = 0
    while view.evaluate("document.body.dataset.charts") != "drawn":
        if waited > DRAWN_MS:
            raise TimeoutError("the charts of the page are not drawn")
        view.wait_for_timeout(100)
        waited += 100
    view.wait_for_timeout(300)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        name, _, run = argument.partition("=")
        take_pictures(name, Path(run))
