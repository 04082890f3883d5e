"""What is done, what is under way and what is left of a study, and the workers' way through it.

First the case as it is, from which every chain starts; then the chains; then some points again from nothing.
A worker that dies takes nothing with it but its current point, which another worker tries again; the third
time the point is written down as crashed.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from planner.parallel import Workers
from planner.studies.file import StudyFile
from planner.studies.points import DesignTable, Point, chains
from planner.studies.store import Entry, Journal, read_journal
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
    """Hands out chains, takes results. `write` gets each result as a journal entry before anything else happens."""

    write: Callable[[Entry], None]
    chains: deque[Chain]
    base: ChainState | None
    checks: Sequence[Point] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    checked: int = 0
    counts: Counter[str] = field(init=False)
    _out: dict[str, Chain] = field(default_factory=dict)
    _attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _base_out: bool = False
    _checks_out: bool = False

    def __post_init__(self) -> None:
        self.counts = Counter(self.statuses.values())

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return not self._out and not self.chains and (self._checks_out or not self.checks)

    def take(self) -> Chain | None:
        """The next chain for a worker that is free; None: nothing can be started now."""
        if self.base is None and self.chains:
            if self._base_out:
                return None
            self._base_out = True
            return self._give(Chain(BASE, BASE, deque([Point(BASE, [])]), ChainState()))
        if self.chains:
            chain = self.chains.popleft()
            if chain.state is None:
                chain.state = self.base
            return self._give(chain)
        if self._out and any(chain.kind != COLD for chain in self._out.values()):
            return None
        if not self._checks_out:
            self._checks_out = True
            self.chains.extend(Chain(f"{COLD}.{p.id}", COLD, deque([p]), ChainState()) for p in self._checkable())
            return self.take() if self.chains else None
        return None

    def _checkable(self) -> Iterable[Point]:
        return (p for p in self.checks if self.statuses.get(p.id) == "optimal")

    def _give(self, chain: Chain) -> Chain:
        self._out[chain.key] = chain
        return chain

    def record(self, key: str, result: PointResult, state: ChainState) -> None:
        """A worker finished the current point of a chain."""
        chain = self._out[key]
        point = chain.points.popleft()
        entry: dict[str, Any] = {"kind": chain.kind, "id": point.id, "chain": key, **result.plain()}
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
            del self._out[key]

    def lost(self, key: str, why: str) -> None:
        """The worker of a chain died. Its current point is tried again, or given up."""
        chain = self._out[key]
        point = chain.points[0]
        self._attempts[chain.kind, point.id] += 1
        if self._attempts[chain.kind, point.id] >= ATTEMPTS:
            self.record(
                key, PointResult(CRASHED, f"the worker died {ATTEMPTS} times: {why}"), chain.state or ChainState()
            )
        if self._out.pop(key, None) is not None:
            if chain.kind == BASE:
                self._base_out = False
            else:
                self.chains.appendleft(chain)


def work_off(queue: WorkQueue, workers: Workers, tell: Callable[[], None]) -> None:
    """Have workers that keep a `Worker` solve points until nothing is left. Raises StoppedError if there are none."""
    under_way: dict[int, Chain] = {}
    while not queue.finished:
        for worker in workers.present:
            if worker not in under_way and (chain := queue.take()):
                under_way[worker] = chain
                state = chain.state
                for point in islice(chain.points, AHEAD):
                    workers.ask(worker, "solve", state, point.settings, chain.kind == COLD)
                    state = None
        for said in workers.wait():
            if said.lost:
                if lost := under_way.pop(said.worker, None):
                    queue.lost(lost.key, said.lost)
                continue
            chain = under_way[said.worker]
            queue.record(chain.key, *said.taken())
            if len(chain.points) >= AHEAD:
                workers.ask(said.worker, "solve", None, chain.points[AHEAD - 1].settings, chain.kind == COLD)
            elif not chain.points:
                del under_way[said.worker]
        tell()


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
    return WorkQueue(
        journal.append, deque(queue), recorded.base, checks, statuses, seconds, len(recorded.cold & set(rows))
    )


def picked(names: Iterable[str], share: float) -> list[str]:
    """A random share of the points, the same in every run of the study: those whose hash comes first."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return ordered[: -int(-len(ordered) * share // 1)] if share > 0 else []
