"""Workers that keep the branches and solve them again each round; and the result tables of their parts, joined."""

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
import pandas as pd
from numpy.typing import NDArray

from planner.data.cells import Quarter
from planner.data.shock_effects import Period, year_of
from planner.decomposition.grouping import CasePart, Grouping, branches
from planner.decomposition.master import Shared
from planner.decomposition.subproblem import (
    Bases,
    Branch,
    BranchResult,
    LinkingColumn,
    Minimum,
    Positions,
    Question,
)
from planner.errors import StoppedError
from planner.formulation.index_sets import Scope
from planner.parallel import Call, KeptObject, Workers, answers, opened
from planner.results.schema import TABLE_COLUMNS
from planner.solving.extract import extract_tables
from planner.solving.node_values import words
from planner.solving.program import Key, Vector
from planner.solving.shadow_prices import Worths
from planner.solving.spending import Items, Spent, items_spent
from planner.solving.variable_values import Values

LEAST = 1e-12
"""Multipliers up to this one are rounding."""
Given = Mapping[str, float]
Starts = Sequence[tuple[Positions, Bases]]
"""Of each branch of a part, where its links stand among all and the bases to start from."""
RowKey = tuple[str, str, int, int | None]
"""Country, scenario, year and quarter."""


class HeldBranches:
    """The branches of a part, which one worker keeps, built when they are first asked for.

    Each answer depends on what is given alone, not on what was asked before: a worker that dies changes no figure.
    Raises StoppedError if a branch has no proven optimum.
    """

    def __init__(self, part: CasePart) -> None:
        self._part = part

    @cached_property
    def _branches(self) -> list[Branch]:
        return branches(self._part)

    def links(self) -> list[tuple[str, Sequence[LinkingColumn], dict[str, int]]]:
        """The name, the links, and the rows, columns and nonzeros of each branch."""
        found = []
        for branch in self._branches:
            found.append((branch.name, branch.links, branch.size))
            branch.links = ()  # not asked for again, and as large as the program
        return found

    def fare(self, at: Starts, x: Vector, question: Question) -> list[BranchResult]:
        """The answer of each branch to a question at links x (all of them)."""
        return [result for _, result, _ in self._each(at, x, lambda _: question)]

    def tabulate(self, at: Starts, x: Vector, question: Question, shared: Shared) -> PartTables:
        """Rows of the scenarios of a part from where they leave the reference, the rest of the plan being `shared`."""
        part = self._part
        values = values_on(part, shared)
        results = []
        for branch, result, found in self._each(at, x, lambda _: question):
            if found is None:
                raise StoppedError(f"the plan leaves something missing in {branch.name}")
            values.add(branch.columns, found.x[: len(branch.columns)])
            results.append(replace(result, cuts=(), bases={}))
        tables = tables_of(part, values, results)
        # The plan's tables are asked for last, and one part's come to be while another's branches go.
        del self._branches
        return tables

    def price(self, at: Starts, x: Vector, of_loss: Given, of_cost: Given) -> PartPrices:
        """Shadow prices of what the branches have at links x, by what the master gives for the loss of each
        scenario and the cost of each branch, added up."""

        def scale(branch: Branch) -> float:
            own = of_cost[branch.name]
            return own if own > LEAST else sum(of_loss[w] for w in branch.leaves)

        def question(branch: Branch) -> Question | None:
            size = scale(branch)
            if size <= LEAST:
                return Question() if self._part.case.targets else None
            weights = {w: of_loss[w] / size for w in branch.leaves}
            return Question(weights, with_cost=of_cost[branch.name] > LEAST)

        total: Worths = defaultdict(float)
        bases: dict[tuple[str, Key], float] = {}
        for branch, _, found in self._each(at, x, question):
            if found is not None:
                prices = branch.prices(scale(branch) * found.duals)
                for label, price in prices.items():
                    total[label] += price
                for row, base in branch.bases_of_targets(found.x).items():
                    bases[branch.name, row] = base
        return PartPrices(dict(total), bases)

    def _each(
        self, at: Starts, x: Vector, ask: Callable[[Branch], Question | None]
    ) -> Iterator[tuple[Branch, BranchResult, Minimum | None]]:
        """Each branch that is asked a question, its result and its optimum (None where it is not
        feasible)."""
        for branch, (positions, bases) in zip(self._branches, at, strict=True):
            question = ask(branch)
            if question is not None:
                yield branch, *branch.solve(x, positions, question, bases)


class WorkerPool:
    """The branches of a case, each part of them kept by one of the workers. Those of one that dies are built again.

    names: of the branches. links: of all of them. sizes: rows, columns and nonzeros of their programs.
    """

    def __init__(self, parts: Sequence[CasePart], workers: int | Workers) -> None:
        self._parts = parts
        self._open = ExitStack()
        self._workers = self._open.enter_context(opened(workers, len(parts)))
        try:
            executors = [None] if self._workers is None else self._workers.apart()
            owner = uuid4().hex
            self._kept = [
                KeptObject(partial(HeldBranches, part), executor, owner)
                for part, executor in zip(parts, cycle(executors), strict=False)
            ]
            found = self._of_each_part("links", [()] * len(parts))
        except BaseException:
            self.close()
            raise
        self.names: list[str] = []
        self.sizes = {"rows": 0, "columns": 0, "nonzeros": 0}
        self._starts: list[Starts] = []
        place: dict[LinkingColumn, int] = {}
        for part in found:
            starts: list[tuple[Positions, Bases]] = []
            for name, links, sizes in part:
                self.names.append(name)
                for key in self.sizes:
                    self.sizes[key] += sizes[key]
                positions = [place.setdefault(link, len(place)) for link in links]
                starts.append((np.array(positions, dtype=int), {}))
            self._starts.append(starts)
        self.links = list(place)

    def results(self, x: Vector, question: Question) -> list[BranchResult]:
        """The answer of each branch, in the order of `names`, to a question at links x, in the order of `links`.

        Answers do not depend on the workers, nor do tables and prices. Raises StoppedError as `Branch.solve` does.
        """
        found = self._ask("fare", x, question)
        for number, results in enumerate(found):
            starts = []
            for (positions, _), one in zip(self._starts[number], results, strict=True):
                starts.append((positions, one.bases))
            self._starts[number] = starts
        return list(chain.from_iterable(found))

    def tables(self, x: Vector, question: Question, shared: Shared) -> list[PartTables]:
        """The tables of each part; see `HeldBranches.tabulate`."""
        return self._ask("tabulate", x, question, shared)

    def prices(self, x: Vector, of_loss: Given, of_cost: Given) -> list[PartPrices]:
        """The shadow prices of each part; see `HeldBranches.price`."""
        given = [(starts, x, of_loss, of_cost) for starts in self._starts]
        return self._of_each_part("price", given)

    def _ask(self, method: str, x: Vector, question: Question, *more: Any) -> list[Any]:
        given = []
        for part, starts in zip(self._parts, self._starts, strict=True):
            given.append((starts, x, question.of(part.names), *more))
        return self._of_each_part(method, given)

    def _of_each_part(self, method: str, given: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answer to a call of what is kept of each part, in the order of the parts."""
        calls: dict[int, Call] = {}
        for number, arguments in enumerate(given):
            calls[number] = Call(self._kept[number], method, arguments)
        # All at once: each worker has those of its own parts.
        found = {n: answer.result() for n, answer in answers(self._workers, calls, len(calls))}
        return [found[number] for number in calls]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._open.close()


@dataclass(frozen=True)
class PartPrices:
    """Worth of what is scarce in a part, and bases: use or demand (t) of which each row of a target in each branch
    holds a share."""

    worths: Worths
    bases: Mapping[tuple[str, Key], float]


# ---- result tables ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartTables:
    """Result tables of what happens in a part, what is spent where (item -> MUSD), and how its branches fare."""

    tables: dict[str, pd.DataFrame]
    spent: dict[RowKey, Items]
    results: Sequence[BranchResult] = ()


def values_on(part: CasePart, shared: Shared) -> Values:
    """Decisions and operations along the reference, on the nodes of a part."""
    values = Values()
    values.add(shared.columns, shared.values, dict(zip(shared.nodes, part.stem, strict=True)))
    return values


def tables_of(part: CasePart, values: Values, results: Sequence[BranchResult] = ()) -> PartTables:
    """The tables of a part: of its scenarios what is off the reference; of a part without scenarios all."""
    scope = part.scope
    left = {}
    for name in part.names:
        path = scope.tree.path_of(name)
        left[name] = len(part.stem.keys() & path)
    tables = {}
    for name, table in extract_tables(scope, values).items():
        if not part.names:
            tables[name] = table
        elif "scenario" in table:
            first = table["scenario"].map(left).fillna(len(part.periods)).to_numpy(int)
            tables[name] = table[places(table, part.periods) >= first]
    return PartTables(tables, _spent(part, values), results)


def _spent(part: CasePart, values: Values) -> dict[RowKey, Items]:
    """Spending (MUSD) in a part: of its scenarios off the reference; all of a part without scenarios."""
    accounts = part.scope.account_tree
    if part.names and accounts is not part.scope.tree:
        return {}
    found = {}
    for (country, n), items in items_spent(part.scope, values).items():
        if not part.names or n not in part.stem:
            node = accounts.nodes[n]
            found[country, node.scenarios[0], node.year, node.quarter] = items
    return found


def places(table: pd.DataFrame, periods: Sequence[Period]) -> NDArray[np.intp]:
    """The position of each row's period among the periods."""
    years, quarters = table["year"].to_numpy(int), table["quarter"].fillna(0).to_numpy(int)
    ordered = []
    for period in periods:
        quarter = period.quarter if isinstance(period, Quarter) else 0
        ordered.append(year_of(period) * 8 + quarter)
    found = np.searchsorted(ordered, years * 8 + quarters)
    return np.asarray(found, dtype=np.intp)


def joined(
    grouping: Grouping, reference: PartTables, parts: Sequence[PartTables]
) -> dict[str, pd.DataFrame]:
    """The tables of all scenarios: what is done along the reference is done by each until it leaves it.

    Those of the parts are taken out of them, so that no table is there twice when the next is joined.
    """
    tables = {}
    for name, table in reference.tables.items():
        if "scenario" in table:
            own = [part.tables.pop(name) for part in parts]
            rows = [_along_reference(grouping, table), *filter(len, own)]
            table = _in_order(grouping, pd.concat(rows))[list(TABLE_COLUMNS[name])]
            del own, rows
        tables[name] = table
    return tables


def _along_reference(grouping: Grouping, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the reference for every scenario that has not left it yet."""
    names = list(grouping.case.scenarios)
    count = len(grouping.periods)
    leaves = np.array([grouping.left.get(scenario, count) for scenario in names])
    table = table.iloc[np.argsort(places(table, grouping.periods), kind="stable")]
    until = np.searchsorted(places(table, grouping.periods), leaves)
    rows = np.empty(0, dtype=int)
    if len(until):
        rows = np.concatenate([np.arange(n) for n in until])
    of_rows = np.repeat(np.arange(len(names)), until)
    return table.iloc[rows].assign(scenario=words(names, of_rows))


def _in_order(grouping: Grouping, table: pd.DataFrame) -> pd.DataFrame:
    """Rows by scenario, then by period."""
    rank = {scenario: i for i, scenario in enumerate(grouping.case.scenarios)}
    by_scenario = table["scenario"].map(rank).to_numpy(int)
    order = np.lexsort([places(table, grouping.periods), by_scenario])
    return table.iloc[order].reset_index(drop=True)


def spent_in(scope: Scope, parts: Sequence[PartTables]) -> Spent:
    """Spending by item (MUSD) in each country at each account node of the whole case."""
    at = {}
    for node in scope.account_tree.nodes:
        for scenario in node.scenarios:
            at[scenario, node.year, node.quarter] = node.index
    found = {}
    for part in parts:
        for (country, scenario, year, quarter), items in part.spent.items():
            found[country, at[scenario, year, quarter]] = items
    return dict(sorted(found.items(), key=_by_node))


def _by_node(spent: tuple[tuple[str, int], Items]) -> tuple[int, str]:
    """Accounts in order of their nodes, then of countries."""
    country, node = spent[0]
    return node, country
