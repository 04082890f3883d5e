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
from planner.results import verify_material, verify_money, verify_people
from planner.results.losses import Losses, Parts, losses_by_country, losses_of
from planner.results.result_lookups import Ledger, Sums, members, period_of, read_ledger, rows, sums
from planner.results.rules import Broken, at_most, equal, never

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
    yield from _as_stated(case, tree, book, tables)


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


def _as_stated(case: Case, tree: Tree, book: Ledger, tables: Mapping[str, pd.DataFrame]) -> Iterator[Broken]:
    """Columns that repeat what follows from others: each says what it should."""
    yield from _capacity(case, tree, book, tables["capacity"])
    yield from _people(case, tree, book, tables["workforce"])
    yield from _payments(case, book, tables["payments"])
    for row in rows(tables["investments"]):
        yield equal("capex_as_stated", row.capex_musd, row.tpa * verify_money.full_capex(case, str(row.project)))
        unit = case.projects[str(row.project)].unit_tpa
        if case.model.policy.whole_plants and unit is not None:
            yield equal("whole_plants", row.tpa, unit * round(row.tpa / unit))
    for row in rows(tables["stocks"]):
        goods = book.goods[row.scenario, period_of(row)]
        yield equal("stock_as_stated", row.bought_t, goods["bought", row.country, row.element, row.form])
        yield equal("stock_as_stated", row.released_t, goods["released", row.country, row.element, row.form])
    for row in rows(tables["spending"]):
        yield equal("expected_as_stated", row.expected, row.musd * row.probability)
    for name in ("investments", "training", "spending"):
        for scenarios, probability in zip(tables[name]["scenarios"], tables[name]["probability"], strict=True):
            total = sum(case.scenarios[w] for w in members(scenarios, tuple(case.scenarios)))
            yield equal("probability_as_stated", probability, total)


def _capacity(case: Case, tree: Tree, book: Ledger, table: pd.DataFrame) -> Iterator[Broken]:
    for row in rows(table):
        w, p = str(row.scenario), str(row.project)
        node = tree.at[w, period_of(row)]
        new = sum(tpa * tree.usable_share(p, y, node) for y, tpa in book.builds[w][p].items())
        factor = tree.capacity_factor(p, node)
        yield equal("capacity_as_stated", row.existing_tpa, case.existing_tpa(p, row.year))
        yield equal("capacity_as_stated", row.new_tpa, new)
        yield equal("capacity_as_stated", row.factor, factor)
        yield equal("capacity_as_stated", row.usable_tpa, factor * (row.existing_tpa + new))
        yield equal(
            "capacity_as_stated", row.throughput_t, verify_material.throughput(case, book.flows[w, period_of(row)], p)
        )


def _people(case: Case, tree: Tree, book: Ledger, table: pd.DataFrame) -> Iterator[Broken]:
    needed = {(w, t): verify_people.needed_staff(case, book, w, t) for w in case.scenarios for t in tree.periods}
    for row in rows(table):
        team = (str(row.country), str(row.skill))
        people = book.people[row.scenario, period_of(row)]
        yield equal("staff_as_stated", row.available, verify_people.available_staff(people, *team))
        yield equal("staff_as_stated", row.needed, needed[str(row.scenario), period_of(row)][team])


def _payments(case: Case, book: Ledger, table: pd.DataFrame) -> Iterator[Broken]:
    paid, budgets, seen = sums(), sums(), sums()
    for w, spent in book.spent.items():
        for (funder, _, _, _), amount in spent.items():
            paid[funder] += case.scenarios[w] * amount
    for (funder, _), amount in case.budget.items():
        budgets[funder] += amount
    for row in rows(table):
        seen[row.funder] += 1
        yield equal("payments_as_stated", row.paid_musd, paid[row.funder])
        yield equal("payments_as_stated", row.budget_musd, budgets[row.funder])
        yield at_most("payments_in_range", row.least_musd, row.paid_musd)
        yield at_most("payments_in_range", row.paid_musd, row.most_musd)
    for funder in {*case.reach, *paid, *seen}:
        yield never("payments_as_stated", seen[funder] - 1)
