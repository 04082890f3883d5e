"""The search of the site works where a page is opened from a file, which may start no worker."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.browser.conftest import ROOT, open_page

SCRIPT = ROOT / "docs" / "pages" / "assets" / "search-from-files.js"
PAGE = """<!doctype html><title>t</title><script src="search-from-files.js"></script><body><output></output><script>
const worker = new Worker("worker.js");
const shown = document.querySelector("output");
worker.addEventListener("message", (event) => (shown.textContent += event.data.answer + ";"));
worker.postMessage({ asked: "first" });
worker.postMessage({ asked: "second" });
</script>"""
WORKER = """addEventListener("message", async (event) => postMessage({ answer: event.data.asked.toUpperCase() }));"""


def test_a_worker_answers_from_a_file(window: BrowserContext, tmp_path: Path) -> None:
    shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "worker.js").write_text(WORKER, encoding="utf-8")
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    faults: list[str] = []
    page = open_page(window, tmp_path / "page.html", faults)
    page.wait_for_function("document.querySelector('output').textContent === 'FIRST;SECOND;'")
    assert faults == []
    page.close()
