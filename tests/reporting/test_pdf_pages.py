"""report.pdf as pictures: every page has ink, nothing is cut off at the edge, and every page bears its number."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.reporting.pages.run import write_pages
from planner.results.plan import Plan
from tests.reporting.conftest import Vary

DPI, MM = 50, 25.4
EDGE_MM, SIDE_MM, BODY_MM = 5, 15, 20
"""No ink nearer to any edge; none nearer to the left and right ones, whose margin is 18 mm; between header and page
number, some."""
WHITE = 250
HOSTILE = '\\"; #panic("x") *b* $x$ `c` <b> @ref [link] = head\\'
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def poppler() -> None:
    if shutil.which("pdftoppm") is None or shutil.which("pdftotext") is None:
        pytest.skip("no pdftoppm and pdftotext on this machine: apt-get install poppler-utils")


def pictures(pdf: Path, folder: Path) -> list[Picture]:
    """The pages as grey pictures (height, width), 0 black to 255 white."""
    subprocess.run(
        ["pdftoppm", "-gray", "-r", str(DPI), str(pdf), str(folder / "page")],
        check=True,
        capture_output=True,
    )
    return [_read(path) for path in sorted(folder.glob("page-*.pgm"))]


def _read(path: Path) -> Picture:
    kind, size, most, pixels = path.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    assert (kind, most) == (b"P5", b"255")
    return np.frombuffer(pixels, np.uint8).reshape(height, width)


def texts(pdf: Path) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True)
    return done.stdout.decode("utf-8").split("\f")[:-1]


def faults(pages: list[Picture]) -> list[str]:
    edge, side, body = (round(mm / MM * DPI) for mm in (EDGE_MM, SIDE_MM, BODY_MM))
    found = []
    for number, page in enumerate(pages, start=1):
        ink = page < WHITE
        if not ink[body:-body].any():
            found.append(f"page {number} is empty")
        inside = ink.copy()
        inside[edge:-edge, edge:-edge] = False
        if inside.any():
            found.append(f"page {number} has ink at its edge")
        if ink[:, :side].any() or ink[:, -side:].any():
            found.append(f"page {number} reaches into its side margin")
    return found


@pytest.mark.usefixtures("poppler")
def test_every_page_has_ink_within_its_margins_and_a_number(
    explained: Path, tmp_path: Path
) -> None:
    pages, words = (pictures(explained / "report.pdf", tmp_path), texts(explained / "report.pdf"))
    assert len(pages) == len(words) >= 6
    assert faults(pages) == []
    assert [
        number
        for number, text in enumerate(words, start=1)
        if f"{number}/{len(words)}" not in text.replace(" ", "")
    ] == []
    assert any("Alternatives, each optimised by itself" in text for text in words)


@pytest.mark.usefixtures("poppler")
def test_the_first_sheet_answers_whoever_decides(explained: Path) -> None:
    """The sentence and the four tiles."""
    first = texts(explained / "report.pdf")[0]
    for words in ("Approve", "Risk without and with the plan", "Public money", "Approve now"):
        assert words in first


@pytest.mark.usefixtures("poppler")
def test_long_names_stay_on_the_page_and_hostile_ones_are_typeset_as_they_are(
    vary: Vary, tmp_path: Path
) -> None:
    long, cell = (
        "Very long name of a plant which " * 4 + "ends",
        '"' + HOSTILE.replace('"', '""') + '"',
    )
    projects = lambda t: t.replace("Desert mine", long).replace("Coast separation plant", cell)  # noqa: E731
    plan: Plan = vary(
        {"projects": projects, "elements": lambda t: t.replace("Dysprosium", cell)}, baseline=False
    )
    write_pages(plan, tmp_path)
    assert faults(pictures(tmp_path / "report.pdf", tmp_path)) == []
    assert '#panic("x")' in " ".join(texts(tmp_path / "report.pdf"))
