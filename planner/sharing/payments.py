"""Who pays for a plan: of all splits of its spending the most even one (`minimax_shares`), and what each funder may pay at all.

Spending is as the plan has it, so the program here is small and apart from that of the plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from planner.data.case import Case
from planner.data.scenario_tree import Tree
from planner.formulation.budgets import account, moves_on
from planner.formulation.linear_expressions import Relation, Term, quicksum
from planner.results.amounts import Payment
from planner.sharing.minimax_shares import ORDER, ROOM, add_shares, evened
from planner.solving.highs import Solver
from planner.solving.program import Program, Vector
from planner.solving.small_programs import SmallProgram
from planner.solving.solution import Stop
from planner.thresholds import ROUNDING

FunderCountries = tuple[str, ...]
"""Countries in which the same funders may pay, by these funders."""
SpentInAll = Mapping[tuple[str, int], float]
"""(country, account node) -> MUSD, where more than nothing."""
Weights = Mapping[str, float]
"""Funder -> what its payments are measured by; more than 0."""


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
    def country_of(self) -> dict[FunderCountries, str]:
        """The first country of each place."""
        countries = [country for country, _ in self.spent]
        return {self.place(country): country for country in sorted(countries, reverse=True)}

    @cached_property
    def scope(self) -> Any:
        """What the rule of accounts asks for; each funder has an account of its own."""
        groups = {funder: (funder,) for funder in self.funded}
        return SimpleNamespace(
            case=self.case, lookups=self.case.lookups, account_tree=self.tree, funder_groups=groups
        )

    @cached_property
    def carrying(self) -> list[int]:
        """Nodes from which money may move on, of nodes alike the first."""
        return [node for node in self.chances if moves_on(self.case, self.tree.nodes[node])]

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
        by_node: dict[int, dict[FunderCountries, float]] = defaultdict(lambda: defaultdict(float))
        for (country, node), amount in self.spent.items():
            place = self.place(country)
            if amount > ROUNDING and place:
                by_node[node][place] += amount
        return by_node

    @cached_property
    def amounts(self) -> dict[tuple[FunderCountries, int], float]:
        """(place, node) -> MUSD spent, of nodes alike the first."""
        amounts: dict[tuple[FunderCountries, int], float] = {}
        for node in self.chances:
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

    @cached_property
    def total(self) -> float:
        """Expected spending (MUSD)."""
        return sum(self.chances[node] * amount for (_, node), amount in self.amounts.items())


def split_program(accounts: Accounts, weights: Weights, last: Sequence[str]) -> Program:
    """Every split of the spending, and columns by which one is chosen.

    Columns (MUSD): `pays` (funder, place, node); `carried` (funder, node); `amount` (funder), in all, and what
    `minimax_shares` adds; `paid_last`, by the funders `last`; `overdrawn`, by which budgets fall short of what a rounded plan
    spends.
    """
    small = SmallProgram()
    overdrawn = small.variable("overdrawn")
    paid: dict[tuple[str, str, int], Term] = {}
    in_all: dict[str, list[Term]] = defaultdict(list)
    for (place, node), amount in accounts.amounts.items():
        payers = []
        for funder in place:
            pays = small.variable("pays", (funder, place, node))
            payers.append(pays)
            # One country stands for all in which the same may pay.
            paid[funder, accounts.country_of[place], node] = pays
            in_all[funder].append(accounts.chances[node] * pays)
        small.add("spent", quicksum(payers) == amount, (place, node))
    carrying = [(funder, node) for funder in accounts.funded for node in accounts.carrying]
    model = SimpleNamespace(
        scope=accounts.scope, paid=paid, carried=small.variables("carried", carrying)
    )
    for funder in accounts.funded:
        for node in accounts.chances:
            row = account.rule(model, funder, node)
            if isinstance(row, Relation):  # else nothing is paid or carried there
                small.add("account", row.body - overdrawn <= row.upper, (funder, node))
    amounts = small.variables("amount", accounts.funded)
    for funder, of_funder in amounts.items():
        small.add("total", of_funder == quicksum(in_all[funder]), funder)
    bases = dict.fromkeys(amounts, 0.0)
    add_shares(small, amounts, weights=weights, bases=bases, least=0.0)
    paid_last = small.variable("paid_last")
    small.add("last", paid_last == quicksum(amounts[funder] for funder in last))
    return small.program()


class Split:
    """The splits of a spending in one solver. Not for spending of nothing."""

    def __init__(self, accounts: Accounts, weights: Weights, last: Sequence[str] = ()) -> None:
        """weights: of every funder with a budget. last: those that pay only what the others cannot."""
        first = [funder for funder in accounts.funded if funder not in last]
        self._accounts = accounts
        self._tiers = [tier for tier in (first, last) if tier]
        self._weights: dict[str, float] = {}
        """Of the size of the payments, so that a level is of the order of 1."""
        for tier in self._tiers:
            whole = sum(weights[funder] for funder in tier)
            for funder in tier:
                self._weights[funder] = weights[funder] * accounts.total / whole
        self.program = split_program(accounts, self._weights, last)
        self._solver = Solver(self.program)
        self._hold_least("overdrawn")

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The least and the most that each funder may pay (MUSD) with what is spent as it is; asked for first."""
        ranges: dict[str, tuple[float, float]] = {}
        for funder in self._accounts.funded:
            least = self.paid(self._least("amount", funder), funder)
            most = self.paid(self._least("amount", funder, -1.0), funder)
            ranges[funder] = least, most
        return ranges

    def most_even(self) -> Vector:
        """The most even split (a point of the program), at which it is held."""
        if len(self._tiers) > 1:
            self._hold_least("paid_last")
        bases = dict.fromkeys(self._weights, 0.0)
        points = [
            evened(self._solver, tier, weights=self._weights, bases=bases) for tier in self._tiers
        ]
        last = points[-1]
        if last is None:
            raise RuntimeError("no even split of the payments was found")
        return last

    def paid(self, point: Vector, funder: str) -> float:
        """MUSD that a funder pays in all in a split."""
        return self._value(point, "amount", funder)

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

    def _hold_least(self, name: str) -> None:
        """Hold a column at its least value."""
        least = self._value(self._least(name), name)
        self._solver.bound(self.program.column[name, None], least + ROOM)

    def _least(self, name: str, index: object = None, sign: float = 1.0) -> Vector:
        cost = sign * self.program.unit_cost(self.program.column[name, index])
        solution = self._solver.minimise_sum(cost, ORDER, f"{name} {index} {sign}")
        if solution.stop is not Stop.OPTIMAL:
            raise RuntimeError(f"no split of the payments found: {solution.stop} for {name}")
        return solution.x

    def _value(self, point: Vector, name: str, index: object = None) -> float:
        return float(point[self.program.column[name, index]])


def split(accounts: Accounts, weights: Weights) -> Payments:
    """The most even payments by weight, and the range of each funder.

    weights: funder -> what its payments are measured by, 0 or more; funders that have none pay the least possible, and
    that in proportion to their budgets.
    """
    budget = whole_budgets(accounts.case)
    paid = dict.fromkeys(budget, 0.0)
    ranges = dict.fromkeys(budget, (0.0, 0.0))
    shares: dict[tuple[str, int], dict[str, float]] = {}
    if accounts.total > ROUNDING:
        last = [funder for funder in accounts.funded if weights.get(funder, 0.0) <= 0.0]
        measured = {**budget, **weights} | {funder: budget[funder] for funder in last}
        found = Split(accounts, measured, last)
        ranges |= found.ranges()
        point = found.most_even()
        paid |= {funder: found.paid(point, funder) for funder in accounts.funded}
        shares = found.shares(point)
    rows: list[Payment] = []
    for funder, amount in budget.items():
        least, most = ranges[funder]
        row = Payment(
            funder=funder,
            budget_musd=amount,
            paid_musd=_clean(paid[funder]),
            least_musd=_clean(min(least, paid[funder])),
            most_musd=_clean(max(most, paid[funder])),
        )
        rows.append(row)
    return Payments(shares, rows)


def _clean(musd: float) -> float:
    return musd if musd > ROUNDING else 0.0
