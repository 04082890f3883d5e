"""The most even split of what a plan spends, on random cases, held against linear programs written apart from ours."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import planner
from planner.sharing.payments import Accounts, split, whole_budgets
from planner.solving.live_program import LiveProgram
from planner.solving.spending import items_spent
from planner.solving.variable_values import Values
from tests.oracle.payments import Node, even_payments, split_of
from tests.oracle.program import needed
from tests.properties.random_cases import Rows, few, seeds, world

OTHERS = 6
"""Other splits that each case is held against."""


def accounts_of(seed: int) -> Accounts:
    """What the plan of a random case spends, for which two more funders may pay, here and there."""
    with world(seed) as base:
        years = sorted(
            {
                int(row["year"])
                for row in planner.load(base.folder, base.model())
                .frame("demand")
                .to_dict("records")
            }
        )

        def more(rows: Rows) -> Rows:
            extra = [
                ("FUND", years[0], base.rng.uniform(1, 50)),
                ("BANK", base.rng.choice(years), base.rng.uniform(1, 50)),
            ]
            return rows + [
                {"funder": f, "year": str(y), "musd": repr(musd)} for f, y, musd in extra
            ]

        def reach(rows: Rows) -> Rows:
            return [
                *rows,
                {"funder": "FUND", "countries": "*"},
                {"funder": "BANK", "countries": "*"},
            ]

        wider = base.changed(budgets=more, funders=reach)
        session = LiveProgram(planner.load(wider.folder, wider.model(policy__whole_plants=False)))
    values = Values(session.program.columns, session.solve(lambda _: None).last.x)
    spent = {key: sum(items.values()) for key, items in items_spent(session.scope, values).items()}
    return Accounts(session.case, session.scope.account_tree, spent)


def asked(accounts: Accounts) -> tuple[Any, ...]:
    """The same question in the words of the oracle."""
    case, nodes = accounts.case, accounts.tree.nodes
    histories: dict[Hashable, Node] = {
        n.index: Node(n.parent if n.parent >= 0 else None, n.year, n.probability) for n in nodes
    }
    return (
        dict(accounts.spent),
        histories,
        case.budget,
        case.reach,
        case.model.policy.budget_carry_over,
    )


@few
@given(seeds)
def test_the_most_even_payments_and_their_ranges_are_the_oracles(seed: int) -> None:
    accounts = accounts_of(seed)
    theirs = even_payments(*asked(accounts))
    for row in split(accounts, whole_budgets(accounts.case)).rows:
        ours = (row.paid_musd, row.least_musd, row.most_musd)
        assert ours == pytest.approx(tuple(theirs[row.funder]), rel=1e-6, abs=2e-5), row.funder


@few
@given(seeds)
def test_no_other_split_is_more_even(seed: int) -> None:
    """Sorted from the largest down, the shares of any other split are larger where they differ first."""
    accounts = accounts_of(seed)
    budgets = {f: amount for f, amount in whole_budgets(accounts.case).items() if amount > 0}
    rows = {
        row.funder: row
        for row in split(accounts, whole_budgets(accounts.case)).rows
        if row.funder in budgets
    }
    assert sum(row.paid_musd for row in rows.values()) == pytest.approx(
        accounts.total, rel=1e-9, abs=1e-8
    )
    even = sorted((rows[f].paid_musd / budgets[f] for f in budgets), reverse=True)
    program, rng = split_of(*asked(accounts)), np.random.default_rng(seed)
    for _ in range(OTHERS):
        found = needed(program.minimise({("paid", f): float(rng.normal()) for f in budgets}))
        paid = {f: found["paid", f] for f in budgets}
        assert all(
            rows[f].least_musd - 2e-5 <= paid[f] <= rows[f].most_musd + 2e-5 for f in budgets
        )
        for mine, theirs in zip(
            even, sorted((paid[f] / budgets[f] for f in budgets), reverse=True), strict=True
        ):
            assert theirs >= mine - 1e-5
            if theirs > mine + 1e-5:
                break
