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
from planner.data.stages import CONVERTING, FORMS, STAGES
from planner.results.ledger import CONVERTED, Broken, Ledger, at_most, equal, never
from planner.results.schema import IMPORTED, RETURNED, SAVED

PLANT_FLOWS: dict[str, set[tuple[str, str]]] = {
    stage.item: {(stage.name, stage.takes if stage.converts else "")} for stage in STAGES.values()
}
PLANT_FLOWS["made"] = {(s.name, s.gives) for s in STAGES.values() if s.recovers}
PLANT_FLOWS[SAVED] = {(s.name, form) for s in STAGES.values() if s.saves for form in FORMS}
PLANT_FLOWS[RETURNED] = {(stage.name, "") for stage in CONVERTING}
"""Stage of plant and form of the good that each flow of a plant may have."""


def rules(book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    yield from _builds(book)
    yield from _plants(book)
    yield from _feeds(book)
    yield from _made(book)
    yield from _exchange(book)
    yield from _imports(book)
    yield from _balance(book)
    yield from _resale(book)
    yield from _stocks(book)


def _builds(book: Ledger) -> Iterator[Broken]:
    case = book.case
    for (p, y), tpa in book.builds:
        yield at_most("build_not_negative", -tpa, 0.0)
        if y not in case.commitment_years(p) or not case.has_lever(case.stage_of(p).lever):
            yield never("build_window", tpa)
    for p, tpa in book.builds.by(lambda key: key[0]):
        yield at_most("nameplate_limit", tpa, case.projects[p].max_new_tpa)


def _plants(book: Ledger) -> Iterator[Broken]:
    case, tree = book.case, book.tree
    for p, row in case.projects.items():
        load = book.loads[p]
        usable = book.at(tree.capacity_factors(p)) * (
            book.at(tree.existing(p)) + book.new_capacity[p]
        )
        yield at_most("throughput_limit", load, usable * book.at(tree.lengths))
        if any((row.country, k) not in case.workforce for k in case.staffing[p]):
            yield never("staff_of_nobody", load)
    yield at_most("flow_not_negative", -book.flows.values, 0.0)
    for (item, country, p, f, _, o), tonnes in book.flows:
        if item in PLANT_FLOWS:
            plant = case.projects.get(p)
            if (
                plant is None
                or (plant.stage, o) not in PLANT_FLOWS[item]
                or plant.country != country
            ):
                yield never("flow_of_plant", tonnes)
            elif STAGES[plant.stage].has_feeds and f not in plant.feeds:
                yield never("accepted_feeds", tonnes)


def _feeds(book: Ledger) -> Iterator[Broken]:
    """Taken by plants of a group at most what its mines give and what returns."""
    group = book.case.group

    def sums(item: str) -> dict[tuple[str, str], Vector]:
        return dict(book.flows.by(lambda key: (group[key[1]], key[3]) if key[0] == item else None))

    given = [sums(stage.item) for stage in STAGES.values() if stage.mines]
    given.append(sums(RETURNED))
    for stage in STAGES.values():
        for place, tonnes in sums(stage.item).items() if stage.separates else ():
            there = sum((some[place] for some in given if place in some), np.zeros(len(tonnes)))
            yield at_most("feed_balance", tonnes, there)


def _made(book: Ledger) -> Iterator[Broken]:
    """Made of each element at most what is recovered of it."""
    case, flows = book.case, book.flows
    for (item, country, p, f, e, _), tonnes in flows:
        if item == "made" and p in case.projects:
            stage = case.stage_of(p)
            if stage.separates:
                share = case.feed_shares.get(f, {}).get(e, 0.0)
                taken = share * flows[stage.item, country, p, f, "", ""]
            else:
                taken = flows[stage.item, country, p, "", e, stage.takes]
            yield at_most("made", tonnes, taken * case.recovery(p, e))


def _exchange(book: Ledger) -> Iterator[Broken]:
    pools: dict[tuple[str, str, str], Vector] = defaultdict(lambda: np.zeros(len(book.node)))
    for (item, c, e, o), tonnes in book.goods:
        if item == "given":
            yield at_most("export_limit", tonnes, book.goods["made", c, e, o])
        if item in ("given", "received"):
            pools[book.case.group[c], e, o] += tonnes if item == "given" else -tonnes
    for left in pools.values():
        yield at_most("pool", -left, 0.0)


def _imports(book: Ledger) -> Iterator[Broken]:
    for (item, c, supplier, _, e, o), tonnes in book.flows:
        if item == "imported":
            yield at_most(
                "import_limit", tonnes, book.at(book.tree.import_limits(supplier, (c, e, o)))
            )


def _resale(book: Ledger) -> Iterator[Broken]:
    """What is had from others: of what is cut at most the leak, and no more than those less cut off can sell on."""
    case, tree = book.case, book.tree
    had = dict(
        book.flows.by(lambda key: (key[2], key[1], *key[4:]) if key[0] == "resold" else None)
    )

    def factor(v: str, c: str, e: str, o: str) -> Vector:
        return book.at(tree.import_factors(v, (c, e, o)))

    def limit(v: str, c: str, e: str, o: str) -> Vector:
        by_year = tree.yearly(case.import_limit.get((v, c, e, o, year), 0.0) for year in case.years)
        return book.at(by_year * tree.lengths)

    for (v, c, e, o), tonnes in had.items():
        own = factor(v, c, e, o)
        yield at_most(
            "leak",
            tonnes,
            _leak(book, (v, c, e, o)) * np.maximum(1.0 - own, 0.0) * limit(v, c, e, o),
        )
        rivals, offered = np.zeros(len(own)), np.zeros(len(own))
        for other in (other for other in case.countries if case.group[other] == case.group[c]):
            theirs = factor(v, other, e, o)
            rivals += np.where(
                (own <= theirs) & (theirs < 1.0), had.get((v, other, e, o), 0.0), 0.0
            )
            sold_on = case.resale_share(v, other, e, o) * limit(v, other, e, o) * theirs
            offered += np.where(np.minimum(1.0, theirs) > own, sold_on, 0.0)
        yield at_most("resale", rivals, offered)


def _leak(book: Ledger, series: tuple[str, str, str, str]) -> Vector:
    """The least leak of the cuts in force on what a supplier sells to a country, at every visit; 0 without a cut."""
    case, periods = book.case, book.tree.periods
    leaks = np.full((len(case.scenarios), len(periods)), np.inf)
    place = {w: i for i, w in enumerate(case.scenarios)}
    for row in _cuts(case, series):
        for i, period in enumerate(periods):
            begun = row.start_year is None or begin_of(row.start_year) <= end_of(period)
            if begun and (row.end_year is None or begin_of(period) <= end_of(row.end_year)):
                leaks[place[row.scenario], i] = min(leaks[place[row.scenario], i], row.leak)
    return np.where(np.isinf(leaks), 0.0, leaks).ravel()


def _cuts(case: Case, series: tuple[str, str, str, str]) -> Iterator[Shock]:
    for row in case.tables.shocks:
        if row.kind == "import" and row.factor < 1.0:
            named = (row.supplier, row.country, row.element, row.form)
            if all(cell in ("", one) for cell, one in zip(named, series, strict=True)):
                yield row


def _balance(book: Ledger) -> Iterator[Broken]:
    case, goods = book.case, book.goods
    stated = book.shortfall.amounts("demand_t")
    touched: dict[Good, None] = dict.fromkeys(key[1:] for key, _ in goods)
    touched |= dict.fromkeys(key[:3] for key in case.demand) | dict.fromkeys(
        good for good, _ in book.short
    )
    for good in touched:
        demand, short = book.at(book.tree.demands(good)), book.short[good]
        sources = ("made", *IMPORTED, "received", "released", SAVED)
        supply = sum((goods[(item, *good)] for item in sources), short)
        uses = ("given", *CONVERTED, "bought")
        use = sum((goods[(item, *good)] for item in uses), demand)
        yield at_most("balance", use, supply)
        yield at_most("shortfall_limit", short + goods[(SAVED, *good)], demand)
        yield at_most("shortfall_not_negative", -short, 0.0)
        yield equal("demand_as_stated", stated[good], demand)


def _stocks(book: Ledger) -> Iterator[Broken]:
    case, stock = book.case, book.stocks.amounts("stock_t")
    for good, row in case.stockpiles.items():
        now = book.whole(stock[good])
        before = np.hstack([np.full((len(now), 1), row.initial_t), now[:, :-1]])
        bought, released = (
            book.whole(book.goods[(item, *good)]) for item in ("bought", "released")
        )
        yield equal("stock_balance", now, before + bought - released)
        yield at_most("stock_not_negative", -now, 0.0)
        if row.max_t is not None:
            yield at_most("stock_limit", now, row.max_t)
        if not case.has_lever("stockpile"):
            yield never("stock_lever", bought)
    for (item, *good), tonnes in book.goods:
        if item in ("bought", "released") and tuple(good) not in case.stockpiles:
            yield never("stock_of_nothing", tonnes)
