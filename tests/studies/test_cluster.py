"""The same study on a real dask scheduler with real worker processes, one of which is killed, and the study too."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from planner.cluster import connect
from planner.errors import InputError
from planner.parallel import Here
from planner.studies.run import run_points
from tests.studies.processes import Cluster, kill, planner_study, written
from tests.studies.studies import files, runs, sample

POINTS = 100


def test_on_a_scheduler_a_worker_and_the_study_are_killed_and_the_table_is_that_of_a_local_run(tmp_path: Path) -> None:
    asked = sample(POINTS, check_share=0.0)
    path = written(asked, tmp_path / "study.toml")
    run_points(path, tmp_path / "local", Here)
    folder = tmp_path / "cluster"
    with Cluster(3, tmp_path / "dask") as cluster:
        first = planner_study(path, folder, "--scheduler", cluster.address)
        wait_for(first, folder, 5)
        cluster.kill_worker(0, again=False)
        wait_for(first, folder, sum(runs(folder).values()) + 5)
        kill(first)
        done = sum(runs(folder).values())
        second = planner_study(path, folder, "--scheduler", cluster.address)
        told, complaints = second.communicate(timeout=120)
    assert second.returncode == 0, complaints.decode()
    assert f"{POINTS} of {POINTS} points: {POINTS} optimal" in told.decode()
    assert 10 <= done < POINTS, "both were killed in the middle"
    assert files(folder) == files(tmp_path / "local")
    assert set(runs(folder).values()) == {1}


def wait_for(process: subprocess.Popen[bytes], folder: Path, points: int) -> None:
    """Wait until so many points are written down."""
    while sum(runs(folder).values()) < points:
        assert process.poll() is None, "the study ended before that"
        time.sleep(0.01)


def test_a_scheduler_that_does_not_answer_is_a_fault() -> None:
    with pytest.raises(InputError, match="no dask scheduler answers"):
        connect("nonsense://")
