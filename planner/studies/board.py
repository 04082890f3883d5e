"""What is done, what is under way and what is left of a study: decisions only, no processes and no files.

First the case as it is, from which every chain starts; then the chains; then some points again from nothing.
A worker that dies takes nothing with it but its current point, which another worker tries again; the third
time the point is written down as crashed.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.studies.journal import Entry
from planner.studies.points import Point
from planner.studies.worker import CRASHED, Plain, Result, State

ATTEMPTS = 3
BASE, POINT, COLD = "base", "point", "cold"


@dataclass
class Chain:
    """Points that one worker solves one after the other. `state` is where the chain stands."""

    key: str
    kind: str
    points: deque[Point]
    state: State | None = None


@dataclass
class Board:
    """Hands out chains, takes results. `write` gets each result as a journal entry before anything else happens."""

    write: Callable[[Entry], None]
    chains: deque[Chain]
    base: State | None
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
            return self._give(Chain(BASE, BASE, deque([Point(BASE, [])]), State()))
        if self.chains:
            chain = self.chains.popleft()
            if chain.state is None:
                chain.state = self.base
            return self._give(chain)
        if self._out and any(chain.kind != COLD for chain in self._out.values()):
            return None
        if not self._checks_out:
            self._checks_out = True
            self.chains.extend(Chain(f"{COLD}.{p.id}", COLD, deque([p]), State()) for p in self._checkable())
            return self.take() if self.chains else None
        return None

    def _checkable(self) -> Iterable[Point]:
        return (p for p in self.checks if self.statuses.get(p.id) == "optimal")

    def _give(self, chain: Chain) -> Chain:
        self._out[chain.key] = chain
        return chain

    def record(self, key: str, result: Result, state: State) -> None:
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
            self.record(key, Result(CRASHED, f"the worker died {ATTEMPTS} times: {why}"), chain.state or State())
        if self._out.pop(key, None) is not None:
            if chain.kind == BASE:
                self._base_out = False
            else:
                self.chains.appendleft(chain)


def settings_of(points: Iterable[Point]) -> list[Plain]:
    """What workers get of points."""
    return [point.settings for point in points]
