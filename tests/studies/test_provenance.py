"""The tables of a study say where they come from."""

from __future__ import annotations

import json
from pathlib import Path

from pyarrow import parquet

from planner.studies.kept_tables import PROVENANCE
from planner.studies.run import run_points
from planner.studies.store import read_asked
from tests.studies.studies import sample


def test_tables_and_folder_say_what_computed_them(tmp_path: Path) -> None:
    run_points(sample(4), tmp_path / "study")
    asked = read_asked(tmp_path / "study")
    assert {"python", "numpy", "scipy", "SALib", "scikit-learn"} <= asked["computed_with"].keys()
    for name in ("design", "results", "plans"):
        metadata = parquet.read_schema(tmp_path / "study" / f"{name}.parquet").metadata
        told = json.loads(metadata[PROVENANCE])
        assert told["inputs_sha256"] == asked["inputs_sha256"]
        assert told["versions"] == asked["versions"]
