"""Who pays for a plan: of all splits of its spending the most even one, and what each funder may pay at all.

Spending is as the plan has it, so the program here is small and apart from that of the plan. Shares are evened out as
in Ogryczak and Śliwiński, On solving linear programs with the ordered weighted averaging objective, EJOR 148 (2003):
the largest share is minimised, funders that cannot pay less at that level are held there, and the rest go on.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from planner.data.case import Case
from planner.data.scenario_tree import Tree
from planner.solving.highs import Solver
from planner.solving.program import ZERO, Key, Program, Vector
from planner.solving.solution import Stop

TIGHT = 1e-6
"""Part of 1 + a funder's payment (MUSD) by which it must be able to pay less before its share counts as not tight."""
HELD = 1e-11
"""Part of 1 + a level by which it is held above what was found."""
ORDER = ("primal", "dual", "ipm")
FunderCountries = tuple[str, ...]
"""Countries in which the same funders may pay, by these funders."""
SpentInAll = Mapping[tuple[str, int], float]
"""(country, account node) -> MUSD, where more than nothing."""
Weights = Mapping[str, float]
"""Funder -> what its payments are measured by; more than 0."""


def whole_budgets(case: Case) -> dict[str, float]:
    """Funder -> MUSD of all years of the horizon; 0 for one that may pay but has nothing."""
    out = dict.fromkeys(case.reach, 0.0)
    for (funder, _), amount in case.budget.items():
        out[funder] += amount
    return out


class Payment(NamedTuple):
    """A funder's row of the table `payments` (MUSD, expected, not discounted)."""

    funder: str
    budget_musd: float
    paid_musd: float
    least_musd: float
    most_musd: float


@dataclass(frozen=True)
class Payments:
    """Who pays which share of what is spent in a country at an account node, and what that comes to."""

    shares: dict[tuple[str, int], dict[str, float]]
    rows: list[Payment]


@dataclass(frozen=True)
class Accounts:
    """What is spent, who may pay for it, and out of which budgets."""

    case: Case
    tree: Tree
    spent: SpentInAll

    @cached_property
    def funded(self) -> tuple[str, ...]:
        """Funders with a budget."""
        return tuple(f for f, amount in whole_budgets(self.case).items() if amount > 0)

    def place(self, country: str) -> FunderCountries:
        """Who may pay in a country."""
        return tuple(f for f in self.funded if country in self.case.reach[f])

    @cached_property
    def alike(self) -> tuple[int, ...]:
        """Node -> the first of those that part from one history and spend the same from there on, futures as likely.

        One split serves them all: the mean of the splits of each, weighed by probability, is a split of every one.
        """
        nodes, kinds = self.tree.nodes, dict[Any, int]()
        futures, kind = [defaultdict[int, float](float) for _ in nodes], [0] * len(nodes)
        for node in reversed(nodes):
            ahead = {
                next_kind: round(p / (node.probability or 1.0), 12)
                for next_kind, p in futures[node.index].items()
            }
            key = (
                node.period,
                frozenset(self._by_place[node.index].items()),
                frozenset(ahead.items()),
            )
            kind[node.index] = kinds.setdefault(key, len(kinds))
            if node.parent >= 0:
                futures[node.parent][kind[node.index]] += node.probability
        first, out = dict[tuple[int, int], int](), list[int]()
        for node in nodes:
            parent = out[node.parent] if node.parent >= 0 else -1
            out.append(first.setdefault((parent, kind[node.index]), node.index))
        return tuple(out)

    @cached_property
    def _by_place(self) -> list[dict[FunderCountries, float]]:
        """What is spent at each node where the same funders may pay: exact, as payments can be split in proportion."""
        out: list[dict[FunderCountries, float]] = [defaultdict(float) for _ in self.tree.nodes]
        for (country, n), amount in self.spent.items():
            if amount > ZERO and self.place(country):
                out[n][self.place(country)] += amount
        return out

    @cached_property
    def amounts(self) -> dict[tuple[FunderCountries, int], float]:
        """What is spent by place and node, of nodes alike the first."""
        return {
            (place, n): x for n in sorted(set(self.alike)) for place, x in self._by_place[n].items()
        }

    @cached_property
    def chances(self) -> dict[int, float]:
        """The probability of nodes alike, by the first of them."""
        out = dict.fromkeys(self.alike, 0.0)
        for node in self.tree.nodes:
            out[self.alike[node.index]] += node.probability
        return out

    def before(self, n: int) -> int:
        """The node before nodes alike, -1 if there is none."""
        parent = self.tree.nodes[n].parent
        return self.alike[parent] if parent >= 0 else parent

    @cached_property
    def total(self) -> float:
        """Expected spending (MUSD)."""
        return sum(self.chances[n] * amount for (_, n), amount in self.amounts.items())

    @cached_property
    def live(self) -> list[int]:
        """Nodes at which something is spent, and those before them."""
        out = set[int]()
        for n in {n for _, n in self.amounts}:
            while n >= 0 and n not in out:
                out.add(n)
                n = self.before(n)
        return sorted(out)

    @cached_property
    def carrying(self) -> frozenset[int]:
        """Live nodes from which money may move to a live node after them."""
        over = self.case.model.policy.budget_carry_over
        return frozenset(
            self.before(n) for n in self.live if over or not self.tree.nodes[n].opens_year
        ) - {-1}

    def given(self, funder: str, n: int) -> float:
        """Budget (MUSD) that becomes available at a node: that of its year, in the year's first period."""
        node = self.tree.nodes[n]
        return self.case.budget.get((funder, node.year), 0.0) if node.opens_year else 0.0


def split_program(accounts: Accounts, weights: Weights, last: Sequence[str]) -> Program:
    """Every split of the spending, and columns by which one is chosen. Only upper bounds change from step to step.

    Columns (MUSD unless said otherwise): `pays` (funder, place, node); `carried` (funder, node); `paid` and `unpaid`
    (funder), in all and what is left of the whole; `level` (share of the weights) with `below` and `beyond` (funder):
    paid + below <= weight * level + beyond, so that `beyond` 0 puts a funder under the level; `spread` = - sum of
    `below`; `paid_last`, by the funders `last`; `overdrawn`, by which budgets fall short of what a rounded plan spends.
    """
    rows: list[tuple[Key, dict[Key, float], float, float]] = []
    for (place, n), amount in accounts.amounts.items():
        rows.append(
            (("spent", (place, n)), {("pays", (f, place, n)): 1.0 for f in place}, amount, amount)
        )
    pays: dict[tuple[str, int], list[Key]] = defaultdict(list)
    for place, n in accounts.amounts:
        for f in place:
            pays[f, n].append(("pays", (f, place, n)))
    for f in accounts.funded:
        rows += [_account(accounts, f, n, pays[f, n]) for n in accounts.live]
        total: dict[Key, float] = {
            key: -accounts.chances[n] for n in accounts.live for key in pays[f, n]
        }
        rows.append((("total", f), total | {("paid", f): 1.0}, 0.0, 0.0))
        rows.append(
            (("rest", f), {("paid", f): 1.0, ("unpaid", f): 1.0}, accounts.total, accounts.total)
        )
        level: dict[Key, float] = {("paid", f): 1.0, ("below", f): 1.0, ("beyond", f): -1.0}
        rows.append((("share", f), level | {("level", None): -weights[f]}, -math.inf, 0.0))
    below: dict[Key, float] = {("below", f): 1.0 for f in accounts.funded}
    rows.append((("spreads", None), below | {("spread", None): 1.0}, 0.0, 0.0))
    rows.append(
        (("lasts", None), {("paid", f): -1.0 for f in last} | {("paid_last", None): 1.0}, 0.0, 0.0)
    )
    columns = tuple(dict.fromkeys(key for _, terms, _, _ in rows for key in terms))
    at = {key: j for j, key in enumerate(columns)}
    empty = Program(
        matrix=csr_array((0, len(columns))),
        row_lower=np.empty(0),
        row_upper=np.empty(0),
        lower=np.array([-np.inf if key[0] == "spread" else 0.0 for key in columns]),
        upper=np.array([0.0 if key[0] == "below" else np.inf for key in columns]),
        columns=columns,
        rows=(),
        goal=np.zeros(len(columns)),
    )
    return empty.with_rows(
        [key for key, _, _, _ in rows],
        [{at[key]: value for key, value in terms.items()} for _, terms, _, _ in rows],
        np.array([low for _, _, low, _ in rows]),
        np.array([high for _, _, _, high in rows]),
    )


def _account(
    accounts: Accounts, f: str, n: int, pays: Sequence[Key]
) -> tuple[Key, dict[Key, float], float, float]:
    """What a funder pays and carries on at a node, at most what it has there."""
    terms: dict[Key, float] = {**dict.fromkeys(pays, 1.0), ("overdrawn", None): -1.0}
    if n in accounts.carrying:
        terms["carried", (f, n)] = 1.0
    if (parent := accounts.before(n)) in accounts.carrying:
        terms["carried", (f, parent)] = -1.0
    return ("account", (f, n)), terms, -math.inf, accounts.given(f, n)


class Split:
    """The splits of a spending in one solver. Not for spending of nothing."""

    def __init__(self, accounts: Accounts, weights: Weights, last: Sequence[str] = ()) -> None:
        """weights: of every funder with a budget. last: those that pay only what the others cannot."""
        self._accounts, self._last = accounts, tuple(f for f in accounts.funded if f in last)
        first = [f for f in accounts.funded if f not in last]
        self._tiers = [tier for tier in (first, self._last) if tier]
        # Of the size of the payments, so that a level is of the order of 1.
        self._weights = {
            f: weights[f] * accounts.total / sum(weights[g] for g in tier)
            for tier in self._tiers
            for f in tier
        }
        self.program = split_program(accounts, self._weights, self._last)
        self._solver = Solver(self.program)
        x = self._least("overdrawn")
        self._overdrawn = self._value(x, "overdrawn")
        self._bound("overdrawn", None, self._overdrawn)

    def most_even(self) -> Vector:
        """The most even split (a point of the program)."""
        x = self._least("overdrawn")
        if len(self._tiers) > 1:
            x = self._least("paid_last")
            self._bound("paid_last", None, self._value(x, "paid_last") + HELD)
        for tier in self._tiers:
            x = self._even_out(tier)
        return x

    def _even_out(self, tier: Sequence[str]) -> Vector:
        waiting = list(tier)
        for f in tier:
            self._bound("beyond", f, 0.0)
        while True:
            self._bound("level", None, math.inf)
            x = self._least("level")
            level = self._value(x, "level")
            self._bound("level", None, level + HELD * (1 + level))
            x, stuck = self._stuck(waiting, level, x)
            for f in stuck:
                self._bound("paid", f, self._weights[f] * level + HELD)
                self._bound("beyond", f, math.inf)
                self._bound("below", f, 0.0)
            waiting = [f for f in waiting if f not in stuck]
            if not waiting:
                return x

    def _stuck(self, waiting: Sequence[str], level: float, x: Vector) -> tuple[Vector, list[str]]:
        """Who pays its share of the level in every split that keeps to it: no sum of what they pay less is above 0."""
        stuck = [
            f
            for f in waiting
            if self._weights[f] * level - self._value(x, "paid", f) <= self._slight(f, level)
        ]
        while True:
            for f in waiting:
                self._bound("below", f, math.inf if f in stuck else 0.0)
            x = self._least("spread")
            tight = [f for f in stuck if self._value(x, "below", f) <= self._slight(f, level)]
            # Nobody left would mean that the mean of all splits seen is below the level: rounding.
            if not tight or len(tight) == len(stuck):
                return x, stuck
            stuck = tight

    def _slight(self, funder: str, level: float) -> float:
        return TIGHT * (1 + self._weights[funder] * level)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The least and the most that each funder may pay (MUSD) with what is spent as it is."""
        self._solver.reset_bounds()
        self._bound("overdrawn", None, self._overdrawn)
        out = {}
        for f in self._accounts.funded:
            least = self._value(self._least("paid", f), "paid", f)
            out[f] = least, self._value(self._least("unpaid", f), "paid", f)
        return out

    def paid(self, x: Vector, funder: str) -> float:
        """What a funder pays in all in a split (MUSD)."""
        return self._value(x, "paid", funder)

    def shares(self, x: Vector) -> dict[tuple[str, int], dict[str, float]]:
        """Funders' shares of what is spent in each country at each node."""
        accounts, out = self._accounts, {}
        for (country, n), amount in accounts.spent.items():
            place = accounts.place(country)
            if amount > ZERO and place:
                parts = {
                    f: max(self._value(x, "pays", (f, place, accounts.alike[n])), 0.0)
                    for f in place
                }
                whole = sum(parts.values())
                out[country, n] = {f: part / whole for f, part in parts.items() if part > 0}
        return out

    def _least(self, name: str, index: object = None) -> Vector:
        solution = self._solver.minimise(self.program.column[name, index], ORDER, f"{name} {index}")
        if solution.stop is not Stop.OPTIMAL:
            raise RuntimeError(f"no split of the payments found: {solution.stop} for {name}")
        return solution.x

    def _value(self, x: Vector, name: str, index: object = None) -> float:
        return float(x[self.program.column[name, index]])

    def _bound(self, name: str, index: object, upper: float) -> None:
        self._solver.bound(self.program.column[name, index], upper)


def split(accounts: Accounts, weights: Weights) -> Payments:
    """The most even payments by weight, and the range of each funder.

    weights: funder -> what its payments are measured by, 0 or more; funders that have none pay the least possible, and
    that in proportion to their budgets.
    """
    budget = whole_budgets(accounts.case)
    if accounts.total <= ZERO:
        return Payments({}, [Payment(f, budget[f], 0.0, 0.0, 0.0) for f in budget])
    last = [f for f in accounts.funded if weights.get(f, 0.0) <= 0.0]
    found = Split(
        accounts, {f: budget[f] if f in last else weights[f] for f in accounts.funded}, last
    )
    x, ranges = found.most_even(), found.ranges()
    rows = []
    for f in budget:
        paid = found.paid(x, f) if f in accounts.funded else 0.0
        least, most = ranges.get(f, (0.0, 0.0))
        rows.append(
            Payment(f, budget[f], *(_clean(m) for m in (paid, min(least, paid), max(most, paid))))
        )
    return Payments(found.shares(x), rows)


def _clean(musd: float) -> float:
    return musd if musd > ZERO else 0.0
