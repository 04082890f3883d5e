"""Warnings about inputs that are valid and probably a slip: shocks that do nothing, figures left at zero, money in
another unit, one thing under two names, two figures swapped.

Each rule warns only where the evidence is strong: the cases that come with the planner, and harmless edits of them,
stay silent.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from statistics import median

from planner.data.case import Case
from planner.data.cells import grouped_by
from planner.data.figure_warnings import first_posts
from planner.data.findings import Finding, found
from planner.data.schema import Hazard, Project, Resale, Shock
from planner.data.shock_effects import neutral_factor
from planner.units import musd

LOST = re.compile(
    r"cut off|all lost|embargo|stopped|\bban(ned)?\b|\bwar\b|blockade|shut", re.IGNORECASE
)
"""Words of a name that promise that little is left."""
LITTLE_LOST = 0.7
"""Factor from which most is left, whatever the name says."""
_CUTS = ("import", "capacity")
BEYOND_ALL = 30.0
"""Times the public cost of everything that may be built: a budget above it is in another unit."""
HARDLY_ANY = 0.02
"""Share of that cost below which budgets are in another unit, too."""
BEYOND_OTHERS = 50.0
"""Times what the other funders have on average: a budget above it is in another currency."""
LONGEST_COURSE = 8
"""Years that no training takes."""
PEERS = 3
"""Plants of a stage from which its capital cost is known."""
FAR = 4.0
"""Times by which a figure is away from its like before a swap is suspected."""
SWAPPED = "the two may be swapped"


def idle_shocks(case: Case) -> Iterator[Finding]:
    """Shocks and hazards that leave everything as it is. One among others that do something is meant, unless the name
    of its scenario says otherwise."""
    names = _scenario_names(case)
    for (scenario, kind), rows in grouped_by(_own_shocks(case), "scenario", "kind").items():
        idle = [row for row in rows if row.factor == neutral_factor(kind)]
        is_wrong = len(idle) == len(rows) or LOST.search(names.get(scenario, ""))
        if idle and is_wrong:
            yield found(idle[0], "factor", "neutral-factor", left=_left(kind))
    for together in _together(case.tables.hazards).values():
        for kind, of_kind in grouped_by(together, "kind").items():
            neutral = neutral_factor(kind)
            if all(row.factor_low == row.factor_high == neutral for row in of_kind):
                yield found(of_kind[0], "factor_low", "neutral-factor", left=_left(kind))


def _scenario_names(case: Case) -> dict[str, str]:
    return {row.scenario: row.name for row in case.tables.scenarios}


def _own_shocks(case: Case) -> list[Shock]:
    """Shocks that somebody wrote; the others were drawn from hazards."""
    return [shock for shock in case.tables.shocks if not shock.hazard]


def _together(hazards: Iterable[Hazard]) -> dict[str, list[Hazard]]:
    """Hazards that happen together, by the event or by their own id."""
    events: dict[str, list[Hazard]] = defaultdict(list)
    for hazard in hazards:
        events[hazard.event or hazard.hazard].append(hazard)
    return events


def _left(kind: str) -> str:
    return "0 years late is in time" if kind == "delay" else "1 leaves all of it, 0 nothing"


def leaks_without_resale(case: Case) -> Iterator[Finding]:
    """Leaks of goods that nobody may sell on."""
    resold = [row for row in case.tables.resale if row.share > 0]
    rows: list[Shock | Hazard] = [*_own_shocks(case), *case.tables.hazards]
    for row in rows:
        if row.leak and not any(_is_of(one, row) for one in resold):
            yield found(row, "leak", "leak-without-resale")


def _is_of(resale: Resale, row: Shock | Hazard) -> bool:
    """Something that may be sold on is among the goods that a shock cuts."""
    is_of_supplier = _may_be(resale.supplier, row.supplier)
    is_of_element = _may_be(resale.element, row.element)
    return is_of_supplier and is_of_element and _may_be(resale.form or "", row.form)


def _may_be(one: str, other: str) -> bool:
    """Two filters can mean the same thing; blank and `*` mean all."""
    return one in ("", "*") or other in ("", "*") or one == other


def mild_disasters(case: Case) -> Iterator[Finding]:
    """Shocks of which the name says that all is lost, and the factor that nearly all is left."""
    names = _scenario_names(case)
    cuts = [shock for shock in _own_shocks(case) if shock.kind in _CUTS]
    for scenario, rows in grouped_by(cuts, "scenario").items():
        hardest = min(rows, key=lambda row: row.factor)
        name = names.get(scenario, "")
        if _is_mild(name, hardest.factor):
            yield found(hardest, "factor", "mild-disaster", name=name, left=hardest.factor)
    of_goods = [hazard for hazard in case.tables.hazards if hazard.kind in _CUTS]
    for together in _together(of_goods).values():
        worst = min(together, key=lambda row: row.factor_low)
        name = together[0].name
        if _is_mild(name, worst.factor_low):
            left = worst.factor_low
            yield found(worst, "factor_low", "mild-disaster", name=name, left=left)


def _is_mild(name: str, factor: float) -> bool:
    """A name promises that little is left, and a factor leaves most."""
    return bool(LOST.search(name)) and LITTLE_LOST <= factor < 1


def budgets_out_of_scale(case: Case) -> Iterator[Finding]:
    """Budgets of which the sums say that they are in thousands, in a hundredth, or in another currency."""
    given: dict[str, float] = defaultdict(float)
    for row in case.tables.budgets:
        given[row.funder] += row.musd
    total = sum(given.values())
    everything = _public_cost(case)
    if total <= 0 or everything <= 0:
        return
    takes = f"everything that may be built takes {everything:,.4g}"
    if not HARDLY_ANY * everything <= total <= BEYOND_ALL * everything:
        said = f"all budgets are {total:,.4g} MUSD, and {takes}"
        yield found(case.tables.budgets[0], "musd", "budget-scale", said)
        return
    first = grouped_by(case.tables.budgets, "funder")
    for funder, amount in given.items():
        others = [sum_ for name, sum_ in given.items() if name != funder and sum_ > 0]
        if len(others) < 2:
            continue
        average = sum(others) / len(others)
        if amount > BEYOND_OTHERS * average and amount > everything:
            has = f"{funder} has {amount:,.4g} MUSD, the others {average:,.4g} on average"
            yield found(first[funder][0], "musd", "budget-scale", f"{has}, and {takes}")


def _public_cost(case: Case) -> float:
    """Public money (MUSD) that all new capacity, seats and hires of the case would take at most."""
    total = 0.0
    for row in case.projects.values():
        total += row.max_new_tpa * case.public_capex(row.project)
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
    """Figures of 0 that switch off what the case is about: capital, losses, weights, cost indices, hazards."""
    new = [row for row in case.projects.values() if row.max_new_tpa > 0]
    costs = [row.capex_usd_per_tpa + row.fixed_opex_usd_per_tpa for row in new]
    if len(new) > 1 and not any(costs):
        yield found(new[0], "capex_usd_per_tpa", "zero-figure", "no new plant costs anything")
    users = {country for country, _, _ in case.demand_years}
    used = {element for _, element, _ in case.demand_years}
    builders = {row.country for row in new}
    for name, country in case.countries.items():
        if country.weight == 0 and name in users:
            said = f"nothing that {name} goes short of counts as a loss"
            yield found(country, "weight", "zero-figure", said)
        if country.cost_index == 0 and name in builders:
            said = f"nothing that is built in {name} costs any capital"
            yield found(country, "cost_index", "zero-figure", said)
    losses = {row.element for row in case.tables.loss_tiers if not (row.country or row.form)}
    for name, element in case.elements.items():
        if element.loss_usd_per_kg == 0 and name in used - losses:
            said = f"nobody loses anything by going short of {name}"
            yield found(element, "loss_usd_per_kg", "zero-figure", said)
    for hazard in case.tables.hazards:
        if hazard.probability == 0:
            yield found(hazard, "probability", "zero-figure", f"{hazard.hazard} never happens")


def demand_that_ends(case: Case) -> Iterator[Finding]:
    """Demand of 0 after a year in which it was about as large as ever: a figure that was not filled in."""
    by_year = sorted(case.tables.demand, key=lambda row: row.year)
    for rows in grouped_by(by_year, "country", "element", "form").values():
        largest = max(row.tonnes for row in rows)
        for before, row in pairwise(rows):
            if row.tonnes == 0 and before.tonnes > largest / 2:
                said = f"{before.tonnes:g} t are used in {before.year}, and none in {row.year}"
                yield found(row, "tonnes", "zero-figure", said)


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
    columns = [name for name in Hazard.columns() if name not in ("hazard", "name")]
    hazards: dict[tuple[object, ...], Hazard] = {}
    for hazard in case.tables.hazards:
        same = hazards.setdefault(hazard.cells(columns), hazard)
        if same is not hazard:
            yield found(hazard, "hazard", "same-thing-twice", other=same.hazard)


def _plain(name: str) -> str:
    """A name for people without case, spaces, digits and punctuation at its end."""
    return re.sub(r"[\W\d_]+", "", name).casefold()


def swapped_figures(case: Case) -> Iterator[Finding]:
    """Two figures that fit where the other stands: course and seats, staff of two countries, capital of two plants."""
    for row in case.programmes.values():
        if row.duration_years > LONGEST_COURSE and 0 < row.seats <= LONGEST_COURSE:
            course = f"a course of {row.duration_years} years with {row.seats:g} seats"
            yield found(row, "duration_years", "swapped", f"{course}: {SWAPPED}")
    yield from _swapped_staff(case)
    yield from _swapped_capital(case)


def _swapped_staff(case: Case) -> Iterator[Finding]:
    """Two countries of which one has too few and the other far too many persons, and the other way round they fit."""
    posts = first_posts(case)
    teams = [team for team in case.workforce.values() if team.initial > 0]
    for of_skill in grouped_by(teams, "skill").values():
        for one, other in combinations(of_skill, 2):
            few, many = sorted((one, other), key=lambda team: team.initial)
            needs_few = posts.get((few.country, few.skill), 0.0)
            needs_many = posts.get((many.country, many.skill), 0.0)
            is_short = needs_few > few.initial * (1 + 1e-9)
            is_idle = many.initial > FAR * needs_many
            fits_few = needs_many <= few.initial
            fits_many = needs_few <= many.initial <= FAR * needs_few
            if is_short and is_idle and fits_few and fits_many:
                of_few = f"{few.country} has {few.initial:g} and needs {needs_few:.4g}"
                of_many = f"{many.country} has {many.initial:g} and needs {needs_many:.4g}"
                said = f"{of_few}, {of_many}: {SWAPPED}"
                yield found(few, "initial", "swapped", said)


def _swapped_capital(case: Case) -> Iterator[Finding]:
    """Two plants of different stages, each with the capital cost of the other's stage."""
    plants = [row for row in case.projects.values() if row.capex_usd_per_tpa > 0]
    usual = _usual_costs(plants)

    def times_away(row: Project, kind: tuple[str, str]) -> float:
        """Times that a plant costs more, or less, than those of a kind."""
        away = abs(math.log(row.capex_usd_per_tpa) - usual[kind])
        return math.exp(away)

    odd: list[Project] = []
    for row in plants:
        if _kind(row) in usual and times_away(row, _kind(row)) > FAR:
            odd.append(row)
    for one, other in combinations(odd, 2):
        if _kind(one) == _kind(other):
            continue
        if times_away(one, _kind(other)) < 2 and times_away(other, _kind(one)) < 2:
            first = f'"{one.project}" costs what {other.stage} plants cost'
            second = f'"{other.project}" what {one.stage} plants cost'
            said = f"{first}, and {second}: {SWAPPED}"
            yield found(one, "capex_usd_per_tpa", "swapped", said)


def _kind(row: Project) -> tuple[str, str]:
    """Stage and basis of a plant."""
    return row.stage, row.basis


def _usual_costs(plants: Iterable[Project]) -> dict[tuple[str, str], float]:
    """The logarithm of the usual capital cost of plants of a kind, where there are enough of them."""
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in plants:
        costs[_kind(row)].append(math.log(row.capex_usd_per_tpa))
    return {kind: median(alike) for kind, alike in costs.items() if len(alike) > PEERS}


LIKELY_SLIPS = (
    idle_shocks,
    leaks_without_resale,
    mild_disasters,
    budgets_out_of_scale,
    forgotten_figures,
    demand_that_ends,
    ended_contracts,
    allied_suppliers,
    same_things_twice,
    swapped_figures,
)
