"""What is measured in each profile: cases, jobs, repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.generate import Size, generate

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "benchmarks" / "cases"
REAL = {"case": str(CASES / "allied-2026-first"), "model": str(CASES / "allied-2026-first.toml")}
"""The first edition of the real case, which never changes, so that its figures compare over time."""
MAIN = Size()
LARGE = Size(scenarios=100)
HUGE = Size(scenarios=1000)
SERIES = (5, 10, 20, 50, 100)
MANY = (20, 50, 100, 200, 500, 1000)
"""Scenarios of the cases that are solved scenario by scenario."""


@dataclass(frozen=True)
class Job:
    """One measurement: the kind of benchmarks.worker, a label that its repetitions share, its arguments."""

    kind: str
    label: str
    arguments: dict[str, Any]
    repetitions: int = 1


@dataclass(frozen=True)
class Profile:
    """How much to measure. `repetitions` for what is compared, `few` for what takes minutes."""

    name: str
    repetitions: int
    few: int
    series: tuple[int, ...]
    points: int = 100
    large: bool = False
    huge: bool = False
    time_limit: float = 600.0


QUICK = Profile("quick", repetitions=1, few=1, series=(5, 10, 20))
FULL = Profile("full", repetitions=5, few=3, series=SERIES, large=True, huge=True, time_limit=1800.0)
PROFILES = {profile.name: profile for profile in (QUICK, FULL)}


class Folders:
    """Where generated cases, arrays and written runs go."""

    def __init__(self, work: Path) -> None:
        self.work = work

    def case(self, size: Size) -> str:
        """The case folder; generated if it is not there."""
        folder = self.work / "cases" / size.name
        return str(folder if folder.exists() else generate(size, self.work / "cases"))

    def arrays(self, name: str) -> str:
        """Folder for the arrays of a case."""
        return str(self.work / "arrays" / name)

    def run(self, name: str) -> str:
        """Folder for a written run."""
        return str(self.work / "runs" / name)


def preparations(profile: Profile, folders: Folders) -> Iterator[Job]:
    """What has to be there before anything is timed: equal programs, arrays made beforehand."""
    yield Job("same", f"main/same {MAIN.name}", {"case": folders.case(MAIN)})
    yield Job("same", "real/same", REAL)
    yield Job("record", f"main/record {MAIN.name}", {"case": folders.case(MAIN), "arrays": folders.arrays(MAIN.name)})
    if profile.large:
        large = {"case": folders.case(LARGE), "arrays": folders.arrays(LARGE.name)}
        yield Job("arrays", f"large/arrays {LARGE.name}", large)


def jobs(profile: Profile, folders: Folders) -> Iterator[Job]:
    """All measurements of a profile."""
    yield from _methods(profile, folders, MAIN)
    yield Job("start", "start/starter", {"case": str(ROOT / "inputs" / "starter")}, profile.repetitions)
    yield from _real(profile, folders)
    for count in profile.series:
        if count not in (MAIN.scenarios, LARGE.scenarios):
            yield Job("planner", f"series/{count}", {"case": folders.case(replace(MAIN, scenarios=count))}, profile.few)
    if profile.large:
        large = {"case": folders.case(LARGE)}
        yield Job("planner", "series/100", {**large, "out": folders.run("large")}, profile.few)
        yield Job("build", "large/planner", large, profile.repetitions)
        yield Job("build-raw", "large/raw", {"arrays": folders.arrays(LARGE.name)}, profile.repetitions)
    if profile.huge:
        yield Job("build", "huge/planner", {"case": folders.case(HUGE)}, 1)
    for count in MANY if profile.huge else MANY[:1]:
        case = folders.case(replace(MAIN, scenarios=count))
        held = {"case": case, "alone": 10, "gap": 0.001, "rounds": 100, "workers": 2}
        yield Job("approximate", f"many/{count}", held, profile.few)


def _methods(profile: Profile, folders: Folders, size: Size) -> Iterator[Job]:
    base = {"case": folders.case(size), "arrays": folders.arrays(size.name), "time_limit": profile.time_limit}
    for kind in ("planner", "raw", "linopy", "plain", "plain-unreduced"):
        run = {"out": folders.run(size.name)} if kind == "planner" else {}
        yield Job(kind, f"main/{kind}", {**base, **run}, profile.repetitions)
    yield Job("planner", "main/planner, no report", base, profile.repetitions)


def _real(profile: Profile, folders: Folders) -> Iterator[Job]:
    yield Job("planner", "real/cold", {**REAL, "out": folders.run("real"), "baseline": True}, profile.repetitions)
    yield Job("session", "real/warm", REAL, profile.repetitions)
    sweep = {"points": profile.points, "cold": 5, "low": -0.3, "high": 0.3}
    yield Job("sweep", "real/sweep", {**REAL, **sweep}, profile.few)
