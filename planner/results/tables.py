"""The result tables of a plan, each made of its amounts when it is asked for: as if nothing had been merged, one row per
scenario where histories differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.cells import Quarter
from planner.data.case import Case
from planner.data.lookups import Good
from planner.data.scenario_tree import Node, Tree, Vector
from planner.results.amounts import Amounts, FlowKey
from planner.results.origins import YearlyOrigin, origins_table
from planner.results.scenario_amounts import PlanAmounts, ScenarioAmounts
from planner.results.schema import ALL, EVERY_TABLE, PURCHASES, SCHEDULE, TABLE_COLUMNS
from planner.results.typed import names_of_tables, typed_table
from planner.thresholds import ROUNDING
from planner.units import musd_per_tonne

RowPlaces = NDArray[np.intp]
ColumnCells = dict[str, Any]
"""Name -> cells of a column."""
Rows = Iterable[tuple[Any, ...]]
Views = Mapping[str, Callable[[], pd.DataFrame]]
"""Table -> what makes it."""


@dataclass(repr=False)
class TableViews(Mapping[str, pd.DataFrame]):
    """The result tables of a plan by name, made when they are first asked for, and kept.

    prices: rows of `shadow_prices`. origins: what the table of that name is made of. more: tables that are known.
    """

    amounts: PlanAmounts
    prices: Sequence[tuple[Any, ...]]
    origins: Sequence[YearlyOrigin]
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __repr__(self) -> str:
        return names_of_tables(self)

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


def scenarios_cell(tree: Tree, node: Node) -> str:
    """Return the cell `scenarios` of a node: `all`, or ids joined by `;`. A case with a scenario called `all` has ids only."""
    is_shared = len(node.scenarios) == len(tree.case.scenarios)
    return ALL if is_shared and ALL not in tree.case.scenarios else ";".join(node.scenarios)


def _decided(tree: Tree, by_node: Amounts) -> Iterator[tuple[Any, Node, float, tuple[float, str]]]:
    """Key, node, amount, and probability and scenarios of all that is something, by key and then by node."""
    for key, at_nodes in by_node:
        for place in np.flatnonzero(at_nodes).tolist():
            node = tree.nodes[place]
            yield key, node, float(at_nodes[place]), (node.probability, scenarios_cell(tree, node))


def investments(plan: PlanAmounts) -> pd.DataFrame:
    """New nameplate by project and year of commitment; capex is the whole of it, undiscounted."""
    rows: list[tuple[Any, ...]] = []
    for project, node, tpa, members in _decided(plan.trees.decisions, plan.builds):
        row = plan.case.projects[project]
        capex = tpa * plan.case.lookups.full_capex(project)
        rows.append((project, row.stage, row.country, node.year, None, tpa, capex, *members))
    return table_of("investments", rows)


def purchases(plan: PlanAmounts) -> pd.DataFrame:
    """Stock purchases (t a year) as scheduled, by good and year of decision, and their price."""
    rows: list[tuple[Any, ...]] = []
    for good, node, tonnes, members in _decided(plan.trees.decisions, plan.scheduled):
        price = musd_per_tonne(plan.case.lookups.stockpiles[good].purchase_usd_per_kg)
        rows.append((*good, node.year, tonnes, tonnes * price, *members))
    return table_of(SCHEDULE, rows)


def training(plan: PlanAmounts) -> pd.DataFrame:
    """Intakes and new seats by programme and year."""
    tree = plan.trees.decisions
    rows: list[tuple[Any, ...]] = []
    for programme, row in plan.case.lookups.programmes.items():
        intake, seats = plan.intake[programme], plan.new_seats[programme]
        for place in np.flatnonzero((intake != 0) | (seats != 0)).tolist():
            node = tree.nodes[place]
            what = (programme, row.country, row.skill, node.year, None)
            persons = (float(intake[place]), float(seats[place]))
            rows.append((*what, *persons, node.probability, scenarios_cell(tree, node)))
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
        rows.append(
            (*what, musd, musd * node.probability, node.probability, scenarios_cell(tree, node))
        )
    return table_of("spending", rows)


# ---- what happens ----------------------------------------------------------------------------------------------------


def _by_period(
    name: str, amounts: ScenarioAmounts, rows: RowPlaces, columns: ColumnCells
) -> pd.DataFrame:
    """A result table of rows by scenario and period. rows: the visit of each; columns: all the others."""
    periods = amounts.tree.periods
    scenario, period = np.divmod(rows, len(periods))
    quarters = np.array([p.quarter if isinstance(p, Quarter) else 0 for p in periods])
    quarter = quarters[period]
    when = {
        "scenario": words(amounts.case.scenarios, scenario),
        "year": amounts.period_years[period],
        "quarter": pd.arrays.IntegerArray(quarter, quarter == 0),
    }
    names = [
        column.name for column in EVERY_TABLE[name].columns if column.name in {*when, *columns}
    ]
    return pd.DataFrame({**when, **columns}, columns=names, copy=False)


def _where(there: NDArray[np.bool_]) -> tuple[RowPlaces, RowPlaces]:
    """The visit of each row, and the thing that it is about. there: where things have a row (things, amounts)."""
    rows, things = np.nonzero(there.T)
    return rows, things


def _stacked(amounts: ScenarioAmounts, vectors: Iterable[Vector]) -> NDArray[np.float64]:
    """Vectors as the rows of an array, of which there may be none."""
    return np.array(list(vectors), dtype=float).reshape(-1, len(amounts.node))


def capacity(plan: PlanAmounts) -> pd.DataFrame:
    """Existing and new capacity usable by scenario and year, and how much of it runs; rows with any capacity."""
    amounts, projects = plan.by_scenario, plan.case.projects
    existing = _stacked(amounts, amounts.existing.values())
    new = _stacked(amounts, amounts.new_capacity.values())
    factor = _stacked(amounts, map(amounts.factor, projects))
    throughput = _stacked(amounts, amounts.loads.values())
    rows, plant = _where(existing + new > ROUNDING)
    cells = plant, rows
    columns: ColumnCells = {
        "project": words(projects, plant),
        "stage": words([row.stage for row in projects.values()], plant),
        "country": words([row.country for row in projects.values()], plant),
        "existing_tpa": existing[cells],
        "new_tpa": new[cells],
        "factor": factor[cells],
        "usable_tpa": (factor * (existing + new))[cells],
        "throughput_t": throughput[cells],
    }
    return _by_period("capacity", amounts, rows, columns)


def workforce(plan: PlanAmounts) -> pd.DataFrame:
    """Staff, hires, secondment and need by scenario, year, country and skill; every team that some plant needs."""
    amounts = plan.by_scenario
    teams = list(plan.people["staff"].places)
    persons = {name: its.values for name, its in amounts.people.items()}
    persons["available"] = _stacked(amounts, map(amounts.available_staff, teams))
    persons["needed"] = _stacked(amounts, map(amounts.needed_staff, teams))
    rows, team = _where(np.ones(persons["staff"].shape, dtype=bool))
    columns: ColumnCells = {
        "country": words([country for country, _ in teams], team),
        "skill": words([skill for _, skill in teams], team),
    }
    for name, its in persons.items():
        columns[name] = its[team, rows]
    return _by_period("workforce", amounts, rows, columns)


def operations(plan: PlanAmounts) -> pd.DataFrame:
    """Every flow (t) that is not zero."""
    tonnes = plan.by_scenario.flows.values
    rows, flow = _where(tonnes != 0)
    columns: ColumnCells = {"tonnes": tonnes[flow, rows]}
    for name in FlowKey._fields:
        columns[name] = words([getattr(key, name) for key in plan.flows.places], flow)
    return _by_period("operations", plan.by_scenario, rows, columns)


def shortfall(plan: PlanAmounts) -> pd.DataFrame:
    """Demand not met, by scenario, year, country, element and form; every demand has a row."""
    amounts, goods = plan.by_scenario, plan.short.places
    demand = _stacked(amounts, map(amounts.demand, goods))
    rows, place = _where(demand > 0)
    cells = place, rows
    columns = _of_goods(goods, place)
    columns |= {"tonnes": amounts.short.values[cells], "demand_t": demand[cells]}
    if plan.short_without is not None:
        columns["without_plan_t"] = plan.short_without.at(amounts.node).values[cells]
    return _by_period("shortfall", amounts, rows, columns)


def stocks(plan: PlanAmounts) -> pd.DataFrame:
    """Year-end stock, purchases and releases by scenario and year."""
    amounts, goods = plan.by_scenario, plan.stock.places
    held = amounts.stock.values
    rows, place = _where(np.ones(held.shape, dtype=bool))
    columns = _of_goods(goods, place) | {"stock_t": held[place, rows]}
    for item in ("bought", "released"):
        moved = _stacked(amounts, (amounts.goods[item, good] for good in goods))
        columns[f"{item}_t"] = moved[place, rows]
    return _by_period("stocks", amounts, rows, columns)


def _of_goods(goods: Iterable[Good], place: RowPlaces) -> ColumnCells:
    names = ("country", "element", "form")
    return {name: words([good[at] for good in goods], place) for at, name in enumerate(names)}


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
    return {
        name: view for name, view in VIEWS.items() if name != SCHEDULE or case.lookups.has_schedule
    }
