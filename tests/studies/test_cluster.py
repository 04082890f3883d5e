"""A real dask scheduler with real worker processes, which are killed, and those whom they work for too."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import dask
import pandas as pd
import pytest

import planner
from planner.cluster import SECONDS_ALONE, connect, on_scheduler
from planner.decomposition import plans
from planner.decomposition.grouping import parts
from planner.errors import InputError, StoppedError, WorkerLostError
from planner.parallel import Call, KeptObject, Workers, answers
from planner.results.journal import JOURNAL
from planner.studies.run import run_points
from tests.cases import long_run
from tests.decomposition.test_worker_pool import twelve_scenarios
from tests.studies.processes import Cluster, kill, planner_study, written
from tests.studies.studies import files, runs, sample

POINTS = 60


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a worker takes its time to start."""
    monkeypatch.setattr("planner.cluster.SECONDS_ALONE", 60.0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One worker."""
    with Cluster(1, tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Cluster]:
    """Two workers, one of which may be killed for good."""
    with Cluster(2, tmp_path) as cluster:
        yield cluster


@long_run
def test_on_a_scheduler_a_worker_and_the_study_are_killed_and_the_table_is_that_of_a_local_run(
    pair: Cluster, tmp_path: Path
) -> None:
    asked = sample(POINTS)
    path = written(asked, tmp_path / "study.toml")
    run_points(path, tmp_path / "local")
    folder = tmp_path / "cluster"
    first = planner_study(path, folder, "--scheduler", pair.address)
    wait_for(first, folder, 5)
    pair.kill_worker(0, again=False)
    wait_for(first, folder, sum(runs(folder).values()) + 5)
    kill(first)
    assert 8 <= sum(runs(folder).values()) < POINTS, "both were killed in the middle"
    with on_scheduler(pair.address) as workers:
        found = run_points(path, folder, workers)
    assert found.statuses == {"optimal": POINTS}
    assert files(folder) == files(tmp_path / "local")
    assert set(runs(folder).values()) == {1}


@pytest.mark.parametrize(
    ("address", "settings", "told"),
    [
        (
            "tls://127.0.0.1:1",
            {},
            r"needs certificates; set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, .*CLIENT__KEY",
        ),
        (
            "tls://127.0.0.1:1",
            dict.fromkeys(("ca-file", "client.cert", "client.key"), "none.pem"),
            "No such file",
        ),
        ("nowhere://x", {}, "no dask scheduler answers there: unknown address scheme"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_tls_has_the_settings_of_dask(
    address: str, settings: dict[str, str], told: str
) -> None:
    tls = {f"distributed.comm.tls.{key}": value for key, value in settings.items()}
    with dask.config.set(tls), pytest.raises(InputError, match=told):
        connect(address)


def test_a_scheduler_without_workers_is_told_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SECONDS_ALONE < 10
    monkeypatch.setattr("planner.cluster.SECONDS_ALONE", 1.0)  # not to wait for nothing
    with Cluster(0, tmp_path) as empty:
        began = time.monotonic()
        with pytest.raises(StoppedError) as told, on_scheduler(empty.address) as workers:
            run_points(sample(4), tmp_path / "study", workers)
    assert time.monotonic() - began < 60
    assert f"has 0 workers; start `dask worker {empty.address}`" in str(told.value)
    assert "\n" not in str(told.value)


def wait_for(process: subprocess.Popen[bytes], folder: Path, points: int) -> None:
    """Wait until so many points are written down."""
    while not (folder / JOURNAL).exists() or sum(runs(folder).values()) < points:
        assert process.poll() is None, "the study ended before that"
        time.sleep(0.01)


def test_a_worker_keeps_an_object_and_another_makes_it_again_when_that_is_killed(
    cluster: Cluster,
) -> None:
    with on_scheduler(cluster.address) as workers:
        (executor,) = workers.apart()
        kept = KeptObject(partial(list, "a"), executor)
        for call, answer in ((("append", "b"), None), (("index", "b"), 1), (("copy",), ["a", "b"])):
            assert _answer(workers, kept, *call).result() == answer
        assert isinstance(_answer(workers, kept, "index", "c").exception(), ValueError)
        cluster.kill_worker(0)
        assert _answer(workers, kept, "copy").result() == ["a"]


def _answer(workers: Workers, kept: KeptObject, method: str, *arguments: Any) -> Future[Any]:
    ((_, answer),) = answers(workers, {"": Call(kept, method, arguments)})
    return answer


@long_run
def test_a_task_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    with Cluster(5, tmp_path) as many, on_scheduler(many.address) as workers:
        assert isinstance(workers.submit(os._exit, 1).exception(60), WorkerLostError)
        assert workers.submit(len, "abc").result(60) == 3


def test_a_scheduler_that_dies_is_told_of(tmp_path: Path) -> None:
    with Cluster(1, tmp_path) as dying, on_scheduler(dying.address) as workers:
        kept = KeptObject(partial(list, "a"), workers)
        assert _answer(workers, kept, "copy").result() == ["a"]
        kill(dying.scheduler)
        with pytest.raises(StoppedError, match="the scheduler is gone"):
            _answer(workers, kept, "copy").result()


def test_scenarios_are_solved_on_a_scheduler_with_the_same_figures_though_a_worker_is_killed(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "parts", partial(parts, size=3))
    case, steps = twelve_scenarios(tmp_path / "case"), list[str]()

    def kill_once(step: str) -> None:
        steps.append(step)
        if sum("between" in one for one in steps) == 2 and "killed" not in steps:
            cluster.kill_worker(0)
            steps.append("killed")

    with planner.on_scheduler(cluster.address) as workers:
        there = planner.solve(
            case, method="scenarios", baseline=False, workers=workers, progress=kill_once
        )
    assert "killed" in steps
    here = planner.solve(case, method="scenarios", baseline=False)
    assert there.summary | {"seconds": {}} == here.summary | {"seconds": {}}
    for name, table in here.tables.items():
        pd.testing.assert_frame_equal(table, there.tables[name], check_exact=True)
