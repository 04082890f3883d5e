"""Rules of plants, feeds, goods and stocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from planner.data.case import Case
from planner.data.cells import begin_of, end_of
from planner.data.effects import Period
from planner.data.lookups import MAGNET, METAL, OXIDE, Good
from planner.data.schema import Shock
from planner.data.tree import Tree
from planner.results.result_lookups import Ledger, Sums, sums
from planner.results.rules import Broken, at_most, equal, never
from planner.results.schema import STAGE_ITEMS

TAKES = {"metal": OXIDE, "magnet": METAL}
"""Stage -> form that its plants take."""
PLANT_FLOWS = {
    "mined": {("mine", "")},
    "separated": {("separation", "")},
    "reduced": {("metal", OXIDE)},
    "sintered": {("magnet", METAL)},
    "made": {("separation", OXIDE), ("metal", METAL), ("magnet", MAGNET)},
}
"""Stage of plant and form of the good that each flow of a plant may have."""


def rules(case: Case, tree: Tree, book: Ledger) -> Iterator[Broken]:
    """Every rule, in every scenario and period."""
    for w in case.scenarios:
        yield from _builds(case, book, w)
        cuts = [row for row in case.tables.shocks if (row.scenario, row.kind) == (w, "import") and row.factor < 1.0]
        for last, t in zip((None, *tree.periods), tree.periods, strict=False):
            n = tree.at[w, t]
            flows, goods = book.flows[w, t], book.goods[w, t]
            yield from _plants(case, tree, book, w, n)
            yield from _feeds(case, flows)
            yield from _made(case, flows)
            yield from _exchange(case, goods)
            yield from _imports(case, tree, flows, n)
            yield from _balance(case, tree, book, w, n)
            yield from _resale(case, tree, flows, n, cuts)
            yield from _stocks(case, book, w, last, t)


def throughput(case: Case, flows: Sums, p: str) -> float:
    """Throughput (t) as capacity counts it."""
    row = case.projects[p]
    item = STAGE_ITEMS[row.stage]
    if row.stage == "separation":
        return sum(case.capacity_use(p, f) * flows[item, row.country, p, f, "", ""] for f in row.feeds)
    if row.stage == "mine":
        return flows[item, row.country, p, row.feeds[0], "", ""]
    return sum(flows[item, row.country, p, "", e, TAKES[row.stage]] for e in case.elements)


def usable(case: Case, tree: Tree, book: Ledger, w: str, p: str, n: int) -> float:
    """Usable capacity (t/y): existing and new, after ramps, delays and shocks."""
    new = sum(tpa * tree.usable_share(p, y, n) for y, tpa in book.builds[w][p].items())
    return tree.capacity_factor(p, n) * (case.existing_tpa(p, tree.nodes[n].year) + new)


def _builds(case: Case, book: Ledger, w: str) -> Iterator[Broken]:
    for p, by_year in book.builds[w].items():
        row = case.projects[p]
        yield at_most("nameplate_limit", sum(by_year.values()), row.max_new_tpa)
        for y, tpa in by_year.items():
            yield at_most("build_not_negative", -tpa, 0.0)
            if y not in case.commitment_years(p) or not case.has_lever(row.stage):
                yield never("build_window", tpa)


def _plants(case: Case, tree: Tree, book: Ledger, w: str, n: int) -> Iterator[Broken]:
    at = tree.nodes[n]
    flows = book.flows[w, at.period]
    for p, row in case.projects.items():
        load = throughput(case, flows, p)
        yield at_most("throughput_limit", load, usable(case, tree, book, w, p, n) * at.length)
        for k in case.staffing[p]:
            if (row.country, k) not in case.workforce:
                yield never("staff_of_nobody", load)
    for (item, country, p, f, _, o), tonnes in list(flows.items()):
        yield at_most("flow_not_negative", -tonnes, 0.0)
        if item in PLANT_FLOWS:
            plant = case.projects.get(p)
            if plant is None or (plant.stage, o) not in PLANT_FLOWS[item] or plant.country != country:
                yield never("flow_of_plant", tonnes)
            elif plant.stage not in TAKES and f not in plant.feeds:
                yield never("accepted_feeds", tonnes)


def _feeds(case: Case, flows: Sums) -> Iterator[Broken]:
    left = sums()
    for (item, country, _, f, *_), tonnes in flows.items():
        if item in ("mined", "separated"):
            left[case.group[country], f] += tonnes if item == "mined" else -tonnes
    for amount in left.values():
        yield at_most("feed_balance", -amount, 0.0)


def _made(case: Case, flows: Sums) -> Iterator[Broken]:
    for (item, country, p, f, e, o), tonnes in list(flows.items()):
        if item == "made" and o == OXIDE:
            source = flows["separated", country, p, f, "", ""] * case.feed_shares[f].get(e, 0.0)
            yield at_most("made", tonnes, source * case.recovery(p, e))
        elif item == "made":
            taken = flows[STAGE_ITEMS[o], country, p, "", e, TAKES[o]]
            yield at_most("made", tonnes, taken * case.recovery(p, e))


def _exchange(case: Case, goods: Sums) -> Iterator[Broken]:
    pools: dict[tuple[str, str, str], float] = defaultdict(float)
    for (item, c, e, o), tonnes in list(goods.items()):
        if item == "given":
            yield at_most("export_limit", tonnes, goods["made", c, e, o])
        if item in ("given", "received"):
            pools[case.group[c], e, o] += tonnes if item == "given" else -tonnes
    for left in pools.values():
        yield at_most("pool", -left, 0.0)


def _imports(case: Case, tree: Tree, flows: Sums, n: int) -> Iterator[Broken]:
    for (item, c, supplier, _, e, o), tonnes in flows.items():
        if item == "imported":
            yield at_most("import_limit", tonnes, tree.import_limit(supplier, (c, e, o), n))


def _resale(case: Case, tree: Tree, flows: Sums, n: int, cuts: list[Shock]) -> Iterator[Broken]:
    """What is had from others: of what is cut at most the leak, and no more than those less cut off can sell on."""
    year, length = tree.nodes[n].year, tree.nodes[n].length
    had = {(v, c, e, o): t for (item, c, v, _, e, o), t in flows.items() if item == "resold"}

    def factor(v: str, c: str, e: str, o: str) -> float:
        return tree.import_factor(v, (c, e, o), n)

    for (v, c, e, o), tonnes in had.items():
        own = factor(v, c, e, o)
        cut = max(1.0 - own, 0.0) * case.import_limit.get((v, c, e, o, year), 0.0) * length
        leak = min((row.leak for row in cuts if _is_cut(row, (v, c, e, o), tree.nodes[n].period)), default=0.0)
        yield at_most("leak", tonnes, leak * cut)
        partners = [other for other in case.countries if case.group[other] == case.group[c]]
        rivals = sum(had.get((v, other, e, o), 0.0) for other in partners if own <= factor(v, other, e, o) < 1.0)
        offered = sum(
            case.resale_share(v, other, e, o)
            * case.import_limit.get((v, other, e, o, year), 0.0)
            * factor(v, other, e, o)
            * length
            for other in partners
            if min(1.0, factor(v, other, e, o)) > own
        )
        yield at_most("resale", rivals, offered)


def _is_cut(row: Shock, series: tuple[str, str, str, str], period: Period) -> bool:
    """Whether a shock is in force on what a supplier sells to a country in a period."""
    named = all(
        cell in ("", one) for cell, one in zip((row.supplier, row.country, row.element, row.form), series, strict=True)
    )
    begun = row.start_year is None or begin_of(row.start_year) <= end_of(period)
    return named and begun and (row.end_year is None or begin_of(period) <= end_of(row.end_year))


def _balance(case: Case, tree: Tree, book: Ledger, w: str, n: int) -> Iterator[Broken]:
    t, year = tree.nodes[n].period, tree.nodes[n].year
    goods, short = book.goods[w, t], book.short[w, t]
    touched: set[Good] = {(c, e, o) for _, c, e, o in goods if e} | {key[:3] for key in case.demand if key[3] == year}
    for good in touched:
        demand = tree.demand(good, n)
        supply = (
            sum(goods[(item, *good)] for item in ("made", "imported", "resold", "received", "released")) + short[good]
        )
        use = demand + sum(goods[(item, *good)] for item in ("given", "reduced", "sintered", "bought"))
        yield at_most("balance", use, supply)
        yield at_most("shortfall_limit", short[good], demand)
        yield at_most("shortfall_not_negative", -short[good], 0.0)
        yield equal("demand_as_stated", book.demand[w, t][good], demand)


def _stocks(case: Case, book: Ledger, w: str, last: Period | None, t: Period) -> Iterator[Broken]:
    for good, row in case.stockpiles.items():
        now = book.stock[w, t][good]
        before = row.initial_t if last is None else book.stock[w, last][good]
        bought, released = book.goods[w, t][("bought", *good)], book.goods[w, t][("released", *good)]
        yield equal("stock_balance", now, before + bought - released)
        yield at_most("stock_not_negative", -now, 0.0)
        if row.max_t is not None:
            yield at_most("stock_limit", now, row.max_t)
        if not case.has_lever("stockpile"):
            yield never("stock_lever", bought)
    for (item, *good), tonnes in book.goods[w, t].items():
        if item in ("bought", "released") and tuple(good) not in case.stockpiles:
            yield never("stock_of_nothing", tonnes)
