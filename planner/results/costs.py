"""The parts of the cost of a plan, recomputed from its tables; they sum to the cost.

All are expected, discounted and in MUSD. Every part but `capex`, people and purchases is paid by nobody's budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from planner.data.scenario_tree import Vector
from planner.results.schema import IMPORTED
from planner.results.targets import missed_musd
from planner.results.visit_inputs import capex_per_tpa, running_cost
from planner.results.visits import AtVisits
from planner.units import musd, musd_per_tonne

Capacities = Mapping[str, Vector]
"""Project -> t/y at every visit."""


class Charge(NamedTuple):
    """What a decision costs in a year: `rate` (MUSD) times `amount`, by scenario; `public_share` of it out of budgets.
    part: of the cost. decided: in which year."""

    part: str
    country: str
    decided: int
    year: int
    rate: float
    amount: Vector
    public_share: float = 1.0

    @property
    def paid_musd(self) -> Vector:
        """What budgets pay, not discounted."""
        return self.rate * self.public_share * self.amount


def charges(visits: AtVisits) -> Iterator[Charge]:
    """What is paid for decisions of years: builds over the years in which they are paid, people as a year begins."""
    case = visits.case
    for (project, committed), tpa in visits.builds:
        plant = case.projects[project]
        capex = capex_per_tpa(case, project)
        for year, share in visits.inputs.instalments(project, committed).items():
            if year > case.last_year:
                continue  # not paid within the horizon
            yield Charge(
                "capex",
                plant.country,
                committed,
                year,
                capex,
                share * tpa,
                public_share=plant.public_share,
            )
    for (programme, year), persons in visits.intake:
        row = case.lookups.programmes[programme]
        yield Charge("training", row.country, year, year, musd(row.cost_per_trainee_usd), persons)
    for (programme, year), seats in visits.new_seats:
        row = case.lookups.programmes[programme]
        yield Charge("seats", row.country, year, year, musd(row.cost_per_seat_usd), seats)
    for team, staff in case.lookups.workforce.items():
        hired = visits.whole(visits.people["hired"][team])
        for year in case.years:
            joining = hired[:, visits.opening[year]]
            yield Charge("hires", staff.country, year, year, musd(staff.hire_cost_usd), joining)


def cost_parts(visits: AtVisits) -> dict[str, float]:
    """Part -> MUSD, in the order of summary.json."""
    of_decisions = defaultdict[str, list[Vector]](list)
    for charge in charges(visits):
        discounted = visits.lookups.cost_discount(charge.year) * charge.rate * charge.amount
        of_decisions[charge.part].append(discounted)
    parts: dict[str, Iterable[Vector]] = {
        "capex": of_decisions["capex"],
        "fixed_opex": _fixed_opex(visits),
        "variable_opex": _variable_opex(visits),
        "imports": _imports(visits),
        "training": of_decisions["training"],
        "seats": of_decisions["seats"],
        "hires": of_decisions["hires"],
        "stock_purchases": _purchases(visits),
        "stock_holding": _holding(visits),
        "targets": _targets(visits),
    }
    found = {}
    for name, amounts in parts.items():
        by_scenario = np.zeros(len(visits.chances))
        for amount in amounts:
            by_scenario = by_scenario + amount
        found[name] = float(np.sum(visits.chances * by_scenario))
    return found


def _fixed_opex(visits: AtVisits) -> Iterator[Vector]:
    """Fixed opex of each build, by scenario."""
    case = visits.case
    for (project, committed), tpa in visits.builds:
        yearly = musd(case.projects[project].fixed_opex_usd_per_tpa)
        for year, share in visits.inputs.fixed_cost(project, committed).items():
            yield case.lookups.cost_discount(year) * yearly * share * tpa


def _variable_opex(visits: AtVisits) -> Iterator[Vector]:
    """Opex net of credit of what runs, by scenario."""
    for project, load in visits.loads.items():
        rate = running_cost(visits.case, project)
        if rate > 0:
            yield rate * _over_time(visits, load)


def _imports(visits: AtVisits) -> Iterator[Vector]:
    """Imports and resold tonnes at the price of the supplier in the buying country, by scenario."""
    for flow, tonnes in visits.flows:
        if flow.item in IMPORTED:
            prices = visits.inputs.import_price((flow.project, *flow.good))
            yield _over_time(visits, prices * tonnes)


def _purchases(visits: AtVisits) -> Iterator[Vector]:
    """Stock purchases less the lowest import price, at least 0, by scenario."""
    for good in visits.lookups.stockpiles:
        prices = visits.inputs.net_purchase_price(good)
        yield _over_time(visits, prices * visits.goods["bought", good])


def _holding(visits: AtVisits) -> Iterator[Vector]:
    """Holding of the stock at the end of each year, by scenario."""
    closes = np.array([node.closes_year for node in visits.tree.nodes], dtype=float)
    for good, row in visits.lookups.stockpiles.items():
        rate = musd_per_tonne(row.holding_usd_per_kg_year)
        yield _over_time(visits, rate * visits.at(closes) * visits.stock[good])


def _targets(visits: AtVisits) -> Iterator[Vector]:
    """Tonnes that targets miss at their price, by scenario."""
    yield _over_time(visits, missed_musd(visits))


def _over_time(visits: AtVisits, by_visit: Vector) -> Vector:
    """Amounts due at each visit, discounted and added up by scenario."""
    discounts = [visits.lookups.cost_discount(year) for year in visits.period_years.tolist()]
    return np.asarray(visits.whole(by_visit) @ np.array(discounts))


def utilisation(visits: AtVisits) -> dict[str, dict[str, float | None]]:
    """Stage -> `new`, `new_undisturbed`, `existing`: expected throughput over expected usable capacity before shocks.

    Over the whole horizon, not discounted; throughput is split between new and existing capacity in proportion to it.
    `undisturbed`: in periods in which every factor is 1. None without capacity.
    """
    projects = visits.case.projects
    chances = visits.everywhere(visits.chances)
    undisturbed = chances * visits.at(visits.tree.undisturbed.astype(float))
    found: dict[str, dict[str, float | None]] = {}
    for stage in dict.fromkeys(row.stage for row in projects.values()):
        plants = [project for project, row in projects.items() if row.stage == stage]
        use = partial(_use, visits, plants)
        new = partial(use, own=visits.new_capacity, other=visits.existing)
        existing = partial(use, own=visits.existing, other=visits.new_capacity)
        found[stage] = {
            "new": new(weights=chances),
            "new_undisturbed": new(weights=undisturbed),
            "existing": existing(weights=chances),
        }
    return found


def _use(
    visits: AtVisits, plants: list[str], *, own: Capacities, other: Capacities, weights: Vector
) -> float | None:
    """Weighed throughput of some of the capacity of plants over that capacity; None without any.

    own: t/y of that capacity by project, at every visit. other: t/y of the rest.
    """
    lengths = visits.at(visits.tree.lengths)
    capacity = 0.0
    used = 0.0
    for project in plants:
        most = own[project] * lengths
        whole = most + other[project] * lengths
        ran = np.divide(visits.loads[project] * most, whole, out=visits.zeros(), where=whole > 0)
        capacity += float(np.sum(weights * most))
        used += float(np.sum(weights * ran))
    return used / capacity if capacity > 0 else None
