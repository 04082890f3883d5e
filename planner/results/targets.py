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
from planner.results.scenario_amounts import ScenarioAmounts
from planner.results.schema import CONVERTED, IMPORTED
from planner.units import musd_per_tonne

KeptStock = Mapping[Good, NDArray[np.bool_]]
"""Good -> at which amounts its stock is not thrown away."""
MET = 1e-6
"""Missing tonnes, as a share of 1 + use, up to which a target counts as met."""


@dataclass(frozen=True, kw_only=True)
class TargetLimit:
    """One limit of a target per scenario and period: `amount` <= `allowed`, a part of `base` (t); 0 where it does not hold.

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
        """The limit at some amounts alone. holds: 1 there, else 0."""
        return replace(
            self, amount=holds * self.amount, allowed=holds * self.allowed, base=holds * self.base
        )


def limits(amounts: ScenarioAmounts) -> Iterator[TargetLimit]:
    """Every limit of every target."""
    for target in amounts.lookups.targets:
        holds = _where(amounts, target)
        for element in amounts.lookups.target_elements(target):
            for limit in _limits_of(amounts, target, element):
                yield limit.where(holds)


def _limits_of(amounts: ScenarioAmounts, target: str, element: str) -> Iterator[TargetLimit]:
    """The limits of a target on an element, as if it held everywhere."""
    row = amounts.lookups.targets[target]
    limit = partial(TargetLimit, target=target, element=element)
    if row.kind == "served":
        short, demand = _served(amounts, target, element)
        yield limit(origin="", amount=short, allowed=(1.0 - row.share) * demand, base=demand)
        return
    use = _use(amounts, target, element)
    if row.kind == "origin_share":
        for origin, tonnes in _by_origin(amounts, target, element).items():
            yield limit(origin=origin, amount=tonnes, allowed=row.share * use, base=use)
    else:
        elsewhere = use - _made(amounts, target, element)
        yield limit(origin="", amount=elsewhere, allowed=(1.0 - row.share) * use, base=use)


def missed_musd(amounts: ScenarioAmounts) -> Vector:
    """Tonnes that targets miss at their price (MUSD, not discounted)."""
    total = amounts.zeros()
    for limit in limits(amounts):
        price = amounts.lookups.targets[limit.target].price_usd_per_kg
        if price:
            total += musd_per_tonne(price) * limit.missing
    return total


def targets_met(amounts: ScenarioAmounts) -> dict[str, dict[str, Any]]:
    """Target -> `missing_t` and `cost_musd`, expected, the cost discounted, and whether it is `met`."""
    case = amounts.case
    chance = amounts.everywhere(amounts.probabilities)
    by_year = np.array([case.lookups.cost_discount(year) for year in case.years])
    worth = chance * by_year[amounts.year_places]
    found: dict[str, dict[str, Any]] = {}
    for target in case.lookups.targets:
        found[target] = {"missing_t": 0.0, "cost_musd": 0.0, "met": True}
    for limit in limits(amounts):
        price = musd_per_tonne(case.lookups.targets[limit.target].price_usd_per_kg or 0.0)
        is_met = limit.missing <= MET * (1.0 + limit.base)
        missing = np.where(is_met, 0.0, limit.missing)
        of_target = found[limit.target]
        of_target["missing_t"] += float(chance @ missing)
        of_target["cost_musd"] += float(price * (worth @ limit.missing))
        of_target["met"] = of_target["met"] and not missing.any()
    return found


def shares_reached(amounts: ScenarioAmounts) -> dict[str, float]:
    """Target -> the share that it asks for, as it is reached where least is: in the worst year and scenario of those in
    which it holds, of the worst element. What holds nowhere, or is a share of nothing, is left out."""
    found: dict[str, float] = {}
    for limit in limits(amounts):
        counts = limit.base > MET
        if not counts.any():
            continue
        most = float((limit.amount[counts] / limit.base[counts]).max())
        found[limit.target] = max(most, found.get(limit.target, 0.0))
    for target, most in found.items():
        if amounts.lookups.targets[target].kind != "origin_share":
            found[target] = 1.0 - most
    return found


def _where(amounts: ScenarioAmounts, target: str) -> Vector:
    """1 at the amounts on whose nodes a target holds, else 0."""
    years = amounts.lookups.target_years(target)
    scenarios = amounts.lookups.target_scenarios(target)
    holds = [
        node.year in years and not scenarios.isdisjoint(node.scenarios)
        for node in amounts.tree.nodes
    ]
    return amounts.at(np.array(holds, dtype=float))


def _goods(amounts: ScenarioAmounts, target: str, element: str) -> list[Good]:
    pairs = product(amounts.lookups.target_countries(target), amounts.lookups.target_forms(target))
    return [(country, element, form) for country, form in pairs]


def _served(amounts: ScenarioAmounts, target: str, element: str) -> tuple[Vector, Vector]:
    """Shortfall and demand (t)."""
    short = amounts.zeros()
    demand = amounts.zeros()
    for good in _goods(amounts, target, element):
        short += amounts.short[good]
        demand += amounts.demand(good)
    return short, demand


def use_of_good(amounts: ScenarioAmounts, good: Good) -> Vector:
    """Demand that is neither saved nor short, and tonnes that plants take in."""
    taken = amounts.with_goods(amounts.zeros(), CONVERTED, good)
    met = amounts.demand(good) - amounts.goods["saved", good] - amounts.short[good]
    return met + taken


def _use(amounts: ScenarioAmounts, target: str, element: str) -> Vector:
    """The use of which the shares of a target are (t)."""
    total = amounts.zeros()
    for good in _goods(amounts, target, element):
        used = total + use_of_good(amounts, good)
        total = used + amounts.goods["bought", good] - amounts.goods["released", good]
    return total


def _by_origin(amounts: ScenarioAmounts, target: str, element: str) -> dict[str, Vector]:
    """Imports and resold goods (t) by outside origin."""
    case = amounts.case
    goods = set(_goods(amounts, target, element))
    sellers = set()
    for row in case.tables.imports:
        if (row.country, row.element, row.form) in goods:
            sellers.add(row.supplier)
    found = {
        case.lookups.supplier_origin[supplier]: amounts.zeros() for supplier in sorted(sellers)
    }
    for flow, tonnes in amounts.flows:
        if flow.item in IMPORTED and flow.good in goods:
            found[case.lookups.supplier_origin[flow.project]] += tonnes
    return found


def _made(amounts: ScenarioAmounts, target: str, element: str) -> Vector:
    """Tonnes made in the countries of a target less what is left over of them, or in what their mines yield."""
    case = amounts.case
    if case.lookups.targets[target].form == "feed":
        return _mined(amounts, target, element)
    total = amounts.zeros()
    kept = kept_stock(amounts)
    for group in sorted(
        {case.lookups.group[country] for country in case.lookups.target_countries(target)}
    ):
        members = [country for country in case.countries if case.lookups.group[country] == group]
        # Where nothing is made, what is left over came from outside.
        counted = _counted(amounts, target, element, members=members, kept=kept)
        total += np.maximum(counted, 0.0)
    return total


def _mined(amounts: ScenarioAmounts, target: str, element: str) -> Vector:
    """Tonnes of an element in the feeds of a target that its countries mine."""
    row = amounts.lookups.targets[target]
    countries = amounts.lookups.target_countries(target)
    total = amounts.zeros()
    for flow, tonnes in amounts.flows:
        if flow.item != "mined" or flow.country not in countries:
            continue
        if not row.feeds or flow.feed in row.feeds:
            share = amounts.lookups.feed_shares.get(flow.feed, {}).get(element, 0.0)
            total += share * tonnes
    return total


def _counted(
    amounts: ScenarioAmounts, target: str, element: str, *, members: list[str], kept: KeptStock
) -> Vector:
    """Tonnes that the countries of a target in one group make, less what of them the group leaves over."""
    form = str(amounts.lookups.targets[target].form)
    countries = amounts.lookups.target_countries(target)
    total = amounts.zeros()
    for country in members:
        good = (country, element, form)
        made = amounts.goods["made", good]
        left = left_over(amounts, good, kept)
        if country in countries:
            total = total + made - left
        else:
            # What it keeps of its own output is left over first; the rest was had from others.
            own = made - amounts.goods["given", good]
            total -= np.maximum(left - own, 0.0)
    return total


def left_over(amounts: ScenarioAmounts, good: Good, kept: KeptStock) -> Vector:
    """Tonnes of a good that a country has and neither uses, gives nor stores; not stock that is thrown away, as may be
    what is not in `kept`."""
    supply = amounts.with_goods(amounts.zeros(), ("made", *IMPORTED, "received"), good)
    use = amounts.with_goods(use_of_good(amounts, good), ("given", "bought"), good)
    released = amounts.goods["released", good]
    used_of_stock = np.where(kept.get(good, False), released, 0.0)
    return np.maximum(supply - use + used_of_stock, 0.0)


def kept_stock(amounts: ScenarioAmounts) -> KeptStock:
    """Goods whose stock is not thrown away, as a target of origin or of output speaks of them, and where."""
    found: dict[Good, NDArray[np.bool_]] = {}
    for target, row in amounts.lookups.targets.items():
        if row.kind == "served":
            continue
        holds = _where(amounts, target) > 0
        for element in amounts.lookups.target_elements(target):
            for good in _goods(amounts, target, element):
                found[good] = found.get(good, False) | holds
    return found
