"""Public money that a solution spends, by country, item and account node, read off the rows that say what is spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from planner.data.case import Case
from planner.formulation.budgets import investment_spending, spending_limit
from planner.formulation.index_sets import Scope
from planner.results.amounts import Amounts, FlowKey, amounts_of
from planner.results.scenario_amounts import PlanAmounts
from planner.results.schema import PAID_ITEMS, PURCHASES
from planner.solving.program import Key, Program, Vector
from planner.thresholds import ROUNDING
from planner.units import musd_per_tonne

ITEMS = {"intake": "training fees", "new_seats": "training seats", "hired": "hiring"}
"""Variable -> what money spent on it is called; on builds it goes by stage."""
Due = Mapping[tuple[str, str], Vector]
"""(country, item) -> MUSD that falls due at each decision node."""


def decided_money(scope: Scope, program: Program, x: Vector) -> Due:
    """What is spent on what is decided by year at a point x (n)."""
    case, decisions = scope.case, len(scope.decision_tree.nodes)
    due: dict[tuple[str, str], Vector] = defaultdict(lambda: np.zeros(decisions))
    for row in program.rows_of(investment_spending.name):
        _, (country, node) = program.rows[row]
        for column, coefficient in program.terms(row).items():
            item = _item(case, program.columns[column])
            if item and x[column] > ROUNDING:
                due[country, item][node] -= coefficient * x[column]
    return due


def moved_money(scope: Scope, program: Program, x: Vector) -> Due:
    """Public capex (MUSD) of rescheduled projects at a point x (n), by country, item and account node."""
    due: dict[tuple[str, str], Vector] = defaultdict(lambda: np.zeros(len(scope.tree.nodes)))
    for row in program.rows_of(spending_limit.name) if scope.rescheduled else ():
        _, (country, node) = program.rows[row]
        for column, coefficient in program.terms(row).items():
            key = program.columns[column]
            if key[0] == "build" and x[column] > ROUNDING:
                due[country, _item(scope.case, key)][node] += coefficient * x[column]
    return due


def _item(case: Case, column: Key) -> str:
    """What money spent on a decision is called; '' for what is no decision."""
    name, index = column
    if name == "build":
        return f"capex {case.projects[index[0]].stage}"
    return ITEMS.get(name, "")


def money_due(plan: PlanAmounts, decided: Due, moved: Due | None = None) -> Amounts:
    """Spending (MUSD) by country and item at accounts: what is decided by year falls due as the year begins, stock as it
    is bought. moved: capex of rescheduled projects at accounts."""
    accounts = plan.trees.accounts
    size = len(accounts.nodes)
    found: dict[tuple[str, str], Vector] = {}
    if accounts is plan.trees.decisions:
        found |= decided
    else:
        opens = np.array([node.opens_year for node in accounts.nodes])
        at = np.array(plan.trees.decision, dtype=np.intp)
        for key, at_decisions in decided.items():
            found[key] = np.where(opens, at_decisions[at], 0.0)
        for key, at_accounts in (moved or {}).items():
            found[key] = found.get(key, np.zeros(size)) + at_accounts
        for (country, element, form), row in plan.case.lookups.stockpiles.items():
            bought = plan.flows[FlowKey(country, "bought", element=element, form=form)]
            price = musd_per_tonne(row.purchase_usd_per_kg)
            before = found.get((country, PURCHASES), np.zeros(size))
            found[country, PURCHASES] = before + price * bought
    clean = {key: np.where(musd > ROUNDING, musd, 0.0) for key, musd in found.items()}
    order = {item: place for place, item in enumerate(PAID_ITEMS)}
    return amounts_of(clean, size).something().in_order(lambda key: (key[0], order[key[1]]))
