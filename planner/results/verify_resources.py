"""Rules of people and of money: staff, training and secondment, budgets, and the cost recomputed.

Vectors of money are over scenarios.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.scenario_tree import Vector
from planner.data.schema import Training
from planner.data.shock_effects import year_of
from planner.results.ledger import Amounts, Broken, Ledger, at_most, equal, never
from planner.units import musd, musd_per_tonne

BETWEEN = ("lent", "borrowed")
"""Columns of what moves between countries."""
Sums = dict[Any, Vector]


def people_rules(book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _programmes(book)
    yield from _staff(book)
    yield from _within_year(book)
    yield from _secondment(book)
    yield from _needs(book)


def _programmes(book: Ledger) -> Iterator[Broken]:
    case = book.case
    for (g, t), persons in book.intake:
        if t not in case.years or g not in case.programmes:
            yield never("intake_window", persons)
    for g, row in case.programmes.items():
        intake, new_seats = _by_year(book, book.intake, g), _by_year(book, book.new_seats, g)
        if row.last_intake_year is not None:
            yield never(
                "intake_window", intake[max(row.last_intake_year + 1 - case.first_year, 0) :]
            )
        added = np.cumsum(new_seats, axis=0)
        yield at_most("seat_limit", intake, row.seats + (added - new_seats))
        yield at_most("intake_not_negative", -np.minimum(intake, new_seats), 0.0)
        yield at_most("new_seat_limit", added[-1], row.max_new_seats)
        yield never("new_seats_in_last_year", new_seats[-1])
        if not case.has_lever("training"):
            yield never("training_lever", added[-1])


def _by_year(book: Ledger, amounts: Amounts, key: str) -> NDArray[np.float64]:
    """What is known of a programme by year (years, scenarios)."""
    return np.array([amounts[key, year] for year in book.case.years])


def _staff(book: Ledger) -> Iterator[Broken]:
    case, there = book.case, _there(book)
    opening = [book.opening[year] for year in case.years]
    for (c, k), row in case.workforce.items():
        if (c, k) not in there:
            continue  # a team that no plant can need has no row
        staff, hired = (
            book.whole(book.people[name][c, k])[:, opening] for name in ("staff", "hired")
        )
        some = book.whole(there[c, k])[:, opening]
        yield equal("staff_balance", staff[some[:, 0], 0], row.initial)
        yield never("hired_in_first_year", hired[some[:, 0], 0])
        trained = np.zeros((len(opening), len(staff)))
        for g, r in case.programmes.items():
            if _trains(r, c, k):
                trained[r.duration_years :] += (
                    r.completion_rate * _by_year(book, book.intake, g)[: -r.duration_years]
                )
        later, joining = some[:, 1:], hired[:, 1:]
        stay = (1 - case.skills[k].attrition) * staff[:, :-1]
        yield equal(
            "staff_balance", staff[:, 1:][later], (stay + trained.T[:, 1:] + joining)[later]
        )
        yield at_most("hire_not_negative", -joining[later], 0.0)
        yield at_most(
            "hire_limit", joining[later], row.hires_per_year if case.has_lever("hiring") else 0.0
        )


def _there(book: Ledger) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """Whether a team has a row, at every visit."""
    rows = np.zeros((len(book.workforce.places), len(book.node)), dtype=bool)
    rows[book.workforce.key, book.workforce.column] = True
    return {team: rows[i] for team, i in book.workforce.places.items()}


def _trains(programme: Training, country: str, skill: str) -> bool:
    return (programme.country, programme.skill) == (country, skill)


def _within_year(book: Ledger) -> Iterator[Broken]:
    """Staff and hires are those of the year's first period."""
    there = _there(book)
    for team, rows in there.items():
        staff, hired = (book.whole(book.people[name][team]) for name in ("staff", "hired"))
        for i, period in enumerate(book.tree.periods):
            opening = book.opening[year_of(period)]
            if i != opening:
                some = book.whole(rows)[:, i]
                yield equal("staff_of_the_year", staff[some, i], staff[some, opening])
                yield never("hired_within_year", hired[:, i])


def _secondment(book: Ledger) -> Iterator[Broken]:
    case = book.case
    for column in BETWEEN:
        yield at_most("secondment_not_negative", -book.people[column].values, 0.0)
    share = case.model.policy.secondment_share
    yield at_most(
        "secondment_limit", book.people["lent"].values, share * book.people["staff"].values
    )
    lent, borrowed = (
        book.people[name].by(lambda team: (case.group[team[0]], team[1]))
        for name in ("lent", "borrowed")
    )
    yield never("secondment_pool", lent.values - borrowed.values)


def needed_staff(book: Ledger, c: str, k: str) -> Vector:
    """Persons of a team needed for what runs, at every visit."""
    case = book.case
    needed = np.zeros(len(book.node))
    for p, row in case.projects.items():
        if row.country == c and k in case.staffing[p]:
            needed += case.staffing[p][k] * (book.loads[p] / book.at(book.tree.lengths))
    return needed


def available_staff(book: Ledger, c: str, k: str) -> Vector:
    """Staff less lent plus borrowed (persons), at every visit."""
    people = book.people
    return people["staff"][c, k] - people["lent"][c, k] + people["borrowed"][c, k]


def _needs(book: Ledger) -> Iterator[Broken]:
    case = book.case
    for c, k in case.workforce:
        available = available_staff(book, c, k)
        yield at_most("staff_limit", needed_staff(book, c, k), available)
        ratio = case.skills[k].mentor_ratio
        if ratio is not None:
            under_way = np.zeros((len(case.years), len(case.scenarios)))
            for g, r in case.programmes.items():
                for y in case.years if _trains(r, c, k) else ():
                    begun = y - case.first_year
                    under_way[begun : begun + r.duration_years] += book.intake[g, y]
            by_period = under_way[book.years[: len(book.tree.periods)] - case.first_year].T.ravel()
            yield at_most("mentor_limit", by_period, ratio * available)


def money_rules(book: Ledger) -> Iterator[Broken]:
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
            carried = (
                left if case.model.policy.budget_carry_over or not closes else np.zeros(len(left))
            )


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
        out[c] += (
            musd(staff.hire_cost_usd) * book.whole(book.people["hired"][c, k])[:, book.opening[t]]
        )
    return out


def _purchases(book: Ledger, period: int) -> Sums:
    out = _sums(book)
    for good, row in book.case.stockpiles.items():
        out[good[0]] += (
            musd_per_tonne(row.purchase_usd_per_kg)
            * book.whole(book.goods[("bought", *good)])[:, period]
        )
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
