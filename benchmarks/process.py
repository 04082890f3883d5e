"""Runs one measurement in a process of its own: wall, CPU and peak memory as the system counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTENDED = 1.15
"""Wall over CPU of a single-threaded run above which it had to wait; left out if three others are there."""


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


def measure(kind: str, label: str, job: dict[str, Any]) -> Run:
    """Run a job of benchmarks.worker in a fresh interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder) / "job.json", Path(folder) / "result.json"
        job_file.write_text(json.dumps(job), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.worker", kind, str(job_file), str(result_file)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        load, started = os.getloadavg()[0], perf_counter()
        with (Path(folder) / "log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = perf_counter() - started
            log.seek(0)
            said = log.read()
        measured = {
            "wall": wall,
            "cpu": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024,
            "load": load,
        }
        if process.returncode or not result_file.exists():
            reason = said.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
            return Run(kind, label, failed=reason[0], **measured)
        result = json.loads(result_file.read_text(encoding="utf-8"))
        return Run(kind, label, figures=result["figures"], sections=result["sections"], **measured)
