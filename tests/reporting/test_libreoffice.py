"""A spreadsheet program reads what is written, and computes what is computed here. Skipped where there is none."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
pytestmark = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is not installed (apt-get install libreoffice-calc)"
)
ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""Comma, double quotes, UTF-8; numbers to the last digit; every sheet into a file of its own."""
Sheets = Callable[..., dict[str, list[list[str]]]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Sheets:
    """Sheets of a workbook as LibreOffice shows them, by name."""
    room = tmp_path_factory.mktemp("office")

    def run(path: Path) -> dict[str, list[list[str]]]:
        assert SOFFICE is not None
        command = [
            SOFFICE,
            f"-env:UserInstallation={(room / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            ALL_SHEETS,
        ]
        out = room / path.stem
        done = subprocess.run(
            [*command, "--outdir", out, path],
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        assert "rror" not in done.stderr, done.stderr
        return {
            found.stem.removeprefix(f"{path.stem}-"): list(
                csv.reader(io.StringIO(found.read_text(encoding="utf-8"), newline=""))
            )
            for found in out.glob("*.csv")
        }

    return run


@pytest.fixture(scope="module")
def sheets(explained: Path, opened: Sheets) -> dict[str, list[list[str]]]:
    """The whole workbook of the starter, explained."""
    path = explained / "report.xlsx"
    found = opened(path)
    assert set(openpyxl.load_workbook(path).sheetnames) == set(found)
    return found


def share(text: str) -> float:
    return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def test_formulas_sum_the_columns_above_them(sheets: dict[str, list[list[str]]]) -> None:
    seen = 0
    for rows in sheets.values():
        if len(rows) > 2 and rows[-1][0] == "All":
            for heading, whole in zip(rows[0], rows[-1], strict=True):
                if heading and whole not in ("", "All"):
                    assert share(whole) == pytest.approx(
                        total_shares(rows, heading), rel=1e-9, abs=1e-9
                    )
                    seen += 1
    assert seen > 20


def total_shares(rows: list[list[str]], heading: str) -> float:
    at = rows[0].index(heading)
    return sum(share(row[at]) for row in rows[1:-1] if row[at])
