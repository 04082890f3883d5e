"""Rules of plants, feeds, goods and stocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from planner.data.lookups import Good, Series
from planner.data.scenario_tree import Vector
from planner.data.stages import FORMS, STAGES
from planner.results.amounts import FlowKey
from planner.results.schema import CONVERTED, IMPORTED, RETURNED, SAVED
from planner.verification.recomputed_inputs import (
    RecomputedAmounts,
    may_be_committed,
    may_be_decided,
)
from planner.verification.violations import Broken, at_most, equal, never


def _plant_flows_allowed() -> dict[str, set[tuple[str, str]]]:
    allowed: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for stage in STAGES.values():
        allowed[stage.item].add((stage.name, stage.takes if stage.converts else ""))
        if stage.recovers:
            allowed["made"].add((stage.name, stage.gives))
        if stage.saves:
            allowed[SAVED].update((stage.name, form) for form in FORMS)
        if stage.converts:
            allowed[RETURNED].add((stage.name, ""))
    return dict(allowed)


PLANT_FLOWS = _plant_flows_allowed()
"""Stage of plant and form of the good that each flow of a plant may have."""
SOURCES = ("made", *IMPORTED, "received", "released", SAVED)
USES = ("given", *CONVERTED, "bought")
"""Items of `operations` that a good comes from, and that it is used for."""


def material_rules(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _builds(amounts)
    yield from _plants(amounts)
    yield from _plant_flows(amounts)
    yield from _feeds(amounts)
    yield from _made(amounts)
    yield from _exchange(amounts)
    yield from _imports(amounts)
    yield from _balance(amounts)
    yield from _resale(amounts)
    yield from _stocks(amounts)


def _builds(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Builds are where and when they may be, whole plants where these are demanded, and no project exceeds its largest
    size."""
    case = amounts.case
    for (project, year), tpa in amounts.builds:
        yield at_most("build_not_negative", -tpa, 0.0)
        may_build = case.lookups.has_lever(case.lookups.stage_of(project).lever)
        if not (may_build and may_be_committed(case, project, year)):
            yield never("build_window", tpa)
    for project, tpa in amounts.builds.by(lambda key: key[0]):
        yield at_most("nameplate_limit", tpa, case.projects[project].max_new_tpa)
    if case.model.policy.whole_plants:
        for (project, _), tpa in amounts.builds:
            unit = case.projects[project].unit_tpa
            if unit is not None:
                yield equal("whole_plants", tpa, unit * np.round(tpa / unit))


def _plants(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """No plant runs beyond its usable capacity, or without the staff that it needs."""
    case = amounts.case
    lengths = amounts.at(amounts.tree.lengths)
    for project, row in case.projects.items():
        load = amounts.loads[project]
        capacity = amounts.existing[project] + amounts.new_capacity[project]
        usable = amounts.factor(project) * capacity
        yield at_most("throughput_limit", load, usable * lengths)
        if row.must_run:
            yield equal("must_run", load, usable * lengths)
        teams = {(row.country, skill) for skill in case.lookups.staffing[project]}
        if teams - case.lookups.workforce.keys():
            yield never("staff_of_nobody", load)


def _plant_flows(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Flows are of a plant that may have them."""
    yield at_most("flow_not_negative", -amounts.flows.values, 0.0)
    for flow, tonnes in amounts.flows:
        if flow.item not in PLANT_FLOWS:
            continue
        plant = amounts.case.projects.get(flow.project)
        if plant is None or plant.country != flow.country:
            yield never("flow_of_plant", tonnes)
            continue
        if (plant.stage, flow.form) not in PLANT_FLOWS[flow.item]:
            yield never("flow_of_plant", tonnes)
        elif STAGES[plant.stage].has_feeds and flow.feed not in plant.feeds:
            yield never("accepted_feeds", tonnes)


def _feeds(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Plants of a group take at most what its mines give and what returns."""
    given: dict[tuple[str, str], Vector] = {}
    mined = [stage.item for stage in STAGES.values() if stage.mines]
    for item in (*mined, RETURNED):
        for place, tonnes in _by_group_and_feed(amounts, item).items():
            given[place] = given.get(place, 0.0) + tonnes
    for stage in STAGES.values():
        if stage.separates:
            for place, tonnes in _by_group_and_feed(amounts, stage.item).items():
                yield at_most("feed_balance", tonnes, given.get(place, 0.0))


def _by_group_and_feed(amounts: RecomputedAmounts, item: str) -> dict[tuple[str, str], Vector]:
    """(group, feed) -> tonnes of an item."""

    def place(flow: FlowKey) -> tuple[str, str] | None:
        return (amounts.lookups.group[flow.country], flow.feed) if flow.item == item else None

    return dict(amounts.flows.by(place))


def _made(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Plants make of each element at most what is recovered of it."""
    case = amounts.case
    for flow, tonnes in amounts.flows:
        project, element = flow.project, flow.element
        if flow.item != "made" or project not in case.projects:
            continue
        if case.lookups.stage_of(project).separates:
            share = case.lookups.feed_shares.get(flow.feed, {}).get(element, 0.0)
            taken = share * amounts.taken(project, feed=flow.feed)
        else:
            taken = amounts.taken(project, element=element)
        yield at_most("made", tonnes, taken * case.lookups.recovery(project, element))


def _exchange(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Countries give at most what they make, and a group receives at most what it gives."""
    pools: dict[tuple[str, str, str], Vector] = defaultdict(amounts.zeros)
    for (item, good), tonnes in amounts.goods:
        country, element, form = good
        pool = amounts.lookups.group[country], element, form
        if item == "given":
            yield at_most("export_limit", tonnes, amounts.goods["made", good])
            pools[pool] += tonnes
        elif item == "received":
            pools[pool] -= tonnes
    for left in pools.values():
        yield at_most("pool", -left, 0.0)


def _imports(amounts: RecomputedAmounts) -> Iterator[Broken]:
    for flow, tonnes in amounts.flows:
        if flow.item == "imported":
            most = amounts.inputs.sales_limit((flow.project, *flow.good))
            yield at_most("import_limit", tonnes, most)


def _resale(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Goods had from others are at most the leak of what is cut, and what those less cut off can sell on."""
    inputs = amounts.inputs
    had: dict[Series, Vector] = {}
    for flow, tonnes in amounts.flows:
        if flow.item == "resold":
            series = (flow.project, *flow.good)
            had[series] = had.get(series, 0.0) + tonnes
    for series, tonnes in had.items():
        cut = np.maximum(1.0 - inputs.import_factor(series), 0.0)
        most = inputs.leak(series) * cut * inputs.undisturbed_limit(series)
        yield at_most("leak", tonnes, most)
        rivals, offered = _on_offer(amounts, series, had)
        yield at_most("resale", rivals, offered)


def _on_offer(
    amounts: RecomputedAmounts, series: Series, had: dict[Series, Vector]
) -> tuple[Vector, Vector]:
    """Tonnes that all who are as cut off as a country have from others, and that those less cut off can sell on."""
    case = amounts.case
    inputs = amounts.inputs
    supplier, country, element, form = series
    own = inputs.import_factor(series)
    rivals = amounts.zeros()
    offered = amounts.zeros()
    for other in case.countries:
        if case.lookups.group[other] != case.lookups.group[country]:
            continue
        others = supplier, other, element, form
        theirs = inputs.import_factor(others)
        is_rival = (own <= theirs) & (theirs < 1.0)
        rivals += np.where(is_rival, had.get(others, 0.0), 0.0)
        sold_on = case.lookups.resale_share(*others) * inputs.undisturbed_limit(others) * theirs
        offered += np.where(np.minimum(1.0, theirs) > own, sold_on, 0.0)
    return rivals, offered


def _balance(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Supply covers use of each good, and shortfall is within demand."""
    for good in _touched(amounts):
        demand = amounts.demand(good)
        short = amounts.short[good]
        supply = amounts.with_goods(short, SOURCES, good)
        use = amounts.with_goods(demand, USES, good)
        saved = amounts.goods[SAVED, good]
        yield at_most("balance", use, supply)
        yield at_most("shortfall_limit", short + saved, demand)
        yield at_most("shortfall_not_negative", -short, 0.0)


def _touched(amounts: RecomputedAmounts) -> Iterable[Good]:
    """Goods of which something flows, is demanded or is short, each once."""
    touched: dict[Good, None] = {}
    for (_, good), _ in amounts.goods:
        touched[good] = None
    for country, element, form, _ in amounts.case.demand:
        touched[country, element, form] = None
    for good, _ in amounts.short:
        touched[good] = None
    return touched


def _stocks(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """Stock follows purchases and releases, within its limit; nothing is bought without the lever."""
    case = amounts.case
    lengths = amounts.at(amounts.tree.lengths)
    for good, row in case.lookups.stockpiles.items():
        held = amounts.stock[good]
        bought = amounts.goods["bought", good]
        released = amounts.goods["released", good]
        by_period = amounts.whole(held)
        initial = np.full((len(by_period), 1), row.initial_t)
        before = np.hstack([initial, by_period[:, :-1]]).ravel()
        yield equal("stock_balance", held, before + bought - released)
        yield at_most("stock_not_negative", -held, 0.0)
        if row.max_t is not None:
            yield at_most("stock_limit", held, row.max_t)
        if row.purchase_t_per_year is not None:
            yield at_most("purchase_limit", bought, row.purchase_t_per_year * lengths)
        if not case.lookups.has_lever("stockpile"):
            yield never("stock_lever", bought)
        undecided = [not may_be_decided(case, year) for year in amounts.period_years]
        yield never("first_decision_year", amounts.whole(bought)[:, undecided])
    if case.lookups.has_schedule:
        yield from _deliveries(amounts)
    for (item, good), tonnes in amounts.goods:
        if item in ("bought", "released") and good not in case.lookups.stockpiles:
            yield never("stock_of_nothing", tonnes)


def _deliveries(amounts: RecomputedAmounts) -> Iterator[Broken]:
    """What is bought is what is scheduled, as far as trade goes on in the period."""
    case = amounts.case
    lengths = amounts.at(amounts.tree.lengths)
    for (*_, year), tonnes in amounts.scheduled:
        yield at_most("purchase_not_negative", -tonnes, 0.0)
        if not may_be_decided(case, year) or not case.lookups.has_lever("stockpile"):
            yield never("purchase_window", tonnes)
    for good, row in case.lookups.stockpiles.items():
        scheduled = np.array([amounts.scheduled[(*good, year)] for year in case.years])
        if row.purchase_t_per_year is not None:
            yield at_most("purchase_limit", scheduled, row.purchase_t_per_year)
        by_period = scheduled[amounts.period_years - case.first_year].T.ravel()
        bought = amounts.goods["bought", good]
        delivered = by_period * amounts.inputs.trade_left(good) * lengths
        yield equal("scheduled_delivery", bought, delivered)
