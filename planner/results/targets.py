"""Targets recomputed from the result tables: what each may have, what it has, and what is missing.

Every target is a limit on an amount: shortfall, what comes from one origin, or use that is not made at home, each as a
share of demand or use. It holds in every period by itself, at the visits (a scenario in a period) on its nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.results.ledger import CONVERTED, Broken, Ledger, at_most
from planner.results.schema import IMPORTED
from planner.units import musd_per_tonne

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


def limits(book: Ledger) -> Iterator[TargetLimit]:
    """Every limit of every target."""
    for target, row in book.case.targets.items():
        holds = _where(book, target)
        for element in book.case.target_elements(target):
            limit = partial(TargetLimit, target=target, element=element)
            if row.kind == "served":
                short, demand = _served(book, target, element)
                allowed = (1.0 - row.share) * demand
                yield limit(
                    origin="", amount=holds * short, allowed=holds * allowed, base=holds * demand
                )
                continue
            use = holds * _use(book, target, element)
            if row.kind == "origin_share":
                for origin, tonnes in _by_origin(book, target, element).items():
                    come = holds * tonnes
                    yield limit(origin=origin, amount=come, allowed=row.share * use, base=use)
            else:
                home = holds * _made(book, target, element)
                allowed = (1.0 - row.share) * use
                yield limit(origin="", amount=use - home, allowed=allowed, base=use)


def rules(book: Ledger) -> Iterator[Broken]:
    """Targets that must hold do, and stock of their goods is not thrown away."""
    for limit in limits(book):
        if book.case.targets[limit.target].price_usd_per_kg is None:
            yield at_most("target", limit.amount, limit.allowed)
    for good, holds in _kept_stock(book).items():
        released = np.where(holds, book.goods[("released", *good)], 0.0)
        use = np.where(holds, _use_of_good(book, good), 0.0)
        yield at_most("target_stock", released, use)


def missed_musd(book: Ledger) -> NDArray[np.float64]:
    """What targets miss at their price (scenarios, periods), MUSD, not discounted."""
    total = book.whole(np.zeros(len(book.node)))
    for limit in limits(book):
        price = book.case.targets[limit.target].price_usd_per_kg
        if price:
            total = total + musd_per_tonne(price) * book.whole(limit.missing)
    return total


def targets_met(book: Ledger) -> dict[str, dict[str, Any]]:
    """Target -> `missing_t` and `cost_musd`, expected, the cost discounted, and whether it is `met`."""
    case = book.case
    chance = book.everywhere(np.array(list(case.scenarios.values())))
    discount = np.array([case.cost_discount(year) for year in case.years])
    worth = chance * discount[book.years - case.first_year]
    out: dict[str, dict[str, Any]] = {
        target: {"missing_t": 0.0, "cost_musd": 0.0, "met": True} for target in case.targets
    }
    for limit in limits(book):
        told, missing = out[limit.target], limit.missing
        missing = np.where(missing <= MET * (1.0 + limit.base), 0.0, missing)
        price = musd_per_tonne(case.targets[limit.target].price_usd_per_kg or 0.0)
        told["missing_t"] += float(chance @ missing)
        told["cost_musd"] += float(price * (worth @ limit.missing))
        told["met"] = told["met"] and not missing.any()
    return out


def _where(book: Ledger, target: str) -> Vector:
    """1 at the visits on whose nodes a target holds, else 0."""
    years, scenarios = book.case.target_years(target), book.case.target_scenarios(target)
    nodes = [
        node.index
        for node in book.tree.nodes
        if node.year in years and not scenarios.isdisjoint(node.scenarios)
    ]
    return np.isin(book.node, nodes).astype(float)


def _goods(book: Ledger, target: str, element: str) -> list[Good]:
    case = book.case
    return [
        (c, element, o) for c in case.target_countries(target) for o in case.target_forms(target)
    ]


def _served(book: Ledger, target: str, element: str) -> tuple[Vector, Vector]:
    """Shortfall and demand (t)."""
    short, demand = np.zeros(len(book.node)), np.zeros(len(book.node))
    for good in _goods(book, target, element):
        short = short + book.short[good]
        demand = demand + book.at(book.tree.demands(good))
    return short, demand


def _use_of_good(book: Ledger, good: Good) -> Vector:
    """Demand that is neither saved nor short, and what plants take in (t)."""
    taken = sum((book.goods[(item, *good)] for item in CONVERTED), np.zeros(len(book.node)))
    met = book.at(book.tree.demands(good)) - book.goods[("saved", *good)] - book.short[good]
    return met + taken


def _use(book: Ledger, target: str, element: str) -> Vector:
    """What the shares of a target are of (t)."""
    total = np.zeros(len(book.node))
    for good in _goods(book, target, element):
        bought, released = (book.goods[(item, *good)] for item in ("bought", "released"))
        total = total + _use_of_good(book, good) + bought - released
    return total


def _by_origin(book: Ledger, target: str, element: str) -> dict[str, Vector]:
    """Imports and resold goods (t) by outside origin."""
    case, goods = book.case, set(_goods(book, target, element))
    sellers = {
        row.supplier for row in case.tables.imports if (row.country, row.element, row.form) in goods
    }
    out = {case.supplier_origin[v]: np.zeros(len(book.node)) for v in sorted(sellers)}
    for (item, country, supplier, _, e, form), tonnes in book.flows:
        if item in IMPORTED and (country, e, form) in goods:
            origin = case.supplier_origin[supplier]
            out[origin] = out[origin] + tonnes
    return out


def _made(book: Ledger, target: str, element: str) -> Vector:
    """Made in the countries of a target less what is left over of it, or what their mines yield (t)."""
    case, row = book.case, book.case.targets[target]
    countries = case.target_countries(target)
    total = np.zeros(len(book.node))
    if row.form == "feed":
        for (item, country, _, feed, _, _), tonnes in book.flows:
            if item == "mined" and country in countries and (not row.feeds or feed in row.feeds):
                total = total + case.feed_shares.get(feed, {}).get(element, 0.0) * tonnes
        return total
    for group in sorted({case.group[c] for c in countries}):
        members = [c for c in case.countries if case.group[c] == group]
        # Where nothing is made, what is left over came from outside.
        total = total + np.maximum(_counted(book, target, element, members), 0.0)
    return total


def _counted(book: Ledger, target: str, element: str, members: list[str]) -> Vector:
    """What the countries of a target in one group make, less what of it the group leaves over (t)."""
    form = str(book.case.targets[target].form)
    countries = book.case.target_countries(target)
    total = np.zeros(len(book.node))
    for c in members:
        good = (c, element, form)
        made, left = book.goods[("made", *good)], left_over(book, good)
        if c in countries:
            total = total + made - left
        else:
            # What it keeps of its own output is left over first; the rest was had from others.
            kept = made - book.goods[("given", *good)]
            total = total - np.maximum(left - kept, 0.0)
    return total


def left_over(book: Ledger, good: Good) -> Vector:
    """What a country has of a good and neither uses, gives nor stores (t); not stock that is thrown away."""
    supply = sum(book.goods[(item, *good)] for item in ("made", "imported", "resold", "received"))
    use = _use_of_good(book, good) + book.goods[("given", *good)] + book.goods[("bought", *good)]
    left = supply - use + book.goods[("released", *good)]
    thrown = np.where(_is_kept(book, good), 0.0, book.goods[("released", *good)])
    return np.maximum(left - thrown, 0.0)


def _is_kept(book: Ledger, good: Good) -> NDArray[np.bool_]:
    nowhere = np.zeros(len(book.node), dtype=bool)
    return _kept_stock(book).get(good, nowhere)


def _kept_stock(book: Ledger) -> dict[Good, NDArray[np.bool_]]:
    """Goods of which a target of origin or of output speaks, and where."""
    out: dict[Good, NDArray[np.bool_]] = {}
    for target, row in book.case.targets.items():
        if row.kind == "served":
            continue
        holds = _where(book, target) > 0
        for element in book.case.target_elements(target):
            for good in _goods(book, target, element):
                out[good] = out[good] | holds if good in out else holds
    return out
