"""Solution -> result tables, as if nothing had been merged: one row per scenario where histories differ.

What lives on nodes is computed at all nodes at once; a table is then made of the nodes that each scenario visits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.data.lookups import Good
from planner.formulation.index_sets import Scope
from planner.results.schema import SCHEDULE
from planner.solving.even_shortages import spread_shortages
from planner.solving.flows import FlowLabel, flows_of
from planner.solving.node_values import AtNodes, Flags, RowPlaces, Visits, words
from planner.solving.program import Vector
from planner.solving.spending import table_of, who
from planner.solving.variable_values import Values
from planner.thresholds import ROUNDING
from planner.units import musd_per_tonne

PEOPLE = ("staff", "hired", "lent", "borrowed", "available", "needed")
"""Columns of persons of the table `workforce`."""


def extract_tables(
    scope: Scope, values: Values, wanted: Collection[str] = ()
) -> dict[str, pd.DataFrame]:
    """All result tables but those of payments and `shadow_prices`, or those wanted. values: of one program, or of many
    together; its shortages are spread evenly where that is free."""
    spread_shortages(scope, values)
    at, visits = AtNodes(scope, values), Visits(scope.tree)
    makers = {
        "investments": partial(investments, scope, values),
        SCHEDULE: partial(purchases, scope, values),
        "capacity": partial(capacity, at, visits),
        "training": partial(training, scope, values),
        "workforce": partial(workforce, at, visits),
        "operations": partial(operations, at, visits),
        "shortfall": partial(shortfall, at, visits),
        "stocks": partial(stocks, at, visits),
    }
    if not scope.case.has_schedule:
        del makers[SCHEDULE]
    tables: dict[str, pd.DataFrame] = {}
    for name, make in makers.items():
        if not wanted or name in wanted:
            tables[name] = make()
    return tables


def investments(scope: Scope, values: Values) -> pd.DataFrame:
    """New nameplate by project and year of commitment; capex is the whole of it, undiscounted."""
    rows: list[tuple[Any, ...]] = []
    for project in sorted(scope.expandable):
        of_project = scope.case.projects[project]
        capex = scope.case.full_capex(project)
        for node in scope.decision_tree.nodes:
            tpa = values("build", project, node.index)
            if tpa > ROUNDING:
                what = (project, of_project.stage, of_project.country, node.year, None)
                rows.append((*what, tpa, tpa * capex, node.probability, who(scope, node)))
    return table_of("investments", rows)


def purchases(scope: Scope, values: Values) -> pd.DataFrame:
    """Stock purchases (t a year) as scheduled, by good and year of decision, and their price."""
    rows: list[tuple[Any, ...]] = []
    for good in scope.purchases:
        price = musd_per_tonne(scope.case.stockpiles[good].purchase_usd_per_kg)
        for node in scope.decision_tree.nodes:
            tonnes = values("scheduled", *good, node.index)
            if tonnes > ROUNDING:
                what = (*good, node.year, tonnes, tonnes * price)
                rows.append((*what, node.probability, who(scope, node)))
    return table_of(SCHEDULE, rows)


def training(scope: Scope, values: Values) -> pd.DataFrame:
    """Intakes and new seats by programme and year."""
    rows: list[tuple[Any, ...]] = []
    for programme in scope.programmes:
        of_programme = scope.case.programmes[programme]
        for node in scope.decision_tree.nodes:
            intake = values("intake", programme, node.index)
            seats = values("new_seats", programme, node.index)
            if intake > ROUNDING or seats > ROUNDING:
                what = (programme, of_programme.country, of_programme.skill, node.year, None)
                rows.append((*what, intake, seats, node.probability, who(scope, node)))
    return table_of("training", rows)


def capacity(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Existing and new capacity usable by scenario and year, and how much of it runs; rows with any capacity."""
    tree, projects = at.scope.tree, at.scope.case.projects
    stages = [row.stage for row in projects.values()]
    countries = [row.country for row in projects.values()]
    # A row per plant, a column per node.
    existing = at.rows(map(tree.existing, projects))
    new = _new_capacity(at)
    factor = at.rows(map(tree.capacity_factors, projects))
    usable = factor * (existing + new)
    throughput = at.rows(at.loads.values())
    rows, plant = visits.where(existing + new > ROUNDING)
    cells = plant, visits.node[rows]
    columns = {
        "project": words(projects, plant),
        "stage": words(stages, plant),
        "country": words(countries, plant),
        "existing_tpa": existing[cells],
        "new_tpa": new[cells],
        "factor": factor[cells],
        "usable_tpa": usable[cells],
        "throughput_t": throughput[cells],
    }
    return visits.table("capacity", rows, columns)


def _new_capacity(at: AtNodes) -> NDArray[np.float64]:
    """Capacity (plants, nodes) of what is built, as far as its ramp has come."""
    scope = at.scope
    projects = list(scope.case.projects)
    after: dict[int, Flags] = {}
    new = np.zeros((len(projects), at.size))
    for place, project in enumerate(projects):
        if project not in scope.expandable:
            continue
        for decision in scope.decision_tree.nodes:
            tpa = at.values("build", project, decision.index)
            if tpa <= ROUNDING:
                continue
            if decision.index not in after:
                after[decision.index] = _nodes_after(at, decision.index)
            usable = tpa * scope.tree.usable_shares(project, decision.year)
            new[place] += np.where(after[decision.index], usable, 0.0)
    return new


def _nodes_after(at: AtNodes, decision: int) -> Flags:
    """Nodes whose history passes through a decision node."""
    paths = at.scope.decision_tree.paths
    return np.array([decision in path for path in paths])[at.decision]


def workforce(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Staff, hires, secondment and need by scenario, year, country and skill; every team that some plant needs."""
    teams = at.scope.teams
    rows, team = visits.each(len(teams))
    columns: dict[str, Any] = {
        "country": words([country for country, _ in teams], team),
        "skill": words([skill for _, skill in teams], team),
    }
    of_teams = [_people(at, country, skill) for country, skill in teams]
    for name in PEOPLE:
        at_nodes = at.rows(people[name] for people in of_teams)
        columns[name] = at_nodes[team, visits.node[rows]]
    return visits.table("workforce", rows, columns)


def _people(at: AtNodes, country: str, skill: str) -> dict[str, Vector]:
    """Persons of a team at each node, by column of the table `workforce`."""
    tree = at.scope.tree
    opens = np.array([node.opens_year for node in tree.nodes])
    staff = at.by_decision("staff", country, skill)
    hired = at.by_decision("hired", country, skill)
    moved = at("seconded", country, skill)
    return {
        "staff": staff,
        "hired": np.where(opens, hired, 0.0),
        "lent": -np.minimum(moved, 0.0) + 0.0,
        "borrowed": np.maximum(moved, 0.0),
        "available": staff + moved,
        "needed": at.total(_needs(at, country, skill)) / tree.lengths,
    }


def _needs(at: AtNodes, country: str, skill: str) -> Iterator[Vector]:
    """Persons times years that each plant of a country needs of a skill."""
    case = at.scope.case
    plants = {project for project, _ in at.scope.operable}
    for project in sorted(plants):
        if case.projects[project].country == country and skill in case.staffing[project]:
            yield case.staffing[project][skill] * at.loads[project]


def operations(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Every flow (t) that is not zero. Items: mined, separated (TREO in), made, reduced (oxide in), sintered (metal
    in), returned (of it, as a feed), run and saved (savings), imported and resold (`project` names the supplier), given,
    received, released, bought."""
    flows: list[FlowLabel] = []
    nodes, tonnes = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for flow, amount in flows_of(at):
        there = np.flatnonzero(amount > 0)
        flows.append(flow)
        nodes.append(there)
        tonnes.append(amount[there])
    counts = [len(there) for there in nodes[1:]]
    what = np.repeat(np.arange(len(flows)), counts)
    rows, picked = _at_visits(visits, np.concatenate(nodes), at.size)
    columns: dict[str, Any] = {"tonnes": np.concatenate(tonnes)[picked]}
    for place, name in enumerate(FlowLabel._fields):
        columns[name] = words([flow[place] for flow in flows], what[picked])
    return visits.table("operations", rows, columns)


def _at_visits(visits: Visits, at_node: RowPlaces, size: int) -> tuple[RowPlaces, RowPlaces]:
    """The visit of each row, and the amount in it, where amounts are at nodes: those of a visit are those of its
    node."""
    order = np.argsort(at_node, kind="stable")
    begins = np.searchsorted(at_node[order], np.arange(size + 1))
    count = (begins[1:] - begins[:-1])[visits.node]
    rows = np.repeat(np.arange(len(visits.node)), count)
    first = begins[visits.node] - np.cumsum(count) + count
    return rows, order[np.arange(len(rows)) + np.repeat(first, count)]


def shortfall(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Demand not met, by scenario, year, country, element and form; every demand has a row."""
    goods = list(at.demands)
    demand = at.rows(at.demands.values())
    short = at.rows(at.total(_steps_short(at, good)) for good in goods)
    rows, place = visits.where(demand > 0)
    cells = place, visits.node[rows]
    columns = {"tonnes": short[cells], "demand_t": demand[cells]}
    return visits.table("shortfall", rows, _of_goods(goods, place) | columns)


def _steps_short(at: AtNodes, good: Good) -> Iterator[Vector]:
    for step in range(len(at.scope.case.loss_steps(good))):
        yield at("shortfall", *good, step)


def stocks(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Year-end stock, purchases and releases by scenario and year."""
    goods = list(at.stock)
    rows, place = visits.each(len(goods))
    cells = place, visits.node[rows]
    stock: list[Vector] = []
    bought: list[Vector] = []
    released: list[Vector] = []
    for good in goods:
        stock.append(at.stock[good][0])
        bought.append(np.where(at.scope.covered[good], 0.0, at("bought", *good)))
        released.append(at.stock[good][1])
    columns = {
        "stock_t": at.rows(stock)[cells],
        "bought_t": at.rows(bought)[cells],
        "released_t": at.rows(released)[cells],
    }
    return visits.table("stocks", rows, _of_goods(goods, place) | columns)


def _of_goods(goods: Sequence[Good], place: RowPlaces) -> dict[str, Any]:
    return {
        "country": words([country for country, _, _ in goods], place),
        "element": words([element for _, element, _ in goods], place),
        "form": words([form for _, _, form in goods], place),
    }
