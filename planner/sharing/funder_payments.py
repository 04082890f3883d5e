"""Who pays for a plan: its public money by funder, added to its amounts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.data.scenario_tree import Vector
from planner.formulation.index_sets import Scope
from planner.results.amounts import Amounts, amounts_of, spending_order
from planner.results.scenario_amounts import PlanAmounts
from planner.sharing.payments import Accounts, Weights, split
from planner.sharing.spending import decided_money, money_due, moved_money
from planner.solving.node_values import AtNodes
from planner.solving.program import Program
from planner.solving.solution_amounts import solution_amounts
from planner.thresholds import ROUNDING


def paid_solution(scope: Scope, program: Program, x: Vector, weights: Weights) -> PlanAmounts:
    """The amounts of a point x (n) of a program, with who pays. weights: as for `split`."""
    plan = solution_amounts(AtNodes(scope, program.columns, x))
    due = money_due(plan, decided_money(scope, program, x), moved_money(scope, program, x))
    return paid(plan, due, weights)


def paid(plan: PlanAmounts, due: Amounts, weights: Weights) -> PlanAmounts:
    """The amounts with `spent` and `payments`: each payer's part of a country's spending is split over items in
    proportion. due: by (country, item) at accounts; weights: as for `split`."""
    tree = plan.trees.accounts
    in_all = _in_all(due)
    payments = split(Accounts(plan.case, tree, in_all), weights)
    shares: dict[tuple[str, str], Vector] = {}
    for (country, node), of_funders in payments.shares.items():
        for funder, share in of_funders.items():
            at_nodes = shares.setdefault((country, funder), np.zeros(len(tree.nodes)))
            at_nodes[node] = share
    spent: dict[tuple[str, str, str], Vector] = {}
    for (country, funder), share_at in shares.items():
        for (where, item), musd in due:
            if where == country:
                part = share_at * musd
                spent[funder, country, item] = np.where(part > ROUNDING, part, 0.0)
    by_payer = amounts_of(spent, len(tree.nodes)).something().in_order(spending_order(plan.case))
    return replace(plan, spent=by_payer, payments=tuple(payments.rows))


def _in_all(due: Amounts) -> dict[tuple[str, int], float]:
    """(country, account node) -> MUSD of all items, where there are some, in the order of nodes and countries."""
    by_country = due.by(lambda key: key[0])
    countries = list(by_country.places)
    nodes, rows = np.nonzero(by_country.values.T)
    found: dict[tuple[str, int], float] = {}
    for node, row in zip(nodes.tolist(), rows.tolist(), strict=True):
        found[countries[row], node] = float(by_country.values[row, node])
    return found
