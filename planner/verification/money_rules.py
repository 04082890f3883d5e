"""Rules of money: budgets, payments, and spending due for decisions and purchases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import itemgetter

import numpy as np

from planner.data.scenario_tree import Vector
from planner.results.costs import charges
from planner.results.scenario_amounts import opening_places
from planner.units import musd_per_tonne
from planner.verification.recomputed_inputs import RecomputedAmounts
from planner.verification.violations import Broken, at_most, equal, never


def money_rules(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Every rule."""
    yield from _accounts(amounts)
    yield from _payments(amounts)
    for (funder, country, _), musd in amounts.spent:
        if country not in amounts.lookups.reach.get(funder, ()):
            yield never("funder_reach", musd)
    given = amounts.spent.by(itemgetter(1))
    due = _due(amounts)
    for country in {*due, *given.places}:
        yield equal("spending_limit", given[country], due[country])


def _accounts(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Payments come out of budgets, each there as its year begins, and of what is left over of the year before."""
    case = amounts.case
    yield at_most("paid_not_negative", -amounts.spent.values, 0.0)
    paid = amounts.spent.by(itemgetter(0))
    opening = {place: year for year, place in amounts.opening.items()}
    for funder in case.lookups.reach:
        left = np.zeros(len(case.scenarios))
        for place, spent in enumerate(amounts.whole(paid[funder]).T):
            if place in opening:
                if not case.model.policy.budget_carry_over:
                    left = np.zeros(len(left))
                left = left + case.budget.get((funder, opening[place]), 0.0)
            yield at_most("account", spent, left)
            left = np.maximum(left - spent, 0.0)


def _due(amounts: RecomputedAmounts) -> dict[str, Vector]:
    """Country -> MUSD to be paid from budgets: for decisions of years as these begin, and for purchases."""
    due: dict[str, Vector] = defaultdict(amounts.zeros)
    for charge in charges(amounts):
        if charge.year in amounts.opening:  # else it was decided too late, which is told as such
            due[charge.country][opening_places(amounts, charge.year)] += charge.paid_musd
    for good, row in amounts.lookups.stockpiles.items():
        country, _, _ = good
        price = musd_per_tonne(row.purchase_usd_per_kg)
        due[country] += price * amounts.goods["bought", good]
    return due


def _payments(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Payments and budgets are those of the case and of what is spent, between the least and the most that each funder
    may pay."""
    paid: dict[str, float] = defaultdict(float)
    for funder, musd in amounts.spent.by(itemgetter(0)):
        paid[funder] = float(amounts.weights @ musd)
    budgets: dict[str, float] = defaultdict(float)
    for (funder, _), amount in amounts.case.budget.items():
        budgets[funder] += amount
    rows: Counter[str] = Counter()
    for row in amounts.payments:
        rows[row.funder] += 1
        yield equal("payments_as_stated", row.paid_musd, paid[row.funder])
        yield equal("payments_as_stated", row.budget_musd, budgets[row.funder])
        yield at_most("payments_in_range", row.least_musd, row.paid_musd)
        yield at_most("payments_in_range", row.paid_musd, row.most_musd)
    for funder in {*amounts.lookups.reach, *paid, *rows}:
        yield never("payments_as_stated", rows[funder] - 1)
