"""Kill -9 at random moments: `python -m checks.stopped_studies TIMES OUT [local|cluster]`.

local: a study on two worker processes; it or one of them is killed. cluster: `planner study run --scheduler` on a
dask scheduler with three workers; the study, a worker or the scheduler is killed. The study goes on after each kill;
in the end its files must be those of an undisturbed one, and no point may have been written down twice. Not a test:
it takes minutes.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from planner.parallel import Here, local
from planner.studies.run import run_points, status_of
from tests.studies.processes import Cluster, kill, planner_study, written
from tests.studies.studies import ROOT, SlowWorker, files, keeping, runs, sample

POINTS = 400
Kill = Callable[[], str]
"""Kills something of a running study and says what."""


def main(times: int, out: Path, where: str) -> None:
    """Kill `times` times and compare."""
    dice = random.Random(times)
    out.mkdir(parents=True, exist_ok=True)
    written(sample(POINTS), out / "study.toml")
    run_points(out / "study.toml", out / "undisturbed", Here)
    folder, kills = out / "killed", Counter[str]()
    for process, choices in (on_cluster if where == "cluster" else on_workers)(out, folder):
        while kills.total() < times and wait(process, folder, dice, times):
            kills[what := dice.choice(choices)()] += 1
            sys.stdout.write(f"{kills.total()}: {what} at {sum(runs(folder).values())} points\n")
            sys.stdout.flush()
            status_of(folder)  # the folder can be read at any moment
            if what == "study":
                break
        if kills.total() == times or sum(runs(folder).values()) == POINTS:
            process.wait()
            break
        kill(process)
    run_points(out / "study.toml", folder, local(1))
    same = files(folder) == files(out / "undisturbed")
    most = max(runs(folder).values())
    sys.stdout.write(
        f"kills {dict(kills)}; same bytes: {same}; most often a point was run: {most}\n"
    )


def wait(process: subprocess.Popen[bytes], folder: Path, dice: random.Random, times: int) -> bool:
    """Wait until some more points are written down, and a random moment. Returns whether the study still runs."""
    wanted = sum(runs(folder).values()) + dice.randint(0, 2 * POINTS // times - 2)
    time.sleep(dice.random() * 0.1)
    while process.poll() is None and sum(runs(folder).values()) < min(wanted, POINTS - 1):
        time.sleep(0.02)
    return process.poll() is None


def on_workers(out: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[Kill]]]:
    """The study on two worker processes, started again each time."""
    while True:
        command = [
            sys.executable,
            "-m",
            "checks.stopped_studies",
            "run",
            str(out / "study.toml"),
            str(folder),
        ]
        process = subprocess.Popen(command, cwd=ROOT)

        def a_worker(parent: int = process.pid) -> str:
            for worker in children(parent)[:1]:
                os.kill(worker, signal.SIGKILL)
                return "worker"
            return "nothing"

        yield process, [lambda process=process: killed(process), a_worker]  # type: ignore[misc]


def on_cluster(out: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[Kill]]]:
    """The command on a cluster, started again each time; the cluster goes on."""
    with Cluster(3, out / "dask") as cluster:

        def a_worker() -> str:
            cluster.kill_worker(0)
            return "worker"

        def the_scheduler() -> str:
            cluster.kill_scheduler()
            return "scheduler"

        while True:
            process = planner_study(out / "study.toml", folder, "--scheduler", cluster.address)
            yield process, [lambda process=process: killed(process), a_worker, the_scheduler]  # type: ignore[misc]


def killed(process: subprocess.Popen[bytes]) -> str:
    """Kill the study."""
    kill(process)
    return "study"


def children(pid: int) -> list[int]:
    """Worker processes of a study."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            command = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid and "spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run_points(sys.argv[2], sys.argv[3], keeping(SlowWorker, local(2)))
    else:
        main(int(sys.argv[1]), Path(sys.argv[2]), "".join(sys.argv[3:]) or "local")
