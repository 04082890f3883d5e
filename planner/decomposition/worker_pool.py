"""Workers that keep the branches and solve them again each round."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np

from planner.decomposition.held_part import Fare, HeldPart, Task
from planner.decomposition.parts import CasePart, branches
from planner.decomposition.subproblem import (
    Bases,
    Branch,
    BranchResult,
    LinkingColumn,
    Positions,
    Question,
)
from planner.parallel import Team
from planner.solving.program import Vector

Reply = TypeVar("Reply")


class HeldBranches:
    """The branches that one worker keeps, built when they are first asked for: it may have to stand in for another."""

    def __init__(self, parts: Sequence[CasePart]) -> None:
        self._parts = parts
        self._branches: dict[int, list[Branch]] = {}

    def of(self, number: int) -> list[Branch]:
        """The branches of a part."""
        if number not in self._branches:
            self._branches[number] = branches(self._parts[number])
        return self._branches[number]

    def links(self, number: int) -> list[tuple[str, Sequence[LinkingColumn], dict[str, int]]]:
        """What they are called, and the links and sizes of each."""
        return [(branch.name, branch.links, branch.size) for branch in self.of(number)]

    def answer(self, number: int, positions: Sequence[Positions], bases: Sequence[Bases], task: Task[Reply]) -> Reply:
        """What a part has to say. It depends on what is given alone, not on what was asked before: a worker that dies
        changes no figure."""
        return task(HeldPart(self._parts[number], self.of(number), positions, bases))


class WorkerPool:
    """The branches of a case, spread over workers. Those of one that dies are built again by another.

    names: of the branches. links: of all of them. sizes: rows, columns and nonzeros of their programs.
    """

    def __init__(self, parts: Sequence[CasePart], team: Team) -> None:
        self._parts = parts
        self._keeper: dict[int, Hashable] = {}
        self._workers = team(partial(HeldBranches, parts))
        try:
            found = self._of_each_part("links", [()] * len(parts))
        except BaseException:
            self.close()
            raise
        every = [one for part in found for one in part]
        self.names = [name for name, _, _ in every]
        self.links = list(dict.fromkeys(link for _, links, _ in every for link in links))
        self.sizes = {key: sum(size[key] for _, _, size in every) for key in ("rows", "columns", "nonzeros")}
        at = {link: i for i, link in enumerate(self.links)}
        self._positions = [
            [np.array([at[link] for link in links], dtype=int) for _, links, _ in part] for part in found
        ]
        self._bases: list[list[Bases]] = [[{}] * len(part) for part in found]

    def results(self, x: Vector, question: Question) -> list[BranchResult]:
        """How each branch fares at links x (in the order of `links`), in the order of `names`; see `Branch.solve`.

        The same whoever the workers are. Raises StoppedError.
        """
        found = self.ask(lambda part: Fare(x, question.of(part.names)))
        self._bases = [[one.bases for one in part] for part in found]
        return [one for part in found for one in part]

    def ask(self, task: Callable[[CasePart], Task[Reply]]) -> list[Reply]:
        """What each part has to say to its task, in their order. The same whoever the workers are."""
        each = zip(self._parts, self._positions, self._bases, strict=True)
        return self._of_each_part("answer", [(at, bases, task(part)) for part, at, bases in each])

    def _of_each_part(self, method: str, given: Sequence[tuple[Any, ...]]) -> list[Any]:
        """What the keeper of each part answers, whatever becomes of it."""
        found: dict[int, Any] = {}
        left = deque(range(len(self._parts)))
        asked: dict[Hashable, deque[int]] = defaultdict(deque)
        while len(found) < len(self._parts):
            while left and self._workers.present:
                part = left.popleft()
                if part not in self._keeper:
                    kept = Counter(self._keeper.values())
                    self._keeper[part] = min(self._workers.present, key=lambda worker: kept[worker])
                self._workers.ask(self._keeper[part], method, part, *given[part])
                asked[self._keeper[part]].append(part)
            for said in self._workers.wait():
                if said.lost:
                    self._keeper = {part: worker for part, worker in self._keeper.items() if worker != said.worker}
                    left.extend(asked.pop(said.worker, ()))
                else:
                    found[asked[said.worker].popleft()] = said.taken()
        return [found[part] for part in range(len(self._parts))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._workers.close()
