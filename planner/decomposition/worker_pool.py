"""Workers with the branches, and the amounts of all parts together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, cycle
from typing import Any, Self
from uuid import uuid4

import numpy as np

from planner.data.case import Case
from planner.data.decision_tree import trees_of
from planner.data.scenario_tree import scenario_tree
from planner.data.shock_effects import Period
from planner.decomposition.grouping import CasePart, branches
from planner.decomposition.master import Shared
from planner.decomposition.subproblem import (
    Bases,
    Branch,
    BranchQuestion,
    BranchResult,
    LinkingColumn,
    Minimum,
    Positions,
)
from planner.errors import StoppedError
from planner.parallel import Call, KeptObject, Workers, answers, opened
from planner.results.amounts import Amounts, amounts_of, flow_order
from planner.results.scenario_amounts import PEOPLE, PlanAmounts
from planner.solving.node_values import AtNodes
from planner.solving.program import Vector
from planner.solving.shadow_prices import Worths
from planner.solving.solution_amounts import solution_amounts

LEAST = 1e-12
"""Multipliers up to here are rounding."""
Multipliers = Mapping[str, float]
Starts = Sequence[tuple[Positions, Bases]]
"""Positions of the links and bases, by branch of a part."""
ON_HISTORIES = ("flows", "short", "stock")
"""Amounts of a plan on histories, without people."""


class PartBranches:
    """The branches of a part in one worker, built on first use.

    Answers do not depend on earlier questions, so a worker that dies changes no figure. Raises StoppedError if a branch has
    no proven optimum.
    """

    def __init__(self, part: CasePart) -> None:
        self._part = part

    @cached_property
    def _branches(self) -> list[Branch]:
        return branches(self._part)

    def links(self) -> list[tuple[str, Sequence[LinkingColumn], dict[str, int]]]:
        """Name, links, and size of the program of each branch."""
        links = []
        for branch in self._branches:
            links.append((branch.name, branch.links, branch.size))
            branch.links = ()  # used once, and as large as the program
        return links

    def fare(self, at: Starts, x: Vector, question: BranchQuestion) -> list[BranchResult]:
        """Result of each branch at links x (all of them)."""
        return [result for _, result, _ in self._each(at, x, lambda _: question)]

    def measure(
        self, at: Starts, x: Vector, question: BranchQuestion, shared: Shared
    ) -> PartAmounts:
        """Amounts of the scenarios of a part off the reference."""
        part = self._part
        values = values_on(part, shared)
        results = []
        for branch, result, optimum in self._each(at, x, lambda _: question):
            if optimum is None:
                raise StoppedError(f"the plan leaves something missing in {branch.name}")
            values.add(branch.columns, optimum.x[: len(branch.columns)])
            results.append(replace(result, cuts=(), bases={}))
        # Last use: the memory of one part serves the next.
        del self._branches
        return part_amounts(part, solution_amounts(values), results)

    def price(self, at: Starts, x: Vector, of_loss: Multipliers, of_cost: Multipliers) -> Worths:
        """Sum of the shadow prices of the branches at links x, for multipliers of losses and costs."""

        def scale(branch: Branch) -> float:
            own = of_cost[branch.name]
            return own if own > LEAST else sum(of_loss[w] for w in branch.leaves)

        def question(branch: Branch) -> BranchQuestion | None:
            size = scale(branch)
            if size <= LEAST:
                return None
            weights = {w: of_loss[w] / size for w in branch.leaves}
            return BranchQuestion(weights, with_cost=of_cost[branch.name] > LEAST)

        total: Worths = defaultdict(float)
        for branch, _, optimum in self._each(at, x, question):
            if optimum is not None:
                for label, price in branch.prices(scale(branch) * optimum.duals, optimum.x).items():
                    total[label] += price
        return dict(total)

    def _each(
        self, at: Starts, x: Vector, ask: Callable[[Branch], BranchQuestion | None]
    ) -> Iterator[tuple[Branch, BranchResult, Minimum | None]]:
        """Each branch with a question, its result, and its optimum (None if infeasible)."""
        for branch, (positions, bases) in zip(self._branches, at, strict=True):
            question = ask(branch)
            if question is not None:
                yield branch, *branch.solve(x, positions, question, bases)


class WorkerPool:
    """The branches of a case, each part in one of the workers. Those of one that dies are built again.

    names: of the branches. links: of all. sizes: rows, columns and nonzeros of all programs.
    """

    def __init__(self, parts: Sequence[CasePart], workers: int | Workers) -> None:
        self._parts = parts
        self._open = ExitStack()
        self._workers = self._open.enter_context(opened(workers, len(parts)))
        try:
            executors = [None] if self._workers is None else self._workers.apart()
            owner = uuid4().hex
            self._branches_of = [
                KeptObject(partial(PartBranches, part), executor, owner)
                for part, executor in zip(parts, cycle(executors), strict=False)
            ]
            of_parts = self._of_each_part("links", [()] * len(parts))
        except BaseException:
            self.close()
            raise
        self.names: list[str] = []
        self.sizes = {"rows": 0, "columns": 0, "nonzeros": 0}
        self._starts: list[Starts] = []
        place: dict[LinkingColumn, int] = {}
        for part in of_parts:
            starts: list[tuple[Positions, Bases]] = []
            for name, links, sizes in part:
                self.names.append(name)
                for key in self.sizes:
                    self.sizes[key] += sizes[key]
                positions = [place.setdefault(link, len(place)) for link in links]
                starts.append((np.array(positions, dtype=int), {}))
            self._starts.append(starts)
        self.links = list(place)

    def results(self, x: Vector, question: BranchQuestion) -> list[BranchResult]:
        """Result of each branch at links x, in the order of `names`; independent of the workers. Raises StoppedError."""
        of_parts = self._ask("fare", x, question)
        for number, results in enumerate(of_parts):
            starts = []
            for (positions, _), one in zip(self._starts[number], results, strict=True):
                starts.append((positions, one.bases))
            self._starts[number] = starts
        return list(chain.from_iterable(of_parts))

    def amounts(self, x: Vector, question: BranchQuestion, shared: Shared) -> list[PartAmounts]:
        """Amounts of each part; see `PartBranches.measure`."""
        return self._ask("measure", x, question, shared)

    def prices(self, x: Vector, of_loss: Multipliers, of_cost: Multipliers) -> list[Worths]:
        """Shadow prices of each part; see `PartBranches.price`."""
        arguments = [(starts, x, of_loss, of_cost) for starts in self._starts]
        return self._of_each_part("price", arguments)

    def _ask(self, method: str, x: Vector, question: BranchQuestion, *more: Any) -> list[Any]:
        arguments = []
        for part, starts in zip(self._parts, self._starts, strict=True):
            arguments.append((starts, x, question.of(part.names), *more))
        return self._of_each_part(method, arguments)

    def _of_each_part(self, method: str, of_parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        calls: dict[int, Call] = {}
        for number, arguments in enumerate(of_parts):
            calls[number] = Call(self._branches_of[number], method, arguments)
        # All at once: each worker has those of its own parts.
        results = {n: answer.result() for n, answer in answers(self._workers, calls, len(calls))}
        return [results[number] for number in calls]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._open.close()


# ---- the amounts of the plan -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartAmounts:
    """Amounts of a part at nodes named by scenario and period, and the results of its branches.

    at_nodes: amounts of `PlanAmounts` on histories, by name.
    """

    nodes: Sequence[tuple[str, Period]]
    at_nodes: Mapping[str, Amounts]
    results: Sequence[BranchResult] = ()


def values_on(part: CasePart, shared: Shared) -> AtNodes:
    """Decisions and operations along the reference, on the nodes of a part."""
    values = AtNodes(part.scope)
    values.add(shared.columns, shared.values, dict(zip(shared.nodes, part.stem, strict=True)))
    return values


def part_amounts(
    part: CasePart, plan: PlanAmounts, results: Sequence[BranchResult] = ()
) -> PartAmounts:
    """Amounts of a part off the reference; of a part without scenarios, all."""
    nodes = plan.trees.histories.nodes
    own = [node for node in nodes if not part.names or node.index not in part.stem]
    places = np.array([node.index for node in own], dtype=np.intp)
    at_nodes = {name: persons.at(places) for name, persons in plan.people.items()}
    for name in ON_HISTORIES:
        at_nodes[name] = getattr(plan, name).at(places)
    return PartAmounts([(node.scenarios[0], node.period) for node in own], at_nodes, results)


def put_together(case: Case, along: PlanAmounts, parts: Sequence[PartAmounts]) -> PlanAmounts:
    """Amounts of all scenarios on the whole tree, but for payments.

    along: of the reference, with all decisions. parts: with the reference.
    """
    trees = trees_of(scenario_tree(case))
    tree = trees.histories
    at_nodes: dict[str, Amounts] = {}
    for name in (*ON_HISTORIES, *PEOPLE):
        vectors: dict[Any, Vector] = {}
        for part in parts:
            places = [tree.at[node] for node in part.nodes]
            for key, own in part.at_nodes[name]:
                whole = vectors.setdefault(key, np.zeros(len(tree.nodes)))
                whole[places] = own
        at_nodes[name] = amounts_of(vectors, len(tree.nodes))
    at_nodes["flows"] = at_nodes["flows"].something().in_order(flow_order(case))
    at_nodes["short"] = at_nodes["short"].in_order(lambda good: good)
    nothing = Amounts({}, np.zeros((0, len(trees.accounts.nodes))))
    people = {name: at_nodes.pop(name) for name in PEOPLE}
    changed: dict[str, Any] = {"people": people, **at_nodes}
    return replace(along, case=case, trees=trees, spent=nothing, **changed)
