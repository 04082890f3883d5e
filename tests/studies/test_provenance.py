"""The folder of a study says what computed it."""

from __future__ import annotations

from pathlib import Path

from planner.studies.run import run_points
from planner.studies.store import read_asked
from tests.studies.studies import sample


def test_the_folder_says_what_computed_its_tables(tmp_path: Path) -> None:
    run_points(sample(4), tmp_path / "study")
    asked = read_asked(tmp_path / "study")
    assert {"python", "numpy", "scipy", "SALib", "scikit-learn"} <= asked["computed_with"].keys()
    assert asked["inputs_sha256"] and asked["versions"]
