"""The tables `spending` and `payments` of a plan: its public money by funder."""

from __future__ import annotations

import pandas as pd

from planner.formulation.index_sets import Scope
from planner.sharing.payments import Accounts, Payments, Weights, split
from planner.solving.spending import PURCHASES, Rows, Spent, table_of, who
from planner.thresholds import ROUNDING


def money_tables(scope: Scope, spent: Spent, weights: Weights) -> dict[str, pd.DataFrame]:
    """The tables `spending` and `payments`. weights: as for `split`."""
    in_all = {key: sum(items.values()) for key, items in spent.items()}
    accounts = Accounts(scope.case, scope.account_tree, in_all)
    payments = split(accounts, weights)
    rows = spending(scope, spent, payments)
    return {"spending": table_of("spending", rows), "payments": table_of("payments", payments.rows)}


def spending(scope: Scope, spent: Spent, payments: Payments) -> Rows:
    """Public money by funder, country, year and item. `musd` is paid in the named scenarios, `expected` is
    `musd` times their probability. Each payer's part of a country's spending is split over items in proportion."""
    for (country, node), items in spent.items():
        account = scope.account_tree.nodes[node]
        year, probability, scenarios = account.year, account.probability, who(scope, account)
        for funder, share in payments.shares.get((country, node), {}).items():
            for item, amount in items.items():
                part = share * amount
                if part > ROUNDING:
                    quarter = account.quarter if item == PURCHASES else None
                    expected = part * probability
                    place = (funder, country, year, quarter, item)
                    yield (*place, part, expected, probability, scenarios)
