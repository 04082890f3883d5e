"""A real dask scheduler with real worker processes, which are killed, and those whom they work for too."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Hashable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import dask
import pandas as pd
import pytest

import planner
from planner.cluster import SECONDS_ALONE, _ClusterWorkers, connect, on_scheduler
from planner.decomposition.grouping import parts
from planner.errors import InputError, StoppedError
from planner.parallel import Answer, Here, Workers
from planner.planning import solve
from planner.studies.run import run_points
from tests.cases import long_run
from tests.decomposition.test_worker_pool import twelve_scenarios
from tests.studies.processes import Cluster, kill, planner_study, written
from tests.studies.studies import files, runs, sample

POINTS = 60


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
    asked = sample(POINTS, check_share=0.0)
    path = written(asked, tmp_path / "study.toml")
    run_points(path, tmp_path / "local", Here)
    folder = tmp_path / "cluster"
    first = planner_study(path, folder, "--scheduler", pair.address)
    wait_for(first, folder, 5)
    pair.kill_worker(0, again=False)
    wait_for(first, folder, sum(runs(folder).values()) + 5)
    kill(first)
    assert 10 <= sum(runs(folder).values()) < POINTS, "both were killed in the middle"
    found = run_points(path, folder, on_scheduler(pair.address))
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
        with pytest.raises(StoppedError) as told:
            run_points(sample(4), tmp_path / "study", on_scheduler(empty.address))
    assert time.monotonic() - began < 60
    assert f"has 0 workers; start `dask worker {empty.address}`" in str(told.value)
    assert "\n" not in str(told.value)


def wait_for(process: subprocess.Popen[bytes], folder: Path, points: int) -> None:
    """Wait until so many points are written down."""
    while sum(runs(folder).values()) < points:
        assert process.poll() is None, "the study ended before that"
        time.sleep(0.01)


def test_workers_keep_what_they_are_given_answer_in_order_and_one_that_is_killed_is_told_of(
    cluster: Cluster,
) -> None:
    """A worker keeps a list; what it is asked is to put something there, and to take something out."""
    with closing(on_scheduler(cluster.address)(partial(list, "a"))) as workers:
        while not workers.present:  # on a busy machine it may still be starting
            workers.wait()
        (first,) = workers.present
        for call in (("append", "b"), ("index", "b"), ("pop",), ("index", "b"), ("copy",)):
            workers.ask(first, *call)
        said = []
        while len(said) < 5:
            said += workers.wait()
        assert [(one.worker, one.value, type(one.error)) for one in said] == [
            (first, None, type(None)),
            (first, 1, type(None)),
            (first, "b", type(None)),
            (first, None, ValueError),
            (first, ["a"], type(None)),
        ]
        cluster.kill_worker(0)
        workers.ask(first, "copy")
        while not (said := workers.wait()):
            pass
        assert [(one.worker, bool(one.lost)) for one in said] == [(first, True)]
        while not workers.present:
            workers.wait()
        (second,) = workers.present
        assert second != first


class Naps:
    """Does nothing for a while."""

    def nap(self, seconds: float) -> None:
        """Do nothing for so many seconds."""
        time.sleep(seconds)


def test_short_calls_go_several_in_a_task_and_long_ones_alone(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(on_scheduler(cluster.address)(Naps)) as workers:
        while not workers.present:
            workers.wait()
        first = workers.present[0]
        assert isinstance(workers, _ClusterWorkers)
        sizes: list[int] = []
        submit = workers._submit

        def counted(worker: Any, function: Any, *arguments: Any) -> None:
            if function.__name__ == "_answer":
                sizes.append(len(arguments[1]))
            submit(worker, function, *arguments)

        monkeypatch.setattr(workers, "_submit", counted)
        answered_by(workers, first, [("nap", 0.0)] * 40)
        assert sum(sizes) == 40 and max(sizes) == 16 and len(sizes) <= 6
        monkeypatch.setattr("planner.cluster.SECONDS_OF_TASK", 0.02)
        answered_by(workers, first, [("nap", 0.03)])
        sizes.clear()
        answered_by(workers, first, [("nap", 0.03)] * 3)
        assert sizes == [1, 1, 1]


def answered_by(workers: Workers, worker: Hashable, calls: list[tuple[Any, ...]]) -> None:
    """Have a worker do calls, and wait until it has."""
    for call in calls:
        workers.ask(worker, *call)
    said: list[Answer] = []
    while len(said) < len(calls):
        said += workers.wait()


def test_scenarios_are_solved_on_a_scheduler_with_the_same_figures_though_a_worker_is_killed(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solve, "parts", partial(parts, size=3))
    case, steps = twelve_scenarios(tmp_path / "case"), list[str]()

    def kill_once(step: str) -> None:
        steps.append(step)
        if sum("between" in one for one in steps) == 2 and "killed" not in steps:
            cluster.kill_worker(0)
            steps.append("killed")

    there = planner.solve(
        case,
        method="scenarios",
        baseline=False,
        workers=planner.on_scheduler(cluster.address),
        progress=kill_once,
    )
    assert "killed" in steps
    here = planner.solve(case, method="scenarios", baseline=False)
    assert there.summary | {"seconds": {}} == here.summary | {"seconds": {}}
    for name, table in here.tables.items():
        pd.testing.assert_frame_equal(table, there.tables[name], check_exact=True)


@long_run
def test_a_scheduler_that_does_not_answer_is_a_fault() -> None:
    with pytest.raises(InputError, match="no dask scheduler answers"):
        connect("nonsense://")
