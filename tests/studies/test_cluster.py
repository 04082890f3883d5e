"""The same study on a real dask scheduler with real worker processes, one of which is killed."""

from __future__ import annotations

from pathlib import Path

import distributed
import pytest

from planner.errors import InputError
from planner.studies.cluster import connect, run_cluster
from planner.studies.run import here, study
from tests.studies import studies
from tests.studies.studies import dying_task, files, runs, sample


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_which_one_worker_is_killed_gives_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(sample(), tmp_path / "local", here)
    monkeypatch.setenv(studies.MARKER, str(tmp_path / "died"))
    with (
        distributed.LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        study(
            sample(), tmp_path / "cluster", lambda board, job, tell: run_cluster(board, job, client, tell, dying_task)
        )
    assert (tmp_path / "died").exists()
    assert files(tmp_path / "cluster") == files(tmp_path / "local")
    assert set(runs(tmp_path / "cluster").values()) == {1}


def test_a_scheduler_that_does_not_answer_is_a_fault() -> None:
    with pytest.raises(InputError, match="no dask scheduler answers"):
        connect("nonsense://")
