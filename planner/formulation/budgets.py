"""Money: what is spent where, and which funder pays it out of which year's budget."""

from __future__ import annotations

from planner.formulation.declarations import Expression, Model, Variable, equation, or_zero
from planner.formulation.index_sets import Scope
from planner.formulation.linear_expressions import quicksum
from planner.formulation.owners import of_country, of_funders
from planner.formulation.variable_trees import AccountNode, DecisionNode, OperationNode
from planner.units import musd, musd_per_tonne

CAPEX_READS = ("projects.capex_usd_per_tpa", "countries.cost_index")
PEOPLE_READS = (
    "training.cost_per_trainee_usd",
    "training.cost_per_seat_usd",
    "workforce.hire_cost_usd",
)
"""Figures in `full_capex` and in `people_cost`."""


def spending_countries(s: Scope) -> list[str]:
    """Countries in which public money can be spent."""
    out = {s.case.projects[p].country for p in s.expandable if public_capex(s, p) > 0}
    out |= {s.case.programmes[g].country for g in s.programmes}
    out |= {
        c
        for c, k in s.teams
        if s.case.has_lever("hiring") and s.case.workforce[c, k].hires_per_year > 0
    }
    out |= {c for c, _, _ in s.purchases}
    return sorted(out)


def full_capex(s: Scope, p: str) -> float:
    """Capital cost (MUSD per t/y), public and private."""
    row = s.case.projects[p]
    return musd(row.capex_usd_per_tpa) * s.case.countries[row.country].cost_index


def public_capex(s: Scope, p: str) -> float:
    """Public part of the capital cost (MUSD per t/y)."""
    return full_capex(s, p) * s.case.projects[p].public_share


def capex_paid(m: Model, p: str, d: DecisionNode) -> Expression:
    """Nameplate (t/y) whose capex falls due at d: builds under way, each in equal parts over its lead time."""
    s: Scope = m.scope
    year = s.decision_tree.nodes[d].year
    return quicksum(
        1 / len(s.case.payment_years(p, y)) * m.build[p, b]
        for b in s.decisions_to(d)
        if (p, b) in m.build and year in s.case.payment_years(p, y := s.decision_tree.nodes[b].year)
    )


def people_cost(m: Model, c: str, d: DecisionNode) -> Expression:
    """Training fees, new seats and hiring (MUSD) in a country at d."""
    s: Scope = m.scope
    programmes = [(g, row) for g in s.programmes if (row := s.case.programmes[g]).country == c]
    fees = quicksum(
        musd(row.cost_per_trainee_usd) * m.intake[g, d]
        for g, row in programmes
        if (g, d) in m.intake
    )
    seats = quicksum(
        musd(row.cost_per_seat_usd) * m.new_seats[g, d]
        for g, row in programmes
        if (g, d) in m.new_seats
    )
    hires = quicksum(
        musd(s.case.workforce[c, k].hire_cost_usd) * m.hired[c, k, d]
        for country, k in s.teams
        if country == c and (c, k, d) in m.hired
    )
    return fees + seats + hires


def purchases(m: Model, c: str, n: OperationNode) -> Expression:
    """Stock purchases (MUSD) in a country at an operations node."""
    s: Scope = m.scope
    return quicksum(
        musd_per_tonne(s.case.stockpiles[good].purchase_usd_per_kg) * m.bought[(*good, n)]
        for good in s.purchases
        if good[0] == c and (*good, n) in m.bought
    )


def purchase_cost(m: Model, c: str, n: OperationNode) -> Expression:
    """Stock purchases (MUSD) in a country at an operations node as they count in the cost: less the lowest import price,
    because the tonnes themselves are imported or made."""
    s: Scope = m.scope
    year = s.tree.nodes[n].year
    return quicksum(
        s.case.net_purchase_price(good, year) * m.bought[(*good, n)]
        for good in s.purchases
        if good[0] == c and (*good, n) in m.bought
    )


def investment_spending_index(s: Scope) -> list[tuple[str, int]]:
    """(c, d): countries in which money can be spent, at every decision node."""
    return [(c, d.index) for c in spending_countries(s) for d in s.decision_tree.nodes]


@equation(
    investment_spending_index,
    r"I_{c,d} = \sum_{p : c_p = c} \mathrm{public}_p \, \mathrm{capex}_p \, \mathrm{due}_{p,d} + "
    r"\mathrm{people}_{c,d}",
    each="country $c$, decision node $d$",
    reads=(*CAPEX_READS, "projects.public_share", *PEOPLE_READS),
    owner=of_country,
)
def investment_spending(m: Model, c: str, d: DecisionNode) -> Expression:
    """What investment costs."""
    s: Scope = m.scope
    capex = quicksum(
        public_capex(s, p) * capex_paid(m, p, d)
        for p in sorted(s.expandable)
        if s.case.projects[p].country == c and public_capex(s, p) > 0
    )
    return m.invested[c, d] - capex - people_cost(m, c, d) == 0


def paid_index(s: Scope) -> list[tuple[str, str, int]]:
    """(i, c, a): groups of funders, where they may pay, at every account node at which something may fall due."""
    return [
        (i, c, a)
        for i in s.funder_groups
        for c, a in spending_limit_index(s)
        if c in s.case.reach[i]
    ]


def carried_index(s: Scope) -> list[tuple[str, int]]:
    """(i, a): groups of funders, at every account node but the last: within a year, and beyond it if budgets carry
    over."""
    beyond = s.case.model.policy.budget_carry_over
    groups = sorted({i for i, _, _ in paid_index(s)})
    return [
        (i, a.index)
        for i in groups
        for a in s.account_tree.nodes
        if not a.closes_year or (beyond and a.year < s.case.last_year)
    ]


def spending_limit_index(s: Scope) -> list[tuple[str, int]]:
    """(c, a): countries in which money can be spent, at every account node; within a year only those that buy."""
    buyers = {c for c, _, _ in s.purchases}
    return [
        (c, a.index)
        for c in spending_countries(s)
        for a in s.account_tree.nodes
        if a.opens_year or c in buyers
    ]


@equation(
    spending_limit_index,
    r"\mathrm{opens}_n \, I_{c,d_n} + \mathrm{purchases}_{c,n} \le \sum_{i : c \in \mathrm{reach}_i} P_{i,c,n}",
    each="country $c$, node $n$",
    reads=("stockpiles.purchase_usd_per_kg",),
    owner=of_country,
)
def spending_limit(m: Model, c: str, a: AccountNode) -> Expression:
    """Spent in a country <= paid there.

    What is decided by year falls due as the year begins.
    """
    s: Scope = m.scope
    decided = m.invested[c, s.decision_of_account(a)] if s.account_tree.nodes[a].opens_year else 0.0
    # Where something may be bought, accounts are those of operations.
    bought = purchases(m, c, OperationNode(a)) if s.purchases else 0.0
    payers = quicksum(m.paid[i, c, a] for i in s.funder_groups if (i, c, a) in m.paid)
    return decided + bought <= payers


def account_index(s: Scope) -> list[tuple[str, int]]:
    """(i, a): groups of funders, at every account node."""
    return [
        (i, a.index) for i in sorted({i for i, _, _ in paid_index(s)}) for a in s.account_tree.nodes
    ]


@equation(
    account_index,
    r"\sum_{c \in \mathrm{reach}_i} P_{i,c,n} + C_{i,n} \le \mathrm{opens}_n \, \mathrm{budget}_{i,t_n} + C_{i,n^-}",
    each="funder $i$, node $n$; $C_{i,n} = 0$ where a year ends and budgets do not carry over",
    reads=("budgets.musd",),
    owner=of_funders,
)
def account(m: Model, i: str, a: AccountNode) -> Expression:
    """A funder group pays out of its budgets.

    A year's budget is there as the year begins. Funders that may pay in the same countries share an account.
    """
    s: Scope = m.scope
    node = s.account_tree.nodes[a]
    paid = quicksum(m.paid[i, c, a] for c in s.case.reach[i] if (i, c, a) in m.paid)
    forward = or_zero(m.carried, i, a)
    brought = or_zero(m.carried, i, node.parent)
    budget = (
        sum(s.case.budget.get((f, node.year), 0.0) for f in s.funder_groups[i])
        if node.opens_year
        else 0.0
    )
    return paid + forward - brought <= budget


VARIABLES = (
    Variable(
        name="invested",
        symbol="I",
        letters=("c", "d"),
        index=investment_spending_index,
        unit="MUSD/y",
        meaning="public spending on plants and people",
        owner=of_country,
    ),
    Variable(
        name="paid",
        symbol="P",
        letters=("i", "c", "a"),
        index=paid_index,
        unit="MUSD",
        meaning="paid by a funder in a country",
        owner=of_funders,
    ),
    Variable(
        name="carried",
        symbol="C",
        letters=("i", "a"),
        index=carried_index,
        unit="MUSD",
        meaning="budget carried to the next period",
        owner=of_funders,
    ),
)
EQUATIONS = (investment_spending, spending_limit, account)
