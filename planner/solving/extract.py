"""Solution -> result tables, as if nothing had been merged: one row per scenario where histories differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from planner.data.lookups import MADE_FROM, OXIDE, Good
from planner.data.tree import Node
from planner.formulation.index_sets import Scope
from planner.formulation.money import full_capex
from planner.results.schema import STAGE_ITEMS
from planner.solving.program import ZERO
from planner.solving.spending import Rows, table_of, who
from planner.solving.values import Values


def extract_tables(scope: Scope, v: Values) -> dict[str, pd.DataFrame]:
    """All result tables but those of payments and `shadow_prices`."""
    makers = {
        "investments": investments(scope, v),
        "capacity": capacity(scope, v),
        "training": training(scope, v),
        "workforce": workforce(scope, v),
        "operations": operations(scope, v),
        "shortfall": shortfall(scope, v),
        "stocks": stocks(scope, v),
    }
    return {name: table_of(name, rows) for name, rows in makers.items()}


def visits(scope: Scope) -> list[tuple[str, Node]]:
    """(scenario, node) in order of scenario and period."""
    return [(w, scope.tree.nodes[n]) for w in scope.case.scenarios for n in scope.tree.path_of(w)]


def investments(s: Scope, v: Values) -> Rows:
    """New nameplate by project and year of commitment; capex is the whole of it, undiscounted."""
    for p in sorted(s.expandable):
        row = s.case.projects[p]
        for d in s.decision_tree.nodes:
            tpa = v("build", p, d.index)
            if tpa > ZERO:
                yield p, row.stage, row.country, d.year, None, tpa, tpa * full_capex(s, p), d.probability, who(s, d)


def throughput(s: Scope, v: Values, p: str, n: int) -> float:
    """Throughput (t) of a plant at a node, as capacity counts it."""
    stage = s.case.projects[p].stage
    if stage == "mine":
        return v("mined", p, n)
    if stage == "separation":
        return sum(s.case.capacity_use(p, f) * v("separated", p, f, n) for f in s.feeds_of.get((p, n), ()))
    return sum(v("converted", p, e, n) for e in s.elements_of.get((p, n), ()))


def capacity(s: Scope, v: Values) -> Rows:
    """Existing and new capacity usable by scenario and year, and how much of it runs; rows with any capacity."""
    builds = {
        p: [(d, v("build", p, d)) for d in range(len(s.decision_tree.nodes)) if v("build", p, d) > ZERO]
        for p in s.expandable
    }
    for w, node in visits(s):
        on_the_way = set(s.decision_tree.paths[s.decision[node.index]])
        for p, row in s.case.projects.items():
            existing = s.case.existing_tpa(p, node.year)
            new = sum(
                tpa * s.tree.usable_share(p, s.decision_tree.nodes[d].year, node.index)
                for d, tpa in builds.get(p, ())
                if d in on_the_way
            )
            if existing + new > ZERO:
                factor = s.tree.capacity_factor(p, node.index)
                yield (
                    w,
                    node.year,
                    node.quarter,
                    p,
                    row.stage,
                    row.country,
                    existing,
                    new,
                    factor,
                    factor * (existing + new),
                    throughput(s, v, p, node.index),
                )


def training(s: Scope, v: Values) -> Rows:
    """Intakes and new seats by programme and year."""
    for g in s.programmes:
        row = s.case.programmes[g]
        for d in s.decision_tree.nodes:
            intake, seats = v("intake", g, d.index), v("new_seats", g, d.index)
            if intake > ZERO or seats > ZERO:
                yield g, row.country, row.skill, d.year, None, intake, seats, d.probability, who(s, d)


def workforce(s: Scope, v: Values) -> Rows:
    """Staff, hires, secondment and need by scenario, year, country and skill; every team that some plant needs."""
    runs: dict[str, list[str]] = defaultdict(list)
    for p in sorted({p for p, _ in s.operable}):
        runs[s.case.projects[p].country].append(p)
    for w, node in visits(s):
        d = s.decision[node.index]
        load = {p: throughput(s, v, p, node.index) for plants in runs.values() for p in plants}
        for c, k in s.teams:
            staff, moved = v("staff", c, k, d), v("seconded", c, k, node.index)
            needed = sum(s.case.staffing[p].get(k, 0.0) * load[p] for p in runs.get(c, ())) / node.length
            yield (
                w,
                node.year,
                node.quarter,
                c,
                k,
                staff,
                v("hired", c, k, d) if node.opens_year else 0.0,
                -min(moved, 0.0) + 0.0,
                max(moved, 0.0),
                staff + moved,
                needed,
            )


def operations(s: Scope, v: Values) -> Rows:
    """Every flow (t) that is not zero. Items: mined, separated (TREO in), made, reduced (oxide in), sintered (metal
    in), imported and resold (`project` names the supplier), given, received, released, bought."""
    by_node = [list(_flows(s, v, node)) for node in s.tree.nodes]
    for w, node in visits(s):
        for flow in by_node[node.index]:
            yield w, node.year, node.quarter, *flow


Flow = tuple[str, str, str, str, str, str, float]


def _flows(s: Scope, v: Values, node: Node) -> Iterator[Flow]:
    made = list(_output(s, v, node.index))
    yield from made
    given = _given(s, v, node.index, made)
    for good in s.goods:
        yield from _good_flows(s, v, node, good, given.get(good, 0.0))


def _output(s: Scope, v: Values, n: int) -> Iterator[Flow]:
    for p, row in s.case.projects.items():
        if row.stage == "mine" and (tonnes := v("mined", p, n)) > 0:
            yield row.country, "mined", p, row.feeds[0], "", "", tonnes
        for f in s.feeds_of.get((p, n), ()):
            if (taken := v("separated", p, f, n)) > 0:
                yield row.country, "separated", p, f, "", "", taken
                for e, yielded in s.yields(p, f).items():
                    yield row.country, "made", p, f, e, OXIDE, yielded * taken
        for e in s.elements_of.get((p, n), ()):
            if (taken := v("converted", p, e, n)) > 0:
                yield row.country, STAGE_ITEMS[row.stage], p, "", e, MADE_FROM[row.stage], taken
                yield row.country, "made", p, "", e, row.stage, s.case.recovery(p, e) * taken


def _given(s: Scope, v: Values, n: int, output: list[Flow]) -> dict[Good, float]:
    """Given less received (t) of each good: made less delivered. Makers of more than their group takes keep the
    rest, in proportion to what they could give."""
    made: dict[Good, float] = defaultdict(float)
    for country, item, _, _, element, form, tonnes in output:
        if item == "made":
            made[country, element, form] += tonnes
    net: dict[Good, float] = {}
    for (_, element, form), countries in s.traded.items():
        goods = [(c, element, form) for c in countries]
        over = {good: made[good] - v("delivered", *good, n) for good in goods}
        offered = sum(max(tonnes, 0.0) for tonnes in over.values())
        taken = sum(max(-tonnes, 0.0) for tonnes in over.values())
        if taken > ZERO:
            net |= {good: x * taken / offered if x > 0 else x for good, x in over.items() if abs(x) > ZERO}
    return net


def _good_flows(s: Scope, v: Values, node: Node, good: Good, given: float) -> Iterator[Flow]:
    c, e, o = good
    key = (*good, node.index)
    released, imported = v("released", *key), v("imported", *key)
    if s.import_covered(good, node.index):
        released = _covered_release(s, v, good, node)
        imported = max(s.tree.demand(good, node.index) - released, 0.0)
    for item, tonnes in (("given", given), ("received", -given), ("released", released), ("bought", v("bought", *key))):
        if tonnes > 0:
            yield c, item, "", "", e, o, tonnes
    yield from _imports(s, good, node.index, imported)
    for supplier in s.suppliers.get(good, ()):
        if (tonnes := v("resold", supplier, *key)) > 0:
            yield c, "resold", supplier, "", e, o, tonnes


def _imports(s: Scope, good: Good, n: int, tonnes: float) -> Iterator[Flow]:
    """Imports by supplier, in proportion to what each can sell."""
    if tonnes > 0:
        limits = {supplier: s.tree.import_limit(supplier, good, n) for supplier in s.suppliers[good]}
        total = sum(limits.values())
        for supplier, limit in limits.items():
            if limit > 0:
                yield good[0], "imported", supplier, "", good[1], good[2], tonnes * limit / total


def _covered_release(s: Scope, v: Values, good: Good, node: Node) -> float:
    """Stock (t) released where a good comes to rest: all that is left, where holding it costs something."""
    row = s.case.stockpiles.get(good)
    if row is None or row.holding_usd_per_kg_year == 0 or (node.parent >= 0 and s.import_covered(good, node.parent)):
        return 0.0
    return v("stock", *good, node.parent) if node.parent >= 0 else row.initial_t


def _covered_stock(s: Scope, v: Values, good: Good, node: Node) -> float:
    """Year-end stock (t) of a good at rest: what was left, where holding it costs nothing."""
    row = s.case.stockpiles[good]
    if row.holding_usd_per_kg_year > 0:
        return 0.0
    before = [n for n in s.tree.paths[node.index] if not s.import_covered(good, n)]
    return v("stock", *good, before[-1]) if before else row.initial_t


def shortfall(s: Scope, v: Values) -> Rows:
    """Demand not met, by scenario, year, country, element and form; every demand has a row."""
    for w, node in visits(s):
        for c, e, o in s.goods:
            demand = s.tree.demand((c, e, o), node.index)
            if demand > 0:
                steps = range(len(s.case.loss_steps((c, e, o))))
                yield (
                    w,
                    node.year,
                    node.quarter,
                    c,
                    e,
                    o,
                    sum(v("shortfall", c, e, o, node.index, j) for j in steps),
                    demand,
                )


def stocks(s: Scope, v: Values) -> Rows:
    """Year-end stock, purchases and releases by scenario and year."""
    for w, node in visits(s):
        for good in s.stocks:
            if s.import_covered(good, node.index):
                yield (
                    w,
                    node.year,
                    node.quarter,
                    *good,
                    _covered_stock(s, v, good, node),
                    0.0,
                    _covered_release(s, v, good, node),
                )
                continue
            key = (*good, node.index)
            yield w, node.year, node.quarter, *good, v("stock", *key), v("bought", *key), v("released", *key)
