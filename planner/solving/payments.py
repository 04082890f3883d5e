"""Who pays for a plan: of all splits of its spending the most even one, and what each funder may pay at all.

Spending is as the plan has it, so the program here is small and apart from that of the plan. Shares are evened out as
in Ogryczak and Śliwiński, On solving linear programs with the ordered weighted averaging objective, EJOR 148 (2003):
the largest share is minimised, funders that cannot pay less at that level are kept there, and the rest go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

from planner.data.case import Case
from planner.data.scenario_tree import Tree
from planner.results.amounts import Payment
from planner.solving.highs import Solver
from planner.solving.program import Key, Program, Vector
from planner.solving.solution import Stop
from planner.solving.written_rows import WrittenRow, equation, program_of_rows
from planner.thresholds import ROUNDING

TIGHT = 1e-6
"""Part of 1 + a funder's payment (MUSD) by which it must be able to pay less before its share counts as not tight."""
LEVEL_ROOM = 1e-11
"""Part of 1 + a level by which it may lie above what was found."""
ORDER = ("primal", "dual", "ipm")
FunderCountries = tuple[str, ...]
"""Countries in which the same funders may pay, by these funders."""
SpentInAll = Mapping[tuple[str, int], float]
"""(country, account node) -> MUSD, where more than nothing."""
Weights = Mapping[str, float]
"""Funder -> what its payments are measured by; more than 0."""
TermsByName = dict[Key, float]


def whole_budgets(case: Case) -> dict[str, float]:
    """Funder -> MUSD of all years of the horizon; 0 for one that may pay but has nothing."""
    budgets = dict.fromkeys(case.lookups.reach, 0.0)
    for (funder, _), amount in case.budget.items():
        budgets[funder] += amount
    return budgets


@dataclass(frozen=True)
class Payments:
    """The split of spending: funders' shares of what is spent in a country at an account node, and the payments
    (MUSD)."""

    shares: dict[tuple[str, int], dict[str, float]]
    rows: list[Payment]


@dataclass(frozen=True)
class Accounts:
    """Spending (MUSD) by country and account node, with the funders and budgets that may pay for it."""

    case: Case
    tree: Tree
    spent: SpentInAll

    @cached_property
    def funded(self) -> tuple[str, ...]:
        """Funders with a budget."""
        funded: list[str] = []
        for funder, amount in whole_budgets(self.case).items():
            if amount > 0:
                funded.append(funder)
        return tuple(funded)

    def place(self, country: str) -> FunderCountries:
        """Funders with a budget who may pay in a country."""
        reach = self.case.lookups.reach
        return tuple(funder for funder in self.funded if country in reach[funder])

    @cached_property
    def alike(self) -> tuple[int, ...]:
        """Node -> the first of those that part from one history and spend the same from there on, futures as likely.

        One split serves them all: the mean of the splits of each, weighed by probability, is a split of every one.
        """
        kinds = self._kinds()
        first: dict[tuple[int, int], int] = {}
        alike: list[int] = []
        for node in self.tree.nodes:
            parent = alike[node.parent] if node.parent >= 0 else -1
            history = (parent, kinds[node.index])
            alike.append(first.setdefault(history, node.index))
        return tuple(alike)

    def _kinds(self) -> list[int]:
        """Node -> number of its kind: nodes of one kind spend the same and have futures of the same kinds as likely."""
        nodes = self.tree.nodes
        numbers: dict[Any, int] = {}
        kinds = [0] * len(nodes)
        futures: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for node in reversed(nodes):
            ahead: dict[int, float] = {}
            for next_kind, probability in futures[node.index].items():
                ahead[next_kind] = round(probability / (node.probability or 1.0), 12)
            spent = frozenset(self._by_place[node.index].items())
            kind = (node.period, spent, frozenset(ahead.items()))
            kinds[node.index] = numbers.setdefault(kind, len(numbers))
            if node.parent >= 0:
                futures[node.parent][kinds[node.index]] += node.probability
        return kinds

    @cached_property
    def _by_place(self) -> Mapping[int, dict[FunderCountries, float]]:
        """Node -> MUSD spent where the same funders may pay: exact, as payments can be split in proportion."""
        by_node: dict[int, dict[FunderCountries, float]] = {}
        for one in self.tree.nodes:
            by_node[one.index] = defaultdict(float)
        for (country, node), amount in self.spent.items():
            place = self.place(country)
            if amount > ROUNDING and place:
                by_node[node][place] += amount
        return by_node

    @cached_property
    def amounts(self) -> dict[tuple[FunderCountries, int], float]:
        """(place, node) -> MUSD spent, of nodes alike the first."""
        amounts: dict[tuple[FunderCountries, int], float] = {}
        for node in sorted(set(self.alike)):
            for place, amount in self._by_place[node].items():
                amounts[place, node] = amount
        return amounts

    @cached_property
    def chances(self) -> dict[int, float]:
        """The probability of nodes alike, by the first of them."""
        chances = dict.fromkeys(self.alike, 0.0)
        for node in self.tree.nodes:
            chances[self.alike[node.index]] += node.probability
        return chances

    def before(self, node: int) -> int:
        """The node before nodes alike, -1 if there is none."""
        parent = self.tree.nodes[node].parent
        return self.alike[parent] if parent >= 0 else parent

    @cached_property
    def total(self) -> float:
        """Expected spending (MUSD)."""
        expected = [self.chances[node] * amount for (_, node), amount in self.amounts.items()]
        return sum(expected)

    @cached_property
    def live(self) -> list[int]:
        """Nodes at which something is spent, and those before them."""
        live: set[int] = set()
        for _, node in self.amounts:
            while node >= 0 and node not in live:
                live.add(node)
                node = self.before(node)
        return sorted(live)

    @cached_property
    def carrying(self) -> frozenset[int]:
        """Live nodes from which money may move to a live node after them."""
        over_years = self.case.model.policy.budget_carry_over
        nodes = self.tree.nodes
        moving = [node for node in self.live if over_years or not nodes[node].opens_year]
        return frozenset(map(self.before, moving)) - {-1}

    def given(self, funder: str, node: int) -> float:
        """Budget (MUSD) that becomes available at a node: that of its year, in the year's first period."""
        there = self.tree.nodes[node]
        return self.case.budget.get((funder, there.year), 0.0) if there.opens_year else 0.0


def split_program(accounts: Accounts, weights: Weights, last: Sequence[str]) -> Program:
    """Every split of the spending, and columns by which one is chosen. Only upper bounds change from step to step.

    Columns (MUSD unless said otherwise): `pays` (funder, place, node); `carried` (funder, node); `paid` and `unpaid`
    (funder), in all and what is left of the whole; `level` (share of the weights) with `below` and `beyond` (funder):
    paid + below <= weight * level + beyond, so that `beyond` 0 puts a funder under the level; `spread` = - sum of
    `below`; `paid_last`, by the funders `last`; `overdrawn`, by which budgets fall short of what a rounded plan spends.
    """
    rows: list[WrittenRow] = []
    pays: dict[tuple[str, int], list[Key]] = defaultdict(list)
    for (place, node), amount in accounts.amounts.items():
        payers: list[Key] = [("pays", (funder, place, node)) for funder in place]
        rows.append(equation(("spent", (place, node)), dict.fromkeys(payers, 1.0), amount))
        for funder, key in zip(place, payers, strict=True):
            pays[funder, node].append(key)
    for funder in accounts.funded:
        for node in accounts.live:
            rows.append(_account(accounts, funder, node, pays[funder, node]))
        rows += _in_all(accounts, funder, weights[funder], pays)
    below: TermsByName = {}
    for funder in accounts.funded:
        below["below", funder] = 1.0
    below["spread", None] = 1.0
    rows.append(equation(("spreads", None), below))
    paid_last: TermsByName = {}
    for funder in last:
        paid_last["paid", funder] = -1.0
    paid_last["paid_last", None] = 1.0
    rows.append(equation(("lasts", None), paid_last))
    return program_of_rows(rows, _bounds)


def _bounds(column: str) -> tuple[float, float]:
    return -inf if column == "spread" else 0.0, 0.0 if column == "below" else inf


def _account(accounts: Accounts, funder: str, node: int, pays: Sequence[Key]) -> WrittenRow:
    """The row by which a funder pays and carries on at a node at most what it has there."""
    terms: TermsByName = {**dict.fromkeys(pays, 1.0), ("overdrawn", None): -1.0}
    if node in accounts.carrying:
        terms["carried", (funder, node)] = 1.0
    parent = accounts.before(node)
    if parent in accounts.carrying:
        terms["carried", (funder, parent)] = -1.0
    given = accounts.given(funder, node)
    return WrittenRow(key=("account", (funder, node)), terms=terms, upper=given)


def _in_all(
    accounts: Accounts, funder: str, weight: float, pays: Mapping[tuple[str, int], Sequence[Key]]
) -> Iterator[WrittenRow]:
    """The rows of what a funder pays in all, of what it does not pay, and of its share of the level."""
    paid: Key = ("paid", funder)
    total: TermsByName = {}
    for node in accounts.live:
        for key in pays.get((funder, node), ()):
            total[key] = -accounts.chances[node]
    yield equation(("total", funder), total | {paid: 1.0})
    yield equation(("rest", funder), {paid: 1.0, ("unpaid", funder): 1.0}, accounts.total)
    level: TermsByName = {paid: 1.0, ("below", funder): 1.0, ("beyond", funder): -1.0}
    level["level", None] = -weight
    yield WrittenRow(key=("share", funder), terms=level, upper=0.0)


class Split:
    """The splits of a spending in one solver. Not for spending of nothing."""

    def __init__(self, accounts: Accounts, weights: Weights, last: Sequence[str] = ()) -> None:
        """weights: of every funder with a budget. last: those that pay only what the others cannot."""
        first = [funder for funder in accounts.funded if funder not in last]
        last = [funder for funder in accounts.funded if funder in last]
        self._accounts = accounts
        self._tiers = list(filter(None, (first, last)))
        self._weights: dict[str, float] = {}
        """Of the size of the payments, so that a level is of the order of 1."""
        for tier in self._tiers:
            whole = sum(weights[funder] for funder in tier)
            for funder in tier:
                self._weights[funder] = weights[funder] * accounts.total / whole
        self.program = split_program(accounts, self._weights, last)
        self._solver = Solver(self.program)
        self._overdrawn = self._value(self._least("overdrawn"), "overdrawn")
        self._bound("overdrawn", None, self._overdrawn)

    def most_even(self) -> Vector:
        """The most even split (a point of the program)."""
        point = self._least("overdrawn")
        if len(self._tiers) > 1:
            point = self._least("paid_last")
            self._bound("paid_last", None, self._value(point, "paid_last") + LEVEL_ROOM)
        for tier in self._tiers:
            point = self._even_out(tier)
        return point

    def _even_out(self, tier: Sequence[str]) -> Vector:
        """A split in which the funders of a tier pay the same share, as far as they can; those that cannot pay more
        are held."""
        waiting = list(tier)
        for funder in tier:
            self._bound("beyond", funder, 0.0)
        while True:
            self._bound("level", None, inf)
            point = self._least("level")
            level = self._value(point, "level")
            self._bound("level", None, level + LEVEL_ROOM * (1 + level))
            point, stuck = self._stuck(waiting, level, point)
            for funder in stuck:
                self._bound("paid", funder, self._weights[funder] * level + LEVEL_ROOM)
                self._bound("beyond", funder, inf)
                self._bound("below", funder, 0.0)
            waiting = [funder for funder in waiting if funder not in stuck]
            if not waiting:
                return point

    def _stuck(
        self, waiting: Sequence[str], level: float, point: Vector
    ) -> tuple[Vector, list[str]]:
        """A point, and the funders that pay their share of the level in every split that keeps to it.

        No split has them pay less, so the sum of what they pay less is 0 at most.
        """
        stuck: list[str] = []
        for funder in waiting:
            less = self._weights[funder] * level - self._value(point, "paid", funder)
            if less <= self._slight(funder, level):
                stuck.append(funder)
        while True:
            for funder in waiting:
                self._bound("below", funder, inf if funder in stuck else 0.0)
            point = self._least("spread")
            tight: list[str] = []
            for funder in stuck:
                if self._value(point, "below", funder) <= self._slight(funder, level):
                    tight.append(funder)
            # Nobody left would mean that the mean of all splits seen is below the level: rounding.
            if not tight or len(tight) == len(stuck):
                return point, stuck
            stuck = tight

    def _slight(self, funder: str, level: float) -> float:
        return TIGHT * (1 + self._weights[funder] * level)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The least and the most that each funder may pay (MUSD) with what is spent as it is."""
        self._solver.reset_bounds()
        self._bound("overdrawn", None, self._overdrawn)
        ranges: dict[str, tuple[float, float]] = {}
        for funder in self._accounts.funded:
            least = self.paid(self._least("paid", funder), funder)
            most = self.paid(self._least("unpaid", funder), funder)
            ranges[funder] = least, most
        return ranges

    def paid(self, point: Vector, funder: str) -> float:
        """MUSD that a funder pays in all in a split."""
        return self._value(point, "paid", funder)

    def shares(self, point: Vector) -> dict[tuple[str, int], dict[str, float]]:
        """Funders' shares of what is spent in each country at each node."""
        accounts = self._accounts
        shares: dict[tuple[str, int], dict[str, float]] = {}
        for (country, node), amount in accounts.spent.items():
            place = accounts.place(country)
            if amount <= ROUNDING or not place:
                continue
            parts: dict[str, float] = {}
            for funder in place:
                paid = self._value(point, "pays", (funder, place, accounts.alike[node]))
                if paid > 0:
                    parts[funder] = paid
            whole = sum(parts.values())
            shares[country, node] = {funder: part / whole for funder, part in parts.items()}
        return shares

    def _least(self, name: str, index: object = None) -> Vector:
        column = self.program.column[name, index]
        solution = self._solver.minimise(column, ORDER, f"{name} {index}")
        if solution.stop is not Stop.OPTIMAL:
            raise RuntimeError(f"no split of the payments found: {solution.stop} for {name}")
        return solution.x

    def _value(self, point: Vector, name: str, index: object = None) -> float:
        return float(point[self.program.column[name, index]])

    def _bound(self, name: str, index: object, upper: float) -> None:
        self._solver.bound(self.program.column[name, index], upper)


def split(accounts: Accounts, weights: Weights) -> Payments:
    """The most even payments by weight, and the range of each funder.

    weights: funder -> what its payments are measured by, 0 or more; funders that have none pay the least possible, and
    that in proportion to their budgets.
    """
    budget = whole_budgets(accounts.case)
    if accounts.total <= ROUNDING:
        nothing: list[Payment] = []
        for funder, amount in budget.items():
            row = Payment(
                funder=funder, budget_musd=amount, paid_musd=0.0, least_musd=0.0, most_musd=0.0
            )
            nothing.append(row)
        return Payments({}, nothing)
    measured: dict[str, float] = {}
    last: list[str] = []
    for funder in accounts.funded:
        measured[funder] = weights.get(funder, 0.0)
        if measured[funder] <= 0.0:
            measured[funder] = budget[funder]
            last.append(funder)
    found = Split(accounts, measured, last)
    point = found.most_even()
    ranges = found.ranges()
    rows: list[Payment] = []
    for funder, amount in budget.items():
        paid = found.paid(point, funder) if funder in accounts.funded else 0.0
        least, most = ranges.get(funder, (0.0, 0.0))
        row = Payment(
            funder=funder,
            budget_musd=amount,
            paid_musd=_clean(paid),
            least_musd=_clean(min(least, paid)),
            most_musd=_clean(max(most, paid)),
        )
        rows.append(row)
    return Payments(found.shares(point), rows)


def _clean(musd: float) -> float:
    return musd if musd > ROUNDING else 0.0
