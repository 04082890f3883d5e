"""The parts of the cost of a plan, recomputed from its tables; they sum to the cost.

All are expected, discounted and in MUSD. Every part but `capex`, people and purchases is paid by nobody's budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from planner.data.scenario_tree import Vector
from planner.results.ledger import Ledger
from planner.results.schema import IMPORTED
from planner.results.targets import missed_musd
from planner.results.visit_inputs import (
    capex_per_tpa,
    instalment_years,
    operating_years,
    running_cost,
)
from planner.units import musd, musd_per_tonne

Capacities = Mapping[str, Vector]
"""Project -> t/y at every visit."""


def cost_parts(ledger: Ledger) -> dict[str, float]:
    """Part -> MUSD, in the order of summary.json."""
    parts: dict[str, Callable[[Ledger], Iterator[Vector]]] = {
        "capex": _capex,
        "fixed_opex": _fixed_opex,
        "variable_opex": _variable_opex,
        "imports": _imports,
        "training": _training,
        "seats": _seats,
        "hires": _hires,
        "stock_purchases": _purchases,
        "stock_holding": _holding,
        "targets": _targets,
    }
    found = {}
    for name, amounts in parts.items():
        by_scenario = np.zeros(len(ledger.chances))
        for amount in amounts(ledger):
            by_scenario = by_scenario + amount
        found[name] = float(np.sum(ledger.chances * by_scenario))
    return found


def _capex(ledger: Ledger) -> Iterator[Vector]:
    """Each build over the years in which it is paid, by scenario."""
    case = ledger.case
    for (project, committed), tpa in ledger.builds:
        capex = capex_per_tpa(case, project)
        years = instalment_years(case, project, committed)
        for year in years:
            yield case.cost_discount(year) * capex * tpa / len(years)


def _fixed_opex(ledger: Ledger) -> Iterator[Vector]:
    """Fixed opex of each build from its planned start, by scenario."""
    case = ledger.case
    for (project, committed), tpa in ledger.builds:
        yearly = musd(case.projects[project].fixed_opex_usd_per_tpa)
        for year in operating_years(case, project, committed):
            yield case.cost_discount(year) * yearly * tpa


def _variable_opex(ledger: Ledger) -> Iterator[Vector]:
    """Opex net of credit of what runs, by scenario."""
    for project, load in ledger.loads.items():
        rate = running_cost(ledger.case, project)
        if rate > 0:
            yield rate * _over_time(ledger, load)


def _imports(ledger: Ledger) -> Iterator[Vector]:
    """Imports and resold tonnes at the price of the supplier in the buying country, by scenario."""
    for flow, tonnes in ledger.flows:
        if flow.item in IMPORTED:
            prices = ledger.inputs.import_price((flow.project, *flow.good))
            yield _over_time(ledger, prices * tonnes)


def _training(ledger: Ledger) -> Iterator[Vector]:
    """Fees of trainees, by scenario."""
    case = ledger.case
    for (programme, year), persons in ledger.intake:
        fee = musd(case.programmes[programme].cost_per_trainee_usd)
        yield case.cost_discount(year) * fee * persons


def _seats(ledger: Ledger) -> Iterator[Vector]:
    """New seats, by scenario."""
    case = ledger.case
    for (programme, year), seats in ledger.new_seats:
        price = musd(case.programmes[programme].cost_per_seat_usd)
        yield case.cost_discount(year) * price * seats


def _hires(ledger: Ledger) -> Iterator[Vector]:
    """Hires, which are decided in the first period of a year, by scenario."""
    case = ledger.case
    for team, row in case.workforce.items():
        price = musd(row.hire_cost_usd)
        hired = ledger.whole(ledger.people["hired"][team])
        for year in case.years:
            yield case.cost_discount(year) * price * hired[:, ledger.opening[year]]


def _purchases(ledger: Ledger) -> Iterator[Vector]:
    """Stock purchases less the lowest import price, at least 0, by scenario."""
    for good in ledger.case.stockpiles:
        prices = ledger.inputs.net_purchase_price(good)
        yield _over_time(ledger, prices * ledger.goods["bought", good])


def _holding(ledger: Ledger) -> Iterator[Vector]:
    """Holding of the stock at the end of each year, by scenario."""
    stocks = ledger.stocks.amounts("stock_t")
    closes = np.array([node.closes_year for node in ledger.tree.nodes], dtype=float)
    for good, row in ledger.case.stockpiles.items():
        rate = musd_per_tonne(row.holding_usd_per_kg_year)
        yield _over_time(ledger, rate * ledger.at(closes) * stocks[good])


def _targets(ledger: Ledger) -> Iterator[Vector]:
    """Tonnes that targets miss at their price, by scenario."""
    yield _over_time(ledger, missed_musd(ledger))


def _over_time(ledger: Ledger, by_visit: Vector) -> Vector:
    """Amounts due at each visit, discounted and added up by scenario."""
    discounts = [ledger.case.cost_discount(year) for year in ledger.period_years.tolist()]
    return np.asarray(ledger.whole(by_visit) @ np.array(discounts))


def utilisation(ledger: Ledger) -> dict[str, dict[str, float | None]]:
    """Stage -> `new`, `new_undisturbed`, `existing`: expected throughput over expected usable capacity before shocks.

    Over the whole horizon, not discounted; throughput is split between new and existing capacity in proportion to it.
    `undisturbed`: in periods in which every factor is 1. None without capacity.
    """
    projects = ledger.case.projects
    chances = ledger.everywhere(ledger.chances)
    undisturbed = chances * ledger.at(ledger.tree.undisturbed.astype(float))
    found: dict[str, dict[str, float | None]] = {}
    for stage in dict.fromkeys(row.stage for row in projects.values()):
        plants = [project for project, row in projects.items() if row.stage == stage]
        use = partial(_use, ledger, plants)
        new = partial(use, own=ledger.new_capacity, other=ledger.existing)
        existing = partial(use, own=ledger.existing, other=ledger.new_capacity)
        found[stage] = {
            "new": new(weights=chances),
            "new_undisturbed": new(weights=undisturbed),
            "existing": existing(weights=chances),
        }
    return found


def _use(
    ledger: Ledger, plants: list[str], *, own: Capacities, other: Capacities, weights: Vector
) -> float | None:
    """Weighed throughput of some of the capacity of plants over that capacity; None without any.

    own: t/y of that capacity by project, at every visit. other: t/y of the rest.
    """
    lengths = ledger.at(ledger.tree.lengths)
    capacity = 0.0
    used = 0.0
    for project in plants:
        most = own[project] * lengths
        whole = most + other[project] * lengths
        ran = np.divide(ledger.loads[project] * most, whole, out=ledger.zeros(), where=whole > 0)
        capacity += float(np.sum(weights * most))
        used += float(np.sum(weights * ran))
    return used / capacity if capacity > 0 else None
