"""A study run in parts for arrays of jobs, and tables that say where they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import InputError, RunFolderError
from planner.parallel import Here
from planner.studies.run import merge, run_points
from planner.studies.store import PROVENANCE, read_asked
from tests.studies.processes import written
from tests.studies.studies import sample


def test_parts_put_together_are_the_study(tmp_path: Path) -> None:
    path = written(sample(10, check_share=0.0), tmp_path / "s.toml")
    whole, apart = tmp_path / "whole", tmp_path / "apart"
    run_points(path, whole, Here)
    for number in (2, 1):
        asked = ["study", "run", str(path), "--out", str(apart), "--part", f"{number}/3"]
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 0, done.output
    assert not (apart / "results.parquet").exists()
    assert merge(path, apart).statuses == {"optimal": 6}
    run_points(path, apart, Here, part=(3, 3))
    done = CliRunner().invoke(app, ["study", "merge", str(path), "--out", str(apart)])
    assert done.exit_code == 0 and "10 of 10 points" in done.output, done.output
    columns = ["row", "point", "status", "risk_musd", "cost_musd"]
    one, two = (pd.read_parquet(folder / "results.parquet")[columns] for folder in (whole, apart))
    pd.testing.assert_frame_equal(one, two, rtol=1e-7)


def test_a_part_that_there_is_not_is_refused(tmp_path: Path) -> None:
    asked = sample(4)
    for part in ((0, 3), (4, 3)):
        with pytest.raises(InputError, match="is none of the parts 1/3 to 3/3"):
            run_points(asked, tmp_path / "out", Here, part=part)
    with pytest.raises(InputError, match="has no point"):
        run_points(asked, tmp_path / "out", Here, part=(1, 9))
    with pytest.raises(RunFolderError, match="has no parts"):
        merge(asked, tmp_path / "out")


def test_tables_and_folder_say_what_computed_them(tmp_path: Path) -> None:
    run_points(sample(4), tmp_path / "study", Here)
    asked = read_asked(tmp_path / "study")
    assert {"python", "numpy", "scipy", "SALib", "scikit-learn"} <= asked["computed_with"].keys()
    for name in ("design", "results", "plans"):
        metadata = parquet.read_schema(tmp_path / "study" / f"{name}.parquet").metadata
        told = json.loads(metadata[PROVENANCE])
        assert told["inputs_sha256"] == asked["inputs_sha256"]
        assert told["versions"] == asked["versions"]
