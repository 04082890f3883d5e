"""Texts, comments and facts are free of common misspellings; words of our own are listed in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = {
    ".": ("*.md", "*.cff"),
    "docs": ("**/*.md", "notebooks/*.py"),
    "inputs": ("**/*.md", "**/*.csv", "**/*.toml"),
    "models": ("**/*.md", "**/*.toml"),
    "planner": ("**/*.py", "**/*.md", "**/*.toml", "**/*.j2"),
    "reports": ("*.md", "reference/*.md"),
}


def misspelt(files: list[Path]) -> list[str]:
    """Lines of codespell, each `FILE:LINE: WORD ==> REMEDY`."""
    command = [sys.executable, "-m", "codespell_lib", *map(str, files)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode in (0, 65) and not run.stderr, run.stderr
    return run.stdout.splitlines()


@pytest.mark.parametrize("folder", TEXTS)
def test_texts_are_spelt_as_dictionaries_have_it(folder: str) -> None:
    files = [path for pattern in TEXTS[folder] for path in sorted((ROOT / folder).glob(pattern))]
    assert files
    assert misspelt(files) == []


def test_a_slip_is_found_and_a_word_of_ours_is_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Each bloc recieves the ore that it needs.", encoding="utf-8")
    found = misspelt([page])
    assert len(found) == 1 and "recieves ==> receives" in found[0]
