"""Solution -> result tables, as if nothing had been merged: one row per scenario where histories differ.

What lives on nodes is computed at all nodes at once; a table is then made of the nodes that each scenario visits.
Sums are taken in one fixed order, so that a table has the same digits however many scenarios there are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.data.scenario_tree import Tree
from planner.data.stages import OXIDE
from planner.formulation.budgets import full_capex
from planner.formulation.index_sets import Scope
from planner.results.schema import RETURNED, SAVED, STAGE_ITEMS, TABLE_COLUMNS
from planner.solving.counted_exchange import counting_nodes, net_given
from planner.solving.even_shortages import spread_shortages
from planner.solving.program import ZERO, Vector
from planner.solving.spending import Rows, table_of, who
from planner.solving.variable_values import Values

Places = NDArray[np.intp]
Flow = tuple[str, str, str, str, str, str]
"""country, item, project, feed, element, form: what `operations` says of an amount."""


def extract_tables(
    scope: Scope, v: Values, wanted: Collection[str] = ()
) -> dict[str, pd.DataFrame]:
    """All result tables but those of payments and `shadow_prices`, or those wanted. v: of one program, or of many
    together; its shortages are spread evenly where that is free."""
    spread_shortages(scope, v)
    at, visits = AtNodes(scope, v), Visits(scope.tree)
    tables: dict[str, Callable[[], pd.DataFrame]] = {
        "investments": lambda: table_of("investments", investments(scope, v)),
        "capacity": lambda: capacity(at, visits),
        "training": lambda: table_of("training", training(scope, v)),
        "workforce": lambda: workforce(at, visits),
        "operations": lambda: operations(at, visits),
        "shortfall": lambda: shortfall(at, visits),
        "stocks": lambda: stocks(at, visits),
    }
    return {name: make() for name, make in tables.items() if not wanted or name in wanted}


class Visits:
    """The nodes of every scenario, in order of scenario and period: the rows of tables."""

    def __init__(self, tree: Tree) -> None:
        paths = [tree.path_of(w) for w in tree.case.scenarios]
        self._scenarios = list(tree.case.scenarios)
        self._scenario: Places = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
        self.node: Places = np.array([n for path in paths for n in path], dtype=np.intp)
        self._year = np.array([node.year for node in tree.nodes])
        self._quarter = np.array([node.quarter or 0 for node in tree.nodes])

    def table(self, name: str, rows: Places, columns: Mapping[str, Any]) -> pd.DataFrame:
        """A result table. rows: the visit of each; columns: all but scenario, year and quarter."""
        nodes = self.node[rows]
        quarter = self._quarter[nodes]
        when = {
            "scenario": words(self._scenarios, self._scenario[rows]),
            "year": self._year[nodes],
            "quarter": pd.arrays.IntegerArray(quarter, quarter == 0),
        }
        return pd.DataFrame({**when, **columns}, columns=list(TABLE_COLUMNS[name]), copy=False)


def words(names: Iterable[str], places: Places) -> Any:
    """A column of texts from the places of each in a list of them."""
    return pd.array(list(names), dtype="str").take(places)


def total(parts: Iterable[Vector], size: int) -> Vector:
    """Sum of vectors, one after the other."""
    return reduce(np.add, parts, np.zeros(size))


class AtNodes:
    """A solution at every node of histories; vectors are (nodes)."""

    def __init__(self, scope: Scope, values: Values) -> None:
        self.scope, self.values, self.size = scope, values, len(scope.tree.nodes)
        self.decision: Places = np.array(scope.decision, dtype=np.intp)

    def __call__(self, name: str, *index: Any) -> Vector:
        """A variable that lives on nodes; index: without the node."""
        return self.values.by_node(name, self.size, *index)

    def decided(self, name: str, *index: Any) -> Vector:
        """A variable that lives on decision nodes, at the nodes that see the decision."""
        by_decision = [
            self.values(name, *index, d) for d in range(len(self.scope.decision_tree.nodes))
        ]
        return np.array(by_decision)[self.decision]

    def rows(self, vectors: Iterable[Vector]) -> NDArray[np.float64]:
        """Vectors as the rows of an array, of which there may be none."""
        return np.array(list(vectors), dtype=float).reshape(-1, self.size)

    @cached_property
    def loads(self) -> dict[str, Vector]:
        """Throughput (t) of each plant, as capacity counts it."""
        return {p: self._load(p) for p in self.scope.case.projects}

    def _load(self, p: str) -> Vector:
        case = self.scope.case
        row = case.projects[p]
        stage = case.stage_of(p)
        if stage.mines:
            return self("mined", p)
        if stage.saves:
            return self("run", p)
        if stage.separates:
            return total(
                (case.capacity_use(p, f) * self("separated", p, f) for f in sorted(row.feeds)),
                self.size,
            )
        return total((self("converted", p, e) for e in case.elements), self.size)

    @cached_property
    def demands(self) -> dict[Good, Vector]:
        """Demand (t) of each good."""
        return {good: self.scope.tree.demands(good) for good in self.scope.goods}

    @cached_property
    def covered(self) -> dict[Good, NDArray[np.bool_]]:
        """Where imports cover a good, so that nothing is decided about it but what is given."""
        everything = np.zeros(self.size, dtype=bool)
        everything[list(self.scope.import_covered_nodes)] = True
        out = {good: everything.copy() for good in self.scope.goods}
        for good, nodes in self.scope.covered_at.items():
            out[good][list(nodes)] = True
        return out

    @cached_property
    def stock(self) -> dict[Good, tuple[Vector, Vector]]:
        """Year-end stock and releases (t). Where imports cover a good, stock that costs something to hold is released
        at once, and other stock stays."""
        return {good: self._stock(good) for good in self.scope.stocks}

    def _stock(self, good: Good) -> tuple[Vector, Vector]:
        row, covered = self.scope.case.stockpiles[good], self.covered[good]
        stock, released = self("stock", *good), self("released", *good)
        parents = np.array([node.parent for node in self.scope.tree.nodes])
        begun = covered & ((parents < 0) | ~covered[parents])
        released[covered] = 0.0
        if row.holding_usd_per_kg_year > 0:
            released[begun] = np.where(parents < 0, row.initial_t, stock[parents])[begun]
            stock[covered] = 0.0
        else:
            for n in np.flatnonzero(covered).tolist():
                stock[n] = stock[parents[n]] if parents[n] >= 0 else row.initial_t
        return stock, released


def investments(s: Scope, v: Values) -> Rows:
    """New nameplate by project and year of commitment; capex is the whole of it, undiscounted."""
    for p in sorted(s.expandable):
        row = s.case.projects[p]
        for d in s.decision_tree.nodes:
            tpa = v("build", p, d.index)
            if tpa > ZERO:
                yield (
                    p,
                    row.stage,
                    row.country,
                    d.year,
                    None,
                    tpa,
                    tpa * full_capex(s, p),
                    d.probability,
                    who(s, d),
                )


def training(s: Scope, v: Values) -> Rows:
    """Intakes and new seats by programme and year."""
    for g in s.programmes:
        row = s.case.programmes[g]
        for d in s.decision_tree.nodes:
            intake, seats = v("intake", g, d.index), v("new_seats", g, d.index)
            if intake > ZERO or seats > ZERO:
                yield (
                    g,
                    row.country,
                    row.skill,
                    d.year,
                    None,
                    intake,
                    seats,
                    d.probability,
                    who(s, d),
                )


def capacity(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Existing and new capacity usable by scenario and year, and how much of it runs; rows with any capacity."""
    tree, projects = at.scope.tree, at.scope.case.projects
    existing, new = at.rows(map(tree.existing, projects)), _new_capacity(at)
    factor = at.rows(map(tree.capacity_factors, projects))
    rows, plant = np.nonzero((existing + new > ZERO)[:, visits.node].T)
    cells = plant, visits.node[rows]
    return visits.table(
        "capacity",
        rows,
        {
            "project": words(projects, plant),
            "stage": words((row.stage for row in projects.values()), plant),
            "country": words((row.country for row in projects.values()), plant),
            "existing_tpa": existing[cells],
            "new_tpa": new[cells],
            "factor": factor[cells],
            "usable_tpa": (factor * (existing + new))[cells],
            "throughput_t": at.rows(at.loads.values())[cells],
        },
    )


def _new_capacity(at: AtNodes) -> NDArray[np.float64]:
    """Capacity (plants, nodes) of what is built, as far as its ramp has come."""
    s, decisions = at.scope, at.scope.decision_tree
    on_the_way: dict[int, NDArray[np.bool_]] = {}
    out = np.zeros((len(s.case.projects), at.size))
    for place, p in enumerate(s.case.projects):
        for d in decisions.nodes if p in s.expandable else ():
            if (tpa := at.values("build", p, d.index)) > ZERO:
                if d.index not in on_the_way:
                    on_the_way[d.index] = np.array([d.index in path for path in decisions.paths])[
                        at.decision
                    ]
                out[place] += np.where(
                    on_the_way[d.index], tpa * s.tree.usable_shares(p, d.year), 0.0
                )
    return out


def workforce(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Staff, hires, secondment and need by scenario, year, country and skill; every team that some plant needs."""
    s, teams = at.scope, at.scope.teams
    opens = np.array([node.opens_year for node in s.tree.nodes])
    runs = sorted({p for p, _ in s.operable})
    staff = at.rows(at.decided("staff", *team) for team in teams)
    hired = np.where(opens, at.rows(at.decided("hired", *team) for team in teams), 0.0)
    moved = at.rows(at("seconded", *team) for team in teams)
    needed = at.rows(total(_needs(at, runs, *team), at.size) / s.tree.lengths for team in teams)
    rows = np.repeat(np.arange(len(visits.node)), len(teams))
    team = np.tile(np.arange(len(teams)), len(visits.node))
    cells = team, visits.node[rows]
    return visits.table(
        "workforce",
        rows,
        {
            "country": words((c for c, _ in teams), team),
            "skill": words((k for _, k in teams), team),
            "staff": staff[cells],
            "hired": hired[cells],
            "lent": (-np.minimum(moved, 0.0) + 0.0)[cells],
            "borrowed": np.maximum(moved, 0.0)[cells],
            "available": (staff + moved)[cells],
            "needed": needed[cells],
        },
    )


def _needs(at: AtNodes, plants: Iterable[str], country: str, skill: str) -> Iterator[Vector]:
    """Persons times years that each plant of a country needs of a skill."""
    case = at.scope.case
    for p in plants:
        if case.projects[p].country == country and skill in case.staffing[p]:
            yield case.staffing[p][skill] * at.loads[p]


def operations(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Every flow (t) that is not zero. Items: mined, separated (TREO in), made, reduced (oxide in), sintered (metal
    in), returned (of it, as a feed), run and saved (savings), imported and resold (`project` names the supplier), given,
    received, released, bought."""
    flows: list[Flow] = []
    nodes, tonnes = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    output = list(_output(at))
    for flow, amount in (*output, *_exchange(at, output)):
        flows.append(flow)
        nodes.append(np.flatnonzero(amount > 0))
        tonnes.append(amount[nodes[-1]])
    what = np.repeat(np.arange(len(flows)), [len(some) for some in nodes[1:]])
    at_node = np.concatenate(nodes)
    order = np.argsort(at_node, kind="stable")
    begins = np.searchsorted(at_node[order], np.arange(at.size + 1))
    count = (begins[1:] - begins[:-1])[visits.node]
    rows = np.repeat(np.arange(len(visits.node)), count)
    # The flows of a visit are those of its node, which lie together.
    picked = order[
        np.arange(len(rows)) + np.repeat(begins[visits.node] - np.cumsum(count) + count, count)
    ]
    names = ("country", "item", "project", "feed", "element", "form")
    columns = {
        name: words((flow[i] for flow in flows), what[picked]) for i, name in enumerate(names)
    }
    return visits.table("operations", rows, columns | {"tonnes": np.concatenate(tonnes)[picked]})


def _output(at: AtNodes) -> Iterator[tuple[Flow, Vector]]:
    """What each plant takes in and gives, and what each saving replaces."""
    for p in at.scope.case.projects:
        stage = at.scope.case.stage_of(p)
        if stage.mines:
            yield from _of_mine(at, p)
        elif stage.separates:
            yield from _of_separation(at, p)
        elif stage.converts:
            yield from _of_conversion(at, p)
        elif stage.saves:
            yield from _of_saving(at, p)


def _of_mine(at: AtNodes, p: str) -> Iterator[tuple[Flow, Vector]]:
    row = at.scope.case.projects[p]
    yield (row.country, STAGE_ITEMS[row.stage], p, row.feeds[0], "", ""), at("mined", p)


def _of_separation(at: AtNodes, p: str) -> Iterator[tuple[Flow, Vector]]:
    row = at.scope.case.projects[p]
    for f in sorted(row.feeds):
        taken = at("separated", p, f)
        if taken.any():
            yield (row.country, STAGE_ITEMS[row.stage], p, f, "", ""), taken
            for e, yielded in at.scope.yields[p, f].items():
                made = np.where(taken > 0, yielded * taken, 0.0)
                yield (row.country, "made", p, f, e, OXIDE), made


def _of_conversion(at: AtNodes, p: str) -> Iterator[tuple[Flow, Vector]]:
    case = at.scope.case
    country, stage = case.projects[p].country, case.stage_of(p)
    for e in case.elements:
        taken = at("converted", p, e)
        if taken.any():
            made = np.where(taken > 0, case.recovery(p, e) * taken, 0.0)
            yield (country, stage.item, p, "", e, stage.takes), taken
            yield (country, "made", p, "", e, stage.gives), made
    for f in sorted({feed for _, feed in case.returns_of(p)}):
        shares = {e: share for (e, feed), share in case.returns_of(p).items() if feed == f}
        back = total((share * at("converted", p, e) for e, share in shares.items()), at.size)
        yield (country, RETURNED, p, f, "", ""), back


def _of_saving(at: AtNodes, p: str) -> Iterator[tuple[Flow, Vector]]:
    case = at.scope.case
    country = case.projects[p].country
    yield (country, case.stage_of(p).item, p, "", "", ""), at("run", p)
    for _, e, o in case.savings[p]:
        yield (country, SAVED, p, "", e, o), at("saved", p, e, o)


def _given(at: AtNodes, output: Iterable[tuple[Flow, Vector]]) -> dict[Good, Vector]:
    """Given less received (t) of each good: made less delivered. Makers of more than their group takes keep the
    rest, in proportion to what they could give."""
    made: dict[Good, Vector] = {}
    for (country, item, _, _, element, form), tonnes in output:
        if item == "made":
            good = country, element, form
            made[good] = made[good] + tonnes if good in made else tonnes
    net: dict[Good, Vector] = {}
    nothing = np.zeros(at.size)
    for (_, element, form), countries in at.scope.traded.items():
        goods = [(c, element, form) for c in countries]
        over = {good: made.get(good, nothing) - at("delivered", *good) for good in goods}
        offered = total((np.maximum(tonnes, 0.0) for tonnes in over.values()), at.size)
        taken = total((np.maximum(-tonnes, 0.0) for tonnes in over.values()), at.size)
        for good, x in over.items():
            shared = np.divide(x * taken, offered, out=np.zeros(at.size), where=offered > 0)
            net[good] = np.where(
                (taken > ZERO) & (np.abs(x) > ZERO), np.where(x > 0, shared, x), 0.0
            )
        counting = counting_nodes(at.scope, goods)
        if counting.any():
            counted = net_given(at, goods, {good: made.get(good, nothing) for good in goods})
            net |= {good: np.where(counting, counted[good], net[good]) for good in goods}
    return net


def _exchange(at: AtNodes, output: Iterable[tuple[Flow, Vector]]) -> Iterator[tuple[Flow, Vector]]:
    """What is exchanged, stocked and imported of each good, in the order of the table."""
    s, given, nothing = at.scope, _given(at, output), np.zeros(at.size)
    for good in s.goods:
        c, e, o = good
        covered = at.covered[good]
        released = at.stock[good][1] if good in at.stock else nothing
        imported = np.where(
            covered, np.maximum(at.demands[good] - released, 0.0), at("imported", *good)
        )
        bought = np.where(covered, 0.0, at("bought", *good)) if good in at.stock else nothing
        net = given.get(good, nothing)
        for item, tonnes in (
            ("given", net),
            ("received", -net),
            ("released", released),
            ("bought", bought),
        ):
            if tonnes.any():
                yield (c, item, "", "", e, o), tonnes
        if imported.any():
            for supplier, part in _by_supplier(at, good, imported):
                yield (c, "imported", supplier, "", e, o), part
        for supplier in s.suppliers.get(good, ()):
            yield (c, "resold", supplier, "", e, o), at("resold", supplier, *good)


def _by_supplier(at: AtNodes, good: Good, imported: Vector) -> Iterator[tuple[str, Vector]]:
    """Imports (t) of a good from each supplier, in proportion to what each can sell where it does not matter which it is.

    Where imports cover a good, those that cost something sell nothing.
    """
    s, covered = at.scope, at.covered[good]
    limits: dict[str, Vector] = {}
    for supplier in s.suppliers[good]:
        free = s.tree.import_prices(supplier, good) == 0
        limits[supplier] = np.where(free | ~covered, s.tree.import_limits(supplier, good), 0.0)
    on_offer = total(limits.values(), at.size)
    by_name = np.array([(*good, n) in s.sellers_by_name for n in range(at.size)])
    for supplier, limit in limits.items():
        part = np.divide(imported * limit, on_offer, out=np.zeros(at.size), where=limit > 0)
        yield supplier, np.where(by_name, at("imported_from", supplier, *good), part)


def shortfall(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Demand not met, by scenario, year, country, element and form; every demand has a row."""
    goods = list(at.demands)
    demand = at.rows(at.demands.values())
    steps = {good: range(len(at.scope.case.loss_steps(good))) for good in goods}
    short = at.rows(
        total((at("shortfall", *good, j) for j in steps[good]), at.size) for good in goods
    )
    rows, place = np.nonzero((demand > 0)[:, visits.node].T)
    cells = place, visits.node[rows]
    columns = {"tonnes": short[cells], "demand_t": demand[cells]}
    return visits.table("shortfall", rows, _of_goods(goods, place) | columns)


def stocks(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Year-end stock, purchases and releases by scenario and year."""
    goods = list(at.stock)
    rows = np.repeat(np.arange(len(visits.node)), len(goods))
    place = np.tile(np.arange(len(goods)), len(visits.node))
    cells = place, visits.node[rows]
    kinds = {
        "stock_t": [at.stock[good][0] for good in goods],
        "bought_t": [np.where(at.covered[good], 0.0, at("bought", *good)) for good in goods],
        "released_t": [at.stock[good][1] for good in goods],
    }
    columns = {name: at.rows(values)[cells] for name, values in kinds.items()}
    return visits.table("stocks", rows, _of_goods(goods, place) | columns)


def _of_goods(goods: Sequence[Good], place: Places) -> dict[str, Any]:
    names = ("country", "element", "form")
    return {name: words((good[i] for good in goods), place) for i, name in enumerate(names)}
