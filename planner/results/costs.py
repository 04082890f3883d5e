"""The parts of the cost of a plan, recomputed from its tables; they sum to the cost.

All are expected, discounted and in MUSD. Every part but `capex`, people and purchases is paid by nobody's budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from planner.data.scenario_tree import Vector
from planner.data.shock_effects import year_of
from planner.results.ledger import Ledger
from planner.results.schema import IMPORTED
from planner.results.targets import missed_musd
from planner.results.verify_resources import full_capex
from planner.units import musd, musd_per_tonne


def cost_parts(book: Ledger) -> dict[str, float]:
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
    chances = np.array(list(book.case.scenarios.values()))
    nothing = np.zeros(len(chances))
    return {name: float(np.sum(chances * sum(of(book), nothing))) for name, of in parts.items()}


def _capex(book: Ledger) -> Iterator[Vector]:
    """By scenario, what each build costs over the years in which it is paid."""
    case = book.case
    for (p, committed), tpa in book.builds:
        years = case.payment_years(p, committed)
        for year in years:
            yield case.cost_discount(year) * full_capex(case, p) * tpa / len(years)


def _fixed_opex(book: Ledger) -> Iterator[Vector]:
    """By scenario, fixed opex of each build from its planned start."""
    case = book.case
    for (p, committed), tpa in book.builds:
        row = case.projects[p]
        yearly = musd(row.fixed_opex_usd_per_tpa)
        for year in range(committed + row.lead_time_years, case.last_year + 1):
            yield case.cost_discount(year) * yearly * tpa


def _variable_opex(book: Ledger) -> Iterator[Vector]:
    """By scenario, opex net of credit of what runs."""
    for p in book.case.projects:
        rate = book.case.throughput_cost(p)
        if rate > 0:
            yield rate * _over_time(book, book.loads[p])


def _imports(book: Ledger) -> Iterator[Vector]:
    """By scenario, what imports and resold tonnes cost at the price of the supplier in the buying country."""
    if not book.case.import_price:
        return
    for (item, country, supplier, _, element, form), tonnes in book.flows:
        if item in IMPORTED:
            prices = book.tree.import_prices(supplier, (country, element, form))
            yield _over_time(book, book.at(prices) * tonnes)


def _training(book: Ledger) -> Iterator[Vector]:
    """By scenario, fees of trainees."""
    for (g, year), persons in book.intake:
        fee = musd(book.case.programmes[g].cost_per_trainee_usd)
        yield book.case.cost_discount(year) * fee * persons


def _seats(book: Ledger) -> Iterator[Vector]:
    """By scenario, new seats."""
    for (g, year), seats in book.new_seats:
        price = musd(book.case.programmes[g].cost_per_seat_usd)
        yield book.case.cost_discount(year) * price * seats


def _hires(book: Ledger) -> Iterator[Vector]:
    """By scenario, hires, which are decided in the first period of a year."""
    case = book.case
    for team, row in case.workforce.items():
        hired = book.whole(book.people["hired"][team])
        for year in case.years:
            price = musd(row.hire_cost_usd)
            yield case.cost_discount(year) * price * hired[:, book.opening[year]]


def _purchases(book: Ledger) -> Iterator[Vector]:
    """By scenario, stock purchases less the lowest import price, at least 0."""
    case, tree = book.case, book.tree
    for good in case.stockpiles:
        net = tree.yearly(case.net_purchase_price(good, year) for year in case.years)
        yield _over_time(book, book.at(net) * book.goods[("bought", *good)])


def _holding(book: Ledger) -> Iterator[Vector]:
    """By scenario, holding of the stock at the end of each year."""
    stocks = book.stocks.amounts("stock_t")
    closes = np.array([node.closes_year for node in book.tree.nodes], dtype=float)
    for good, row in book.case.stockpiles.items():
        rate = musd_per_tonne(row.holding_usd_per_kg_year)
        yield _over_time(book, rate * book.at(closes) * stocks[good])


def _targets(book: Ledger) -> Iterator[Vector]:
    """By scenario, what targets miss at their price."""
    yield _over_time(book, missed_musd(book).ravel())


def _over_time(book: Ledger, by_visit: Vector) -> Vector:
    """What falls due at each visit, discounted and added up by scenario."""
    discounts = [book.case.cost_discount(year_of(period)) for period in book.tree.periods]
    return np.asarray(book.whole(by_visit) @ np.array(discounts))


def utilisation(book: Ledger) -> dict[str, dict[str, float | None]]:
    """Stage -> `new`, `new_undisturbed`, `existing`: expected throughput over expected usable capacity before shocks.

    Over the whole horizon, not discounted; throughput is split between new and existing capacity in proportion to it.
    `undisturbed`: in periods in which every factor is 1. None without capacity.
    """
    case, tree = book.case, book.tree
    lengths = book.at(tree.lengths)
    weights = book.everywhere(np.array(list(case.scenarios.values())))
    calm = np.array([tree.is_undisturbed(node.index) for node in tree.nodes])
    undisturbed = weights * book.at(calm.astype(float))
    out: dict[str, dict[str, float | None]] = {}
    for stage in dict.fromkeys(row.stage for row in case.projects.values()):
        plants = [p for p, row in case.projects.items() if row.stage == stage]
        new = [book.new_capacity[p] * lengths for p in plants]
        old = [book.at(tree.existing(p)) * lengths for p in plants]
        ran_new = [_part(book.loads[p], a, b) for p, a, b in zip(plants, new, old, strict=True)]
        ran_old = [_part(book.loads[p], b, a) for p, a, b in zip(plants, new, old, strict=True)]
        out[stage] = {
            "new": _use(ran_new, new, weights),
            "new_undisturbed": _use(ran_new, new, undisturbed),
            "existing": _use(ran_old, old, weights),
        }
    return out


def _part(load: Vector, own: Vector, other: Vector) -> Vector:
    """The part of a throughput that falls to some of the capacity, in proportion."""
    whole = own + other
    return np.divide(load * own, whole, out=np.zeros(len(load)), where=whole > 0)


def _use(ran: list[Vector], could: list[Vector], weights: Vector) -> float | None:
    """Weighed throughput over weighed capacity; None without capacity."""
    capacity = sum(float(np.sum(weights * vector)) for vector in could)
    if capacity <= 0:
        return None
    return sum(float(np.sum(weights * vector)) for vector in ran) / capacity
