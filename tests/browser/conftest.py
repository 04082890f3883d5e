"""The report of the teaching case, explained, in a headless Chromium with the network cut."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from planner.server import app
from tests.conftest import Once
from tests.reporting.conftest import explained_starter

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
app.GRACE_SECONDS = 60  # nor is a connection that it cuts off, of which nobody else hears


@pytest.fixture(scope="session")
def report(once: Once) -> Path:
    return once("explained-starter", explained_starter) / "run" / "report.html"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A window that stays open behind the tests of a module: a tab in it costs half as much as a window of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.new_page()
    yield context
    context.close()


def open_page(context: BrowserContext, report: Path, faults: list[str], width: int = 1280) -> Page:
    """A report with the network cut, at its beginning; errors and all that is asked of the net are noted as faults."""
    context.set_offline(True)
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
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
def page(window: BrowserContext, report: Path) -> Iterator[Page]:
    """The report on a desktop. Fails the test that used it if the console showed an error or the net was asked."""
    faults: list[str] = []
    page = open_page(window, report, faults)
    yield page
    page.close()
    assert faults == []
