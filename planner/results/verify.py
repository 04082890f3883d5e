"""Everything the contract demands of a plan, recomputed from Case and result tables alone.

Nothing here knows the program: each rule is written again from its words, scenario by scenario and year by
year. A violation is measured against 1 + the larger side of the rule; `Verification.worst` is the largest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from planner.data.case import Case
from planner.data.tree import Tree, scenario_tree
from planner.results import verify_material, verify_money, verify_people, verify_stated
from planner.results.ledger import Ledger, Sums, read_ledger
from planner.results.losses import Losses, Parts, losses_by_country, losses_of
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
    yield from verify_people.rules(case, book)
    yield from verify_money.rules(case, tree, book)
    yield from non_anticipativity(tree, book)
    yield from verify_stated.rules(case, tree, book, tables)


def non_anticipativity(tree: Tree, book: Ledger) -> Iterator[Broken]:
    """Scenarios that share a node do the same there."""
    for node in tree.nodes:
        first, *others = node.scenarios
        for other in others:
            for kind in (book.flows, book.short, book.stock, book.people):
                yield from _same("non_anticipativity", kind[first, node.year], kind[other, node.year])
            for plan in (book.intake, book.new_seats):
                for key in {*plan[first], *plan[other]}:
                    if key[1] == node.year:
                        yield "non_anticipativity", abs(plan[first][key] - plan[other][key])
            for project in {*book.builds[first], *book.builds[other]}:
                yield (
                    "non_anticipativity",
                    abs(book.builds[first][project][node.year] - book.builds[other][project][node.year]),
                )
    if tree.case.model.policy.investment == "committed":
        first, *others = tree.case.scenarios
        for other in others:
            for project in {*book.builds[first], *book.builds[other]}:
                yield from _same("committed_investment", book.builds[first][project], book.builds[other][project])
            yield from _same("committed_investment", book.intake[first], book.intake[other])
            yield from _same("committed_investment", book.new_seats[first], book.new_seats[other])
            for year in tree.case.years:
                here, there = book.people[first, year], book.people[other, year]
                for key in {*here, *there}:
                    if key[0] in ("staff", "hired"):
                        yield "committed_investment", abs(here[key] - there[key])


def _same(rule: str, here: Sums, there: Sums) -> Iterator[Broken]:
    for key in {*here, *there}:
        yield rule, abs(here[key] - there[key])
