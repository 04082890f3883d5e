"""Rules of people: staff, training, hires and secondment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.results.amounts import Amounts
from planner.verification.recomputed_inputs import RecomputedAmounts, may_be_decided
from planner.verification.violations import Broken, at_most, equal, never

BETWEEN = ("lent", "borrowed")
"""Columns of what moves between countries."""


def people_rules(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _programmes(amounts)
    yield from _staff(amounts)
    yield from _within_year(amounts)
    yield from _secondment(amounts)
    yield from _needs(amounts)


def _programmes(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Intakes and new seats are within the seats of a programme, its window and the lever."""
    case = amounts.case
    for programme, row in case.lookups.programmes.items():
        intake = _by_year(amounts, amounts.intake, programme)
        new_seats = _by_year(amounts, amounts.new_seats, programme)
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


def _by_year(amounts: RecomputedAmounts, decisions: Amounts, key: str) -> NDArray[np.float64]:
    """Amounts of a programme by year (years, scenarios)."""
    return np.array([decisions[key, year] for year in amounts.case.years])


def _staff(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Staff of each year is that of the year before less leavers, and who joins."""
    case = amounts.case
    for team, row in case.lookups.workforce.items():
        if team not in amounts.people["staff"].places:
            continue  # a team that no plant can need has no row
        staff = _at_opening(amounts, amounts.people["staff"][team])
        hired = _at_opening(amounts, amounts.people["hired"][team])
        yield equal("staff_balance", staff[0], row.initial)
        yield never("hired_in_first_year", hired[0])
        undecided = [not may_be_decided(case, year) for year in case.years]
        yield never("first_decision_year", hired[undecided])
        _, skill = team
        stay = (1 - case.lookups.skills[skill].attrition) * staff[:-1]
        yield equal("staff_balance", staff[1:], stay + _trained(amounts, team)[1:] + hired[1:])
        joining = hired[1:]
        yield at_most("hire_not_negative", -joining, 0.0)
        most = row.hires_per_year if case.lookups.has_lever("hiring") else 0.0
        yield at_most("hire_limit", joining, most)


def _at_opening(amounts: RecomputedAmounts, figures: NDArray[Any]) -> NDArray[Any]:
    """A figure in the first period of each year (years, scenarios)."""
    opening = [amounts.opening[year] for year in amounts.case.years]
    by_period = amounts.whole(figures)
    return by_period[:, opening].T


def _trained(amounts: RecomputedAmounts, team: tuple[str, str]) -> NDArray[np.float64]:
    """Persons who complete a programme of a team and join it in each year (years, scenarios)."""
    trained = np.zeros((len(amounts.case.years), len(amounts.case.scenarios)))
    for programme, row in amounts.lookups.programmes.items():
        if (row.country, row.skill) == team:
            intake = _by_year(amounts, amounts.intake, programme)
            trained[row.duration_years :] += row.completion_rate * intake[: -row.duration_years]
    return trained


def _within_year(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Staff and hires are those of the year's first period."""
    opening = np.array([amounts.opening[year] for year in amounts.period_years.tolist()])
    later = opening != np.arange(len(opening))
    if not later.any():
        return
    for team, figures in amounts.people["staff"]:
        staff = amounts.whole(figures)
        hired = amounts.whole(amounts.people["hired"][team])
        yield equal("staff_of_the_year", staff[:, later], staff[:, opening[later]])
        yield never("hired_within_year", hired[:, later])


def _secondment(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Lending is within its share of staff, and a group borrows what it lends."""
    case = amounts.case
    people = amounts.people
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


def _needs(amounts: RecomputedAmounts) -> Iterator[Broken]:
    for team in amounts.lookups.workforce:
        _, skill = team
        available = amounts.available_staff(team)
        yield at_most("staff_limit", amounts.needed_staff(team), available)
        ratio = amounts.lookups.skills[skill].mentor_ratio
        if ratio is not None:
            yield at_most("mentor_limit", _under_way(amounts, team), ratio * available)


def _under_way(amounts: RecomputedAmounts, team: tuple[str, str]) -> NDArray[np.float64]:
    """Persons in programmes of a team."""
    case = amounts.case
    by_year = np.zeros((len(case.years), len(case.scenarios)))
    for programme, row in case.lookups.programmes.items():
        if (row.country, row.skill) == team:
            for place, intake in enumerate(_by_year(amounts, amounts.intake, programme)):
                by_year[place : place + row.duration_years] += intake
    by_period = by_year[amounts.period_years - case.first_year]
    return by_period.T.ravel()
