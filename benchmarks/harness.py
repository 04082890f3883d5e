"""Runs a profile: preparations, then all jobs interleaved, each in a process of its own; every run is kept at once."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.process import Run, measure
from benchmarks.profiles import Folders, Job, Profile, jobs, preparations

Say = Callable[[str], None]


def run_profile(profile: Profile, out: Path, say: Say, only: str = "") -> list[Run]:
    """Measure everything whose label begins with `only`; runs go to out/runs.jsonl as they end.

    With `only`, earlier runs of other labels are kept.
    """
    out.mkdir(parents=True, exist_ok=True)
    folders = Folders(out / "work")
    for job in (job for job in preparations(profile, folders) if job.label.startswith(only)):
        prepared = measure(job.kind, job.label, job.arguments)
        if prepared.failed:
            raise RuntimeError(f"{job.label}: {prepared.failed}")
        if job.kind == "same" and any(prepared.figures.values()):
            raise RuntimeError(f"{job.label}: the programs differ: {prepared.figures}")
        say(f"{job.label}: {prepared.figures}")
    runs = [run for run in read_runs(out) if not run.label.startswith(only)] if only else []
    with (out / "runs.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(run.as_dict()) + "\n" for run in runs)
        file.flush()
        for job in interleaved(
            [job for job in jobs(profile, folders) if job.label.startswith(only)]
        ):
            run = measure(job.kind, job.label, job.arguments)
            file.write(json.dumps(run.as_dict()) + "\n")
            file.flush()
            runs.append(run)
            said = (
                run.failed
                or f"wall {run.wall:.2f} s, CPU {run.cpu:.2f} s, {run.peak_mb:.0f} MB, load {run.load:.1f}"
            )
            say(f"{job.label}: {said}")
    (out / "machine.json").write_text(json.dumps(machine(profile)), encoding="utf-8")
    return runs


def interleaved(all_jobs: list[Job]) -> list[Job]:
    """First repetition of every job, then the second of those that have one, and so on."""
    most = max((job.repetitions for job in all_jobs), default=0)
    return [job for i in range(most) for job in all_jobs if i < job.repetitions]


def machine(profile: Profile) -> dict[str, Any]:
    """On what and when this was measured."""
    return {
        "profile": profile.name,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "executable": sys.executable,
    }


def read_runs(out: Path) -> list[Run]:
    """The runs of an earlier measurement; none if there was none."""
    if not (out / "runs.jsonl").exists():
        return []
    with (out / "runs.jsonl").open(encoding="utf-8") as file:
        return [Run(**json.loads(line)) for line in file]
