"""Public money that a solution spends, by country, account node and item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from planner.data.scenario_tree import Node
from planner.formulation.budgets import spending_countries
from planner.formulation.index_sets import Scope
from planner.formulation.variable_trees import AccountNode
from planner.results.schema import STAGE_ITEMS, TABLE_COLUMNS
from planner.solving.variable_values import Values
from planner.thresholds import ROUNDING
from planner.units import musd, musd_per_tonne

Rows = Iterable[tuple[Any, ...]]
PURCHASES = "stock purchases"
"""The item that falls due whenever it is bought; the others as a year begins."""


def table_of(name: str, rows: Rows) -> pd.DataFrame:
    """A result table."""
    table = pd.DataFrame(list(rows), columns=list(TABLE_COLUMNS[name]))
    return table.astype({"quarter": "Int64"}) if "quarter" in table else table


def who(scope: Scope, node: Node) -> str:
    """The scenarios of a node: `all`, or ids joined by `;`."""
    everyone = len(node.scenarios) == scope.scenario_count
    return "all" if everyone else ";".join(node.scenarios)


Items = dict[str, float]
"""Item -> MUSD."""
Spent = Mapping[tuple[str, int], Items]
"""(country, account node) -> item -> MUSD."""


def items_spent(scope: Scope, values: Values) -> Spent:
    """Spending (MUSD) by item in each country at each account node."""
    spent: dict[tuple[str, int], Items] = {}
    by_decision: dict[tuple[str, int], Items] = {}
    countries = spending_countries(scope)
    purchases = _purchases(scope, values)
    for account in scope.account_tree.nodes:
        for country in countries:
            items: Items = {}
            if account.opens_year:  # what is decided by year falls due as the year begins
                decision = scope.decision_of_account(AccountNode(account.index))
                place = country, decision
                if place not in by_decision:
                    due = _due_by_year(scope, values, country, decision)
                    by_decision[place] = {item: amount for item, amount in due if amount > ROUNDING}
                items = dict(by_decision[place])
            bought = purchases[country, account.index]
            if bought > ROUNDING:
                items[PURCHASES] = bought
            if items:
                spent[country, account.index] = items
    return spent


def _purchases(scope: Scope, values: Values) -> Mapping[tuple[str, int], float]:
    """Spending (MUSD) on stock in each country at each account node."""
    spent: dict[tuple[str, int], float] = defaultdict(float)
    for good in scope.purchases:
        price = musd_per_tonne(scope.case.stockpiles[good].purchase_usd_per_kg)
        for account in scope.account_tree.nodes:
            bought = values("bought", *good, account.index)
            spent[good[0], account.index] += price * bought
    return spent


def _due_by_year(
    scope: Scope, values: Values, country: str, decision: int
) -> Iterator[tuple[str, float]]:
    """(item, MUSD) of what is decided by year and falls due at a decision node in a country."""
    case = scope.case
    for stage in STAGE_ITEMS:
        due = _capex_due(scope, values, country=country, stage=stage, decision=decision)
        yield f"capex {stage}", due
    fees, seats, hiring = 0.0, 0.0, 0.0
    for programme in scope.programmes:
        row = case.programmes[programme]
        if row.country == country:
            fees += musd(row.cost_per_trainee_usd) * values("intake", programme, decision)
            seats += musd(row.cost_per_seat_usd) * values("new_seats", programme, decision)
    for team in scope.teams:
        if team[0] == country:
            hiring += musd(case.workforce[team].hire_cost_usd) * values("hired", *team, decision)
    yield "training fees", fees
    yield "training seats", seats
    yield "hiring", hiring


def _capex_due(scope: Scope, values: Values, *, country: str, stage: str, decision: int) -> float:
    """Public capital cost (MUSD) that falls due at a decision node for plants of a stage in a country."""
    tree = scope.decision_tree
    year, due = tree.nodes[decision].year, 0.0
    for project in sorted(scope.expandable):  # a sum whose order changes has other last digits
        row = scope.case.projects[project]
        if row.country != country or row.stage != stage:
            continue
        for begun in tree.paths[decision]:
            years = scope.case.payment_years(project, tree.nodes[begun].year)
            if year in years:
                built = values("build", project, begun)
                due += scope.case.public_capex(project) * built / len(years)
    return due
