"""Workers that keep the branches and solve them again each round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np

from planner.decomposition.branch_tables import PartTables, tables_of, values_on
from planner.decomposition.master import Shared
from planner.decomposition.parts import CasePart, branches
from planner.decomposition.subproblem import (
    Bases,
    Branch,
    BranchResult,
    LinkingColumn,
    Minimum,
    Positions,
    Question,
)
from planner.parallel import Team, answer
from planner.solving.prices import Worths
from planner.solving.program import Vector

LEAST = 1e-12
"""Multipliers up to this one are rounding."""
Given = Mapping[str, float]
Starts = Sequence[tuple[Positions, Bases]]
"""Of each branch of a part, where its links stand among all and the bases to start from."""


class HeldBranches:
    """The branches that one worker keeps, built when they are first asked for: it may have to stand in for another.

    Each answer of a part depends on what is given alone, not on what was asked before: a worker that dies changes no
    figure. Raises StoppedError if a branch has no proven optimum.
    """

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

    def fare(self, number: int, at: Starts, x: Vector, question: Question) -> list[BranchResult]:
        """How each branch fares at links x."""
        return [result for _, result, _ in self._each(number, at, x, lambda _: question)]

    def tabulate(self, number: int, at: Starts, x: Vector, question: Question, shared: Shared) -> PartTables:
        """Rows of the scenarios of a part from where they leave the reference, the rest of the plan being `shared`."""
        values, results = values_on(self._parts[number], shared), []
        for branch, result, found in self._each(number, at, x, lambda _: question):
            values.add(branch.columns, found.x[: len(branch.columns)])
            results.append(replace(result, cuts=(), bases={}))
        return tables_of(self._parts[number], values, results)

    def price(self, number: int, at: Starts, x: Vector, of_loss: Given, of_cost: Given) -> Worths:
        """Shadow prices of what the branches of a part have at links x, by what the master gives for the loss of each
        scenario and the cost of each branch, added up."""

        def scale(branch: Branch) -> float:
            own = of_cost[branch.name]
            return own if own > LEAST else sum(of_loss[w] for w in branch.leaves)

        def question(branch: Branch) -> Question | None:
            if scale(branch) <= LEAST:
                return None
            return Question({w: of_loss[w] / scale(branch) for w in branch.leaves}, of_cost[branch.name] > LEAST)

        total: Worths = defaultdict(float)
        for branch, _, found in self._each(number, at, x, question):
            for key, price in branch.prices(self._parts[number].scope, scale(branch) * found.duals).items():
                total[key] += price
        return dict(total)

    def _each(
        self, number: int, at: Starts, x: Vector, ask: Callable[[Branch], Question | None]
    ) -> Iterator[tuple[Branch, BranchResult, Minimum]]:
        """What each branch of a part answers that is asked anything."""
        for branch, (positions, bases) in zip(self.of(number), at, strict=True):
            question = ask(branch)
            if question is not None:
                yield branch, *branch.solve(x, positions, question, bases)


class WorkerPool:
    """The branches of a case, spread over workers. Those of one that dies are built again by another.

    names: of the branches. links: of all of them. sizes: rows, columns and nonzeros of their programs.
    """

    def __init__(self, parts: Sequence[CasePart], team: Team) -> None:
        self._parts = parts
        self._keeper: dict[str, Hashable] = {}
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
        self._starts: list[Starts] = [
            [(np.array([at[link] for link in links], dtype=int), {}) for _, links, _ in part] for part in found
        ]

    def results(self, x: Vector, question: Question) -> list[BranchResult]:
        """How each branch fares at links x (in the order of `links`), in the order of `names`; see `Branch.solve`.

        The same whoever the workers are, as are tables and prices. Raises StoppedError.
        """
        found = self._ask("fare", x, question)
        self._starts = [
            [(positions, one.bases) for (positions, _), one in zip(starts, part, strict=True)]
            for starts, part in zip(self._starts, found, strict=True)
        ]
        return [one for part in found for one in part]

    def tables(self, x: Vector, question: Question, shared: Shared) -> list[PartTables]:
        """The tables of each part; see `HeldBranches.tabulate`."""
        return self._ask("tabulate", x, question, shared)

    def prices(self, x: Vector, of_loss: Given, of_cost: Given) -> list[Worths]:
        """The shadow prices of each part; see `HeldBranches.price`."""
        return self._of_each_part("price", [(starts, x, of_loss, of_cost) for starts in self._starts])

    def _ask(self, method: str, x: Vector, question: Question, *more: Any) -> list[Any]:
        each = zip(self._parts, self._starts, strict=True)
        return self._of_each_part(method, [(starts, x, question.of(part.names), *more) for part, starts in each])

    def _of_each_part(self, method: str, given: Sequence[tuple[Any, ...]]) -> list[Any]:
        """What the keeper of each part answers, whatever becomes of it."""
        found: dict[str, Any] = {}
        calls = {f"part {i + 1}": (method, i, *arguments) for i, arguments in enumerate(given)}
        answer(self._workers, calls, found.__setitem__, self._keeper)
        return [found[name] for name in calls]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._workers.close()
