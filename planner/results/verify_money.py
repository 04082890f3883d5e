"""Rules of budgets, and the cost recomputed. Vectors are over scenarios."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.scenario_tree import Vector
from planner.data.shock_effects import year_of
from planner.results.ledger import Broken, Ledger, at_most, equal, never
from planner.units import musd, musd_per_tonne

Sums = dict[Any, Vector]


def rules(book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario."""
    yield from _accounts(book)
    due = _sums(book)
    for year in book.case.years:
        for c, amount in _decided_spending(book, year).items():
            due[c, year] += amount
    for i, t in enumerate(book.tree.periods):
        for c, amount in _purchases(book, i).items():
            due[c, t] += amount
    given = _sums(book)
    for (funder, c, t), amount in book.spent:
        given[c, t] += amount
        if c not in book.case.reach.get(funder, ()):
            yield never("funder_reach", amount)
    for key in {*due, *given}:
        yield equal("spending_limit", given[key], due[key])


def _sums(book: Ledger) -> Sums:
    """Vectors by key, zeros where absent."""
    return defaultdict(lambda: np.zeros(len(book.case.scenarios)))


def _accounts(book: Ledger) -> Iterator[Broken]:
    """Paid out of budgets; what is decided by year in its first period."""
    case, tree, out = book.case, book.tree, _sums(book)
    yield at_most("paid_not_negative", -book.spending.amounts("musd").values, 0.0)
    for (funder, _, t), amount in book.spent:
        out[funder, tree.opening.get(t, t)] += amount
    for funder in case.reach:
        carried = np.zeros(len(case.scenarios))
        for t in tree.periods:
            opens, closes = begin_of(t)[1] == 1, end_of(t)[1] == 4
            available = carried + (case.budget.get((funder, year_of(t)), 0.0) if opens else 0.0)
            yield at_most("account", out[funder, t], available)
            left = np.maximum(available - out[funder, t], 0.0)
            carried = left if case.model.policy.budget_carry_over or not closes else np.zeros(len(left))


def full_capex(case: Case, p: str) -> float:
    """Capital cost (MUSD per t/y), public and private."""
    row = case.projects[p]
    return musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index


def _people(book: Ledger, t: int) -> Sums:
    out = _sums(book)
    for g, row in book.case.programmes.items():
        fees, seats = musd(row.cost_per_trainee_usd), musd(row.cost_per_seat_usd)
        out[row.country] += fees * book.intake[g, t] + seats * book.new_seats[g, t]
    for (c, k), staff in book.case.workforce.items():
        out[c] += musd(staff.hire_cost_usd) * book.whole(book.people["hired"][c, k])[:, book.opening[t]]
    return out


def _purchases(book: Ledger, period: int) -> Sums:
    out = _sums(book)
    for good, row in book.case.stockpiles.items():
        out[good[0]] += musd_per_tonne(row.purchase_usd_per_kg) * book.whole(book.goods[("bought", *good)])[:, period]
    return out


def _decided_spending(book: Ledger, t: int) -> Sums:
    """What of the decisions of years is to be paid from budgets (MUSD) in each country in one year."""
    case, out = book.case, _people(book, t)
    for (p, y), tpa in book.builds:
        row, years = case.projects[p], case.payment_years(p, y)
        if t in years:
            out[row.country] += row.public_share * full_capex(case, p) * tpa / len(years)
    return out


def public_spend(book: Ledger) -> float:
    """Expected public spending (MUSD, undiscounted)."""
    paid, probabilities = book.spending, np.array(list(book.case.scenarios.values()))
    weighed = paid.stated("musd") * probabilities[paid.column]
    return float(sum(weighed[np.argsort(paid.column, kind="stable")].tolist()))


def cost(book: Ledger) -> float:
    """Expected discounted cost (MUSD): capex, fixed opex, variable opex, people, purchases, holding."""
    nothing = np.zeros(len(book.case.scenarios))
    people = (book.case.cost_discount(y) * sum(_people(book, y).values(), nothing) for y in book.case.years)
    of_scenarios = sum((*_of_plants(book), *people, *_of_operations(book)), nothing)
    probabilities = book.case.scenarios.values()
    return float(sum(probability * z for probability, z in zip(probabilities, of_scenarios.tolist(), strict=True)))


def _of_plants(book: Ledger) -> Iterator[Vector]:
    case = book.case
    for (p, y), tpa in book.builds:
        row, years = case.projects[p], case.payment_years(p, y)
        ready = range(y + row.lead_time_years, case.last_year + 1)
        fixed, nothing = musd(row.fixed_opex_usd_per_tpa), np.zeros(len(tpa))
        yield sum((case.cost_discount(t) * full_capex(case, p) * tpa / len(years) for t in years), nothing)
        yield sum((case.cost_discount(t) * fixed * tpa for t in ready), nothing)


def _of_operations(book: Ledger) -> Iterator[Vector]:
    case, stock = book.case, book.stocks.amounts("stock_t")
    nothing = np.zeros(len(case.scenarios))
    rate = {p: musd(r.variable_opex_usd_per_t) for p, r in case.projects.items() if r.variable_opex_usd_per_t > 0}
    loads = {p: book.whole(book.loads[p]) for p in rate}
    stocks = {good: book.whole(stock[good]) for good in case.stockpiles}
    for i, t in enumerate(book.tree.periods):
        running = sum((rate[p] * load[:, i] for p, load in loads.items()), nothing)
        held = stocks.items() if end_of(t)[1] == 4 else ()
        holding = sum(
            (musd_per_tonne(case.stockpiles[good].holding_usd_per_kg_year) * tonnes[:, i] for good, tonnes in held),
            nothing,
        )
        bought = sum(_purchases(book, i).values(), nothing)
        yield case.cost_discount(year_of(t)) * (running + holding + bought)
