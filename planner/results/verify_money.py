"""Rules of budgets, and the cost recomputed."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.effects import Period, year_of
from planner.data.tree import Tree
from planner.results.result_lookups import Ledger, sums
from planner.results.rules import Broken, at_most, equal, never
from planner.results.verify_material import throughput
from planner.units import musd, musd_per_tonne


def rules(case: Case, tree: Tree, book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario."""
    for w in case.scenarios:
        yield from _accounts(case, tree, book, w)
        due = sums()
        for year in case.years:
            for c, amount in _decided_spending(case, tree, book, w, year).items():
                due[c, year] += amount
        for t in tree.periods:
            for c, amount in _purchases(case, book, w, t).items():
                due[c, t] += amount
        given = sums()
        for (funder, c, t, _), amount in book.spent[w].items():
            given[c, t] += amount
            if c not in case.reach.get(funder, ()):
                yield never("funder_reach", amount)
        for key in {*due, *given}:
            yield equal("spending_limit", given[key], due[key])


def _accounts(case: Case, tree: Tree, book: Ledger, w: str) -> Iterator[Broken]:
    """Paid out of budgets; what is decided by year in its first period."""
    out = sums()
    for (funder, _, t, _), amount in book.spent[w].items():
        out[funder, tree.opening.get(t, t)] += amount
        yield at_most("paid_not_negative", -amount, 0.0)
    for funder in case.reach:
        carried = 0.0
        for t in tree.periods:
            opens, closes = begin_of(t)[1] == 1, end_of(t)[1] == 4
            available = carried + (case.budget.get((funder, year_of(t)), 0.0) if opens else 0.0)
            yield at_most("account", out[funder, t], available)
            left = max(available - out[funder, t], 0.0)
            carried = left if case.model.policy.budget_carry_over or not closes else 0.0


def full_capex(case: Case, p: str) -> float:
    """Capital cost (MUSD per t/y), public and private."""
    row = case.projects[p]
    return musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index


def _people(case: Case, tree: Tree, book: Ledger, w: str, t: int) -> dict[str, float]:
    out = sums()
    for g, row in case.programmes.items():
        out[row.country] += (
            musd(row.cost_per_trainee_usd) * book.intake[w][g, t]
            + musd(row.cost_per_seat_usd) * book.new_seats[w][g, t]
        )
    for (c, k), staff in case.workforce.items():
        out[c] += musd(staff.hire_cost_usd) * book.people[w, tree.opening[t]]["hired", c, k]
    return out


def _purchases(case: Case, book: Ledger, w: str, t: Period) -> dict[str, float]:
    out = sums()
    for good, row in case.stockpiles.items():
        out[good[0]] += musd_per_tonne(row.purchase_usd_per_kg) * book.goods[w, t][("bought", *good)]
    return out


def _decided_spending(case: Case, tree: Tree, book: Ledger, w: str, t: int) -> dict[str, float]:
    """What of the decisions of years is to be paid from budgets (MUSD) in each country in one year of a scenario."""
    out = _people(case, tree, book, w, t)
    for p, by_year in book.builds[w].items():
        row = case.projects[p]
        for y, tpa in by_year.items():
            years = case.payment_years(p, y)
            if t in years:
                out[row.country] += row.public_share * full_capex(case, p) * tpa / len(years)
    return out


def public_spend(case: Case, book: Ledger) -> float:
    """Expected public spending (MUSD, undiscounted)."""
    return sum(probability * amount for w, probability in case.scenarios.items() for amount in book.spent[w].values())


def cost(case: Case, tree: Tree, book: Ledger) -> float:
    """Expected discounted cost (MUSD): capex, fixed opex, variable opex, people, purchases, holding."""
    return sum(probability * _scenario_cost(case, tree, book, w) for w, probability in case.scenarios.items())


def _scenario_cost(case: Case, tree: Tree, book: Ledger, w: str) -> float:
    total = 0.0
    for p, by_year in book.builds[w].items():
        row = case.projects[p]
        for y, tpa in by_year.items():
            years = case.payment_years(p, y)
            total += sum(case.cost_discount(t) * full_capex(case, p) * tpa / len(years) for t in years)
            total += sum(
                case.cost_discount(t) * musd(row.fixed_opex_usd_per_tpa) * tpa
                for t in range(y + row.lead_time_years, case.last_year + 1)
            )
    for year in case.years:
        total += case.cost_discount(year) * sum(_people(case, tree, book, w, year).values())
    for t in tree.periods:
        running = sum(
            musd(row.variable_opex_usd_per_t) * throughput(case, book.flows[w, t], p)
            for p, row in case.projects.items()
            if row.variable_opex_usd_per_t > 0
        )
        holding = sum(
            musd_per_tonne(row.holding_usd_per_kg_year) * book.stock[w, t][good]
            for good, row in case.stockpiles.items()
            if end_of(t)[1] == 4
        )
        bought = sum(_purchases(case, book, w, t).values())
        total += case.cost_discount(year_of(t)) * (running + holding + bought)
    return total
