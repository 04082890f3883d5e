"""The result tables of a plan, each made of its amounts when it is asked for: as if nothing had been merged, one row per
scenario where histories differ.

What lives on nodes is computed at all nodes at once; a table is then made of the nodes that each scenario visits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.case import Case
from planner.data.decision_tree import Trees
from planner.data.lookups import Good
from planner.data.scenario_tree import Node, Tree, Vector
from planner.results.amounts import Amounts, FlowKey, PlanAmounts
from planner.results.origins import YearlyOrigin, origins_table
from planner.results.schema import PURCHASES, SCHEDULE, TABLE_COLUMNS
from planner.results.typed import typed_table
from planner.results.visits import visited
from planner.thresholds import ROUNDING
from planner.units import musd_per_tonne

RowPlaces = NDArray[np.intp]
Flags = NDArray[np.bool_]
Rows = Iterable[tuple[Any, ...]]
Views = Mapping[str, Callable[[], pd.DataFrame]]
"""Table -> what makes it."""


@dataclass
class TableViews(Mapping[str, pd.DataFrame]):
    """The result tables of a plan by name, made when they are first asked for, and kept.

    prices: rows of `shadow_prices`. origins: what the table of that name is made of. more: tables that are known.
    """

    amounts: PlanAmounts
    prices: Sequence[tuple[Any, ...]]
    origins: Sequence[YearlyOrigin]
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._made: dict[str, pd.DataFrame] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Tables are made again rather than sent along."""
        return self.__dict__ | {"_made": {}}

    def __or__(self, others: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """These and others in their place, as of dictionaries."""
        return {**self, **others}

    def beside(self, nothing: Amounts) -> TableViews:
        """With what is not met without the plan."""
        return replace(self, amounts=replace(self.amounts, short_without=nothing))

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._made:
            self._made[name] = typed_table(name, self._views[name]())
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    @property
    def _views(self) -> Views:
        plan = self.amounts
        views: dict[str, Callable[[], pd.DataFrame]] = {}
        for name, view in views_of(plan.case).items():
            views[name] = partial(view, plan)
        for name in self.more:
            views[name] = partial(self.more.__getitem__, name)
        return views | {
            "spending": partial(spending, plan),
            "payments": partial(table_of, "payments", plan.payments),
            "shadow_prices": partial(shadow_prices, self.prices),
            "origins": partial(origins_table, plan.case, self.origins),
        }


def table_of(name: str, rows: Rows) -> pd.DataFrame:
    """A result table."""
    table = pd.DataFrame(list(rows), columns=list(TABLE_COLUMNS[name]))
    return table.astype({"quarter": "Int64"}) if "quarter" in table else table


def words(names: Iterable[str], places: RowPlaces) -> Any:
    """A column of texts from the places of each in a list of them."""
    return pd.array(list(names), dtype="str").take(places)


def shadow_prices(rows: Rows) -> pd.DataFrame:
    """What one more of each scarce thing would take off."""
    return table_of("shadow_prices", rows).astype({"year": "Int64"})


# ---- what is decided by year, and paid -------------------------------------------------------------------------------


def who(tree: Tree, node: Node) -> str:
    """The scenarios of a node: `all`, or ids joined by `;`."""
    everyone = len(node.scenarios) == len(tree.case.scenarios)
    return "all" if everyone else ";".join(node.scenarios)


def _decided(tree: Tree, by_node: Amounts) -> Iterator[tuple[Any, Node, float, tuple[float, str]]]:
    """Key, node, amount, and probability and scenarios of all that is something, by key and then by node."""
    for key, at_nodes in by_node:
        for place in np.flatnonzero(at_nodes).tolist():
            node = tree.nodes[place]
            yield key, node, float(at_nodes[place]), (node.probability, who(tree, node))


def investments(plan: PlanAmounts) -> pd.DataFrame:
    """New nameplate by project and year of commitment; capex is the whole of it, undiscounted."""
    rows: list[tuple[Any, ...]] = []
    for project, node, tpa, members in _decided(plan.trees.decisions, plan.builds):
        row = plan.case.projects[project]
        capex = tpa * plan.case.full_capex(project)
        rows.append((project, row.stage, row.country, node.year, None, tpa, capex, *members))
    return table_of("investments", rows)


def purchases(plan: PlanAmounts) -> pd.DataFrame:
    """Stock purchases (t a year) as scheduled, by good and year of decision, and their price."""
    rows: list[tuple[Any, ...]] = []
    for good, node, tonnes, members in _decided(plan.trees.decisions, plan.scheduled):
        price = musd_per_tonne(plan.case.stockpiles[good].purchase_usd_per_kg)
        rows.append((*good, node.year, tonnes, tonnes * price, *members))
    return table_of(SCHEDULE, rows)


def training(plan: PlanAmounts) -> pd.DataFrame:
    """Intakes and new seats by programme and year."""
    tree = plan.trees.decisions
    rows: list[tuple[Any, ...]] = []
    for programme, row in plan.case.programmes.items():
        intake, seats = plan.intake[programme], plan.new_seats[programme]
        for place in np.flatnonzero((intake != 0) | (seats != 0)).tolist():
            node = tree.nodes[place]
            what = (programme, row.country, row.skill, node.year, None)
            amounts = (float(intake[place]), float(seats[place]))
            rows.append((*what, *amounts, node.probability, who(tree, node)))
    return table_of("training", rows)


def spending(plan: PlanAmounts) -> pd.DataFrame:
    """Public money by funder, country, year and item. `musd` is paid in the named scenarios, `expected` is `musd` times
    their probability."""
    tree = plan.trees.accounts
    keys = list(plan.spent.places)
    rows: list[tuple[Any, ...]] = []
    accounts, paid = np.nonzero(plan.spent.values.T)
    for account, place in zip(accounts.tolist(), paid.tolist(), strict=True):
        node, (funder, country, item) = tree.nodes[account], keys[place]
        quarter = node.quarter if item == PURCHASES else None
        musd = float(plan.spent.values[place, account])
        what = (funder, country, node.year, quarter, item)
        rows.append((*what, musd, musd * node.probability, node.probability, who(tree, node)))
    return table_of("spending", rows)


# ---- what happens ----------------------------------------------------------------------------------------------------


class Visits:
    """The nodes of every scenario, in order of scenario and period: the rows of tables."""

    def __init__(self, tree: Tree) -> None:
        self._scenarios = list(tree.case.scenarios)
        self.node = visited(tree)
        periods = len(self.node) // len(self._scenarios)
        self._scenario: RowPlaces = np.repeat(np.arange(len(self._scenarios)), periods)
        self._year = np.array([node.year for node in tree.nodes])
        self._quarter = np.array([node.quarter or 0 for node in tree.nodes])

    def each(self, things: int) -> tuple[RowPlaces, RowPlaces]:
        """The visit of each row, and the thing that it is about, where every visit has a row for so many things."""
        rows = np.repeat(np.arange(len(self.node)), things)
        return rows, np.tile(np.arange(things), len(self.node))

    def where(self, there: Flags) -> tuple[RowPlaces, RowPlaces]:
        """Places of the rows where some things have a row at some nodes alone. there: mask (things x nodes)."""
        rows, things = np.nonzero(there[:, self.node].T)
        return rows, things

    def table(self, name: str, rows: RowPlaces, columns: Mapping[str, Any]) -> pd.DataFrame:
        """A result table. rows: the visit of each; columns: all but scenario, year and quarter."""
        nodes = self.node[rows]
        quarter = self._quarter[nodes]
        when = {
            "scenario": words(self._scenarios, self._scenario[rows]),
            "year": self._year[nodes],
            "quarter": pd.arrays.IntegerArray(quarter, quarter == 0),
        }
        names = [column for column in TABLE_COLUMNS[name] if column in when or column in columns]
        more = [column for column in columns if column not in names]
        return pd.DataFrame({**when, **columns}, columns=[*names, *more], copy=False)


def _stacked(vectors: Iterable[Vector], size: int) -> NDArray[np.float64]:
    """Vectors as the rows of an array, of which there may be none."""
    return np.array(list(vectors), dtype=float).reshape(-1, size)


def _total(parts: Iterable[Vector], size: int) -> Vector:
    """Sum of vectors, one after the other."""
    return reduce(np.add, parts, np.zeros(size))


def loads(plan: PlanAmounts) -> dict[str, Vector]:
    """Throughput (t) of each plant at every node, as capacity counts it."""
    return {project: _load(plan, project) for project in plan.case.projects}


def _load(plan: PlanAmounts, project: str) -> Vector:
    """Throughput (t) of a plant at each node, as capacity counts it."""
    case, row = plan.case, plan.case.projects[project]
    stage = case.stage_of(project)
    flow = FlowKey(row.country, stage.item, project)
    parts: list[Vector] = []
    if stage.mines:
        return plan.flows[flow._replace(feed=row.feeds[0])]
    if stage.saves:
        return plan.flows[flow]
    if stage.separates:
        for feed in sorted(row.feeds):
            parts.append(case.capacity_use(project, feed) * plan.flows[flow._replace(feed=feed)])
    else:
        for element in case.elements:
            parts.append(plan.flows[flow._replace(element=element, form=stage.takes)])
    return _total(parts, len(plan.trees.histories.nodes))


def capacity(plan: PlanAmounts) -> pd.DataFrame:
    """Existing and new capacity usable by scenario and year, and how much of it runs; rows with any capacity."""
    tree, projects = plan.trees.histories, plan.case.projects
    size = len(tree.nodes)
    # A row per plant, a column per node.
    existing = _stacked(map(tree.existing, projects), size)
    new = _stacked((new_capacity(plan, project) for project in projects), size)
    factor = _stacked(map(tree.capacity_factors, projects), size)
    usable = factor * (existing + new)
    throughput = _stacked(loads(plan).values(), size)
    visits = Visits(tree)
    rows, plant = visits.where(existing + new > ROUNDING)
    cells = plant, visits.node[rows]
    columns = {
        "project": words(projects, plant),
        "stage": words([row.stage for row in projects.values()], plant),
        "country": words([row.country for row in projects.values()], plant),
        "existing_tpa": existing[cells],
        "new_tpa": new[cells],
        "factor": factor[cells],
        "usable_tpa": usable[cells],
        "throughput_t": throughput[cells],
    }
    return visits.table("capacity", rows, columns)


def new_capacity(plan: PlanAmounts, project: str) -> Vector:
    """Capacity (t/y) at every node of what is built of a project, as far as its ramp has come."""
    trees = plan.trees
    new = np.zeros(len(trees.histories.nodes))
    built = plan.builds[project]
    for decision in np.flatnonzero(built).tolist():
        year = trees.decisions.nodes[decision].year
        usable = built[decision] * trees.histories.usable_shares(project, year)
        new += np.where(_nodes_after(trees, decision), usable, 0.0)
    return new


def _nodes_after(trees: Trees, decision: int) -> Flags:
    """Nodes whose history passes through a decision node."""
    passed = np.array([decision in path for path in trees.decisions.paths])
    return passed[list(trees.decision)]


def workforce(plan: PlanAmounts) -> pd.DataFrame:
    """Staff, hires, secondment and need by scenario, year, country and skill; every team that some plant needs."""
    visits, teams = Visits(plan.trees.histories), list(plan.staff.places)
    rows, team = visits.each(len(teams))
    cells = team, visits.node[rows]
    moved = plan.borrowed.values - plan.lent.values
    needed = _stacked((_needed(plan, team) for team in teams), len(plan.trees.histories.nodes))
    columns: dict[str, Any] = {
        "country": words([country for country, _ in teams], team),
        "skill": words([skill for _, skill in teams], team),
        "staff": plan.staff.values[cells],
        "hired": plan.hired.values[cells],
        "lent": plan.lent.values[cells],
        "borrowed": plan.borrowed.values[cells],
        "available": (plan.staff.values + moved)[cells],
        "needed": needed[cells],
    }
    return visits.table("workforce", rows, columns)


def _needed(plan: PlanAmounts, team: tuple[str, str]) -> Vector:
    """Persons that the plants of a country need of a skill, at every node."""
    country, skill = team
    case, tree = plan.case, plan.trees.histories
    parts: list[Vector] = []
    for project in sorted(case.projects):
        if case.projects[project].country == country and skill in case.staffing[project]:
            parts.append(case.staffing[project][skill] * _load(plan, project))
    return _total(parts, len(tree.nodes)) / tree.lengths


def operations(plan: PlanAmounts) -> pd.DataFrame:
    """Every flow (t) that is not zero."""
    visits = Visits(plan.trees.histories)
    rows, flow = visits.where(plan.flows.values != 0)
    columns: dict[str, Any] = {"tonnes": plan.flows.values[flow, visits.node[rows]]}
    for name in FlowKey._fields:
        columns[name] = words([getattr(key, name) for key in plan.flows.places], flow)
    return visits.table("operations", rows, columns)


def shortfall(plan: PlanAmounts) -> pd.DataFrame:
    """Demand not met, by scenario, year, country, element and form; every demand has a row."""
    tree = plan.trees.histories
    visits, goods = Visits(tree), list(plan.short.places)
    demand = _stacked(map(tree.demands, goods), len(tree.nodes))
    rows, place = visits.where(demand > 0)
    cells = place, visits.node[rows]
    columns = {"tonnes": plan.short.values[cells], "demand_t": demand[cells]}
    if plan.short_without is not None:
        columns["without_plan_t"] = plan.short_without.values[cells]
    return visits.table("shortfall", rows, _of_goods(goods, place) | columns)


def stocks(plan: PlanAmounts) -> pd.DataFrame:
    """Year-end stock, purchases and releases by scenario and year."""
    visits, goods = Visits(plan.trees.histories), list(plan.stock.places)
    size = len(plan.trees.histories.nodes)
    rows, place = visits.each(len(goods))
    cells = place, visits.node[rows]
    columns = {"stock_t": plan.stock.values[cells]}
    for item in ("bought", "released"):
        moved = (plan.flows[FlowKey(c, item, element=e, form=o)] for c, e, o in goods)
        columns[f"{item}_t"] = _stacked(moved, size)[cells]
    return visits.table("stocks", rows, _of_goods(goods, place) | columns)


def _of_goods(goods: Sequence[Good], place: RowPlaces) -> dict[str, Any]:
    return {
        "country": words([country for country, _, _ in goods], place),
        "element": words([element for _, element, _ in goods], place),
        "form": words([form for _, _, form in goods], place),
    }


# ---- which there are -------------------------------------------------------------------------------------------------

View = Callable[[PlanAmounts], pd.DataFrame]
VIEWS: Mapping[str, View] = {
    "investments": investments,
    SCHEDULE: purchases,
    "capacity": capacity,
    "training": training,
    "workforce": workforce,
    "operations": operations,
    "shortfall": shortfall,
    "stocks": stocks,
}
"""The tables of what is done, in their order."""


def views_of(case: Case) -> Mapping[str, View]:
    """Those that a plan of a case has: `purchases` where stock is scheduled."""
    return {name: view for name, view in VIEWS.items() if name != SCHEDULE or case.has_schedule}
