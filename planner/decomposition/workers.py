"""Processes that keep the branches and solve them again each round."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from planner.data.case import Case
from planner.decomposition.subproblem import Answer, Branch, Link, Positions, branches, parts
from planner.errors import StoppedError
from planner.solving.program import Vector

T = TypeVar("T")
Losses = Mapping[str, float]
Taken = tuple[list[str], list[Link]]


class _Desk:
    """The branches of one process, and where their links stand among all."""

    def __init__(self) -> None:
        self.branches: list[Branch] = []
        self.positions: list[Positions] = []

    def take(self, case: Case, trunk: str, names: Sequence[str]) -> Taken:
        """Take on the branches of some scenarios; what they are called, and the links that they have."""
        new = branches(case, trunk, names)
        self.branches += new
        return [branch.name for branch in new], list(dict.fromkeys(link for branch in new for link in branch.links))

    def settle(self, links: Sequence[Link]) -> None:
        """Learn the order of all links."""
        at = {link: i for i, link in enumerate(links)}
        self.positions = [np.array([at[link] for link in branch.links], dtype=int) for branch in self.branches]

    def answers(self, x: Vector, weights: Losses, allowed: Losses | None) -> list[Answer]:
        """How each branch fares."""
        pairs = zip(self.branches, self.positions, strict=True)
        return [branch.fare(x, positions, weights, allowed) for branch, positions in pairs]


_DESK = _Desk()
"""Of this process, where it is one of a crew."""


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends its workers
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, however that was: an executor would wait for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _take(case: Case, trunk: str, names: Sequence[str]) -> Taken:
    return _DESK.take(case, trunk, names)


def _settle(links: Sequence[Link]) -> None:
    _DESK.settle(links)


def _answers(x: Vector, weights: Losses, allowed: Losses | None) -> list[Answer]:
    return _DESK.answers(x, weights, allowed)


class Crew:
    """The branches of a case, spread over processes; with one worker, in this process.

    names: of the branches. links: of all of them.
    """

    def __init__(self, case: Case, trunk: str, workers: int) -> None:
        todo = list(parts(case, trunk))
        self._own = _Desk()
        count = min(workers, len(todo)) if workers > 1 else 0
        # One executor for each process, because a branch must come back to the process that keeps it.
        self._away = [ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin) for _ in range(count)]
        if self._away:
            asked = [self._away[i % count].submit(_take, case, trunk, names) for i, names in enumerate(todo)]
            taken = [_result(one) for one in asked]
        else:
            taken = [self._own.take(case, trunk, names) for names in todo]
        self.names = [name for names, _ in taken for name in names]
        self.links = list(dict.fromkeys(link for _, links in taken for link in links))
        self._own.settle(self.links)
        _wait([away.submit(_settle, self.links) for away in self._away])

    def answers(self, x: Vector, weights: Losses, allowed: Losses | None = None) -> list[Answer]:
        """How each branch fares at links x (in the order of `links`); see `Branch.fare`."""
        asked = [away.submit(_answers, x, weights, allowed) for away in self._away]
        return self._own.answers(x, weights, allowed) + [answer for one in asked for answer in _result(one)]

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
