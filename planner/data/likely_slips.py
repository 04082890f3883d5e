"""Warnings about inputs that are valid and probably a slip: shocks that do nothing, figures left at zero, money in
another unit, one thing under two names, two figures swapped.

Each rule warns only where the evidence is strong: the cases that come with the planner, and harmless edits of them,
stay silent.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import median

from planner.data.case import Case
from planner.data.findings import Finding, found
from planner.data.schema import Hazard, Project, Shock, Workforce
from planner.units import musd

LOST = re.compile(
    r"cut off|all lost|embargo|stopped|\bban(ned)?\b|\bwar\b|blockade|shut", re.IGNORECASE
)
"""Words of a name that promise that little is left."""
LITTLE_LOST = 0.7
"""Factor from which most is left, whatever the name says."""
BEYOND_ALL = 30.0
"""Times the public cost of everything that may be built: a budget above it is in another unit."""
BEYOND_OTHERS = 50.0
"""Times what the other funders have on average: a budget above it is in another currency."""
LONGEST_COURSE = 8
"""Years that no training takes."""
PEERS = 3
"""Plants of a stage from which its capital cost is known."""
FAR = 4.0
"""Times by which a figure is away from its like before a swap is suspected."""


def idle_shocks(case: Case) -> Iterator[Finding]:
    """Shocks and hazards that leave everything as it is. One among others that do something is meant, unless the name
    of its scenario says otherwise."""
    names = {row.scenario: row.name for row in case.tables.scenarios}
    shocks: dict[tuple[str, str], list[Shock]] = defaultdict(list)
    for shock in case.tables.shocks:
        if not shock.hazard:
            shocks[shock.scenario, shock.kind].append(shock)
    for (scenario, kind), rows in shocks.items():
        idle = [row for row in rows if row.factor == _neutral(kind)]
        if idle and (len(idle) == len(rows) or LOST.search(names.get(scenario, ""))):
            yield found(idle[0], "factor", "neutral-factor", left=_left(kind))
    hazards: dict[tuple[str, str], list[Hazard]] = defaultdict(list)
    for hazard in case.tables.hazards:
        hazards[hazard.event or hazard.hazard, hazard.kind].append(hazard)
    for (_, kind), those in hazards.items():
        if all(row.factor_low == row.factor_high == _neutral(kind) for row in those):
            yield found(those[0], "factor_low", "neutral-factor", left=_left(kind))


def _neutral(kind: str) -> float:
    return 0.0 if kind == "delay" else 1.0


def _left(kind: str) -> str:
    return "0 years late is in time" if kind == "delay" else "1 leaves all of it, 0 nothing"


def leaks_without_resale(case: Case) -> Iterator[Finding]:
    """Leaks of goods that nobody may sell on."""
    resold = [row for row in case.tables.resale if row.share > 0]
    rows: Sequence[Shock | Hazard] = (*case.tables.shocks, *case.tables.hazards)
    for row in rows:
        if not row.leak or (isinstance(row, Shock) and row.hazard):
            continue
        fits = [
            one
            for one in resold
            if _may_be(one.supplier, row.supplier)
            and _may_be(one.element, row.element)
            and _may_be(one.form or "", row.form)
        ]
        if not fits:
            yield found(row, "leak", "leak-without-resale")


def _may_be(one: str, other: str) -> bool:
    """Two filters can mean the same thing; blank and `*` mean all."""
    return one in ("", "*") or other in ("", "*") or one == other


def mild_disasters(case: Case) -> Iterator[Finding]:
    """Shocks of which the name says that all is lost, and the factor that nearly all is left."""
    names = {row.scenario: row.name for row in case.tables.scenarios}
    shocks: dict[str, list[Shock]] = defaultdict(list)
    for shock in case.tables.shocks:
        if shock.kind in ("import", "capacity") and not shock.hazard:
            shocks[shock.scenario].append(shock)
    for scenario, rows in shocks.items():
        mildest = min(row.factor for row in rows)
        if LOST.search(names.get(scenario, "")) and LITTLE_LOST <= mildest < 1:
            first = min(rows, key=lambda row: row.factor)
            yield found(first, "factor", "mild-disaster", name=names[scenario], left=mildest)
    hazards: dict[str, list[Hazard]] = defaultdict(list)
    for hazard in case.tables.hazards:
        if hazard.kind in ("import", "capacity"):
            hazards[hazard.event or hazard.hazard].append(hazard)
    for together in hazards.values():
        least = min(row.factor_low for row in together)
        if LOST.search(together[0].name) and LITTLE_LOST <= least < 1:
            mild = min(together, key=lambda row: row.factor_low)
            yield found(mild, "factor_low", "mild-disaster", name=together[0].name, left=least)


def budgets_out_of_scale(case: Case) -> Iterator[Finding]:
    """Budgets of which the sums say that they are in thousands, in a hundredth, or in another currency."""
    given: dict[str, float] = defaultdict(float)
    for row in case.tables.budgets:
        given[row.funder] += row.musd
    total, everything = sum(given.values()), _public_cost(case)
    if not given or total <= 0 or everything <= 0:
        return
    first = case.tables.budgets[0]
    if total > BEYOND_ALL * everything:
        said = f"all budgets are {total:,.4g} MUSD, and everything that may be built takes {everything:,.4g}"
        yield found(first, "musd", "budget-scale", said)
        return
    for funder, amount in given.items():
        others = [sum_ for name, sum_ in given.items() if name != funder and sum_ > 0]
        alone = len(others) >= 2 and amount > BEYOND_OTHERS * sum(others) / len(others)
        if alone and amount > everything:
            row = next(row for row in case.tables.budgets if row.funder == funder)
            said = (
                f"{funder} has {amount:,.4g} MUSD, the others {sum(others) / len(others):,.4g} on average, and "
                f"everything that may be built takes {everything:,.4g}"
            )
            yield found(row, "musd", "budget-scale", said)


def _public_cost(case: Case) -> float:
    """Public money (MUSD) that all new capacity, seats and hires of the case would take at most."""
    total = 0.0
    for row in case.projects.values():
        capex = musd(row.capex_usd_per_tpa) * case.countries[row.country].cost_index
        total += row.max_new_tpa * capex * row.public_share
    for programme in case.programmes.values():
        seats = programme.seats + programme.max_new_seats
        total += programme.max_new_seats * musd(programme.cost_per_seat_usd)
        total += seats * len(case.years) * musd(programme.cost_per_trainee_usd)
    for team in case.workforce.values():
        total += team.hires_per_year * len(case.years) * musd(team.hire_cost_usd)
    for stock in case.stockpiles.values():
        total += (stock.max_t or 0.0) * stock.purchase_usd_per_kg / 1000
    return total


def forgotten_figures(case: Case) -> Iterator[Finding]:
    """Figures of 0 that switch off what the case is about: capital, losses, weights, cost indices."""
    new = [row for row in case.projects.values() if row.max_new_tpa > 0]
    free = [row for row in new if row.capex_usd_per_tpa == 0 and row.fixed_opex_usd_per_tpa == 0]
    if free and len(free) == len(new) and len(new) > 1:
        yield found(free[0], "capex_usd_per_tpa", "zero-figure", "no new plant costs anything")
    users = {country for (country, *_), tonnes in case.demand.items() if tonnes > 0}
    used = {element for (_, element, *_), tonnes in case.demand.items() if tonnes > 0}
    tiers = {row.element for row in case.tables.loss_tiers if row.loss_usd_per_kg > 0}
    for country in case.countries.values():
        if country.weight == 0 and country.country in users:
            said = f"nothing that {country.country} goes short of counts as a loss"
            yield found(country, "weight", "zero-figure", said)
        if country.cost_index == 0 and any(row.country == country.country for row in new):
            said = f"nothing that is built in {country.country} costs any capital"
            yield found(country, "cost_index", "zero-figure", said)
    for element in case.elements.values():
        harmless = element.loss_usd_per_kg == 0 and element.element not in tiers
        if harmless and element.element in used:
            said = f"nobody loses anything by going short of {element.element}"
            yield found(element, "loss_usd_per_kg", "zero-figure", said)


def ended_contracts(case: Case) -> Iterator[Finding]:
    """Contracts that end before the horizon begins, or begin after it has ended."""
    for row in case.tables.contracts:
        if row.last_year is not None and row.last_year < case.first_year:
            yield found(row, "last_year", "contract-outside", case=case)
        elif row.first_year is not None and row.first_year > case.last_year:
            yield found(row, "first_year", "contract-outside", case=case)


def allied_suppliers(case: Case) -> Iterator[Finding]:
    """Outside suppliers that bear the name of a country of the case, which no cut of trade by others would touch."""
    stated = {row.supplier for row in case.tables.suppliers if row.origin}
    told = set[str]()
    for row in case.tables.imports:
        if row.supplier in case.countries and row.supplier not in told | stated:
            told.add(row.supplier)
            yield found(row, "supplier", "supplier-is-ally")


def same_things_twice(case: Case) -> Iterator[Finding]:
    """One plant, or one hazard, under two ids."""
    plants: dict[tuple[object, ...], Project] = {}
    for project in case.projects.values():
        size = (project.existing_tpa, project.max_new_tpa)
        figures = (project.capex_usd_per_tpa, project.variable_opex_usd_per_t, project.recovery)
        place = (project.country, project.stage, project.basis, project.feeds)
        years = (project.online_year, project.retire_year, project.lead_time_years)
        like = (place, size, figures, years, _plain(project.name))
        first = plants.setdefault(like, project)
        if first is not project and any(size) and any(figures) and project.name:
            yield found(project, "project", "same-thing-twice", other=first.project)
    hazards: dict[tuple[object, ...], Hazard] = {}
    columns = [name for name in Hazard.columns() if name not in ("hazard", "name")]
    for hazard in case.tables.hazards:
        like = tuple(getattr(hazard, name) for name in columns)
        before = hazards.setdefault(like, hazard)
        if before is not hazard:
            yield found(hazard, "hazard", "same-thing-twice", other=before.hazard)


def _plain(name: str) -> str:
    """A name for people without case, spaces, digits and punctuation at its end."""
    return re.sub(r"[\W\d_]+", "", name).casefold()


def swapped_figures(case: Case) -> Iterator[Finding]:
    """Two figures that fit where the other stands: course and seats, staff of two countries, capital of two plants."""
    for row in case.programmes.values():
        if row.duration_years > LONGEST_COURSE and 0 < row.seats <= LONGEST_COURSE:
            said = f"a course of {row.duration_years} years with {row.seats:g} seats: the two may be swapped"
            yield found(row, "duration_years", "swapped", said)
    yield from _swapped_staff(case)
    yield from _swapped_capital(case)


def _swapped_staff(case: Case) -> Iterator[Finding]:
    """Two countries of which one has too few and the other far too many persons, and the other way round they fit."""
    posts = _posts_at_first(case)
    teams: dict[str, list[Workforce]] = defaultdict(list)
    for (_, skill), team in case.workforce.items():
        if team.initial > 0:
            teams[skill].append(team)
    for skill, rows in teams.items():
        for one, other in combinations(rows, 2):
            few, many = sorted((one, other), key=lambda team: team.initial)
            needs_few, needs_many = posts[few.country, skill], posts[many.country, skill]
            short = needs_few > few.initial * (1 + 1e-9)
            idle = many.initial > FAR * needs_many
            fits = needs_many <= few.initial and needs_few <= many.initial <= FAR * needs_few
            if short and idle and fits:
                said = (
                    f"{few.country} has {few.initial:g} and needs {needs_few:.4g}, {many.country} has "
                    f"{many.initial:g} and needs {needs_many:.4g}: the two may be swapped"
                )
                yield found(few, "initial", "swapped", said)


def _posts_at_first(case: Case) -> Mapping[tuple[str, str], float]:
    """Country, skill -> persons that what exists in the first year needs."""
    posts: dict[tuple[str, str], float] = defaultdict(float)
    for name, row in case.projects.items():
        there = case.existing_tpa(name, case.first_year)
        for skill, persons in case.staffing[name].items():
            posts[row.country, skill] += persons * there
    return posts


def _swapped_capital(case: Case) -> Iterator[Finding]:
    """Two plants of different stages, each with the capital cost of the other's stage."""
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    plants = [row for row in case.projects.values() if row.capex_usd_per_tpa > 0]
    for row in plants:
        costs[row.stage, row.basis].append(math.log(row.capex_usd_per_tpa))
    usual = {kind: median(logs) for kind, logs in costs.items() if len(logs) > PEERS}

    def away(row: Project, kind: tuple[str, str]) -> float:
        return abs(math.log(row.capex_usd_per_tpa) - usual[kind])

    odd = [
        row
        for row in plants
        if (row.stage, row.basis) in usual and away(row, (row.stage, row.basis)) > math.log(FAR)
    ]
    for one, other in combinations(odd, 2):
        kinds = (one.stage, one.basis), (other.stage, other.basis)
        swapped = away(one, kinds[1]) < math.log(2) and away(other, kinds[0]) < math.log(2)
        if kinds[0] != kinds[1] and swapped:
            said = (
                f'"{one.project}" costs what {other.stage} plants cost, and "{other.project}" what {one.stage} '
                "plants cost: the two may be swapped"
            )
            yield found(one, "capex_usd_per_tpa", "swapped", said)


LIKELY_SLIPS = (
    idle_shocks,
    leaks_without_resale,
    mild_disasters,
    budgets_out_of_scale,
    forgotten_figures,
    ended_contracts,
    allied_suppliers,
    same_things_twice,
    swapped_figures,
)
