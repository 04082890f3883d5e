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
from planner.results.violations import Broken, at_most, equal, never
from planner.results.visit_inputs import may_be_committed, may_be_decided
from planner.results.visits import AtVisits


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


def rules(visits: AtVisits) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _builds(visits)
    yield from _plants(visits)
    yield from _plant_flows(visits)
    yield from _feeds(visits)
    yield from _made(visits)
    yield from _exchange(visits)
    yield from _imports(visits)
    yield from _balance(visits)
    yield from _resale(visits)
    yield from _stocks(visits)


def _builds(visits: AtVisits) -> Iterator[Broken]:
    """Builds are where and when they may be, whole plants where these are demanded, and no project exceeds its largest
    size."""
    case = visits.case
    for (project, year), tpa in visits.builds:
        yield at_most("build_not_negative", -tpa, 0.0)
        may_build = case.lookups.has_lever(case.lookups.stage_of(project).lever)
        if not (may_build and may_be_committed(case, project, year)):
            yield never("build_window", tpa)
    for project, tpa in visits.builds.by(lambda key: key[0]):
        yield at_most("nameplate_limit", tpa, case.projects[project].max_new_tpa)
    if case.model.policy.whole_plants:
        for (project, _), tpa in visits.builds:
            unit = case.projects[project].unit_tpa
            if unit is not None:
                yield equal("whole_plants", tpa, unit * np.round(tpa / unit))


def _plants(visits: AtVisits) -> Iterator[Broken]:
    """No plant runs beyond its usable capacity, or without the staff that it needs."""
    case = visits.case
    lengths = visits.at(visits.tree.lengths)
    for project, row in case.projects.items():
        load = visits.loads[project]
        capacity = visits.existing[project] + visits.new_capacity[project]
        usable = visits.factor(project) * capacity
        yield at_most("throughput_limit", load, usable * lengths)
        if row.must_run:
            yield equal("must_run", load, usable * lengths)
        teams = {(row.country, skill) for skill in case.lookups.staffing[project]}
        if teams - case.lookups.workforce.keys():
            yield never("staff_of_nobody", load)


def _plant_flows(visits: AtVisits) -> Iterator[Broken]:
    """Flows are of a plant that may have them."""
    yield at_most("flow_not_negative", -visits.flows.values, 0.0)
    for flow, tonnes in visits.flows:
        if flow.item not in PLANT_FLOWS:
            continue
        plant = visits.case.projects.get(flow.project)
        if plant is None or plant.country != flow.country:
            yield never("flow_of_plant", tonnes)
            continue
        if (plant.stage, flow.form) not in PLANT_FLOWS[flow.item]:
            yield never("flow_of_plant", tonnes)
        elif STAGES[plant.stage].has_feeds and flow.feed not in plant.feeds:
            yield never("accepted_feeds", tonnes)


def _feeds(visits: AtVisits) -> Iterator[Broken]:
    """Plants of a group take at most what its mines give and what returns."""
    given: dict[tuple[str, str], Vector] = {}
    mined = [stage.item for stage in STAGES.values() if stage.mines]
    for item in (*mined, RETURNED):
        for place, tonnes in _by_group_and_feed(visits, item).items():
            given[place] = given.get(place, 0.0) + tonnes
    for stage in STAGES.values():
        if stage.separates:
            for place, tonnes in _by_group_and_feed(visits, stage.item).items():
                yield at_most("feed_balance", tonnes, given.get(place, 0.0))


def _by_group_and_feed(visits: AtVisits, item: str) -> dict[tuple[str, str], Vector]:
    """(group, feed) -> tonnes of an item."""

    def place(flow: FlowKey) -> tuple[str, str] | None:
        return (visits.lookups.group[flow.country], flow.feed) if flow.item == item else None

    return dict(visits.flows.by(place))


def _made(visits: AtVisits) -> Iterator[Broken]:
    """Plants make of each element at most what is recovered of it."""
    case = visits.case
    for flow, tonnes in visits.flows:
        project, element = flow.project, flow.element
        if flow.item != "made" or project not in case.projects:
            continue
        if case.lookups.stage_of(project).separates:
            share = case.lookups.feed_shares.get(flow.feed, {}).get(element, 0.0)
            taken = share * visits.taken(project, feed=flow.feed)
        else:
            taken = visits.taken(project, element=element)
        yield at_most("made", tonnes, taken * case.lookups.recovery(project, element))


def _exchange(visits: AtVisits) -> Iterator[Broken]:
    """Countries give at most what they make, and a group receives at most what it gives."""
    pools: dict[tuple[str, str, str], Vector] = defaultdict(visits.zeros)
    for (item, good), tonnes in visits.goods:
        country, element, form = good
        pool = visits.lookups.group[country], element, form
        if item == "given":
            yield at_most("export_limit", tonnes, visits.goods["made", good])
            pools[pool] += tonnes
        elif item == "received":
            pools[pool] -= tonnes
    for left in pools.values():
        yield at_most("pool", -left, 0.0)


def _imports(visits: AtVisits) -> Iterator[Broken]:
    for flow, tonnes in visits.flows:
        if flow.item == "imported":
            most = visits.inputs.sales_limit((flow.project, *flow.good))
            yield at_most("import_limit", tonnes, most)


def _resale(visits: AtVisits) -> Iterator[Broken]:
    """Goods had from others are at most the leak of what is cut, and what those less cut off can sell on."""
    inputs = visits.inputs
    had: dict[Series, Vector] = {}
    for flow, tonnes in visits.flows:
        if flow.item == "resold":
            series = (flow.project, *flow.good)
            had[series] = had.get(series, 0.0) + tonnes
    for series, tonnes in had.items():
        cut = np.maximum(1.0 - inputs.import_factor(series), 0.0)
        most = inputs.leak(series) * cut * inputs.undisturbed_limit(series)
        yield at_most("leak", tonnes, most)
        rivals, offered = _on_offer(visits, series, had)
        yield at_most("resale", rivals, offered)


def _on_offer(visits: AtVisits, series: Series, had: dict[Series, Vector]) -> tuple[Vector, Vector]:
    """Tonnes that all who are as cut off as a country have from others, and that those less cut off can sell on."""
    case = visits.case
    inputs = visits.inputs
    supplier, country, element, form = series
    own = inputs.import_factor(series)
    rivals = visits.zeros()
    offered = visits.zeros()
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


def _balance(visits: AtVisits) -> Iterator[Broken]:
    """Supply covers use of each good, and shortfall is within demand."""
    for good in _touched(visits):
        demand = visits.demand(good)
        short = visits.short[good]
        supply = visits.with_goods(short, SOURCES, good)
        use = visits.with_goods(demand, USES, good)
        saved = visits.goods[SAVED, good]
        yield at_most("balance", use, supply)
        yield at_most("shortfall_limit", short + saved, demand)
        yield at_most("shortfall_not_negative", -short, 0.0)


def _touched(visits: AtVisits) -> Iterable[Good]:
    """Goods of which something flows, is demanded or is short, each once."""
    touched: dict[Good, None] = {}
    for (_, good), _ in visits.goods:
        touched[good] = None
    for country, element, form, _ in visits.case.demand:
        touched[country, element, form] = None
    for good, _ in visits.short:
        touched[good] = None
    return touched


def _stocks(visits: AtVisits) -> Iterator[Broken]:
    """Stock follows purchases and releases, within its limit; nothing is bought without the lever."""
    case = visits.case
    lengths = visits.at(visits.tree.lengths)
    for good, row in case.lookups.stockpiles.items():
        held = visits.stock[good]
        bought = visits.goods["bought", good]
        released = visits.goods["released", good]
        by_period = visits.whole(held)
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
        undecided = [not may_be_decided(case, year) for year in visits.period_years]
        yield never("first_decision_year", visits.whole(bought)[:, undecided])
    if case.lookups.has_schedule:
        yield from _deliveries(visits)
    for (item, good), tonnes in visits.goods:
        if item in ("bought", "released") and good not in case.lookups.stockpiles:
            yield never("stock_of_nothing", tonnes)


def _deliveries(visits: AtVisits) -> Iterator[Broken]:
    """What is bought is what is scheduled, as far as trade goes on in the period."""
    case = visits.case
    lengths = visits.at(visits.tree.lengths)
    for (*_, year), tonnes in visits.scheduled:
        yield at_most("purchase_not_negative", -tonnes, 0.0)
        if not may_be_decided(case, year) or not case.lookups.has_lever("stockpile"):
            yield never("purchase_window", tonnes)
    for good, row in case.lookups.stockpiles.items():
        scheduled = np.array([visits.scheduled[(*good, year)] for year in case.years])
        if row.purchase_t_per_year is not None:
            yield at_most("purchase_limit", scheduled, row.purchase_t_per_year)
        by_period = scheduled[visits.period_years - case.first_year].T.ravel()
        bought = visits.goods["bought", good]
        delivered = by_period * visits.inputs.trade_left(good) * lengths
        yield equal("scheduled_delivery", bought, delivered)
