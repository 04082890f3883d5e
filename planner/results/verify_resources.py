"""Rules of people and of money: staff, training and secondment, budgets, and the cost recomputed.

Vectors of money are over scenarios.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.cells import begin_of, end_of
from planner.data.scenario_tree import Vector
from planner.data.shock_effects import year_of
from planner.results.ledger import Amounts, Broken, Ledger, at_most, equal, never
from planner.results.visit_inputs import capex_per_tpa, instalment_years, may_be_decided
from planner.units import musd, musd_per_tonne

BETWEEN = ("lent", "borrowed")
"""Columns of what moves between countries."""
Sums = dict[Any, Vector]


def people_rules(ledger: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _programmes(ledger)
    yield from _staff(ledger)
    yield from _within_year(ledger)
    yield from _secondment(ledger)
    yield from _needs(ledger)


def _programmes(ledger: Ledger) -> Iterator[Broken]:
    """Intakes and new seats are within the seats of a programme, its window and the lever."""
    case = ledger.case
    for (programme, year), persons in ledger.intake:
        if year not in case.years or programme not in case.programmes:
            yield never("intake_window", persons)
    for programme, row in case.programmes.items():
        intake = _by_year(ledger, ledger.intake, programme)
        new_seats = _by_year(ledger, ledger.new_seats, programme)
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
        if not case.has_lever("training"):
            yield never("training_lever", added[-1])


def _by_year(ledger: Ledger, amounts: Amounts, key: str) -> NDArray[np.float64]:
    """Amounts of a programme by year (years, scenarios)."""
    return np.array([amounts[key, year] for year in ledger.case.years])


def _staff(ledger: Ledger) -> Iterator[Broken]:
    """Staff of each year is that of the year before less leavers, and who joins."""
    case = ledger.case
    there = _there(ledger)
    for team, row in case.workforce.items():
        if team not in there:
            continue  # a team that no plant can need has no row
        staff = _at_opening(ledger, ledger.people["staff"][team])
        hired = _at_opening(ledger, ledger.people["hired"][team])
        has_row = _at_opening(ledger, there[team])
        at_first = has_row[0]
        yield equal("staff_balance", staff[0][at_first], row.initial)
        yield never("hired_in_first_year", hired[0][at_first])
        undecided = np.array([not may_be_decided(case, year) for year in case.years])
        yield never("first_decision_year", hired[undecided[:, np.newaxis] & has_row])
        _, skill = team
        stay = (1 - case.skills[skill].attrition) * staff[:-1]
        trained = _trained(ledger, team)
        now = stay + trained[1:] + hired[1:]
        later = has_row[1:]
        yield equal("staff_balance", staff[1:][later], now[later])
        joining = hired[1:][later]
        yield at_most("hire_not_negative", -joining, 0.0)
        most = row.hires_per_year if case.has_lever("hiring") else 0.0
        yield at_most("hire_limit", joining, most)


def _at_opening(ledger: Ledger, by_visit: NDArray[Any]) -> NDArray[Any]:
    """A figure in the first period of each year (years, scenarios)."""
    opening = [ledger.opening[year] for year in ledger.case.years]
    by_period = ledger.whole(by_visit)
    return by_period[:, opening].T


def _trained(ledger: Ledger, team: tuple[str, str]) -> NDArray[np.float64]:
    """Persons who complete a programme of a team and join it in each year (years, scenarios)."""
    trained = np.zeros((len(ledger.case.years), len(ledger.case.scenarios)))
    for programme, row in ledger.case.programmes.items():
        if (row.country, row.skill) == team:
            intake = _by_year(ledger, ledger.intake, programme)
            trained[row.duration_years :] += row.completion_rate * intake[: -row.duration_years]
    return trained


def _there(ledger: Ledger) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """Team -> at which visits it has a row."""
    rows = np.zeros((len(ledger.workforce.places), len(ledger.node)), dtype=bool)
    rows[ledger.workforce.key, ledger.workforce.column] = True
    return {team: rows[place] for team, place in ledger.workforce.places.items()}


def _within_year(ledger: Ledger) -> Iterator[Broken]:
    """Staff and hires are those of the year's first period."""
    for team, has_row in _there(ledger).items():
        staff = ledger.whole(ledger.people["staff"][team])
        hired = ledger.whole(ledger.people["hired"][team])
        for place, period in enumerate(ledger.tree.periods):
            opening = ledger.opening[year_of(period)]
            if place != opening:
                some = ledger.whole(has_row)[:, place]
                yield equal("staff_of_the_year", staff[some, place], staff[some, opening])
                yield never("hired_within_year", hired[:, place])


def _secondment(ledger: Ledger) -> Iterator[Broken]:
    """Lending is within its share of staff, and a group borrows what it lends."""
    case = ledger.case
    people = ledger.people
    for column in BETWEEN:
        yield at_most("secondment_not_negative", -people[column].values, 0.0)
    most = case.model.policy.secondment_share * people["staff"].values
    yield at_most("secondment_limit", people["lent"].values, most)

    def pool(team: tuple[str, str]) -> tuple[str, str]:
        country, skill = team
        return case.group[country], skill

    lent = people["lent"].by(pool)
    borrowed = people["borrowed"].by(pool)
    yield never("secondment_pool", lent.values - borrowed.values)


def needed_staff(ledger: Ledger, team: tuple[str, str]) -> Vector:
    """Persons of a team needed for what runs, at every visit."""
    country, skill = team
    lengths = ledger.at(ledger.tree.lengths)
    needed = ledger.zeros()
    for project, row in ledger.case.projects.items():
        staffing = ledger.case.staffing[project]
        if row.country == country and skill in staffing:
            needed += staffing[skill] * (ledger.loads[project] / lengths)
    return needed


def available_staff(ledger: Ledger, team: tuple[str, str]) -> Vector:
    """Staff less lent plus borrowed (persons), at every visit."""
    people = ledger.people
    return people["staff"][team] - people["lent"][team] + people["borrowed"][team]


def _needs(ledger: Ledger) -> Iterator[Broken]:
    for team in ledger.case.workforce:
        _, skill = team
        available = available_staff(ledger, team)
        yield at_most("staff_limit", needed_staff(ledger, team), available)
        ratio = ledger.case.skills[skill].mentor_ratio
        if ratio is not None:
            yield at_most("mentor_limit", _under_way(ledger, team), ratio * available)


def _under_way(ledger: Ledger, team: tuple[str, str]) -> Vector:
    """Persons in programmes of a team, at every visit."""
    case = ledger.case
    by_year = np.zeros((len(case.years), len(case.scenarios)))
    for programme, row in case.programmes.items():
        if (row.country, row.skill) == team:
            for place, intake in enumerate(_by_year(ledger, ledger.intake, programme)):
                by_year[place : place + row.duration_years] += intake
    by_period = by_year[ledger.period_years - case.first_year]
    return by_period.T.ravel()


def money_rules(ledger: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario."""
    yield from _accounts(ledger)
    given = _sums(ledger)
    for (funder, country, period), amount in ledger.spent:
        given[country, period] += amount
        if country not in ledger.case.reach.get(funder, ()):
            yield never("funder_reach", amount)
    due = _due(ledger)
    for place in {*due, *given}:
        yield equal("spending_limit", given[place], due[place])


def _sums(ledger: Ledger) -> Sums:
    """Vectors by key, zeros where absent."""
    return defaultdict(lambda: np.zeros(len(ledger.case.scenarios)))


def _accounts(ledger: Ledger) -> Iterator[Broken]:
    """Payments come out of budgets; those decided by year in its first period."""
    case = ledger.case
    opening = ledger.tree.opening
    paid = _sums(ledger)
    yield at_most("paid_not_negative", -ledger.spending.amounts("musd").values, 0.0)
    for (funder, _, period), amount in ledger.spent:
        paid[funder, opening.get(period, period)] += amount
    for funder in case.reach:
        left = np.zeros(len(case.scenarios))
        for period in ledger.tree.periods:
            _, first_quarter = begin_of(period)
            _, last_quarter = end_of(period)
            available = left
            if first_quarter == 1:
                available = left + case.budget.get((funder, year_of(period)), 0.0)
            spent = paid[funder, period]
            yield at_most("account", spent, available)
            left = np.maximum(available - spent, 0.0)
            if last_quarter == 4 and not case.model.policy.budget_carry_over:
                left = np.zeros(len(left))


def _due(ledger: Ledger) -> Sums:
    """(country, year or period) -> MUSD to be paid from budgets: for decisions of years, and for purchases."""
    due = _sums(ledger)
    for year in ledger.case.years:
        _add_people(ledger, year, due)
        _add_builds(ledger, year, due)
    for place, amount in _purchases(ledger).items():
        due[place] += amount
    return due


def _purchases(ledger: Ledger) -> Sums:
    """(country, period) -> MUSD paid for stock."""
    paid = _sums(ledger)
    for good, row in ledger.case.stockpiles.items():
        country, _, _ = good
        price = musd_per_tonne(row.purchase_usd_per_kg)
        by_visit = price * ledger.goods["bought", good]
        by_period = ledger.whole(by_visit).T
        for period, amount in zip(ledger.tree.periods, by_period, strict=True):
            paid[country, period] += amount
    return paid


def _add_people(ledger: Ledger, year: int, due: Sums) -> None:
    for programme, row in ledger.case.programmes.items():
        fees = musd(row.cost_per_trainee_usd) * ledger.intake[programme, year]
        seats = musd(row.cost_per_seat_usd) * ledger.new_seats[programme, year]
        due[row.country, year] += fees + seats
    for team, staff in ledger.case.workforce.items():
        country, _ = team
        by_period = ledger.whole(ledger.people["hired"][team])
        hired = by_period[:, ledger.opening[year]]
        due[country, year] += musd(staff.hire_cost_usd) * hired


def _add_builds(ledger: Ledger, year: int, due: Sums) -> None:
    case = ledger.case
    for (project, committed), tpa in ledger.builds:
        years = instalment_years(case, project, committed)
        if year in years:
            row = case.projects[project]
            public = capex_per_tpa(case, project) * row.public_share
            due[row.country, year] += public * tpa / len(years)


def public_spend(ledger: Ledger) -> float:
    """Expected public spending (MUSD, undiscounted)."""
    paid = ledger.spending
    weighed = paid.stated("musd") * ledger.chances[paid.column]
    by_scenario = np.argsort(paid.column, kind="stable")
    return float(sum(weighed[by_scenario].tolist()))
