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
NOW = {
    "case": str(ROOT / "inputs" / "allied-2026"),
    "model": str(ROOT / "models" / "base.toml"),
    "draws": 8,
    "seed": 1,
}
"""The real case as it is, with few draws: at least one of each of its scenarios."""
DEMO = {"model": str(ROOT / "models" / "decision.toml"), "changed": {"policy.whole_plants": False}}
"""The model of `make demo`, plants of any size: a linear program, as every way of solving takes it."""
DEMO_DRAWS = ("--draws", "300", "--keep", "11", "--seed", "1")
"""The scenarios of `make demo`."""
SWEEP = CASES / "budgets.toml"
STUDIES = ROOT / "models" / "studies"
STARTER_POINTS, REAL_POINTS = "start/points", "real/points"
"""Studies of the teaching case, and of lead times of the real one, which change the structure of the program."""
MAIN = Size()
GAP = 0.001
"""How far the bounds may be apart where scenarios are solved one by one."""


@dataclass(frozen=True)
class Job:
    """One measurement: the kind of benchmarks.worker, a label that its repetitions share, its arguments."""

    kind: str
    label: str
    arguments: dict[str, Any]
    repetitions: int = 1


@dataclass(frozen=True)
class Profile:
    """How much to measure. `repetitions` of what takes seconds, `few` of what takes minutes; `many`: numbers of
    scenarios; `changes` at the workbench; `every`: other ways, and every warm answer held against a cold one, not only
    each eighth."""

    name: str
    repetitions: int
    few: int
    many: tuple[int, ...]
    changes: int
    every: bool = False
    time_limit: float = 600.0


QUICK = Profile("quick", repetitions=1, few=1, many=(20, 100, 1000), changes=40)
FULL = Profile(
    "full", repetitions=5, few=3, many=(20, 50, 100, 200, 500, 1000), changes=200, every=True
)
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

    @property
    def today(self) -> dict[str, Any]:
        """The real case as it is, in the scenarios and with the model of `make demo`."""
        return {"case": str(self.work / "cases" / "today"), **DEMO}

    def solve(self, name: str, case: str, *options: str) -> dict[str, Any]:
        """Arguments of a job: `planner solve` into a run folder of that name."""
        out = self.run(name)
        return {"arguments": ["solve", case, "--out", out, *options], "out": out}


def preparations(profile: Profile, folders: Folders) -> Iterator[Job]:
    """What has to be there before anything is timed: a run to explain; equal programs and arrays for other ways."""
    yield Job(
        "command",
        "real/explain: run",
        folders.solve("real-explained", REAL["case"], "--model", REAL["model"]),
    )
    if profile.every:
        main = {"case": folders.case(MAIN)}
        yield Job("same", f"main/same {MAIN.name}", main)
        yield Job("same", "real/same", REAL)
        yield Job(
            "arrays", f"main/arrays {MAIN.name}", {**main, "arrays": folders.arrays(MAIN.name)}
        )
        yield Job("command", "today/drawn", _sample_of_demo(folders))
        yield Job("same", "today/same", folders.today)
        yield Job("arrays", "today/arrays", {**folders.today, "arrays": folders.arrays("today")})


def _sample_of_demo(folders: Folders) -> dict[str, Any]:
    out = folders.today["case"]
    return {"arguments": ["sample", NOW["case"], *DEMO_DRAWS, "--out", out], "out": out}


def jobs(profile: Profile, folders: Folders) -> Iterator[Job]:
    """All measurements of a profile."""
    yield Job("start", "start/starter", {"case": str(ROOT / "inputs" / "starter")}, 5)
    yield from _methods(profile, folders)
    yield from _real(profile, folders)
    options = ("--no-baseline", "--set", f"objective.gap={GAP}")
    for count in profile.many:
        case = folders.case(replace(MAIN, scenarios=count))
        repetitions = profile.repetitions if count <= MAIN.scenarios else profile.few
        yield Job(
            "command", f"many/{count}", folders.solve(f"many-{count}", case, *options), repetitions
        )


def _methods(profile: Profile, folders: Folders) -> Iterator[Job]:
    base = {
        "case": folders.case(MAIN),
        "arrays": folders.arrays(MAIN.name),
        "time_limit": profile.time_limit,
    }
    today = {**folders.today, "arrays": folders.arrays("today"), "time_limit": profile.time_limit}
    for kind in ("planner", "plain-unreduced", *(("plain", "linopy") if profile.every else ())):
        yield Job(kind, f"main/{kind}", base, profile.repetitions)
        yield Job(kind, f"today/{kind}", today, profile.few)


def _real(profile: Profile, folders: Folders) -> Iterator[Job]:
    yield Job(
        "command",
        "real/cold",
        folders.solve("real", REAL["case"], "--model", REAL["model"]),
        profile.repetitions,
    )
    yield Job("planner", "real/plan", REAL, profile.repetitions)
    yield Job(
        "session", "real/warm", {**REAL, "compare": 0 if profile.every else 8}, profile.repetitions
    )
    yield Job("workbench", "real/workbench", {**NOW, "changes": profile.changes})
    if profile.every:
        yield Job("session", "real/same", {**REAL, "compare": 1})
    yield Job("planner", "real/whole plants", {**REAL, "whole_plants": True}, profile.few)
    out = folders.run("explained")
    explain = {"arguments": ["explain", out], "out": out, "copied": folders.run("real-explained")}
    yield Job("command", "real/explain", explain, profile.few)
    starter = {"study": str(STUDIES / "outside.toml"), "calls": 200, "points": 128, "cold": 32}
    yield Job("points", STARTER_POINTS, starter, profile.repetitions)
    structural = {
        "study": str(STUDIES / "lead_time.toml"),
        "calls": 0,
        "points": 9,
        "cold": 9 if profile.every else 3,
    }
    yield Job("points", REAL_POINTS, structural, profile.few)
    futures = {"register": NOW["case"], "alone": [20, 40, 60, 240], "together": [20, 40, 60]}
    yield Job("evaluate", "real/evaluate", REAL | futures, profile.few)
    sweep = folders.run("sweep")
    run = {"arguments": ["study", "run", str(SWEEP), "--out", sweep], "out": sweep}
    yield Job("command", "real/sweep", run, profile.few)
