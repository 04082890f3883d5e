"""Processes that keep the branches and solve them again each round."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from planner.data.case import Case
from planner.decomposition.subproblem import Branch, BranchResult, LinkingColumn, Positions, branches, parts
from planner.errors import StoppedError
from planner.parallel import fresh_processes
from planner.solving.program import Vector

T = TypeVar("T")
LossByScenario = Mapping[str, float]
Taken = tuple[list[str], list[LinkingColumn]]


class HeldBranches:
    """The branches of one process, and where their links stand among all."""

    def __init__(self) -> None:
        self.branches: list[Branch] = []
        self.positions: list[Positions] = []

    def take(self, case: Case, reference: str, names: Sequence[str]) -> Taken:
        """Take on the branches of some scenarios; what they are called, and the links that they have."""
        new = branches(case, reference, names)
        self.branches += new
        return [branch.name for branch in new], list(dict.fromkeys(link for branch in new for link in branch.links))

    def settle(self, links: Sequence[LinkingColumn]) -> None:
        """Learn the order of all links."""
        at = {link: i for i, link in enumerate(links)}
        self.positions = [np.array([at[link] for link in branch.links], dtype=int) for branch in self.branches]

    def results(self, x: Vector, weights: LossByScenario, allowed: LossByScenario | None) -> list[BranchResult]:
        """How each branch fares."""
        pairs = zip(self.branches, self.positions, strict=True)
        return [branch.solve(x, positions, weights, allowed) for branch, positions in pairs]


_HELD = HeldBranches()
"""Of this process, where it is one of a pool."""


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends its workers
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, however that was: an executor would wait for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _take(case: Case, reference: str, names: Sequence[str]) -> Taken:
    return _HELD.take(case, reference, names)


def _settle(links: Sequence[LinkingColumn]) -> None:
    _HELD.settle(links)


def _answers(x: Vector, weights: LossByScenario, allowed: LossByScenario | None) -> list[BranchResult]:
    return _HELD.results(x, weights, allowed)


class WorkerPool:
    """The branches of a case, spread over processes; with one worker, in this process.

    names: of the branches. links: of all of them.
    """

    def __init__(self, case: Case, reference: str, workers: int) -> None:
        todo = list(parts(case, reference))
        self._own = HeldBranches()
        count = min(workers, len(todo)) if workers > 1 else 0
        # One executor for each process, because a branch must come back to the process that keeps it.
        self._away = [ProcessPoolExecutor(1, fresh_processes(), initializer=_begin) for _ in range(count)]
        if self._away:
            asked = [self._away[i % count].submit(_take, case, reference, names) for i, names in enumerate(todo)]
            taken = [_result(one) for one in asked]
        else:
            taken = [self._own.take(case, reference, names) for names in todo]
        self.names = [name for names, _ in taken for name in names]
        self.links = list(dict.fromkeys(link for _, links in taken for link in links))
        self._own.settle(self.links)
        _wait([away.submit(_settle, self.links) for away in self._away])

    def results(self, x: Vector, weights: LossByScenario, allowed: LossByScenario | None = None) -> list[BranchResult]:
        """How each branch fares at links x (in the order of `links`); see `Branch.solve`."""
        asked = [away.submit(_answers, x, weights, allowed) for away in self._away]
        return self._own.results(x, weights, allowed) + [result for one in asked for result in _result(one)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for away in self._away:
            away.shutdown(wait=True, cancel_futures=True)


def _wait(futures: Sequence[Future[None]]) -> None:
    for one in futures:
        _result(one)


def _result(asked: Future[T]) -> T:
    try:
        return asked.result()
    except BrokenProcessPool:
        raise StoppedError("a worker process was ended from outside; with --workers 1 there is none") from None
