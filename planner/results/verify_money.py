"""Rules of budgets, and the cost recomputed."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.case import Case
from planner.data.tree import Tree
from planner.results.ledger import Ledger, sums
from planner.results.rules import Broken, at_most, equal, never
from planner.results.verify_material import throughput
from planner.units import musd, musd_per_tonne


def rules(case: Case, tree: Tree, book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario."""
    for w in case.scenarios:
        paid = book.spent[w]
        yield from _accounts(case, book, w)
        due = sums()
        for t in case.years:
            for c, amount in public_spending(case, book, w, t).items():
                due[c, t] += amount
        given = sums()
        for (funder, c, t, _), amount in paid.items():
            given[c, t] += amount
            if c not in case.reach.get(funder, ()):
                yield never("funder_reach", amount)
        for key in {*due, *given}:
            yield equal("spending_limit", given[key], due[key])


def _accounts(case: Case, book: Ledger, w: str) -> Iterator[Broken]:
    out = sums()
    for (funder, _, t, _), amount in book.spent[w].items():
        out[funder, t] += amount
        yield at_most("paid_not_negative", -amount, 0.0)
    for funder in case.reach:
        carried = 0.0
        for t in case.years:
            available = carried + case.budget.get((funder, t), 0.0)
            yield at_most("account", out[funder, t], available)
            carried = max(available - out[funder, t], 0.0) if case.model.policy.budget_carry_over else 0.0


def full_capex(case: Case, p: str) -> float:
    """Capital cost (MUSD per t/y), public and private."""
    row = case.projects[p]
    return musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index


def _people(case: Case, book: Ledger, w: str, t: int) -> dict[str, float]:
    out = sums()
    for g, row in case.programmes.items():
        out[row.country] += (
            musd(row.cost_per_trainee_usd) * book.intake[w][g, t]
            + musd(row.cost_per_seat_usd) * book.new_seats[w][g, t]
        )
    for (c, k), staff in case.workforce.items():
        out[c] += musd(staff.hire_cost_usd) * book.people[w, t]["hired", c, k]
    return out


def _purchases(case: Case, book: Ledger, w: str, t: int) -> dict[str, float]:
    out = sums()
    for good, row in case.stockpiles.items():
        out[good[0]] += musd_per_tonne(row.purchase_usd_per_kg) * book.goods[w, t][("bought", *good)]
    return out


def public_spending(case: Case, book: Ledger, w: str, t: int) -> dict[str, float]:
    """What is to be paid from budgets (MUSD) in each country in one year of a scenario."""
    out = sums()
    for part in (_people(case, book, w, t), _purchases(case, book, w, t)):
        for c, amount in part.items():
            out[c] += amount
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
    for t in case.years:
        running = sum(
            musd(row.variable_opex_usd_per_t) * throughput(case, book.flows[w, t], p)
            for p, row in case.projects.items()
            if row.variable_opex_usd_per_t > 0
        )
        holding = sum(
            musd_per_tonne(row.holding_usd_per_kg_year) * book.stock[w, t][good]
            for good, row in case.stockpiles.items()
        )
        people = sum(_people(case, book, w, t).values()) + sum(_purchases(case, book, w, t).values())
        total += case.cost_discount(t) * (running + holding + people)
    return total
