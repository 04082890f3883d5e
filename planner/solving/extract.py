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
from planner.formulation.budgets import full_capex
from planner.formulation.index_sets import Scope
from planner.solving.even_shortages import spread_shortages
from planner.solving.flows import FlowLabel, flows_of
from planner.solving.node_values import AtNodes, Flags, RowPlaces, Visits, words
from planner.solving.program import ZERO, Vector
from planner.solving.spending import table_of, who
from planner.solving.variable_values import Values


def extract_tables(
    scope: Scope, values: Values, wanted: Collection[str] = ()
) -> dict[str, pd.DataFrame]:
    """All result tables but those of payments and `shadow_prices`, or those wanted. values: of one program, or of many
    together; its shortages are spread evenly where that is free."""
    spread_shortages(scope, values)
    at, visits = AtNodes(scope, values), Visits(scope.tree)
    tables = {
        "investments": partial(investments, scope, values),
        "capacity": partial(capacity, at, visits),
        "training": partial(training, scope, values),
        "workforce": partial(workforce, at, visits),
        "operations": partial(operations, at, visits),
        "shortfall": partial(shortfall, at, visits),
        "stocks": partial(stocks, at, visits),
    }
    return {name: make() for name, make in tables.items() if not wanted or name in wanted}


def investments(scope: Scope, values: Values) -> pd.DataFrame:
    """New nameplate by project and year of commitment; capex is the whole of it, undiscounted."""
    rows: list[tuple[Any, ...]] = []
    for project in sorted(scope.expandable):
        of_project = scope.case.projects[project]
        capex = full_capex(scope, project)
        for node in scope.decision_tree.nodes:
            tpa = values("build", project, node.index)
            if tpa > ZERO:
                what = (project, of_project.stage, of_project.country, node.year, None)
                rows.append((*what, tpa, tpa * capex, node.probability, who(scope, node)))
    return table_of("investments", rows)


def training(scope: Scope, values: Values) -> pd.DataFrame:
    """Intakes and new seats by programme and year."""
    rows: list[tuple[Any, ...]] = []
    for programme in scope.programmes:
        of_programme = scope.case.programmes[programme]
        for node in scope.decision_tree.nodes:
            intake = values("intake", programme, node.index)
            seats = values("new_seats", programme, node.index)
            if intake > ZERO or seats > ZERO:
                what = (programme, of_programme.country, of_programme.skill, node.year, None)
                rows.append((*what, intake, seats, node.probability, who(scope, node)))
    return table_of("training", rows)


def capacity(at: AtNodes, visits: Visits) -> pd.DataFrame:
    """Existing and new capacity usable by scenario and year, and how much of it runs; rows with any capacity."""
    tree, projects = at.scope.tree, at.scope.case.projects
    existing, new = at.rows(map(tree.existing, projects)), _new_capacity(at)
    factor = at.rows(map(tree.capacity_factors, projects))
    rows, plant = visits.where(existing + new > ZERO)
    cells = plant, visits.node[rows]
    columns = {
        "project": words(projects, plant),
        "stage": words([row.stage for row in projects.values()], plant),
        "country": words([row.country for row in projects.values()], plant),
        "existing_tpa": existing[cells],
        "new_tpa": new[cells],
        "factor": factor[cells],
        "usable_tpa": (factor * (existing + new))[cells],
        "throughput_t": at.rows(at.loads.values())[cells],
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
            if tpa <= ZERO:
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
    tree, teams = at.scope.tree, at.scope.teams
    opens = np.array([node.opens_year for node in tree.nodes])
    staff = at.rows(at.by_decision("staff", *team) for team in teams)
    hired = at.rows(at.by_decision("hired", *team) for team in teams)
    moved = at.rows(at("seconded", *team) for team in teams)
    needed = at.rows(at.total(_needs(at, *team)) / tree.lengths for team in teams)
    rows, team = visits.each(len(teams))
    cells = team, visits.node[rows]
    columns = {
        "country": words([country for country, _ in teams], team),
        "skill": words([skill for _, skill in teams], team),
        "staff": staff[cells],
        "hired": np.where(opens, hired, 0.0)[cells],
        "lent": (-np.minimum(moved, 0.0) + 0.0)[cells],
        "borrowed": np.maximum(moved, 0.0)[cells],
        "available": (staff + moved)[cells],
        "needed": needed[cells],
    }
    return visits.table("workforce", rows, columns)


def _needs(at: AtNodes, country: str, skill: str) -> Iterator[Vector]:
    """Persons times years that each plant of a country needs of a skill."""
    case = at.scope.case
    for project in sorted({project for project, _ in at.scope.operable}):
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
    what = np.repeat(np.arange(len(flows)), [len(some) for some in nodes[1:]])
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
    kinds = {
        "stock_t": [at.stock[good][0] for good in goods],
        "bought_t": [np.where(at.covered[good], 0.0, at("bought", *good)) for good in goods],
        "released_t": [at.stock[good][1] for good in goods],
    }
    columns = {name: at.rows(values)[cells] for name, values in kinds.items()}
    return visits.table("stocks", rows, _of_goods(goods, place) | columns)


def _of_goods(goods: Sequence[Good], place: RowPlaces) -> dict[str, Any]:
    countries, elements, forms = zip(*goods, strict=True) if goods else ((), (), ())
    return {
        "country": words(countries, place),
        "element": words(elements, place),
        "form": words(forms, place),
    }
