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
from planner.results.scenario_amounts import ScenarioAmounts
from planner.results.schema import IMPORTED
from planner.results.targets import missed_musd
from planner.units import musd, musd_per_tonne

Capacities = Mapping[str, Vector]
"""Project -> t/y per scenario and period."""


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


def charges(amounts: ScenarioAmounts) -> Iterator[Charge]:
    """What is paid for decisions of years: builds over the years in which they are paid, people as a year begins."""
    case = amounts.case
    for (project, committed), tpa in amounts.builds:
        plant = case.projects[project]
        capex = amounts.inputs.capex(project)
        for year, share in amounts.inputs.instalments(project, committed).items():
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
    for (programme, year), persons in amounts.intake:
        row = case.lookups.programmes[programme]
        yield Charge("training", row.country, year, year, musd(row.cost_per_trainee_usd), persons)
    for (programme, year), seats in amounts.new_seats:
        row = case.lookups.programmes[programme]
        yield Charge("seats", row.country, year, year, musd(row.cost_per_seat_usd), seats)
    for team, staff in case.lookups.workforce.items():
        hired = amounts.whole(amounts.people["hired"][team])
        for year in case.years:
            joining = hired[:, amounts.opening[year]]
            yield Charge("hires", staff.country, year, year, musd(staff.hire_cost_usd), joining)


def cost_parts(amounts: ScenarioAmounts) -> dict[str, float]:
    """Part -> MUSD, in the order of summary.json."""
    of_decisions = defaultdict[str, list[Vector]](list)
    for charge in charges(amounts):
        discounted = amounts.lookups.cost_discount(charge.year) * charge.rate * charge.amount
        of_decisions[charge.part].append(discounted)
    parts: dict[str, Iterable[Vector]] = {
        "capex": of_decisions["capex"],
        "fixed_opex": _fixed_opex(amounts),
        "variable_opex": _variable_opex(amounts),
        "imports": _imports(amounts),
        "training": of_decisions["training"],
        "seats": of_decisions["seats"],
        "hires": of_decisions["hires"],
        "stock_purchases": _purchases(amounts),
        "stock_holding": _holding(amounts),
        "targets": _targets(amounts),
    }
    found = {}
    for name, charged in parts.items():
        by_scenario = np.zeros(len(amounts.probabilities))
        for amount in charged:
            by_scenario = by_scenario + amount
        found[name] = float(np.sum(amounts.probabilities * by_scenario))
    return found


def _fixed_opex(amounts: ScenarioAmounts) -> Iterator[Vector]:
    """Fixed opex of each build, by scenario."""
    case = amounts.case
    for (project, committed), tpa in amounts.builds:
        yearly = musd(case.projects[project].fixed_opex_usd_per_tpa)
        for year, share in amounts.inputs.fixed_cost(project, committed).items():
            yield case.lookups.cost_discount(year) * yearly * share * tpa


def _variable_opex(amounts: ScenarioAmounts) -> Iterator[Vector]:
    """Opex net of credit of what runs, by scenario."""
    for project, load in amounts.loads.items():
        rate = amounts.inputs.running_cost(project)
        if rate > 0:
            yield rate * _over_time(amounts, load)


def _imports(amounts: ScenarioAmounts) -> Iterator[Vector]:
    """Imports and resold tonnes at the price of the supplier in the buying country, by scenario."""
    for flow, tonnes in amounts.flows:
        if flow.item in IMPORTED:
            prices = amounts.inputs.import_price((flow.project, *flow.good))
            yield _over_time(amounts, prices * tonnes)


def _purchases(amounts: ScenarioAmounts) -> Iterator[Vector]:
    """Stock purchases less the lowest import price, at least 0, by scenario."""
    for good in amounts.lookups.stockpiles:
        prices = amounts.inputs.net_purchase_price(good)
        yield _over_time(amounts, prices * amounts.goods["bought", good])


def _holding(amounts: ScenarioAmounts) -> Iterator[Vector]:
    """Holding of the stock at the end of each year, by scenario."""
    closes = np.array([node.closes_year for node in amounts.tree.nodes], dtype=float)
    for good, row in amounts.lookups.stockpiles.items():
        rate = musd_per_tonne(row.holding_usd_per_kg_year)
        yield _over_time(amounts, rate * amounts.at(closes) * amounts.stock[good])


def _targets(amounts: ScenarioAmounts) -> Iterator[Vector]:
    """Tonnes that targets miss at their price, by scenario."""
    yield _over_time(amounts, missed_musd(amounts))


def _over_time(amounts: ScenarioAmounts, figures: Vector) -> Vector:
    """Amounts due per scenario and period, discounted and added up by scenario."""
    discounts = [amounts.lookups.cost_discount(year) for year in amounts.period_years.tolist()]
    return np.asarray(amounts.whole(figures) @ np.array(discounts))


def utilisation(amounts: ScenarioAmounts) -> dict[str, dict[str, float | None]]:
    """Stage -> `new`, `new_undisturbed`, `existing`: expected throughput over expected usable capacity before shocks.

    Over the whole horizon, not discounted; throughput is split between new and existing capacity in proportion to it.
    `undisturbed`: in periods in which every factor is 1. None without capacity.
    """
    projects = amounts.case.projects
    chances = amounts.everywhere(amounts.probabilities)
    undisturbed = chances * amounts.at(amounts.tree.undisturbed.astype(float))
    found: dict[str, dict[str, float | None]] = {}
    for stage in dict.fromkeys(row.stage for row in projects.values()):
        plants = [project for project, row in projects.items() if row.stage == stage]
        use = partial(_use, amounts, plants)
        new = partial(use, own=amounts.new_capacity, other=amounts.existing)
        existing = partial(use, own=amounts.existing, other=amounts.new_capacity)
        found[stage] = {
            "new": new(weights=chances),
            "new_undisturbed": new(weights=undisturbed),
            "existing": existing(weights=chances),
        }
    return found


def _use(
    amounts: ScenarioAmounts,
    plants: list[str],
    *,
    own: Capacities,
    other: Capacities,
    weights: Vector,
) -> float | None:
    """Weighed throughput of some of the capacity of plants over that capacity; None without any.

    own: t/y of that capacity by project. other: t/y of the rest.
    """
    lengths = amounts.at(amounts.tree.lengths)
    capacity = 0.0
    used = 0.0
    for project in plants:
        most = own[project] * lengths
        whole = most + other[project] * lengths
        ran = np.divide(amounts.loads[project] * most, whole, out=amounts.zeros(), where=whole > 0)
        capacity += float(np.sum(weights * most))
        used += float(np.sum(weights * ran))
    return used / capacity if capacity > 0 else None
