"""What a process keeps of a part of a case, and what it can be asked: how branches fare, tables, prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from planner.decomposition.branch_tables import PartTables, tables_of, values_on
from planner.decomposition.master import Multipliers, Shared
from planner.decomposition.parts import CasePart
from planner.decomposition.subproblem import Bases, Branch, BranchResult, Minimum, Positions, Question
from planner.solving.prices import Worths
from planner.solving.program import Vector

Returned = TypeVar("Returned", covariant=True)
LEAST = 1e-12
"""Multipliers up to this one are rounding."""


class Task(Protocol[Returned]):
    """Something asked of each part; it can be pickled."""

    def __call__(self, part: HeldPart) -> Returned:
        """The answer of one part."""


@dataclass(frozen=True)
class HeldPart:
    """The branches of a part, and of each where its links stand among all and the bases to start from."""

    part: CasePart
    branches: Sequence[Branch]
    positions: Sequence[Positions]
    bases: Sequence[Bases]

    def each(
        self, x: Vector, ask: Callable[[Branch], Question | None]
    ) -> Iterator[tuple[Branch, BranchResult, Minimum]]:
        """What each branch answers at links x that is asked anything. Raises StoppedError without a proven optimum."""
        for branch, positions, bases in zip(self.branches, self.positions, self.bases, strict=True):
            question = ask(branch)
            if question is not None:
                yield branch, *branch.solve(x, positions, question, bases)


@dataclass(frozen=True)
class Fare:
    """How each branch fares at links x. Raises StoppedError if one has no proven optimum."""

    x: Vector
    question: Question

    def __call__(self, part: HeldPart) -> list[BranchResult]:
        """In the order of the branches."""
        return [result for _, result, _ in part.each(self.x, lambda _: self.question)]


@dataclass(frozen=True)
class Tabulate:
    """The result tables of each part at links x, the rest of the plan being `shared`."""

    x: Vector
    question: Question
    shared: Shared

    def __call__(self, part: HeldPart) -> PartTables:
        """Rows of the scenarios of the part from where they leave the reference."""
        values, results = values_on(part.part, self.shared), []
        for branch, result, found in part.each(self.x, lambda _: self.question):
            values.add(branch.columns, found.x[: len(branch.columns)])
            results.append(replace(result, cuts=(), bases={}))
        return tables_of(part.part, values, results)


@dataclass(frozen=True)
class Price:
    """Shadow prices of what branches have at links x, by what the master gives for their losses and costs."""

    x: Vector
    given: Multipliers

    def __call__(self, part: HeldPart) -> Worths:
        """Of all branches together."""
        total: Worths = defaultdict(float)
        for branch, _, found in part.each(self.x, self._question):
            for key, price in branch.prices(part.part.scope, self._scale(branch) * found.duals).items():
                total[key] += price
        return dict(total)

    def _scale(self, branch: Branch) -> float:
        of_cost = self.given.of_cost[branch.name]
        return of_cost if of_cost > LEAST else sum(self.given.of_loss[w] for w in branch.leaves)

    def _question(self, branch: Branch) -> Question | None:
        scale = self._scale(branch)
        if scale <= LEAST:
            return None
        return Question(
            {w: self.given.of_loss[w] / scale for w in branch.leaves}, self.given.of_cost[branch.name] > LEAST
        )
