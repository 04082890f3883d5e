"""Flows of a solution at the nodes of histories: what plants take and give, and what is exchanged of each good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from planner.data.lookups import Good
from planner.data.stages import OXIDE
from planner.results.amounts import FlowKey
from planner.results.schema import RETURNED, SAVED, STAGE_ITEMS
from planner.solving.counted_exchange import counting_nodes, net_given
from planner.solving.node_values import AtNodes
from planner.solving.program import Vector
from planner.thresholds import ROUNDING

FlowAmounts = Iterator[tuple[FlowKey, Vector]]
"""Flows and their tonnes (nodes)."""


def flows_of(at: AtNodes) -> FlowAmounts:
    """Every flow, in the order of the table."""
    output = list(_output(at))
    yield from output
    yield from _exchange(at, output)


def _output(at: AtNodes) -> FlowAmounts:
    """Tonnes by node that each plant takes in and gives, and that each saving replaces."""
    for project in at.scope.case.projects:
        stage = at.scope.case.lookups.stage_of(project)
        if stage.mines:
            yield from _of_mine(at, project)
        elif stage.separates:
            yield from _of_separation(at, project)
        elif stage.converts:
            yield from _of_conversion(at, project)
        elif stage.saves:
            yield from _of_saving(at, project)


def _of_mine(at: AtNodes, project: str) -> FlowAmounts:
    row = at.scope.case.projects[project]
    item = STAGE_ITEMS[row.stage]
    yield FlowKey(row.country, item, project, feed=row.feeds[0]), at("mined", project)


def _of_separation(at: AtNodes, project: str) -> FlowAmounts:
    """Feed that a separation plant takes in, and the oxides that it makes of it."""
    row = at.scope.case.projects[project]
    for feed in sorted(row.feeds):
        taken = at("separated", project, feed)
        if not taken.any():
            continue
        yield FlowKey(row.country, STAGE_ITEMS[row.stage], project, feed=feed), taken
        for element, yielded in at.scope.yields[project, feed].items():
            made = np.where(taken > 0, yielded * taken, 0.0)
            label = FlowKey(row.country, "made", project, feed=feed, element=element, form=OXIDE)
            yield label, made


def _of_conversion(at: AtNodes, project: str) -> FlowAmounts:
    """Tonnes by node that a converting plant takes in and makes of each element, and that return of it as a feed."""
    case = at.scope.case
    country, stage = case.projects[project].country, case.lookups.stage_of(project)
    for element in case.elements:
        taken = at("converted", project, element)
        if taken.any():
            recovered = case.lookups.recovery(project, element) * taken
            made = np.where(taken > 0, recovered, 0.0)
            takes, gives = stage.takes, stage.gives
            yield FlowKey(country, stage.item, project, element=element, form=takes), taken
            yield FlowKey(country, "made", project, element=element, form=gives), made
    returns = case.lookups.returned[project]
    feeds = {feed for _, feed in returns}
    for feed in sorted(feeds):
        back: list[Vector] = []
        for (element, returned), share in returns.items():
            if returned == feed:
                back.append(share * at("converted", project, element))
        yield FlowKey(country, RETURNED, project, feed=feed), at.total(back)


def _of_saving(at: AtNodes, project: str) -> FlowAmounts:
    case = at.scope.case
    country = case.projects[project].country
    yield FlowKey(country, case.lookups.stage_of(project).item, project), at("run", project)
    for _, element, form in case.lookups.savings[project]:
        saved = at("saved", project, element, form)
        yield FlowKey(country, SAVED, project, element=element, form=form), saved


def _exchange(at: AtNodes, output: Iterable[tuple[FlowKey, Vector]]) -> FlowAmounts:
    """Tonnes by node of each good exchanged, stocked and imported, in the order of the table."""
    scope = at.scope
    given = _given(at, output)
    nothing = np.zeros(at.size)
    for good in scope.goods:
        country, element, form = good
        covered = scope.covered[good]
        released = bought = nothing
        if good in at.stock:
            _, released = at.stock[good]
            bought = np.where(covered, 0.0, at("bought", *good))
        net = given.get(good, nothing)
        moved = {"given": net, "received": -net, "released": released, "bought": bought}
        for item, tonnes in moved.items():
            if tonnes.any():
                yield FlowKey(country, item, element=element, form=form), tonnes
        open_demand = np.maximum(at.demands[good] - released, 0.0)
        imported = np.where(covered, open_demand, at("imported", *good))
        if imported.any():
            for supplier, part in _by_supplier(at, good, imported):
                yield FlowKey(country, "imported", supplier, element=element, form=form), part
        for supplier in scope.suppliers.get(good, ()):
            resold = at("resold", supplier, *good)
            yield FlowKey(country, "resold", supplier, element=element, form=form), resold


def _given(at: AtNodes, output: Iterable[tuple[FlowKey, Vector]]) -> dict[Good, Vector]:
    """Given less received (t) of each good: made less delivered. Makers of more than their group takes keep the
    rest, in proportion to what they could give."""
    nothing = np.zeros(at.size)
    made: dict[Good, Vector] = {}
    for flow, tonnes in output:
        if flow.item == "made":
            good = flow.country, flow.element, flow.form
            made[good] = made[good] + tonnes if good in made else tonnes
    net: dict[Good, Vector] = {}
    for (_, element, form), countries in at.scope.traded.items():
        of_group = {}
        for country in countries:
            good = country, element, form
            of_group[good] = made.get(good, nothing)
        shared = _shared(at, of_group)
        counting = counting_nodes(at.scope, of_group)
        if counting.any():
            counted = net_given(at, of_group)
            for good in of_group:
                shared[good] = np.where(counting, counted[good], shared[good])
        net |= shared
    return net


def _shared(at: AtNodes, made: dict[Good, Vector]) -> dict[Good, Vector]:
    """Given less received (t) of the goods of one group by what is made and delivered."""
    over: dict[Good, Vector] = {}
    offers: list[Vector] = []
    lacks: list[Vector] = []
    for good, tonnes in made.items():
        over[good] = tonnes - at("delivered", *good)
        offers.append(np.maximum(over[good], 0.0))
        lacks.append(np.maximum(-over[good], 0.0))
    offered = at.total(offers)
    taken = at.total(lacks)
    net: dict[Good, Vector] = {}
    for good, tonnes in over.items():
        nothing = np.zeros(at.size)
        part = np.divide(tonnes * taken, offered, out=nothing, where=offered > 0)
        moved = np.where(tonnes > 0, part, tonnes)
        moves = (taken > ROUNDING) & (np.abs(tonnes) > ROUNDING)
        net[good] = np.where(moves, moved, 0.0)
    return net


def _by_supplier(at: AtNodes, good: Good, imported: Vector) -> Iterator[tuple[str, Vector]]:
    """Imports (t) of a good from each supplier, in proportion to what each can sell where it does not matter which it is.

    Where imports cover a good, those that cost something sell nothing.
    """
    scope = at.scope
    covered = scope.covered[good]
    limits: dict[str, Vector] = {}
    for supplier in scope.suppliers[good]:
        free = scope.tree.import_prices(supplier, good) == 0
        limit = scope.tree.import_limits(supplier, good)
        limits[supplier] = np.where(free | ~covered, limit, 0.0)
    on_offer = at.total(limits.values())
    for supplier, limit in limits.items():
        nothing = np.zeros(at.size)
        part = np.divide(imported * limit, on_offer, out=nothing, where=limit > 0)
        named = at("imported_from", supplier, *good)
        yield supplier, np.where(at.by_name[good], named, part)
