"""Everything the contract demands of a plan, recomputed from Case and result tables alone.

Nothing here knows the program: each rule is written again from its words, scenario by scenario and period
by period. A violation is measured against 1 + the larger side of the rule; `Verification.worst` is the largest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from planner.data.case import Case
from planner.data.tree import Tree, scenario_tree
from planner.results import verify_material, verify_money, verify_people, verify_repeated
from planner.results.losses import Losses, Parts, losses_by_country, losses_of
from planner.results.result_lookups import Ledger, Sums, read_ledger
from planner.results.rules import Broken

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Verification:
    """Largest relative violation of each rule, and losses and cost as recomputed (MUSD)."""

    violations: dict[str, float]
    losses: Losses
    losses_by_country: Parts
    cost: float
    public_spend: float

    @property
    def worst(self) -> float:
        """The largest violation."""
        return max(self.violations.values(), default=0.0)

    @property
    def holds(self) -> bool:
        """Whether every rule holds within tolerance."""
        return self.worst <= TOLERANCE


def verify(case: Case, tables: Mapping[str, pd.DataFrame]) -> Verification:
    """Check every rule of the contract and recompute losses, CVaR, cost and public spending."""
    tree = scenario_tree(case)
    book = read_ledger(case, tables)
    losses = losses_of(case, book)
    worst: dict[str, float] = defaultdict(float)
    for rule, amount in all_rules(case, tree, book, tables):
        worst[rule] = max(worst[rule], amount)
    return Verification(
        dict(worst),
        losses,
        losses_by_country(case, book, losses.by_scenario),
        verify_money.cost(case, tree, book),
        verify_money.public_spend(case, book),
    )


def all_rules(case: Case, tree: Tree, book: Ledger, tables: Mapping[str, pd.DataFrame]) -> Iterator[Broken]:
    """Every rule, with its violation wherever it applies."""
    yield from verify_material.rules(case, tree, book)
    yield from verify_people.rules(case, tree, book)
    yield from verify_money.rules(case, tree, book)
    yield from non_anticipativity(tree, book)
    yield from verify_repeated.rules(case, tree, book, tables)


def non_anticipativity(tree: Tree, book: Ledger) -> Iterator[Broken]:
    """Scenarios that share a node do the same there; what is decided by year, those that share its first node."""
    for node in tree.nodes:
        first, *others = node.scenarios
        for other in others:
            for kind in (book.flows, book.short, book.stock, book.people):
                yield from _same("non_anticipativity", kind[first, node.period], kind[other, node.period])
            if node.opens_year:
                yield from _same_decisions("non_anticipativity", tree, book, (first, other), node.year)
    first, *others = tree.case.scenarios
    for year in tree.case.years:
        if _is_committed(tree.case, year):
            for other in others:
                yield from _same_decisions("committed_investment", tree, book, (first, other), year)


def _is_committed(case: Case, year: int) -> bool:
    """Whether decisions of a year are one path for all scenarios."""
    policy = case.model.policy
    through = policy.committed_through
    return policy.investment == "committed" or (through is not None and year <= through)


def _same_decisions(rule: str, tree: Tree, book: Ledger, pair: tuple[str, str], year: int) -> Iterator[Broken]:
    """Builds, intakes, seats, staff and hires of two scenarios in a year."""
    one, two = pair
    for project in {*book.builds[one], *book.builds[two]}:
        yield rule, abs(book.builds[one][project][year] - book.builds[two][project][year])
    for plan in (book.intake, book.new_seats):
        for key in {*plan[one], *plan[two]}:
            if key[1] == year:
                yield rule, abs(plan[one][key] - plan[two][key])
    here, there = (book.people[w, tree.opening[year]] for w in pair)
    for key in {*here, *there}:
        if key[0] in ("staff", "hired"):
            yield rule, abs(here[key] - there[key])


def _same(rule: str, here: Sums, there: Sums) -> Iterator[Broken]:
    for key in {*here, *there}:
        yield rule, abs(here[key] - there[key])
