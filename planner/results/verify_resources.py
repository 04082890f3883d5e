"""Rules of people and of money: staff, training and secondment, budgets, and the cost recomputed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.scenario_tree import Vector
from planner.results.amounts import Amounts
from planner.results.costs import charges
from planner.results.violations import Broken, at_most, equal, never
from planner.results.visit_inputs import may_be_decided
from planner.results.visits import AtVisits, opening_visits
from planner.units import musd_per_tonne

BETWEEN = ("lent", "borrowed")
"""Columns of what moves between countries."""


def people_rules(visits: AtVisits) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _programmes(visits)
    yield from _staff(visits)
    yield from _within_year(visits)
    yield from _secondment(visits)
    yield from _needs(visits)


def _programmes(visits: AtVisits) -> Iterator[Broken]:
    """Intakes and new seats are within the seats of a programme, its window and the lever."""
    case = visits.case
    for programme, row in case.lookups.programmes.items():
        intake = _by_year(visits, visits.intake, programme)
        new_seats = _by_year(visits, visits.new_seats, programme)
        if row.last_intake_year is not None:
            closed = row.last_intake_year + 1 - case.first_year
            yield never("intake_window", intake[max(closed, 0) :])
        added = np.cumsum(new_seats, axis=0)
        seats = row.seats + (added - new_seats)
        yield at_most("seat_limit", intake, seats)
        yield at_most("intake_not_negative", -np.minimum(intake, new_seats), 0.0)
        yield at_most("new_seat_limit", added[-1], row.max_new_seats)
        yield never("new_seats_in_last_year", new_seats[-1])
        undecided = [not may_be_decided(case, year) for year in case.years]
        yield never("first_decision_year", new_seats[undecided])
        if not case.lookups.has_lever("training"):
            yield never("training_lever", added[-1])


def _by_year(visits: AtVisits, amounts: Amounts, key: str) -> NDArray[np.float64]:
    """Amounts of a programme by year (years, scenarios)."""
    return np.array([amounts[key, year] for year in visits.case.years])


def _staff(visits: AtVisits) -> Iterator[Broken]:
    """Staff of each year is that of the year before less leavers, and who joins."""
    case = visits.case
    for team, row in case.lookups.workforce.items():
        if team not in visits.people["staff"].places:
            continue  # a team that no plant can need has no row
        staff = _at_opening(visits, visits.people["staff"][team])
        hired = _at_opening(visits, visits.people["hired"][team])
        yield equal("staff_balance", staff[0], row.initial)
        yield never("hired_in_first_year", hired[0])
        undecided = [not may_be_decided(case, year) for year in case.years]
        yield never("first_decision_year", hired[undecided])
        _, skill = team
        stay = (1 - case.lookups.skills[skill].attrition) * staff[:-1]
        yield equal("staff_balance", staff[1:], stay + _trained(visits, team)[1:] + hired[1:])
        joining = hired[1:]
        yield at_most("hire_not_negative", -joining, 0.0)
        most = row.hires_per_year if case.lookups.has_lever("hiring") else 0.0
        yield at_most("hire_limit", joining, most)


def _at_opening(visits: AtVisits, by_visit: NDArray[Any]) -> NDArray[Any]:
    """A figure in the first period of each year (years, scenarios)."""
    opening = [visits.opening[year] for year in visits.case.years]
    by_period = visits.whole(by_visit)
    return by_period[:, opening].T


def _trained(visits: AtVisits, team: tuple[str, str]) -> NDArray[np.float64]:
    """Persons who complete a programme of a team and join it in each year (years, scenarios)."""
    trained = np.zeros((len(visits.case.years), len(visits.case.scenarios)))
    for programme, row in visits.lookups.programmes.items():
        if (row.country, row.skill) == team:
            intake = _by_year(visits, visits.intake, programme)
            trained[row.duration_years :] += row.completion_rate * intake[: -row.duration_years]
    return trained


def _within_year(visits: AtVisits) -> Iterator[Broken]:
    """Staff and hires are those of the year's first period."""
    opening = np.array([visits.opening[year] for year in visits.period_years.tolist()])
    later = opening != np.arange(len(opening))
    if not later.any():
        return
    for team, by_visit in visits.people["staff"]:
        staff = visits.whole(by_visit)
        hired = visits.whole(visits.people["hired"][team])
        yield equal("staff_of_the_year", staff[:, later], staff[:, opening[later]])
        yield never("hired_within_year", hired[:, later])


def _secondment(visits: AtVisits) -> Iterator[Broken]:
    """Lending is within its share of staff, and a group borrows what it lends."""
    case = visits.case
    people = visits.people
    for column in BETWEEN:
        yield at_most("secondment_not_negative", -people[column].values, 0.0)
    most = case.model.policy.secondment_share * people["staff"].values
    yield at_most("secondment_limit", people["lent"].values, most)

    def pool(team: tuple[str, str]) -> tuple[str, str]:
        country, skill = team
        return case.lookups.group[country], skill

    lent = people["lent"].by(pool)
    borrowed = people["borrowed"].by(pool)
    yield never("secondment_pool", lent.values - borrowed.values)


def needed_staff(visits: AtVisits, team: tuple[str, str]) -> Vector:
    """Persons of a team needed for what runs, at every visit."""
    country, skill = team
    lengths = visits.at(visits.tree.lengths)
    needed = visits.zeros()
    for project, row in sorted(visits.case.projects.items()):
        staffing = visits.lookups.staffing[project]
        if row.country == country and skill in staffing:
            needed += staffing[skill] * (visits.loads[project] / lengths)
    return needed


def available_staff(visits: AtVisits, team: tuple[str, str]) -> Vector:
    """Staff less lent plus borrowed (persons), at every visit."""
    people = visits.people
    return people["staff"][team] - people["lent"][team] + people["borrowed"][team]


def _needs(visits: AtVisits) -> Iterator[Broken]:
    for team in visits.lookups.workforce:
        _, skill = team
        available = available_staff(visits, team)
        yield at_most("staff_limit", needed_staff(visits, team), available)
        ratio = visits.lookups.skills[skill].mentor_ratio
        if ratio is not None:
            yield at_most("mentor_limit", _under_way(visits, team), ratio * available)


def _under_way(visits: AtVisits, team: tuple[str, str]) -> Vector:
    """Persons in programmes of a team, at every visit."""
    case = visits.case
    by_year = np.zeros((len(case.years), len(case.scenarios)))
    for programme, row in case.lookups.programmes.items():
        if (row.country, row.skill) == team:
            for place, intake in enumerate(_by_year(visits, visits.intake, programme)):
                by_year[place : place + row.duration_years] += intake
    by_period = by_year[visits.period_years - case.first_year]
    return by_period.T.ravel()


def money_rules(visits: AtVisits) -> Iterator[Broken]:
    """Every rule, at every visit."""
    yield from _accounts(visits)
    yield from _payments(visits)
    for (funder, country, _), musd in visits.spent:
        if country not in visits.lookups.reach.get(funder, ()):
            yield never("funder_reach", musd)
    given = visits.spent.by(itemgetter(1))
    due = _due(visits)
    for country in {*due, *given.places}:
        yield equal("spending_limit", given[country], due[country])


def _accounts(visits: AtVisits) -> Iterator[Broken]:
    """Payments come out of budgets, each there as its year begins, and of what is left over of the year before."""
    case = visits.case
    yield at_most("paid_not_negative", -visits.spent.values, 0.0)
    paid = visits.spent.by(itemgetter(0))
    opening = {place: year for year, place in visits.opening.items()}
    for funder in case.lookups.reach:
        left = np.zeros(len(case.scenarios))
        for place, spent in enumerate(visits.whole(paid[funder]).T):
            if place in opening:
                if not case.model.policy.budget_carry_over:
                    left = np.zeros(len(left))
                left = left + case.budget.get((funder, opening[place]), 0.0)
            yield at_most("account", spent, left)
            left = np.maximum(left - spent, 0.0)


def _due(visits: AtVisits) -> dict[str, Vector]:
    """Country -> MUSD to be paid from budgets: for decisions of years as these begin, and for purchases."""
    due: dict[str, Vector] = defaultdict(visits.zeros)
    for charge in charges(visits):
        if charge.year in visits.opening:  # else it was decided too late, which is told as such
            due[charge.country][opening_visits(visits, charge.year)] += charge.paid_musd
    for good, row in visits.lookups.stockpiles.items():
        country, _, _ = good
        price = musd_per_tonne(row.purchase_usd_per_kg)
        due[country] += price * visits.goods["bought", good]
    return due


def _payments(visits: AtVisits) -> Iterator[Broken]:
    """Payments and budgets are those of the case and of what is spent, between the least and the most that each funder
    may pay."""
    paid: dict[str, float] = defaultdict(float)
    for funder, musd in visits.spent.by(itemgetter(0)):
        paid[funder] = float(visits.visit_chances @ musd)
    budgets: dict[str, float] = defaultdict(float)
    for (funder, _), amount in visits.case.budget.items():
        budgets[funder] += amount
    rows: Counter[str] = Counter()
    for row in visits.payments:
        rows[row.funder] += 1
        yield equal("payments_as_stated", row.paid_musd, paid[row.funder])
        yield equal("payments_as_stated", row.budget_musd, budgets[row.funder])
        yield at_most("payments_in_range", row.least_musd, row.paid_musd)
        yield at_most("payments_in_range", row.paid_musd, row.most_musd)
    for funder in {*visits.lookups.reach, *paid, *rows}:
        yield never("payments_as_stated", rows[funder] - 1)


def public_spend(visits: AtVisits) -> float:
    """Expected public spending (MUSD, undiscounted)."""
    return float(visits.visit_chances @ np.sum(visits.spent.values, axis=0))
