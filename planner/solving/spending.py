"""Public money that a solution spends, by country, account node and item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from planner.data.scenario_tree import Node
from planner.formulation.budgets import public_capex, spending_countries
from planner.formulation.index_sets import Scope
from planner.formulation.variable_trees import AccountNode
from planner.results.schema import STAGE_ITEMS, TABLE_COLUMNS
from planner.solving.program import ZERO
from planner.solving.variable_values import Values
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
"""What is spent on what, by country and account node."""


def items_spent(s: Scope, v: Values) -> Spent:
    """What is spent on what, by country and account node."""
    out, decided = {}, dict[tuple[str, int], Items]()
    for account in s.account_tree.nodes:
        for c in spending_countries(s):
            items = {}
            if account.opens_year:  # what is decided by year falls due as the year begins
                d = s.decision_of_account(AccountNode(account.index))
                if (c, d) not in decided:
                    decided[c, d] = {
                        item: amount for item, amount in _decided(s, v, c, d) if amount > ZERO
                    }
                items = dict(decided[c, d])
            if (bought := _bought(s, v, c, account)) > ZERO:
                items[PURCHASES] = bought
            if items:
                out[c, account.index] = items
    return out


def _bought(s: Scope, v: Values, c: str, account: Node) -> float:
    return sum(
        musd_per_tonne(s.case.stockpiles[good].purchase_usd_per_kg)
        * v("bought", *good, account.index)
        for good in s.purchases
        if good[0] == c
    )


def _decided(s: Scope, v: Values, c: str, d: int) -> Iterator[tuple[str, float]]:
    node = s.decision_tree.nodes[d]
    for stage in STAGE_ITEMS:
        yield (
            f"capex {stage}",
            sum(
                public_capex(s, p) * v("build", p, b) / len(years)
                for p in s.expandable
                if s.case.projects[p].country == c and s.case.projects[p].stage == stage
                for b in s.decision_tree.paths[d]
                if node.year in (years := s.case.payment_years(p, s.decision_tree.nodes[b].year))
            ),
        )
    rows = {g: s.case.programmes[g] for g in s.programmes if s.case.programmes[g].country == c}
    yield (
        "training fees",
        sum(musd(row.cost_per_trainee_usd) * v("intake", g, d) for g, row in rows.items()),
    )
    yield (
        "training seats",
        sum(musd(row.cost_per_seat_usd) * v("new_seats", g, d) for g, row in rows.items()),
    )
    yield (
        "hiring",
        sum(
            musd(s.case.workforce[team].hire_cost_usd) * v("hired", *team, d)
            for team in s.teams
            if team[0] == c
        ),
    )
