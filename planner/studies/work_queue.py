"""What is done, what is under way and what is left of a study, the workers' way through it, and how far it is.

Whether its warm results are those of a cold solve is looked at here too.

First the case as it is, from which every chain starts; then the chains; then some points again from nothing.
A worker that dies takes nothing with it but its current point, which another worker tries again; the third
time the point is written down as crashed.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import StoppedError
from planner.parallel import Workers
from planner.results.study import OPTIMAL, Agreement, StudyStatus
from planner.studies.file import StudyFile
from planner.studies.points import DesignTable, Point, chains
from planner.studies.store import (
    CHECKS,
    JOURNAL,
    RESULTS,
    Entry,
    Journal,
    points_of,
    read_asked,
    read_journal,
    study_of,
)
from planner.studies.worker import CRASHED, ChainState, PointResult

ATTEMPTS = 3
AHEAD = 2
"""Points that a worker has been asked for, so that it need not wait for the next."""
BASE, POINT, COLD = "base", "point", "cold"


@dataclass
class Chain:
    """Points that one worker solves one after the other. `state` is where the chain stands."""

    key: str
    kind: str
    points: deque[Point]
    state: ChainState | None = None


@dataclass
class WorkQueue:
    """Chains left to do. `write` gets each result as a journal entry before anything else happens."""

    write: Callable[[Entry], None]
    chains: Sequence[Chain]
    base: ChainState | None
    checks: Sequence[Point]
    statuses: dict[str, str]
    seconds: float
    checked: int
    counts: Counter[str] = field(init=False)
    _ready: deque[Chain] = field(default_factory=deque)
    _out: dict[Hashable, Chain] = field(default_factory=dict)
    _attempts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.counts = Counter(self.statuses.values())

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do before it is begun."""
        return not self.chains and not self._checks()

    def work_off(self, workers: Workers, tell: Callable[[], None]) -> None:
        """Have workers, each of which keeps a `Worker`, do all. Raises StoppedError if none can be had."""
        for chains_of_step in (self._first, lambda: self.chains, self._checks):
            self._ready.extend(chains_of_step())
            while self._ready or self._out:
                for worker in workers.present:
                    if worker not in self._out and self._ready:
                        self._out[worker] = chain = self._ready.popleft()
                        chain.state = chain.state or self.base or ChainState()
                        for place in range(AHEAD):
                            self._ask(workers, worker, place)
                for said in workers.wait():
                    if said.lost:
                        self._lose(said.worker, said.lost)
                    else:
                        self._record(said.worker, *said.taken())
                        self._ask(workers, said.worker, AHEAD - 1)
                tell()

    def _first(self) -> Sequence[Chain]:
        return [Chain(BASE, BASE, deque([Point(BASE, [])]))] if self.base is None and self.chains else []

    def _checks(self) -> Sequence[Chain]:
        checkable = [point for point in self.checks if self.statuses.get(point.id) == OPTIMAL]
        return [Chain(f"{COLD}.{point.id}", COLD, deque([point])) for point in checkable]

    def _ask(self, workers: Workers, worker: Hashable, place: int) -> None:
        """Have a worker solve the point at a place of what is left of its chain, if there is one."""
        chain = self._out.get(worker)
        if chain and place < len(chain.points):
            state = None if place else chain.state  # a worker knows where it left off
            workers.ask(worker, "solve", state, chain.points[place].settings, chain.kind == COLD)

    def _record(self, worker: Hashable, result: PointResult, state: ChainState) -> None:
        chain = self._out[worker]
        point = chain.points.popleft()
        entry: dict[str, Any] = {"kind": chain.kind, "id": point.id, "chain": chain.key, **result.plain()}
        if chain.kind != COLD:
            entry["state"] = state.plain()
        self.write(entry)
        chain.state = state
        if chain.kind == BASE:
            self.base = state
        elif chain.kind == POINT:
            self.statuses[point.id] = result.status
            self.counts[result.status] += 1
            self.seconds += result.seconds
        else:
            self.checked += 1
        if not chain.points:
            del self._out[worker]

    def _lose(self, worker: Hashable, why: str) -> None:
        """The current point of its chain, if it has one, is tried again or given up."""
        if chain := self._out.get(worker):
            key = chain.kind, chain.points[0].id
            self._attempts[key] += 1
            if self._attempts[key] == ATTEMPTS:
                crashed = PointResult(CRASHED, f"the worker died {ATTEMPTS} times: {why}")
                self._record(worker, crashed, chain.state or ChainState())
        if left := self._out.pop(worker, None):
            self._ready.appendleft(left)


def answer(workers: Workers, calls: Mapping[str, Sequence[Any]], keep: Callable[[str, Any], None]) -> None:
    """Have workers answer calls in whatever order; `keep` gets each name with what was said.

    A call whose worker dies is given to another. Raises StoppedError the third time, and what a call raises.
    """
    ready, out, attempts = deque(calls), dict[Hashable, str](), Counter[str]()
    while ready or out:
        for worker in workers.present:
            if worker not in out and ready:
                out[worker] = ready.popleft()
                workers.ask(worker, *calls[out[worker]])
        for said in workers.wait():
            name = out.pop(said.worker, "")
            if name and said.lost:
                ready.appendleft(name)
                attempts[name] += 1
                if attempts[name] == ATTEMPTS:
                    raise StoppedError(f"{name}: the worker died {ATTEMPTS} times: {said.lost}")
            elif name:
                keep(name, said.taken())


RETRIED = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""


@dataclass
class Recorded:
    """What a journal says. `ground`: what results rest on; a plan and states of another ground are of no use."""

    ground: str
    plans: int = 0
    planned: dict[str, list[str]] = field(default_factory=dict)
    base: ChainState | None = None
    states: dict[str, ChainState] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cold: set[str] = field(default_factory=set)


def read_recorded(path: Path, ground: str) -> Recorded:
    """Go through a journal once; only the last state of each chain is kept."""
    recorded = Recorded(ground)
    for entry in read_journal(path):
        kind = entry["kind"]
        if kind == "plan":
            # A new plan stands for everything that is left; older chains are over.
            same = entry["ground"] == ground
            recorded.plans += 1
            recorded.planned, recorded.base = (entry["chains"], recorded.base) if same else ({}, None)
            recorded.states.clear()
            for name in entry["again"]:
                recorded.statuses.pop(name, None)
                recorded.cold.discard(name)
        elif kind == BASE:
            recorded.base = ChainState.of(entry["state"])
        elif kind == COLD:
            recorded.cold.add(entry["id"])
        elif kind == POINT:
            recorded.statuses[entry["id"]], recorded.seconds[entry["id"]] = entry["status"], entry["seconds"]
            recorded.states[entry["chain"]] = ChainState.of(entry["state"])
    return recorded


def queue_of(
    study: StudyFile, table: DesignTable, found: list[Point], recorded: Recorded, journal: Journal, again: bool
) -> WorkQueue:
    """Finished points, chains under way, and a new plan if there are points that nobody has planned.

    again: also points whose status another try may change.
    """
    rows = {point.id: i for i, point in reversed(list(enumerate(found)))}
    statuses = {name: status for name, status in recorded.statuses.items() if name in rows}
    redo = [name for name in rows if again and statuses.get(name) in RETRIED]
    left = {name for name in rows if name not in statuses}
    planned, states = recorded.planned, recorded.states
    if redo or left - {name for chain in planned.values() for name in chain}:
        cut = chains(study, table, sorted(rows[name] for name in left | set(redo)))
        planned = {f"{recorded.plans}.{k}": [found[i].id for i in chain] for k, chain in enumerate(cut)}
        journal.append({"kind": "plan", "ground": recorded.ground, "chains": planned, "again": redo})
        for name in redo:
            del statuses[name]
            recorded.cold.discard(name)
        states = {}
    queue = []
    for key, names in planned.items():
        points = deque(found[rows[name]] for name in names if name in rows and name not in statuses)
        if points:
            queue.append(Chain(key, POINT, points, states.get(key)))
    checks = [found[rows[name]] for name in picked(rows, study.check_share) if name not in recorded.cold]
    seconds = sum(recorded.seconds[name] for name in statuses)
    return WorkQueue(journal.append, queue, recorded.base, checks, statuses, seconds, len(recorded.cold & set(rows)))


def picked(names: Iterable[str], share: float) -> list[str]:
    """A random share of the points, the same in every run of the study: those whose hash comes first."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return ordered[: -int(-len(ordered) * share // 1)] if share > 0 else []


CHECKED = ("least_risk_musd", "cost_musd", "risk_musd", "expected_loss_musd")
"""Outcomes that every way to the optimum must agree on; which of several equally good plans is found may differ."""
CheckedPoint = tuple[str, str, float, float, float]
"""(point, outcome, warm, cold, relative difference)."""


def status_of(out: Path) -> tuple[StudyStatus, list[tuple[str, str, str]]]:
    """How far a study is, and (point, status, message) of what has no optimum; while it runs, too."""
    asked = read_asked(out)
    names = {point.id for point in points_of(out)}
    entries: dict[str, dict[str, Any]] = {}
    cold = set()
    for entry in read_journal(out / JOURNAL):
        if entry["kind"] == POINT and entry["id"] in names:
            entries[entry["id"]] = {key: entry[key] for key in ("status", "message", "seconds")}
        elif entry["kind"] == COLD and entry["id"] in names:
            cold.add(entry["id"])
    counts = Counter(entry["status"] for entry in entries.values())
    to_check = len(picked(names, study_of(asked).check_share))
    found = StudyStatus(len(names), counts, len(cold), to_check, sum(e["seconds"] for e in entries.values()))
    return found, [(n, e["status"], e["message"]) for n, e in sorted(entries.items()) if e["status"] != OPTIMAL]


def checks_of(out: Path, names: set[str]) -> list[CheckedPoint]:
    """(point, outcome, warm, cold, relative difference) of the points that were solved twice."""
    warm: dict[str, dict[str, float]] = {}
    cold: dict[str, dict[str, float]] = {}
    for entry in read_journal(out / JOURNAL):
        if entry["kind"] in (POINT, COLD) and entry["id"] in names:
            kept = {key: entry["values"][key] for key in CHECKED if key in entry["values"]}
            (warm if entry["kind"] == POINT else cold)[entry["id"]] = kept
    rows = []
    for name in sorted(cold):
        for key in CHECKED:
            one, two = warm.get(name, {}).get(key, math.nan), cold[name].get(key, math.nan)
            if not (math.isnan(one) and math.isnan(two)):
                gap = abs(one - two) / (1.0 + abs(two))
                rows.append((name, key, one, two, math.inf if math.isnan(gap) else gap))
    return rows


def write_checks(out: Path, path: Path, names: set[str]) -> None:
    """Write checks.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["point", "outcome", "warm", "cold", "relative_difference"])
        writer.writerows(checks_of(out, names))


def agreement_of(out: Path) -> Agreement:
    """How many points were solved twice, and how well the two results agree."""
    if (out / CHECKS).exists() and (out / RESULTS).exists():
        with (out / CHECKS).open(encoding="utf-8", newline="") as file:
            rows = [(row["point"], float(row["relative_difference"])) for row in csv.DictReader(file)]
    else:
        rows = [(row[0], row[4]) for row in checks_of(out, {point.id for point in points_of(out)})]
    return Agreement(len({name for name, _ in rows}), max((gap for _, gap in rows), default=0.0))
