"""The tables `spending` and `payments` of a plan: its public money by funder."""

from __future__ import annotations

import pandas as pd

from planner.formulation.index_sets import Scope
from planner.sharing.payments import Accounts, Payments, Weights, split
from planner.solving.program import ZERO
from planner.solving.spending import PURCHASES, Rows, Spent, table_of, who


def money_tables(s: Scope, spent: Spent, weights: Weights) -> dict[str, pd.DataFrame]:
    """The tables `spending` and `payments`. weights: as for `split`."""
    accounts = Accounts(
        s.case, s.account_tree, {key: sum(items.values()) for key, items in spent.items()}
    )
    payments = split(accounts, weights)
    return {
        "spending": table_of("spending", spending(s, spent, payments)),
        "payments": table_of("payments", payments.rows),
    }


def spending(s: Scope, spent: Spent, payments: Payments) -> Rows:
    """Public money by funder, country, year and item. `musd` is paid in the named scenarios, `expected` is
    `musd` times their probability. Each payer's part of a country's spending is split over items in proportion."""
    for (c, a), items in spent.items():
        account = s.account_tree.nodes[a]
        for funder, share in payments.shares.get((c, a), {}).items():
            for item, amount in items.items():
                part, p = share * amount, account.probability
                if part > ZERO:
                    quarter = account.quarter if item == PURCHASES else None
                    yield funder, c, account.year, quarter, item, part, part * p, p, who(s, account)
