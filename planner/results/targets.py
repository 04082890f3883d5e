"""Targets recomputed from the result tables: what each may have, what it has, and what is missing.

Every target is a limit on an amount: shortfall, what comes from one origin, or use that is not made at home, each as a
share of demand or use. It holds in every period by itself, at the visits (a scenario in a period) on its nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results.schema import CONVERTED, IMPORTED
from planner.results.violations import Broken, at_most
from planner.results.visits import AtVisits
from planner.units import musd_per_tonne

KeptStock = Mapping[Good, NDArray[np.bool_]]
"""Good -> at which visits its stock is not thrown away."""
MET = 1e-6
"""Missing tonnes, as a share of 1 + use, up to which a target counts as met."""


@dataclass(frozen=True, kw_only=True)
class TargetLimit:
    """One limit of a target at every visit: `amount` <= `allowed`, a part of `base` (t); 0 where it does not hold.

    origin: '' but for kind `origin_share`.
    """

    target: str
    element: str
    origin: str
    amount: Vector
    allowed: Vector
    base: Vector

    @property
    def missing(self) -> Vector:
        """Tonnes by which the limit is missed."""
        return np.maximum(self.amount - self.allowed, 0.0)

    def where(self, holds: Vector) -> TargetLimit:
        """The limit at some visits alone. holds: 1 there, else 0."""
        return replace(
            self, amount=holds * self.amount, allowed=holds * self.allowed, base=holds * self.base
        )


def limits(visits: AtVisits) -> Iterator[TargetLimit]:
    """Every limit of every target."""
    for target in visits.lookups.targets:
        holds = _where(visits, target)
        for element in visits.lookups.target_elements(target):
            for limit in _limits_of(visits, target, element):
                yield limit.where(holds)


def _limits_of(visits: AtVisits, target: str, element: str) -> Iterator[TargetLimit]:
    """The limits of a target on an element, as if it held everywhere."""
    row = visits.lookups.targets[target]
    limit = partial(TargetLimit, target=target, element=element)
    if row.kind == "served":
        short, demand = _served(visits, target, element)
        yield limit(origin="", amount=short, allowed=(1.0 - row.share) * demand, base=demand)
        return
    use = _use(visits, target, element)
    if row.kind == "origin_share":
        for origin, tonnes in _by_origin(visits, target, element).items():
            yield limit(origin=origin, amount=tonnes, allowed=row.share * use, base=use)
    else:
        elsewhere = use - _made(visits, target, element)
        yield limit(origin="", amount=elsewhere, allowed=(1.0 - row.share) * use, base=use)


def rules(visits: AtVisits) -> Iterator[Broken]:
    """Targets that must hold do, and stock of their goods is not thrown away."""
    for limit in limits(visits):
        if visits.lookups.targets[limit.target].price_usd_per_kg is None:
            yield at_most("target", limit.amount, limit.allowed)
    for good, holds in kept_stock(visits).items():
        released = np.where(holds, visits.goods["released", good], 0.0)
        use = np.where(holds, _use_of_good(visits, good), 0.0)
        yield at_most("target_stock", released, use)


def missed_musd(visits: AtVisits) -> Vector:
    """Tonnes that targets miss at their price, at every visit (MUSD, not discounted)."""
    total = visits.zeros()
    for limit in limits(visits):
        price = visits.lookups.targets[limit.target].price_usd_per_kg
        if price:
            total += musd_per_tonne(price) * limit.missing
    return total


def targets_met(visits: AtVisits) -> dict[str, dict[str, Any]]:
    """Target -> `missing_t` and `cost_musd`, expected, the cost discounted, and whether it is `met`."""
    case = visits.case
    chance = visits.everywhere(visits.chances)
    by_year = np.array([case.lookups.cost_discount(year) for year in case.years])
    worth = chance * by_year[visits.year_places]
    found: dict[str, dict[str, Any]] = {}
    for target in case.lookups.targets:
        found[target] = {"missing_t": 0.0, "cost_musd": 0.0, "met": True}
    for limit in limits(visits):
        price = musd_per_tonne(case.lookups.targets[limit.target].price_usd_per_kg or 0.0)
        is_met = limit.missing <= MET * (1.0 + limit.base)
        missing = np.where(is_met, 0.0, limit.missing)
        of_target = found[limit.target]
        of_target["missing_t"] += float(chance @ missing)
        of_target["cost_musd"] += float(price * (worth @ limit.missing))
        of_target["met"] = of_target["met"] and not missing.any()
    return found


def shares_reached(visits: AtVisits) -> dict[str, float]:
    """Target -> the share that it asks for, as it is reached where least is: in the worst year and scenario of those in
    which it holds, of the worst element. What holds nowhere, or is a share of nothing, is left out."""
    found: dict[str, float] = {}
    for limit in limits(visits):
        counts = limit.base > MET
        if not counts.any():
            continue
        most = float((limit.amount[counts] / limit.base[counts]).max())
        found[limit.target] = max(most, found.get(limit.target, 0.0))
    for target, most in found.items():
        if visits.lookups.targets[target].kind != "origin_share":
            found[target] = 1.0 - most
    return found


def _where(visits: AtVisits, target: str) -> Vector:
    """1 at the visits on whose nodes a target holds, else 0."""
    years = visits.lookups.target_years(target)
    scenarios = visits.lookups.target_scenarios(target)
    holds = [
        node.year in years and not scenarios.isdisjoint(node.scenarios)
        for node in visits.tree.nodes
    ]
    return visits.at(np.array(holds, dtype=float))


def _goods(visits: AtVisits, target: str, element: str) -> list[Good]:
    pairs = product(visits.lookups.target_countries(target), visits.lookups.target_forms(target))
    return [(country, element, form) for country, form in pairs]


def _served(visits: AtVisits, target: str, element: str) -> tuple[Vector, Vector]:
    """Shortfall and demand (t)."""
    short = visits.zeros()
    demand = visits.zeros()
    for good in _goods(visits, target, element):
        short += visits.short[good]
        demand += visits.demand(good)
    return short, demand


def _use_of_good(visits: AtVisits, good: Good) -> Vector:
    """Demand that is neither saved nor short, and tonnes that plants take in."""
    taken = visits.with_goods(visits.zeros(), CONVERTED, good)
    met = visits.demand(good) - visits.goods["saved", good] - visits.short[good]
    return met + taken


def _use(visits: AtVisits, target: str, element: str) -> Vector:
    """The use of which the shares of a target are (t)."""
    total = visits.zeros()
    for good in _goods(visits, target, element):
        used = total + _use_of_good(visits, good)
        total = used + visits.goods["bought", good] - visits.goods["released", good]
    return total


def _by_origin(visits: AtVisits, target: str, element: str) -> dict[str, Vector]:
    """Imports and resold goods (t) by outside origin."""
    case = visits.case
    goods = set(_goods(visits, target, element))
    sellers = set()
    for row in case.tables.imports:
        if (row.country, row.element, row.form) in goods:
            sellers.add(row.supplier)
    found = {case.lookups.supplier_origin[supplier]: visits.zeros() for supplier in sorted(sellers)}
    for flow, tonnes in visits.flows:
        if flow.item in IMPORTED and flow.good in goods:
            found[case.lookups.supplier_origin[flow.project]] += tonnes
    return found


def _made(visits: AtVisits, target: str, element: str) -> Vector:
    """Tonnes made in the countries of a target less what is left over of them, or in what their mines yield."""
    case = visits.case
    if case.lookups.targets[target].form == "feed":
        return _mined(visits, target, element)
    total = visits.zeros()
    kept = kept_stock(visits)
    for group in sorted(
        {case.lookups.group[country] for country in case.lookups.target_countries(target)}
    ):
        members = [country for country in case.countries if case.lookups.group[country] == group]
        # Where nothing is made, what is left over came from outside.
        counted = _counted(visits, target, element, members=members, kept=kept)
        total += np.maximum(counted, 0.0)
    return total


def _mined(visits: AtVisits, target: str, element: str) -> Vector:
    """Tonnes of an element in the feeds of a target that its countries mine."""
    row = visits.lookups.targets[target]
    countries = visits.lookups.target_countries(target)
    total = visits.zeros()
    for flow, tonnes in visits.flows:
        if flow.item != "mined" or flow.country not in countries:
            continue
        if not row.feeds or flow.feed in row.feeds:
            share = visits.lookups.feed_shares.get(flow.feed, {}).get(element, 0.0)
            total += share * tonnes
    return total


def _counted(
    visits: AtVisits, target: str, element: str, *, members: list[str], kept: KeptStock
) -> Vector:
    """Tonnes that the countries of a target in one group make, less what of them the group leaves over."""
    form = str(visits.lookups.targets[target].form)
    countries = visits.lookups.target_countries(target)
    total = visits.zeros()
    for country in members:
        good = (country, element, form)
        made = visits.goods["made", good]
        left = left_over(visits, good, kept)
        if country in countries:
            total = total + made - left
        else:
            # What it keeps of its own output is left over first; the rest was had from others.
            own = made - visits.goods["given", good]
            total -= np.maximum(left - own, 0.0)
    return total


def left_over(visits: AtVisits, good: Good, kept: KeptStock) -> Vector:
    """Tonnes of a good that a country has and neither uses, gives nor stores; not stock that is thrown away, as may be
    what is not in `kept`."""
    supply = visits.with_goods(visits.zeros(), ("made", *IMPORTED, "received"), good)
    use = visits.with_goods(_use_of_good(visits, good), ("given", "bought"), good)
    released = visits.goods["released", good]
    used_of_stock = np.where(kept.get(good, False), released, 0.0)
    return np.maximum(supply - use + used_of_stock, 0.0)


def kept_stock(visits: AtVisits) -> KeptStock:
    """Goods whose stock is not thrown away, as a target of origin or of output speaks of them, and where."""
    found: dict[Good, NDArray[np.bool_]] = {}
    for target, row in visits.lookups.targets.items():
        if row.kind == "served":
            continue
        holds = _where(visits, target) > 0
        for element in visits.lookups.target_elements(target):
            for good in _goods(visits, target, element):
                found[good] = found.get(good, False) | holds
    return found
