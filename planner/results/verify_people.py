"""Rules of staff, training and secondment."""

from __future__ import annotations

from collections.abc import Iterator

from planner.data.case import Case
from planner.data.effects import Period, length_of, year_of
from planner.data.tree import Tree
from planner.results.result_lookups import Ledger, Sums, sums
from planner.results.rules import Broken, at_most, equal, never
from planner.results.verify_material import throughput


def rules(case: Case, tree: Tree, book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    for w in case.scenarios:
        yield from _programmes(case, book, w)
        for year in case.years:
            yield from _staff(case, tree, book, w, year)
        for t in tree.periods:
            yield from _within_year(tree, book, w, t)
            yield from _secondment(case, book, w, t)
            yield from _needs(case, book, w, t)


def _programmes(case: Case, book: Ledger, w: str) -> Iterator[Broken]:
    intake, new_seats = book.intake[w], book.new_seats[w]
    for (g, t), persons in list(intake.items()):
        if t not in case.years or g not in case.programmes:
            yield never("intake_window", persons)
    for g, row in case.programmes.items():
        added = 0.0
        for t in case.years:
            yield at_most("seat_limit", intake[g, t], row.seats + added)
            yield at_most("intake_not_negative", -min(intake[g, t], new_seats[g, t]), 0.0)
            added += new_seats[g, t]
        yield at_most("new_seat_limit", added, row.max_new_seats)
        yield never("new_seats_in_last_year", new_seats[g, case.last_year])
        if not case.has_lever("training"):
            yield never("training_lever", added)


def _staff(case: Case, tree: Tree, book: Ledger, w: str, t: int) -> Iterator[Broken]:
    people = book.people[w, tree.opening[t]]
    for (c, k), row in case.workforce.items():
        if ("staff", c, k) not in people:
            continue  # a team that no plant can need has no row
        hired = people["hired", c, k]
        if t == case.first_year:
            yield equal("staff_balance", people["staff", c, k], row.initial)
            yield never("hired_in_first_year", hired)
            continue
        stay = (1 - case.skills[k].attrition) * book.people[w, tree.opening[t - 1]]["staff", c, k]
        joined = sum(
            r.completion_rate * book.intake[w][g, t - r.duration_years]
            for g, r in case.programmes.items()
            if (r.country, r.skill) == (c, k)
        )
        yield equal("staff_balance", people["staff", c, k], stay + joined + hired)
        yield at_most("hire_not_negative", -hired, 0.0)
        yield at_most("hire_limit", hired, row.hires_per_year if case.has_lever("hiring") else 0.0)


def _within_year(tree: Tree, book: Ledger, w: str, t: Period) -> Iterator[Broken]:
    """Staff and hires are those of the year's first period."""
    opening = tree.opening[year_of(t)]
    if t != opening:
        people, first = book.people[w, t], book.people[w, opening]
        for key, persons in list(people.items()):
            if key[0] == "staff":
                yield equal("staff_of_the_year", persons, first[key])
            elif key[0] == "hired":
                yield never("hired_within_year", persons)


def _secondment(case: Case, book: Ledger, w: str, t: Period) -> Iterator[Broken]:
    people = book.people[w, t]
    pools = sums()
    for (column, c, k), persons in list(people.items()):
        if column == "lent":
            yield at_most("secondment_limit", persons, case.model.policy.secondment_share * people["staff", c, k])
        if column in ("lent", "borrowed"):
            pools[case.group[c], k] += persons if column == "lent" else -persons
            yield at_most("secondment_not_negative", -persons, 0.0)
    for left in pools.values():
        yield never("secondment_pool", left)


def needed_staff(case: Case, book: Ledger, w: str, t: Period) -> Sums:
    """Persons needed by (country, skill) for what runs in a period."""
    needed = sums()
    for p, row in case.projects.items():
        load = throughput(case, book.flows[w, t], p) / length_of(t)
        for k, persons in case.staffing[p].items():
            needed[row.country, k] += persons * load
    return needed


def available_staff(people: Sums, c: str, k: str) -> float:
    """Staff less lent plus borrowed (persons)."""
    return people["staff", c, k] - people["lent", c, k] + people["borrowed", c, k]


def _needs(case: Case, book: Ledger, w: str, t: Period) -> Iterator[Broken]:
    needed = needed_staff(case, book, w, t)
    for c, k in case.workforce:
        available = available_staff(book.people[w, t], c, k)
        yield at_most("staff_limit", needed[c, k], available)
        ratio = case.skills[k].mentor_ratio
        if ratio is not None:
            under_way = sum(
                book.intake[w][g, y]
                for g, r in case.programmes.items()
                if (r.country, r.skill) == (c, k)
                for y in range(year_of(t) - r.duration_years + 1, year_of(t) + 1)
            )
            yield at_most("mentor_limit", under_way, ratio * available)
