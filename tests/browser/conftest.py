"""The report of the teaching case, explained, in a headless Chromium with the network cut."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import planner
from planner.explanation.explain import explain
from planner.reporting.pages.run import render_page, report_of
from planner.reporting.run_view import run_view
from tests.conftest import Once

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reports" / "reference" / "starter-base"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
QUIET = (
    *(
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
    ),
    *("--disable-sync", "--no-first-run", "--disable-quic"),
)

expect.set_options(timeout=60_000)  # a busy machine is no fault of the page


@pytest.fixture(scope="session")
def report(once: Once) -> Path:
    def fill(folder: Path) -> None:
        plan = planner.solve(planner.load(ROOT / "inputs/starter", model=ROOT / "models/base.toml"))
        run = run_view(plan, explain(plan, "reference", workers=1))
        (folder / "report.html").write_text(render_page(report_of(run)), encoding="utf-8")

    return once("report-in-a-browser", fill) / "report.html"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


def open_page(context: BrowserContext, report: Path, faults: list[str]) -> Page:
    context.set_offline(True)
    page = context.new_page()
    page.on(
        "console",
        lambda message: (
            faults.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith("file:") else faults.append(request.url),
    )
    page.goto(report.as_uri())
    return page


def all_drawn(page: Page, seconds: float = 60.0) -> None:
    """Wait until all charts are drawn; asked from outside, as the policy of the page lets nothing be evaluated later."""
    until(page, lambda: page.evaluate("document.body.dataset.charts") == "drawn", seconds)


def until(page: Page, holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds of a page."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come to hold"
        page.wait_for_timeout(50)


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The report on a desktop. Fails the test that used it if the console showed an error or the net was asked."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield open_page(context, report, faults)
    context.close()
    assert faults == []
