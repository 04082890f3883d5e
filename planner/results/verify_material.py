"""Rules of plants, feeds, goods and stocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.lookups import Good
from planner.data.scenario_tree import Vector
from planner.data.schema import Shock
from planner.data.shock_effects import Period
from planner.data.stages import CONVERTING, FORMS, STAGES
from planner.results.ledger import CONVERTED, Broken, Flow, Ledger, at_most, equal, never
from planner.results.schema import IMPORTED, RETURNED, SAVED

PLANT_FLOWS: dict[str, set[tuple[str, str]]] = {
    stage.item: {(stage.name, stage.takes if stage.converts else "")} for stage in STAGES.values()
}
PLANT_FLOWS["made"] = {(s.name, s.gives) for s in STAGES.values() if s.recovers}
PLANT_FLOWS[SAVED] = {(s.name, form) for s in STAGES.values() if s.saves for form in FORMS}
PLANT_FLOWS[RETURNED] = {(stage.name, "") for stage in CONVERTING}
"""Stage of plant and form of the good that each flow of a plant may have."""
SOURCES = ("made", *IMPORTED, "received", "released", SAVED)
USES = ("given", *CONVERTED, "bought")
"""Items of `operations` that a good comes from, and that it is used for."""
Series = tuple[str, str, str, str]
"""Sales of a supplier: supplier, country, element, form."""


def rules(book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _builds(book)
    yield from _plants(book)
    yield from _plant_flows(book)
    yield from _feeds(book)
    yield from _made(book)
    yield from _exchange(book)
    yield from _imports(book)
    yield from _balance(book)
    yield from _resale(book)
    yield from _stocks(book)


def _builds(book: Ledger) -> Iterator[Broken]:
    case = book.case
    for (project, year), tpa in book.builds:
        yield at_most("build_not_negative", -tpa, 0.0)
        may_build = case.has_lever(case.stage_of(project).lever)
        if not may_build or year not in case.commitment_years(project):
            yield never("build_window", tpa)
    for project, tpa in book.builds.by(lambda key: key[0]):
        yield at_most("nameplate_limit", tpa, case.projects[project].max_new_tpa)


def _plants(book: Ledger) -> Iterator[Broken]:
    case = book.case
    lengths = book.at(book.tree.lengths)
    for project, row in case.projects.items():
        load = book.loads[project]
        capacity = book.existing[project] + book.new_capacity[project]
        usable = book.factor(project) * capacity
        yield at_most("throughput_limit", load, usable * lengths)
        if any((row.country, skill) not in case.workforce for skill in case.staffing[project]):
            yield never("staff_of_nobody", load)


def _plant_flows(book: Ledger) -> Iterator[Broken]:
    """Flows are of a plant that may have them."""
    yield at_most("flow_not_negative", -book.flows.values, 0.0)
    for flow, tonnes in book.flows:
        if flow.item not in PLANT_FLOWS:
            continue
        plant = book.case.projects.get(flow.project)
        if plant is None or plant.country != flow.country:
            yield never("flow_of_plant", tonnes)
            continue
        if (plant.stage, flow.form) not in PLANT_FLOWS[flow.item]:
            yield never("flow_of_plant", tonnes)
        elif STAGES[plant.stage].has_feeds and flow.feed not in plant.feeds:
            yield never("accepted_feeds", tonnes)


def _feeds(book: Ledger) -> Iterator[Broken]:
    """Plants of a group take at most what its mines give and what returns."""
    given: dict[tuple[str, str], Vector] = {}
    for item in (*(stage.item for stage in STAGES.values() if stage.mines), RETURNED):
        for place, tonnes in _by_group_and_feed(book, item).items():
            given[place] = given.get(place, 0.0) + tonnes
    for stage in STAGES.values():
        if stage.separates:
            for place, tonnes in _by_group_and_feed(book, stage.item).items():
                yield at_most("feed_balance", tonnes, given.get(place, 0.0))


def _by_group_and_feed(book: Ledger, item: str) -> dict[tuple[str, str], Vector]:
    """(group, feed) -> tonnes of an item."""

    def place(flow: Flow) -> tuple[str, str] | None:
        return (book.case.group[flow.country], flow.feed) if flow.item == item else None

    return dict(book.flows.by(place))


def _made(book: Ledger) -> Iterator[Broken]:
    """Plants make of each element at most what is recovered of it."""
    case = book.case
    for flow, tonnes in book.flows:
        project, element = flow.project, flow.element
        if flow.item != "made" or project not in case.projects:
            continue
        if case.stage_of(project).separates:
            share = case.feed_shares.get(flow.feed, {}).get(element, 0.0)
            taken = share * book.taken(project, feed=flow.feed)
        else:
            taken = book.taken(project, element=element)
        yield at_most("made", tonnes, taken * case.recovery(project, element))


def _exchange(book: Ledger) -> Iterator[Broken]:
    pools: dict[tuple[str, str, str], Vector] = defaultdict(book.zeros)
    for (item, good), tonnes in book.goods:
        country, element, form = good
        pool = book.case.group[country], element, form
        if item == "given":
            yield at_most("export_limit", tonnes, book.goods["made", good])
            pools[pool] += tonnes
        elif item == "received":
            pools[pool] -= tonnes
    for left in pools.values():
        yield at_most("pool", -left, 0.0)


def _imports(book: Ledger) -> Iterator[Broken]:
    for flow, tonnes in book.flows:
        if flow.item == "imported":
            most = book.tree.import_limits(flow.project, flow.good)
            yield at_most("import_limit", tonnes, book.at(most))


def _resale(book: Ledger) -> Iterator[Broken]:
    """Goods had from others are at most the leak of what is cut, and what those less cut off can sell on."""
    had: dict[Series, Vector] = {}
    for flow, tonnes in book.flows:
        if flow.item == "resold":
            series = (flow.project, *flow.good)
            had[series] = had.get(series, 0.0) + tonnes
    for series, tonnes in had.items():
        cut = np.maximum(1.0 - _import_factor(book, series), 0.0)
        most = _leak(book, series) * cut * _undisturbed_limit(book, series)
        yield at_most("leak", tonnes, most)
        rivals, offered = _on_offer(book, series, had)
        yield at_most("resale", rivals, offered)


def _on_offer(book: Ledger, series: Series, had: dict[Series, Vector]) -> tuple[Vector, Vector]:
    """Tonnes that all who are as cut off as a country have from others, and that those less cut off can sell on."""
    case = book.case
    supplier, country, element, form = series
    own = _import_factor(book, series)
    rivals = book.zeros()
    offered = book.zeros()
    for other in case.countries:
        if case.group[other] != case.group[country]:
            continue
        others = supplier, other, element, form
        theirs = _import_factor(book, others)
        is_rival = (own <= theirs) & (theirs < 1.0)
        rivals += np.where(is_rival, had.get(others, 0.0), 0.0)
        sold_on = case.resale_share(*others) * _undisturbed_limit(book, others) * theirs
        offered += np.where(np.minimum(1.0, theirs) > own, sold_on, 0.0)
    return rivals, offered


def _import_factor(book: Ledger, series: Series) -> Vector:
    """The share of its sales that shocks leave a supplier, at every visit."""
    supplier, country, element, form = series
    return book.at(book.tree.import_factors(supplier, (country, element, form)))


def _undisturbed_limit(book: Ledger, series: Series) -> Vector:
    """Tonnes that a supplier can sell without shocks, at every visit."""
    case = book.case
    by_year = book.tree.yearly(case.import_limit.get((*series, year), 0.0) for year in case.years)
    return book.at(by_year * book.tree.lengths)


def _leak(book: Ledger, series: Series) -> Vector:
    """The least leak of the cuts in force on what a supplier sells to a country, at every visit; 0 without a cut."""
    scenarios = list(book.case.scenarios)
    leaks = np.full((len(scenarios), len(book.tree.periods)), np.inf)
    for cut in _cuts(book.case, series):
        scenario = scenarios.index(cut.scenario)
        for place, period in enumerate(book.tree.periods):
            if _is_in_force(cut, period):
                leaks[scenario, place] = min(leaks[scenario, place], cut.leak)
    return np.where(np.isinf(leaks), 0.0, leaks).ravel()


def _cuts(case: Case, series: Series) -> Iterator[Shock]:
    for row in case.tables.shocks:
        if row.kind == "import" and row.factor < 1.0:
            named = (row.supplier, row.country, row.element, row.form)
            pairs = zip(named, series, strict=True)
            if all(cell in ("", stated) for cell, stated in pairs):
                yield row


def _is_in_force(shock: Shock, period: Period) -> bool:
    begun = shock.start_year is None or begin_of(shock.start_year) <= end_of(period)
    over = shock.end_year is not None and begin_of(period) > end_of(shock.end_year)
    return begun and not over


def _balance(book: Ledger) -> Iterator[Broken]:
    stated = book.shortfall.amounts("demand_t")
    touched: dict[Good, None] = dict.fromkeys(good for (_, good), _ in book.goods)
    touched |= dict.fromkeys(key[:3] for key in book.case.demand)
    touched |= dict.fromkeys(good for good, _ in book.short)
    for good in touched:
        demand = book.demand(good)
        short = book.short[good]
        supply = book.with_goods(short, SOURCES, good)
        use = book.with_goods(demand, USES, good)
        saved = book.goods[SAVED, good]
        yield at_most("balance", use, supply)
        yield at_most("shortfall_limit", short + saved, demand)
        yield at_most("shortfall_not_negative", -short, 0.0)
        yield equal("demand_as_stated", stated[good], demand)


def _stocks(book: Ledger) -> Iterator[Broken]:
    case = book.case
    stock = book.stocks.amounts("stock_t")
    for good, row in case.stockpiles.items():
        held = stock[good]
        bought = book.goods["bought", good]
        released = book.goods["released", good]
        by_period = book.whole(held)
        initial = np.full((len(by_period), 1), row.initial_t)
        before = np.hstack([initial, by_period[:, :-1]]).ravel()
        yield equal("stock_balance", held, before + bought - released)
        yield at_most("stock_not_negative", -held, 0.0)
        if row.max_t is not None:
            yield at_most("stock_limit", held, row.max_t)
        if not case.has_lever("stockpile"):
            yield never("stock_lever", bought)
    for (item, good), tonnes in book.goods:
        if item in ("bought", "released") and good not in case.stockpiles:
            yield never("stock_of_nothing", tonnes)
