"""What is done, what is under way and what is left of a study, the workers' way through it, and how far it is.

Whether its warm results are those of a cold solve is looked at here too.

First the case as it is, from which every chain starts; then the chains; then some points again from nothing.
A worker that dies takes nothing with it but its current point, which another worker tries again; the third
time the point is written down as crashed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from planner.parallel import ATTEMPTS, Workers
from planner.results.study import OPTIMAL, Agreement, StudyStatus
from planner.studies.file import StudyFile
from planner.studies.journal import BASE, COLD, ENDED, FOUND, JOURNAL, PLAN, POINT, STATES, RunJournal, read_journal
from planner.studies.points import DesignTable, Point, chains
from planner.studies.store import CHECKS, RESULTS, points_of, read_asked, study_of
from planner.studies.worker import CRASHED, START, ChainState, PointResult

AHEAD = 2
"""Points that a worker has been asked for, so that it need not wait for the next."""


@dataclass
class Chain:
    """Points that one worker solves one after the other. `state` is where the chain stands, under `key` in the journal;
    without a key it is not kept."""

    key: str
    kind: str
    points: deque[Point]
    state: ChainState | None = None


@dataclass
class WorkQueue:
    """Chains left to do. `journal` gets each result before anything else happens; base: where the case as it is was
    left, under `base_key`."""

    journal: RunJournal
    chains: Sequence[Chain]
    base_key: str
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
                        chain.state = chain.state or self.base or START
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
        wanted = self.base is None and self.chains
        return [Chain(self.base_key, BASE, deque([Point(BASE, [])]))] if wanted else []

    def _checks(self) -> Sequence[Chain]:
        checkable = [point for point in self.checks if self.statuses.get(point.id) == OPTIMAL]
        return [Chain("", COLD, deque([point])) for point in checkable]

    def _ask(self, workers: Workers, worker: Hashable, place: int) -> None:
        """Have a worker solve the point at a place of what is left of its chain, if there is one."""
        chain = self._out.get(worker)
        if chain and place < len(chain.points):
            state = None if place else chain.state  # a worker knows where it left off
            workers.ask(worker, "solve", state, chain.points[place].settings, chain.kind == COLD)

    def _record(self, worker: Hashable, result: PointResult, state: ChainState) -> None:
        chain = self._out[worker]
        point = chain.points.popleft()
        found = {"values": result.values, "plan": result.plan}
        self.journal.append(chain.kind, point.id, found, vars(result), chain=chain.key, state=state)
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
                self._record(worker, crashed, chain.state or START)
        if left := self._out.pop(worker, None):
            self._ready.appendleft(left)


RETRIED = ("crashed", "time_limit", "unproven")
"""Statuses that another try may change."""


def queue_of(
    study: StudyFile,
    table: DesignTable,
    found: list[Point],
    ground: str,
    journal: RunJournal,
    path: Path,
    again: bool,
) -> WorkQueue:
    """Finished points, chains under way, and a new plan if there are points that nobody has planned.

    ground: what results rest on; a plan and states of another ground are of no use. again: also points whose status
    another try may change.
    """
    rows = {point.id: i for i, point in reversed(list(enumerate(found)))}
    ended = {name: (status, spent) for name, status, _, spent in read_journal(path, ENDED, POINT) if name in rows}
    cold = {name for name, *_ in read_journal(path, ENDED, COLD)} & rows.keys()
    states = {key: ChainState(*json.loads(text)) for key, text in read_journal(path, STATES) if key.startswith(ground)}
    plans = [(name, text) for name, *_, text in read_journal(path, FOUND, PLAN)]
    # A new plan stands for everything that is left; older chains are over.
    planned: dict[str, list[str]] = json.loads(plans[-1][1]) if plans and plans[-1][0].startswith(ground) else {}
    redo = [name for name in rows if again and name in ended and ended[name][0] in RETRIED]
    left = [name for name in rows if name not in ended]
    if redo or set(left) - {name for chain in planned.values() for name in chain}:
        cut = chains(study, table, sorted(rows[name] for name in (*left, *redo)))
        planned = {f"{ground} {len(plans)}.{k}": [found[i].id for i in chain] for k, chain in enumerate(cut)}
        journal.append(PLAN, f"{ground} {len(plans)}", planned, again=redo)
        cold.difference_update(redo)
        for name in redo:
            del ended[name]
    queue = []
    for key, names in planned.items():
        points = deque(found[rows[name]] for name in names if name in rows and name not in ended)
        if points:
            queue.append(Chain(key, POINT, points, states.get(key)))
    checks = [found[rows[name]] for name in picked(rows, study.check_share) if name not in cold]
    statuses, seconds = {name: status for name, (status, _) in ended.items()}, sum(spent for _, spent in ended.values())
    base = f"{ground} {BASE}"
    return WorkQueue(journal, queue, base, states.get(base), checks, statuses, seconds, len(cold))


def picked(names: Iterable[str], share: float) -> list[str]:
    """A random share of the points, the same in every run of the study: those whose hash comes first."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return ordered[: -int(-len(ordered) * share // 1)] if share > 0 else []


CHECKED = ("least_risk_musd", "cost_musd", "risk_musd", "expected_loss_musd")
"""Outcomes that every way to the optimum must agree on; which of several equally good plans is found may differ."""


def status_of(out: Path) -> tuple[StudyStatus, list[tuple[str, str, str]]]:
    """How far a study is, and (point, status, message) of what has no optimum; while it runs, too."""
    names = {point.id for point in points_of(out)}
    ended = sorted(entry for entry in read_journal(out / JOURNAL, ENDED, POINT) if entry[0] in names)
    cold = {name for name, *_ in read_journal(out / JOURNAL, ENDED, COLD)} & names
    to_check = len(picked(names, study_of(read_asked(out)).check_share))
    counts = Counter(status for _, status, _, _ in ended)
    found = StudyStatus(len(names), counts, len(cold), to_check, sum(seconds for *_, seconds in ended))
    return found, [(name, status, told) for name, status, told, _ in ended if status != OPTIMAL]


def checks_of(out: Path) -> pd.DataFrame:
    """The points that were solved twice: point, outcome, warm, cold, relative_difference."""
    names = {point.id for point in points_of(out)}
    cold = {name: json.loads(text)["values"] for name, *_, text in read_journal(out / JOURNAL, FOUND, COLD)}
    warm = {n: json.loads(text)["values"] for n, *_, text in read_journal(out / JOURNAL, FOUND, POINT) if n in cold}
    rows = []
    for name in sorted(cold.keys() & warm.keys() & names):
        for key in CHECKED:
            one, two = warm[name].get(key, math.nan), cold[name].get(key, math.nan)
            if not (math.isnan(one) and math.isnan(two)):
                gap = abs(one - two) / (1.0 + abs(two))
                rows.append((name, key, one, two, math.inf if math.isnan(gap) else gap))
    return pd.DataFrame(rows, columns=["point", "outcome", "warm", "cold", "relative_difference"])


def agreement_of(out: Path) -> Agreement:
    """How many points were solved twice, and how well the two results agree."""
    done = (out / CHECKS).exists() and (out / RESULTS).exists()
    rows = pd.read_csv(out / CHECKS, dtype={"point": str}) if done else checks_of(out)
    return Agreement(rows["point"].nunique(), float(rows["relative_difference"].max()) if len(rows) else 0.0)
