"""Processes that keep the branches and solve them again each round."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import Self

import numpy as np

from planner.data.case import Case
from planner.solving.program import Vector
from planner.studies.branches import Answer, Branch, Link, Positions, branches, parts


class _Desk:
    """The branches of one process, and where their links stand among all."""

    def __init__(self) -> None:
        self.branches: list[Branch] = []
        self.positions: list[Positions] = []

    def take(self, case: Case, trunk: str, names: Sequence[str]) -> list[Link]:
        """Take on the branches of some scenarios; the links that they have."""
        new = branches(case, trunk, names)
        self.branches += new
        return list(dict.fromkeys(link for branch in new for link in branch.links))

    def settle(self, links: Sequence[Link]) -> None:
        """Learn the order of all links."""
        at = {link: i for i, link in enumerate(links)}
        self.positions = [np.array([at[link] for link in branch.links], dtype=int) for branch in self.branches]

    def answers(self, x: Vector, weights: Mapping[str, float]) -> list[Answer]:
        """How each branch fares."""
        pairs = zip(self.branches, self.positions, strict=True)
        return [branch.answer(x, positions, weights) for branch, positions in pairs]


_DESK = _Desk()
"""Of this process, where it is one of a crew."""


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends its workers


def _take(case: Case, trunk: str, names: Sequence[str]) -> list[Link]:
    return _DESK.take(case, trunk, names)


def _settle(links: Sequence[Link]) -> None:
    _DESK.settle(links)


def _answers(x: Vector, weights: Mapping[str, float]) -> list[Answer]:
    return _DESK.answers(x, weights)


class Crew:
    """The branches of a case, spread over processes; with one worker, in this process."""

    def __init__(self, case: Case, trunk: str, workers: int) -> None:
        todo = list(parts(case, trunk))
        self._own = _Desk()
        count = min(workers, len(todo)) if workers > 1 else 0
        # One executor for each process, because a branch must come back to the process that keeps it.
        self._away = [ProcessPoolExecutor(1, get_context("spawn"), initializer=_deaf) for _ in range(count)]
        links: dict[Link, None] = {}
        if self._away:
            taken = [self._away[i % count].submit(_take, case, trunk, names) for i, names in enumerate(todo)]
            for one in taken:
                links |= dict.fromkeys(one.result())
        else:
            for names in todo:
                links |= dict.fromkeys(self._own.take(case, trunk, names))
        self.links = list(links)
        self._own.settle(self.links)
        _wait([away.submit(_settle, self.links) for away in self._away])

    def answers(self, x: Vector, weights: Mapping[str, float]) -> list[Answer]:
        """How each branch fares at links x (in the order of `links`)."""
        asked = [away.submit(_answers, x, weights) for away in self._away]
        return self._own.answers(x, weights) + [answer for one in asked for answer in one.result()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for away in self._away:
            away.shutdown(wait=True, cancel_futures=True)


def _wait(futures: Sequence[Future[None]]) -> None:
    for one in futures:
        one.result()
