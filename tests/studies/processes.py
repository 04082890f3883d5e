"""A real dask scheduler with real worker processes on this machine, each of which can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tests.studies.studies import ROOT

HOST = "127.0.0.1"


class Cluster:
    """A scheduler and workers of one thread each, as a user starts them."""

    def __init__(self, workers: int, scratch: Path) -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.address = f"tcp://{HOST}:{free.getsockname()[1]}"
        self._scratch = scratch
        self.scheduler = self._start_scheduler()
        self.workers = [self.start_worker() for _ in range(workers)]

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        where = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DASK_TEMPORARY_DIRECTORY": str(self._scratch),
        }
        with (self._scratch / "log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *arguments]
            return subprocess.Popen(command, cwd=ROOT, env=where, stdout=log, stderr=log)

    def _start_scheduler(self) -> subprocess.Popen[bytes]:
        port = self.address.rpartition(":")[2]
        process = self._start("scheduler", "--host", HOST, "--port", port, "--no-dashboard")
        while process.poll() is None:
            with suppress(OSError), socket.create_connection((HOST, int(port)), timeout=1):
                break
            time.sleep(0.05)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"
        )

    def kill_worker(self, place: int, again: bool = True) -> None:
        """Kill -9 one worker; start another in its place."""
        kill(self.workers.pop(place))
        if again:
            self.workers.append(self.start_worker())

    def close(self) -> None:
        """End all."""
        for process in (*self.workers, self.scheduler):
            kill(process)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 a process and wait for its end."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def written(asked: dict[str, object], path: Path) -> Path:
    """A study as a TOML file (values: text, numbers, lists, tables, lists of tables)."""

    def value(given: object) -> str:
        if isinstance(given, dict):
            return (
                "{ " + ", ".join(f'"{key}" = {value(item)}' for key, item in given.items()) + " }"
            )
        if isinstance(given, list):
            return "[" + ", ".join(value(item) for item in given) + "]"
        return f'"{given}"' if isinstance(given, str) else str(given).lower()

    path.write_text(
        "".join(f"{key} = {value(item)}\n" for key, item in asked.items()), encoding="utf-8"
    )
    return path


def planner_study(study: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """`planner study run` as a process of its own."""
    words = f"study run {study} --out {out}".split()
    command = [sys.executable, "-c", "from planner.cli import app; app()", *words, *options]
    where, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=where, stderr=pipe, stdout=pipe)


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            != "Z"
        )
    except OSError:
        return False
