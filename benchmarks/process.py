"""Runs one measurement in a process of its own: wall, CPU and peak memory as the system counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
CONTENDED = 1.15
"""Wall over CPU of a single-threaded run above which it had to wait; left out if three others are there."""
TELL = ("session", "workbench")
"""Kinds of job that take minutes and say on stderr what they have measured so far."""
EVERY = 0.5
"""Seconds between two looks at the memory of a family of processes."""


@dataclass(frozen=True)
class Run:
    """One process: seconds, MB, load of the machine when it began, and what the job reported."""

    kind: str
    label: str
    wall: float
    cpu: float
    peak_mb: float
    load: float
    failed: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def contended(self) -> bool:
        """Whether it waited for other processes."""
        return self.wall > CONTENDED * self.cpu

    def section(self, name: str, clock: str = "cpu") -> float:
        """Seconds in a section; 0 if it has none."""
        return self.sections.get(clock, {}).get(name, 0.0)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """What a process and all below it hold together, MB, every half second; what they share counts once."""
    held, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                family = [process, *process.children(recursive=True)]
                # One process alone is counted by the system, without being looked at.
                if len(family) > 1:
                    held.append(sum(_own(member) for member in family) / 2**20)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield held
    finally:
        ended.set()
        watcher.join()


def _own(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):  # it ended meanwhile, or the system does not tell
        return 0.0


def measure(kind: str, label: str, job: dict[str, Any]) -> Run:
    """Run a job of benchmarks.worker in a fresh interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder) / "job.json", Path(folder) / "result.json"
        job_file.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.worker", kind, str(job_file), str(result_file)]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        load, started = os.getloadavg()[0], perf_counter()
        with (Path(folder) / "log").open("w+", encoding="utf-8") as log:
            told = sys.stderr if kind in TELL else log
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=log)  # noqa: S603
            with _watched(process.pid) as together:
                _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = perf_counter() - started
            log.seek(0)
            said = log.read()
        measured = {
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak_mb": max(usage.ru_maxrss / 1024, *together),
            "load": load,
        }
        if process.returncode or not result_file.exists():
            reason = said.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
            return Run(kind, label, failed=reason[0], **measured)
        result = json.loads(result_file.read_text(encoding="utf-8"))
        return Run(kind, label, figures=result["figures"], sections=result["sections"], **measured)
