"""What is spent where and on what, and who pays it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from planner.data.tree import Node
from planner.formulation.histories import AccountNode
from planner.formulation.money import public_capex, spending_countries
from planner.formulation.scope import Scope
from planner.results.schema import STAGE_ITEMS
from planner.solving.program import ZERO, Values
from planner.units import musd, musd_per_tonne

Rows = Iterator[tuple[Any, ...]]


def who(scope: Scope, node: Node) -> str:
    """The scenarios of a node: `all`, or ids joined by `;`."""
    return "all" if len(node.scenarios) == len(scope.case.scenarios) else ";".join(node.scenarios)


def spending(s: Scope, v: Values) -> Rows:
    """Public money by funder, country, year and item. `musd` is paid in the named scenarios, `expected` is
    `musd` times their probability. Each payer's part of a country's spending is split over items in proportion."""
    left: dict[tuple[str, int], float] = defaultdict(float)
    for account in s.account_tree.nodes:
        available = {
            funder: s.case.budget.get((funder, account.year), 0.0) + left[funder, account.parent]
            for members in s.funder_groups.values()
            for funder in members
        }
        paid: dict[str, float] = defaultdict(float)
        for c in spending_countries(s):
            items = dict(_items(s, v, c, s.decision_of_account(AccountNode(account.index)), account.index))
            for funder, share in _shares(s, v, c, account.index, available).items():
                paid[funder] += share * sum(items.values())
                for item, spent in items.items():
                    part, p = share * spent, account.probability
                    if part > ZERO:
                        yield funder, c, account.year, item, part, part * p, p, who(s, account)
        if s.case.model.policy.budget_carry_over:
            left.update(
                {(funder, account.index): max(total - paid[funder], 0.0) for funder, total in available.items()}
            )


def _shares(s: Scope, v: Values, c: str, a: int, available: dict[str, float]) -> dict[str, float]:
    """Each funder's share of what is spent in a country at an account node.

    A funder group pays its part (it may set aside more than is spent; only what is spent counts), its members in
    proportion to what each has available.
    """
    offered = {i: v("paid", i, c, a) for i in s.funder_groups}
    total = sum(offered.values())
    out: dict[str, float] = {}
    for i, members in s.funder_groups.items():
        have = sum(available[funder] for funder in members)
        if offered[i] > 0 and have > 0:
            out |= {funder: offered[i] / total * available[funder] / have for funder in members}
    return out


def _items(s: Scope, v: Values, c: str, d: int, n: int) -> Iterator[tuple[str, float]]:
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
    yield "training fees", sum(musd(row.cost_per_trainee_usd) * v("intake", g, d) for g, row in rows.items())
    yield "training seats", sum(musd(row.cost_per_seat_usd) * v("new_seats", g, d) for g, row in rows.items())
    yield (
        "hiring",
        sum(musd(s.case.workforce[team].hire_cost_usd) * v("hired", *team, d) for team in s.teams if team[0] == c),
    )
    yield (
        "stock purchases",
        sum(
            musd_per_tonne(s.case.stockpiles[good].purchase_usd_per_kg) * v("bought", *good, n)
            for good in s.purchases
            if good[0] == c
        ),
    )
