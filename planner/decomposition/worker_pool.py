"""Workers that keep the branches and solve them again each round."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np

from planner.data.case import Case
from planner.decomposition.subproblem import (
    NO_BASES,
    Bases,
    Branch,
    BranchResult,
    LinkingColumn,
    Positions,
    branches,
    parts,
)
from planner.parallel import Team
from planner.solving.program import Vector

LossByScenario = Mapping[str, float]
Names = tuple[str, ...]


class HeldBranches:
    """The branches that one worker keeps, built when they are first asked for: it may have to stand in for another."""

    def __init__(self, case: Case, reference: str) -> None:
        self._case, self._reference = case, reference
        self._parts: dict[Names, list[Branch]] = {}

    def of(self, names: Names) -> list[Branch]:
        """The branches of some scenarios."""
        if names not in self._parts:
            self._parts[names] = branches(self._case, self._reference, names)
        return self._parts[names]

    def links(self, names: Names) -> list[tuple[str, Sequence[LinkingColumn]]]:
        """What they are called, and the links of each."""
        return [(branch.name, branch.links) for branch in self.of(names)]

    def results(
        self,
        names: Names,
        positions: Sequence[Positions],
        bases: Sequence[Bases],
        x: Vector,
        weights: LossByScenario,
        allowed: LossByScenario | None,
    ) -> list[BranchResult]:
        """How each fares. It depends on what is given alone, not on what was asked before: a worker that dies changes
        no figure."""
        each = zip(self.of(names), positions, bases, strict=True)
        return [branch.solve(x, at, weights, allowed, start) for branch, at, start in each]


class WorkerPool:
    """The branches of a case, spread over workers. Those of one that dies are built again by another.

    names: of the branches. links: of all of them.
    """

    def __init__(self, case: Case, reference: str, team: Team) -> None:
        self._parts = [tuple(names) for names in parts(case, reference)]
        self._keeper: dict[int, int] = {}
        self._workers = team(partial(HeldBranches, case, reference))
        found = self._of_each_part("links", [()] * len(self._parts))
        self.names = [name for part in found for name, _ in part]
        self.links = list(dict.fromkeys(link for part in found for _, links in part for link in links))
        at = {link: i for i, link in enumerate(self.links)}
        self._positions = [[np.array([at[link] for link in links], dtype=int) for _, links in part] for part in found]
        self._bases: list[list[Bases]] = [[NO_BASES] * len(part) for part in found]

    def results(self, x: Vector, weights: LossByScenario, allowed: LossByScenario | None = None) -> list[BranchResult]:
        """How each branch fares at links x (in the order of `links`), in the order of `names`; see `Branch.solve`.

        The same whoever the workers are. Raises StoppedError.
        """
        given = [
            (at, bases, x, {w: weights[w] for w in names}, allowed and {w: allowed[w] for w in names})
            for names, at, bases in zip(self._parts, self._positions, self._bases, strict=True)
        ]
        found: list[list[BranchResult]] = self._of_each_part("results", given)
        self._bases = [[one.bases for one in part] for part in found]
        return [one for part in found for one in part]

    def _of_each_part(self, method: str, given: Sequence[tuple[Any, ...]]) -> list[Any]:
        """What the keeper of each part answers, whatever becomes of it."""
        found: dict[int, Any] = {}
        left = deque(range(len(self._parts)))
        asked: dict[int, deque[int]] = defaultdict(deque)
        while len(found) < len(self._parts):
            while left and self._workers.present:
                part = left.popleft()
                if part not in self._keeper:
                    kept = Counter(self._keeper.values())
                    self._keeper[part] = min(self._workers.present, key=lambda worker: kept[worker])
                self._workers.ask(self._keeper[part], method, self._parts[part], *given[part])
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
        self._workers.close()
